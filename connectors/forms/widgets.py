"""Widgets of generated forms: secrets that are written and never shown, JSON that is readable."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString


class Entered(NamedTuple):
    """What a person did to a secret: typed a new one, ticked *Clear*, both (an error) or nothing (it is kept)."""

    text: str = ""
    is_cleared: bool = False

    @property
    def is_nothing(self) -> bool:
        return not self.text and not self.is_cleared

    def __repr__(self) -> str:  # a traceback prints local values
        return f"Entered(text={'***' if self.text else ''!r}, is_cleared={self.is_cleared})"


class SecretInput(forms.PasswordInput):
    """A password input that never carries a value, with a *Clear* box beside it where something is stored.

    ``is_multiline``: a text area, for keys of several lines, which a password input would join into one.
    """

    def __init__(self, attrs: dict[str, Any] | None = None, *, is_multiline: bool = False) -> None:
        super().__init__(attrs, render_value=False)
        self.is_multiline = is_multiline
        self.is_stored = False
        self.problem = ""

    def clear_name(self, name: str) -> str:
        return f"{name}-clear"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        made = {**(attrs or {}), "autocomplete": "new-password", "spellcheck": "false", "autocapitalize": "off"}
        made["placeholder"] = "stored; type to replace it" if self.is_stored else ""
        made.pop("required", None)  # blank keeps what is stored
        return super().get_context(name, None, made)

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        context = self.get_context(name, None, attrs)
        context |= {
            "is_multiline": self.is_multiline,
            "is_stored": self.is_stored,
            "problem": self.problem,
            "clear_name": self.clear_name(name),
        }
        return render_to_string("admin/connectors/widgets/secret.html", context)

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Entered:
        text = str(data.get(name) or "")
        return Entered(text, bool(data.get(self.clear_name(name))))

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return name not in data and self.clear_name(name) not in data


class JsonTextarea(forms.Textarea):
    """JSON with indentation; nothing where there is none (and not the word null)."""

    def format_value(self, value: Any) -> str | None:
        text: str | None = super().format_value(value)
        try:
            parsed = json.loads(text or "null")
        except ValueError:
            return text  # as it was typed, to be corrected
        return "" if parsed is None else json.dumps(parsed, indent=2, ensure_ascii=False)
