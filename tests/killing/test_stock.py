"""Workers die in the middle of stock levels, or two of them send at once: the shop gets what is missing, and nothing wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors import syncing
from connectors.models import Batch, DirectoryEntry, Figure, Route
from events.models import Event
from tests.connectors.xoro.stock_cast import set_stock
from tests.killing.crash import Crash, said

pytestmark = pytest.mark.django_db(transaction=True)

GRAPHQL, SET = "graphql.json", "inventorySetQuantities"
MAIN, SHOP = "Main Store", "lumen-goods.myshopify.com"
COUNT = 300  # two calls of 250 entries at most


@pytest.fixture
def route(install: Any, sandbox: Any) -> Route:
    """Stock of three hundred items, none of which the shop has been told of yet."""
    sandbox.post("/shopify/_sandbox/clock", {"index_lag_s": 0})
    sandbox.post("/xoro/_sandbox/seed", {"items": COUNT})
    for block in range(0, COUNT, 100):
        skus = [f"CROWD-{number:06d}" for number in range(block, block + 100)]
        sandbox.post("/shopify/_sandbox/products", {"shop": SHOP, "skus": skus, "stock": 7})
    rows = [{"store": MAIN, "location": "Spokane"}]
    tenant = install("xoro", name="Xoro", inventory_location_map=rows, full_sync_hour=None)
    shop = install("shopify", name="Lumen")
    return Route.objects.create(source=tenant, target=shop, record_kind="stock", options={})


def start(route: Route) -> int:
    return syncing.start_sync(route.source, "inventory", by="ada")


class Sent:
    """What the shop was sent: ``keys`` of the calls in their order, and what each item stands at since."""

    def __init__(self, crash: Crash) -> None:
        self.keys: list[str] = []
        self.levels: dict[str, int] = {}
        skus = dict(DirectoryEntry.objects.filter(kind="variant").values_list("data__item", "key"))
        done: set[str] = set()
        for one in crash.sandbox.log("shopify"):
            if one.get("operation") != "HubStockSet":
                continue
            given = json.loads(one["body"])["variables"]
            self.keys.append(given["key"])
            if given["key"] not in done:  # the shop does each key once
                rows = given["input"]["quantities"]
                self.levels |= {skus[row["inventoryItemId"]]: row["quantity"] for row in rows}
            done.add(given["key"])


def wanted() -> dict[str, int]:
    """What Xoro has of each item."""
    return {f"CROWD-{number:06d}": number % 100 for number in range(COUNT)}


def held(crash: Crash) -> dict[str, int]:
    """What the shop itself has of each item."""
    found = {}
    for sku in wanted():
        answer = crash.sandbox.post("/shopify/_sandbox/stock", {"shop": SHOP, "sku": sku, "location": "Spokane"})
        found[sku] = answer["available"]
    return found


def assert_known(route: Route, changed: dict[str, int]) -> None:
    assert not Batch.objects.filter(route=route, state="open").exists()
    known = Figure.objects.filter(route=route, key__startswith="CROWD").values_list("key", "sent", "problem")
    expected = {sku: (units, "") for sku, units in (wanted() | changed).items()}
    assert {key: (int(text), problem) for key, text, problem in known} == expected


def assert_right(crash: Crash, route: Route, changed: dict[str, int] | None = None) -> Sent:
    """Every item of the shop stands at what Xoro has, and the hub knows it."""
    sent = Sent(crash)
    levels = wanted() | (changed or {})
    assert {sku: units for sku, units in sent.levels.items() if sku in levels} == levels
    assert_known(route, changed or {})
    return sent


def test_a_call_nobody_knows_of_is_repeated_with_its_key_and_the_rest_is_sent(
    route: Route, crash: Crash, moment: str
) -> None:
    start(route)
    crash.at(GRAPHQL, moment, says=SET)
    crash.recover()
    crash.later()
    sent = assert_right(crash, route)
    assert len(set(sent.keys)) == 2 and len(sent.keys) <= 3, sent.keys
    start(route)
    crash.drain()
    assert len(Sent(crash).keys) == len(sent.keys)


def test_a_call_that_never_reached_the_shop_is_sent(route: Route, crash: Crash) -> None:
    start(route)
    crash.at(GRAPHQL, says=SET, is_lost=True)
    crash.recover()
    crash.later()
    assert_right(crash, route)


def test_a_file_nobody_knows_of_does_no_harm(route: Route, crash: Crash, moment: str) -> None:
    route.options = {"direct_limit": 100}
    route.save()
    start(route)
    crash.at(GRAPHQL, moment, says="bulkOperationRunMutation")
    crash.sandbox.post("/shopify/_sandbox/clock", {"advance": 60})
    crash.recover()
    for _ in range(4):
        crash.sandbox.post("/shopify/_sandbox/clock", {"advance": 60})
        crash.later()
    assert_known(route, {})
    assert held(crash) == wanted()


def test_stock_that_moves_while_nobody_knows_of_the_call_ends_as_xoro_has_it(
    route: Route, crash: Crash, moment: str
) -> None:
    start(route)
    crash.at(GRAPHQL, moment, says=SET)
    changed = {"CROWD-000003": 41, "CROWD-000299": 1}
    for sku, units in changed.items():
        set_stock(crash.sandbox, sku, MAIN, units)
    start(route)
    crash.recover()
    crash.later()
    assert_right(crash, route, changed)


def test_two_workers_send_nothing_twice(route: Route, crash: Crash) -> None:
    start(route)
    with crash.busy(GRAPHQL, says=SET):
        set_stock(crash.sandbox, "CROWD-000003", MAIN, 41)
        start(route)
        crash.workers.start().wait()
    crash.later()
    sent = assert_right(crash, route, {"CROWD-000003": 41})
    assert len(sent.keys) == len(set(sent.keys)), sent.keys


def test_a_worker_that_dies_while_it_reads_the_stock_has_sent_nothing_wrong(route: Route, crash: Crash) -> None:
    given = start(route)
    crash.at("inventory/getinventorybyitem", skips=1)
    crash.recover()
    crash.later()
    assert Event.objects.get(pk=given).outcome == "succeeded", said(given)
    assert_right(crash, route)
