"""Form fields as JSON schema: a lookup declares its parameters once, as a Django form, and is documented from it.

Two attributes a form field may carry besides Django's own are used here: ``json_schema`` (what is inside a JSONField)
and ``example``.
"""

from __future__ import annotations

import json
from typing import Any

from django import forms

from connectors.api.questions import default_of

Schema = dict[str, Any]

# By class, the most special first; what is in none of them is text.
_TYPES: tuple[tuple[type[forms.Field], Schema], ...] = (
    (forms.BooleanField, {"type": "boolean"}),
    (forms.NullBooleanField, {"type": "boolean"}),
    (forms.FloatField, {"type": "number"}),
    (forms.IntegerField, {"type": "integer"}),
    (forms.DateTimeField, {"type": "string", "format": "date-time"}),
    (forms.DateField, {"type": "string", "format": "date"}),
    (forms.TimeField, {"type": "string", "format": "time"}),
    (forms.UUIDField, {"type": "string", "format": "uuid"}),
    (forms.EmailField, {"type": "string", "format": "email"}),
    (forms.URLField, {"type": "string", "format": "uri"}),
)
_SAMPLES = {
    "boolean": True, "number": 1.5, "integer": 1, "date-time": "2026-01-31T12:00:00Z", "date": "2026-01-31",
    "time": "12:00", "uuid": "6f1c8f0e-3f0b-4c53-9a38-0a6f2b1f0c11", "email": "buyer@shop.example",
    "uri": "https://shop.example/", "decimal": "12.50",
}  # fmt: skip


def schema_of(field: forms.Field, *, in_body: bool) -> Schema:
    """The schema of one parameter."""
    made = _kind(field, in_body=in_body)
    low, high = getattr(field, "min_value", None), getattr(field, "max_value", None)
    if made.get("type") in {"integer", "number"}:
        made |= {} if low is None else {"minimum": low}
        made |= {} if high is None else {"maximum": high}
    default = default_of(field)
    if default is not None and _is_json(default):
        made["default"] = default
    example = getattr(field, "example", None)
    if example is not None:
        made["example"] = example
    return made


def _kind(field: forms.Field, *, in_body: bool) -> Schema:
    if isinstance(field, forms.JSONField):
        return dict(getattr(field, "json_schema", {}))
    if isinstance(field, forms.MultipleChoiceField):
        return {"type": "array", "items": {"type": "string", "enum": _choices(field)}}
    if isinstance(field, forms.ChoiceField):
        return {"type": "string", "enum": _choices(field)}
    if isinstance(field, forms.DecimalField):
        text = {"type": "string", "format": "decimal"}
        return {"oneOf": [text, {"type": "number"}]} if in_body else text
    for kind, schema in _TYPES:
        if isinstance(field, kind):
            return dict(schema)
    return {"type": "string"} | _lengths(field)


def _lengths(field: forms.Field) -> Schema:
    longest, shortest = getattr(field, "max_length", None), getattr(field, "min_length", None)
    if field.required:
        shortest = max(1, shortest or 0)
    found = {"minLength": shortest, "maxLength": longest, "pattern": r"\S" if field.required else None}
    return {name: value for name, value in found.items() if value is not None}


def _choices(field: forms.ChoiceField) -> list[str]:
    """The values of a choice, groups opened; the blank one is the same as leaving the parameter out."""
    found: list[str] = []
    for value, label in list(field.choices):  # type: ignore[arg-type]
        values = [v for v, _ in label] if isinstance(label, (list, tuple)) else [value]
        found += [str(v) for v in values if v not in ("", None)]
    return found


def _is_json(value: object) -> bool:
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True


def sample_of(schema: Schema) -> Any:
    """A value that shows what the schema means."""
    for word in ("example", "default"):
        if word in schema:
            return schema[word]
    for many in ("oneOf", "anyOf", "allOf"):
        if schema.get(many):
            return sample_of(schema[many][0])
    if schema.get("enum"):
        return schema["enum"][0]
    if schema.get("type") == "array":
        return [sample_of(schema.get("items", {}))]
    if schema.get("type") == "object" or "properties" in schema:
        return {name: sample_of(one) for name, one in schema.get("properties", {}).items()}
    return _SAMPLES.get(schema.get("format", "")) or _SAMPLES.get(schema.get("type", ""), "text")
