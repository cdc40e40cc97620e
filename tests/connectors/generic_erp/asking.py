"""Asking a lookup as the API does: parameters through its form, the answer with the event that was written for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from connectors import lookups
from connectors.base import Answer, Lookup
from connectors.models import Connector
from events import bodies
from events.models import Event, RelatedRequest

TAX_LINES = [{"sku": "PAPER-A4-80", "line_amount": "41.50"}, {"sku": "TONER-77K", "line_amount": "189.00"}]
SHIPPING_LINES = [{"sku": "PAPER-A4-80", "quantity": "5", "uom": "BX", "unit_price": "8.30"}]
ADDRESS = {"address1": "14 Mill Lane", "city": "Portland", "state": "OR", "country": "US", "zip": "97205"}
# Every function's address, with what else than the customer it is asked with.
QUESTIONS: dict[str, dict[str, Any]] = {
    "orders": {},
    "orders/<id>": {"id": "SO-0009431"},
    "invoices": {},
    "invoices/<id>": {"id": "INV-43534"},
    "balance": {},
    "taxes": {"zip": "97205", "lines": TAX_LINES},
    "shipping-methods": {**ADDRESS, "lines": SHIPPING_LINES},
}
FALLBACKS = {
    "orders": "notice", "orders/<id>": "notice", "invoices": "notice", "invoices/<id>": "notice", "balance": "hide",
    "taxes": "shop_tax", "shipping-methods": "shop_methods",
}  # fmt: skip


@dataclass
class Asked:
    answer: Answer
    event: Event

    @property
    def requests(self) -> list[RelatedRequest]:
        return list(RelatedRequest.objects.filter(event=self.event).order_by("requested_at"))

    @property
    def payload(self) -> dict[str, Any]:
        return json.loads(bodies.read(self.event.pk, "payload", self.event.received_at) or b"{}")["event_data"]

    def body(self, index: int, part: str) -> bytes:
        return bodies.read(self.event.pk, f"{self.requests[index].pk}:{part}", self.event.received_at) or b""

    @property
    def keys(self) -> set[tuple[str, str]]:
        return set(self.event.keys.values_list("kind", "value"))

    @property
    def notes(self) -> list[str]:
        return [note["text"] for note in self.event.notes]


def lookup_of(connector: Connector, path: str) -> Lookup:
    return next(one for one in connector.provider.lookups if one.path == path)


def form_of(connector: Connector, path: str, **given: Any) -> Any:
    form = lookup_of(connector, path).params
    initial = {name: field.initial for name, field in form.base_fields.items() if field.initial is not None}
    return form({**initial, **given})


def ask(connector: Connector, path: str, customer: str = "BRK-2210", **more: Any) -> Asked:
    given = {**QUESTIONS[path], "customer_code": customer, **more}
    ids = {"id": given.pop("id")} if "<id>" in path else {}
    form = form_of(connector, path, **given)
    assert form.is_valid(), form.errors
    answer, event_id = lookups.answer(
        connector, lookup_of(connector, path), {**ids, **form.cleaned_data}, asked_by="shop"
    )
    assert event_id is not None
    return Asked(answer, Event.objects.get(pk=event_id))
