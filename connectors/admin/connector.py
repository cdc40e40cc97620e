"""Installing, configuring, watching and removing connectors."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator

from connectors import known, notices, plans, registry
from connectors.admin import state
from connectors.admin.actions import ConnectorActions
from connectors.admin.helping import with_help
from connectors.admin.overview import overview
from connectors.admin.panels import left_behind
from connectors.admin.pills import ago, pill
from connectors.admin.plan import PlanInline
from connectors.forms import connector as connector_forms
from connectors.forms import generated
from connectors.forms.menu import menu
from connectors.models import Connector, Link, Mapping, Plan, Route
from events.listing import as_id

# What the form may change: the rest of the row belongs to workers and to the buttons.
COLUMNS = (
    "name", "slug", "email_sender", "email_receiver", "retention_success_days", "retention_failure_days", "settings",
    "secrets", "updated_at",
)  # fmt: skip


SANDBOX = mark_safe('<span class="chip chip--sandbox">sandbox</span>')


@admin.register(Connector)
class ConnectorAdmin(ConnectorActions, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["name", "provider_label", "state_pill", "success", "failure", "failures_open"]
    list_per_page = 200
    search_fields = ["name", "slug"]
    show_full_result_count = False
    actions = None  # deleting asks more than a list can say
    inlines = [PlanInline]
    save_on_top = False

    # --- the list -------------------------------------------------------------------------------------------------
    def get_queryset(self, request: HttpRequest) -> QuerySet[Connector]:
        return super().get_queryset(request).defer("memory")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(request, {"title": "Connectors", **(extra_context or {})})

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Breakers and failures of the whole page at once, not row by row."""
        made = super().get_changelist_instance(request)
        rows = list(made.result_list)
        breakers = state.breakers_of([row.pk for row in rows])
        failures = state.open_failures([row.pk for row in rows])
        warnings = notices.of([row.pk for row in rows])
        for row in rows:
            row.state_shown = state.state_of(row, breakers.get(row.pk), warnings.get(row.pk, ()))
            row.failures_shown = failures.get(row.pk, 0)
        made.result_list = rows
        return made

    @admin.display(description="Provider", ordering="provider_slug")
    def provider_label(self, connector: Connector) -> Any:
        provider = state.provider_of(connector)
        label = provider.label if provider else connector.provider_slug
        return format_html("{} {}", label, SANDBOX) if connector.is_sandbox else label

    @admin.display(description="State")
    def state_pill(self, connector: Connector) -> SafeString:
        shown: state.State = connector.state_shown  # type: ignore[attr-defined]
        return pill(shown.word, shown.tone, shown.sentence)

    @admin.display(description="Last success", ordering="last_success_at")
    def success(self, connector: Connector) -> Any:
        return ago(connector.last_success_at) if connector.last_success_at else "never"

    @admin.display(description="Last failure", ordering="last_failure_at")
    def failure(self, connector: Connector) -> Any:
        at = connector.last_failure_at
        if at is None:
            return "never"
        text = Truncator(connector.last_failure).chars(140)
        return format_html('{} <span class="muted nowrap">{}</span>', text, ago(at))

    @admin.display(description="Failures open")
    def failures_open(self, connector: Connector) -> Any:
        number: int = connector.failures_shown  # type: ignore[attr-defined]
        if not number:
            return "0"
        path = f"{state.events_path(connector.pk)}&outcome=failed"
        return format_html('<a href="{}">{}</a>', path, pill(state.counted(number), "bad"))

    # --- the page -------------------------------------------------------------------------------------------------
    def get_form(self, request: HttpRequest, obj: Connector | None = None, change: bool = False, **more: Any) -> Any:
        if obj is None:
            more["form"] = connector_forms.ConnectorAddForm
        else:
            provider = state.provider_of(obj)
            more["form"] = connector_forms.form_for(provider) if self.has_change_permission(request, obj) else self.form
        return super().get_form(request, obj, change=change, **more)

    def get_fieldsets(self, request: HttpRequest, obj: Connector | None = None) -> Any:
        if obj is None:
            return [(None, {"fields": ["provider_slug", "name", "slug"]})]
        own = [
            ("Name", {"fields": ["name", "slug"]}),
            ("Error e-mail", {"fields": ["email_sender", "email_receiver"]}),
            ("Retention", {"fields": ["retention_success_days", "retention_failure_days"], "classes": ["collapse"]}),
        ]
        provider = state.provider_of(obj)
        if provider is None or not self.has_change_permission(request, obj):
            return own  # people who may only look see the settings as a table, above
        return [own[0], *with_help(generated.fieldsets(provider.settings), provider.slug), *own[1:]]

    def get_prepopulated_fields(self, request: HttpRequest, obj: Connector | None = None) -> dict[str, Any]:
        return {"slug": ["name"]} if obj is None else {}

    def get_inlines(self, request: HttpRequest, obj: Connector | None) -> Any:
        provider = state.provider_of(obj) if obj else None
        return super().get_inlines(request, obj) if provider and provider.syncs else []

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **more: Any) -> HttpResponse:
        connector = more.get("obj") or context.get("original")
        if connector is None:
            context["title"] = "Install a connector"
            context["help_pages"] = [(one.label, f"connectors/{one.slug}") for one in registry.all_providers()]
            context["show_save_and_add_another"] = context["show_save_and_continue"] = False
        elif context.get("errors"):
            name = Connector.objects.values_list("name", flat=True).get(pk=connector.pk)  # not the one just typed
            context |= {"title": f"Settings of {name}", "subtitle": None, "show_save_and_add_another": False}
        else:
            context["overview"] = overview(connector, request.user, request.GET.get("tab", ""))
            context["show_save_and_add_another"] = False
        context["settings_menu"] = menu(context["adminform"], context["inline_admin_formsets"])
        return super().render_change_form(request, context, *args, **more)

    def response_add(self, request: HttpRequest, obj: Connector, post_url_continue: str | None = None) -> HttpResponse:
        """Go on with the second page, as Django does with a new user."""
        if "_addanother" not in request.POST:
            posted = request.POST.copy()
            posted["_continue"] = "1"
            request.POST = posted  # type: ignore[assignment]
        return super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Connector) -> HttpResponse:
        """Back to the connector: what follows settings is testing them."""
        if "_continue" in request.POST:
            return super().response_change(request, obj)
        self.message_user(request, f"The settings of {obj} are saved. Test the connection now.", messages.SUCCESS)
        return redirect(obj.admin_path() + "?tab=overview")

    def save_model(self, request: HttpRequest, obj: Connector, form: Any, change: bool) -> None:
        if not change:
            obj.save()
            return
        # Secrets nobody typed are taken from the row as it is now: they may have been encrypted anew meanwhile.
        stored = Connector.objects.select_for_update().get(pk=obj.pk)
        form.is_first_time = not stored.settings and not stored.secrets
        typed = form.typed_secrets
        obj.secrets = {
            **{name: value for name, value in stored.secrets.items() if name not in typed},
            **{name: value for name, value in obj.secrets.items() if name in typed},
        }
        obj.save(update_fields=COLUMNS)
        known.forget()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """With a connector's first settings come the plans its provider suggests; each starts one interval from now, but
        for those that arrange what else depends on the settings: they start at once, and again with each change."""
        super().save_related(request, form, formsets, change)
        connector = form.instance
        if getattr(form, "is_first_time", False) and not connector.plans.exists():
            plans.make_default_plans(connector)
            for plan in connector.plans.all():
                plan.next_at = timezone.now() + timedelta(minutes=plan.every_minutes)
                plan.save(update_fields=["next_at"])
        plans.follow_settings(connector)
        if change:
            plans.bring_forward([connector.pk])

    # --- deleting -------------------------------------------------------------------------------------------------
    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Counts instead of Django's list of every row: a ledger may have millions."""
        counts: dict[str, int] = {}
        for connector in objs:
            for label, number in (
                ("routes", Route.objects.filter(Q(source=connector) | Q(target=connector)).count()),
                ("mappings", Mapping.objects.filter(connector=connector).count()),
                ("plans", Plan.objects.filter(connector=connector).count()),
                ("confirmations", connector.confirmations.count()),
                ("rows of the ledger", _ledger(connector)),
            ):
                counts[label] = counts.get(label, 0) + number
        needed = set() if self.has_delete_permission(request) else {str(self.opts.verbose_name)}
        shown = {label: state.counted(number) for label, number in counts.items()}
        return [str(one) for one in objs], shown, needed, []

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        number = as_id(object_id)
        waiting = 0 if number is None else state.waiting_events([number]).get(number, 0)
        found = None if number is None else Connector.objects.filter(pk=number).first()
        remains = left_behind(found) if found is not None else []
        more = {"waiting": waiting, "waiting_text": state.counted(waiting), "remains": remains}
        return super().delete_view(request, object_id, extra_context={**(extra_context or {}), **more})


def _ledger(connector: Connector) -> int:
    """Counted up to a limit: the page says "or more" from there on."""
    out = Link.objects.filter(source=connector).values("pk")[: state.COUNT_LIMIT].count()
    return min(out + Link.objects.filter(target=connector).values("pk")[: state.COUNT_LIMIT].count(), state.COUNT_LIMIT)
