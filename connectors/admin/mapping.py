"""Mappings: what a value of one system is called in the other. One by one, or as a table."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from connectors import registry, tables
from connectors.forms.mapping import ImportForm, MappingForm, mappable
from connectors.models import Connector, Mapping


class ConnectorFilter(admin.SimpleListFilter):
    title = "connector"
    parameter_name = "connector"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(one.pk), one.name) for one in mappable()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Mapping]) -> QuerySet[Mapping]:
        value = self.value()
        return queryset.filter(connector_id=int(value)) if value and value.isdigit() else queryset


class KindFilter(admin.SimpleListFilter):
    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        kinds = {kind.name: kind.label for provider in registry.all_providers() for kind in provider.mappings}
        return sorted(kinds.items(), key=lambda one: one[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Mapping]) -> QuerySet[Mapping]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Mapping)
class MappingAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = MappingForm
    list_display = ["from_value", "to_value", "kind_label", "connector", "route", "note"]
    list_filter = [ConnectorFilter, KindFilter]
    list_select_related = ["connector", "route__source", "route__target"]
    search_fields = ["from_value", "to_value", "note"]
    search_help_text = "Either side of a mapping, or its note"
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 100

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("import/", view(self.import_view), name="connectors_mapping_import"),
            path("export/", view(self.export_view), name="connectors_mapping_export"),
            *super().get_urls(),
        ]

    @admin.display(description="Kind", ordering="kind")
    def kind_label(self, mapping: Mapping) -> str:
        try:
            kinds = {kind.name: kind.label for kind in mapping.connector.provider.mappings}
        except registry.UnknownProvider:
            kinds = {}
        return kinds.get(mapping.kind, f"{mapping.kind} (no longer read)")

    def may_import(self, request: HttpRequest) -> bool:
        return self.has_add_permission(request) and self.has_change_permission(request)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        more = {"may_import": self.may_import(request), "has_mappable": mappable().exists()}
        return super().changelist_view(request, {"title": "Mappings", **(extra_context or {}), **more})

    def export_view(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """What the list shows with the same filters, all of it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        wanted, kind, text = (request.GET.get(name, "") for name in ("connector", "kind", "q"))
        rows = Mapping.objects.select_related("connector", "route__source", "route__target")
        if wanted.isdigit():
            rows = rows.filter(connector_id=int(wanted))
        if kind:
            rows = rows.filter(kind=kind)
        if text:
            rows = rows.filter(Q(from_value__icontains=text) | Q(to_value__icontains=text) | Q(note__icontains=text))
        ordered = rows.order_by("connector__slug", "kind", "from_value", "pk")
        response = StreamingHttpResponse(tables.lines(ordered.iterator(2000)), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="mappings.csv"'
        response["Cache-Control"] = "no-store"
        return response

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Choose a table, see what it would change, apply it."""
        if not self.may_import(request):
            raise PermissionDenied
        chosen = {"connector": request.GET.get("connector")}
        form = ImportForm(request.POST or None, request.FILES or None, initial=chosen)
        preview: tables.Preview | None = None
        if request.method == "POST" and form.is_valid():
            connector: Connector = form.cleaned_data["connector"]
            text: str = form.cleaned_data["text"]
            if "apply" in request.POST:
                preview = tables.apply(connector, text)
                if preview.is_usable:
                    self._tell(request, connector, preview)
                    return redirect(f"../?connector={connector.pk}")
            else:
                preview = tables.read(connector, text)
        context = {
            **self.admin_site.each_context(request), "opts": self.opts, "title": "Import mappings", "form": form,
            "preview": preview, "text": form.cleaned_data.get("text", "") if preview else "",
            "connector": form.cleaned_data.get("connector") if preview else None,
        }  # fmt: skip
        return TemplateResponse(request, "admin/connectors/mapping/import.html", context)

    def _tell(self, request: HttpRequest, connector: Connector, preview: tables.Preview) -> None:
        counts = f"{len(preview.new)} new, {len(preview.changed)} changed, {preview.unchanged} as before"
        text = f"Imported mappings: {counts}."
        self.log_change(request, connector, text)
        messages.success(request, text)
