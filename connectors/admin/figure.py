"""Figures with problems: which stock level or price a target does not hold, and why. Read-only, with one action: try
them again. Fit for a million figures: only those with a problem are looked at, by an index of their own."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from connectors import figures, registry
from connectors.admin.link import BoundedPaginator
from connectors.models import Figure, Route

PROBLEM = ~Q(problem="")


def path(route: Route) -> str:
    """The list of one route's problems; empty for a route that carries no figures."""
    kind = registry.record_types().get(route.record_kind)
    if kind is None or not hasattr(kind, "read"):
        return ""
    return f"{reverse('admin:connectors_figure_changelist')}?route={route.pk}"


class RouteFilter(admin.SimpleListFilter):
    title = "route"
    parameter_name = "route"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        kinds = [kind for kind, one in registry.record_types().items() if hasattr(one, "read")]
        routes = Route.objects.select_related("source", "target").filter(record_kind__in=kinds)
        return [(str(route.pk), str(route)) for route in routes]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Figure]) -> QuerySet[Figure]:
        value = self.value()
        return queryset.filter(route_id=int(value)) if value and value.isdigit() else queryset


@admin.register(Figure)
class FigureAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["key", "what_is_wrong", "place", "wanted", "sent_shown", "route"]
    list_display_links = None
    list_filter = [RouteFilter]
    list_select_related = ["route__source", "route__target"]
    search_fields = ["key", "place", "problem"]
    search_help_text = "Part of a SKU, a place or a kind of problem"
    ordering = ["-id"]
    sortable_by = ()
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = BoundedPaginator
    list_per_page = 100
    actions = ["try_again"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Figure]:
        return super().get_queryset(request).filter(PROBLEM)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(request, {"title": "Figures with problems", **(extra_context or {})})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Figure | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Figure | None = None) -> bool:
        return False

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("events.retry_event")

    @admin.display(description="What is wrong")
    def what_is_wrong(self, figure: Figure) -> str:
        return figure.sentence

    @admin.display(description="Sent last")
    def sent_shown(self, figure: Figure) -> str:
        return figure.sent if figure.sent is not None else "never"

    @admin.action(description="Send the chosen figures again with the next run", permissions=["retry"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[Figure]) -> None:
        ids = list(queryset.values_list("pk", flat=True)[: figures.BLOCK])
        figures.try_again(ids)
        messages.success(request, f"{len(ids):,} will be sent with the route's next run.")
