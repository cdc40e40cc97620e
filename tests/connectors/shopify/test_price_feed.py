"""Prices into a shop: what differs, in batches, each to its variant or its price list, and nothing dropped in silence."""

from __future__ import annotations

import uuid
from decimal import Decimal

import pytest

from connectors import directory, feeds, figures
from connectors.models import Figure
from connectors.records import Price
from connectors.records.figure import NO_PRICE
from connectors.shopify import skus
from events.models import Event, Kind, Outcome
from events.record import New, record
from tests.connectors import cases as driving
from tests.connectors.shopify.catalogue_cast import notes, place, text

__all__ = ["place"]
pytestmark = pytest.mark.django_db
MUG, LAMP = "MUG-BLU-350", "LMP-OAK-S"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(feeds, "PAUSES_S", (0.0, 0.0))


def price(sku, amount, group="", **more):
    return Price(sku=sku, price_list=group, amount=Decimal(str(amount)), **{"currency": "EUR", **more})


def send(shop, *rows, **more):
    """What the source says, then the feed, run once."""
    route = shop.route
    figures.offer([route.pk], rows, **more)
    made = record(
        New(kind=Kind.DELIVERY, topic="price/feed", connector_id=shop.connector.pk, connector_name="Shop",
            provider="shopify", max_attempts=8, object_type="price", route_id=route.pk, delivery_id=uuid.uuid4().hex)
    )  # fmt: skip
    return driving.again(Event.objects.get(pk=made.event_id)).event


@pytest.fixture
def shop(place):
    one = place()
    one.route = one.route_in("price")
    return one


def lists(shop):
    return {one["name"]: one for one in shop.inside.table("PriceList").values()}


def fixed(shop, name):
    rows = shop.inside.table("ProductVariant")
    return {rows[gid]["sku"]: one["price"]["amount"] for gid, one in lists(shop)[name]["fixed"].items()}


def problems():
    return dict(Figure.objects.exclude(problem="").values_list("key", "problem"))


def test_a_price_without_a_list_is_the_variants_own(shop):
    event = send(shop, price(MUG, "27.90", compare_at=Decimal("31")), price(LAMP, "80"))
    assert event.outcome == Outcome.SUCCEEDED and event.sentence.startswith("2 prices sent"), text(event)
    mug = shop.inside.variant(MUG)
    assert (mug["price"], mug["compareAtPrice"]) == ("27.90", "31.00")


def test_only_what_differs_is_sent(shop):
    send(shop, price(MUG, "27.90"), price(LAMP, "80"))
    before = len(shop.calls("HubVariantsUpdate"))
    event = send(shop, price(MUG, "27.90"), price(LAMP, "81"))
    assert event.sentence.startswith("1 price sent") and len(shop.calls("HubVariantsUpdate")) == before + 1


def test_each_group_and_currency_has_a_list_of_its_own(shop):
    event = send(
        shop, price(MUG, 17, "A"), price(LAMP, 60, "A"), price(MUG, 19, "A", currency="USD"), price(MUG, 16, "B")
    )
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    assert set(lists(shop)) == {"ERP A EUR", "ERP A USD", "ERP B EUR"}
    assert fixed(shop, "ERP A EUR") == {MUG: "17.00", LAMP: "60.00"} and fixed(shop, "ERP A USD") == {MUG: "19.00"}


def test_a_list_of_that_name_is_adopted(shop):
    send(shop, price(MUG, 17, "A"))
    from connectors import directory
    from connectors.shopify.price_lists import LIST

    [known] = lists(shop).values()
    directory.forget(shop.connector.pk, LIST, [known["id"]])
    send(shop, price(MUG, 18, "A"))
    assert fixed(shop, "ERP A EUR") == {MUG: "18.00"} and len(shop.calls("HubPriceListCreate")) == 1


def test_two_hundred_and_fifty_prices_go_in_a_call(shop):
    shop.vendor.control("products", title="Bolt", variants=600)
    event = send(shop, *(price(f"BIG-{n:04d}", 3, "A") for n in range(1, 601)))
    assert event.outcome == Outcome.SUCCEEDED and event.sentence.startswith("600 prices sent")
    assert len(shop.calls("HubPricesChange")) == 3 and len(fixed(shop, "ERP A EUR")) == 600


def test_a_price_that_is_named_no_more_is_taken_away(shop):
    send(shop, price(MUG, 17, "A"), price(LAMP, 60, "A"))
    event = send(shop, price(MUG, 17, "A"), complete=True, absent=NO_PRICE)
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    assert fixed(shop, "ERP A EUR") == {MUG: "17.00"}


def test_one_that_was_never_fixed_is_as_it_should_be(shop):
    send(shop, price(MUG, 17, "A"), price(LAMP, 60, "A"))
    [known] = lists(shop).values()
    del known["fixed"][shop.inside.variant(LAMP)["id"]]
    event = send(shop, price(MUG, 18, "A"), complete=True, absent=NO_PRICE)
    assert event.outcome == Outcome.SUCCEEDED and not problems(), text(event)
    assert fixed(shop, "ERP A EUR") == {MUG: "18.00"}


def test_a_price_from_a_quantity_on_follows_the_fixed_one(shop):
    event = send(shop, price(MUG, 15, "A", min_quantity=24), price(MUG, 17, "A"))
    assert event.outcome == Outcome.SUCCEEDED and not problems(), text(event)
    [known] = lists(shop).values()
    assert list(known["breaks"].values()) == [{"amount": "15", "currencyCode": "EUR"}]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (price("NOWHERE", 5), "unknown_sku"),
        (price(MUG, -5), "negative_price"),
        (price(MUG, -5, "A"), "negative_price"),
        (price(MUG, 5, currency="USD"), "no_price_row"),
        (price(MUG, 5, min_quantity=10), "quantity"),
        (price(MUG, 5, "A", currency="XAU"), "price_list"),
        (price(MUG, 5, "A", currency="AUD"), "price_list"),
    ],
)
def test_what_cannot_be_sent_stays_with_its_reason(shop, row, code):
    event = send(shop, row, price(LAMP, 80))
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    assert problems() == {row.key: code} and code in notes(event), text(event)
    assert shop.inside.variant(LAMP)["price"] == "80.00"


def test_a_sku_used_twice_gets_no_price_and_is_named(shop):
    for title in ("One", "Two"):
        shop.vendor.control("products", title=title, skus=["SAME"])
    event = send(shop, price("SAME", 5), price(LAMP, 80))
    assert problems() == {"SAME": "sku_used_twice"} and "SAME" in notes(event)["sku_used_twice"]


@pytest.mark.parametrize(
    ("operation", "group"), [("HubVariantsUpdate", ""), ("HubPricesChange", "A"), ("HubPriceListCreate", "A")]
)
def test_a_lost_answer_sets_the_same_price_again_and_makes_one_list(shop, operation, group):
    shop.lose(operation)
    event = send(shop, price(MUG, "27.90", group))
    if event.outcome == Outcome.WAITING:
        event = driving.again(event).event
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    if group:
        assert fixed(shop, "ERP A EUR") == {MUG: "27.90"} and len(lists(shop)) == 1
    else:
        assert shop.inside.variant(MUG)["price"] == "27.90"


def test_a_variant_that_is_gone_does_not_keep_the_others(shop):
    shop.vendor.control("products", title="Bolt", variants=3)
    send(shop, *(price(f"BIG-{n:04d}", 3, "A") for n in (1, 2, 3)))
    shop.vendor.control("merchant_product", product="bolt", delete_sku="BIG-0002")
    event = send(shop, *(price(f"BIG-{n:04d}", 4, "A") for n in (1, 2, 3)))
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    assert problems() == {"BIG-0002": "unknown_sku"}
    assert {sku: one for sku, one in fixed_of(shop).items() if one == "4.00"} == {
        "BIG-0001": "4.00",
        "BIG-0003": "4.00",
    }


@pytest.mark.parametrize("group", ["", "A"])
def test_a_variant_made_anew_gets_the_price_that_the_old_one_could_not_take(shop, group):
    shop.vendor.control("products", title="Bolt", variants=2)
    send(shop, price("BIG-0002", 3, group))
    shop.vendor.control("merchant_product", product="bolt", delete_sku="BIG-0002")
    send(shop, price("BIG-0002", 4, group))
    assert problems() == {"BIG-0002": "unknown_sku"}
    shop.vendor.control("products", title="New bolt", skus=["BIG-0002"])
    made = shop.inside.variant("BIG-0002")
    known = skus.entry("BIG-0002", made["id"], made["inventoryItem"], made["product"], tracked=True, updated_at="")
    directory.put(shop.connector.pk, skus.VARIANT, [known])  # as a delivery of the shop does
    assert send(shop, price("BIG-0002", 4, group)).outcome == Outcome.SUCCEEDED
    assert problems() == {} and Figure.objects.get().sent == Figure.objects.get().wanted


def fixed_of(shop):
    rows = shop.inside.table("ProductVariant")
    [known] = lists(shop).values()
    return {rows[gid]["sku"]: one["price"]["amount"] for gid, one in known["fixed"].items() if gid in rows}


def test_a_list_the_merchant_deleted_is_made_anew(shop):
    send(shop, price(MUG, 17, "A"))
    shop.inside.table("PriceList").clear()
    event = send(shop, price(MUG, 18, "A"))
    assert problems() == {MUG: "price_list_not_found"}, text(event)
    event = send(shop, price(MUG, 19, "A"))
    assert event.outcome == Outcome.SUCCEEDED and fixed(shop, "ERP A EUR") == {MUG: "19.00"}
