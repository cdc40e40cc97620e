"""Installing a connector, in two steps: which provider under which name, then the settings that provider declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.html import format_html

from connectors import crypto, registry
from connectors.base import Provider
from connectors.exceptions import ConfigurationError
from connectors.forms import generated
from connectors.forms.remarks import Remarks
from connectors.forms.widgets import Entered
from connectors.models import Connector
from connectors.schema import Declared


def receivers(text: str) -> list[str]:
    """The addresses of a receiver setting. Raises ``ValidationError`` naming the first that is none."""
    found = [one.strip() for one in text.replace(";", ",").split(",") if one.strip()]
    for one in found:
        try:
            validate_email(one)
        except ValidationError:
            raise ValidationError(f"“{one}” is not an e-mail address.", code="email") from None
    return found


JOINERS = "\u200c\u200d"  # within words of some languages, and within emoji


def one_line(text: str) -> str:
    """A name as it stands in subjects of mails, in log lines and in sentences. Raises ``ValidationError`` for what a
    reader cannot see: line breaks, marks that turn the direction of the text."""
    if any(not one.isprintable() and one not in JOINERS for one in text):
        raise ValidationError("Remove line breaks and other characters that cannot be seen.", code="unseen")
    return " ".join(text.split())


class ConnectorAddForm(forms.ModelForm):  # type: ignore[type-arg]
    """The first page."""

    provider_slug = forms.ChoiceField(
        label="Provider", widget=forms.RadioSelect, help_text="The remote system. It cannot be changed later."
    )

    class Meta:
        model = Connector
        fields = ["provider_slug", "name", "slug"]

    def clean_name(self) -> str:
        return one_line(self.cleaned_data["name"])

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        field = cast(forms.ChoiceField, self.fields["provider_slug"])
        field.choices = [
            (one.slug, format_html('<strong>{}</strong> <span class="help">{}</span>', one.label, one.description))
            for one in registry.all_providers()
        ]


class ConnectorForm(generated.GeneratedForm):
    """The second page: name, mail and retention, and the settings of the connector's provider."""

    typed_secrets: frozenset[str] = frozenset()  # those that change with this form
    remarks: Remarks | None = None

    class Meta:
        model = Connector
        fields = [
            "name", "slug", "email_sender", "email_receiver", "retention_success_days", "retention_failure_days",
        ]  # fmt: skip

    def stored(self) -> Mapping[str, Any]:
        settings: Mapping[str, Any] = self.instance.settings
        return settings

    def secret_state(self, name: str) -> tuple[bool, str]:
        try:
            return bool(self.instance.secret(name)), ""
        except crypto.UndecryptableSecret as error:
            return True, str(error)

    def secret(self, name: str) -> str:
        try:
            return str(self.instance.secret(name))
        except crypto.UndecryptableSecret:
            return ""  # an empty one is what a cleared secret becomes; ``secret_state`` tells the other case

    def remark(self, name: str, one: Declared, help_text: Any) -> Any:
        self.remarks = self.remarks or Remarks(self.instance)
        return self.remarks.below(name, one, self.initial.get(generated.PREFIX + name), help_text)

    def clean_name(self) -> str:
        return one_line(self.cleaned_data["name"])

    def clean_email_receiver(self) -> str:
        return ", ".join(receivers(self.cleaned_data.get("email_receiver") or ""))

    def _check_together(self, cls: type, raw: dict[str, Any], secrets: list[str]) -> None:
        super()._check_together(cls, raw, secrets)
        if self.loaded is not None and self.instance.pk:
            self._check_changes()

    def _check_changes(self) -> None:
        """What the provider does not let be changed any more. Stored settings that cannot be read bind nobody."""
        may_change = self.instance.provider.may_change
        if may_change is None:
            return
        try:
            stored = Connector.objects.get(pk=self.instance.pk).load_settings()
        except ConfigurationError:
            return
        for name, why in may_change(self.instance, stored, self.loaded).items():
            self.add_error(generated.PREFIX + name if generated.PREFIX + name in self.fields else None, why)

    def keep(self, values: dict[str, Any], entered: dict[str, Entered]) -> None:
        self.instance.settings = values
        self.typed_secrets = frozenset(entered)
        for name, one in entered.items():
            self.instance.set_secret(name, one.text)


def form_for(provider: Provider | None) -> type[ConnectorForm]:
    """The form class of one provider's connectors; without one (its code is gone) only the columns."""
    if provider is None:
        return ConnectorForm
    fields: dict[str, Any] = generated.form_fields(provider.settings)
    return type("ConnectorForm", (ConnectorForm,), {"schema_class": provider.settings, **fields})
