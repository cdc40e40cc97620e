"""Records: what their fingerprint tells apart."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from connectors import routing
from connectors.models import Route
from connectors.records import Order, OrderLine
from events import bodies
from events.models import Event, Kind
from tests.cast import an_event
from tests.connectors.xoro.cast import make_line, make_order


@dataclass(frozen=True, kw_only=True)
class LaterLine(OrderLine):
    serial: str = ""


@dataclass(frozen=True, kw_only=True)
class LaterOrder(Order):
    """An order of a later version of the hub."""

    lines: tuple[LaterLine, ...] = ()
    channel: str = ""
    weight_g: int = 0


def later(order: Order) -> LaterOrder:
    lines = tuple(LaterLine(**vars(line)) for line in order.lines)
    return LaterOrder(**(vars(order) | {"lines": lines}))


def test_a_member_that_a_later_version_adds_changes_nothing_of_what_was_delivered():
    order = make_order()
    assert later(order).fingerprint() == order.fingerprint()
    assert replace(later(order), channel="pos").fingerprint() != order.fingerprint()


@pytest.mark.parametrize(
    "change",
    [{"note": ""}, {"note": "another"}, {"lines": ()}, {"lines": (make_line(sku=""),)}, {"customer": None},
     {"tags": ()}, {"is_tax_exempt": True}],
)  # fmt: skip
def test_what_says_something_else_has_another_fingerprint(change):
    assert make_order(**change).fingerprint() != make_order().fingerprint()


def test_neither_the_raw_form_nor_the_time_of_change_counts():
    order = make_order()
    assert replace(order, raw={"a": 1}, updated_at=order.created_at).fingerprint() == order.fingerprint()


@pytest.mark.django_db
def test_an_order_whose_raw_form_is_larger_than_a_body_is_delivered_all_the_same(make_connector, settings):
    shop, erp = make_connector("Shop"), make_connector("Erp")
    Route.objects.create(source=shop, target=erp, record_kind="order", options={"tag": "web"})
    settings.BODY_MAX_BYTES = 20_000
    order = replace(make_order(), raw={"note": "x" * 30_000})
    assert routing.deliver(shop, an_event(shop), order) == 1
    child = Event.objects.get(kind=Kind.DELIVERY)
    assert not child.is_payload_cut
    content = bodies.read(child.pk, "payload", child.received_at)
    assert Order.from_json(content).fingerprint() == order.fingerprint()
