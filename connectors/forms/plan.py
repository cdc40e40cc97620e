"""A plan of a connector: which of its provider's syncs runs how often."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from connectors.base import Provider
from connectors.models import Plan
from connectors.plans import next_start
from connectors.registry import UnknownProvider


class PlanForm(forms.ModelForm):  # type: ignore[type-arg]
    sync = forms.ChoiceField(label="Synchronization")
    every_minutes = forms.IntegerField(label="Every, minutes", min_value=1, max_value=60 * 24 * 31)

    class Meta:
        model = Plan
        fields = ["sync", "every_minutes", "is_enabled"]

    def save(self, commit: bool = True) -> Any:
        """A new rhythm counts from now, and never makes the next run later than it would have been."""
        plan: Plan = self.instance
        soonest = next_start(plan, timezone.now())
        if plan.pk is None or (self.has_changed() and plan.next_at > soonest):
            plan.next_at = soonest
        return super().save(commit)


class PlanFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """Its table has one head for all rows, and shows no help: each field says itself whose it is, and what of it."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        labels = dict(form.fields["sync"].choices) if "sync" in form.fields else {}
        plan = labels.get(form.instance.sync, form.instance.sync) or "new plan"
        for name, field in form.fields.items():
            if not field.widget.is_hidden:
                label = f"{field.label or name.capitalize()}: {plan}"
                field.widget.attrs["aria-label"] = f"{label}. {field.help_text}" if field.help_text else label
                field.help_text = ""


def is_decided(plan: Plan) -> bool:
    """Whether the connector's settings decide a plan's rhythm, and not this form."""
    try:
        sync = plan.connector.provider.syncs.get(plan.sync)
    except UnknownProvider:
        return False
    return sync is not None and sync.every is not None


def form_for(provider: Provider | None) -> type[PlanForm]:
    """Choices are the provider's syncs; a plan whose sync is gone keeps its word, so that it can be deleted."""
    choices = [(name, sync.label) for name, sync in provider.syncs.items()] if provider else []
    free = [(name, sync.label) for name, sync in provider.syncs.items() if sync.every is None] if provider else []

    class Form(PlanForm):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            own = [(self.instance.sync, f"{self.instance.sync} (gone)")] if self.instance.sync else []
            if self.instance.pk and is_decided(self.instance):
                for name in ("sync", "every_minutes", "is_enabled"):
                    self.fields[name].disabled = True
                self.fields["every_minutes"].help_text = "The connector's settings decide."
            field = self.fields.get("sync")
            if isinstance(field, forms.ChoiceField):
                known = {name for name, _ in choices}
                offered = choices if self.instance.pk else free  # the settings make the others themselves
                field.choices = offered + [one for one in own if one[0] not in known]

    return Form
