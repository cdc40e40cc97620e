"""Workers die over fulfillments, or make two of one order at once: every shipment of Xoro is one fulfillment in the shop."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from connectors.models import DirectoryEntry, Link
from connectors.run import Run
from connectors.shopify.calls import fulfillment as calls
from events.models import Event
from tests.connectors.xoro.shipping_cast import LAMP, MUG, House, a_house
from tests.killing.crash import UNANSWERED, UNREMEMBERED, Crash, said, told
from tests.killing.workers import forgetting, until

pytestmark = pytest.mark.django_db(transaction=True)

GRAPHQL, MAKE = "graphql.json", "fulfillmentCreate("


@pytest.fixture
def house(sandbox: Any, install: Any, monkeypatch: pytest.MonkeyPatch) -> House:
    return a_house(sandbox, install, monkeypatch)


def shipped(house: House, placed: dict[str, Any]) -> Counter[str]:
    """Units by SKU that the shop's fulfillments of an order hold."""
    client = Run(house.shop, None).client
    order = calls.read_order(client, placed["id"])
    assert order is not None
    found: Counter[str] = Counter()
    for one in order["fulfillments"]:
        for row in calls.lines_of(client, one):
            found[row["lineItem"]["sku"]] += row["quantity"]
    return found


def deliveries() -> list[Event]:
    return list(Event.objects.filter(topic="shipment/deliver").order_by("id"))


def assert_all_known(crash: Crash, count: int) -> None:
    """As many fulfillments as shipments; each is in the ledger and in the memory of the shop's connector."""
    made = crash.posts(GRAPHQL, says=MAKE, prefix="shopify")
    outcomes = [(told(one.pk), said(one.pk)) for one in deliveries()]
    assert made == count, outcomes
    assert all(one[0][0] in ("succeeded", "skipped") for one in outcomes), outcomes
    assert Link.objects.filter(record_kind="shipment").count() == count
    assert DirectoryEntry.objects.filter(kind="shipment").count() == count
    assert not DirectoryEntry.objects.filter(kind="shipment_under_way").exists()


@pytest.mark.parametrize("tracking", ["1Z999", ""], ids=["with tracking", "without tracking"])
def test_a_shipment_is_one_fulfillment(house: House, crash: Crash, moment: str, tracking: str) -> None:
    placed = house.order((LAMP, 2), (MUG, 1))
    house.ship(placed, tracking=tracking)
    house.start()
    crash.at(GRAPHQL, moment, says=MAKE)
    crash.recover()
    assert_all_known(crash, 1)
    assert shipped(house, placed) == {LAMP: 2, MUG: 1}
    house.start()
    crash.drain()
    assert_all_known(crash, 1)


def test_a_fulfillment_that_never_reached_the_shop_is_made_after_a_minute(house: House, crash: Crash) -> None:
    placed = house.order((LAMP, 2))
    house.ship(placed, tracking="1Z999")
    house.start()
    crash.at(GRAPHQL, says=MAKE, is_lost=True)
    crash.recover()
    assert shipped(house, placed) == {}
    assert [(one.outcome, one.reason_code) for one in deliveries()] == [("waiting", "settling")]
    crash.later()
    assert shipped(house, placed) == {LAMP: 2}, [(told(one.pk), said(one.pk)) for one in deliveries()]
    assert all(told(one.pk)[0] == "succeeded" for one in deliveries())


@pytest.mark.parametrize(
    ("is_later", "moment"), [(False, UNANSWERED), (True, UNREMEMBERED)], ids=["together", "one after the other"]
)
def test_two_partial_shipments_are_two_fulfillments(house: House, crash: Crash, moment: str, is_later: bool) -> None:
    placed = house.order((LAMP, 3))
    house.ship(placed, lines={LAMP: 1}, tracking="1Z1")
    if is_later:
        house.start()
        crash.drain()
    house.ship(placed, tracking="1Z2")
    house.start()
    crash.at(GRAPHQL, moment, says=MAKE)
    crash.recover()
    crash.later()
    assert_all_known(crash, 2)
    assert shipped(house, placed) == {LAMP: 3}


def test_two_equal_shipments_of_one_order_without_tracking_are_two_fulfillments(
    house: House, crash: Crash, moment: str
) -> None:
    placed = house.order((LAMP, 2))
    house.ship(placed, lines={LAMP: 1})
    house.ship(placed)
    house.start()
    crash.at(GRAPHQL, moment, says=MAKE)
    crash.recover()
    crash.later()
    assert_all_known(crash, 2)
    assert shipped(house, placed) == {LAMP: 2}


def test_two_workers_with_two_shipments_of_one_order(house: House, crash: Crash) -> None:
    placed = house.order((LAMP, 2), (MUG, 1))
    house.ship(placed, parcels=[{"tracking": "1Z1", "lines": {LAMP: 2}}, {"tracking": "1Z2", "lines": {MUG: 1}}])
    house.start()
    with crash.busy(GRAPHQL, says=MAKE):
        crash.workers.start().wait()
    crash.later()
    assert_all_known(crash, 2)
    assert shipped(house, placed) == {LAMP: 2, MUG: 1}


def test_a_worker_that_dies_while_it_reads_the_invoices_leaves_no_shipment_out(house: House, crash: Crash) -> None:
    placed = [house.order((LAMP, 1)) for _ in range(3)]
    for number, one in enumerate(placed):
        house.ship(one, tracking=f"1Z{number}")
    house.sandbox.post("/xoro/_sandbox/config", {"page_size": 1})
    house.start()
    crash.at("invoice/getinvoice", skips=3)
    crash.recover()
    crash.later()
    assert_all_known(crash, 3)
    assert [shipped(house, one) for one in placed] == [{LAMP: 1}] * 3


def test_a_shipment_that_was_handed_on_and_not_remembered_is_one_fulfillment(house: House, crash: Crash) -> None:
    house.settings(partial_shipments=False)  # the order is read just before it is handed on
    placed = house.order((LAMP, 2), (MUG, 1))
    house.ship(placed)
    house.start()
    with crash.sandbox.gate.hold("salesorder/getsalesorder", skips=2) as held:
        worker = crash.workers.start()
        held.wait()
        with forgetting("connectors_directoryentry") as end:
            held.release()
            until(deliveries, "it was handed on")
            worker.kill()
            end()
    crash.recover()
    crash.later()
    assert len(deliveries()) == 2
    assert_all_known(crash, 1)
    assert shipped(house, placed) == {LAMP: 2, MUG: 1}


def test_a_worker_that_slept_beyond_its_lease_makes_no_second_fulfillment(house: House, crash: Crash) -> None:
    placed = house.order((LAMP, 2), (MUG, 1))
    house.ship(placed)
    house.start()
    with crash.asleep(GRAPHQL, says=MAKE):
        crash.recover()
        assert_all_known(crash, 1)
    assert_all_known(crash, 1)
    assert shipped(house, placed) == {LAMP: 2, MUG: 1}


def test_tracking_that_comes_while_nobody_knows_of_the_fulfillment_makes_no_second_one(
    house: House, crash: Crash, moment: str
) -> None:
    placed = house.order((LAMP, 2))
    invoice = house.ship(placed)["invoiceHeader"]["InvoiceNumber"]
    house.start()
    crash.at(GRAPHQL, moment, says=MAKE)
    house.control("clock", advance_s=60)
    house.control("track", invoice_number=invoice, tracking="1Z9")
    house.start()
    crash.recover()
    assert crash.posts(GRAPHQL, says=MAKE, prefix="shopify") == 1, [said(one.pk) for one in deliveries()]
    assert shipped(house, placed) == {LAMP: 2}
    assert crash.posts(GRAPHQL, says="1Z9", prefix="shopify") == 1, [said(one.pk) for one in deliveries()]
