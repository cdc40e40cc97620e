"""Products into a shop: made once, changed where something differs, linked only where nothing is in doubt."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from connectors.models import Link
from connectors.records import Product, ProductField, ProductImage, ProductOption, ProductVariant, VariantPrice
from connectors.schema import load
from connectors.shopify.product_options import FIELDS, ProductOptions
from events.models import Outcome, Reason
from tests.connectors.shopify.catalogue_cast import notes, place, text

__all__ = ["place"]
pytestmark = pytest.mark.django_db
ALL = [one for one in FIELDS if one not in ("tags_add", "tags_override")]


def variant(sku, colour, **more):
    return ProductVariant(sku=sku, options=(("Colour", colour),), **{"price": Decimal("26.30"), **more})


def a_mug(**more) -> Product:
    given = {
        "id": "ST-310", "number": "enamel-mug", "name": "Enamel mug", "handle": "enamel-mug", "currency": "EUR",
        "options": (ProductOption(name="Colour", values=("green", "grey")),),
        "variants": (variant("ENM-GRN", "green", cost=Decimal("9.10")), variant("ENM-GRY", "grey")),
    }  # fmt: skip
    return Product(**{**given, **more})


def large(count, **more) -> Product:
    variants = tuple(variant(f"L-{n:04d}", f"c{n}") for n in range(count))
    return a_mug(name="Palette", handle="palette", options=(), variants=variants, **more)


def writes(shop):
    names = ("HubProductSet", "HubProductUpdate", "HubVariantsUpdate", "HubVariantsCreate", "HubProductImages",
             "HubMetafieldDefinition")  # fmt: skip
    return {name: len(found) for name in names if (found := shop.calls(name))}


# --- making ---------------------------------------------------------------------------------------------------------


def test_a_product_is_made_as_a_draft_with_everything_it_has(place):
    shop = place()
    shop.route_in("product")
    mug = a_mug(tags=("new", "kitchen"), description_html="<p>350 ml</p>", vendor="Example", type="Kitchen",
                fields=(ProductField(key="season", value="AW26"),))  # fmt: skip
    event = shop.bring(mug)
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    [made] = shop.products("enamel-mug")
    assert (made["status"], made["title"], made["tags"]) == ("DRAFT", "Enamel mug", ["kitchen", "new"])
    assert {(one["key"], one["value"]) for one in made["metafields"]} == {("season", "AW26"), ("style_id", "ST-310")}
    variants = shop.variants(made)
    assert set(variants) == {"ENM-GRN", "ENM-GRY"} and variants["ENM-GRN"]["price"] == "26.30"
    item = shop.item("ENM-GRN")
    assert item["unitCost"]["amount"] == "9.10" and item["tracked"] is True
    link = Link.objects.get(target=shop.connector)
    assert (link.target_object_id, link.target_number) == (made["legacyResourceId"], "enamel-mug")


def test_the_hubs_own_write_does_not_come_back(place):
    shop = place()
    shop.route_in("product")
    shop.route_out("product")
    shop.bring(a_mug())
    [made] = shop.products("enamel-mug")
    event = shop.tell("products/create", {"admin_graphql_api_id": made["id"]})
    assert (event.outcome, event.reason_code) == (Outcome.SKIPPED, "own_write")
    shop.vendor.control("clock", advance=2)
    shop.vendor.control("merchant_product", product="enamel-mug", set={"vendor": "Other"})
    event = shop.tell("products/update", {"admin_graphql_api_id": made["id"]})
    assert event.outcome == Outcome.SUCCEEDED, text(event)


def test_a_merchants_change_just_before_the_hubs_own_is_handed_on(place):
    shop = place()
    shop.route_in("product")
    shop.route_out("product")
    shop.bring(a_mug())
    [made] = shop.products("enamel-mug")
    shop.vendor.control("clock", advance=2)
    shop.vendor.control("merchant_product", product="enamel-mug", set={"vendor": "Other"})
    shop.vendor.control("clock", advance=2)
    shop.bring(a_mug(name="Mug 2"))  # before the delivery about the merchant's change arrived
    event = shop.tell("products/update", {"admin_graphql_api_id": made["id"]})
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    shop.vendor.control("clock", advance=2)
    shop.bring(a_mug(name="Mug 3"))  # now the hub's own change is the only one
    event = shop.tell("products/update", {"admin_graphql_api_id": made["id"]})
    assert (event.outcome, event.reason_code) == (Outcome.SKIPPED, "own_write")


@pytest.mark.parametrize("operation", ["HubProductSet", "HubMetafieldDefinition", "HubProductImages"])
def test_a_lost_answer_makes_no_second_product(place, operation):
    shop = place()
    shop.route_in("product")
    mug = a_mug(images=(ProductImage(url="https://images.example.com/a.png"),))
    shop.lose(operation)
    event = shop.bring(mug)
    assert event.outcome == Outcome.WAITING, text(event)
    event = shop.bring(mug, again=event)
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    [made] = shop.products("enamel-mug")
    assert len(made["media"]) == 1 and writes(shop)["HubProductSet"] == 1


def test_a_large_product_is_made_in_the_background_and_asked_for(place):
    shop = place()
    shop.route_in("product")
    event = shop.bring(large(2_000))
    assert (event.outcome, event.reason) == (Outcome.WAITING, Reason.DEPENDENCY), text(event)
    assert event.reason_code.startswith("product_operation:") and "2000 variants" in event.sentence
    event = shop.bring(large(2_000), again=event)
    assert event.outcome == Outcome.WAITING
    shop.vendor.control("clock", advance=10)
    event = shop.bring(large(2_000), again=event)
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    [made] = shop.products("palette")
    assert len(made["variantIds"]) == 2_000 and writes(shop)["HubProductSet"] == 1


def test_a_large_product_whose_answer_was_lost_is_there_once(place):
    shop = place()
    shop.route_in("product")
    shop.lose("HubProductSet")
    event = shop.bring(large(150))
    shop.vendor.control("clock", advance=10)
    event = shop.bring(large(150), again=event)
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    assert len(shop.products("palette")) == 1 and writes(shop)["HubProductSet"] == 1


def test_a_background_operation_that_fails_says_why_and_begins_anew(place):
    shop = place()
    shop.route_in("product")
    bad = large(120)
    bad = replace(bad, variants=(replace(bad.variants[0], price=Decimal("-1")), *bad.variants[1:]))
    event = shop.bring(bad)
    shop.vendor.control("clock", advance=10)
    event = shop.bring(bad, again=event)
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.REFUSED) and "greater than" in event.sentence
    assert shop.bring(large(120)).outcome == Outcome.WAITING


def test_a_newer_version_that_comes_while_shopify_still_works_is_sent_as_well(place):
    shop = place()
    shop.route_in("product")
    assert shop.bring(large(120)).outcome == Outcome.WAITING
    shop.vendor.control("clock", advance=10)
    newer = large(120)
    newer = replace(newer, variants=(replace(newer.variants[0], price=Decimal("31.00")), *newer.variants[1:]))
    event = shop.bring(newer)
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    [made] = shop.products("palette")
    assert shop.variants(made)["L-0000"]["price"] == "31.00" and writes(shop)["HubProductSet"] == 1


def test_a_corrected_version_does_not_fail_by_what_an_older_one_was_refused_for(place):
    shop = place()
    shop.route_in("product")
    bad = large(120)
    shop.bring(replace(bad, variants=(replace(bad.variants[0], price=Decimal("-1")), *bad.variants[1:])))
    shop.vendor.control("clock", advance=10)
    event = shop.bring(large(120))
    assert event.outcome == Outcome.WAITING, text(event)
    shop.vendor.control("clock", advance=10)
    assert shop.bring(large(120), again=event).outcome == Outcome.SUCCEEDED


def test_a_negative_price_names_its_sku(place):
    shop = place()
    shop.route_in("product")
    event = shop.bring(a_mug(variants=(variant("ENM-GRN", "green"), variant("ENM-GRY", "grey", price=Decimal(-5)))))
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.REFUSED)
    assert "SKU ENM-GRY" in event.sentence and not shop.products("enamel-mug")


def test_new_variants_for_a_product_with_other_options_say_what_both_sides_have(place):
    shop = place()
    shop.route_in("product", match_by=["handle"], on_known_sku="note")
    shop.vendor.control("products", title="Enamel mug", skus=["ENM-GRN"])
    event = shop.bring(a_mug())
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.REFUSED), text(event)
    assert "The shop's product has “Size” as its options, the source “Colour”." in event.sentence
    assert "Replace products whole" in event.next_step


def test_a_handle_another_product_has_is_said(place):
    shop = place()
    shop.vendor.control("products", title="Enamel mug", skus=["OTHER"])
    shop.route_in("product", match_by="custom_id")
    event = shop.bring(a_mug())
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "HANDLE_NOT_UNIQUE")
    assert "“enamel-mug”" in event.sentence and event.next_step


def test_a_sku_another_product_has_keeps_the_product_from_being_made(place):
    shop = place()
    shop.vendor.control("products", title="Old mug", skus=["ENM-GRN"])
    shop.route_in("product")
    event = shop.bring(a_mug())
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "sku_used")
    assert "ENM-GRN in old-mug" in event.sentence and not shop.products("enamel-mug")


def test_where_the_route_says_so_it_is_made_with_a_remark(place):
    shop = place()
    shop.vendor.control("products", title="Old mug", skus=["ENM-GRN"])
    shop.route_in("product", on_known_sku="note")
    event = shop.bring(a_mug())
    assert event.outcome == Outcome.SUCCEEDED and "ENM-GRN in old-mug" in notes(event)["sku_used"]


def test_a_route_that_makes_none_skips(place):
    shop = place()
    shop.route_in("product", creates=False)
    event = shop.bring(a_mug())
    assert (event.outcome, event.reason_code) == (Outcome.SKIPPED, "not_there") and not shop.products("enamel-mug")


def test_only_products_with_a_tag_of_the_route(place):
    shop = place()
    shop.route_in("product", only_tags=["Web"])
    assert shop.bring(a_mug()).reason_code == "tags"
    assert shop.bring(a_mug(tags=("web",))).outcome == Outcome.SUCCEEDED


# --- currency -------------------------------------------------------------------------------------------------------


def test_the_price_row_of_the_shops_currency_is_taken(place):
    shop = place()
    shop.route_in("product")
    row = VariantPrice(currency="EUR", price=Decimal("24.00"), cost=Decimal("8.00"))
    other = VariantPrice(currency="EUR", price=Decimal("1.00"), price_list="WHOLESALE")
    shop.bring(a_mug(currency="USD", variants=(variant("ENM-GRN", "green", prices=(other, row)),)))
    [made] = shop.products("enamel-mug")
    assert shop.variants(made)["ENM-GRN"]["price"] == "24.00"
    assert shop.item("ENM-GRN")["unitCost"] == {"amount": "8.00", "currencyCode": "EUR"}


def test_a_currency_without_a_price_row_is_a_remark_and_writes_no_price(place):
    shop = place()
    shop.route_in("product")
    shop.bring(a_mug())
    event = shop.bring(
        a_mug(currency="USD", name="Enamel mug 2", variants=(variant("ENM-GRN", "green", price=Decimal("99")),))
    )
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    assert "no price in EUR" in notes(event)["no_price_row"] and "ENM-GRN" in notes(event)["no_price_row"]
    [made] = shop.products("enamel-mug")
    assert shop.variants(made)["ENM-GRN"]["price"] == "26.30" and made["title"] == "Enamel mug 2"


# --- changing -------------------------------------------------------------------------------------------------------


def test_only_what_differs_is_sent(place):
    shop = place()
    shop.route_in("product", update_fields=ALL)
    shop.bring(a_mug())
    event = shop.bring(a_mug(variants=(variant("ENM-GRN", "green", cost=Decimal("9.10"), price=Decimal("27.90")),
                                       variant("ENM-GRY", "grey"))))  # fmt: skip
    assert event.outcome == Outcome.SUCCEEDED and "1 changed variant" in event.sentence
    [call] = shop.calls("HubVariantsUpdate")
    assert call["variables"]["variants"] == [{"id": shop.inside.variant("ENM-GRN")["id"], "price": "27.90"}]
    assert "HubProductUpdate" not in writes(shop)


def test_an_update_changes_only_the_fields_of_the_route(place):
    shop = place()
    shop.route_in("product", update_fields=["price"])
    shop.bring(a_mug(vendor="Example"))
    event = shop.bring(
        a_mug(name="Renamed", vendor="Other", variants=(variant("ENM-GRN", "green", price=Decimal("30")),))
    )
    [made] = shop.products("enamel-mug")
    assert (made["title"], made["vendor"]) == ("Enamel mug", "Example") and event.outcome == Outcome.SUCCEEDED
    assert shop.variants(made)["ENM-GRN"]["price"] == "30.00"


def test_a_change_of_what_is_not_sent_is_no_change(place):
    shop = place()
    shop.route_in("product", update_fields=["price"])
    shop.bring(a_mug())
    before = writes(shop)
    event = shop.bring(a_mug(name="Renamed", tags=("x",)))
    assert (event.outcome, event.reason) == (Outcome.SKIPPED, Reason.UNCHANGED) and writes(shop) == before


def test_tags_are_added_and_the_merchants_stay(place):
    shop = place()
    shop.route_in("product", update_fields=["tags_add"])
    shop.bring(a_mug(tags=("a",)))
    shop.vendor.control("merchant_product", product="enamel-mug", set={"tags": ["a", "mine"]})
    shop.bring(a_mug(tags=("a", "b")))
    assert shop.products("enamel-mug")[0]["tags"] == ["a", "b", "mine"]


def test_tags_are_replaced_where_the_route_says_so(place):
    shop = place()
    shop.route_in("product", update_fields=["tags_override"])
    shop.bring(a_mug(tags=("a",)))
    shop.vendor.control("merchant_product", product="enamel-mug", set={"tags": ["a", "mine"]})
    shop.bring(a_mug(tags=("b",)))
    assert shop.products("enamel-mug")[0]["tags"] == ["b"]


def test_both_ways_of_tags_at_once_are_an_error_at_the_field():
    with pytest.raises(ValidationError) as caught:
        load(ProductOptions, {"update_fields": ["tags_add", "tags_override"]})
    assert "update_fields" in caught.value.message_dict


def test_a_way_of_matching_that_is_none_is_an_error_at_the_field():
    with pytest.raises(ValidationError) as caught:
        load(ProductOptions, {"match_by": "handle, colour"})
    assert "match_by" in caught.value.message_dict


def test_new_variants_are_added_and_the_merchants_own_stay(place):
    shop = place()
    shop.route_in("product")
    shop.bring(a_mug(variants=(variant("ENM-GRN", "green"),)))
    [made] = shop.products("enamel-mug")
    merchants = shop.variants(made)["ENM-GRN"]
    event = shop.bring(a_mug(variants=(variant("ENM-GRY", "grey"), variant("ENM-RED", "red"))))
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    assert set(shop.variants(made)) == {"ENM-GRN", "ENM-GRY", "ENM-RED"}
    assert merchants["id"] in made["variantIds"] and "1 variants" in notes(event)["other_variants"]


def test_a_product_is_replaced_whole_only_where_the_route_says_so(place):
    shop = place()
    shop.route_in("product", replaces_whole=True)
    shop.bring(a_mug())
    shop.bring(a_mug(variants=(variant("ENM-GRY", "grey"), variant("ENM-RED", "red"))))
    [made] = shop.products("enamel-mug")
    assert set(shop.variants(made)) == {"ENM-GRY", "ENM-RED"}


def test_more_variants_than_a_call_takes_go_in_several(place):
    shop = place()
    shop.route_in("product")
    event = shop.bring(large(300))
    shop.vendor.control("clock", advance=10)
    shop.bring(large(300), again=event)
    dearer = large(700)
    dearer = replace(dearer, variants=tuple(replace(one, price=Decimal("30")) for one in dearer.variants))
    event = shop.bring(dearer)
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    assert (writes(shop)["HubVariantsUpdate"], writes(shop)["HubVariantsCreate"]) == (2, 2)
    [made] = shop.products("palette")
    assert len(made["variantIds"]) == 700 and {one["price"] for one in shop.variants(made).values()} == {"30.00"}


@pytest.mark.parametrize("operation", ["HubVariantsUpdate", "HubVariantsCreate", "HubProductUpdate"])
def test_a_lost_answer_of_a_change_is_not_repeated(place, operation):
    shop = place()
    shop.route_in("product")
    shop.bring(a_mug())
    changed = a_mug(name="Mug 2", variants=(variant("ENM-GRN", "green", price=Decimal(30)), variant("ENM-GRY", "grey"),
                                            variant("ENM-RED", "red")))  # fmt: skip
    shop.lose(operation)
    event = shop.bring(changed)
    assert event.outcome == Outcome.WAITING
    event = shop.bring(changed, again=event)
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    assert writes(shop)[operation] == 1 and len(shop.products("enamel-mug")[0]["variantIds"]) == 3


def test_one_bad_variant_does_not_keep_the_others(place):
    shop = place()
    shop.route_in("product")
    shop.bring(a_mug())
    event = shop.bring(
        a_mug(variants=(variant("ENM-GRN", "green", price=Decimal(-3)), variant("ENM-GRY", "grey", price=Decimal(28))))
    )
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.REFUSED)
    assert "SKU ENM-GRN (price)" in event.sentence and "others were saved" in event.sentence
    assert shop.inside.variant("ENM-GRY")["price"] == "28.00" and shop.inside.variant("ENM-GRN")["price"] == "26.30"


def test_a_renamed_sku_is_renamed_where_the_route_says_so(place):
    shop = place()
    shop.route_in("product", update_fields=["sku", "price"])
    shop.bring(a_mug())
    variant_id = shop.inside.variant("ENM-GRN")["id"]
    event = shop.bring(a_mug(variants=(variant("ENM-GREEN", "green"), variant("ENM-GRY", "grey"))))
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    assert shop.inside.variant("ENM-GREEN")["id"] == variant_id


# --- matching -------------------------------------------------------------------------------------------------------


def test_a_product_with_the_handle_is_adopted_and_marked(place):
    shop = place()
    made = shop.vendor.control("products", title="Enamel mug", skus=["green", "grey"])
    shop.route_in("product", update_fields=["price"])
    event = shop.bring(
        a_mug(variants=(ProductVariant(sku="green", options=(("Size", "green"),), price=Decimal(20)),), options=())
    )
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    assert Link.objects.get(target=shop.connector).target_object_id == made["id"].rpartition("/")[2]
    [product] = shop.products("enamel-mug")
    assert [one["value"] for one in product["metafields"]] == ["ST-310"]


@pytest.mark.parametrize("way", ["sku", "barcode"])
def test_a_product_is_found_by_sku_or_barcode_where_the_route_says_so(place, way):
    shop = place()
    made = shop.vendor.control("products", title="Old mug", skus=["ENM-GRN"])
    shop.inside.variant("ENM-GRN")["barcode"] = "4006381333931"
    shop.route_in("product", match_by=way)
    event = shop.bring(a_mug(variants=(ProductVariant(sku="ENM-GRN", barcode="4006381333931", options=(("Size", "ENM-GRN"),),
                                                      price=Decimal(20)),), options=()))  # fmt: skip
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    assert Link.objects.get(target=shop.connector).target_object_id == made["id"].rpartition("/")[2]


def test_several_products_that_match_are_named_and_none_is_linked(place):
    shop = place()
    for title in ("Mug one", "Mug two"):
        shop.vendor.control("products", title=title, skus=["ENM-GRN"])
    shop.route_in("product", match_by="sku")
    event = shop.bring(a_mug())
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "several_match")
    assert (
        "mug-one" in event.sentence and "mug-two" in event.sentence and not Link.objects.exists() and not writes(shop)
    )


def test_a_product_that_is_another_record_is_not_taken_over(place):
    shop = place()
    shop.route_in("product")
    shop.bring(a_mug())
    event = shop.bring(a_mug(id="ST-311"))
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "belongs_to_another") and "ST-310" in event.sentence


def test_a_sku_that_stands_twice_in_one_product_changes_nothing(place):
    shop = place()
    shop.vendor.control("products", title="Enamel mug", skus=["ENM-GRN", "ENM-X"])
    shop.vendor.control("merchant_product", product="enamel-mug",
                        variant={"sku": "ENM-X", "inventoryItem": {"sku": "ENM-GRN"}})  # fmt: skip
    shop.route_in("product")
    event = shop.bring(a_mug(variants=(variant("ENM-GRN", "green"),)))
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "sku_used_twice") and "2 variants" in event.sentence


def test_a_product_deleted_in_the_shop_is_made_anew_with_a_remark(place):
    shop = place()
    shop.route_in("product")
    shop.bring(a_mug())
    shop.vendor.control("merchant_product", product="enamel-mug", delete=True)
    event = shop.bring(a_mug(name="Mug again"))
    assert event.outcome == Outcome.SUCCEEDED and "deleted_in_shop" in notes(event), text(event)
    assert len(shop.products("enamel-mug")) == 1


# --- images, bad records --------------------------------------------------------------------------------------------


def test_an_image_that_is_refused_does_not_fail_the_product(place):
    shop = place()
    shop.route_in("product")
    event = shop.bring(a_mug(images=(ProductImage(url="ftp://images.example.com/a.png"),)))
    assert event.outcome == Outcome.SUCCEEDED and "not added" in notes(event)["images"]
    assert len(shop.products("enamel-mug")) == 1


def test_images_that_are_there_are_not_added_again(place):
    shop = place()
    shop.route_in("product", update_fields=["images", "title"])
    image = ProductImage(url="https://images.example.com/mug%20a.png", alt="green")
    empty = ProductImage(url="https://images.example.com/no-image.gif")
    shop.bring(a_mug(images=(image, empty)))
    shop.vendor.control("clock", advance=5)
    event = shop.bring(a_mug(name="Mug 2", images=(image, ProductImage(url="https://images.example.com/b.png"))))
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    assert len(shop.products("enamel-mug")[0]["media"]) == 2


def test_images_still_being_fetched_are_left_for_later(place):
    shop = place()
    shop.route_in("product", update_fields=["images", "title"])
    shop.bring(a_mug(images=(ProductImage(url="https://images.example.com/missing.png"),)))
    event = shop.bring(a_mug(name="Mug 2", images=(ProductImage(url="https://images.example.com/b.png"),)))
    assert event.outcome == Outcome.SUCCEEDED and "images_later" in notes(event)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": " "}, "no title"),
        ({"variants": ()}, "no variants"),
        ({"variants": (variant("A", "x"), variant("B", "X"))}, "same options"),
        ({"variants": (ProductVariant(sku="A"),)}, "does not say its Colour"),
        ({"variants": tuple(variant(f"A{n}", f"c{n}") for n in range(2_049)), "options": ()}, "Shopify holds 2,048"),
    ],
)
def test_a_record_shopify_could_not_hold_fails_before_any_call(place, changes, words):
    shop = place()
    shop.route_in("product")
    event = shop.bring(a_mug(**changes))
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.PAYLOAD) and words in event.sentence
    assert not writes(shop)


def test_html_in_a_title_arrives_as_it_is(place):
    shop = place()
    shop.route_in("product")
    title = "<b>Mug</b> & “cup”"
    shop.bring(a_mug(name=title))
    assert shop.products("enamel-mug")[0]["title"] == title
