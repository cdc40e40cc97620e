"""The GraphQL documents of this provider, one operation a file, with the fragments they share in ``fragments.graphql``.

Not for building queries: a document is sent as it stands here, values travel as variables.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
FRAGMENT = re.compile(r"^fragment (\w+) on .*?^}", re.MULTILINE | re.DOTALL)
SPREAD = re.compile(r"\.\.\.(?!\s*on\b)\s*(\w+)")


@cache
def document(name: str) -> str:
    """The text of one operation with exactly the fragments it uses. Raises ``FileNotFoundError``, ``KeyError``."""
    text = (FOLDER / f"{name}.graphql").read_text(encoding="utf-8")
    wanted, parts = SPREAD.findall(text), {}
    while wanted:
        fragment = wanted.pop()
        if fragment not in parts:
            parts[fragment] = _fragments()[fragment]
            wanted += SPREAD.findall(parts[fragment])
    return "\n\n".join([text.strip(), *(parts[name] for name in sorted(parts))]) + "\n"


def names() -> list[str]:
    """Every operation there is."""
    return sorted(path.stem for path in FOLDER.glob("*.graphql") if path.stem != "fragments")


@cache
def _fragments() -> dict[str, str]:
    text = (FOLDER / "fragments.graphql").read_text(encoding="utf-8")
    return {match[1]: match[0] for match in FRAGMENT.finditer(text)}
