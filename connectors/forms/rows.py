"""The widget of a setting that is a small table: one row of inputs for each row, with some empty ones below.

Works without a script (fill in the empty rows, save, get more); with one, rows are added, removed, moved and pasted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from connectors import schema

if TYPE_CHECKING:
    from connectors.rows import Column

EMPTY_ROWS = 3
MOST = 2000  # rows read of one form, whatever it says it holds


class RowsWidget(forms.Widget):
    """Its value is a list of dicts by column. ``wrong``: (row, column) of cells that were refused, the first row is 1;
    "" for a column is the whole row."""

    use_fieldset = True  # many inputs: the page makes them a group with the field's name

    def __init__(self, columns: Sequence[Column], *, is_ordered: bool = False) -> None:
        super().__init__()
        self.columns = tuple(columns)
        self.is_ordered = is_ordered
        self.wrong: frozenset[tuple[int, str]] = frozenset()

    def id_for_label(self, id_: str) -> str:
        return ""  # of many inputs none is the field's: the group has its name

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        rows = value if isinstance(value, list) else []
        field_id = (attrs or {}).get("id") or f"id_{name}"
        filled = [row for row in rows if isinstance(row, Mapping)]
        shown = [*filled, *({} for _ in range(EMPTY_ROWS))]
        context = {
            "name": name,
            "id": field_id,
            "columns": [(column, _help_id(field_id, column)) for column in self.columns],
            "is_ordered": self.is_ordered,
            "rows": [
                self._row(name, field_id, number, row, is_extra=number >= len(filled))
                for number, row in enumerate(shown)
            ],
            "template": self._row(name, field_id, "__row__", {}),
            "total": len(shown),
            "filled": len(filled),
            "unreadable": value if isinstance(value, str) else json.dumps(value) if value and not filled else "",
        }
        return render_to_string("admin/connectors/widgets/rows.html", context)

    def _row(
        self, name: str, field_id: str, number: int | str, row: Mapping[str, Any], *, is_extra: bool = False
    ) -> dict[str, Any]:
        shown = number + 1 if isinstance(number, int) else 0
        cells = []
        for column in self.columns:
            given = row.get(column.name, column.field.initial if not row else None)
            label = f"{column.label}, row {shown}" if shown else column.label
            attrs = {"id": f"{field_id}-{number}-{column.name}", "aria-label": label, "data-column": column.label}
            described = [_help_id(field_id, column)]
            if (shown, column.name) in self.wrong or (shown, "") in self.wrong:
                attrs["aria-invalid"] = "true"
                described.append(f"{field_id}_error")
            if any(described):
                attrs["aria-describedby"] = " ".join(filter(None, described))
            widget = column.field.widget
            html = widget.render(f"{name}-{number}-{column.name}", column.field.prepare_value(given), attrs)
            cells.append(
                {
                    "html": html,
                    "label": column.label,
                    "help": column.field.help_text,
                    "is_required": column.field.required,
                }
            )
        return {"number": number, "shown": shown, "cells": cells, "is_extra": is_extra}

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        try:
            total = min(int(data.get(f"{name}-rows", "")), MOST)
        except ValueError:
            return data.get(name)  # sent as JSON, by something that is no browser
        rows = []
        for number in range(total):
            cells = {
                column.name: column.field.widget.value_from_datadict(data, files, f"{name}-{number}-{column.name}")
                for column in self.columns
            }
            if any(self._says(column, cells[column.name]) for column in self.columns):
                rows.append({key: cell for key, cell in cells.items() if cell is not None})
        return rows

    @staticmethod
    def _says(column: Column, cell: Any) -> bool:
        """Whether somebody filled the cell in: a select that stands at its first choice, or a box, says nothing."""
        if cell in (None, "", False, []) or isinstance(column.field, forms.BooleanField):
            return False
        if not isinstance(column.field, forms.ChoiceField):
            return True
        first = next(iter(schema.flat_choices(column.field.choices)), ("", ""))[0]
        return str(cell) != str(first if column.field.initial is None else column.field.initial)

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return f"{name}-rows" not in data and name not in data


def _help_id(field_id: str, column: Column) -> str:
    """Id of the help in the head of a column; empty where it has none."""
    return f"{field_id}-help-{column.name}" if column.field.help_text else ""
