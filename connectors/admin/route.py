"""Routes: which records go from which connector to which, with the options their target declares."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from connectors import figures, plans, registry
from connectors.admin import figure
from connectors.admin.pills import pill
from connectors.exceptions import ConfigurationError
from connectors.forms import generated, reading
from connectors.forms import route as route_forms
from connectors.forms.menu import menu
from connectors.models import Connector, Route


@admin.register(Route)
class RouteAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["way", "records", "state_pill"]
    list_display_links = ["way"]
    list_select_related = ["source", "target"]
    list_filter = [
        "is_enabled", ("source", admin.RelatedOnlyFieldListFilter), ("target", admin.RelatedOnlyFieldListFilter),
    ]  # fmt: skip
    search_fields = ["source__name", "target__name"]
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    actions = ["enable", "disable"]

    def get_form(self, request: HttpRequest, obj: Route | None = None, change: bool = False, **more: Any) -> Any:
        if obj is None:
            more["form"] = route_forms.RouteAddForm
        elif self.has_change_permission(request, obj):
            more["form"] = route_forms.form_for(obj)
        return super().get_form(request, obj, change=change, **more)

    def get_fieldsets(self, request: HttpRequest, obj: Route | None = None) -> Any:
        if obj is None:
            return [(None, {"fields": ["source", "record_kind", "target"]})]
        own = (None, {"fields": ["source", "records", "target", "is_enabled"]})
        accept = route_forms.accept_of(obj.target, obj.record_kind)
        if accept is None or accept.options is None:
            return [own]
        if not self.has_change_permission(request, obj):
            return [own, ("Options", {"fields": ["options_shown"]})]
        groups = generated.fieldsets(accept.options)
        return [own, *(("Options" if name == "Connection" else name, more) for name, more in groups)]

    def get_readonly_fields(self, request: HttpRequest, obj: Route | None = None) -> Any:
        return ["source", "records", "target", "options_shown"] if obj else []

    def response_add(self, request: HttpRequest, obj: Route, post_url_continue: str | None = None) -> HttpResponse:
        accept = route_forms.accept_of(obj.target, obj.record_kind)
        if accept is not None and accept.options is not None and "_addanother" not in request.POST:
            posted = request.POST.copy()
            posted["_continue"] = "1"
            request.POST = posted  # type: ignore[assignment]
        return super().response_add(request, obj, post_url_continue)

    def save_model(self, request: HttpRequest, obj: Route, form: Any, change: bool) -> None:
        obj.save(update_fields=["is_enabled", "options"] if change else None)
        _changed([obj])

    def delete_model(self, request: HttpRequest, obj: Route) -> None:
        super().delete_model(request, obj)
        _changed([obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Route]) -> None:
        routes = list(queryset)
        super().delete_queryset(request, queryset)
        _changed(routes)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **more: Any) -> HttpResponse:
        route = more.get("obj")
        if route is None:
            context |= {"title": "Make a route", "show_save_and_continue": False, "show_save_and_add_another": False}
        else:
            context["title"], context["subtitle"] = f"{self.way(route)}: {self.records(route)}", None
            context["show_save_and_add_another"] = False
            context["state"] = _state(route)
            context["figures_path"] = figure.path(route) if request.user.has_perm("connectors.view_figure") else ""
            context["problem_count"] = figures.count_problems(route.pk) if context["figures_path"] else 0
        context["settings_menu"] = menu(context["adminform"], context["inline_admin_formsets"])
        return super().render_change_form(request, context, *args, **more)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        more = {"title": "Routes", "has_two": Connector.objects.count() > 1}
        return super().changelist_view(request, more | (extra_context or {}))

    @admin.display(description="Route", ordering="source__name")
    def way(self, route: Route) -> str:
        return f"{route.source} → {route.target}"

    @admin.display(description="Records", ordering="record_kind")
    def records(self, route: Route) -> str:
        kind = registry.record_types().get(route.record_kind)
        return kind.label if kind else route.record_kind

    @admin.display(description="State", ordering="is_enabled")
    def state_pill(self, route: Route) -> SafeString:
        word, tone, sentence = _state(route)
        return pill(word, tone, sentence)

    @admin.display(description="Options")
    def options_shown(self, route: Route) -> str:
        accept = route_forms.accept_of(route.target, route.record_kind)
        if accept is None or accept.options is None:
            return "–"
        groups = reading.shown(accept.options, route.options, {})
        return "\n".join(f"{one.label}: {one.value}" for _, settings in groups for one in settings)

    @admin.action(description="Enable the chosen routes", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Route]) -> None:
        done = 0
        for route in queryset.select_related("source", "target"):
            try:
                route.load_options()
            except (ConfigurationError, registry.UnknownProvider) as error:
                self.message_user(request, f"{route} stays off: {error}", messages.ERROR)
                continue
            self._set(request, route, True)
            done += 1
        if done:
            self.message_user(request, f"Enabled: {done}.", messages.SUCCESS)

    @admin.action(description="Disable the chosen routes", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Route]) -> None:
        for route in queryset.select_related("source", "target"):
            self._set(request, route, False)
        self.message_user(request, "Disabled: their deliveries are skipped, as not routed.", messages.SUCCESS)

    def _set(self, request: HttpRequest, route: Route, value: bool) -> None:
        route.is_enabled = value
        route.save(update_fields=["is_enabled"])
        _changed([route])
        self.log_change(request, route, "Enabled." if value else "Disabled.")


def _changed(routes: Iterable[Route]) -> None:
    """What depends on routes (which deliveries are asked for) is looked at again at once."""
    plans.bring_forward({one for route in routes for one in (route.source_id, route.target_id)})


def _state(route: Route) -> tuple[str, str, str]:
    """(word, tone, sentence)."""
    try:
        route.load_options()
    except (ConfigurationError, registry.UnknownProvider) as error:
        return "options missing" if not route.options else "options unusable", "bad", str(error)
    if not route.is_enabled:
        return "disabled", "idle", "Its deliveries are skipped."
    return "enabled", "ok", ""
