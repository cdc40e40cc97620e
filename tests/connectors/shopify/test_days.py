"""What a person asks a shop for by days: refunds, payouts, gift cards, products. Against the sandbox over real HTTP."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connectors.exceptions import Skip
from connectors.shopify import giftcards, payouts, products, refunds
from connectors.shopify.sandbox.shops import OUTLET
from tests.connectors.shopify.stand_ins import FakeRun

ZONE = ZoneInfo("Europe/Berlin")
CHARGE = {"type": "CHARGE", "amount": "52.55", "fee": "1.05", "order": "#EX-2041"}


def local(moment: datetime) -> date:
    return moment.astimezone(ZONE).date()


def asked(client, first: date, last: date) -> FakeRun:
    return FakeRun(client, {"first": first.isoformat(), "last": last.isoformat()})


@pytest.fixture(autouse=True)
def shop(vendor):
    vendor.control("clock", index_lag_s=0)
    return vendor.app.shops[OUTLET]


def made_at(node: dict, moment: datetime, *members: str) -> None:
    node.update(dict.fromkeys(members, moment.strftime("%Y-%m-%dT%H:%M:%SZ")))


def test_a_refund_is_found_by_the_day_it_was_made_though_its_order_changed_later(make_client, vendor, shop):
    vendor.control("way_back")
    refund = next(iter(shop.table("Refund").values()))
    day = date(2026, 3, 29)  # the clocks of the shop are put forward: this day has 23 hours
    for moment, is_of_the_day in (
        (datetime(2026, 3, 28, 22, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), True),
        (datetime(2026, 3, 29, 21, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 29, 22, 0, tzinfo=UTC), False),
    ):
        made_at(refund, moment, "createdAt")
        run = asked(make_client(), day, day)
        sentence = refunds.synchronize_made(run)
        assert (refund["id"].rpartition("/")[2] in [one["object_id"] for one in run.spawned]) is is_of_the_day, moment
        assert sentence.endswith("from 2026-03-29 to 2026-03-29 in the shop's time zone; each has an event of its own.")
    made_at(refund, datetime(2026, 3, 29, 10, tzinfo=UTC), "createdAt")
    run = asked(make_client(), day, day)
    refunds.synchronize_made(run)
    [event] = run.spawned
    child = FakeRun(run.client, event["payload"])
    refunds.import_refund(child)
    assert [one.id for one in child.delivered] == [event["object_id"]]


def test_payouts_are_counted_and_brought_in_by_the_day_they_were_issued_the_oldest_first(make_client, vendor):
    ids = [vendor.control("payout", days_ago=ago, lines=[CHARGE])["id"] for ago in (5, 4, 3, 2)]
    today = datetime.now(UTC).date()
    run = asked(make_client(), today - timedelta(days=4), today - timedelta(days=3))
    assert payouts.count_issued(run, *run.days) == 2
    assert payouts.synchronize_issued(run).startswith("2 payouts were issued from ")
    assert [one["object_id"] for one in run.spawned] == ids[1:3]
    child = FakeRun(run.client, run.spawned[0]["payload"])
    payouts.synchronize_payout(child)
    assert [one.id for one in child.delivered] == [ids[1]]
    assert run.checkpoint == {}, "what the plan knows is left alone"


def test_payouts_that_are_not_final_are_neither_counted_nor_brought_in_where_the_connector_waits(make_client, vendor):
    vendor.control("payout", days_ago=1, lines=[CHARGE], status="SCHEDULED")
    final = vendor.control("payout", days_ago=1, lines=[CHARGE])["id"]
    day = datetime.now(UTC).date() - timedelta(days=1)
    run = asked(make_client(final_payouts_only=True), day, day)
    assert payouts.count_issued(run, day, day) == 1
    payouts.synchronize_issued(run)
    assert [one["object_id"] for one in run.spawned] == [final]
    assert payouts.count_issued(asked(make_client(final_payouts_only=False), day, day), day, day) == 2


def test_a_shop_without_payments_says_so_when_its_payouts_are_counted(make_client, vendor):
    vendor.control("payout", payments=False)
    today = datetime.now(UTC).date()
    with pytest.raises(Skip, match="does not use Shopify Payments"):
        payouts.count_issued(asked(make_client(), today, today), today, today)


def test_gift_cards_are_counted_and_brought_in_by_the_day_they_were_made(make_client, vendor, shop):
    for _ in range(3):
        vendor.control("giftcard", value="25.00")
    old, edge, new = list(shop.table("GiftCard").values())[-3:]
    made_at(old, datetime(2026, 5, 9, 21, 59, 59, tzinfo=UTC), "createdAt")
    made_at(edge, datetime(2026, 5, 9, 22, 0, tzinfo=UTC), "createdAt")
    made_at(new, datetime(2026, 5, 10, 22, 0, tzinfo=UTC), "createdAt")
    day = date(2026, 5, 10)
    run = asked(make_client(), day, day)
    assert giftcards.count_issued(run, day, day) == 1
    assert giftcards.synchronize_issued(run).startswith("1 gift card was made from 2026-05-10")
    assert [one["object_id"] for one in run.spawned] == [edge["id"].rpartition("/")[2]]
    assert run.told == (1, 1)
    child = FakeRun(run.client, run.spawned[0]["payload"])
    giftcards.synchronize_gift_card(child)
    assert [one.id for one in child.delivered] == [run.spawned[0]["object_id"]]


def test_products_are_counted_and_brought_in_by_the_day_of_their_last_change(make_client, vendor, shop):
    for title in ("Old", "Kept"):
        vendor.control("products", title=title, variants=1, prefix=title.upper())
    old, kept = list(shop.table("Product").values())[-2:]
    made_at(old, datetime(2026, 5, 1, tzinfo=UTC), "createdAt", "updatedAt")
    made_at(kept, datetime(2026, 5, 1, tzinfo=UTC), "createdAt")
    made_at(kept, datetime(2026, 5, 10, 12, tzinfo=UTC), "updatedAt")
    day = date(2026, 5, 10)
    run = asked(make_client(), day, day)
    assert products.count_days(run, day, day) == 1
    assert products.synchronize_days(run).startswith("1 product was changed last from 2026-05-10")
    [event] = run.spawned
    assert (event["topic"], event["object_id"]) == ("single:product", kept["legacyResourceId"])
    assert event["payload"] == {"number": kept["id"]}
