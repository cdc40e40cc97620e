"""Related requests: what was asked of a remote and what it answered."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from events import bodies, shown
from events.admin.base import LedgerAdmin
from events.models import Event, RelatedRequest


class RelatedRequestAdmin(LedgerAdmin):
    def get_urls(self) -> list[URLPattern]:  # type: ignore[override]
        return [
            path("", self.view(self.changelist_view), name="events_relatedrequest_changelist"),
            path("<uuid:object_id>/change/", self.view(self.change_view), name="events_relatedrequest_change"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Requests are read on their event's page: there is no list of all of them."""
        return HttpResponseRedirect(reverse("admin:events_event_changelist"))

    def change_view(
        self, request: HttpRequest, object_id: Any, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        exchange = RelatedRequest.objects.filter(pk=object_id).first()
        if exchange is None:
            raise Http404("There is no such request. Perhaps it was older than requests are kept.")
        event = Event.objects.filter(pk=exchange.event_id).first()
        at = event.received_at if event else None
        may_see = request.user.has_perm("events.view_payload")
        sent = bodies.read(exchange.event_id, f"{exchange.pk}:request", at)
        answered = bodies.read(exchange.event_id, f"{exchange.pk}:response", at)
        command = shown.curl(exchange, sent) if may_see else ""
        if not may_see:
            exchange.endpoint = shown.masked_url(exchange.endpoint)
        return self.render(
            request,
            "relatedrequest/page.html",
            f"{exchange.method} request",
            exchange=exchange,
            event=event,
            may_see=may_see,
            sent=shown.body(f"{exchange.pk}:request", sent, may_see=may_see),
            answered=shown.body(f"{exchange.pk}:response", answered, may_see=may_see),
            command=command,
        )
