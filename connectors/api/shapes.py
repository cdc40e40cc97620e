"""What the API says of an event: the serializers, which the OpenAPI document is made from as well."""

from __future__ import annotations

import json
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from events import bodies
from events.models import Event, Reason, RelatedRequest, SearchKey

# Kinds of search keys that are personal data by themselves: only for who may see payloads.
PERSONAL = ("email", "phone", "name", "address")
NUMBER = {"type": "string", "pattern": "^[0-9]+$", "example": "10482"}


def is_personal(kind: str) -> bool:
    return any(word in kind for word in PERSONAL)


class EventRow(serializers.ModelSerializer[Event]):
    """An event in a list. Ids are text: they grow past what a number in JavaScript holds."""

    id = serializers.SerializerMethodField()
    connector = serializers.SerializerMethodField(help_text="Its name in addresses; null where it was deleted.")
    reason = serializers.ChoiceField(choices=Reason.choices, allow_blank=True, help_text="Empty where it succeeded.")

    class Meta:
        model = Event
        fields = [
            "id", "kind", "connector", "connector_name", "provider", "topic", "outcome", "reason", "reason_code",
            "sentence", "next_step", "object_type", "object_id", "object_label", "received_at", "finished_at",
            "duration_ms", "attempts", "triggered_by",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(NUMBER)
    def get_id(self, event: Event) -> str:
        return str(event.pk)

    @extend_schema_field({"type": "string", "nullable": True})
    def get_connector(self, event: Event) -> str | None:
        slugs: dict[int, str] = self.context["slugs"]
        return slugs.get(event.connector_id or 0)


class RequestRow(serializers.ModelSerializer[RelatedRequest]):
    """One HTTP exchange made for an event, without headers and bodies."""

    endpoint = serializers.SerializerMethodField(help_text="Without its query, which may hold personal data.")

    class Meta:
        model = RelatedRequest
        fields = [
            "id", "attempt", "method", "endpoint", "status", "state", "requested_at", "duration_ms", "error",
            "vendor_request_id", "request_size", "response_size",
        ]  # fmt: skip
        read_only_fields = fields

    def get_endpoint(self, request: RelatedRequest) -> str:
        return request.endpoint if self.context["sees_payload"] else request.endpoint.partition("?")[0]


class KeyRow(serializers.ModelSerializer[SearchKey]):
    class Meta:
        model = SearchKey
        fields = ["kind", "value"]
        read_only_fields = fields


class NoteRow(serializers.Serializer[dict[str, str]]):
    code = serializers.CharField()
    text = serializers.CharField()


class EventDetail(EventRow):
    """One event with all that belongs to it."""

    parent_id = serializers.SerializerMethodField()
    children = serializers.SerializerMethodField()
    related_requests = serializers.SerializerMethodField()
    search_keys = serializers.SerializerMethodField(help_text="Numbers it is found by; personal ones need the payload.")
    notes = serializers.SerializerMethodField()
    payload = serializers.SerializerMethodField(help_text="Only for staff that may see payloads; otherwise null.")

    class Meta(EventRow.Meta):
        fields = [
            *EventRow.Meta.fields, "max_attempts", "due_at", "duplicate_count", "trace_id", "resolved_at",
            "resolved_by", "resolved_note", "parent_id", "children", "related_requests", "search_keys", "notes",
            "payload",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(NUMBER | {"nullable": True})
    def get_parent_id(self, event: Event) -> str | None:
        parent = self.context["parent"]
        return str(parent.pk) if parent else None

    @extend_schema_field(EventRow(many=True))
    def get_children(self, event: Event) -> Any:
        return EventRow(self.context["children"], many=True, context=self.context).data

    @extend_schema_field(RequestRow(many=True))
    def get_related_requests(self, event: Event) -> Any:
        return RequestRow(self.context["requests"], many=True, context=self.context).data

    @extend_schema_field(KeyRow(many=True))
    def get_search_keys(self, event: Event) -> Any:
        keys = event.keys.order_by("kind", "value")
        return KeyRow(
            [key for key in keys if self.context["sees_payload"] or not is_personal(key.kind)], many=True
        ).data

    @extend_schema_field(NoteRow(many=True))
    def get_notes(self, event: Event) -> list[dict[str, str]]:
        is_staff = self.context["is_staff"]
        return [note for note in event.notes if is_staff or note.get("code") != "traceback"]

    @extend_schema_field({"nullable": True})
    def get_payload(self, event: Event) -> Any:
        if not self.context["sees_payload"]:
            return None
        body = bodies.read(event.pk, "payload", event.received_at) or b""
        try:
            return json.loads(body, parse_constant=str)
        except (ValueError, RecursionError):
            return body.decode("utf-8", "replace")


class EventPage(serializers.Serializer[Any]):
    """A page of a list, newest first."""

    events = EventRow(many=True)
    next_before = serializers.CharField(
        allow_null=True, help_text="Give it as before for the next page; null: there is none."
    )


class Retried(serializers.Serializer[Any]):
    id = serializers.CharField()
    outcome = serializers.CharField(help_text="queued")
