"""A storefront's key: its name, what it may ask for. The key itself is made by the hub, never typed."""

from __future__ import annotations

from typing import Any

from django import forms

from connectors.models import ApiKey, Connector


class ApiKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    connectors = forms.ModelMultipleChoiceField(
        queryset=Connector.objects.all(),
        widget=forms.CheckboxSelectMultiple,
        help_text="The only connectors this key may ask.",
        # Never blank: a key for nothing and a key for everything would look alike.
        error_messages={"required": "Choose at least one connector."},
    )

    class Meta:
        model = ApiKey
        fields = ["name", "connectors", "can_read_events", "rate_per_minute"]

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        if "rate_per_minute" in self.fields:
            self.fields["rate_per_minute"].help_text = "Requests a minute. Blank: the hub's default."
