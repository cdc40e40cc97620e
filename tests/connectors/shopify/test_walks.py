"""Walking many orders: windows that lose nothing, and days a person asked for. Against the sandbox over real HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors.exceptions import RemoteUnavailable
from connectors.shopify import orders, walks
from connectors.shopify.sandbox.shops import OUTLET
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
