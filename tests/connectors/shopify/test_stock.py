"""Stock levels into a shop: direct calls and files, restarts and lost answers, and what cannot be sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from connectors import directory, feeds
from connectors.models import Batch, Connector, Figure, Mapping, Route
from connectors.records import StockLevel
from connectors.shopify import bulk, stockfile
from connectors.shopify.sandbox import OUTLET, inventory
from events.models import Event, Outcome, Reason, RelatedRequest
from tests.cast import an_event, run_one

KIEL, HAMBURG = "gid://shopify/Location/61001", "gid://shopify/Location/61002"
MUG, RED, LAMP = (f"gid://shopify/InventoryItem/{7701 + place}" for place in range(3))


def level(sku: str, quantity: object, location: str = "WH-KIEL", **more: object) -> StockLevel:
    return StockLevel(sku=sku, location=location, quantity=Decimal(str(quantity)), **more)


@pytest.fixture
def shop(db, vendor, settings, monkeypatch) -> Connector:
    """The outlet as a connector, its places mapped, answers not waited for."""
    monkeypatch.setattr(feeds, "PAUSES_S", (0.0, 0.0))
    monkeypatch.setattr("connectors.known.KNOWN_FOR_S", 0.0)
    one = vendor.app.shops[OUTLET]
    made = Connector(name="Outlet", slug="outlet", provider_slug="shopify")
    made.put_settings(
        {"shop_domain": one.domain, "client_id": one.client_id, "client_secret": one.client_secret,
         "base_url": vendor.url}
    )  # fmt: skip
    made.save()
    for code, name in (("WH-KIEL", "Kiel"), ("WH-HH", "61002")):
        Mapping.objects.create(connector=made, kind="location", from_value=code, to_value=name)
    one.stock[MUG, KIEL].update(available=25, committed=0)
    vendor.control("clock", advance=10)  # the shop's search knows its seeds by now
    return made


@pytest.fixture
def route(shop, make_connector) -> Route:
    return Route.objects.create(source=make_connector("ERP"), target=shop, record_kind="stock", options={})


@pytest.fixture
def offer(route, testing_provider):
    """``offer(rows)``: the ERP's sync offers them."""

    def run(*rows: StockLevel, **more: object) -> Event:
        testing_provider.STATE.call = lambda run: run.offer(StockLevel, iter(rows), **more).sentence("Stock level")
        an_event(route.source, "call")
        return run_one(route.source)[1]

    return run


def options(route: Route, **values: object) -> None:
    route.options = values
    route.save()


def feed(route: Route) -> Event:
    """The next event of the shop's lane, whatever waits in it made due."""
    Event.objects.filter(connector_id=route.target_id, outcome=Outcome.WAITING).update(
        outcome=Outcome.QUEUED, due_at=None
    )
    return run_one(route.target)[1]


def held(vendor, item: str, location: str = KIEL) -> int:
    return vendor.app.shops[OUTLET].stock[item, location]["available"]


def calls(vendor, name: str = "HubStockSet") -> list[dict]:
    return [one for one in vendor.app.journal if one.get("operation") == name]


def seed(route: Route, vendor, count: int) -> None:
    """An assortment of this many SKUs, known to the directory already."""
    vendor.control("seed", skus=count)
    entries = (
        directory.Known(
            key=f"BULK-{n + 1:07d}", object_id=f"gid://shopify/ProductVariant/{50_000_001 + n}",
            data={"item": item_of(n), "product": f"gid://shopify/Product/{50_000_001 + n}", "tracked": True,
                  "updated_at": "2026-01-01T00:00:00Z"},
        )
        for n in range(count)
    )  # fmt: skip
    directory.put(route.target_id, "variant", entries)
    Connector.objects.filter(pk=route.target_id).update(memory={"assortment_at": datetime.now(UTC).isoformat()})


def item_of(n: int) -> str:
    return f"gid://shopify/InventoryItem/{50_000_001 + n}"


def many(count: int, quantity: int = 7) -> list[StockLevel]:
    return [level(f"BULK-{n + 1:07d}", quantity) for n in range(count)]


# --- direct calls


def test_stock_reaches_the_shop_at_the_mapped_location(route, offer, vendor):
    offer(level("MUG-BLU-350", 14), level("MUG-BLU-350", 3, "WH-HH"), level("LMP-OAK-S", 0))
    event = feed(route)
    assert event.notes == []
    assert (event.outcome, event.sentence) == (Outcome.SUCCEEDED, "3 stock levels sent, 0 unchanged.")
    assert (held(vendor, MUG), held(vendor, MUG, HAMBURG), held(vendor, LAMP)) == (14, 3, 0)
    [one] = calls(vendor)
    assert one["variables"]["input"]["referenceDocumentUri"] == f"gid://integration-hub/StockRun/{event.pk}"
    request = RelatedRequest.objects.get(event=event, is_write=True)
    assert request.idempotency_key == str(Batch.objects.get().key)


def test_only_what_differs_is_sent(route, offer, vendor):
    offer(level("MUG-BLU-350", 14), level("LMP-OAK-S", 5))
    feed(route)
    offer(level("MUG-BLU-350", 14), level("LMP-OAK-S", 6))
    assert feed(route).sentence == "1 stock level sent, 1 unchanged."
    assert len(calls(vendor)[1]["variables"]["input"]["quantities"]) == 1


def test_what_lies_on_the_shelf_goes_to_on_hand(route, offer, vendor):
    vendor.app.shops[OUTLET].stock[MUG, KIEL]["committed"] = 4
    offer(level("MUG-BLU-350", 14, counts="on_hand"), level("LMP-OAK-S", 5))
    feed(route)
    assert held(vendor, MUG) == 10, "four of the fourteen are promised to open orders"
    assert [one["variables"]["input"]["name"] for one in calls(vendor)] == ["on_hand", "available"]


def test_the_route_knows_better_than_the_source_what_it_counts(route, offer, vendor):
    options(route, quantity="on_hand")
    offer(level("MUG-BLU-350", 14))
    feed(route)
    assert calls(vendor)[0]["variables"]["input"]["name"] == "on_hand"


def test_rows_without_a_place_go_where_the_route_says(route, offer, vendor):
    offer(level("MUG-BLU-350", 9, ""))
    event = feed(route)
    assert event.notes[0]["code"] == "location" and "The source names no location." in event.notes[0]["text"]
    options(route, location="Hamburg")
    offer(level("MUG-BLU-350", 9, ""))
    assert feed(route).sentence == "1 stock level sent, 0 unchanged.", "what stood in the way is gone"
    assert held(vendor, MUG, HAMBURG) == 9


# --- what cannot be sent


def test_unknown_skus_are_listed_and_the_rest_is_sent(route, offer, vendor):
    offer(level("NO-SUCH", 1), level("MUG-BLU-350", 14), level("mug-blu-350", 1))
    event = feed(route)
    assert event.sentence == "1 stock level sent, 0 unchanged, 2 with problems."
    assert event.notes == [
        {"code": "unknown_sku", "text": "2: NO-SUCH, mug-blu-350. The shop has no variant with this SKU."}
    ], "Shopify's search compares without case, the hub does not"


def test_a_sku_that_appears_later_is_sent_then(route, offer, vendor):
    offer(level("LATE-1", 6))
    feed(route)
    vendor.control("products", skus=["LATE-1"], seconds_ago=60)
    offer(level("LATE-1", 6))
    assert feed(route).sentence == "0 stock levels sent, 0 unchanged, 1 with problems."
    run_sync(route.target, vendor)
    offer(level("LATE-1", 6))
    assert feed(route).sentence == "1 stock level sent, 0 unchanged."


def test_a_sku_used_twice_is_updated_by_choice_only(route, offer, vendor):
    vendor.control("products", skus=["TWIN"], seconds_ago=60)
    vendor.control("products", skus=["TWIN"], seconds_ago=60)
    offer(level("TWIN", 6))
    event = feed(route)
    assert event.notes[0]["code"] == "sku_twice" and "2 variants of the shop have this SKU" in event.notes[0]["text"]
    options(route, duplicates="all")
    offer(level("TWIN", 6))
    assert feed(route).sentence == "1 stock level sent, 0 unchanged."
    assert len(calls(vendor)[0]["variables"]["input"]["quantities"]) == 2


def test_an_untracked_item_is_listed_or_switched_on(route, offer, vendor):
    vendor.app.shops[OUTLET].table("InventoryItem")[MUG]["tracked"] = False
    offer(level("MUG-BLU-350", 14))
    event = feed(route)
    assert event.notes[0]["code"] == "untracked" and not calls(vendor)
    options(route, track=True)
    offer(level("MUG-BLU-350", 14))
    assert feed(route).sentence == "1 stock level sent, 0 unchanged."
    assert vendor.app.shops[OUTLET].table("InventoryItem")[MUG]["tracked"] is True
    assert directory.find(route.target_id, "variant", ["MUG-BLU-350"])["MUG-BLU-350"][0].data["tracked"] is True


def test_a_place_without_a_mapping_is_named(route, offer, vendor):
    offer(level("MUG-BLU-350", 14, "WH-MOON"), level("MUG-BLU-350", 14))
    event = feed(route)
    assert event.sentence == "1 stock level sent, 0 unchanged, 1 with problems."
    assert "No Shopify location is mapped for “WH-MOON”" in event.notes[0]["text"]
    Mapping.objects.create(connector=route.target, kind="location", from_value="WH-MOON", to_value="Hamburg")
    offer(level("LMP-OAK-S", 1))
    feed(route)
    assert held(vendor, MUG, HAMBURG) == 14, "sent as soon as the mapping is there"


def test_two_places_of_one_location_would_overwrite_each_other(route, offer, vendor):
    Mapping.objects.create(connector=route.target, kind="location", from_value="WH-KIEL-2", to_value="Kiel")
    offer(level("MUG-BLU-350", 14), level("MUG-BLU-350", 3, "WH-KIEL-2"))
    event = feed(route)
    assert event.sentence == "0 stock levels sent, 0 unchanged, 2 with problems."
    assert "would overwrite each other" in event.notes[0]["text"]
    assert held(vendor, MUG) == 25


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (level("MUG-BLU-350", "1.5"), "is not whole"),
        (level("MUG-BLU-350", 2_000_000_000), "does not take 2000000000"),
        (level("MUG-BLU-350", -1, counts="on_hand"), "does not take -1 as a quantity on hand"),
    ],
)
def test_a_quantity_shopify_does_not_take_is_listed(route, offer, vendor, row, words):
    offer(row)
    event = feed(route)
    assert event.notes[0]["code"] == "quantity" and words in event.notes[0]["text"]
    assert not calls(vendor)


def test_entries_the_shop_declines_are_dropped_and_the_rest_goes_with_another_key(route, offer, vendor):
    offer(level("MUG-BLU-350", 1), level("MUG-RED-350", 1), level("LMP-OAK-S", 1))
    feed(route)
    del vendor.app.shops[OUTLET].table("InventoryItem")[RED]
    offer(level("MUG-BLU-350", 2), level("MUG-RED-350", 2), level("LMP-OAK-S", 2))
    event = feed(route)
    assert event.sentence == "2 stock levels sent, 0 unchanged, 1 with problems."
    assert event.notes[0]["code"] == "item_gone" and "MUG-RED-350" in event.notes[0]["text"]
    assert (held(vendor, MUG), held(vendor, LAMP)) == (2, 2)
    sizes = [len(one["variables"]["input"]["quantities"]) for one in calls(vendor)]
    assert sizes == [3, 3, 2] and len({key for one in calls(vendor) for key in one["keys"]}) == 3


def test_a_location_that_was_closed_is_listed_and_its_stock_goes_to_the_next_one_mapped(route, offer, vendor):
    offer(level("MUG-BLU-350", 14))
    feed(route)
    vendor.app.shops[OUTLET].table("Location")[KIEL]["isActive"] = False
    offer(level("MUG-BLU-350", 15))
    assert feed(route).notes[0]["code"] == "location"
    offer(level("MUG-BLU-350", 15))
    assert feed(route).notes[0]["code"] == "location"
    assert len(calls(vendor)) == 2, "the shop was not asked in vain again"
    other = next(gid for gid, one in vendor.app.shops[OUTLET].table("Location").items() if one["isActive"])
    Mapping.objects.update(to_value=other.rpartition("/")[2])
    offer(level("MUG-BLU-350", 15))
    assert feed(route).outcome == Outcome.SUCCEEDED and held(vendor, MUG, other) == 15


def test_a_batch_that_is_wrong_as_a_whole_fails_the_event(route, offer, vendor):
    offer(level("MUG-BLU-350", 14))
    vendor.control("fault", kind="user_error", operation="HubStockSet", field=["input", "reason"],
                   message="The specified reason is invalid.", code="INVALID_REASON")  # fmt: skip
    event = feed(route)
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.REFUSED)
    assert "The specified reason is invalid." in event.sentence


def test_once_what_was_wrong_is_put_right_the_figures_leave_with_another_key(route, offer, vendor):
    """Shopify keeps an answer with its key: the same batch would be declined again for a day."""
    offer(level("MUG-BLU-350", 14))
    vendor.control("fault", kind="user_error", operation="HubStockSet", field=["input", "reason"],
                   message="The specified reason is invalid.", code="INVALID_REASON")  # fmt: skip
    assert feed(route).outcome == Outcome.FAILED
    options(route, reason="received")
    offer(level("MUG-BLU-350", 14))
    assert feed(route).outcome == Outcome.SUCCEEDED and held(vendor, MUG) == 14
    first, second = calls(vendor)
    assert first["keys"] != second["keys"] and second["variables"]["input"]["reason"] == "received"


def test_a_file_that_is_wrong_as_a_whole_fails_once_and_is_cut_anew(route, offer, vendor, monkeypatch):
    seed(route, vendor, 1_000)
    options(route, direct_limit=500, reason="shrinkage")
    monkeypatch.setattr(inventory, "REASONS", inventory.REASONS - {"shrinkage"})
    offer(*many(1_000))
    event = finish(route, vendor)
    assert (event.outcome, event.reason, event.reason_code) == (Outcome.FAILED, Reason.REFUSED, "INVALID_REASON")
    options(route, direct_limit=500, reason="correction")
    offer(*many(1_000))
    assert finish(route, vendor).sentence == "1,000 stock levels sent, 0 unchanged."


# --- lost answers, keys, restarts


def test_a_lost_answer_is_repeated_with_the_same_key(route, offer, vendor):
    vendor.control("fault", kind="drop_after_commit", operation="HubStockSet")
    offer(level("MUG-BLU-350", 14))
    assert feed(route).outcome == Outcome.SUCCEEDED
    first, second = calls(vendor)
    assert first["keys"] == second["keys"] and held(vendor, MUG) == 14


def test_a_call_under_way_is_waited_for(route, offer, vendor):
    fault = {"kind": "user_error", "operation": "HubStockSet", "code": "IDEMPOTENCY_CONCURRENT_REQUEST", "times": 2}
    vendor.control("fault", **fault)
    offer(level("MUG-BLU-350", 14))
    assert feed(route).outcome == Outcome.SUCCEEDED
    assert len({tuple(one["variables"]["key"]) for one in calls(vendor)}) == 1 and len(calls(vendor)) == 3


def test_a_key_whose_attempt_failed_is_not_used_again(route, offer, vendor):
    fault = {"kind": "user_error", "operation": "HubStockSet", "code": "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"}
    vendor.control("fault", **fault)
    offer(level("MUG-BLU-350", 14))
    assert feed(route).sentence == "1 stock level sent, 0 unchanged."
    assert len({one["variables"]["key"] for one in calls(vendor)}) == 2


def test_a_worker_that_dies_leaves_its_keys_to_the_next(route, offer, vendor, monkeypatch):
    """kill -9 in the middle: what was cut goes again with its keys, what was not is cut then; no call is made twice
    under another key."""
    seed(route, vendor, 1_200)
    offer(*many(1_200))
    settle, count = feeds.figures.settle, []

    class Killed(BaseException):
        """Not even a bug: the process is gone."""

    def dies(*given, **more):
        count.append(1)
        if len(count) == 3:
            raise Killed  # Shopify has done the third batch, nobody wrote that down
        settle(*given, **more)

    monkeypatch.setattr(feeds.figures, "settle", dies)
    with pytest.raises(Killed):
        feed(route)
    monkeypatch.setattr(feeds.figures, "settle", settle)
    cut = {str(one.key): one.content["input"] for one in Batch.objects.filter(state="open")}
    assert len(cut) == 2
    Event.objects.filter(outcome=Outcome.RUNNING).update(outcome=Outcome.QUEUED, lease=None)
    event = feed(route)
    assert event.sentence == "1,200 stock levels sent, 0 unchanged."
    again = {one["variables"]["key"] for one in calls(vendor)[3:5]}
    assert again == set(cut), "the open batches first, with their keys"
    assert len(calls(vendor)) == 6 and len({one["variables"]["key"] for one in calls(vendor)}) == 5
    assert all(held(vendor, item_of(n)) == 7 for n in range(1_200))
    assert not [one for one in vendor.app.journal if "THROTTLED" in (one.get("codes") or ())]


def test_a_batch_older_than_its_key_lives_is_cut_anew(route, offer, vendor):
    vendor.control("fault", kind="drop_after_commit", operation="HubStockSet", times=3)
    offer(level("MUG-BLU-350", 14))
    assert feed(route).outcome == Outcome.WAITING
    Batch.objects.update(created_at=datetime.now(UTC) - timedelta(hours=23, minutes=1))
    vendor.control("clock", advance=86_401)
    assert feed(route).outcome == Outcome.SUCCEEDED
    assert calls(vendor)[3]["variables"]["key"] != calls(vendor)[0]["variables"]["key"]


# --- compare and set


def test_a_level_somebody_else_changed_is_read_and_set_again(route, offer, vendor):
    options(route, compare=True)
    offer(level("MUG-BLU-350", 14), level("LMP-OAK-S", 5))
    feed(route)
    vendor.app.shops[OUTLET].stock[MUG, KIEL]["available"] = 11  # an order came
    offer(level("MUG-BLU-350", 13), level("LMP-OAK-S", 4))
    assert feed(route).sentence == "2 stock levels sent, 0 unchanged."
    assert held(vendor, MUG) == 13 and len(calls(vendor, "HubStock")) == 1
    last = calls(vendor)[-1]["variables"]["input"]["quantities"]
    assert {one["changeFromQuantity"] for one in last} == {11, 5}


def test_a_level_that_never_stands_still_is_left_to_the_next_run(route, offer, vendor, monkeypatch):
    options(route, compare=True)
    offer(level("MUG-BLU-350", 14))
    feed(route)
    fault = {"kind": "user_error", "operation": "HubStockSet", "code": "CHANGE_FROM_QUANTITY_STALE",
             "field": ["input", "quantities", "0", "changeFromQuantity"], "times": 9}  # fmt: skip
    vendor.control("fault", **fault)
    offer(level("MUG-BLU-350", 13))
    event = feed(route)
    assert len(calls(vendor)) == 1 + 4, "set, and three times again"
    assert event.notes[0]["code"] == "left" and Figure.objects.get().wanted == "13"


# --- files


def run_sync(shop: Connector, vendor, name: str = "skus") -> Event:
    from connectors import syncing

    pk = syncing.start_sync(shop, name, by="ada")
    for _ in range(50):
        event = Event.objects.get(pk=pk)
        if event.outcome in (Outcome.SUCCEEDED, Outcome.FAILED):
            return event
        Event.objects.filter(pk=pk, outcome=Outcome.WAITING).update(outcome=Outcome.QUEUED, due_at=None)
        run_one(shop)
        vendor.control("clock", advance=5)
    raise AssertionError(event.sentence)


def finish(route: Route, vendor) -> Event:
    """Run the feed until it is done, on the sandbox's clock."""
    for _ in range(50):
        event = feed(route)
        if event.outcome != Outcome.WAITING:
            return event
        vendor.control("clock", advance=5)
    raise AssertionError(event.sentence)


def test_much_stock_goes_as_one_file(route, offer, vendor):
    seed(route, vendor, 3_000)
    options(route, direct_limit=2_000)
    offer(*many(3_000))
    event = feed(route)
    assert (event.outcome, event.reason, event.attempts) == (Outcome.WAITING, Reason.DEPENDENCY, 0)
    assert event.sentence == "12 batches of stock levels went to Shopify as one file; the hub waits for the outcome."
    assert finish(route, vendor).sentence == "3,000 stock levels sent, 0 unchanged."
    assert not calls(vendor), "no direct call"
    assert all(held(vendor, item_of(n)) == 7 for n in range(3_000))
    assert set(Batch.objects.values_list("state", flat=True)) == {"done"}


def test_what_changes_while_a_file_is_under_way_is_sent_at_once(route, offer, vendor, monkeypatch):
    """What the file holds itself waits for its outcome: the older quantity must not arrive last."""
    seed(route, vendor, 300)
    options(route, direct_limit=100)
    offer(*many(298))
    feed(route)
    file = set(Figure.objects.filter(batch__isnull=False).values_list("key", flat=True))
    running = {"status": "RUNNING", "objectCount": "0", "createdAt": datetime.now(UTC).isoformat()}
    with monkeypatch.context() as patch:
        patch.setattr(bulk.calls, "operation", lambda client, gid: running)
        offer(*many(300)[298:], level("BULK-0000001", 9))
        event = feed(route)
        assert (event.outcome, event.reason_code) == (Outcome.WAITING, "bulk_running"), event.sentence
    assert len(file) == 298 and len(calls(vendor)) == 1
    assert [held(vendor, item_of(n)) for n in (298, 299)] == [7, 7]
    assert calls(vendor)[0]["variables"]["input"]["quantities"][0]["inventoryItemId"] == item_of(298)
    finish(route, vendor)
    assert held(vendor, item_of(0)) == 9 and held(vendor, item_of(1)) == 7


def test_bad_lines_of_a_file_are_listed_by_sku_and_the_rest_is_applied(route, offer, vendor):
    """One figure in a hundred is of an item that is gone: each line holds some."""
    seed(route, vendor, 3_000)
    gone = {f"BULK-{n + 1:07d}" for n in range(0, 3_000, 100)}
    table = vendor.app.shops[OUTLET].tables["InventoryItem"]
    place = table.assortment.place
    table.assortment.place = lambda gid, kind: (
        None if kind == "InventoryItem" and (number := place(gid, kind)) is not None and number % 100 == 0
        else place(gid, kind)
    )  # fmt: skip
    options(route, direct_limit=2_000)
    offer(*many(3_000))
    event = finish(route, vendor)
    assert event.sentence == "2,970 stock levels sent, 0 unchanged, 30 with problems."
    assert set(Figure.objects.filter(problem="item_gone").values_list("key", flat=True)) == gone
    assert all(held(vendor, item_of(n)) == 7 for n in range(3_000) if n % 100)


def test_the_signal_wakes_what_waits_for_the_file(route, offer, vendor):
    seed(route, vendor, 300)
    options(route, direct_limit=100)
    offer(*many(300))
    waiting = feed(route)
    gid = Batch.objects.first().remote_id
    an_event(
        route.target, "bulk_operations/finish", payload=f'{{"admin_graphql_api_id": "{gid}"}}'.encode()
    )  # fmt: skip
    _, event = run_one(route.target)
    assert event.sentence.endswith("is over; what waited for it goes on.")
    waiting.refresh_from_db()
    assert waiting.outcome == Outcome.QUEUED


def test_a_worker_that_dies_over_a_file_starts_from_what_was_cut(route, offer, vendor, monkeypatch):
    seed(route, vendor, 1_000)
    options(route, direct_limit=100)
    offer(*many(1_000))
    hand_to = stockfile.figures.hand_to

    class Killed(BaseException):
        pass

    def dies(*_, **__):
        raise Killed  # Shopify runs the file, and nobody wrote that down

    monkeypatch.setattr(stockfile.figures, "hand_to", dies)
    with pytest.raises(Killed):
        feed(route)
    monkeypatch.setattr(stockfile.figures, "hand_to", hand_to)
    keys = set(Batch.objects.values_list("key", flat=True))
    Event.objects.filter(outcome=Outcome.RUNNING).update(outcome=Outcome.QUEUED, lease=None)
    assert finish(route, vendor).sentence == "1,000 stock levels sent, 0 unchanged."
    assert set(Batch.objects.values_list("key", flat=True)) == keys, "both files carry the same keys"


def test_a_file_that_fails_half_way_leaves_the_rest_to_direct_calls(route, offer, vendor):
    seed(route, vendor, 12_500)
    options(route, direct_limit=1_000)
    vendor.control("bulk", error_code="INTERNAL_SERVER_ERROR", after_lines=40)
    offer(*many(12_500))
    event = finish(route, vendor)
    assert event.sentence == "12,500 stock levels sent, 0 unchanged."
    assert len(calls(vendor)) == 10, "forty lines of fifty were done"


def test_where_shopify_takes_no_keys_in_files_direct_calls_follow(route, offer, vendor):
    seed(route, vendor, 500)
    options(route, direct_limit=100)
    vendor.control("bulk", bad_request=True)
    offer(*many(500))
    event = finish(route, vendor)
    assert event.sentence == "500 stock levels sent, 0 unchanged." and len(calls(vendor)) == 2
    offer(*many(500, 8))
    feed(route)
    assert len(calls(vendor, "HubBulkMutation")) == 1, "no further file for a day"


@pytest.mark.parametrize("kind", ["403", "503"])
def test_a_refused_upload_is_tried_again_with_another_place(route, offer, vendor, kind):
    seed(route, vendor, 300)
    options(route, direct_limit=100)
    vendor.control("fault", kind=kind, match="/uploads")
    offer(*many(300))
    assert feed(route).outcome == Outcome.WAITING
    assert finish(route, vendor).sentence == "300 stock levels sent, 0 unchanged."


def test_a_result_that_cannot_be_read_any_more_is_sent_again(route, offer, vendor):
    seed(route, vendor, 300)
    options(route, direct_limit=100)
    offer(*many(300))
    feed(route)
    vendor.control("clock", advance=10)
    vendor.control("fault", kind="403", match="/results")
    event = finish(route, vendor)
    assert event.sentence == "300 stock levels sent, 0 unchanged."


def test_as_many_operations_as_shopify_allows_are_waited_for(route, offer, vendor):
    seed(route, vendor, 300)
    options(route, direct_limit=100)
    fault = {"kind": "user_error", "operation": "HubBulkMutation", "code": "OPERATION_IN_PROGRESS"}
    vendor.control("fault", **fault)
    offer(*many(300))
    event = feed(route)
    assert (event.outcome, event.reason_code) == (Outcome.WAITING, "bulk_busy")
    assert finish(route, vendor).outcome == Outcome.SUCCEEDED


def test_no_token_leaves_for_the_hosts_of_files(route, offer, vendor):
    seed(route, vendor, 300)
    options(route, direct_limit=100)
    offer(*many(300))
    finish(route, vendor)
    files = [one for one in vendor.app.journal if one["path"].startswith(("/uploads", "/results"))]
    assert len(files) == 2 and not any("x-shopify-access-token" in one["headers"] for one in files)


# --- the directory of SKUs


def test_the_directory_is_filled_by_one_bulk_query(shop, vendor):
    vendor.control("seed", skus=2_500)
    vendor.control("products", skus=["TWIN"], seconds_ago=60)
    vendor.control("products", skus=["TWIN"], seconds_ago=60)
    event = run_sync(shop, vendor)
    assert event.sentence == "The shop has 2,508 variants, 1 SKU used more than once."
    assert event.notes == [{"code": "sku_twice", "text": "SKUs that more than one variant has: TWIN."}]
    [known] = directory.find(shop.pk, "variant", ["BULK-0002500"])["BULK-0002500"]
    assert known.data["item"] == item_of(2_499) and known.data["tracked"] is True


def test_what_is_gone_from_the_shop_is_forgotten(shop, vendor):
    run_sync(shop, vendor)
    table = vendor.app.shops[OUTLET].table("ProductVariant")
    del table[next(iter(table))]
    assert run_sync(shop, vendor).sentence == "The shop has 5 variants, 1 is gone."
    assert directory.count(shop.pk, "variant") == 5


def test_an_older_row_does_not_undo_what_a_delivery_brought(shop, vendor):
    run_sync(shop, vendor)
    [mug] = directory.find(shop.pk, "variant", ["MUG-BLU-350"])["MUG-BLU-350"]
    newer = directory.Known(
        key="MUG-NEW", object_id=mug.object_id, data={**mug.data, "updated_at": "2099-01-01T00:00:00Z"}
    )
    directory.put(shop.pk, "variant", [newer])
    assert run_sync(shop, vendor).outcome == Outcome.SUCCEEDED
    assert directory.count(shop.pk, "variant") == 6 and "MUG-NEW" in directory.find(shop.pk, "variant", ["MUG-NEW"])


def test_a_shop_that_was_never_read_is_read_before_much_is_sent(route, offer, vendor):
    vendor.control("seed", skus=1_500)
    offer(*many(1_500))
    event = feed(route)
    assert (event.outcome, event.reason_code) == (Outcome.WAITING, "skus_first")
    assert not calls(vendor, "HubVariantsBySku"), "not one search"
    assert Event.objects.filter(topic="sync:skus", outcome=Outcome.QUEUED).exists()


def test_a_feed_that_waits_for_skus_nobody_can_read_fails_in_the_end(route, offer, vendor):
    """The shop does not let the hub read products: without an end there would be a failed sync every half a minute."""
    vendor.control("seed", skus=1_500)
    vendor.control("fault", kind="user_error", operation="HubBulkQuery", message="No access.", times=99)
    offer(*many(1_500))
    for _ in range(30):
        event = feed(route)
        if event.topic == "stock/feed" and event.outcome == Outcome.FAILED:
            break
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "skus_first"), event.sentence
    assert "SKU directory" in event.sentence


def test_a_bulk_query_that_fails_is_asked_again(shop, vendor):
    vendor.control("bulk", error_code="TIMEOUT")
    event = run_sync(shop, vendor)
    assert event.outcome == Outcome.SUCCEEDED and len(calls(vendor, "HubBulkQuery")) == 2


# --- comparing ------------------------------------------------------------------------------------------------------


def compared(shop: Connector, vendor, rounds: int = 6) -> Event:
    """The comparison, once Shopify has listed its stock."""
    for _ in range(rounds):
        Event.objects.filter(connector_id=shop.pk, outcome=Outcome.WAITING).update(outcome=Outcome.QUEUED, due_at=None)
        event = Event.objects.filter(topic="stock/compare").latest("id")
        if event.outcome != Outcome.QUEUED:
            return event
        while Event.objects.filter(connector_id=shop.pk, outcome=Outcome.QUEUED).exists():
            run_one(shop)
        vendor.control("clock", advance=20)
    return Event.objects.filter(topic="stock/compare").latest("id")


@pytest.fixture
def compare(route, testing_provider, shop, vendor):
    def run() -> Event:
        testing_provider.STATE.call = lambda run: f"{run.compare(StockLevel)} of the targets compare what they hold."
        an_event(route.source, "call")
        run_one(route.source)
        return compared(shop, vendor)

    return run


def test_what_somebody_changed_in_the_shop_is_found_told_and_corrected(offer, compare, vendor, shop, route):
    offer(level("MUG-BLU-350", 7), level("LMP-OAK-S", 3), level("MUG-BLU-350", 2, "WH-HH"))
    while Event.objects.filter(connector_id=shop.pk, outcome=Outcome.QUEUED).exists():
        run_one(shop)
    vendor.app.shops[OUTLET].stock[MUG, KIEL]["available"] = 50
    event = compare()
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert event.sentence == "3 stock levels were compared with the shop; 1 differs and is corrected."
    assert "MUG-BLU-350 at WH-KIEL holds 50, wanted 7" in event.notes[0]["text"]
    while Event.objects.filter(connector_id=shop.pk, outcome=Outcome.QUEUED).exists():
        run_one(shop)
    assert vendor.app.shops[OUTLET].stock[MUG, KIEL]["available"] == 7
    assert "none differs" in compare().sentence


def test_a_comparison_shopify_gives_up_is_begun_anew(offer, compare, vendor, shop):
    offer(level("MUG-BLU-350", 7))
    while Event.objects.filter(connector_id=shop.pk, outcome=Outcome.QUEUED).exists():
        run_one(shop)
    vendor.control("bulk", error_code="INTERNAL_SERVER_ERROR")
    event = compare()
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert "none differs" in event.sentence
    bulks = [row for row in vendor.app.journal if row.get("operation") == "HubBulkQuery"]
    assert len(bulks) == 2


def test_nothing_is_compared_where_nothing_was_sent(compare):
    assert compare().sentence.startswith("Nothing was compared")
