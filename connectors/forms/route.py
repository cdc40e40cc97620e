"""A route in two steps: from where to where, then the options its target declares for such records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError

from connectors import registry, schema
from connectors.base import Accept, Provider
from connectors.forms import generated
from connectors.forms.remarks import Remarks
from connectors.forms.widgets import Entered
from connectors.models import Connector, Route
from connectors.schema import Declared


def provider_of(connector: Connector) -> Provider | None:
    try:
        return connector.provider
    except registry.UnknownProvider:
        return None


def accept_of(target: Connector, record_kind: str) -> Accept | None:
    """How the target takes records of a kind, ``None`` where it does not."""
    provider = provider_of(target)
    return next((a for t, a in provider.accepts.items() if t.kind == record_kind), None) if provider else None


def kinds_emitted(connector: Connector) -> dict[str, str]:
    provider = provider_of(connector)
    return {t.kind: t.label for t in provider.emits} if provider else {}


def kinds_accepted(connector: Connector) -> dict[str, str]:
    provider = provider_of(connector)
    return {t.kind: t.label for t in provider.accepts} if provider else {}


def _listing(labels: Mapping[str, str]) -> str:
    return ", ".join(sorted(f"{label.lower()}s" for label in labels.values())) or "nothing"


class RouteAddForm(forms.ModelForm):  # type: ignore[type-arg]
    """The first page. Only connectors that send, kinds that somebody sends, connectors that receive are offered."""

    source = forms.ModelChoiceField(Connector.objects.none(), help_text="Where the records come from.")
    record_kind = forms.ChoiceField(label="Records")
    target = forms.ModelChoiceField(
        Connector.objects.none(), help_text="Where each of them is delivered, as an event of its own."
    )

    class Meta:
        model = Route
        fields = ["source", "record_kind", "target"]

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        connectors = list(Connector.objects.all())
        senders = {one.pk: kinds_emitted(one) for one in connectors}
        takers = {one.pk: kinds_accepted(one) for one in connectors}
        source = cast("forms.ModelChoiceField[Connector]", self.fields["source"])
        target = cast("forms.ModelChoiceField[Connector]", self.fields["target"])
        kind = cast(forms.ChoiceField, self.fields["record_kind"])
        source.queryset = Connector.objects.filter(pk__in=[pk for pk, kinds in senders.items() if kinds])
        target.queryset = Connector.objects.filter(pk__in=[pk for pk, kinds in takers.items() if kinds])
        known = {k: label for kinds in senders.values() for k, label in kinds.items()}
        kind.choices = [("", "---------"), *sorted(known.items(), key=lambda one: one[1])]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        source, target, kind = (cleaned.get(name) for name in ("source", "target", "record_kind"))
        if not (source and target and kind):
            return cleaned
        if source == target:
            self.add_error("target", "A route leads from one connector to another; choose a different target.")
        sent, taken = kinds_emitted(source), kinds_accepted(target)
        if kind not in sent:
            self.add_error("record_kind", f"{source} does not send such records; it sends {_listing(sent)}.")
        if kind not in taken:
            self.add_error("target", f"{target} does not take such records; it takes {_listing(taken)}.")
        if Route.objects.filter(source=source, target=target, record_kind=kind).exists():
            raise ValidationError("This route exists already: a second one would deliver everything twice.")
        return cleaned

    def validate_unique(self) -> None:
        """The sentence of ``clean`` says it."""

    def validate_constraints(self) -> None:
        """The sentences of ``clean`` say it; the database has the last word."""

    def save(self, commit: bool = True) -> Any:
        """Without options of its own it is in force at once; else it waits for the second page."""
        route: Route = self.instance
        accept = accept_of(route.target, route.record_kind)
        route.is_enabled = accept is None or accept.options is None or can_do_without(accept.options)
        return super().save(commit)


def can_do_without(options: type) -> bool:
    """Whether the defaults of an options schema are a usable whole."""
    try:
        schema.load(options, {})
    except ValidationError:
        return False
    return True


class RouteForm(generated.GeneratedForm):
    """The second page."""

    remarks: Remarks | None = None

    class Meta:
        model = Route
        fields = ["is_enabled"]

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        # A route that waited for its options is meant to be in force once it has them.
        if self.schema_class and not self.instance.options and "is_enabled" in self.fields:
            self.initial["is_enabled"] = True

    def remark(self, name: str, one: Declared, help_text: Any) -> Any:
        self.remarks = self.remarks or Remarks(self.instance.target, f"route:{self.instance.pk}:")
        return self.remarks.below(name, one, self.initial.get(generated.PREFIX + name), help_text)

    def stored(self) -> Mapping[str, Any]:
        options: Mapping[str, Any] = self.instance.options
        return options

    def keep(self, values: dict[str, Any], entered: dict[str, Entered]) -> None:
        self.instance.options = values


def form_for(route: Route) -> type[RouteForm]:
    accept = accept_of(route.target, route.record_kind)
    if accept is None or accept.options is None:
        return RouteForm
    if schema.secret_names(accept.options):
        raise TypeError("options of a route cannot hold secrets: they are stored in clear")
    fields: dict[str, Any] = generated.form_fields(accept.options)
    return type("RouteForm", (RouteForm,), {"schema_class": accept.options, **fields})
