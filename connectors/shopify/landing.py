"""The app's page in the shop's admin: how this connector is. Nothing can be changed here; that is the hub's own admin.

https://shopify.dev/docs/apps/build/admin (API 2026-10, checked 2026-11-20).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse

from connectors import notices
from connectors.base import Endpoint
from connectors.shopify import topics, visitors, watched
from connectors.shopify.settings_webhooks import BY_APP
from connectors.shopify.signing import READING_MAX_AGE_S
from events.progress import open_failures

if TYPE_CHECKING:
    from connectors.run import Run


def show(run: Run, request: HttpRequest) -> HttpResponse:
    """Raises ``WebhookRejected`` for whoever proves nothing. Opened outside the shop's admin, an embedded app's page
    leads back into it."""
    visitor = visitors.proven(run, request, max_age_s=READING_MAX_AGE_S)
    if not visitor.is_embedded and visitor.host and run.settings.is_embedded and run.settings.client_id:
        response = HttpResponse(status=302)
        response["Location"] = f"https://{visitor.host}/apps/{run.settings.client_id}"
        response["Cache-Control"] = "no-store"
        return response
    connector = run.connector
    context = {
        "connector": connector,
        "failures": open_failures(connector.pk),
        "webhooks": _webhooks(run),
        "warnings": notices.of([connector.pk]).get(connector.pk, []),
    }
    return visitors.page(run, "app", context, is_embedded=visitor.is_embedded)


def _webhooks(run: Run) -> tuple[str, str]:
    """(tone, words)."""
    if run.settings.subscriptions_by == BY_APP:
        return "info", "in the app's configuration"
    known = watched.known(run)
    if not known:
        return "warn", "not checked yet"
    lacking = [one.name for one in topics.wanted_by(run) if not known.get(one.name, {}).get("is_present")]
    return ("bad", f"missing: {', '.join(lacking)}") if lacking else ("ok", f"all {len(known)} in place")


ENDPOINTS = {"app": Endpoint(function=show, label="The app's page in the shop's admin")}
