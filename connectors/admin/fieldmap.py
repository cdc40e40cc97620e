"""The field map of a connector, edited beside what its reader makes of the answers stored last.

For any provider that declares ``field_map_preview``: its map is the setting ``field_map``, its answers are those of its
lookups. A preview asks nobody and stores nothing. Stored answers may name persons, so they need their own permission.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.sites import AdminSite
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from connectors import registry, schema
from connectors.base import Lookup, Preview, Provider
from connectors.exceptions import ConfigurationError
from connectors.models import Connector
from events import bodies
from events.models import Event, Kind, RelatedRequest

SETTING = "field_map"
TEXT_LIMIT = 100_000  # characters of an entered map
SHOWN_LIMIT = 20_000  # characters of an answer or of data on the page
EVENTS_BACK = 50  # how far back an answer is looked for


@dataclass(frozen=True)
class Stored:
    """The last answer of one lookup that came with status 200."""

    event_id: int
    at: Any
    request: bytes
    answer: bytes


@dataclass(frozen=True)
class Part:
    """One lookup on the page: its stored answer and what the reader makes of it."""

    label: str
    topic: str
    stored: Stored | None = None
    answer: str = ""
    data: str = ""
    is_cut: bool = False
    is_usable: bool = True
    notes: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def event_path(self) -> str:
        return reverse("admin:events_event_change", args=[self.stored.event_id]) if self.stored else ""


def last_answer(connector: Connector, topic: str) -> Stored | None:
    """The newest stored answer of a lookup with status 200, also one that could not be read: then a map may help."""
    found = Event.objects.filter(connector_id=connector.pk, topic=topic, kind=Kind.LOOKUP).order_by("-id")
    events = {event.pk: event for event in found.only("id", "received_at")[:EVENTS_BACK]}
    answered = RelatedRequest.objects.filter(event_id__in=list(events), status=200).order_by("-requested_at")
    for one in answered.only("id", "event_id", "requested_at")[:5]:
        at = events[one.event_id].received_at
        answer = bodies.read(one.event_id, f"{one.pk}:response", at)
        if answer:
            request = bodies.read(one.event_id, f"{one.pk}:request", at) or b""
            return Stored(one.event_id, one.requested_at, request, answer)
    return None


def part_of(provider: Provider, settings: Any, lookup: Lookup, stored: Stored | None) -> Part:
    """What the provider's reader makes of a stored answer with these settings."""
    if stored is None or provider.field_map_preview is None:
        return Part(lookup.label, lookup.topic)
    try:
        found: Preview = provider.field_map_preview(settings, lookup.topic, stored.request, stored.answer)
    except Exception as error:  # an answer nobody thought of must not hide the others
        found = Preview(errors=[f"The reader failed on this answer ({type(error).__name__})."], is_usable=False)
    answer, data = _pretty(stored.answer), "" if found.data is None else _json(found.data)
    return Part(
        lookup.label, lookup.topic, stored, answer[:SHOWN_LIMIT], data[:SHOWN_LIMIT],
        is_cut=max(len(answer), len(data)) > SHOWN_LIMIT, is_usable=found.is_usable,
        notes=list(found.notes), errors=list(found.errors),
    )  # fmt: skip


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def _pretty(content: bytes) -> str:
    try:
        return _json(json.loads(content))
    except (ValueError, RecursionError):
        return content[: SHOWN_LIMIT * 4].decode("utf-8", "replace")


def cleaned(provider: Provider, text: str) -> Any:
    """The entered map as the setting's own field takes it. Raises ``ValidationError``."""
    if len(text) > TEXT_LIMIT:
        raise ValidationError(f"The map has more than {TEXT_LIMIT:,} characters.")
    return schema.declared(provider.settings)[SETTING].field.clean(text.strip() or None)


def save(connector: Connector, value: Any, user_id: int) -> None:
    """Store the map in the row as it is now, and in the history of changes. Raises ``ValidationError`` where the
    settings as a whole would no longer load."""
    with transaction.atomic():
        row = Connector.objects.select_for_update().get(pk=connector.pk)
        row.settings = {**row.settings, SETTING: value}
        schema.load(row.provider.settings, row.raw_settings())
        row.save(update_fields=["settings", "updated_at"])
        LogEntry.objects.log_actions(user_id, [row], CHANGE, "Changed the field map.", single_object=True)


def page(request: HttpRequest, admin_site: AdminSite, connector: Connector) -> HttpResponse:
    """Show, preview (``POST`` with ``preview``) or save (``POST`` with ``save``) the map."""
    if not request.user.has_perm("connectors.change_connector"):
        raise PermissionDenied
    provider = _provider(connector)
    problems: list[str] = []
    try:
        settings = connector.load_settings()
    except ConfigurationError as error:
        messages.error(request, f"{error.sentence} {error.next_step}")
        return redirect(connector.admin_path())
    current = getattr(settings, SETTING)
    text = _json(current) if current else ""
    if request.method == "POST":
        text = request.POST.get("text", "")
        try:
            value = cleaned(provider, text)
            settings = replace(settings, **{SETTING: value})
            if "save" in request.POST:
                save(connector, value, int(request.user.pk or 0))
                messages.success(request, "The field map is saved. The next answer is read with it.")
                return redirect(request.path)
        except ValidationError as error:
            problems = list(error.messages)
    may_see = request.user.has_perm("events.view_payload")
    context = {
        **admin_site.each_context(request), "title": f"Field map: {connector}", "opts": Connector._meta,
        "connector": connector, "text": text, "problems": problems, "may_see": may_see,
        "is_preview": request.method == "POST" and not problems,
        "parts": [part_of(provider, settings, one, last_answer(connector, one.topic)) for one in provider.lookups]
        if may_see and not problems else [],
    }  # fmt: skip
    return TemplateResponse(request, "admin/connectors/connector/field_map.html", context)


def _provider(connector: Connector) -> Provider:
    try:
        provider = connector.provider
    except registry.UnknownProvider as error:
        raise Http404 from error
    if provider.field_map_preview is None:
        raise Http404("This provider has no field map.")
    return provider
