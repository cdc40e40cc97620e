"""The sandbox's products, prices, customers and companies are as strict as the vendor's."""

from __future__ import annotations

import pytest

from connectors.exceptions import ConfigurationError, RemoteRefused
from connectors.shopify.calls import products as calls
from connectors.shopify.replies import UserErrors
from connectors.shopify.sandbox import OUTLET
from connectors.shopify.sandbox.product_payloads import product_payload

SIZES = [{"name": "Size", "values": [{"name": "S"}, {"name": "M"}]}]


def sized(*sizes, **more):
    variants = [{"optionValues": [{"optionName": "Size", "name": one}], "sku": f"SH-{one}"} for one in sizes]
    return {"title": "Shirt", "handle": "shirt", "productOptions": SIZES, "variants": variants, **more}


def codes(client, given, identifier=None):
    with pytest.raises(UserErrors) as caught:
        calls.set_product(client, identifier, given, at_once=True)
    return caught.value.codes


def test_variants_left_out_are_deleted_and_others_keep_their_ids(make_client, vendor):
    client, shop = make_client(), vendor.app.shops[OUTLET]
    made = calls.set_product(client, None, sized("S", "M"), at_once=True)["product"]
    kept = {one["sku"]: one["id"] for one in made["variants"]["nodes"]}
    again = calls.set_product(client, {"id": made["id"]}, sized("M"), at_once=True)["product"]
    assert [one["id"] for one in again["variants"]["nodes"]] == [kept["SH-M"]]
    assert kept["SH-S"] not in shop.table("ProductVariant") and shop.variant("SH-S") is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"title": " "}, "INVALID_PRODUCT"),
        ({"handle": "mug"}, "HANDLE_NOT_UNIQUE"),
        ({"productOptions": None}, "PRODUCT_OPTIONS_INPUT_MISSING"),
        ({"productOptions": [*SIZES, *SIZES]}, "DUPLICATED_OPTION_NAME"),
        ({"productOptions": [{"name": "Size", "values": []}]}, "OPTION_VALUES_MISSING"),
        ({"productOptions": [{"name": str(n), "values": [{"name": "a"}]} for n in range(4)]}, "OPTIONS_OVER_LIMIT"),
        ({"productOptions": [{"name": "Size", "values": [{"name": "M"}]}]}, "OPTION_VALUE_DOES_NOT_EXIST"),
    ],
)
def test_a_wrong_product_is_refused_with_the_vendors_code(make_client, change, code):
    given = {name: value for name, value in {**sized("S"), **change}.items() if value is not None}
    assert codes(make_client(), given) == {code}


def test_the_same_options_twice_and_a_negative_price_are_refused(make_client):
    client = make_client()
    assert codes(client, sized("S", "S")) == {"INVALID_VARIANT"}
    given = sized("S")
    given["variants"][0]["price"] = "-1"
    assert codes(client, given) == {"INVALID_VARIANT"}


def test_a_custom_id_needs_its_definition_and_its_metafield(make_client):
    client = make_client()
    custom = {"namespace": "$app:erp", "key": "style_id", "value": "1"}
    with pytest.raises(RemoteRefused) as caught:
        calls.find_product(client, {"customId": custom})
    assert caught.value.code == "NOT_FOUND"
    definition = {"name": "Id", "namespace": "$app:erp", "key": "style_id", "type": "id", "ownerType": "PRODUCT"}
    client.change("HubMetafieldDefinition", {"definition": definition})
    with pytest.raises(UserErrors) as again:
        client.change("HubMetafieldDefinition", {"definition": definition})
    assert again.value.codes == {"TAKEN"}
    assert calls.find_product(client, {"customId": custom}) is None
    assert codes(client, sized("S"), {"customId": custom}) == {"MISSING_FIELD_REQUIRED"}
    calls.set_product(client, {"customId": custom}, sized("S", metafields=[{**custom, "type": "id"}]), at_once=True)
    assert calls.find_product(client, {"customId": custom})["handle"] == "shirt"


def test_a_product_in_the_background_is_created_active_complete(make_client, vendor):
    client = make_client()
    payload = calls.set_product(client, {"handle": "shirt"}, sized("S", "M"), at_once=False)
    gid = payload["productSetOperation"]["id"]
    assert payload["product"] is None and payload["productSetOperation"]["status"] == "CREATED"
    vendor.control("clock", advance=1.5)
    assert calls.get_operation(client, gid)["status"] == "ACTIVE"
    assert calls.find_product(client, {"handle": "shirt"}) is None
    vendor.control("clock", advance=3)
    assert calls.get_operation(client, gid)["status"] == "COMPLETE"
    assert calls.find_product(client, {"handle": "shirt"})["status"] == "ACTIVE"


def test_a_list_of_more_than_250_is_refused_except_for_productset(make_client, vendor):
    client = make_client()
    made = vendor.control("products", title="Bolt", variants=251)
    product = calls.get_product(client, made["id"])
    rows = [{"id": one["id"], "price": "1"} for one in product["variants"]["nodes"]]
    with pytest.raises(RemoteRefused) as caught:
        calls.update_variants(client, made["id"], rows)
    assert caught.value.code == "MAX_INPUT_SIZE_EXCEEDED"


def test_without_partial_one_bad_variant_rejects_all(make_client, vendor):
    client, shop = make_client(), vendor.app.shops[OUTLET]
    made = vendor.control("products", title="Bolt", skus=["B-1", "B-2"], price="3")
    ids = [shop.variant(sku)["id"] for sku in ("B-1", "B-2")]
    rows = [{"id": ids[0], "price": "4"}, {"id": ids[1], "price": "-4"}]
    for partial, price in ((False, "3.00"), (True, "4.00")):
        with pytest.raises(UserErrors) as caught:
            client.change("HubVariantsUpdate", {"productId": made["id"], "variants": rows, "partial": partial})
        assert caught.value.errors[0]["field"] == ["variants", "1", "price"]
        assert caught.value.codes == {"NEGATIVE_PRICE_VALUE"} and shop.variant("B-1")["price"] == price


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"price": "1"}, "PRODUCT_VARIANT_ID_MISSING"),
        ({"id": "gid://shopify/ProductVariant/1"}, "PRODUCT_VARIANT_DOES_NOT_EXIST"),
        ({"id": "gid://shopify/ProductVariant/4200001", "price": "1"}, "MUST_BE_FOR_THIS_PRODUCT"),
    ],
)
def test_a_wrong_variant_is_refused_with_the_vendors_code(make_client, vendor, row, code):
    made = vendor.control("products", title="Bolt", skus=["B-1"])
    with pytest.raises(UserErrors) as caught:
        calls.update_variants(make_client(), made["id"], [row])
    assert caught.value.codes == {code}


def test_the_search_is_an_index_without_case_that_lags_behind(make_client, vendor):
    client = make_client()
    vendor.control("products", title="Bolt", skus=["abc-1", "ABC-1"])
    assert {one["sku"] for one in calls.variants_by_sku(client, ["ABC-1"])} == {"ABC-1"}
    found = client.execute("HubVariantsBySku", {"filter": "sku:'Abc-1'", "after": None})
    assert {one["sku"] for one in found["productVariants"]["nodes"]} == {"abc-1", "ABC-1"}
    calls.set_product(client, None, sized("S"), at_once=True)
    assert not list(calls.variants_by_sku(client, ["SH-S"]))
    vendor.control("clock", advance=5)
    assert list(calls.variants_by_sku(client, ["SH-S"]))


def test_a_delivery_holds_at_most_a_hundred_full_variants(vendor):
    shop = vendor.app.shops[OUTLET]
    made = vendor.control("products", title="Bolt", variants=130)
    payload = product_payload(shop, shop.table("Product")[made["id"]])
    assert len(payload["variants"]) == 100 and len(payload["variant_gids"]) == 130


def test_writing_needs_its_scope(make_client, vendor):
    shop = vendor.app.shops[OUTLET]
    vendor.control("scopes", scopes=[one for one in shop.scopes if one != "write_products"])
    with pytest.raises(ConfigurationError, match="write_products"):
        calls.set_product(make_client(), None, sized("S"), at_once=True)


def test_outside_plus_three_catalogues_and_none_for_locations(make_client, vendor):
    client, shop = make_client(), vendor.app.shops[OUTLET]
    given = {"title": "A", "status": "ACTIVE", "context": {"companyLocationIds": ["gid://shopify/CompanyLocation/1"]}}
    with pytest.raises(UserErrors) as caught:
        client.change("HubCatalogCreate", {"input": given})
    assert caught.value.codes == {"UNPERMITTED_ENTITLEMENTS_DIRECT_CATALOG_ASSIGNMENT"}
    for number in range(3):
        shop.table("Catalog")[str(number)] = {"status": "ACTIVE", "locations": []}
    with pytest.raises(UserErrors) as caught:
        client.change("HubCatalogCreate", {"input": given})
    assert caught.value.codes == {"B2B_CATALOG_LIMIT_REACHED"}
    vendor.control("plan", plan="Plus")
    with pytest.raises(UserErrors) as caught:
        client.change("HubCatalogCreate", {"input": given})
    assert caught.value.codes == {"COMPANY_LOCATION_NOT_FOUND"}


def test_a_price_list_name_is_taken_once_and_its_currency_is_kept(make_client, vendor):
    from connectors.shopify.calls import prices

    client, shop = make_client(), vendor.app.shops[OUTLET]
    gid = prices.create_list(client, "ERP A EUR", "EUR")
    with pytest.raises(UserErrors) as caught:
        prices.create_list(client, "ERP A EUR", "EUR")
    assert caught.value.codes == {"TAKEN"}
    mug = shop.variant("MUG-BLU-350")["id"]
    wrong = {"variantId": mug, "price": {"amount": "1", "currencyCode": "USD"}}
    with pytest.raises(UserErrors) as caught:
        prices.change_prices(client, gid, [wrong], [])
    assert caught.value.codes == {"PRICE_LIST_CURRENCY_MISMATCH"}
    with pytest.raises(UserErrors) as caught:
        prices.change_prices(client, gid, [], [mug])
    assert caught.value.codes == {"PRICE_NOT_FIXED"}
    with pytest.raises(UserErrors) as caught:
        prices.change_volume_prices(client, gid, [{**wrong, "minimumQuantity": 5}])
    assert caught.value.codes == {"QUANTITY_PRICE_BREAK_ADD_PRICE_LIST_PRICE_NOT_FOUND"}
