"""What a document will cost, before it is sent: by the measured rule, corrected by what Shopify said the last time.

https://shopify.dev/docs/api/usage/limits (API 2026-10, checked 2026-11-20): a scalar 0, an object 1, a connection
``2 + f(rows) * (1 + cost of a row)``, a mutation 10. Read from the document's text alone: without a schema a connection
is told by its ``nodes``. Not for what a call did cost: every reply says that.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from connectors.shopify.documents import document

ROWS = (0, 1, 3, 5, 10, 20, 50, 100, 250)
FACTORS = (0, 1, 2, 3, 4, 5, 7, 9, 11)
MUTATION = 10
WRAPPERS = frozenset({"nodes", "edges", "node", "pageInfo"})
WORD = re.compile(r"#[^\n]*|\"(?:\\.|[^\"\\])*\"|\.\.\.|\$\w+|[\w.-]+|[{}()@]")
DEFAULT = re.compile(r"\$(\w+)\s*:\s*\w+!?\s*=\s*(\d+)")
OPERATION = re.compile(r"^(query|mutation)\b", re.MULTILINE)
FRAGMENT = re.compile(r"^fragment (\w+) on \w+ ", re.MULTILINE)


@dataclass
class Selected:
    """A field, a spread (``...Name``) or, without a name, an inline fragment. ``rows``: its argument ``first``."""

    name: str
    rows: str = ""
    parts: list[Selected] = field(default_factory=list)

    @property
    def is_connection(self) -> bool:
        return self.name not in WRAPPERS and any(one.name in WRAPPERS for one in self.parts)


@dataclass(frozen=True)
class Parsed:
    """One operation: whether it changes something, what it selects, its fragments and its variables' defaults."""

    is_mutation: bool
    parts: list[Selected]
    fragments: Mapping[str, list[Selected]]
    defaults: Mapping[str, int]


_seen: dict[tuple[str, int], int] = {}  # (document, estimate) -> what Shopify asked for the last time, in this process


def expected(name: str, variables: Mapping[str, Any]) -> int:
    """The points a call must find in the bucket."""
    estimate = estimated(name, variables)
    return _seen.get((name, estimate), estimate)


def learn(name: str, variables: Mapping[str, Any], requested: int) -> None:
    """Keep what Shopify said that the call asks for."""
    _seen[name, estimated(name, variables)] = requested


def estimated(name: str, variables: Mapping[str, Any]) -> int:
    """The points by the rule alone."""
    parsed = parse(name)
    given = {**parsed.defaults, **{key: value for key, value in variables.items() if isinstance(value, int)}}
    if not parsed.is_mutation:
        return _selection(parsed.parts, parsed, given)
    deeper = (one for mutation in parsed.parts for one in mutation.parts if one.parts)
    return MUTATION * len(parsed.parts) + sum(_selection(one.parts, parsed, given) for one in deeper)


@cache
def parse(name: str) -> Parsed:
    """A document taken apart. Raises ``FileNotFoundError`` where there is none of this name."""
    text = document(name)
    starts = sorted(match.start() for pattern in (OPERATION, FRAGMENT) for match in pattern.finditer(text))
    blocks = [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
    operation = next(block for block in blocks if not block.startswith("fragment "))
    return Parsed(
        is_mutation=operation.startswith("mutation"),
        parts=_parts_of(operation),
        fragments={match[1]: _parts_of(block) for block in blocks if (match := FRAGMENT.match(block))},
        defaults={variable: int(value) for variable, value in DEFAULT.findall(operation)},
    )


def root_fields(name: str) -> list[str]:
    """What a document asks the query root or the mutations for."""
    return [one.name for one in parse(name).parts]


def _parts_of(block: str) -> list[Selected]:
    words = (part for part in WORD.findall(block) if not part.startswith("#"))
    depth = 0
    for part in words:  # to the brace behind the head; braces in arguments are not it
        depth += {"(": 1, ")": -1}.get(part, 0)
        if part == "{" and depth == 0:
            break
    return _read(words)


def _read(words: Iterator[str]) -> list[Selected]:
    """Everything up to the closing brace."""
    parts: list[Selected] = []
    for part in words:
        if part == "}":
            break
        if part == "{":
            parts[-1].parts = _read(words)
        elif part == "(":
            parts[-1].rows = _first(words) or parts[-1].rows
        elif part == "@":
            next(words)  # the directive's name; its arguments follow as of a field, and name no rows
        elif part == "...":
            name = next(words)
            if name == "on":
                next(words)
            parts.append(Selected("" if name == "on" else f"...{name}"))
        else:
            parts.append(Selected(part))
    return parts


def _first(words: Iterator[str]) -> str:
    """The value of the argument ``first`` of those up to the closing bracket."""
    found, depth, previous = "", 1, ""
    for part in words:
        depth += {"(": 1, ")": -1}.get(part, 0)
        if depth == 0:
            break
        if previous == "first":
            found = part
        previous = part
    return found


def _selection(parts: list[Selected], parsed: Parsed, given: Mapping[str, int]) -> int:
    common, branches = 0, [0]
    for one in parts:
        if one.name.startswith("..."):
            common += _selection(parsed.fragments[one.name[3:]], parsed, given)
        elif not one.name:
            branches.append(_selection(one.parts, parsed, given))
        elif one.parts:
            common += _field(one, parsed, given)
    return common + max(branches)


def _field(one: Selected, parsed: Parsed, given: Mapping[str, int]) -> int:
    inner = _selection(one.parts, parsed, given)
    if one.is_connection:
        rows = int(given.get(one.rows[1:], 0)) if one.rows.startswith("$") else int(one.rows or 0)
        return 2 + FACTORS[bisect_right(ROWS, max(rows, 0)) - 1] * (1 + inner)
    return inner if one.name in WRAPPERS else 1 + inner
