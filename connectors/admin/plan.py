"""Plans of a connector, edited on its page."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html

from connectors import plans
from connectors.admin.pills import moment, pill
from connectors.admin.state import event_path, provider_of
from connectors.forms import plan as plan_forms
from connectors.models import Connector, Plan
from events.models import Event

DECIDED = "The settings decide."


class PlanInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Plan
    formset = plan_forms.PlanFormSet
    extra = 0
    fields = ["sync", "every_minutes", "is_enabled", "next_run", "last_run", "error"]
    readonly_fields = ["next_run", "last_run", "error"]
    verbose_name = "plan"
    verbose_name_plural = "Plans: synchronizations that run by themselves"

    def get_formset(self, request: HttpRequest, obj: Connector | None = None, **more: Any) -> Any:
        provider = provider_of(obj) if obj else None
        more["form"] = plan_forms.form_for(provider)
        made = super().get_formset(request, obj, **more)
        made.max_num = len(provider.syncs) if provider else 0
        return made

    @admin.display(description="Next run")
    def next_run(self, plan: Plan) -> Any:
        if not plan.pk:
            return "–"
        decided = format_html('<br><span class="muted">{}</span>', DECIDED) if plan_forms.is_decided(plan) else ""
        if not plan.is_enabled:
            return format_html("–{}", decided)
        last = Event.objects.filter(pk=plan.last_event_id).first() if plan.last_event_id else None
        late = plans.why_late(plan, last)
        return format_html("{} {}{}", moment(plan.next_at), pill("late", "warn", late) if late else "", decided)

    @admin.display(description="Last run")
    def last_run(self, plan: Plan) -> Any:
        if plan.last_at is None or plan.last_event_id is None:
            return moment(plan.last_at) if plan.last_at else "never"
        return format_html('<a href="{}">{}</a>', event_path(plan.last_event_id), moment(plan.last_at))
