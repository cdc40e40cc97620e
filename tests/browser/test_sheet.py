"""The table of a payout that does not balance, in a real browser: three rows and five hundred, narrow and wide."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.urls import reverse

from connectors.records import Payout, PayoutLine
from connectors.xoro.bankdeposits import review_table
from connectors.xoro.matching import Payment
from connectors.xoro.payoutlines import plan_of
from events import bodies
from events.models import Event, Kind, Outcome, Reason
from events.record import New, record
from tests.connectors.xoro.cast import make_settings

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("HUB_PICTURES", "")


def lines(count: int) -> list[PayoutLine]:
    return [
        PayoutLine(
            id=str(n), type="charge", order_name=f"#{2040 + n}", order_id=f"61{n}", currency="USD",
            amount=Decimal(1000 + n * 7) / 100, fee=Decimal("0.30"), net=Decimal(1000 + n * 7) / 100 - Decimal("0.30"),
        )
        for n in range(count)
    ]  # fmt: skip


def an_event(count: int) -> Event:
    """Of a payout with so many rows: all but two of them are lines of the deposit to be."""
    moves = lines(count - 1)
    payout = Payout(
        id="771", number="771", source="lumen-goods.example", gateway="shopify_payments", status="paid", type="deposit",
        issued_at=datetime(2026, 3, 12, tzinfo=UTC), currency="USD", net=sum((one.net for one in moves), Decimal(0)),
        lines=tuple(moves), trace_id="TR-99120",
    )  # fmt: skip
    settings = make_settings(default_currency="USD")
    payments = [
        Payment(
            id=str(n), cheque_no=one.order_name.lstrip("#"), amount=one.amount, account="1200 Undeposited", store="EAST"
        )
        for n, one in enumerate(moves[:-1])
    ]
    plan = plan_of(payout, payments, settings, frozenset({"EAST"}))
    table = review_table(
        payout, plan, {one.order_id: f"EAST-S{one.id:0>6}" for one in moves[:-2]}, bank_account="1010 Bank"
    )
    made = record(
        New(
            kind=Kind.DELIVERY, topic="payout/deliver", connector_id=1, connector_name="Xoro", provider="xoro",
            object_type="payout", object_id="771", object_label="771", outcome=Outcome.FAILED, reason=Reason.REFUSED,
            reason_code="unbalanced",
            sentence="Payout 771 was not deposited: it does not balance.", payload=payout.to_json(),
        )
    )  # fmt: skip
    event = Event.objects.get(pk=made.event_id)
    bodies.store(event.pk, "object", table, event.received_at)
    return event


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
@pytest.mark.parametrize("count", [3, 500])
def test_a_table_is_read_without_the_page_growing_wider(logged_in_page, supporter, count, width, theme):
    event = an_event(count)
    page = logged_in_page(supporter, width=width, theme=theme)
    page.goto(reverse("admin:events_event_change", args=[event.pk]))
    box = page.locator(".sheet")
    assert box.locator("tbody tr").count() == count
    over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert over <= 0, f"the page is {over} px too wide"
    assert box.evaluate("one => one.scrollWidth > one.clientWidth") is (width == 390)
    assert box.locator("td.num").first.evaluate("one => getComputedStyle(one).textAlign") == "end"
    if count == 500:
        head = box.locator("thead th").first
        before = head.bounding_box()["y"]
        box.evaluate("one => { one.scrollTop = 4000; }")
        assert abs(head.bounding_box()["y"] - before) < 2, "the headings stay in sight"
        box.evaluate("one => { one.scrollTop = 0; }")
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/sheet-{count}-{width}-{theme}.png", full_page=True)
