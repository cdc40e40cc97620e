"""Who calls: a storefront with an API key, or a member of staff with the session of the admin.

A key is found by the index over its SHA-256 hash. Nothing is compared byte by byte, so there is no timing to listen to:
whoever learns how far a lookup in the index went has learnt about a hash, and the key has 256 random bits.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from connectors.models import ApiKey

REALM = 'Bearer realm="Integration Hub"'
SCHEMES = {"bearer", "api-key"}
# Unknown and revoked keys get the same sentence: nobody learns that a key was once good.
REFUSED = "The API key is unknown or revoked."

TOUCHED_EVERY = timedelta(minutes=1)
# The condition is looked at under the row's lock: of two processes at once only one writes.
_TOUCH = (
    "UPDATE connectors_apikey SET last_used_at = now() WHERE id = %s "
    "AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')"
)


class ApiClient:
    """The authenticated storefront. Not a user of the admin: it has no permissions and no groups."""

    is_authenticated = True
    is_anonymous = False
    is_active = True
    is_staff = False

    def __init__(self, key: ApiKey) -> None:
        self.key = key
        self.pk = f"key:{key.pk}"

    def __str__(self) -> str:
        return f"API key {self.key.name}"

    def get_username(self) -> str:
        return str(self)


class ApiKeyAuthentication(BaseAuthentication):
    """``Authorization: Bearer hub_...``, or ``Authorization: Api-Key hub_...``."""

    def authenticate(self, request: Request) -> tuple[ApiClient, ApiKey] | None:
        """The client of the key; ``None`` where the header names no scheme of ours. Raises ``AuthenticationFailed``."""
        scheme, _, given = get_authorization_header(request).decode("latin-1").strip().partition(" ")
        if scheme.lower() not in SCHEMES:
            return None
        key = ApiKey.objects.filter(hash=ApiKey.digest(given.strip())).first()
        if key is None or key.revoked_at is not None:
            raise AuthenticationFailed(REFUSED)
        if key.last_used_at is None or timezone.now() - key.last_used_at > TOUCHED_EVERY:
            touch(key)
        return ApiClient(key), key

    def authenticate_header(self, request: Request) -> str:
        return REALM


def touch(key: ApiKey) -> bool:
    """Note that the key was used, at most once a minute over all processes; true if this call wrote it."""
    with connection.cursor() as cursor:
        cursor.execute(_TOUCH, [key.pk])
        return bool(cursor.rowcount)


class StaffSession(SessionAuthentication):
    """The session of a logged-in member of staff; unsafe methods need the CSRF token."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        found = super().authenticate(request)
        return found if found and found[0].is_staff else None


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = ApiKeyAuthentication
    name = "ApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "hub_...",
            "description": "A key made on the page API keys of the admin. It reaches the connectors it was given.",
        }


class StaffSessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = StaffSession
    name = "StaffSession"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "The session of the admin. POST also needs the header X-CSRFToken.",
        }
