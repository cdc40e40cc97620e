"""A storefront's key: its name, what it may ask for. The key itself is made by the hub, never typed."""

from __future__ import annotations

from typing import Any

from django import forms

from connectors.models import ApiKey


class ApiKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = ApiKey
        fields = ["name", "connectors", "can_read_events", "rate_per_minute"]
        widgets = {"connectors": forms.CheckboxSelectMultiple}
        help_texts = {"connectors": "The only connectors this key may ask."}

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        if "connectors" in self.fields:
            self.fields["connectors"].required = True  # a key for nothing and a key for everything look alike
            self.fields["connectors"].error_messages["required"] = "Choose at least one connector."
        if "rate_per_minute" in self.fields:
            self.fields["rate_per_minute"].help_text = "Requests a minute. Blank: the hub's default."
