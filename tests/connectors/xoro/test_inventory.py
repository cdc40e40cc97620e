"""Stock out of Xoro: stores add up, filters and bounds hold, and a list that breaks off never zeroes anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from connectors import feeds
from connectors.models import Connector, Figure, Route
from connectors.syncing import start_sync
from connectors.xoro import walks
from connectors.xoro.calls import catalogue
from events.models import Event, Outcome, Reason
from tests.connectors.cases import again
from tests.connectors.xoro.stock_cast import notes, run_sync, run_waiting, set_stock, wanted

MAIN, EAST, WEB = "Main Store", "EAST WAREHOUSE", "WEB STORE"
LIST = "/api/xerp/inventory/getinventorybyitem"
SHOP = "lumen-goods.myshopify.com"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quick(monkeypatch) -> None:
    """Nothing is waited for between calls, and settings that change count at once."""
    monkeypatch.setattr("connectors.known.KNOWN_FOR_S", 0.0)
    monkeypatch.setattr(feeds, "PAUSES_S", (0.0, 0.0))
    monkeypatch.setattr("connectors.xoro.client.REPEAT_AFTER_S", (0.0, 0.0, 0.0))
    monkeypatch.setattr("connectors.budgets.spend", lambda *given: None)


@pytest.fixture
def xoro(install, sandbox):
    """``xoro(...)``: a connector with these settings over those of the sandbox, whose stock goes to Spokane."""

    def make(**changes: object) -> Connector:
        rows = [{"store": MAIN, "location": "Spokane"}]
        return install("xoro", **{"inventory_location_map": rows, "full_sync_hour": None, **changes})

    return make


@pytest.fixture
def shop(install) -> Connector:
    return install("shopify")


@pytest.fixture
def route(shop):
    return lambda source: Route.objects.create(source=source, target=shop, record_kind="stock")


def test_the_chosen_figure_of_a_store_is_wanted_at_its_location(xoro, route, sandbox):
    set_stock(sandbox, "MUG-BLU-350", MAIN, 17)
    one = xoro()
    path = route(one)
    event = run_sync(one, "inventory")
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert wanted(path)["MUG-BLU-350", "Spokane"] == "17"


def test_the_shop_is_sent_what_differs_and_the_second_time_nothing(xoro, route, shop, sandbox):
    set_stock(sandbox, "MUG-BLU-350", MAIN, 17)
    one = xoro()
    path = route(one)
    run_sync(one, "inventory")
    run_waiting(shop)
    mug = Figure.objects.get(route=path, key="MUG-BLU-350")
    assert (mug.sent, mug.problem) == ("17", "")
    before = len(_sets(sandbox))
    run_sync(one, "inventory")
    [feed] = [event for event in run_waiting(shop) if event.topic == "stock/feed"]
    assert feed.sentence.startswith("0 stock levels sent")
    assert len(_sets(sandbox)) == before > 0


def test_an_item_the_shop_does_not_have_is_listed_with_its_figure(xoro, route, shop, sandbox):
    one = xoro()
    path = route(one)
    run_sync(one, "inventory")
    run_waiting(shop)
    assert Figure.objects.get(route=path, key="DESK-120").problem == "unknown_sku"


def test_stores_of_one_location_add_up(xoro, route, sandbox):
    set_stock(sandbox, "MUG-BLU-350", MAIN, 17)
    set_stock(sandbox, "MUG-BLU-350", EAST, 5)
    one = xoro(inventory_location_map=[{"store": MAIN, "location": "Spokane"}, {"store": EAST, "location": "Spokane"}])
    path = route(one)
    run_sync(one, "inventory")
    assert wanted(path)["MUG-BLU-350", "Spokane"] == "22"


@pytest.mark.parametrize(("first", "second"), [("Spokane", " spokane"), ("7001", "gid://shopify/Location/7001")])
def test_two_spellings_of_a_location_are_one(xoro, route, sandbox, first, second):
    set_stock(sandbox, "MUG-BLU-350", MAIN, 17)
    set_stock(sandbox, "MUG-BLU-350", EAST, 5)
    one = xoro(inventory_location_map=[{"store": MAIN, "location": first}, {"store": EAST, "location": second}])
    path = route(one)
    run_sync(one, "inventory")
    assert {place: text for (sku, place), text in wanted(path).items() if sku == "MUG-BLU-350"} == {first: "22"}


def test_the_rows_of_a_page_that_are_asked_for_are_a_setting(xoro, route, sandbox):
    one = xoro(inventory_page=250)
    route(one)
    run_sync(one, "inventory")
    asked = [row["query"].get("per_page") for row in sandbox.log("xoro") if row["path"] == LIST]
    assert set(asked) == {"250"}


@pytest.mark.parametrize(
    ("changes", "quantity"),
    [
        ({"stock_buffer": 5}, "12"), ({"stock_buffer": 20}, "0"), ({"stock_buffer": 20, "zero_floor": False}, "-3"),
        ({"max_quantity": 10}, "10"), ({"quantity_field": "OnHandQty"}, "19 on_hand"),
        ({"quantity_field": "ATSQtyIncPO"}, "21"),
    ],
)  # fmt: skip
def test_buffer_floor_cap_and_the_chosen_field(xoro, route, sandbox, changes, quantity):
    set_stock(sandbox, "MUG-BLU-350", MAIN, 17, not_available=2, on_po=4)
    one = xoro(**changes)
    path = route(one)
    run_sync(one, "inventory")
    assert wanted(path)["MUG-BLU-350", "Spokane"] == quantity


def test_items_of_other_types_presell_items_and_excluded_tags_take_no_part(xoro, route, sandbox):
    sandbox.post("/xoro/_sandbox/product", {"number": "MUG", "variants": {"MUG-RED-350": {"Tags": "web, clearance"}}})
    one = xoro(skip_presell=True, item_tags_exclude=["clearance"])
    path = route(one)
    event = run_sync(one, "inventory")
    skus = {key for key, _ in wanted(path)}
    assert "DESK-120" in skus
    assert not skus & {"DESK-160", "MUG-RED-350", "HUB-TIP"}
    assert {"MUG-RED-350", "DESK-160"} <= set(notes(event)["filtered"].rstrip(".").split(": ")[1].split(", "))


def test_only_items_with_a_tag_take_part(xoro, route, sandbox):
    sandbox.post("/xoro/_sandbox/product", {"number": "MUG", "variants": {"MUG-RED-350": {"Tags": "Outlet"}}})
    one = xoro(item_tags_include=["outlet"], item_types=[])
    path = route(one)
    run_sync(one, "inventory")
    assert {key for key, _ in wanted(path)} == {"MUG-RED-350"}


def test_switched_off_it_says_so_and_asks_nobody(xoro, route, sandbox):
    one = xoro(inventory_enabled=False)
    route(one)
    event = run_sync(one, "inventory")
    assert (event.outcome, event.reason, event.reason_code) == (Outcome.SKIPPED, Reason.FILTERED, "inventory_enabled")
    assert "Send inventory" in event.sentence
    assert sandbox.log("xoro") == []


def test_without_a_route_nothing_is_read(xoro, sandbox):
    event = run_sync(xoro(), "inventory")
    assert (event.outcome, event.reason) == (Outcome.SKIPPED, Reason.NOT_ROUTED)
    assert sandbox.log("xoro") == []


def test_all_pages_are_read_though_they_overlap_and_lie_about_their_number(xoro, route, sandbox):
    sandbox.post("/xoro/_sandbox/config", {"page_size": 4})
    for kind in ("overlap_pages", "low_total_pages"):
        sandbox.post("/xoro/_sandbox/fault", {"kind": kind, "match": LIST})
    one = xoro()
    path = route(one)
    run_sync(one, "inventory")
    assert len(wanted(path)) == 25


def test_a_walk_is_put_down_and_goes_on_where_it_was(xoro, route, sandbox, monkeypatch):
    monkeypatch.setattr(walks, "PAGES_AT_ONCE", 3)
    sandbox.post("/xoro/_sandbox/config", {"page_size": 4})
    one = xoro(item_types=[])
    path = route(one)
    event = run_sync(one, "inventory")
    assert event.outcome == Outcome.SUCCEEDED
    assert len(wanted(path)) == 25
    pages = [row["query"]["page"] for row in sandbox.log("xoro") if row["path"] == LIST]
    assert pages == [str(n) for n in range(1, 9)]  # none was read twice


def test_a_walk_that_is_interrupted_offers_nothing_and_goes_on_at_its_page(xoro, route, sandbox):
    sandbox.post("/xoro/_sandbox/config", {"page_size": 4})
    one = xoro(item_types=[])
    path = route(one)
    for kind in ("slow:0", "slow:0", "login_redirect"):  # the third page is refused
        sandbox.post("/xoro/_sandbox/fault", {"kind": kind, "match": LIST})
    event = run_sync(one, "inventory")
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.UNAUTHORISED)
    assert wanted(path) == {}
    event = run_sync(one, "inventory")
    assert event.outcome == Outcome.SUCCEEDED
    assert len(wanted(path)) == 25
    pages = [row["query"]["page"] for row in sandbox.log("xoro") if row["path"] == LIST]
    assert pages == ["1", "2", "3", "3", "4", "5", "6", "7", "8"]


def _break_off(sandbox, monkeypatch, page: int) -> None:
    """From this page on Xoro answers as when it is too busy."""
    real = catalogue.stock_page

    def throttled(client, store, number, *, size=0):
        if number >= page:
            sandbox.post("/xoro/_sandbox/fault", {"kind": "throttle", "match": LIST, "times": 4})
        return real(client, store, number, size=size)

    monkeypatch.setattr(catalogue, "stock_page", throttled)


@pytest.mark.parametrize("zero_missing", [False, True])
def test_a_list_that_breaks_off_zeroes_nothing_and_says_where(xoro, route, sandbox, monkeypatch, zero_missing):
    sandbox.post("/xoro/_sandbox/config", {"page_size": 4})
    one = xoro(item_types=[], zero_missing=zero_missing)
    path = route(one)
    run_sync(one, "inventory")
    before = wanted(path)
    with monkeypatch.context() as patched:
        _break_off(sandbox, patched, 3)
        event = run_sync(one, "inventory")
    assert event.outcome == Outcome.SUCCEEDED
    assert f"{MAIN} broke off after 8 rows" in notes(event)["broke_off"]
    assert wanted(path) == before
    assert not Figure.objects.filter(route=path, absent_since__isnull=False).exists()


def test_of_a_list_that_breaks_off_what_it_names_is_sent_where_the_store_stands_alone(
    xoro, route, sandbox, monkeypatch
):
    sandbox.post("/xoro/_sandbox/config", {"page_size": 4})
    one = xoro(item_types=[])
    path = route(one)
    run_sync(one, "inventory")
    set_stock(sandbox, "MUG-BLU-350", MAIN, 3)
    with monkeypatch.context() as patched:
        _break_off(sandbox, patched, 3)
        run_sync(one, "inventory")
    assert wanted(path)["MUG-BLU-350", "Spokane"] == "3"


def test_a_location_of_several_stores_waits_until_all_their_lists_are_complete(xoro, route, sandbox, monkeypatch):
    rows = [{"store": MAIN, "location": "Spokane"}, {"store": EAST, "location": "Spokane"}]
    sandbox.post("/xoro/_sandbox/config", {"page_size": 4})
    one = xoro(item_types=[], inventory_location_map=rows)
    path = route(one)
    with monkeypatch.context() as patched:
        _break_off(sandbox, patched, 3)
        event = run_sync(one, "inventory")
    assert wanted(path) == {}
    assert "Spokane" in notes(event)["incomplete"]


def _only_emptiness_that_looks_like_throttling(monkeypatch) -> None:
    """Some tenants never answer the end of a list otherwise."""
    for name in ("stock_page", "items_page"):
        real = getattr(catalogue, name)

        def unsure(*given, real=real, **more):
            page = real(*given, **more)
            return page if page.rows else replace(page, is_certain=False)

        monkeypatch.setattr(catalogue, name, unsure)


def test_a_doubtful_end_met_twice_at_the_same_row_is_the_end(xoro, route, sandbox, monkeypatch):
    _only_emptiness_that_looks_like_throttling(monkeypatch)
    rows = [{"store": MAIN, "location": "Spokane"}, {"store": EAST, "location": "Spokane"}]
    one = xoro(item_types=[], inventory_location_map=rows)
    path = route(one)
    assert "broke_off" in notes(run_sync(one, "inventory"))
    assert wanted(path) == {}
    event = run_sync(one, "inventory")
    assert "broke_off" not in notes(event)
    assert len(wanted(path)) == 25


def test_an_empty_list_that_looks_like_throttling_is_never_believed(xoro, route, sandbox, monkeypatch):
    one = xoro(item_types=[], zero_missing=True)
    path = route(one)
    run_sync(one, "inventory")
    before = wanted(path)
    _break_off(sandbox, monkeypatch, 1)
    for _ in range(4):
        assert "broke_off" in notes(run_sync(one, "inventory"))
    assert wanted(path) == before


def test_a_first_list_of_items_with_a_doubtful_end_is_believed_when_it_is_met_again(xoro, route, sandbox, monkeypatch):
    _only_emptiness_that_looks_like_throttling(monkeypatch)
    one = xoro()
    path = route(one)
    event = Event.objects.get(pk=start_sync(one, "inventory", by="ada"))
    for _ in range(2):
        again(event)
    event.refresh_from_db()
    assert "list of items broke off after" in event.sentence
    assert run_sync(one, "inventory").outcome == Outcome.SUCCEEDED
    assert ("MUG-BLU-350", "Spokane") in wanted(path)


def test_an_item_a_complete_list_does_not_name_any_more_stays_or_becomes_nothing_as_set(xoro, route, sandbox):
    for zero_missing, expected in ((False, "9"), (True, "0")):
        sandbox.post("/xoro/_sandbox/reset")
        sandbox.post("/xoro/_sandbox/inventory", {"skus": 100, "stores": [MAIN], "quantity": 9})
        one = xoro(name=f"Xoro {zero_missing}", item_types=[], zero_missing=zero_missing)
        path = route(one)
        run_sync(one, "inventory")
        sandbox.post("/xoro/_sandbox/inventory", {"skus": 95, "stores": [MAIN], "quantity": 9})
        event = run_sync(one, "inventory")
        assert wanted(path)["BULK-0000100", "Spokane"] == expected
        assert wanted(path)["BULK-0000095", "Spokane"] == "9"
        assert ("absent" in notes(event)) is not zero_missing


def test_a_list_that_is_suddenly_much_shorter_is_believed_when_it_is_met_again(xoro, route, sandbox):
    sandbox.post("/xoro/_sandbox/inventory", {"skus": 100, "stores": [MAIN], "quantity": 9})
    one = xoro(item_types=[], zero_missing=True)
    path = route(one)
    run_sync(one, "inventory")
    sandbox.post("/xoro/_sandbox/inventory", {"skus": 20, "stores": [MAIN], "quantity": 9})
    event = run_sync(one, "inventory")
    assert "instead of 125" in notes(event)["shorter"]
    assert wanted(path)["BULK-0000100", "Spokane"] == "9"
    run_sync(one, "inventory")
    assert wanted(path)["BULK-0000100", "Spokane"] == "0"


def test_a_store_xoro_does_not_know_is_named(xoro, route, sandbox):
    one = xoro(inventory_location_map=[{"store": "Man Store", "location": "Spokane"}])
    path = route(one)
    event = run_sync(one, "inventory")
    assert "Man Store" in notes(event)["empty_store"]
    assert wanted(path) == {}


def test_an_honest_end_that_looks_like_throttling_is_an_end_after_a_short_page(xoro, route, sandbox, monkeypatch):
    sandbox.post("/xoro/_sandbox/config", {"page_size": 10})
    one = xoro(item_types=[])
    path = route(one)
    _break_off(sandbox, monkeypatch, 4)  # after pages of 10, 10 and 5 rows
    event = run_sync(one, "inventory")
    assert len(wanted(path)) == 25
    assert "broke_off" not in notes(event)


def test_a_missing_permission_waits_and_names_it(xoro, route, sandbox):
    scopes = ["orders", "products"]
    sandbox.post("/xoro/_sandbox/config", {"keys": {"sandbox-key": {"secret": "sandbox-secret", "scopes": scopes}}})
    one = xoro(item_types=[])
    route(one)
    event = run_sync(one, "inventory")
    assert (event.outcome, event.reason_code) == (Outcome.WAITING, "permission_or_fault")
    assert "permission" in event.next_step


def test_two_items_with_one_sku_are_named_and_not_sent(xoro, route, sandbox, monkeypatch):
    real = catalogue.stock_page

    def doubled(client, store, number, *, size=0):
        page = real(client, store, number, size=size)
        twins = [{**row, "ItemId": 99} for row in page.rows if row["ItemNumber"] == "MUG-BLU-350"]
        return replace(page, rows=[*page.rows, *twins])

    monkeypatch.setattr(catalogue, "stock_page", doubled)
    one = xoro()
    path = route(one)
    event = run_sync(one, "inventory")
    assert "MUG-BLU-350" not in {key for key, _ in wanted(path)}
    assert "MUG-BLU-350" in notes(event)["sku_twice"]


def test_everything_is_sent_each_run_where_so_set(xoro, route, shop, sandbox):
    one = xoro(inventory_mode="full")
    route(one)
    run_sync(one, "inventory")
    run_waiting(shop)
    before = len(_sets(sandbox))
    run_sync(one, "inventory")
    run_waiting(shop)
    assert len(_sets(sandbox)) == 2 * before > 0


def _sets(sandbox) -> list[dict]:
    return [row for row in sandbox.log("shopify") if row.get("operation") == "HubStockSet"]


def test_a_walk_that_lay_too_long_begins_anew(xoro, route, sandbox, monkeypatch):
    monkeypatch.setattr(walks, "PAGES_AT_ONCE", 1)
    sandbox.post("/xoro/_sandbox/config", {"page_size": 4})
    one = xoro(item_types=[])
    route(one)
    event = Event.objects.get(pk=start_sync(one, "inventory", by="ada"))
    again(event)
    again(event)
    assert _memory(one)["position"]["page"] == 3
    kept = {**_memory(one), "began": (timezone.now() - timedelta(hours=13)).isoformat()}
    Connector.objects.filter(pk=one.pk).update(memory={"inventory": kept})
    again(event)
    assert _memory(one)["position"]["page"] == 2


def _memory(connector: Connector) -> dict:
    connector.refresh_from_db()
    return connector.memory["inventory"]


# --- the nightly comparison


def compare_now(xoro_: Connector, shop: Connector, sandbox) -> Event:
    """One run of the sync, and whatever the shop has to do after it, until nothing waits."""
    run_sync(xoro_, "inventory")
    found = None
    for _ in range(6):
        for event in run_waiting(shop):
            found = event if event.topic == "stock/compare" else found
        sandbox.post("/shopify/_sandbox/clock", {"advance": 20})  # Shopify works on its file
        Event.objects.filter(connector_id=shop.pk, outcome=Outcome.WAITING).update(outcome=Outcome.QUEUED, due_at=None)
    assert found is not None
    return found


def set_in_shop(sandbox, sku: str, quantity: int) -> None:
    """Somebody changes a quantity in the shop's own admin."""
    sandbox.post("/shopify/_sandbox/stock", {"shop": SHOP, "sku": sku, "location": "Spokane", "available": quantity})


def test_at_night_what_the_shop_holds_is_compared_and_corrected(xoro, route, shop, sandbox, monkeypatch):
    set_stock(sandbox, "MUG-BLU-350", MAIN, 17)
    one = xoro(full_sync_hour=0)
    path = route(one)
    first = compare_now(one, shop, sandbox)
    assert first.outcome == Outcome.SUCCEEDED, first.sentence
    Connector.objects.filter(pk=one.pk).update(memory={"inventory_done": {}})
    set_in_shop(sandbox, "MUG-BLU-350", 99)
    event = compare_now(one, shop, sandbox)
    assert "1 differs and is corrected" in event.sentence
    assert "MUG-BLU-350 at Spokane holds 99, wanted 17" in notes(event)["differs"]
    assert Figure.objects.get(route=path, key="MUG-BLU-350").sent == "17"
    Connector.objects.filter(pk=one.pk).update(memory={"inventory_done": {}})
    assert "none differs" in compare_now(one, shop, sandbox).sentence


def test_the_comparison_is_made_once_a_day_and_not_before_its_hour(xoro, route, shop, sandbox):
    hour = timezone.now().hour
    late = xoro(name="Late", full_sync_hour=min(hour + 1, 23), import_time_zone="UTC")
    route(late)
    if hour < 23:
        run_sync(late, "inventory")
        assert not Event.objects.filter(topic="stock/compare").exists()
    due = xoro(name="Due", full_sync_hour=hour, import_time_zone="UTC")
    route(due)
    for _ in range(2):
        run_sync(due, "inventory")
    assert Event.objects.filter(topic="stock/compare").count() == 1


def test_an_hour_no_run_falls_into_is_made_up_for_by_the_next_run(xoro, route, monkeypatch):
    """A run every six hours, at 18 and at 0 o'clock, and a comparison at 23."""
    one = xoro(full_sync_hour=23, import_time_zone="UTC")
    route(one)
    counts = []
    for moment in ("2026-03-09T18:00", "2026-03-10T00:00", "2026-03-10T06:00", "2026-03-11T00:00"):
        at = datetime.fromisoformat(f"{moment}:00+00:00")
        monkeypatch.setattr("connectors.xoro.inventory._local", lambda run, at=at: at)
        run_sync(one, "inventory")
        counts.append(Event.objects.filter(topic="stock/compare").count())
    assert counts == [0, 1, 1, 2]


def test_a_target_that_cannot_compare_is_sent_everything(xoro, sandbox, make_connector):
    one = xoro(full_sync_hour=0)
    path = Route.objects.create(source=one, target=make_connector("Plain"), record_kind="stock")
    run_sync(one, "inventory")
    Figure.objects.filter(route=path).update(sent="1")
    Connector.objects.filter(pk=one.pk).update(memory={"inventory_done": {}})
    run_sync(one, "inventory")
    assert not Figure.objects.filter(route=path, sent__isnull=False).exists()
