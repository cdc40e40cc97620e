"""From Shopify's order to the record: amounts that add up, units that are left, both currencies, business buyers."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from typing import Any

import pytest

from connectors.exceptions import PayloadError
from connectors.records import Order
from connectors.shopify.sandbox.orders import Shop
from connectors.shopify.sandbox.shops import LUMEN, OUTLET, change_order, open_shops, place_order
from connectors.shopify.translation import order_record

NOW = 1_795_000_000.0
VAT = {"title": "DE VAT", "rate": "0.19"}


@pytest.fixture
def shops() -> dict[str, Shop]:
    return open_shops(NOW)


def as_answered(order: dict[str, Any]) -> dict[str, Any]:
    """The order as the two documents give it, with JSON's fractions as Decimal."""
    answered = json.loads(json.dumps(order), parse_float=Decimal)
    for name in ("lineItems", "shippingLines", "discountApplications", "metafields"):
        answered[name] = {"nodes": answered[name]}
    for line in answered["lineItems"]["nodes"]:
        if line["variant"]:
            line["variant"]["inventoryItem"] = {"id": line["variant"]["inventoryItem"]}
    if answered["paymentTerms"]:
        schedules = answered["paymentTerms"]["paymentSchedules"]
        answered["paymentTerms"]["paymentSchedules"] = {"nodes": schedules}
    return answered


def translate(order: dict[str, Any], **options: Any) -> Order:
    answered = as_answered(order)
    money = {"updatedAt": answered["updatedAt"], "transactions": answered.pop("transactions")}
    return order_record(answered, money, shop_domain=OUTLET, **options)


def parts(order: Order) -> Decimal:
    """What the record's own members come to."""
    goods = sum(line.net for line in order.lines)
    shipping = sum(line.price - line.discount for line in order.shipping_lines)
    tax = Decimal(0) if order.prices_include_tax else order.total_tax
    return goods + shipping + order.tip + order.duties + order.fees + tax


def test_an_order_with_discount_and_included_tax(shops):
    order = translate(shops[OUTLET].find("#EX-2041"))
    (line,) = order.lines
    assert (order.id, order.number, order.name, order.source) == ("5512300777001", "2041", "#EX-2041", OUTLET)
    assert (line.sku, line.quantity, line.unit_price, line.discount) == (
        "MUG-BLU-350",
        2,
        Decimal("26.30"),
        Decimal("5.00"),
    )
    assert line.net == Decimal("47.60")
    assert line.taxes[0].rate == Decimal("0.19") and line.taxes[0].amount == Decimal("7.60")
    assert line.attributes == (("engraving", "M"),)
    assert (order.total, order.subtotal, order.total_discount) == (Decimal("52.55"), Decimal("47.60"), Decimal("5.00"))
    assert order.prices_include_tax and parts(order) == order.total
    assert order.shipping_lines[0].code == "HUB_EXPRESS"
    assert (order.currency, order.financial_status, order.fulfillment_status) == ("EUR", "paid", "unfulfilled")
    assert (order.customer.name, order.email, order.risk) == ("Mira Vogt", "mira@example.org", "low")
    assert order.shipping_address.postal_code == "24103" and order.shipping_address.country_code == "DE"
    assert [(one.kind, one.status, one.amount) for one in order.payments] == [("sale", "success", Decimal("52.55"))]
    assert order.created_at.tzinfo is not None and order.cancelled_at is None


def test_tax_is_added_where_prices_do_not_include_it(shops):
    order = translate(shops[LUMEN].find("#2205"))
    assert not order.prices_include_tax and order.total_tax == Decimal("11.38")
    assert order.total == Decimal("149.38") == parts(order)


def test_a_business_order_carries_company_location_and_terms(shops):
    order = translate(shops[LUMEN].find("#2207"))
    assert (order.company.id, order.company.name, order.company.external_id) == (
        "330045",
        "Northlight Offices",
        "NLO-045",
    )
    assert (order.company.location_id, order.company.location_name) == ("440045", "Spokane")
    assert order.company.contact_id
    assert (order.customer.id, order.po_number, order.payment_terms) == ("7710042001", "PO-8815", "Net 30")
    assert {("company_id", "330045"), ("customer_id", "7710042001"), ("order_name", "#2207")} <= set(
        order.search_keys()
    )


def test_a_line_discount_and_a_share_of_the_orders_discount_are_summed(shops):
    wish = {
        "lines": [{"sku": "LMP-OAK-S", "discount": "4.00"}, {"sku": "PAPER-A4-80", "quantity": 3}],
        "discount": {"code": "TEN", "amount": "10.00"},
        "tax": VAT,
    }
    order = translate(place_order(shops[OUTLET], wish, NOW))
    assert sum(line.discount for line in order.lines) == Decimal("14.00") == order.total_discount
    assert order.lines[0].discount > Decimal("4.00")
    assert parts(order) == order.total


def test_a_guest_order_has_no_customer(shops):
    order = translate(shops[OUTLET].find("#EX-2043"))
    assert order.customer is None and order.company is None
    assert [(one.gateway, one.status) for one in order.payments] == [("manual", "pending")]


def test_a_gift_card_is_sold_without_tax_or_shipping_and_pays_as_a_gateway(shops):
    wish = {
        "lines": [{"sku": "GIFT", "price": "50.00", "gift_card": True}, {"sku": "MUG-RED-350"}],
        "tax": VAT,
        "gift_card_payment": "20.00",
    }
    order = translate(place_order(shops[OUTLET], wish, NOW))
    gift, mug = order.lines
    assert gift.is_gift_card and not gift.is_taxable and not gift.requires_shipping and gift.taxes == ()
    assert not mug.is_gift_card and mug.taxes
    assert [(one.gateway, one.amount) for one in order.payments] == [
        ("gift_card", Decimal("20.00")),
        ("shopify_payments", Decimal("56.30")),
    ]


def test_an_edited_order_counts_only_the_units_that_are_left(shops):
    placed = place_order(
        shops[OUTLET],
        {
            "lines": [{"sku": "MUG-BLU-350", "quantity": 3}, {"sku": "TONER-77K"}],
            "discount": {"code": "X", "amount": "10.00"},
            "tax": VAT,
        },
        NOW,
    )
    before = translate(placed)
    after = translate(change_order(placed, {"remove": {"MUG-BLU-350": 1, "TONER-77K": 1}}, NOW + 5))
    assert [line.quantity for line in before.lines] == [3, 1]
    assert [(line.sku, line.quantity) for line in after.lines] == [("MUG-BLU-350", 2)]
    whole = before.lines[0].discount
    assert after.lines[0].discount == (whole * 2 / 3).quantize(Decimal("0.01"))
    assert after.total == parts(after) < before.total
    assert abs(after.total - Decimal(placed["currentTotalPriceSet"]["shopMoney"]["amount"])) <= Decimal("0.01")
    assert after.total_tax < before.total_tax and after.fingerprint() != before.fingerprint()


def test_a_cancelled_order_keeps_the_lines_it_had(shops):
    placed = shops[OUTLET].find("#EX-2041")
    order = translate(change_order(placed, {"remove": {"MUG-BLU-350": 2}, "cancel": True}, NOW))
    assert order.cancelled_at is not None
    assert order.lines[0].quantity == 2 and order.total == Decimal("52.55")


def test_an_order_of_which_nothing_is_left_has_no_lines(shops):
    placed = change_order(shops[OUTLET].find("#EX-2041"), {"remove": {"MUG-BLU-350": 2}}, NOW)
    assert translate(placed).lines == ()


def test_the_buyers_currency_is_used_where_it_is_asked_for(shops):
    placed = place_order(
        shops[OUTLET],
        {
            "lines": [{"sku": "LMP-OAK-L", "quantity": 2}],
            "tax": VAT,
            "shipping": {"price": "4.95"},
            "presentment": {"currency": "USD", "rate": "1.0837"},
        },
        NOW,
    )
    ours, theirs = translate(placed), translate(placed, presentment=True)
    assert (ours.currency, ours.lines[0].unit_price, ours.total) == ("EUR", Decimal("129.00"), Decimal("262.95"))
    assert (theirs.currency, theirs.lines[0].unit_price) == ("USD", Decimal("139.80"))
    assert parts(theirs) == theirs.total and theirs.payments[0].amount == theirs.total


def test_duties_and_tip_count(shops):
    order = translate(place_order(shops[OUTLET], {"tip": "3.00", "duties": "7.50", "tax": VAT}, NOW))
    assert (order.tip, order.duties) == (Decimal("3.00"), Decimal("7.50")) and parts(order) == order.total


def test_a_tip_that_is_a_line_too_is_not_counted_twice(shops):
    placed = place_order(shops[OUTLET], {"lines": [{"sku": "MUG-RED-350"}, {"sku": "TIP", "price": "3.00"}]}, NOW)
    placed["totalTipReceivedSet"]["shopMoney"]["amount"] = "3.00"
    order = translate(placed)
    assert order.tip == 0 and order.total == Decimal("29.30") == parts(order)


def test_a_removed_shipping_line_is_left_out(shops):
    placed = copy.deepcopy(shops[OUTLET].find("#EX-2041"))
    extra = copy.deepcopy(placed["shippingLines"][0])
    placed["shippingLines"].append({**extra, "isRemoved": True})
    assert len(translate(placed).shipping_lines) == 1


def test_amounts_that_do_not_add_up_stop_the_order(shops):
    placed = copy.deepcopy(shops[OUTLET].find("#EX-2041"))
    placed["totalPriceSet"]["shopMoney"]["amount"] = "52.54"
    with pytest.raises(PayloadError) as caught:
        translate(placed)
    assert caught.value.code == "check_sum" and caught.value.path == "order.totalPriceSet"
    assert "#EX-2041" in caught.value.sentence
    assert "52.55 EUR" in caught.value.sentence and "52.54 EUR" in caught.value.sentence


def test_a_missing_member_is_named(shops):
    placed = copy.deepcopy(shops[OUTLET].find("#EX-2041"))
    del placed["lineItems"][0]["taxLines"]
    with pytest.raises(PayloadError, match="taxLines"):
        translate(placed)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [([], ""), (["NONE"], ""), (["LOW", "HIGH"], "high"), (["HIGH", "PENDING"], "pending"), (["MEDIUM"], "medium")],
)
def test_risk_is_the_highest_level_and_pending_while_one_is_missing(shops, levels, expected):
    placed = copy.deepcopy(shops[OUTLET].find("#EX-2041"))
    placed["risk"]["assessments"] = [{"riskLevel": level, "facts": []} for level in levels]
    assert translate(placed).risk == expected


def test_a_suggested_refund_is_no_payment_and_an_unknown_state_is_no_money(shops):
    placed = copy.deepcopy(shops[OUTLET].find("#EX-2041"))
    (sale,) = placed["transactions"]
    placed["transactions"] = [{**sale, "kind": "SUGGESTED_REFUND"}, {**sale, "status": "UNKNOWN"}]
    assert [one.status for one in translate(placed).payments] == ["pending"]


def test_the_record_survives_its_own_json(shops):
    order = translate(shops[LUMEN].find("#2207"))
    again = Order.from_json(order.to_json())
    assert again == order and again.fingerprint() == order.fingerprint()
    assert again.raw["confirmationNumber"] == order.raw["confirmationNumber"]
