"""From an address and what came with it to a checked question: which lookup, with which parameters.

A lookup declares its parameters as a Django form. Forms are made for text out of browsers and read nearly anything as
text, so the kind of each value is looked at first: a list where a text belongs is an error that names the field, not
the text ``['a']``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.forms.fields import JSONString
from django.http import QueryDict

from connectors.api.problems import FieldError, Problem, invalid, not_found
from connectors.base import Lookup

PLACEHOLDER = re.compile(r"<(\w+)>")
ID_LIMIT = 200
NAME_LIMIT = 80  # characters of an unknown field's name that are said back
UNKNOWN_LIMIT = 20  # unknown fields that are named
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


class Nothing(forms.Form):
    """The parameters of an address that takes none."""


@lru_cache(maxsize=256)
def pattern_of(path: str) -> re.Pattern[str]:
    """The expression of a declared path. A placeholder takes slashes too: ids are opaque text."""
    parts = PLACEHOLDER.split(path)
    made = [re.escape(part) if index % 2 == 0 else f"(?P<{part}>.+)" for index, part in enumerate(parts)]
    return re.compile("".join(made), re.DOTALL)


def placeholders(path: str) -> list[str]:
    return PLACEHOLDER.findall(path)


def match(lookups: Iterable[Lookup], method: str, path: str) -> tuple[Lookup, dict[str, str]]:
    """The lookup of a path and the values of its placeholders; of several the most literal one. Raises ``Problem`` 404
    or 405."""
    found = [(one, hit) for one in lookups if (hit := pattern_of(one.path).fullmatch(path))]
    if not found:
        raise not_found("This connector has no such address.")
    usable = [pair for pair in found if pair[0].method == method]
    if not usable:
        raise wrong_method(", ".join(sorted({one.method for one, _ in found})))
    lookup, hit = max(usable, key=lambda pair: len(PLACEHOLDER.sub("", pair[0].path)))
    return lookup, hit.groupdict()


def wrong_method(allowed: str) -> Problem:
    return Problem(405, "method_not_allowed", f"Use {allowed} here.", headers={"Allow": allowed})


def from_query(query: QueryDict, form: type[forms.Form]) -> dict[str, Any]:
    """The values of a query by name, one each unless the field takes several. Raises ``Problem``."""
    values: dict[str, Any] = {}
    errors = []
    for name in query:
        given = query.getlist(name)
        if _takes_several(form.base_fields.get(name)):
            values[name] = given
        elif len(given) > 1:
            errors.append(FieldError(name[:NAME_LIMIT], "Give this parameter once.", "twice"))
        else:
            values[name] = given[0]
    if errors:
        raise invalid(*errors)
    return values


def _takes_several(field: forms.Field | None) -> bool:
    return isinstance(field, forms.MultipleChoiceField)


def checked(
    form_class: type[forms.Form],
    given: Mapping[str, Any],
    *,
    is_json: bool = False,
    path: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Typed parameters: those given in query or body and those of the path. Raises ``Problem`` naming every field that
    is unknown or wrong. A parameter left out has its field's ``initial``."""
    path = path or {}
    fields = form_class.base_fields
    unknown = (name for name in given if name in path or name not in fields)
    errors = [
        FieldError(name[:NAME_LIMIT], "There is no such field.", "unknown") for name in islice(unknown, UNKNOWN_LIMIT)
    ]
    data = {name: default for name, field in fields.items() if (default := default_of(field)) is not None}
    for name, value in given.items():
        if name in path or name not in fields or value is None:
            continue
        read, message = _of_kind(fields[name], value, is_json=is_json)
        if message:
            errors.append(FieldError(name, message, "type"))
        data[name] = read
    for name, value in path.items():
        if message := _id_problem(value):
            errors.append(FieldError(name, message))
        data[name] = value
    named = {error.field for error in errors}
    form = form_class(data)
    if not form.is_valid():
        errors += [
            FieldError("" if name == NON_FIELD_ERRORS else name, one["message"], one["code"] or "invalid")
            for name, found in form.errors.get_json_data().items()
            if name not in named
            for one in found
        ]
    if errors:
        raise invalid(*errors)
    return {**path, **form.cleaned_data}


def default_of(field: forms.Field) -> Any:
    """What a parameter has where it is left out; ``None``: nothing."""
    return field.initial() if callable(field.initial) else field.initial


def _id_problem(value: str) -> str:
    if not value.strip():
        return "Give an id that is not blank."
    if len(value) > ID_LIMIT:
        return f"An id has at most {ID_LIMIT} characters."
    return "An id has no control characters." if re.search(r"[\x00-\x1f\x7f]", value) else ""


def _of_kind(field: forms.Field, value: Any, *, is_json: bool) -> tuple[Any, str]:
    """The value as the field's form expects it, and what is wrong with its kind."""
    if not is_json:
        if isinstance(field, (forms.BooleanField, forms.NullBooleanField)) and value != "":
            read = BOOLEANS.get(str(value).lower())
            return read, "" if read is not None else "Give true or false."
        return value, ""
    if isinstance(field, forms.JSONField):
        # A text stays that text, instead of being read as JSON once more.
        return (JSONString(value) if isinstance(value, str) else value), ""
    kinds, message = kind_of(field)
    fits = isinstance(value, kinds) and not (isinstance(value, bool) and bool not in kinds)
    if fits and isinstance(value, list):
        fits = all(isinstance(one, str) for one in value)
    return (value, "") if fits else (None, message)


def kind_of(field: forms.Field) -> tuple[tuple[type, ...], str]:
    """The kinds of JSON value a field takes in a body, and the sentence for any other."""
    if isinstance(field, (forms.BooleanField, forms.NullBooleanField)):
        return (bool,), "Give true or false."
    if _takes_several(field):
        return (list,), "Give a list of texts."
    if isinstance(field, forms.DecimalField):
        return (str, int, float), "Give a number, or a text that holds one."
    if isinstance(field, forms.FloatField):
        return (int, float), "Give a number."
    if isinstance(field, forms.IntegerField):
        return (int,), "Give a whole number."
    return (str,), "Give a text."
