"""Products out of a shop: read whole, told onwards, and their SKUs known from then on."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connectors import directory
from connectors.shopify import skus
from connectors.shopify.calls import products as calls
from connectors.shopify.sandbox.product_payloads import item_payload, product_payload
from events.models import Event, Outcome, Reason
from tests.connectors.shopify.catalogue_cast import notes, place, text

__all__ = ["place"]
pytestmark = pytest.mark.django_db


def known(shop, sku):
    return directory.find(shop.connector.pk, skus.VARIANT, [sku]).get(sku, [])


def test_a_product_is_read_whole_and_handed_on(place):
    shop = place()
    shop.route_out("product")
    [mug] = [one for one in shop.inside.table("Product").values() if one["title"] == "Mug"][:1]
    event = shop.tell("products/update", product_payload(shop.inside, mug))
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    assert (event.object_type, event.object_id, event.object_label) == ("product", mug["legacyResourceId"], "Mug")
    child = Event.objects.get(topic="product/deliver")
    assert (child.object_type, child.object_id) == ("product", mug["legacyResourceId"])
    [entry] = known(shop, "MUG-BLU-350")
    variant = shop.inside.variant("MUG-BLU-350")
    assert entry.object_id == variant["id"]
    assert entry.data == {
        "item": variant["inventoryItem"], "product": mug["id"], "tracked": True, "updated_at": variant["updatedAt"]
    }  # fmt: skip


def test_the_record_says_what_the_shop_says(make_client, vendor):
    from connectors.shopify.product_translation import product_record

    made = vendor.control("products", title="Chair", skus=["CH-1", "CH-2"], price="99.50")
    node = calls.get_product(make_client(), made["id"])
    node["variants"]["nodes"][0]["compareAtPrice"] = "120.00"
    node["variants"]["nodes"][0]["inventoryItem"]["unitCost"] = {"amount": "40.10", "currencyCode": "EUR"}
    record = product_record(node, shop_domain="x", currency="EUR")
    assert (record.name, record.handle, record.status, record.currency) == ("Chair", "chair", "active", "EUR")
    assert record.options[0].name == "Size" and record.options[0].values == ("CH-1", "CH-2")
    first = record.variants[0]
    assert (first.sku, first.price, first.compare_at_price, first.cost) == (
        "CH-1", Decimal("99.50"), Decimal("120.00"), Decimal("40.10")
    )  # fmt: skip
    assert first.options == (("Size", "CH-1"),)
    assert (first.weight, first.weight_unit, first.is_tracked) == (Decimal("350.0"), "g", True)


def test_a_product_without_options_has_none(make_client, vendor):
    from connectors.shopify.product_translation import product_record

    toner = next(one for one in vendor.app.shops["example-outlet.myshopify.com"].table("Product").values()
                 if one["handle"] == "toner-77-black")  # fmt: skip
    record = product_record(calls.get_product(make_client(), toner["id"]), shop_domain="x", currency="EUR")
    assert record.options == () and record.variants[0].options == ()


def test_a_product_of_two_thousand_variants_is_read_in_pages_and_none_is_lost(place):
    shop = place()
    shop.route_out("product")
    made = shop.vendor.control("products", title="Bolt", variants=2_000)
    event = shop.tell("products/create", {"admin_graphql_api_id": made["id"], "variants": []})
    assert event.outcome == Outcome.SUCCEEDED and "2000 variants" in event.sentence
    assert len(shop.calls("HubProduct")) == 40
    assert directory.count(shop.connector.pk, skus.VARIANT) == 2_000
    assert known(shop, "BIG-2000")


def test_pages_of_two_states_are_never_mixed(make_client, vendor):
    made = vendor.control("products", title="Bolt", variants=120)
    client = make_client()
    plain, changes = client.execute, iter(["once"])

    def execute(name, variables, **more):
        if variables.get("after") and next(changes, None):
            vendor.control("clock", advance=2)
            vendor.control("merchant_product", product="bolt", set={"title": "Bolt M8"})
        return plain(name, variables, **more)

    client.execute = execute
    product = calls.get_product(client, made["id"])
    assert product["title"] == "Bolt M8" and len(product["variants"]["nodes"]) == 120


def test_a_deleted_product_is_said_and_its_skus_forgotten(place):
    shop = place()
    made = shop.vendor.control("products", title="Bolt", variants=3)
    shop.tell("products/create", {"admin_graphql_api_id": made["id"]})
    assert known(shop, "BIG-0002")
    event = shop.tell("products/delete", {"id": int(made["id"].rpartition("/")[2])})
    assert event.outcome == Outcome.SUCCEEDED and "deleted in the shop; 3 SKUs" in event.sentence
    assert not known(shop, "BIG-0002")


def test_a_sku_that_changes_is_known_by_its_new_name(place):
    shop = place()
    item = shop.item("TONER-77K")
    shop.tell("inventory_items/create", item_payload(shop.inside, item))
    assert known(shop, "TONER-77K")
    shop.vendor.control("merchant_product", product="toner-77-black", variant={"sku": "TONER-77K", "inventoryItem": {
        "sku": "TONER-77L", "tracked": False}})  # fmt: skip
    shop.tell("inventory_items/update", item_payload(shop.inside, item))
    assert not known(shop, "TONER-77K")
    assert known(shop, "TONER-77L")[0].data["tracked"] is False
    shop.tell("inventory_items/delete", {"id": int(item["id"].rpartition("/")[2])})
    assert not known(shop, "TONER-77L")


def test_html_in_a_title_is_a_title(place):
    shop = place()
    shop.route_out("product")
    title = "<script>alert(1)</script> Mug & “Cup”"
    made = shop.vendor.control("products", title="Cup", skus=["CUP"])
    shop.vendor.control("merchant_product", product="cup", set={"title": title})
    event = shop.tell("products/update", {"admin_graphql_api_id": made["id"]})
    assert event.outcome == Outcome.SUCCEEDED and event.object_label == title


def test_changed_products_come_once_each(place):
    shop = place()
    shop.vendor.control("products", title="Bolt", variants=2, seconds_ago=300)
    first = shop.walk("products")
    assert first.outcome == Outcome.SUCCEEDED, text(first)
    count = Event.objects.filter(topic="products/update").count()
    assert count >= 1 and first.sentence.startswith(f"{count} product")
    assert shop.walk("products").sentence.startswith("0 products")
    shop.vendor.control("products", title="Nut", seconds_ago=400)
    assert shop.walk("products").sentence.startswith("1 product was")


def test_a_broken_walk_leaves_the_watermark_where_it_was(place):
    shop = place()
    shop.vendor.control("fault", kind="500", operation="HubProductsSince", times=9)
    event = shop.walk("products")
    assert event.outcome == Outcome.WAITING
    shop.connector.refresh_from_db()
    assert "products" not in shop.connector.memory


@pytest.mark.parametrize("number", ["bolt", "Bolt", "BIG-0001", "{id}", "{number}"])
def test_a_person_names_a_product_in_several_ways(place, number):
    shop = place()
    shop.route_out("product")
    made = shop.vendor.control("products", title="Bolt", variants=2)
    event = shop.ask("product", number.replace("{id}", made["id"]).replace("{number}", made["id"].rpartition("/")[2]))
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    assert event.object_label == "Bolt"


def test_a_sku_used_twice_names_the_products(place):
    shop = place()
    for title in ("Bolt", "Screw"):
        shop.vendor.control("products", title=title, skus=["SAME"])
    event = shop.ask("product", "SAME")
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "sku_used_twice")
    assert "bolt" in event.sentence and "screw" in event.sentence


def test_a_product_the_shop_does_not_have_is_skipped(place):
    shop = place()
    event = shop.ask("product", "nothing-of-the-kind")
    assert (event.outcome, event.reason_code) == (Outcome.SKIPPED, "not_found")
    event = shop.tell("products/update", {"id": 999_999})
    assert (event.outcome, event.reason_code) == (Outcome.SKIPPED, "not_found")


@pytest.mark.parametrize(
    "payload", [[], {}, {"id": "x"}, {"id": True}, {"admin_graphql_api_id": "gid://shopify/Order/1"}]
)
def test_a_delivery_that_names_no_product_is_a_payload_error(place, payload):
    event = place().tell("products/update", payload)
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.PAYLOAD)


def test_without_a_route_the_skus_are_known_all_the_same(place):
    shop = place()
    made = shop.vendor.control("products", title="Bolt", variants=1)
    event = shop.tell("products/update", {"admin_graphql_api_id": made["id"]})
    assert (event.outcome, event.reason) == (Outcome.SKIPPED, Reason.NOT_ROUTED)
    assert known(shop, "BIG-0001") and not notes(event)


def test_a_missing_scope_is_named(place):
    shop = place()
    kept = [one for one in shop.inside.scopes if one not in ("read_products", "write_products")]
    shop.vendor.control("scopes", scopes=kept)
    event = shop.tell("products/update", {"id": 880_001})
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.CONFIGURATION) and "read_products" in event.sentence
