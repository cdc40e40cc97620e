"""The form of a settings schema: one field for each declared setting, secrets written and never shown.

Used by connectors (settings of the provider) and by routes (options of the target). A field of the schema is called
``setting_<name>`` in the form, so that it never meets a column of the row.
"""

from __future__ import annotations

import copy
import datetime
import ipaddress
import json
from collections.abc import Mapping
from typing import Any, ClassVar, cast
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.safestring import SafeString

from connectors import guard, schema
from connectors.forms.widgets import Entered, JsonTextarea, SecretInput
from connectors.redaction import Redactor
from connectors.rows import RowsField
from connectors.schema import Declared

PREFIX = "setting_"


class SecretField(forms.Field):
    """Typed again only to be changed: its value is an ``Entered``. What was typed is checked by the declared field."""

    widget: SecretInput

    def __init__(self, declared: Declared) -> None:
        self.declared = declared
        is_multiline = isinstance(declared.field.widget, forms.Textarea)
        super().__init__(
            required=False, label=declared.field.label, help_text=declared.field.help_text,
            widget=SecretInput(is_multiline=is_multiline),
        )  # fmt: skip

    def clean(self, value: Any) -> Entered:
        entered = value if isinstance(value, Entered) else Entered()
        if entered.text and entered.is_cleared:
            raise ValidationError("Either enter a new value or tick Clear, not both.", code="contradiction")
        if not entered.text:
            return entered
        if "\x00" in entered.text or (not self.widget.is_multiline and _has_line_break(entered.text)):
            raise ValidationError("Remove line breaks and other control characters.", code="control")
        return Entered(str(self.declared.field.clean(entered.text)))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return isinstance(data, Entered) and not data.is_nothing


def _has_line_break(text: str) -> bool:
    # One at an end is trimmed by the declared field; those within would start another header.
    return any(character in text.strip() for character in "\r\n")


def form_fields(cls: type) -> dict[str, forms.Field]:
    """The form's fields by their name in the form; each a copy that may be changed."""
    made: dict[str, forms.Field] = {}
    for name, one in schema.declared(cls).items():
        field: forms.Field = SecretField(one) if one.is_secret else copy.deepcopy(one.field)
        if field.label is None:
            field.label = name.replace("_", " ").capitalize()
        if isinstance(field, forms.JSONField):
            field.widget = JsonTextarea(attrs={"rows": 6, "spellcheck": "false", "class": "vLargeTextField"})
        elif isinstance(field, forms.MultipleChoiceField):
            # Boxes: in a list where one has to hold Ctrl, choices get lost.
            field.widget = forms.CheckboxSelectMultiple(choices=list(cast(Any, field.choices)))
        elif isinstance(field, forms.DateField):
            field.widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        elif isinstance(field.widget, forms.TextInput) and field.widget.input_type in {"text", "url"}:
            field.widget.attrs.setdefault("class", "vTextField")
        field.help_text = format_html("{}", field.help_text)  # the admin prints help unescaped
        made[PREFIX + name] = field
    return made


def _with_switch(help_text: Any, name: str, enables: str, *, is_on: bool) -> SafeString:
    """Help that says what the field switches on, and whether it does; a script keeps the pill right while typing."""
    tone, word = ("ok", "on") if is_on else ("idle", "off")
    return format_html(
        '<span class="pill pill--{}" data-switch="id_{}{}">{}</span> Filled in: switches on {}. {}',
        tone, PREFIX, name, word, enables, help_text,
    )  # fmt: skip


def _with_condition(cls: type, name: str, help_text: Any) -> SafeString:
    """Help that says when the field is shown; a script hides the field until then."""
    other, *wanted = schema.declared(cls)[name].shown_when
    return format_html(
        '{} <span class="only-when" data-shown-when="{}{}" data-values="{}">{}</span>',
        help_text, PREFIX, other, json.dumps(wanted), schema.condition(cls, name),
    )  # fmt: skip


def fieldsets(cls: type) -> list[tuple[str | None, dict[str, Any]]]:
    """Groups in the order of their first setting; what is advanced is folded away below its group."""
    groups: dict[str, tuple[list[str], list[str]]] = {}
    for name, one in schema.declared(cls).items():
        plain, advanced = groups.setdefault(one.group, ([], []))
        (advanced if one.is_advanced else plain).append(PREFIX + name)
    made: list[tuple[str | None, dict[str, Any]]] = []
    for group, (plain, advanced) in groups.items():
        if plain:
            made.append((group, {"fields": plain}))
        if advanced:
            made.append((f"{group}: advanced" if plain else group, {"fields": advanced, "classes": ["collapse"]}))
    return made


def as_json(value: Any) -> Any:
    """A cleaned value in a form that JSON keeps and that the same field cleans back to the same value."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): as_json(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [as_json(one) for one in value]
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)


def address_problem(text: str) -> str:
    """What is wrong with an address typed into a setting, as far as its text shows it, or nothing. What a name resolves
    to is checked at every call."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)
        guard.check_url(text)
    except guard.BlockedAddress as blocked:
        return f"{blocked} Enter an address that starts with https://."
    except ValueError:
        return "This is not a valid address."
    if guard.is_allowed_here(host, port):
        return ""
    if host == "localhost" or host.endswith(".localhost"):
        return "This address is the hub's own machine; ask the hub's operator to allow it by name."
    try:
        is_public = guard.is_public(ipaddress.ip_address(host))
    except ValueError:
        return ""
    return "" if is_public else "This address is inside a private network; ask the hub's operator to allow it by name."


class GeneratedForm(forms.ModelForm):  # type: ignore[type-arg]
    """A row's form with the fields of a schema. Subclasses say what is stored (``stored``) and what becomes of it
    (``keep``); nothing of the row changes before everything is valid."""

    schema_class: ClassVar[type | None] = None

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.loaded: Any = None
        if self.schema_class is None:
            return
        stored = self.stored()
        for name, one in schema.declared(self.schema_class).items():
            field = self.fields.get(PREFIX + name)
            if field is None:
                continue  # taken out for people who may only look
            if isinstance(field, SecretField):
                field.widget.is_stored, field.widget.problem = self.secret_state(name)
            else:
                self.initial[PREFIX + name] = stored.get(name, one.field.initial)
            if one.enables:
                is_on = bool(self.initial.get(PREFIX + name)) or (one.is_secret and self.secret_state(name)[0])
                field.help_text = _with_switch(field.help_text, name, one.enables, is_on=is_on)
            if one.shown_when:
                field.help_text = _with_condition(self.schema_class, name, field.help_text)
            field.help_text = self.remark(name, one, field.help_text)

    def remark(self, name: str, one: Declared, help_text: Any) -> Any:
        """The help of a field with what the page knows besides."""
        return help_text

    def stored(self) -> Mapping[str, Any]:
        raise NotImplementedError

    def keep(self, values: dict[str, Any], entered: dict[str, Entered]) -> None:
        """Put valid settings (as JSON) and changed secrets into the row."""
        raise NotImplementedError

    def secret_state(self, name: str) -> tuple[bool, str]:
        """(whether a secret is stored, what is wrong with it)."""
        return False, ""

    def secret(self, name: str) -> str:
        return ""

    def _clean_fields(self) -> None:
        """As ever; but what has no say is not asked for, and keeps what is stored where it does not fit."""
        super()._clean_fields()  # type: ignore[misc]
        if self.schema_class is None:
            return
        said, stored = self._said(self.schema_class), self.stored()
        for name, one in schema.declared(self.schema_class).items():
            key = PREFIX + name
            if key in self.errors and not schema.is_shown(self.schema_class, name, said):
                del self.errors[key]
                self.cleaned_data[key] = Entered() if one.is_secret else stored.get(name, one.field.initial)

    def _said(self, cls: type) -> dict[str, Any]:
        """What the form says of each setting, valid or not; of a secret, that there will be one."""
        said: dict[str, Any] = {}
        for name, one in schema.declared(cls).items():
            key = PREFIX + name
            if key not in self.fields:
                continue
            value = self.cleaned_data.get(key, self[key].data)
            if one.is_secret:
                value = bool(value.text) or (self.secret_state(name)[0] and not value.is_cleared)
            said[name] = value
        return said

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        for name, field in self.fields.items():
            if isinstance(field, RowsField) and name in self.errors:
                found = [one.params or {} for one in self.errors.as_data()[name]]
                field.widget.wrong = frozenset((one["row"], one["column"]) for one in found if "row" in one)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.schema_class is None:
            return cleaned
        values, secrets = self._values(self.schema_class, cleaned)
        if not any(name.startswith(PREFIX) for name in self.errors):
            self._check_together(self.schema_class, values | secrets, list(secrets.values()))
        return cleaned

    def _values(self, cls: type, cleaned: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        """Plain values as JSON, and secrets as they would be after saving; finds faults on the way."""
        values: dict[str, Any] = {}
        secrets: dict[str, str] = {}
        for name, one in schema.declared(cls).items():
            key = PREFIX + name
            if key not in cleaned:
                continue
            if not one.is_secret:
                values[name] = as_json(cleaned[key])
                self._check_text(key, one, values[name])
                continue
            entered: Entered = cleaned[key]
            problem = self.secret_state(name)[1]
            if problem and entered.is_nothing:
                self.add_error(key, f"{problem} Enter it anew, or clear it.")
                continue
            secrets[name] = entered.text or ("" if entered.is_cleared else self.secret(name))
            if one.field.required and not secrets[name] and schema.is_shown(cls, name, self._said(cls)):
                self.add_error(key, str(one.field.error_messages["required"]))
        return values, secrets

    def _check_text(self, key: str, one: Declared, value: Any) -> None:
        """What every text of a setting must be, whatever its provider checks: one line, and no address inside."""
        if not isinstance(value, str) or not value:
            return
        is_address = isinstance(one.field, forms.URLField) or value.lower().startswith(("http://", "https://"))
        if not isinstance(one.field.widget, forms.Textarea) and _has_line_break(value):
            self.add_error(key, "Remove line breaks and other control characters.")
        elif is_address and (problem := address_problem(value)):
            self.add_error(key, problem)

    def _check_together(self, cls: type, raw: dict[str, Any], secrets: list[str]) -> None:
        """The rules over several settings: the schema's own ``clean``."""
        redactor = Redactor(secrets)
        try:
            self.loaded = schema.load(cls, raw)
        except ValidationError as error:
            by_name = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
            for name, messages in by_name.items():
                key = PREFIX + name if PREFIX + name in self.fields else None
                for message in messages:
                    self.add_error(key, redactor.text(message))

    def save(self, commit: bool = True) -> Any:
        if self.schema_class is not None and self.loaded is not None:
            values: dict[str, Any] = {}
            entered: dict[str, Entered] = {}
            for name, one in schema.declared(self.schema_class).items():
                given = self.cleaned_data[PREFIX + name]
                if not one.is_secret:
                    values[name] = as_json(given)
                elif not given.is_nothing:
                    entered[name] = given
            self.keep(values, entered)
        return super().save(commit)
