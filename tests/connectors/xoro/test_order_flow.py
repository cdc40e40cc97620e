"""Orders of a shop on their whole way into Xoro: queue, ledger, events of their own for money and accounts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors import routing
from connectors.models import Connector, Link, Route
from connectors.records import Order
from connectors.xoro.direction import may_change
from events.drain import Drainer
from events.models import Event, Kind, Outcome, Reason
from events.outcomes import retry
from tests.cast import an_event
from tests.connectors.xoro.cast import make_order, make_payment, make_settings
from tests.connectors.xoro.test_changes import cancelled, more_units
from tests.connectors.xoro.test_parts import SPLIT, two_places

pytestmark = pytest.mark.django_db(transaction=True)

BOOKS = "/xoro/_sandbox/books"


class Way:
    """A shop that tells of orders, and the tenant they go to."""

    def __init__(self, sandbox: Any, install: Any, **settings: Any) -> None:
        self.sandbox = sandbox
        self.shop: Connector = install("shopify", name="Lumen")
        self.erp: Connector = install("xoro", name="Xoro", **settings)
        Route.objects.create(source=self.shop, target=self.erp, record_kind="order", options={})

    def bring(self, order: Order) -> Event:
        """The shop tells of an order; everything that comes of it is done."""
        routing.deliver(self.shop, an_event(self.shop, "told/order"), order)
        Event.objects.filter(topic="told/order").delete()
        self.drain()
        return Event.objects.filter(kind=Kind.DELIVERY, object_type="order").latest("id")

    def drain(self) -> None:
        while Drainer(0).run():
            pass

    def books(self, name: str) -> list[dict[str, Any]]:
        return list(self.sandbox.get(BOOKS)[name])

    def orders(self) -> list[dict[str, Any]]:
        return [one["SoEstimateHeader"] for one in self.books("orders")]

    def amounts(self) -> list[float]:
        return [one["Amount"] for one in self.books("deposits")]

    def writes(self) -> int:
        return len([one for one in self.sandbox.log("xoro") if one["method"] == "POST"])


@pytest.fixture
def way(sandbox: Any, install: Any) -> Way:
    return Way(sandbox, install)


def test_an_order_its_payment_and_its_cancellation_are_each_done_once(way: Way) -> None:
    unpaid = make_order(payments=(), financial_status="pending")
    assert way.bring(unpaid).outcome == Outcome.SUCCEEDED
    assert way.bring(make_order()).outcome == Outcome.SUCCEEDED
    payment = Event.objects.get(topic="deposits/import")
    assert (payment.outcome, payment.object_id) == (Outcome.SUCCEEDED, "9001"), payment.sentence
    assert payment.sentence == "67.80 USD of order #2041 were deposited on MAIN-S000001."
    repeated = way.bring(make_order())
    assert (repeated.outcome, repeated.reason) == (Outcome.SKIPPED, Reason.UNCHANGED)
    back = make_payment("67.80", id="9002", kind="refund")
    ended = way.bring(cancelled(make_order(payments=(make_payment("67.80"), back))))
    assert ended.sentence.startswith("Cancelled MAIN-S000001 in Xoro"), ended.sentence
    assert way.amounts() == [67.8, -67.8]
    assert way.orders()[0]["StatusName"] == "Cancelled"
    assert way.writes() == 4  # order, deposit, cancellation, deposit back


def test_a_split_order_is_changed_part_by_part_and_stays_one_row_of_the_ledger(sandbox: Any, install: Any) -> None:
    way = Way(sandbox, install, **SPLIT)
    assert way.bring(two_places()).outcome == Outcome.SUCCEEDED
    assert [one["StoreName"] for one in way.orders()] == ["EAST WAREHOUSE", "Main Store"]
    assert Link.objects.get().target_number == "MAIN-S000001"
    changed = way.bring(replace(two_places(), note="ring twice"))
    assert changed.sentence == "Changed MAIN-S000001 and MAIN-S000002 in Xoro with order #2041."
    assert [one["Memo"] for one in way.orders()] == ["ring twice", "ring twice"]
    assert len(way.amounts()) == 2


def test_customer_and_company_have_outcomes_of_their_own(sandbox: Any, install: Any) -> None:
    way = Way(sandbox, install, customer_upsert=True)
    sandbox.post("/xoro/_sandbox/config", {"routes_disabled": ["customer/create", "customer/getcustomer"]})
    order = way.bring(make_order())
    assert order.outcome == Outcome.SUCCEEDED
    accounts = {one.object_type: one for one in Event.objects.filter(topic="accounts/upsert")}
    assert set(accounts) == {"customer", "company"}
    assert {one.outcome for one in accounts.values()} == {Outcome.FAILED}
    assert accounts["company"].parent_id == order.pk
    sandbox.post("/xoro/_sandbox/config", {"routes_disabled": []})
    for one in accounts.values():
        retry([one.pk], by="ada")
    way.drain()
    accounts = {one.object_type: one for one in Event.objects.filter(topic="accounts/upsert")}
    assert {one.outcome for one in accounts.values()} == {Outcome.SUCCEEDED}, accounts["company"].sentence


def test_a_renamed_account_is_set_right_and_run_again(way: Way, sandbox: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("connectors.known.KNOWN_FOR_S", 0.0)  # settings are read anew each time
    sandbox.post("/xoro/_sandbox/fault", {"kind": "renamed_account", "account": "Customer Deposits"})
    failed = way.bring(make_order())
    assert (failed.outcome, failed.sentence) == (Outcome.FAILED, "Account not found: Customer Deposits")
    assert "select it again on the connector's page, then press Retry" in failed.next_step
    way.erp.settings |= {"liability_account": "Gift Card Liability"}
    way.erp.save()
    retry([failed.pk], by="ada")
    way.drain()
    failed.refresh_from_db()
    assert failed.outcome == Outcome.SUCCEEDED, failed.sentence
    assert len(way.orders()) == 1


def test_an_order_older_than_the_start_date_is_left_out_and_says_so(sandbox: Any, install: Any) -> None:
    way = Way(sandbox, install, import_start_date="2026-03-08", import_time_zone="America/Toronto")
    left_out = way.bring(make_order())
    assert (left_out.outcome, left_out.reason_code) == (Outcome.SKIPPED, "before_start"), left_out.sentence
    assert way.writes() == 0


def test_the_account_name_stays_once_an_order_carries_it(way: Way) -> None:
    old, new = make_settings(), make_settings(account_name="Another")
    assert may_change(way.erp, old, new) == {}
    way.bring(make_order())
    assert "are found again by “Demo”" in may_change(way.erp, old, new)["account_name"]
    assert may_change(way.erp, old, make_settings(sale_store="WEB STORE")) == {}


def test_an_order_that_was_left_out_is_sent_once_it_passes_the_filters(sandbox: Any, install: Any) -> None:
    way = Way(sandbox, install, financial_status=["paid"])
    left_out = way.bring(make_order(payments=(), financial_status="pending"))
    assert (left_out.outcome, left_out.reason_code) == (Outcome.SKIPPED, "financial_status")
    assert way.bring(make_order()).outcome == Outcome.SUCCEEDED
    assert (len(way.orders()), way.amounts()) == (1, [67.8])


@pytest.mark.parametrize(("minute", "is_sent"), [(59, False), (60, True)])
def test_the_start_date_begins_at_midnight_of_the_shop(sandbox: Any, install: Any, minute: int, is_sent: bool) -> None:
    way = Way(sandbox, install, import_start_date="2026-03-08", import_time_zone="America/Toronto")
    placed = datetime(2026, 3, 8, 4, tzinfo=UTC) + timedelta(minutes=minute)  # 23:59 and 0:00 there
    event = way.bring(make_order(created_at=placed))
    assert (event.outcome == Outcome.SUCCEEDED) is is_sent, event.sentence
    assert len(way.orders()) == is_sent


def test_an_order_in_the_warehouse_fails_and_names_order_and_step(way: Way, sandbox: Any) -> None:
    way.bring(make_order())
    sandbox.post("/xoro/_sandbox/wave", {"order_number": "MAIN-S000001"})
    failed = way.bring(more_units(make_order()))
    assert (failed.outcome, failed.reason, failed.reason_code) == (Outcome.FAILED, Reason.REFUSED, "in_warehouse")
    assert "Order #2041 changed after it was sent to Xoro, but the order is in warehouse" in failed.sentence
    assert way.writes() == 1


def test_a_lost_answer_between_two_attempts_makes_no_second_order(way: Way, sandbox: Any) -> None:
    sandbox.post("/xoro/_sandbox/fault", {"kind": "lost_answer", "match": "/api/xerp/salesorder/create"})
    assert way.bring(make_order()).outcome == Outcome.SUCCEEDED
    assert (len(way.orders()), way.amounts()) == (1, [67.8])
