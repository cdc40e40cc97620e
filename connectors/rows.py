"""Settings that are small tables: rows of cells, declared by their columns.

Stored as a JSON list of objects, one for each row, by the names of the columns; with ``is_mapping`` (two columns) as one
object, from the first column to the second. A person fills in rows, may paste them from a spreadsheet, and reads errors
that name row and column.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from connectors.forms.rows import RowsWidget

MAX_ROWS = 500


@dataclass(frozen=True)
class Column:
    """One column: its name in the stored rows, and the form field of its cells (label, help, limits, choices).
    ``names``: the kind of remote object its cells name exactly as it is spelled there."""

    name: str
    field: forms.Field
    names: str = ""

    @property
    def label(self) -> str:
        return str(self.field.label or self.name.replace("_", " ").capitalize())


class RowsField(forms.Field):
    """A table of ``columns``. ``unique``: columns whose cells together may occur once. Gives a list of dicts whose cells
    are what their fields give, as JSON keeps them; empty rows are left out, empty cells that may be empty are "".

    Raises ``ValidationError`` with one message for each cell that is wrong, with ``params`` row and column."""

    widget: RowsWidget

    def __init__(
        self,
        *,
        columns: Sequence[Column],
        unique: Sequence[str] = (),
        is_mapping: bool = False,
        is_ordered: bool = False,
        max_rows: int = MAX_ROWS,
        **more: Any,
    ) -> None:
        if is_mapping and len(columns) != 2:
            raise TypeError("a mapping has two columns")
        self.columns, self.is_mapping, self.max_rows = tuple(columns), is_mapping, max_rows
        self.unique = tuple(unique) or ((columns[0].name,) if is_mapping else ())
        more.setdefault("required", False)
        super().__init__(widget=RowsWidget(self.columns, is_ordered=is_ordered), **more)

    def prepare_value(self, value: Any) -> Any:
        """Rows for the widget, from what is stored or what was just typed."""
        try:
            return self._rows(value)
        except ValidationError:
            return value

    def clean(self, value: Any) -> Any:
        rows = [row for row in self._rows(value) if any(str(cell).strip() for cell in row.values() if cell is not None)]
        if not rows and self.required:
            raise ValidationError(self.error_messages["required"], code="required")
        if len(rows) > self.max_rows:
            raise ValidationError(f"At most {self.max_rows} rows.", code="max_rows")
        errors: list[ValidationError] = []
        cleaned = [self._row(number, row, errors) for number, row in enumerate(rows, 1)]
        self._find_twice(cleaned, errors)
        if errors:
            raise ValidationError(errors)
        if self.is_mapping:
            key, to = (column.name for column in self.columns)
            return {str(row[key]): row[to] for row in cleaned}
        return cleaned

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.clean(initial) != self.clean(data))
        except ValidationError:
            return True

    def _rows(self, value: Any) -> list[dict[str, Any]]:
        """Rows of whatever is given: stored JSON, a text of it, the widget's rows."""
        if isinstance(value, str):
            try:
                value = json.loads(value) if value.strip() else []
            except (ValueError, RecursionError):
                raise ValidationError("This is neither rows nor valid JSON.", code="json") from None
        if value is None or value == {}:
            return []
        if self.is_mapping and isinstance(value, Mapping):
            key, to = (column.name for column in self.columns)
            return [{key: one, to: other} for one, other in value.items()]
        if not isinstance(value, list | tuple) or not all(isinstance(row, Mapping) for row in value):
            raise ValidationError("These are not rows of the columns shown.", code="shape")
        return [dict(row) for row in value]

    def _row(self, number: int, row: Mapping[str, Any], errors: list[ValidationError]) -> dict[str, Any]:
        unknown = sorted(set(row) - {column.name for column in self.columns})
        if unknown:
            errors.append(self._error(number, None, f"There is no column “{unknown[0]}”."))
        made: dict[str, Any] = {}
        for column in self.columns:
            given = row.get(column.name, column.field.initial)
            try:
                cell = column.field.clean(given)
            except ValidationError as error:
                errors.extend(self._error(number, column, message) for message in error.messages)
                cell = None
            made[column.name] = cell if cell is None or isinstance(cell, bool | int | float | str) else str(cell)
        return made

    def _find_twice(self, rows: list[dict[str, Any]], errors: list[ValidationError]) -> None:
        column = next((one for one in self.columns if one.name in self.unique), None)
        seen: dict[tuple[Any, ...], int] = {}
        for number, row in enumerate(rows, 1):
            if column is None or any(row[name] is None for name in self.unique):
                continue
            key = tuple(str(row[name]).casefold() for name in self.unique)
            if key in seen:
                errors.append(self._error(number, column, f"“{row[column.name]}” stands in row {seen[key]} already."))
            seen.setdefault(key, number)

    @staticmethod
    def _error(number: int, column: Column | None, message: str) -> ValidationError:
        place = f"Row {number}, {column.label}" if column else f"Row {number}"
        params = {"row": number, "column": column.name if column else ""}
        return ValidationError(f"{place}: {message}".replace("%", "%%"), code="cell", params=params)


def names_in(field: forms.Field, value: Any) -> dict[str, set[str]]:
    """The names a table's cells hold, by the kind of remote object their column names."""
    found: dict[str, set[str]] = {}
    if not isinstance(field, RowsField):
        return found
    rows = field.prepare_value(value)
    for column in (one for one in field.columns if one.names and isinstance(rows, list)):
        cells = {str(row.get(column.name) or "").strip() for row in rows}
        found.setdefault(column.names, set()).update(cells - {""})
    return found
