"""Walking many orders: windows that lose nothing, and days a person asked for. Against the sandbox over real HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connectors.exceptions import ConfigurationError, RemoteRefused, RemoteUnavailable, Skip
from connectors.shopify import orders, walks
from connectors.shopify.sandbox.shops import OUTLET
from connectors.shopify.trigger import MARGIN
from tests.connectors.shopify.stand_ins import FakeRun


def test_the_first_walk_goes_back_as_far_as_the_setting_says(make_client, vendor):
    vendor.control("order", minutes_ago=23 * 60)
    vendor.control("order", minutes_ago=25 * 60)
    run = FakeRun(make_client())
    assert walks.synchronize_recent(run).startswith("4 orders were changed between")
    assert [one["object_label"] for one in run.spawned] == ["#EX-2044", "#EX-2041", "#EX-2042", "#EX-2043"]
    event = run.spawned[1]
    assert (event["topic"], event["object_type"], event["object_id"]) == ("orders/updated", "order", "5512300777001")


def test_what_a_walk_spawns_can_be_imported(make_client):
    run = FakeRun(make_client())
    walks.synchronize_recent(run)
    child = FakeRun(run.client, run.spawned[0]["payload"])
    orders.import_order(child)
    assert child.delivered[0].name == run.spawned[0]["object_label"]


def test_the_next_walk_overlaps_but_repeats_nothing(make_client, vendor):
    vendor.control("order", minutes_ago=5)
    run = FakeRun(make_client())
    walks.synchronize_recent(run)
    assert len(run.spawned) == 4
    assert list(run.checkpoint["seen"]) and len(run.checkpoint["seen"]) == 1

    again = FakeRun(make_client(), checkpoint=run.checkpoint)
    assert walks.synchronize_recent(again).startswith("0 orders were changed")
    assert again.spawned == []

    late = vendor.control("order", minutes_ago=6)
    third = FakeRun(make_client(), checkpoint=again.checkpoint)
    assert walks.synchronize_recent(third).startswith("1 order was changed")
    assert [one["object_label"] for one in third.spawned] == [late["name"]]


def test_an_order_changed_again_comes_again(make_client, vendor):
    placed = vendor.control("order", minutes_ago=7)
    run = FakeRun(make_client())
    walks.synchronize_recent(run)
    order = vendor.app.shops[OUTLET].orders[placed["id"]]
    order["updatedAt"] = (datetime.now(UTC) - timedelta(minutes=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
    again = FakeRun(make_client(), checkpoint=run.checkpoint)
    walks.synchronize_recent(again)
    assert [one["object_id"] for one in again.spawned] == [placed["legacyResourceId"]]


def test_a_broken_walk_leaves_the_watermark_where_it_was(make_client, vendor):
    run = FakeRun(make_client(), checkpoint={"until": "2026-11-20T00:00:00+00:00"})
    run.client.ping()
    vendor.control("fault", kind="500")
    with pytest.raises(RemoteUnavailable):
        walks.synchronize_recent(run)
    assert run.checkpoint == {"until": "2026-11-20T00:00:00+00:00"}


def test_a_clock_ten_minutes_ahead_loses_no_order(make_client, vendor, monkeypatch):
    """The hub's clock is wrong, the shop's is right: the window ends by the shop's."""
    client = make_client()
    real = client.now
    monkeypatch.setattr(client, "now", lambda: real() + 600)
    monkeypatch.setattr("connectors.shopify.orders.datetime", a_clock(600))
    run = FakeRun(client)
    walks.synchronize_recent(run)
    end = datetime.fromisoformat(run.checkpoint["until"])
    assert abs(end - (datetime.now(UTC) - MARGIN)) < timedelta(seconds=5)
    late = vendor.control("order", minutes_ago=2)
    again = FakeRun(client, checkpoint=run.checkpoint)
    walks.synchronize_recent(again)
    assert late["legacyResourceId"] in [one["object_id"] for one in again.spawned]


def test_a_clock_ten_minutes_behind_leaves_no_order_for_later(make_client, vendor, monkeypatch):
    client = make_client()
    real = client.now
    monkeypatch.setattr(client, "now", lambda: real() - 600)
    monkeypatch.setattr("connectors.shopify.orders.datetime", a_clock(-600))
    fresh = vendor.control("order", minutes_ago=5)
    run = FakeRun(client)
    walks.synchronize_recent(run)
    assert fresh["legacyResourceId"] in [one["object_id"] for one in run.spawned]


def a_clock(off_s: float):
    class Clock(datetime):
        @classmethod
        def now(cls, zone=None):
            return datetime.now(zone) + timedelta(seconds=off_s)

    return Clock


def test_a_watermark_of_the_future_is_not_believed(make_client):
    """Somebody's clock was wrong once: what it left behind must not make a window that begins after its end."""
    until = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    run = FakeRun(make_client(), checkpoint={"until": until})
    walks.synchronize_recent(run)
    assert datetime.fromisoformat(run.checkpoint["until"]) < datetime.now(UTC)


def test_another_shop_behind_the_address_stops_the_walk(make_client, vendor):
    run = FakeRun(make_client())
    vendor.app.shops[OUTLET].domain = "renamed-outlet.myshopify.com"
    with pytest.raises(ConfigurationError) as caught:
        walks.synchronize_recent(run)
    vendor.app.shops[OUTLET].domain = OUTLET
    assert caught.value.code == "wrong_shop" and "renamed-outlet.myshopify.com" in caught.value.sentence
    assert run.spawned == [] and run.checkpoint == {}


def test_a_cursor_that_expired_begins_the_rest_anew(make_client, vendor):
    for n in range(260):
        vendor.control("order", minutes_ago=50 - n / 10, silent=True)
    client = make_client()
    now = datetime.fromtimestamp(vendor.app.now(), UTC)
    pages = client.orders_since(now - timedelta(minutes=55), now)
    first = next(pages)
    vendor.control("cursors", shop=OUTLET)
    names = [node["name"] for page in [first, *pages] for node in page]
    assert len(set(names)) == 261 and len(names) < 261 + 30  # the last second of the first page comes twice


def test_cursors_that_always_expire_end_in_an_error(make_client, vendor, monkeypatch):
    monkeypatch.setattr("connectors.shopify.client.RESTARTS", 2)
    for _ in range(260):
        placed = vendor.control("order", minutes_ago=50, silent=True)
    for order in vendor.app.shops[OUTLET].orders.values():
        order["updatedAt"] = placed["updatedAt"]
    pages = make_client().orders_since(*window(vendor))

    def walk() -> None:
        for _ in pages:
            vendor.control("cursors", shop=OUTLET)

    with pytest.raises(RemoteRefused, match="cursor"):
        walk()


def window(vendor) -> tuple[datetime, datetime]:
    now = datetime.fromtimestamp(vendor.app.now(), UTC)
    return now - timedelta(minutes=55), now


def test_an_order_deleted_between_list_and_read_is_skipped(make_client, vendor):
    placed = vendor.control("order", minutes_ago=5, silent=True)
    run = FakeRun(make_client())
    walks.synchronize_recent(run)
    vendor.control("delete_order", order=placed["name"])
    (event,) = [one for one in run.spawned if one["object_id"] == placed["legacyResourceId"]]
    with pytest.raises(Skip) as caught:
        orders.import_order(FakeRun(run.client, event["payload"]))
    assert caught.value.code == "not_found"


def test_orders_of_certain_days_are_taken_in_the_shops_time_zone(make_client, vendor):
    berlin = ZoneInfo("Europe/Berlin")
    now = datetime.fromtimestamp(vendor.app.now(), berlin)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    minutes = (now - midnight).total_seconds() / 60
    after = vendor.control("order", minutes_ago=minutes - 0.5, silent=True)
    before = vendor.control("order", minutes_ago=minutes + 0.5, silent=True)
    vendor.control("clock", index_lag_s=0)
    day, before_that = midnight.date(), midnight.date() - timedelta(days=1)
    run = FakeRun(make_client(), {"first": f"{day}", "last": f"{day}"})
    walks.synchronize_placed(run)
    numbers = {one["object_id"] for one in run.spawned}
    assert after["legacyResourceId"] in numbers and before["legacyResourceId"] not in numbers
    assert run.told == (len(run.spawned), len(run.spawned))
    both = FakeRun(make_client(), {"first": f"{before_that}", "last": f"{day}"})
    walks.synchronize_placed(both)
    assert {after["legacyResourceId"], before["legacyResourceId"]} <= {one["object_id"] for one in both.spawned}
    assert walks.count_placed(run, before_that, day) == len(both.spawned)
