"""The command search: the events a number belongs to, for the box that opens with ``/``."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, JsonResponse
from django.urls import reverse

from connectors.admin.pills import absolute
from events import listing
from integration_hub.tags import tone

SHOWN = 8


def answer(request: HttpRequest) -> JsonResponse:
    """``{"events": [...], "all": address of the whole list}``."""
    if not request.user.has_perm("events.view_event"):
        raise PermissionDenied
    asked = request.GET.get("q", "").strip()
    found = listing.found(asked, limit=SHOWN) if asked else []
    return JsonResponse(
        {
            "events": [
                {
                    "url": reverse("admin:events_event_change", args=[event.pk]),
                    "label": event.object_label or event.topic,
                    "about": f"{event.topic} · {event.connector_name} · {absolute(event.received_at)}",
                    "outcome": event.get_outcome_display(),
                    "tone": tone(event.outcome),
                }
                for event in found
            ],
            "all": reverse("admin:events_event_changelist"),
        }
    )
