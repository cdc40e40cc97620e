"""Credits that pay a part of an order, and what of them is applied to its invoices: who asks for it, and what is remembered.

Kept in the connector's directory, kind ``credit_application``. That a use was asked for: ``object_id`` "<its reference>
<third-party source>". Each application: ``key`` "<source> <reference of the memo>", ``object_id`` "<reference of the use>-
<invoice> <source>", ``data`` the members of ``Application``. Applying them: ``applying.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q

from connectors import directory
from connectors.models import DirectoryEntry, Link, LinkState
from connectors.records import Order
from events import search
from events.models import Event, Kind, Outcome, SearchKey
from events.outcomes import wake

if TYPE_CHECKING:
    from connectors.run import Run

KIND, TOPIC = "credit_application", "credits/apply"
SENT, DONE = "sent", "done"
NAMED = 200  # newest events with the name of an order


@dataclass(frozen=True, kw_only=True)
class Use:
    """A credit that pays a part of an order. ``reference``: of the payment or exchange; ``memo``: of its credit memo, both
    third-party references; ``by``: "gift card 5512". ``order_id`` and ``total``, the order's: empty where only its number is
    known."""

    source: str
    reference: str
    memo: str
    amount: str
    currency: str
    order_name: str
    order_number: str
    order_id: str = ""
    total: str = ""
    by: str = ""

    @property
    def what(self) -> str:
        return f"{self.amount} {self.currency} of order {self.order_name} (by {self.by})"

    @property
    def waits_for(self) -> str:
        return _code(self.order_number)


@dataclass(frozen=True, kw_only=True)
class Application:
    """A part of a use, on one invoice. ``before``: what the memo had left then, empty where Xoro does not say; ``since``: a
    moment before that was read."""

    source: str
    memo: str
    use: str
    invoice: str
    amount: str
    before: str
    since: str
    state: str = SENT

    @property
    def reference(self) -> str:
        return f"{self.use}-{self.invoice}"

    @property
    def key(self) -> str:
        return f"{self.source} {self.memo}"

    @property
    def object_id(self) -> str:
        return f"{self.reference} {self.source}"


def ask(run: Run, use: Use) -> bool:
    """Have it applied by an event of its own; false where that was asked for before."""
    object_id = f"{use.reference} {use.source}"
    if directory.by_id(run.connector.pk, KIND, object_id) is not None:
        return False
    label = f"{use.order_name} {use.amount} {use.currency}"
    with transaction.atomic():  # never the one without the other: a second event would apply it twice
        run.spawn(topic=TOPIC, object_type=KIND, object_id=use.reference, object_label=label, payload=asdict(use))
        directory.put(run.connector.pk, KIND, [directory.Known(key=use.source, object_id=object_id)])
    return True


def wake_waiting(run: Run, order_numbers: Iterable[str]) -> None:
    """Invoices of these orders were met: what waits for one is looked at now."""
    if codes := [_code(number) for number in order_numbers if number]:
        events = Event.objects.filter(connector_id=run.connector.pk, outcome=Outcome.WAITING, topic=TOPIC)
        if waiting := list(events.filter(reason_code__in=codes).values_list("pk", flat=True)):
            wake(waiting)


def orders_of(run: Run, use: Use) -> list[str]:
    """Ids of orders that went here under this name, as their deliveries say; behind them those of this number."""
    keys = SearchKey.objects.filter(kind="order_name", value=search.fold(use.order_name)).order_by("-event_id")
    deliveries = Event.objects.filter(
        pk__in=list(keys.values_list("event_id", flat=True)[:NAMED]), connector_id=run.connector.pk, kind=Kind.DELIVERY,
        object_type=Order.kind,
    )  # fmt: skip
    links = Link.objects.filter(
        target=run.connector, record_kind=Order.kind, source_number=use.order_number, state=LinkState.DELIVERED
    )
    named = deliveries.order_by("-pk").values_list("object_id", flat=True)
    return list(dict.fromkeys([*named, *links.values_list("source_object_id", flat=True)]))


def known(run: Run, use: Use, state: str) -> list[Application]:
    """Applications of a use, the first one first."""
    rows = DirectoryEntry.objects.filter(connector_id=run.connector.pk, kind=KIND, key=f"{use.source} {use.memo}")
    found = rows.filter(data__use=use.reference, data__state=state).order_by("id")
    return [Application(**data) for data in found.values_list("data", flat=True)]


def is_alone(run: Run, one: Application) -> bool:
    """Whether no other use took of the memo, or may have taken, since its balance was read for this application."""
    rows = DirectoryEntry.objects.filter(connector_id=run.connector.pk, kind=KIND, key=one.key)
    return not rows.exclude(data__use=one.use).filter(Q(seen_at__gte=one.since) | Q(data__state=SENT)).exists()


def keep(run: Run, one: Application) -> None:
    row = directory.Known(key=one.key, object_id=one.object_id, data=asdict(one))
    directory.put(run.connector.pk, KIND, [row])


def forget(run: Run, one: Application) -> None:
    directory.forget(run.connector.pk, KIND, [one.object_id])


def _code(order_number: str) -> str:
    return f"invoice:#{order_number}"
