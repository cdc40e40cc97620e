"""What the ledger's pages share: they are read-only, and paged without a count."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = admin.ModelAdmin

LIST_LIMIT = 200  # rows of the short lists: families, rejections


def page_of(name: str, *args: Any) -> str:
    """An address, empty where no such page is installed."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def connector_page(connector_id: int | None) -> str:
    return page_of("admin:connectors_connector_change", connector_id) if connector_id else ""


class LedgerAdmin(Base):
    """Nobody adds, changes or deletes here; who may view the model may open its pages."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def view(self, function: Callable[..., HttpResponse], permission: str = "") -> Callable[..., HttpResponse]:
        """A page of this admin: logged in, may view the model, and has ``permission`` if one is named."""

        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not self.has_view_permission(request):
                raise PermissionDenied
            if permission and not request.user.has_perm(f"events.{permission}"):
                raise PermissionDenied
            return function(request, *args, **kwargs)

        return self.admin_site.admin_view(checked)

    def render(self, request: HttpRequest, template: str, title: str, **context: Any) -> TemplateResponse:
        return TemplateResponse(
            request,
            f"admin/events/{template}",
            {**self.admin_site.each_context(request), "opts": self.opts, "title": title, **context},
        )
