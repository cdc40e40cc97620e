"""Settings declared once: a frozen dataclass whose fields carry Django form fields.

From one declaration come typed reading, validation, the admin form, help texts, grouping and secrecy. Route options
use the same mechanism.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

KEY = "setting"
CONNECTION = "Connection"


@dataclass(frozen=True)
class Declared:
    """What ``setting()`` keeps about a field. ``enables`` names the function a filled-in value switches on.

    ``shown_when``: the setting this one depends on, and the values of it that show this one (of a switch: on, off); with
    no values, any value that says something (a switch that is on, a text that is filled in). ``assumed``: what the hub
    takes for granted here and the vendor's public pages do not say, for a person to confirm with the vendor; ``proof``:
    how that person finds out. ``names``:
    the kind of remote object this text names exactly as it is spelled there (store, account, item, ...)."""

    field: forms.Field
    is_secret: bool = False
    group: str = CONNECTION
    enables: str = ""
    is_advanced: bool = False
    shown_when: tuple[str, ...] = ()
    assumed: str = ""
    names: str = ""
    proof: str = ""


def setting(
    form_field: forms.Field,
    *,
    secret: bool = False,
    group: str = CONNECTION,
    enables: str = "",
    advanced: bool = False,
    shown_when: tuple[str, ...] = (),
    assumed: str = "",
    names: str = "",
    proof: str = "",
) -> Any:
    """A dataclass field with its form field. A secret never shows in ``repr``; its default is the empty string.

    The default of an optional setting is the form field's ``initial``; label and help text are the form field's own,
    with the unit of a number in the help text.
    """
    declared = Declared(form_field, secret, group, enables, advanced, shown_when, assumed, names, proof)
    default, more = _default(form_field), {KEY: declared}
    if isinstance(default, dict):
        return field(default_factory=lambda: dict(default), metadata=more, repr=not secret)
    return field(default=default, metadata=more, repr=not secret)


def _default(form_field: forms.Field) -> Any:
    initial = form_field.initial
    if initial is None and not form_field.required:
        initial = form_field.clean(None)
    return tuple(initial) if isinstance(initial, list) else initial


@cache
def declared(cls: type) -> dict[str, Declared]:
    """Every setting of a schema by name, in declaration order; how to connect comes first, also where a part of the
    settings is inherited. The same dict each time: to be read only."""
    found = [(f.name, f.metadata[KEY]) for f in dataclasses.fields(cls) if KEY in f.metadata]
    return dict(sorted(found, key=lambda pair: pair[1].group != CONNECTION))


def secret_names(cls: type) -> frozenset[str]:
    return frozenset(name for name, one in declared(cls).items() if one.is_secret)


def label_of(cls: type, name: str) -> str:
    """What people call a setting."""
    return str(declared(cls)[name].field.label or name.replace("_", " ").capitalize())


def is_shown(cls: type, name: str, values: Mapping[str, Any]) -> bool:
    """Whether a setting has a say: what it depends on says so, and so does what that depends on in turn. ``values`` may
    be raw or typed; what they leave out stands at its default."""
    known, seen = declared(cls), set()
    while (one := known.get(name)) and one.shown_when and name not in seen:
        seen.add(name)
        name, *wanted = one.shown_when
        value = values.get(name, known[name].field.initial)
        if not (_as_words(value) & set(wanted) if wanted else says_something(value)):
            return False
    return True


def says_something(value: Any) -> bool:
    """Whether a value is more than nothing, an empty text or list, or a switch that is off."""
    return value not in (None, "", False) and value not in ([], (), {})


def _as_words(value: Any) -> set[str]:
    """The value as ``shown_when`` writes it: a switch is on or off."""
    if isinstance(value, list | tuple | set | frozenset):
        return {str(one) for one in value}
    return {("on" if value else "off") if isinstance(value, bool) else str(value)}


def condition(cls: type, name: str) -> str:
    """When a setting is shown, for people: “Only when “Tips” is on.” Empty where it always is."""
    one = declared(cls)[name]
    if not one.shown_when:
        return ""
    other, *wanted = one.shown_when
    field = declared(cls)[other].field
    if wanted and isinstance(field, forms.ChoiceField):
        labels = {str(key): str(label) for key, label in flat_choices(field.choices)}
        state = " or ".join(f"“{labels.get(value, value)}”" for value in wanted)
    elif wanted:
        state = " or ".join(wanted)
    else:
        state = "on" if isinstance(field, forms.BooleanField) else "filled in"
    return f"Only when “{label_of(cls, other)}” is {state}."


def flat_choices(choices: Any) -> Iterator[tuple[Any, Any]]:
    """(value, label) pairs, those of groups included."""
    for key, label in choices:
        if isinstance(label, list | tuple):
            yield from flat_choices(label)
        else:
            yield key, label


def _unused(form_field: forms.Field) -> Any:
    """What stands for a setting that has no say and whose value does not fit."""
    blank = copy.copy(form_field)
    blank.required = False
    try:
        return blank.clean(form_field.initial)
    except ValidationError:
        return None


def load(cls: type, raw: Mapping[str, Any]) -> Any:
    """The typed settings of a stored row. Raises ``ValidationError`` with a message per field that no longer fits;
    unknown names in ``raw`` are ignored, so that an older hub reads a newer row. What has no say (see ``is_shown``) may
    be missing."""
    values: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name, one in declared(cls).items():
        given = raw.get(name, one.field.initial)
        try:
            values[name] = one.field.clean(given)
        except ValidationError as error:
            errors[name] = list(error.messages)
    for name in [name for name in errors if not is_shown(cls, name, {**raw, **values})]:
        del errors[name]
        values[name] = _unused(declared(cls)[name].field)
    if errors:
        raise ValidationError(errors)  # type: ignore[arg-type]
    loaded = cls(**{name: tuple(v) if isinstance(v, list) else v for name, v in values.items()})
    check = getattr(loaded, "clean", None)
    if check is not None:
        check()
    return loaded


def secret_values(loaded: Any) -> list[str]:
    """The non-empty secrets of loaded settings, longest first, for redaction."""
    values = {str(getattr(loaded, name)) for name in secret_names(type(loaded))}
    return sorted((v for v in values if v), key=len, reverse=True)


def describe_invalid(cls: type, error: ValidationError) -> str:
    """A sentence for settings that do not load: the first field's label and message. What is wrong with a secret is not
    said: some messages repeat the value."""
    if hasattr(error, "error_dict"):
        name, messages = next(iter(error.message_dict.items()))
        one = declared(cls).get(name)
        label = label_of(cls, name) if one else name
        if one is not None and one.is_secret:
            return f"The setting “{label}” is not usable."
        return f"The setting “{label}” is not usable: {' '.join(messages)}"
    return f"The settings are not usable: {' '.join(error.messages)}"
