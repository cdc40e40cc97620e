"""Mappings as a CSV table: written so that a spreadsheet runs no formula, read with a preview of what would change."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.db import transaction

from connectors.forms.mapping import kinds_of, route_name, routes_of
from connectors.models import Connector, Mapping

COLUMNS = ("kind", "from", "to", "route", "note")
MAX_ROWS = 10_000
MAX_BYTES = 1536 * 1024  # the table travels once more with the confirmation, below DATA_UPLOAD_MAX_MEMORY_SIZE
SHOWN = 200  # changes a preview lists
FAULTS_SHOWN = 50
LIMITS = {"kind": 40, "from": 200, "to": 200, "note": 200}
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")


def escape(text: str) -> str:
    """With an apostrophe before what a spreadsheet would take for a formula; ``unescape`` takes it away again."""
    return f"'{text}" if _FORMULA.match(text) else text


def unescape(text: str) -> str:
    return text[1:] if _ESCAPED.match(text) else text


class _Echo:
    def write(self, text: str) -> str:
        return text


def lines(mappings: Iterable[Mapping]) -> Iterator[str]:
    """The table line by line, the mappings' own connector first: one table may hold several connectors' mappings."""
    writer = csv.writer(_Echo())
    yield writer.writerow(["connector", *COLUMNS])
    for one in mappings:
        cells = (one.connector.slug, one.kind, one.from_value, one.to_value, route_name(one.route), one.note)
        yield writer.writerow([escape(cell) for cell in cells])


@dataclass(frozen=True)
class Change:
    """One row that differs from what is stored; ``was`` is ``None`` for a new one."""

    mapping: Mapping
    was: str | None
    was_note: str = ""


@dataclass
class Preview:
    """What a table would do. ``faults`` are sentences with line numbers; with any of them nothing is applied."""

    new: list[Change] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    unchanged: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def is_usable(self) -> bool:
        return not self.faults

    @property
    def shown(self) -> list[Change]:
        return (self.changed + self.new)[:SHOWN]

    @property
    def hidden(self) -> int:
        return max(0, len(self.changed) + len(self.new) - SHOWN)

    @property
    def faults_shown(self) -> list[str]:
        return self.faults[:FAULTS_SHOWN]


def read(connector: Connector, text: str) -> Preview:
    """Compare a table with the stored mappings of a connector. Raises nothing; what is wrong is in ``faults``."""
    preview = Preview()
    wanted = _parse(connector, text, preview)
    stored = {(one.kind, one.route_id, one.from_value): one for one in Mapping.objects.filter(connector=connector)}
    for key, mapping in wanted.items():
        old = stored.get(key)
        if old is None:
            preview.new.append(Change(mapping, None))
        elif (old.to_value, old.note) != (mapping.to_value, mapping.note):
            preview.changed.append(Change(mapping, old.to_value, old.note))
        else:
            preview.unchanged += 1
    return preview


def apply(connector: Connector, text: str) -> Preview:
    """Write what a table changes, all of it or nothing; mappings it does not name stay."""
    with transaction.atomic():
        preview = read(connector, text)
        if preview.is_usable:
            Mapping.objects.bulk_create(
                [change.mapping for change in preview.new + preview.changed],
                batch_size=1000,
                update_conflicts=True,
                unique_fields=["connector", "route", "kind", "from_value"],
                update_fields=["to_value", "note"],
            )
    return preview


def _parse(connector: Connector, text: str, preview: Preview) -> dict[tuple[str, int | None, str], Mapping]:
    found: dict[tuple[str, int | None, str], Mapping] = {}
    first_lines: dict[tuple[str, int | None, str], int] = {}
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        missing = [name for name in ("kind", "from", "to") if name not in names]
        unknown = sorted(set(names) - {*COLUMNS, "connector", ""})
        if missing or unknown:
            word = f"lacks the column “{missing[0]}”" if missing else f"has an unknown column “{unknown[0]}”"
            preview.faults.append(f"The first line {word}; needed are kind, from, to, and allowed are route, note.")
            return {}
        kinds, routes = kinds_of(connector), routes_of(connector)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(first_lines) >= MAX_ROWS:
                preview.faults.append(f"The table has more than {MAX_ROWS:,} rows; split it.")
                return {}
            row = {n: unescape(c.strip()) for n, c in zip(names, cells, strict=False) if n}
            line = reader.line_num
            fault = _fault(row, kinds, connector)
            route = routes.get(row.get("route", ""))
            if not fault and row.get("route") and route is None:
                fault = f"there is no route “{row['route'][:120]}” of this connector"
            key = (row.get("kind", ""), route.pk if route else None, row.get("from", ""))
            if not fault and key in first_lines:
                fault = f"the same value as in line {first_lines[key]}"
            if fault:
                preview.faults.append(f"Line {line}: {fault}.")
                continue
            first_lines[key] = line
            found[key] = Mapping(
                connector=connector, route=route, kind=row["kind"], from_value=row["from"], to_value=row["to"],
                note=row.get("note", ""),
            )  # fmt: skip
    except csv.Error as error:
        preview.faults.append(f"Line {reader.line_num}: not readable as CSV ({error}).")
    return found


def _fault(row: dict[str, str], kinds: dict[str, str], connector: Connector) -> str:
    """What is wrong with one row, or nothing."""
    for name in ("kind", "from", "to"):
        if not row.get(name):
            return f"“{name}” is empty"
    for name, limit in LIMITS.items():
        value = row.get(name, "")
        if len(value) > limit:
            return f"“{name}” is longer than {limit} characters"
        if "\x00" in value:
            return f"“{name}” holds a character that cannot be stored"
    if row["kind"] not in kinds:
        return f"no kind “{row['kind']}”; known are {', '.join(sorted(kinds))}"
    if row.get("connector") and row["connector"] != connector.slug:
        return f"it belongs to the connector “{row['connector'][:60]}”, not to {connector.slug}"
    return ""
