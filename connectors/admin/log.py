"""The log of a connector: a tab for each flow, one row for each transaction, and what can be done about it.

``/admin/connectors/connector/<pk>/log/``. The actions are those of the event list, which answer for them.
"""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from connectors import flows
from connectors.admin import state
from connectors.models import Connector
from events import transactions
from events.admin.page import can_be_retried

NAME = "connectors_connector_log"


def path(connector: Connector) -> str:
    return reverse(f"admin:{NAME}", args=[connector.pk])


def page(request: HttpRequest, site: AdminSite, connector: Connector) -> HttpResponse:
    if not request.user.has_perm("events.view_event"):
        raise PermissionDenied
    asked = transactions.Asked.of(request.GET.dict())
    found = flows.of(state.provider_of(connector), transactions.types(connector.pk))
    counts = transactions.errors(connector.pk, {kind for flow in found for kind in flow.kinds})
    tabs = [
        {"flow": flow, "errors": min(sum(counts.get(kind, 0) for kind in flow.kinds), transactions.COUNT_LIMIT + 1)}
        for flow in found
    ]
    chosen = next((flow for flow in found if flow.name == asked.flow), found[0])
    rows = transactions.page(connector.pk, chosen.kinds, asked)
    context = {
        **site.each_context(request),
        "title": f"Log of {connector}",
        "connector": connector,
        "connector_url": connector.admin_path() if request.user.has_perm("connectors.view_connector") else "",
        "asked": asked,
        "flow": chosen,
        "errors": next(tab["errors"] for tab in tabs if tab["flow"] is chosen),
        "errors_query": asked.query(errors="only", hide="resolved"),
        "tabs": [
            {
                **tab,
                "query": asked.query(flow=tab["flow"].name),  # type: ignore[attr-defined]
                "is_current": tab["flow"] is chosen,
            }
            for tab in tabs
        ],
        "page": rows,
        "rows": [{"event": one, "may_be_retried": can_be_retried(one)} for one in rows.rows],
        "older_query": asked.query(older=rows.older) if rows.older is not None else "",
        "first_query": asked.query(),
        "clear_query": f"?flow={chosen.name}",
        "may_retry": request.user.has_perm("events.retry_event"),
        "may_resolve": request.user.has_perm("events.resolve_event"),
    }
    return TemplateResponse(request, "admin/connectors/connector/log.html", context)
