"""Keys of storefronts: made here, shown once, revoked, and never deleted: an old log line must still name its key."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from connectors.admin.pills import pill
from connectors.forms.apikey import ApiKeyForm
from connectors.models import ApiKey


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = ApiKeyForm
    list_display = ["name", "begins_with", "state_pill", "scope", "last_used_at", "created_at", "created_by"]
    search_fields = ["name", "prefix"]
    show_full_result_count = False
    actions = None

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.revoke)
        return [path("<int:pk>/revoke/", view, name="connectors_apikey_revoke"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(request, {"title": "API keys", **(extra_context or {})})

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """What a revoked key could do stays as it was."""
        return super().has_change_permission(request, obj) and (obj is None or obj.revoked_at is None)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        return super().get_queryset(request).prefetch_related("connectors")

    def get_fieldsets(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        own = (None, {"fields": ["name", "connectors", "can_read_events", "rate_per_minute"]})
        if obj is None:
            return [own]
        known = ["begins_with", "last_used_at", "created_at", "created_by", "revoked_at", "revoked_by"]
        return [own, ("Known of it", {"fields": known})]

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        known = ["begins_with", "last_used_at", "created_at", "created_by", "revoked_at", "revoked_by"]
        return known if obj else []

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **more: Any) -> HttpResponse:
        if more.get("obj") is None:
            context |= {"title": "Make an API key", "show_save_and_continue": False}
        context["show_save_and_add_another"] = False
        return super().render_change_form(request, context, *args, **more)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if change:
            obj.save(update_fields=["name", "can_read_events", "rate_per_minute"])
            return
        obj.created_by = request.user.get_username()
        request.made_key = obj.make()  # type: ignore[attr-defined]  # lives for this answer only
        obj.save()

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        """Show the key, in this answer and never again: it is kept in no session, cookie or message."""
        context = {
            **self.admin_site.each_context(request), "opts": self.opts, "title": f"API key {obj}", "row": obj,
            "key": request.made_key,  # type: ignore[attr-defined]
        }  # fmt: skip
        response = TemplateResponse(request, "admin/connectors/apikey/made.html", context)
        response["Cache-Control"] = "no-store"
        return response

    def revoke(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not request.user.has_perm("connectors.change_apikey"):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = get_object_or_404(ApiKey, pk=pk)
        if row.revoked_at is None:
            row.revoked_at, row.revoked_by = timezone.now(), request.user.get_username()
            row.save(update_fields=["revoked_at", "revoked_by"])
            self.log_change(request, row, "Revoked.")
            messages.success(request, f"The key of {row} is revoked: calls with it get 401 from now on.")
        return redirect(reverse("admin:connectors_apikey_change", args=[row.pk]))

    @admin.display(description="Begins with")
    def begins_with(self, row: ApiKey) -> str:
        return f"{row.prefix}…"

    @admin.display(description="State", ordering="revoked_at")
    def state_pill(self, row: ApiKey) -> SafeString:
        if row.revoked_at is not None:
            return pill("revoked", "idle", f"By {row.revoked_by}.")
        return pill("in force", "ok") if row.last_used_at else pill("never used", "info")

    @admin.display(description="Connectors")
    def scope(self, row: ApiKey) -> str:
        return ", ".join(one.name for one in row.connectors.all()) or "none"
