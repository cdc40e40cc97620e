"""Settings as text, for people who may only look, and for pages that name a value beside its setting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from connectors import schema
from connectors.rows import RowsField
from connectors.schema import flat_choices


@dataclass(frozen=True)
class Shown:
    """One setting for people who may only look. A secret is named and never shown."""

    label: str
    value: str
    enables: str = ""
    is_on: bool = False


def shown(cls: type, stored: Mapping[str, Any], stored_secrets: Mapping[str, Any]) -> list[tuple[str, list[Shown]]]:
    """Settings by group, as text. What has no say at the moment is left out."""
    groups: dict[str, list[Shown]] = {}
    for name, one in schema.declared(cls).items():
        if not schema.is_shown(cls, name, {**stored, **stored_secrets}):
            continue
        if one.is_secret:
            value = "stored" if stored_secrets.get(name) else "not set"
        else:
            value = as_text(one.field, stored.get(name, one.field.initial))
        label = schema.label_of(cls, name)
        groups.setdefault(one.group, []).append(Shown(label, value, one.enables, bool(stored.get(name))))
    return list(groups.items())


def as_text(field: forms.Field, value: Any) -> str:
    """A stored value as people read it; – where it says nothing."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)  # 0 says something
    if not schema.says_something(value):
        return "–"
    if isinstance(field, forms.ChoiceField):
        names = {str(key): str(label) for key, label in flat_choices(field.choices)}
        many = value if isinstance(value, list | tuple) else [value]
        return ", ".join(names.get(str(one), str(one)) for one in many)
    if isinstance(field, RowsField):
        return _rows(field, value)
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    return str(value)


def _rows(field: RowsField, value: Any) -> str:
    rows = field.prepare_value(value)
    if not isinstance(rows, list):
        return str(value)
    lines = [[as_text(column.field, row.get(column.name)) for column in field.columns] for row in rows]
    return "; ".join(" → ".join(cells) if field.is_mapping else ", ".join(cells) for cells in lines)
