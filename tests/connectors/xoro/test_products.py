"""Products between Xoro and a shop: matched by handle, changed field by field, never written over, never linked by a guess."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
import requests

from connectors import feeds, routing, syncing
from connectors.models import Connector, Link, Route
from connectors.records import Product, ProductImage, ProductOption, ProductVariant
from connectors.run import Run
from connectors.shopify.calls import products as calls
from connectors.xoro import walks
from connectors.xoro.calls import catalogue
from connectors.xoro.paging import Page
from connectors.xoro.sandbox import answers
from events import bodies
from events.models import Event, Outcome, Reason
from tests.cast import an_event
from tests.connectors.cases import again
from tests.connectors.xoro.stock_cast import notes, run_sync, run_waiting

LIST = "/api/xerp/product/getproduct"
CREATE = "/api/xerp/product/create"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quick(monkeypatch) -> None:
    monkeypatch.setattr("connectors.known.KNOWN_FOR_S", 0.0)
    monkeypatch.setattr(feeds, "PAUSES_S", (0.0, 0.0))
    monkeypatch.setattr("connectors.xoro.client.REPEAT_AFTER_S", (0.0, 0.0, 0.0))
    monkeypatch.setattr("connectors.budgets.spend", lambda *given: None)


@pytest.fixture
def xoro(install, sandbox):
    return lambda **changes: install("xoro", **{"product_direction": "xoro_to_shopify", **changes})


@pytest.fixture
def shop(install) -> Connector:
    return install("shopify")


@pytest.fixture
def route(shop):
    def make(source: Connector, **options: object) -> Route:
        return Route.objects.create(source=source, target=shop, record_kind="product", options=options)

    return make


def change(sandbox, number: str, variants: dict | None = None, **members: object) -> None:
    sandbox.post("/xoro/_sandbox/product", {"number": number, "members": members, "variants": variants or {}})


def single(connector: Connector, number: str) -> Event:
    return again(Event.objects.get(pk=syncing.start_single(connector, "product", number, by="ada"))).event


def walk(connector: Connector) -> dict[str, Event]:
    """Run the sync and the events it started; these by their product."""
    sync = run_sync(connector, "products")
    return {event.object_label: event for event in Event.objects.filter(parent_id=sync.pk)}


def read(event: Event) -> Product:
    """The record an event handed to its route."""
    child = Event.objects.filter(parent_id=event.pk, topic="product/deliver").latest("id")
    return Product.from_json(bodies.read(child.pk, "payload", child.received_at))


def delivered(shop: Connector) -> Event:
    return next(event for event in reversed(run_waiting(shop)) if event.topic == "product/deliver")


# --- Xoro to the shop -----------------------------------------------------------------------------------------------


def test_each_product_has_an_event_of_its_own_and_its_members_are_translated(xoro, route, sandbox):
    one = xoro(compare_price_field="CustomPrice1", cost_field="StandardUnitCost", publish=True)
    route(one)
    change(sandbox, "MUG", {"MUG-BLU-350": {"ImagePath": "https://cdn.example/blue.png"}}, ProductTags="web, mugs")
    events = walk(one)
    assert {events[name].outcome for name in ("Mug", "Desk", "Toner 77")} == {Outcome.SUCCEEDED}
    mug = read(events["Mug"])
    assert (mug.handle, mug.name, mug.type, mug.vendor, mug.status) == ("mug", "Mug", "General", "Lumen", "active")
    assert mug.tags == ("web", "mugs")
    assert mug.options[0].values == ("BLU-350", "RED-350", "GRN-350", "BLK-350")
    assert [image.url for image in mug.images] == ["https://cdn.example/blue.png"]  # the placeholder is none
    blue = mug.variants[0]
    assert (blue.sku, blue.price, blue.compare_at_price, blue.cost) == (
        "MUG-BLU-350", Decimal("11.9"), Decimal("14.28"), Decimal("4.76"),
    )  # fmt: skip
    assert (blue.weight, blue.weight_unit, blue.hs_code, blue.origin_country) == (Decimal("0.35"), "kg", "691200", "CA")
    assert (blue.is_tracked, blue.sells_when_empty, blue.barcode) == (True, False, "4000000000000")


def test_price_tracking_and_selling_without_stock_follow_the_settings(xoro, route, sandbox):
    one = xoro(price_field="CustomPrice1", track_quantity=False, oversell=True)
    route(one)
    blue = read(single(one, "MUG")).variants[0]
    assert (blue.price, blue.is_tracked, blue.sells_when_empty) == (Decimal("14.28"), False, True)


def test_a_product_without_a_handle_fails_named_and_a_retry_reads_it_anew(xoro, route, sandbox):
    one = xoro()
    route(one)
    pen = walk(one)["Pen"]
    assert (pen.outcome, pen.reason, pen.reason_code) == (Outcome.FAILED, Reason.PAYLOAD, "no_handle")
    assert "PEN (Pen) has no handle" in pen.sentence
    assert "handle" in pen.next_step
    change(sandbox, "PEN", Handle="pen")
    assert again(pen).event.outcome == Outcome.SUCCEEDED


def test_the_next_walk_hands_on_only_what_changed(xoro, route, sandbox):
    one = xoro()
    route(one)
    walk(one)
    sandbox.post("/xoro/_sandbox/clock", {"advance_s": 60})
    change(sandbox, "DESK", Title="Standing desk")
    assert set(walk(one)) == {"Standing desk"}
    since = [row["query"].get("updated_at_min") for row in sandbox.log("xoro") if row["path"] == LIST]
    assert since[0] is None
    assert since[-1]


def test_only_items_with_a_tag_are_sent(xoro, route, sandbox):
    one = xoro(product_tags=["outlet"])
    route(one)
    change(sandbox, "DESK", ProductTags="Outlet")
    assert set(walk(one)) == {"Desk"}
    event = single(one, "MUG")
    assert (event.outcome, event.reason_code) == (Outcome.SKIPPED, "product_tags")


def test_other_settings_make_every_product_news_again(xoro, route, sandbox):
    one = xoro(product_tags=["outlet"])
    route(one)
    assert walk(one) == {}
    one.put_settings({**one.raw_settings(), "product_tags": ["web"]})
    one.save()
    assert "Mug" in walk(one)
    assert walk(one) == {}


def test_an_item_without_a_price_in_the_currency_is_left_out_and_named(xoro, route, sandbox):
    rows = [{"CurrencyCode": "CAD", "StandardUnitPrice": 12.0}]
    change(sandbox, "MUG", {"MUG-RED-350": {"CurrencyPriceList": rows}})
    change(sandbox, "DESK", {sku: {"CurrencyPriceList": rows} for sku in ("DESK-120", "DESK-140", "DESK-160")})
    one = xoro(price_currency="USD")
    route(one)
    mug = single(one, "MUG")
    assert [variant.sku for variant in read(mug).variants] == ["MUG-BLU-350", "MUG-GRN-350", "MUG-BLK-350"]
    assert "MUG-RED-350" in notes(mug)["no_price_row"]
    desk = single(one, "DESK")
    assert (desk.outcome, desk.reason_code) == (Outcome.SKIPPED, "no_price_row")
    assert "DESK-120" in desk.sentence
    assert "USD" in desk.sentence


def test_without_a_currency_the_shops_own_row_is_taken_and_what_lacks_it_is_left_out(xoro, route, shop, sandbox):
    rows = [{"CurrencyCode": "CAD", "StandardUnitPrice": 12.0}]
    change(sandbox, "CHAIR", {"CHAIR-BLK": {"CurrencyPriceList": rows}})
    one = xoro(price_currency="")
    route(one)
    single(one, "CHAIR")
    made = delivered(shop)
    assert made.outcome == Outcome.SUCCEEDED, made.sentence
    assert "CHAIR-BLK" in notes(made)["no_price_row"]
    prices = {one["sku"]: one["price"] for one in in_shop("desk-chair")["variants"]}
    assert prices == {"CHAIR-GRY": "189.00", "CHAIR-BLU": "189.00"}


def in_shop(handle: str) -> dict:
    """A product of the shop by its handle, with its variants; empty where it has none."""
    client = Run(Connector.objects.get(provider_slug="shopify"), None).client
    found = calls.find_product(client, {"handle": handle})
    product = calls.get_product(client, found["id"]) if found else None
    return {**product, "variants": product["variants"]["nodes"]} if product else {}


def test_a_new_product_gets_everything_and_an_update_only_the_chosen_fields(xoro, route, shop, sandbox):
    one = xoro(update_fields=["price"])
    route(one, status_of_new="source")
    single(one, "CHAIR")
    assert delivered(shop).outcome == Outcome.SUCCEEDED
    made = in_shop("desk-chair")
    assert (made["title"], made["vendor"], made["status"], made["tags"]) == ("Desk chair", "Lumen", "DRAFT", ["web"])
    assert [v["inventoryItem"]["tracked"] for v in made["variants"]] == [True, True, True]
    price = [{"CurrencyCode": "USD", "StandardUnitPrice": 149.5}]
    change(sandbox, "CHAIR", {"CHAIR-GRY": {"CurrencyPriceList": price}}, Title="Office chair", ProductTags="new")
    single(one, "CHAIR")
    assert delivered(shop).outcome == Outcome.SUCCEEDED
    changed = in_shop("desk-chair")
    assert (changed["title"], changed["tags"]) == ("Desk chair", ["web"])
    assert {v["sku"]: v["price"] for v in changed["variants"]}["CHAIR-GRY"] == "149.50"


@pytest.mark.parametrize(("field", "tags"), [("tags_update", ["new", "web"]), ("tags_override", ["new"])])
def test_tags_are_added_or_replaced(xoro, route, shop, sandbox, field, tags):
    one = xoro(update_fields=[field])
    route(one)
    single(one, "CHAIR")
    delivered(shop)
    change(sandbox, "CHAIR", ProductTags="new")
    single(one, "CHAIR")
    delivered(shop)
    assert in_shop("desk-chair")["tags"] == tags


def test_a_product_of_the_shop_with_the_same_handle_is_taken_and_not_made_again(xoro, route, shop, sandbox):
    one = xoro(update_fields=["title"])
    route(one, update_fields=["title"])
    existing = next(h for h in ("blue-mug", "mug", "enamel-mug") if in_shop(h))
    change(sandbox, "TONER", Handle=existing, Title="Renamed")
    single(one, "TONER")
    event = delivered(shop)
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert in_shop(existing)["title"] == "Renamed"


def test_the_same_sku_under_another_handle_is_reported_and_never_linked(xoro, route, shop, sandbox):
    one = xoro()
    route(one)
    change(sandbox, "MUG", Handle="mug-of-xoro")
    single(one, "MUG")
    event = delivered(shop)
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "sku_used")
    assert "MUG-BLU-350 in" in event.sentence
    assert not in_shop("mug-of-xoro")
    assert not Link.objects.filter(source=one).exists()


def test_two_base_parts_with_one_handle_are_named(xoro, route, sandbox):
    change(sandbox, "PEN", Handle="desk")
    one = xoro()
    route(one)
    events = walk(one)
    assert events["Pen"].reason_code == "handle_used_twice"
    assert {"PEN", "DESK"} <= set(events["Pen"].sentence.replace(",", "").split(" "))


def test_a_renamed_sku_is_renamed_in_the_shop_where_so_set(xoro, route, shop, sandbox):
    one = xoro(update_sku=True, update_fields=["sku", "price"])
    route(one)
    single(one, "CHAIR")
    delivered(shop)
    renamed = {"CHAIR-GRY": {"ItemNumber": "CHAIR-GREY", "Option1Value": "GREY"}}
    change(sandbox, "CHAIR", renamed)
    single(one, "CHAIR")
    event = delivered(shop)
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert sorted(v["sku"] for v in in_shop("desk-chair")["variants"]) == ["CHAIR-BLK", "CHAIR-BLU", "CHAIR-GREY"]


def test_a_renamed_sku_is_named_where_renaming_is_off(xoro, route, sandbox):
    one = xoro()
    route(one)
    change(sandbox, "CHAIR", {"CHAIR-GRY": {"ItemNumber": "CHAIR-GREY"}})
    assert "CHAIR-GREY (before: CHAIR-GRY)" in notes(single(one, "CHAIR"))["sku_renamed"]


def test_two_items_with_one_sku_fail_named(xoro, route, sandbox):
    one = xoro()
    route(one)
    sandbox.post("/xoro/_sandbox/products", {"number": "TWIN", "skus": ["TWIN-A", "TWIN-B"], "handle": "twin"})
    change(sandbox, "TWIN", {"TWIN-B": {"ItemNumber": "TWIN-A"}})
    event = single(one, "TWIN")
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "sku_used_twice")
    assert "TWIN-A" in event.sentence


def test_a_product_of_two_thousand_items_is_sent_whole(xoro, route, sandbox):
    skus = [f"HUGE-{n:04d}" for n in range(2_000)]
    sandbox.post("/xoro/_sandbox/products", {"number": "HUGE", "skus": skus, "handle": "huge", "title": "Huge"})
    one = xoro()
    route(one)
    event = walk(one)["Huge"]
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert "2,000 items" in event.sentence
    assert len(read(event).variants) == 2_000


@pytest.mark.parametrize("number", ["CHAIR", "desk-chair", "CHAIR-BLU"])
def test_a_single_product_is_found_by_number_handle_or_item(xoro, route, sandbox, number):
    one = xoro()
    route(one)
    walk(one)
    event = single(one, number)
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert event.object_label == "Desk chair"


def test_a_single_product_nobody_knows_is_said(xoro, route):
    one = xoro()
    route(one)
    event = single(one, "NOTHING")
    assert (event.outcome, event.reason_code) == (Outcome.SKIPPED, "not_found")


def test_the_walk_is_put_down_and_goes_on(xoro, route, sandbox, monkeypatch):
    monkeypatch.setattr(walks, "PAGES_AT_ONCE", 1)
    sandbox.post("/xoro/_sandbox/config", {"page_size": 3})
    sandbox.post("/xoro/_sandbox/fault", {"kind": "overlap_pages", "match": LIST})
    one = xoro()
    route(one)
    assert len(walk(one)) == 10


def test_an_empty_answer_that_may_be_throttling_moves_no_cursor(xoro, route, sandbox):
    one = xoro()
    route(one)
    walk(one)
    one.refresh_from_db()
    until = one.memory["products"]["until"]
    sandbox.post("/xoro/_sandbox/clock", {"advance_s": 3600})
    change(sandbox, "DESK", Title="Standing desk")
    sandbox.post("/xoro/_sandbox/fault", {"kind": "throttle", "match": LIST, "times": 8})
    event = run_sync(one, "products")
    assert "broke_off" in notes(event)
    one.refresh_from_db()
    assert one.memory["products"]["until"] == until
    assert set(walk(one)) == {"Standing desk"}


def test_a_list_of_products_that_breaks_off_behind_its_first_page_moves_no_cursor(xoro, route, sandbox, monkeypatch):
    sandbox.post("/xoro/_sandbox/config", {"page_size": 4})
    one = xoro()
    route(one)
    whole = catalogue.products_page

    def broken(client, page, **more):
        return whole(client, page, **more) if page == 1 else Page(page, [], is_certain=False)

    with monkeypatch.context() as broken_off:
        broken_off.setattr(catalogue, "products_page", broken)
        assert len(walk(one)) == 4
    one.refresh_from_db()
    assert one.memory["products"]["until"] == ""
    assert len(walk(one)) == 6  # the others, not those that were met


@pytest.mark.parametrize(
    ("changes", "code", "named"),
    [
        ({"products_enabled": False}, "products_enabled", "Synchronize products"),
        ({"product_direction": "shopify_to_xoro"}, "product_direction", "Direction"),
    ],
)
def test_switched_off_or_the_other_way_round_names_the_setting(xoro, route, sandbox, changes, code, named):
    one = xoro(**changes)
    route(one)
    for event in (run_sync(one, "products"), single(one, "MUG")):
        assert (event.outcome, event.reason, event.reason_code) == (Outcome.SKIPPED, Reason.FILTERED, code)
        assert named in event.sentence
    assert sandbox.log("xoro") == []


# --- shop to Xoro ---------------------------------------------------------------------------------------------------


def variant(sku: str = "ENM-GRN-350", value: str = "green", **changes: object) -> ProductVariant:
    members = {
        "id": "1",
        "title": value,
        "options": (("Colour", value),),
        "price": Decimal("26.30"),
        "barcode": "400638133",
    }
    return ProductVariant(sku=sku, **(members | changes))


def product(**changes: object) -> Product:
    members = {
        "id": "8123", "number": "enamel-mug", "name": "Enamel mug", "handle": "enamel-mug", "currency": "USD",
        "vendor": "Lumen", "type": "Kitchen", "tags": ("Kitchen",), "options": (ProductOption(name="Colour"),),
        "images": (ProductImage(url="https://cdn.example/a.png"),), "variants": (variant(), variant("ENM-GRY-350", "grey")),
    }  # fmt: skip
    return Product(**(members | changes))


@pytest.fixture
def back(install, make_connector):
    """``back(xoro)``: products of a source go to this Xoro; ``.deliver(product)`` runs one delivery."""

    class Back:
        def __init__(self, **settings: object) -> None:
            self.xoro = install("xoro", **{"product_direction": "shopify_to_xoro", **settings})
            self.source = make_connector("Shop")
            self.route = Route.objects.create(source=self.source, target=self.xoro, record_kind="product")

        def deliver(self, one: Product) -> Event:
            routing.deliver(self.source, an_event(self.source), one)
            event = Event.objects.filter(topic="product/deliver", connector_id=self.xoro.pk).latest("id")
            return again(event).event

    return Back


def part(sandbox, number: str) -> dict:
    answer = requests.get(f"{sandbox.url}/xoro{LIST}", params={"base_part_number": number, "page": 1},
                          auth=("sandbox-key", "sandbox-secret"), timeout=5)  # fmt: skip
    rows = answer.json()["Data"]
    return rows[0] if rows else {}


def creates(sandbox) -> list[dict]:
    return [json.loads(row["body"])[0] for row in sandbox.log("xoro") if row["path"] == CREATE]


def test_a_new_product_becomes_a_base_part_with_its_items(back, sandbox):
    event = back().deliver(product())
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    made = part(sandbox, "enamel-mug")
    assert (made["Handle"], made["Title"], made["ProductCategoryName"], made["ProductTags"]) == (
        "enamel-mug", "Enamel mug", "Kitchen", "Kitchen",
    )  # fmt: skip
    green = made["Variants"][0]
    assert (green["ItemNumber"], green["ItemUpc"], green["Option1Value"], green["ItemTypeName"]) == (
        "ENM-GRN-350", "400638133", "green", "Inventory",
    )  # fmt: skip
    assert green["CurrencyPriceList"][0]["StandardUnitPrice"] == 26.3
    assert made["Options"][0]["ValueArr"] == ["green", "grey"]
    assert Link.objects.get(record_kind="product").target_number == "enamel-mug"


def test_only_single_values_of_a_known_base_part_change_and_nothing_else_is_cleared(back, sandbox):
    before = part(sandbox, "MUG")
    one = back(update_fields=["title", "price"])
    mug = variant("MUG-BLU-350", "BLU-350", price=Decimal("12.50"), options=(("Kind", "BLU-350"),), barcode="1")
    event = one.deliver(product(handle="mug", number="mug", name="Big mug", variants=(mug,), tags=("new",)))
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "sku_used") or event.outcome == Outcome.SUCCEEDED
    after = part(sandbox, "MUG")
    blue, was = after["Variants"][0], before["Variants"][0]
    assert after["Title"] == "Big mug"
    assert blue["CurrencyPriceList"][0]["StandardUnitPrice"] == 12.5
    for name in ("AssetAccountName", "CogsAccountName", "CustomFieldH1", "ItemUpc", "Length", "HSCode", "Weight"):
        assert blue[name] == was[name], name
    assert blue["CurrencyPriceList"][1] == was["CurrencyPriceList"][1]
    assert (after["ProductTags"], after["BodyHtml"], len(after["Variants"])) == ("web", before["BodyHtml"], 4)


def test_an_equal_product_is_not_written_again(back, sandbox):
    one = back()
    one.deliver(product())
    event = one.deliver(product(images=()))  # what is not sent has changed
    assert event.outcome == Outcome.SUCCEEDED
    assert "as product Enamel mug asks for" in event.sentence
    assert len(creates(sandbox)) == 1


def test_the_body_is_an_array_of_one_whole_base_part(back, sandbox):
    back().deliver(product())
    [body] = [json.loads(row["body"]) for row in sandbox.log("xoro") if row["path"] == CREATE]
    assert isinstance(body, list)
    assert len(body) == 1


def test_the_same_sku_under_another_handle_is_reported_naming_both(back, sandbox):
    event = back().deliver(product(variants=(variant("DESK-120", "120"),)))
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "sku_used")
    assert "DESK-120" in event.sentence
    assert "base part DESK" in event.sentence
    assert "“enamel-mug”" in event.sentence
    assert "“desk”" in event.sentence
    assert creates(sandbox) == []


def test_a_sku_xoro_itself_finds_taken_is_reported_with_its_sentence(back, sandbox):
    many = (*(variant(f"ENM-{n}", f"v{n}") for n in range(6)), variant("DESK-120", "120"))
    event = back().deliver(product(variants=many))
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.REFUSED)
    assert "Duplicate item number: DESK-120 is of DESK" in event.sentence
    assert part(sandbox, "enamel-mug") == {}


def test_result_false_with_data_is_no_success(back, sandbox, monkeypatch):
    real = answers.enveloped
    monkeypatch.setattr(
        "connectors.xoro.sandbox.server.enveloped",
        lambda data, **more: (
            _not_done(real(data, **more)) if more.get("message") == "Product saved" else real(data, **more)
        ),
    )
    event = back().deliver(product())
    assert (event.outcome, event.reason, event.sentence) == (Outcome.FAILED, Reason.REFUSED, "Not all was saved")
    assert not Link.objects.filter(record_kind="product").exists()


def _not_done(reply):
    reply.body |= {"Result": False, "Message": "Not all was saved"}
    return reply


def test_a_lost_answer_writes_no_second_time(back, sandbox):
    one = back()
    sandbox.post("/xoro/_sandbox/fault", {"kind": "lost_answer", "match": CREATE})
    event = one.deliver(product())
    assert event.outcome == Outcome.WAITING
    event = again(event).event
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert len(creates(sandbox)) == 1
    assert Link.objects.get(record_kind="product").target_number == "enamel-mug"


def test_a_lost_write_nobody_finds_is_left_to_a_person(back, sandbox):
    one = back()
    sandbox.post("/xoro/_sandbox/fault", {"kind": "slow:0", "match": LIST})
    sandbox.post("/xoro/_sandbox/fault", {"kind": "lost_answer", "match": CREATE})
    event = one.deliver(product())
    sandbox.post("/xoro/_sandbox/reset")  # as a tenant whose list lags behind
    event = again(event).event
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.UNCONFIRMED_WRITE)
    assert "enamel-mug" in event.sentence
    assert creates(sandbox) == []


def test_an_empty_answer_that_may_be_throttling_makes_no_base_part(back, sandbox):
    one = back()
    sandbox.post("/xoro/_sandbox/fault", {"kind": "throttle", "match": LIST, "times": 4})
    event = one.deliver(product())
    assert (event.outcome, event.reason_code) == (Outcome.WAITING, "throttled")
    assert creates(sandbox) == []


def test_an_empty_answer_that_may_be_throttling_does_not_say_that_a_sku_is_free(back, sandbox):
    one = back()
    sandbox.post("/xoro/_sandbox/fault", {"kind": "throttle", "match": "/api/xerp/product/item/getitem", "times": 4})
    event = one.deliver(product(variants=(variant("DESK-120", "120"),)))
    assert (event.outcome, event.reason_code) == (Outcome.WAITING, "throttled")
    assert creates(sandbox) == []
    assert again(event).event.reason_code == "sku_used"


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"variants": (variant(""),)}, "no_sku"), ({"variants": (variant(), variant(value="grey"))}, "sku_used_twice")],
)
def test_variants_without_a_sku_or_with_one_sku_twice_are_named(back, sandbox, changes, code):
    event = back().deliver(product(**changes))
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, code)
    assert "Enamel mug" in event.sentence
    assert sandbox.log("xoro") == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"products_enabled": False}, "products_enabled"), ({"product_direction": "xoro_to_shopify"}, "product_direction"),
     ({"product_tags": ["outlet"]}, "product_tags")],
)  # fmt: skip
def test_off_the_other_way_round_or_without_the_tag_it_is_skipped_named(back, sandbox, changes, code):
    event = back(**changes).deliver(product())
    assert (event.outcome, event.reason, event.reason_code) == (Outcome.SKIPPED, Reason.FILTERED, code)
    assert sandbox.log("xoro") == []


def test_the_direction_cannot_be_turned_round_once_products_were_sent(back, ada, sandbox):
    one = back()

    def save(direction: str) -> str:
        page = ada.get(f"/admin/connectors/connector/{one.xoro.pk}/change/?tab=settings")
        form = page.context["adminform"].form
        data = {name: form[name].value() for name in form.fields if form[name].value() is not None}
        data = {name: value for name, value in data.items() if not isinstance(value, (dict, tuple))}
        data |= {"setting_product_direction": direction}
        bound = type(form)(data, instance=Connector.objects.get(pk=one.xoro.pk))
        bound.is_valid()
        return str(bound.errors.get("setting_product_direction", ""))

    assert save("xoro_to_shopify") == ""
    one.deliver(product())
    assert "Products were sent already" in save("xoro_to_shopify")
    assert save("shopify_to_xoro") == ""
