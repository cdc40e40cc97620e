"""The checklist of a connector: assumptions of the hub, and who confirmed them. Administrators confirm, others read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from connectors import confirming
from connectors.confirming import CHANGED, CONFIRMED, OPEN, UNUSED, Item
from connectors.models import Connector

NAME = "connectors_connector_checklist"
STATES = {
    OPEN: ("open", "warn"),
    CHANGED: ("value changed", "warn"),
    CONFIRMED: ("confirmed", "ok"),
    UNUSED: ("not in use", "idle"),
}
FILTERS = {"": "All", "open": "Open", "confirmed": "Confirmed"}


def path_of(connector_id: int) -> str:
    return reverse(f"admin:{NAME}", args=[connector_id])


def page(request: HttpRequest, site: AdminSite, connector: Connector) -> HttpResponse:
    """Show the list, or (``POST``) confirm or take back one row."""
    if not request.user.has_perm("connectors.view_connector"):
        raise PermissionDenied
    if request.method == "POST":
        return _change(request, connector)
    if request.method != "GET":
        return HttpResponseNotAllowed(["GET", "POST"])
    found = confirming.items(connector)
    done, total = confirming.progress(found)
    shown = request.GET.get("show", "")
    if shown not in FILTERS:
        shown = ""
    wanted = [one for one in found if not shown or _is(one, shown)]
    context = {
        **site.each_context(request),
        "title": "Checklist",
        "connector": connector,
        "help_page": f"connectors/{connector.provider_slug}",
        "done": done,
        "total": total,
        "filters": [(key, label, sum(not key or _is(one, key) for one in found)) for key, label in FILTERS.items()],
        "shown": shown,
        "groups": _grouped(wanted),
        "questions": confirming.questions(connector, found),
        "may_confirm": request.user.has_perm("connectors.change_connector"),
    }
    return TemplateResponse(request, "admin/connectors/connector/checklist.html", context)


def _is(item: Item, shown: str) -> bool:
    return item.state == CONFIRMED if shown == "confirmed" else item.state in (OPEN, CHANGED)


def _grouped(found: Iterable[Item]) -> list[tuple[str, list[dict[str, Any]]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for one in found:
        word, tone = STATES[one.state]
        rows = groups.setdefault(one.group or "Of the vendor's interface", [])
        rows.append({"item": one, "word": word, "tone": tone})
    return list(groups.items())


def _change(request: HttpRequest, connector: Connector) -> HttpResponse:
    if not request.user.has_perm("connectors.change_connector"):
        raise PermissionDenied
    by, name = str(request.user.get_username()), request.POST.get("name", "")[:200].replace("\x00", "")
    try:
        if "take_back" in request.POST:
            item = confirming.take_back(connector, name, by=by)
            said = f"Took back that “{item.label}” is confirmed."
        else:
            seen, note = request.POST.get("digest", ""), request.POST.get("note", "")
            item = confirming.confirm(connector, name, seen, note, by=by)
            said = f"Confirmed “{item.label}” ({item.value or 'no setting'}): {note.strip()[:200]}"
    except confirming.NotConfirmed as error:
        messages.error(request, str(error))
        return redirect(_back(request, connector, name))
    LogEntry.objects.log_actions(int(request.user.pk or 0), [connector], CHANGE, said, single_object=True)
    messages.success(request, said)
    return redirect(_back(request, connector, name))


def _back(request: HttpRequest, connector: Connector, name: str) -> str:
    shown = request.POST.get("show", "")
    query = f"?show={shown}" if shown in FILTERS and shown else ""
    return f"{path_of(connector.pk)}{query}#{Item(name, '', '', '').anchor if not query else 'list'}"
