"""Mappings, one by one: the kinds a connector's provider declares."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q

from connectors import registry
from connectors.models import Connector, Mapping, Route


def kinds_of(connector: Connector) -> dict[str, str]:
    """Kinds of mappings a connector's provider reads, with their labels."""
    try:
        return {kind.name: kind.label for kind in connector.provider.mappings}
    except registry.UnknownProvider:
        return {}


def all_kinds() -> list[tuple[str, list[tuple[str, str]]]]:
    """Kinds by provider, for a choice."""
    return [
        (provider.label, [(kind.name, kind.label) for kind in provider.mappings])
        for provider in registry.all_providers()
        if provider.mappings
    ]


def mappable() -> Any:
    slugs = [provider.slug for provider in registry.all_providers() if provider.mappings]
    return Connector.objects.filter(provider_slug__in=slugs)


class MappingForm(forms.ModelForm):  # type: ignore[type-arg]
    connector = forms.ModelChoiceField(
        Connector.objects.none(), help_text="Whose work needs the translation: for a delivery, its target."
    )
    kind = forms.ChoiceField(label="Kind")
    route = forms.ModelChoiceField(
        Route.objects.select_related("source", "target"),
        required=False,
        help_text="Blank: on every route. Filled in: on this one only, before the general one.",
    )

    class Meta:
        model = Mapping
        fields = ["connector", "kind", "from_value", "to_value", "route", "note"]
        help_texts = {
            "from_value": "As the sender spells it. Capital letters count.",
            "to_value": "As the connector above spells it.",
            "note": "For your colleagues.",
        }

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        connector, kind = self.fields.get("connector"), self.fields.get("kind")
        if isinstance(connector, forms.ModelChoiceField):
            connector.queryset = mappable()
            if self.instance.pk:
                connector.queryset = connector.queryset | Connector.objects.filter(pk=self.instance.connector_id)
        if isinstance(kind, forms.ChoiceField):
            choices: list[Any] = [("", "---------"), *all_kinds()]
            known = {name for _, kinds in all_kinds() for name, _ in kinds}
            for extra in {self.instance.kind, str(self.initial.get("kind") or "")} - {""} - known:
                choices.append((extra, f"{extra} (no longer read)"))
            kind.choices = choices

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        connector, kind, route = (cleaned.get(name) for name in ("connector", "kind", "route"))
        if connector and kind and kind not in kinds_of(connector):
            known = ", ".join(sorted(kinds_of(connector).values())) or "none"
            self.add_error("kind", f"{connector} reads no mappings of this kind. Its kinds: {known}.")
        if connector and route and connector.pk not in {route.source_id, route.target_id}:
            self.add_error("route", f"This route does not touch {connector}.")
        if connector and kind and cleaned.get("from_value") is not None:
            same = Mapping.objects.filter(connector=connector, kind=kind, from_value=cleaned["from_value"], route=route)
            if same.exclude(pk=self.instance.pk).exists():
                self.add_error("from_value", "There is a mapping of this value already; change that one.")
        return cleaned

    def validate_constraints(self) -> None:
        """The sentences of ``clean`` say it; the database has the last word."""


class ImportForm(forms.Form):
    """A table to take over. ``text`` carries it from the preview to the confirmation."""

    connector = forms.ModelChoiceField(queryset=Connector.objects.none(), label="Connector")
    file = forms.FileField(required=False, label="File", help_text="CSV in UTF-8 with the columns kind, from, to; if "
                           "you like also route and note. At most 10,000 rows.")  # fmt: skip
    text = forms.CharField(required=False, widget=forms.HiddenInput, strip=False)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        field = cast("forms.ModelChoiceField[Connector]", self.fields["connector"])
        field.queryset = mappable()

    def clean(self) -> dict[str, Any]:
        from connectors import tables

        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        file = cleaned.get("file")
        if file is not None:
            if file.size > tables.MAX_BYTES:
                raise ValidationError({"file": f"The file is larger than {tables.MAX_BYTES // 1024} KiB; split it."})
            try:
                cleaned["text"] = file.read().decode("utf-8-sig")
            except UnicodeDecodeError:
                raise ValidationError({"file": "The file is not UTF-8; save it as “CSV UTF-8”."}) from None
        if not cleaned.get("text"):
            raise ValidationError({"file": "Choose a file."})
        return cleaned


def routes_of(connector: Connector) -> dict[str, Route]:
    """The routes a mapping of this connector may be limited to, by the text that names them in a table."""
    found = Route.objects.select_related("source", "target").filter(Q(source=connector) | Q(target=connector))
    return {route_name(route): route for route in found}


def route_name(route: Route | None) -> str:
    return f"{route.source.slug} > {route.target.slug}: {route.record_kind}" if route else ""
