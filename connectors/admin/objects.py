"""The page of one object of a connector: where it is elsewhere, what happened to it, how it was last read.

``/admin/objects/<connector>/<type>/<id>/``; every event and every row of the ledger leads here.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from connectors import registry
from connectors.admin import ask, state
from connectors.models import Connector, Link, LinkState
from events import bodies, listing, objects
from events.admin.page import can_be_retried
from events.models import Event, Kind
from events.text import clean

log = structlog.get_logger(__name__)

FACTS_SHOWN = 60
FACT_LENGTH = 300
LINKS_SHOWN = 100
BODIES_TRIED = 10  # newest events asked for the object as it was read


@dataclass(frozen=True)
class Elsewhere:
    """The object at another system, or where it came from."""

    connector: str
    connector_url: str
    number: str
    page_url: str  # its page in the hub
    outside_url: str  # its page in the other system's own admin
    word: str
    tone: str
    at: datetime
    event_id: int | None
    is_source: bool = False


def path(connector_id: int, object_type: str, object_id: str) -> str:
    """The address of an object's page."""
    return reverse("admin:object", args=[connector_id, object_type, object_id])


def page(request: HttpRequest, site: AdminSite, connector_id: int, object_type: str, object_id: str) -> HttpResponse:
    if not request.user.has_perm("events.view_event"):
        raise PermissionDenied
    object_type, object_id = clean(object_type, 40), clean(object_id, 120)
    connector = Connector.objects.filter(pk=min(connector_id, listing.BIGGEST_ID)).first()
    if connector is None:
        raise Http404("There is no such connector. Its objects went with it; its events can still be searched.")
    older = listing.as_id(request.GET.get("older", ""))
    thing = objects.Thing(
        connector_id=connector.pk, object_type=object_type, object_id=object_id, provider=connector.provider_slug
    )
    events = objects.page(thing, older)
    elsewhere = _elsewhere(request, connector, object_type, object_id)
    if not events.rows and not elsewhere and not events.is_given_up:
        raise Http404("Nothing is known of this object. Perhaps it was older than events are kept.")
    label = next((one.object_label for one in events.rows if one.object_label and one.object_id == object_id), "")
    number = label or next((one.number for one in elsewhere if one.is_source), "") or object_id
    kind = _kind(object_type)
    newest = next((one for one in events.rows if one.connector_id == connector.pk), None)
    may_retry = newest is not None and request.user.has_perm("events.retry_event") and can_be_retried(newest)
    context = {
        **site.each_context(request),
        "title": f"{kind} {number} · {connector}",
        "connector": connector,
        "connector_url": connector.admin_path() if request.user.has_perm("connectors.view_connector") else "",
        "kind": kind,
        "number": number,
        "object_id": object_id,
        "events": events,
        "elsewhere": elsewhere,
        "outside_url": _outside(connector, object_type, object_id),
        "provider": state.provider_of(connector),
        "questions": ask.questions(request.user, connector, object_type, object_id, events.rows),
        "single": _single(request, connector, object_type),
        "retried": newest if may_retry else None,
        "facts": _facts(request, events.rows, connector.pk) if older is None else None,
        "older_query": f"?older={events.older}" if events.older is not None else "",
    }
    return TemplateResponse(request, "admin/objects/page.html", context)


def _kind(object_type: str) -> str:
    known = registry.record_types().get(object_type)
    return known.label if known else object_type.replace("_", " ").capitalize()


def _single(request: HttpRequest, connector: Connector, object_type: str) -> str:
    """The address of “synchronize this”, where the provider has one for such objects and the person may."""
    provider = state.provider_of(connector)
    if provider is None or object_type not in provider.singles:
        return ""
    if not request.user.has_perm("connectors.synchronize_connector"):
        return ""
    return reverse("admin:connectors_connector_single", args=[connector.pk, object_type])


def _outside(connector: Connector, object_type: str, object_id: str) -> str:
    """The object's page in the remote system's own admin; empty where there is none or the settings do not load."""
    provider = state.provider_of(connector)
    if provider is None or provider.object_url is None or not object_id:
        return ""
    try:
        found = provider.object_url(connector.load_settings(), object_type, object_id)
    except Exception:  # a link that cannot be made takes no page away
        log.exception("object_url_failed", connector_id=connector.pk, object_type=object_type)
        return ""
    return found if found.startswith(("https://", "http://")) else ""


def _elsewhere(request: HttpRequest, connector: Connector, object_type: str, object_id: str) -> list[Elsewhere]:
    if not request.user.has_perm("connectors.view_link") or not object_id:
        return []
    # The indexes of ids begin with the connectors: naming all of them lets the database use them.
    all_ids = list(Connector.objects.values_list("pk", flat=True))
    rows = Link.objects.select_related("source", "target")
    out = rows.filter(source=connector, target__in=all_ids, record_kind=object_type, source_object_id=object_id)
    back = rows.filter(target=connector, target_object_id=object_id)
    return [
        *(_target(request, one) for one in out[:LINKS_SHOWN]),
        *(_source(request, one) for one in back[:LINKS_SHOWN]),
    ]


def _target(request: HttpRequest, link: Link) -> Elsewhere:
    is_there = link.state == LinkState.DELIVERED
    return Elsewhere(
        connector=link.target.name,
        connector_url=_connector_url(request, link.target),
        number=link.target_number or link.target_object_id,
        page_url=path(link.target_id, link.record_kind, link.target_object_id) if link.target_object_id else "",
        outside_url=_outside(link.target, link.record_kind, link.target_object_id),
        word="delivered" if is_there else str(link.get_state_display()),
        tone="ok" if is_there else "warn",
        at=link.updated_at,
        event_id=link.last_event_id,
    )


def _source(request: HttpRequest, link: Link) -> Elsewhere:
    return Elsewhere(
        connector=link.source.name,
        connector_url=_connector_url(request, link.source),
        number=link.source_number or link.source_object_id,
        page_url=path(link.source_id, link.record_kind, link.source_object_id),
        outside_url=_outside(link.source, link.record_kind, link.source_object_id),
        word="came from here",
        tone="info",
        at=link.created_at,
        event_id=link.last_event_id,
        is_source=True,
    )


def _connector_url(request: HttpRequest, connector: Connector) -> str:
    return connector.admin_path() if request.user.has_perm("connectors.view_connector") else ""


def _facts(request: HttpRequest, rows: list[Event], connector_id: int) -> dict[str, Any] | None:
    """The members of the object as it was last read that are a plain value; ``None`` where nothing is kept of it."""
    own = [one for one in rows if one.connector_id == connector_id and one.kind != Kind.DELIVERY]
    for event in own[:BODIES_TRIED]:
        content = bodies.read(event.pk, "object", event.received_at)
        if not content:
            continue
        if not request.user.has_perm("events.view_payload"):
            return {"event": event, "is_masked": True, "rows": []}
        return {"event": event, "is_masked": False, "rows": _plain(content)}
    return None


def _plain(content: bytes) -> list[tuple[str, str]]:
    try:
        read = json.loads(content)
    except (ValueError, RecursionError):
        return []
    pairs = read.items() if isinstance(read, dict) else ()
    return [
        (_in_words(str(name)[:80]), _word(value)) for name, value in pairs
        if name != "id" and isinstance(value, str | int | float | bool) and value != ""
    ][:FACTS_SHOWN]  # fmt: skip


def _in_words(name: str) -> str:
    """``confirmationNumber`` and ``confirmation_number`` as people write it."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", " ", name).capitalize()


def _word(value: str | float | bool) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return text if len(text) <= FACT_LENGTH else text[:FACT_LENGTH] + "…"
