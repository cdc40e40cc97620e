"""People in the admin: Django's own user pages plus unlocking, and no pages of the machinery beneath the hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from axes.utils import reset
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django_q.models import Failure, OrmQ, Schedule, Success

if TYPE_CHECKING:
    Base = UserAdmin[User]
else:
    Base = UserAdmin


class HubUserAdmin(Base):
    list_display = ("username", "email", "get_groups", "is_active", "last_login")
    show_facets = admin.ShowFacets.NEVER
    list_filter = ("is_active", "is_superuser", "groups")
    actions = ["unlock"]
    list_per_page = 50

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": "People", **(extra_context or {})})

    # Whoever may change people could else make himself, or his password that of, somebody who may do everything.
    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return fields if _is_above_all(request) else (*fields, "is_superuser", "user_permissions")

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or _may_touch(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or _may_touch(request, obj))

    @admin.display(description="groups")
    def get_groups(self, user: User) -> str:
        return ", ".join(group.name for group in user.groups.all())

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    @admin.action(description="Unlock after too many wrong passwords", permissions=["change"])
    def unlock(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        count = sum(reset(username=user.get_username()) for user in queryset)
        messages.success(request, f"Unlocked: {count} failed log-in{'' if count == 1 else 's'} forgotten.")


def _is_above_all(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


def _may_touch(request: HttpRequest, person: User) -> bool:
    return _is_above_all(request) or not person.is_superuser


def tidy(site: Any) -> None:
    """Put our pages in place of the packages' own."""
    for model in (Schedule, Success, Failure, OrmQ, AccessLog, AccessFailureLog, User):
        if site.is_registered(model):
            site.unregister(model)
    site.register(User, HubUserAdmin)
    if site.is_registered(AccessAttempt):
        attempts = site.get_model_admin(AccessAttempt)
        attempts.has_add_permission = lambda request: False
