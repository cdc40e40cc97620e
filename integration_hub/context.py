"""What every page's template may use."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def hub(request: HttpRequest) -> dict[str, Any]:
    return {
        "hub_version": settings.VERSION,
        "hub_mail_to_console": settings.EMAIL_BACKEND.endswith("console.EmailBackend"),
    }
