"""The ledger: which object of one system is which document of another. Read-only; deleting a row is a decision."""

from __future__ import annotations

from functools import cached_property
from typing import Any, cast

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from connectors import registry
from connectors.admin.objects import path
from connectors.admin.pills import ago, pill
from connectors.admin.state import event_path
from connectors.models import Connector, Link, LinkState

PAGES_LIMIT = 10_000  # rows counted for paging: nobody leafs further, and counting millions costs


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts up to a limit only; older rows are found by searching."""

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Link]", self.object_list)
        return rows.order_by()[:PAGES_LIMIT].values("pk").count()


class KindFilter(admin.SimpleListFilter):
    title = "records"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind, one.label) for kind, one in registry.record_types().items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Link]) -> QuerySet[Link]:
        return queryset.filter(record_kind=self.value()) if self.value() else queryset


class _SideFilter(admin.SimpleListFilter):
    column = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(one.pk), one.name) for one in Connector.objects.only("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Link]) -> QuerySet[Link]:
        value = self.value()
        return queryset.filter(**{self.column: int(value)}) if value and value.isdigit() else queryset


class SourceFilter(_SideFilter):
    title, parameter_name, column = "source", "source", "source_id"


class TargetFilter(_SideFilter):
    title, parameter_name, column = "target", "target", "target_id"


@admin.register(Link)
class LinkAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = [
        "source_shown", "record_kind", "source", "target", "target_shown", "state_pill", "updated", "event",
    ]  # fmt: skip
    list_display_links = ["updated"]  # the object itself leads to the page of the object
    list_filter = [KindFilter, SourceFilter, TargetFilter]
    list_select_related = ["source", "target"]
    search_fields = ["source_number"]  # turns the box on; ``get_search_results`` does the search
    search_help_text = "A number or id of either system, exactly"
    ordering = ["-id"]
    sortable_by = ()
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = BoundedPaginator
    list_per_page = 50
    actions = None
    fields = (
        "record_kind", "source_shown", "source", "source_number", "source_object_id", "source_version", "target", "target_number",
        "target_object_id", "state", "sent_hash", "event", "created_at", "updated_at",
    )  # fmt: skip
    readonly_fields = fields

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(request, {"title": "Ledger of deliveries", **(extra_context or {})})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Link | None = None) -> bool:
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Link], search_term: str
    ) -> tuple[QuerySet[Link], bool]:
        """Exact, so that each part uses an index; with and without the # that people put before an order's number."""
        text = search_term.strip()[:120].replace("\x00", "")
        if not text:
            return queryset, False
        variants = sorted({text, text.lstrip("#"), f"#{text.lstrip('#')}"})
        connectors = list(Connector.objects.values_list("pk", flat=True))
        kinds = list(registry.record_types())
        # The indexes of ids begin with the connector: naming all of them lets the database use them.
        return queryset.filter(
            Q(source_number__in=variants)
            | Q(target_number__in=variants)
            | Q(source__in=connectors, target__in=connectors, record_kind__in=kinds, source_object_id__in=variants)
            | Q(target__in=connectors, target_object_id__in=variants)
        ), False

    @admin.display(description="Object")
    def source_shown(self, link: Link) -> SafeString:
        page = path(link.source_id, link.record_kind, link.source_object_id)
        return format_html('<a href="{}">{}</a>', page, link.source_number or link.source_object_id)

    @admin.display(description="Document there")
    def target_shown(self, link: Link) -> str:
        return link.target_number or link.target_object_id or "–"

    @admin.display(description="State")
    def state_pill(self, link: Link) -> SafeString:
        return pill(link.get_state_display(), "ok" if link.state == LinkState.DELIVERED else "warn")

    @admin.display(description="Updated")
    def updated(self, link: Link) -> SafeString:
        return ago(link.updated_at)

    @admin.display(description="Last event")
    def event(self, link: Link) -> Any:
        if link.last_event_id is None:
            return "–"
        return format_html('<a href="{}">event {}</a>', event_path(link.last_event_id), link.last_event_id)
