"""``/api/v1/events``: what happened. For staff with the admin's session, and for keys that may read events of their own
connectors, without payloads. Retrying is for staff only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from connectors.api import questions
from connectors.api.keys import ApiClient, ApiKeyAuthentication, StaffSession
from connectors.api.openapi import form_parameters, problem_responses
from connectors.api.problems import Problem, not_found, of_status
from connectors.api.shapes import EventDetail, EventPage, EventRow, Retried
from connectors.api.views import NO_SUCH_CONNECTOR, ApiView
from connectors.models import Connector
from events import outcomes
from events.models import Event, Outcome, SearchKey
from events.search import fold

PAGE = 50
LARGEST_PAGE = 200
CHILDREN = 200  # of one event that are listed
REQUESTS = 200
LARGEST_ID = 2**63 - 1
NUMBER = OpenApiParameter("id", int, OpenApiParameter.PATH, description="The event's number.")


class EventQuery(forms.Form):
    """What a list of events may be narrowed to."""

    number = forms.CharField(required=False, max_length=200, help_text="Any number a customer quotes, exactly.")
    connector = forms.SlugField(required=False, max_length=60, help_text="A connector's name in addresses.")
    outcome = forms.ChoiceField(required=False, choices=Outcome.choices, help_text="What became of it.")
    before = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=LARGEST_ID,
        help_text="Events older than this one: next_before of a page.",
    )
    limit = forms.IntegerField(
        required=False, min_value=1, max_value=LARGEST_PAGE, initial=PAGE, help_text="How many at most."
    )


class EventView(ApiView):
    """Base: who may see which events."""

    authentication_classes: Any = [ApiKeyAuthentication, StaffSession]

    def visible(self, request: Request) -> QuerySet[Event]:
        """The events this caller may see. Raises the ``Problem`` 403 where that is none."""
        client: Any = request.user
        if isinstance(client, ApiClient):
            if not client.key.can_read_events:
                raise Problem(403, "forbidden", "This key may not read events.")
            return Event.objects.filter(connector_id__in=list(client.key.connectors.values_list("pk", flat=True)))
        if not client.has_perm("events.view_event"):
            raise of_status(403)
        return Event.objects.all()

    def context(self, request: Request) -> dict[str, Any]:
        client: Any = request.user
        is_staff = not isinstance(client, ApiClient)
        return {
            "slugs": dict(Connector.objects.values_list("pk", "slug")),
            "is_staff": is_staff,
            "sees_payload": is_staff and client.has_perm("events.view_payload"),
        }

    def one(self, request: Request, number: int) -> Event:
        """The event of a number in an address. Raises the ``Problem`` 404, for a foreign one too."""
        found = self.visible(request).filter(pk=number).first() if number <= LARGEST_ID else None
        if found is None:
            raise not_found("There is no such event, or not for this key.")
        return found


class EventListView(EventView):
    http_method_names = ["get"]

    @extend_schema(
        operation_id="list_events",
        summary="List events",
        description="Newest first, a page at a time.",
        tags=["Events"],
        parameters=form_parameters(EventQuery),
        responses={200: EventPage, **problem_responses(400, 401, 403, 404, 429)},
    )
    def get(self, request: Request) -> HttpResponse:
        events = self.visible(request)
        asked = questions.checked(EventQuery, questions.from_query(request._request.GET, EventQuery))
        if asked["connector"]:
            events = events.filter(connector_id=self._connector(request, asked["connector"]))
        if asked["outcome"]:
            events = events.filter(outcome=asked["outcome"])
        if asked["before"]:
            events = events.filter(pk__lt=asked["before"])
        if asked["number"]:
            events = events.filter(pk__in=SearchKey.objects.filter(value=fold(asked["number"])).values("event_id"))
        found = list(events.order_by("-pk")[: asked["limit"] + 1])
        page, more = found[: asked["limit"]], len(found) > asked["limit"]
        rows = EventRow(page, many=True, context=self.context(request)).data
        return Response({"events": rows, "next_before": str(page[-1].pk) if more else None})

    def _connector(self, request: Request, slug: str) -> int:
        client: Any = request.user
        connectors = client.key.connectors if isinstance(client, ApiClient) else Connector.objects
        found = connectors.filter(slug=slug).values_list("pk", flat=True).first()
        if found is None:
            raise not_found(NO_SUCH_CONNECTOR)
        return int(found)


class EventDetailView(EventView):
    http_method_names = ["get"]

    @extend_schema(
        operation_id="read_event",
        summary="Read an event",
        description="An event with its related requests, children and search keys.",
        tags=["Events"],
        parameters=[NUMBER],
        responses={200: EventDetail, **problem_responses(401, 403, 404, 429)},
    )
    def get(self, request: Request, id: int) -> HttpResponse:
        event = self.one(request, id)
        visible = self.visible(request)
        context = self.context(request) | {
            "parent": visible.filter(pk=event.parent_id).first() if event.parent_id else None,
            "children": visible.filter(parent_id=event.pk).order_by("pk")[:CHILDREN],
            "requests": self._requests(request, event),
        }
        return Response(EventDetail(event, context=context).data)

    def _requests(self, request: Request, event: Event) -> Any:
        client: Any = request.user
        if not isinstance(client, ApiClient) and not client.has_perm("events.view_relatedrequest"):
            return []
        return event.requests.order_by("requested_at")[:REQUESTS]


class EventRetryView(EventView):
    http_method_names = ["post"]

    @extend_schema(
        operation_id="retry_event",
        summary="Retry an event",
        description="Queue a failed, skipped or waiting event once more. For staff with the permission, not for keys.",
        tags=["Events"],
        parameters=[NUMBER],
        request=None,
        auth=[{"StaffSession": []}],  # type: ignore[list-item]
        responses={202: Retried, **problem_responses(401, 403, 404, 409)},
    )
    def post(self, request: Request, id: int) -> HttpResponse:
        client: Any = request.user
        if isinstance(client, ApiClient) or not client.has_perm("events.retry_event"):
            raise Problem(403, "forbidden", "Retrying needs the session of somebody who may retry events.")
        event = self.one(request, id)
        if not outcomes.retry([event.pk], by=client.get_username()):
            event.refresh_from_db(fields=["outcome"])
            raise Problem(409, "not_retryable", f"The event is {event.get_outcome_display()}; it cannot be retried.")
        return Response({"id": str(event.pk), "outcome": Outcome.QUEUED.value}, status=202)
