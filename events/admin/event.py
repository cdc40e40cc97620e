"""The event list and the event page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from events import bodies, listing, outcomes, shown
from events.admin import page
from events.admin.base import LedgerAdmin
from events.host import host
from events.models import Event, Kind, Outcome, Reason

BULK_LIMIT = 1000  # events of one press


class EventAdmin(LedgerAdmin):
    def get_urls(self) -> list[URLPattern]:  # type: ignore[override]
        return [
            path("", self.view(self.changelist_view), name="events_event_changelist"),
            path("retry/", self.view(require_POST(self.retry), "retry_event"), name="events_event_retry"),
            path("resolve/", self.view(require_POST(self.resolve), "resolve_event"), name="events_event_resolve"),
            path("unresolve/", self.view(require_POST(self.unresolve), "resolve_event"), name="events_event_unresolve"),
            path("<int:object_id>/change/", self.view(self.change_view), name="events_event_change"),
            path("<int:object_id>/live/", self.view(self.live), name="events_event_live"),
            path("<int:object_id>/body/<str:part>/", self.view(self.body, "view_payload"), name="events_event_body"),
        ]

    # --- the list ---------------------------------------------------------------------------------------------------

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        filters = listing.Filters.of(request.GET.dict())
        names = host().connectors()
        found = listing.page(filters)
        return self.render(
            request,
            "event/change_list.html",
            "Events",
            filters=filters,
            page=found,
            older_query=filters.query(older=found.older, newer=None) if found.older is not None else "",
            newer_query=filters.query(newer=found.newer, older=None) if found.newer is not None else "",
            first_query=filters.query(),
            last_day=filters.query(since="24h"),
            cause_off=filters.query(cause=""),
            selects=_selects(filters, names),
            tabs=_tabs(filters),
            is_fresh=not filters.is_narrowed and not Event.objects.exists(),
            may_retry=request.user.has_perm("events.retry_event"),
            may_resolve=request.user.has_perm("events.resolve_event"),
        )

    # --- the page ---------------------------------------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: Any, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        event = _event(object_id)
        context = page.context(request, event)
        return self.render(request, "event/page.html", _title(event), **context)

    def live(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """The parts of the page that change while the event is open."""
        event = _event(object_id)
        context = page.context(request, event, with_bodies=not event.is_open)
        return self.render(request, "event/live.html", _title(event), **context)

    def body(self, request: HttpRequest, object_id: int, part: str) -> HttpResponse:
        """One stored body, whole, as a file of plain text: a browser runs and renders nothing of it."""
        event = _event(object_id)
        content = bodies.read(event.pk, part, event.received_at)
        if content is None:
            raise Http404("Nothing is stored under this name.")
        name = f"event-{event.pk}-{part.replace(':', '-')}"
        kind = shown.file_kind(part, content)
        return HttpResponse(
            content,
            content_type="text/plain; charset=utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="{name}.{kind}"',
                "X-Content-Type-Options": "nosniff",
            },
        )

    # --- what can be done -------------------------------------------------------------------------------------------

    def retry(self, request: HttpRequest) -> HttpResponse:
        ids = _chosen(request)
        count = outcomes.retry(ids, by=request.user.get_username()) if ids else 0
        _say(request, count, len(ids), "queued again", "Only events that failed, were skipped or wait can be retried.")
        return _back(request, ids)

    def resolve(self, request: HttpRequest) -> HttpResponse:
        ids = _chosen(request)
        note = request.POST.get("note", "").strip()[:2000]
        whole = bool(request.POST.get("whole"))
        count = outcomes.resolve(ids, by=request.user.get_username(), note=note, with_older=whole) if ids else 0
        _say(request, count, len(ids), "marked resolved", "Only failures that are still open can be resolved.")
        return _back(request, ids)

    def unresolve(self, request: HttpRequest) -> HttpResponse:
        ids = _chosen(request)
        count = outcomes.unresolve(ids) if ids else 0
        _say(request, count, len(ids), "marked unresolved", "Only failures that are marked resolved can be taken back.")
        return _back(request, ids)


def _event(object_id: Any) -> Event:
    event = Event.objects.filter(pk=object_id).first()
    if event is None:
        raise Http404("There is no such event. Perhaps it was older than events are kept.")
    return event


def _title(event: Event) -> str:
    return f"{event.object_label or event.topic} · event {event.pk}"


def _chosen(request: HttpRequest) -> list[int]:
    # The button of one row means that row, whatever is ticked.
    texts = request.POST.getlist("only") or request.POST.getlist("_selected_action")
    found = [one for text in texts[:BULK_LIMIT] if (one := listing.as_id(text)) is not None]
    return list(dict.fromkeys(found))


def _say(request: HttpRequest, count: int, asked: int, done: str, why_not: str) -> None:
    if not asked:
        messages.warning(request, "No event was chosen. Tick the events first.")
        return
    if count:
        messages.success(request, f"{count} event{' was' if count == 1 else 's were'} {done}.")
    if count < asked:
        left = asked - count
        messages.warning(request, f"{left} event{' was' if left == 1 else 's were'} left alone. {why_not}")


def _back(request: HttpRequest, ids: list[int]) -> HttpResponseRedirect:
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        return HttpResponseRedirect(target)
    if len(ids) == 1:
        return HttpResponseRedirect(reverse("admin:events_event_change", args=ids))
    return HttpResponseRedirect(reverse("admin:events_event_changelist"))


def _selects(filters: listing.Filters, names: Mapping[int, str]) -> list[dict[str, Any]]:
    """The filters with their declared choices: none of them asks the ledger."""
    topics = [(topic, topic) for topic in host().topics()]
    if filters.topic and (filters.topic, filters.topic) not in topics:
        topics.append((filters.topic, filters.topic))
    connectors: list[tuple[Any, str]] = list(names.items())
    if filters.connector is not None and filters.connector not in names:
        connectors.append((filters.connector, f"connector {filters.connector}"))
    declared: tuple[tuple[str, str, Any], ...] = (
        ("connector", "Connector", connectors),
        ("outcome", "Outcome", Outcome.choices),
        ("reason", "Reason", Reason.choices),
        ("kind", "Kind", Kind.choices),
        ("topic", "Topic", topics),
        ("resolved", "Failures", (("no", "open"), ("yes", "resolved"))),
        ("since", "Received", (("1h", "last hour"), ("24h", "last 24 hours"), ("7d", "last 7 days"))),
    )
    return [
        {
            "name": name,
            "label": label,
            "value": getattr(filters, name),
            "choices": [(value, str(text), value == getattr(filters, name)) for value, text in choices],
        }
        for name, label, choices in declared
    ]


def _tabs(filters: listing.Filters) -> list[dict[str, Any]]:
    """The questions asked most, one click each; they keep connector, topic, kind and time."""
    wanted = (
        ("All", {"outcome": "", "resolved": ""}),
        ("Open failures", {"outcome": "", "resolved": "no"}),
        ("Waiting", {"outcome": "waiting", "resolved": ""}),
        ("Running", {"outcome": "running", "resolved": ""}),
        ("Skipped", {"outcome": "skipped", "resolved": ""}),
        ("Succeeded", {"outcome": "succeeded", "resolved": ""}),
    )
    return [
        {
            "label": label,
            "query": filters.query(**members, reason="", cause=""),
            "is_current": all(getattr(filters, name) == value for name, value in members.items()),
        }
        for label, members in wanted
    ]
