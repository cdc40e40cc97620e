"""A shop made of what it is told: each delivery carries a whole record, which goes on along the routes of its kind."""

from __future__ import annotations

import json
from decimal import Decimal

from connectors.base import Handler, Provider, Single, Webhook
from connectors.records import GiftCard, Order, Record, Refund
from connectors.run import Run
from tests.processes.provider import Settings, identify, signature

KINDS: dict[str, type[Record]] = {one.kind: one for one in (Order, Refund, GiftCard)}
CARD_VALUE = Decimal("40.00")


def tell(run: Run) -> str:
    one = KINDS[run.payload["kind"]].from_json(json.dumps(run.payload["record"]))
    run.deliver(one)
    return f"Told of {one.label.lower()} {one.number}."


def fetch_card(run: Run) -> str:
    number = run.payload["number"]
    card = GiftCard(
        id=number, number=number[-4:], source="lumen-goods.example", last_characters=number[-4:],
        initial_value=CARD_VALUE, balance=CARD_VALUE, currency="USD", customer_name="Ada Brook",
    )  # fmt: skip
    run.deliver(card)
    return f"Fetched gift card {number}."


provider = Provider(
    slug="telling",
    label="Telling",
    settings=Settings,
    webhook=Webhook(signature=signature, identify=identify),
    handlers={"told": Handler(function=tell)},
    singles={GiftCard.kind: Single(label="Gift card", function=fetch_card)},
    emits=tuple(KINDS.values()),
)
