"""The admin site: Django's own, under the hub's name, with a home page, a command search and preferences."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path


class HubAdminSite(AdminSite):
    site_header = "Integration Hub"
    site_title = "Integration Hub"
    index_title = "Overview"
    site_url = None
    enable_nav_sidebar = False  # the hub's own sidebar is in its place

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [
            path("preferences/", self.admin_view(self.preferences), name="preferences"),
            path(
                "objects/<int:connector_id>/<str:object_type>/<path:object_id>/",
                self.admin_view(self.object),
                name="object",
            ),
            path("help/", self.admin_view(self.help), name="help_index"),
            path("help/images/<path:name>", self.admin_view(self.help_image), name="help_image"),
            path("help/<path:name>/", self.admin_view(self.help), name="help"),
            path("find/", self.admin_view(self.find), name="find"),
            *super().get_urls(),
        ]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        from integration_hub import home

        context = {**self.each_context(request), "title": self.index_title, "subtitle": None, **home.context(request)}
        request.current_app = self.name  # type: ignore[attr-defined]
        return TemplateResponse(request, "admin/index.html", {**context, **(extra_context or {})})

    def preferences(self, request: HttpRequest) -> HttpResponse:
        from integration_hub import preferences

        return preferences.page(request, self.each_context(request))

    def object(self, request: HttpRequest, connector_id: int, object_type: str, object_id: str) -> HttpResponse:
        from connectors.admin import objects

        return objects.page(request, self, connector_id, object_type, object_id)

    def help(self, request: HttpRequest, name: str = "") -> HttpResponse:
        from integration_hub import handbook

        return handbook.page(request, self, name) if name else handbook.index(request, self)

    def help_image(self, request: HttpRequest, name: str) -> HttpResponseBase:
        from integration_hub import handbook

        return handbook.image(request, name)

    def find(self, request: HttpRequest) -> HttpResponse:
        from integration_hub import finding

        return finding.answer(request)
