"""From order record to request body."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.exceptions import ConfigurationError, PayloadError
from connectors.records import Address, Company, Customer, Order, ShippingLine
from connectors.xoro.customers import company_body, customer_body
from connectors.xoro.options import OrderOptions
from connectors.xoro.salesorders import sales_order
from connectors.xoro.sandbox import fields as sandbox_fields
from tests.connectors.xoro.cast import body_of, make_line, make_order, make_payment, make_settings, make_tax


def header_of(order: Order, options: OrderOptions | None = None, **settings: Any) -> dict[str, Any]:
    body = body_of(order, make_settings(**settings), options)
    header: dict[str, Any] = body["SoEstimateHeader"]
    return header


def lines_of(order: Order, **settings: Any) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = sales_order(order, make_settings(**settings), OrderOptions())["SoEstimateItemLineArr"]
    return lines


def test_references_identify_shop_and_order() -> None:
    header = header_of(make_order())
    assert header["ThirdPartySource"] == "https://lumen-goods.example-Demo"
    assert header["ThirdPartyRefNo"] == "6120045512001"
    assert (header["RefNo"], header["ThirdPartyRefName"], header["CustomerPO"]) == ("2041", "#2041", "PO-77")
    assert header["ThirdPartyDisplayName"] == "lumen"


def test_the_route_may_name_the_origin_and_the_stores() -> None:
    options = OrderOptions(display_name="Lumen Goods", sale_store="WEB STORE", ship_store="Main Store")
    header = header_of(make_order(), options)
    assert header["ThirdPartyDisplayName"] == "Lumen Goods"
    assert (header["SaleStoreName"], header["StoreName"]) == ("WEB STORE", "Main Store")


def test_an_individual_customer_is_named_and_identified() -> None:
    header = header_of(make_order())
    assert header["CustomerName"] == "Ada Brook"
    assert (header["CustomerEmailMain"], header["CustomerMainPhone"]) == ("ada@example.com", "+15550100")
    assert (header["ThirdPartyCustomerId"], header["ThirdPartyCompanyId"]) == ("7710042001", "330045")
    assert header["BillToCompanyName"] == "Brook LLC"


def test_a_single_customer_takes_all_orders_and_keeps_its_own_data() -> None:
    header = header_of(make_order(), customer_mode="single", customer_name="Web shop")
    assert header["CustomerName"] == "Web shop"
    assert not [name for name in header if name.startswith("Customer") and name not in ("CustomerName", "CustomerPO")]
    assert header["ThirdPartyCustomerId"] == "7710042001"
    assert header["ShipToFirstName"] == "Ada"


def test_ids_stay_home_where_the_sync_is_off() -> None:
    header = header_of(make_order(), sync_third_party_customer_company=False)
    assert not {"ThirdPartyCustomerId", "ThirdPartyCompanyId", "CustomerTags"} & set(header)


def test_a_consumer_order_has_no_company() -> None:
    assert "ThirdPartyCompanyId" not in header_of(make_order(company=None))


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"customer": Customer(id="1", name="A. Brook")}, "A. Brook"),
        ({"customer": None}, "Ada Brook"),
        ({"customer": None, "billing_address": None, "shipping_address": Address(name="B. Box")}, "B. Box"),
        ({"customer": None, "billing_address": None, "shipping_address": None}, "ada@example.com"),
    ],
)
def test_a_guest_is_named_by_what_there_is(changes: dict[str, Any], name: str) -> None:
    assert header_of(make_order(**changes))["CustomerName"] == name


def test_a_nobody_is_refused() -> None:
    order = make_order(customer=None, billing_address=None, shipping_address=None, email="")
    with pytest.raises(PayloadError, match="names no customer"):
        header_of(replace(order, company=None))


def test_a_company_without_a_customer_buys_in_its_own_name() -> None:
    order = make_order(customer=None, billing_address=None, shipping_address=None, email="")
    header = header_of(order)
    assert header["CustomerName"] == "Brook LLC"
    assert header["ThirdPartyCompanyId"] == "330045"
    assert "ThirdPartyCustomerId" not in header


def test_addresses_use_codes_and_the_orders_own_member_names() -> None:
    header = header_of(make_order())
    shown = {name: header[f"ShipTo{name}"] for name in ("Addr", "City", "State", "Country", "ZpCode", "PhoneNumber")}
    assert shown == {
        "Addr": "12 Alder Way",
        "City": "Salem",
        "State": "OR",
        "Country": "US",
        "ZpCode": "97301",
        "PhoneNumber": "+15550100",
    }
    assert header["BillToLastName"] == "Brook"


def test_dates_are_those_of_the_tenants_zone() -> None:
    order = make_order(processed_at=datetime(2026, 3, 8, 2, 30, tzinfo=UTC))
    header = header_of(order, api_time_zone="America/Vancouver", days_to_ship=2)
    assert (header["OrderDate"], header["DateToBeShipped"]) == ("03/07/2026", "03/09/2026")
    assert lines_of(order)[0]["DateToBeShipped"] == "03/09/2026"  # UTC: a day later, plus one


def test_a_line_carries_price_quantity_and_tax_rate() -> None:
    assert lines_of(make_order(), project_class="Web")[0] == {
        "ItemNumber": "LMP-OAK-S",
        "ItemIdentifierCode": 1,
        "Description": "Oak lamp S",
        "UnitPrice": 55,
        "Qty": 1,
        "Discount": 0,
        "DiscountTypeName": "percentage",
        "DateToBeShipped": "03/08/2026",
        "ThirdPartyRefNo2": "1440099100771",
        "ProjectClassName": "Web",
        "TaxItems": [{"Name": "State Tax", "Rate": 6, "RateType": "percentage"}],
    }


def discounted() -> Order:
    line = make_line(quantity=Decimal(3), unit_price=Decimal("19.99"), discount=Decimal("10.00"), taxes=())
    return make_order(lines=(line,), total_tax=Decimal(0), total=Decimal("59.47"))


def test_a_discount_is_sent_as_percentage_that_comes_out_to_the_cent() -> None:
    line = lines_of(discounted())[0]
    assert line["Discount"] == 16.675004
    assert round(3 * 19.99 * (1 - line["Discount"] / 100), 2) == 49.97


def test_a_discount_may_be_sent_as_amount() -> None:
    line = lines_of(discounted(), discount_type="amount")[0]
    assert (line["Discount"], line["DiscountTypeName"]) == (10, "amount")


def test_a_free_line_divides_by_nothing() -> None:
    free = make_line(unit_price=Decimal(0), taxes=())
    order = make_order(lines=(free,), total=Decimal("9.50"), total_tax=Decimal(0))
    assert (lines_of(order)[0]["UnitPrice"], lines_of(order)[0]["Discount"]) == (0, 0)


def test_prices_that_include_tax_are_sent_without_it() -> None:
    line = make_line(quantity=Decimal(2), unit_price=Decimal("53.00"), taxes=(make_tax("6.00"),))
    shipping = ShippingLine(id="1", price=Decimal("10.60"), taxes=(make_tax("0.60"),))
    order = make_order(
        lines=(line,),
        shipping_lines=(shipping,),
        prices_include_tax=True,
        total_tax=Decimal("6.60"),
        total=Decimal("116.60"),
    )
    assert lines_of(order)[0]["UnitPrice"] == 50
    header = header_of(order)
    assert header["ShippingCost"] == 10
    assert header["ShippingTaxItems"] == [{"Name": "State Tax", "Rate": 6, "RateType": "percentage"}]


@pytest.mark.parametrize(("discount_type", "discount"), [("percentage", 50), ("amount", 50)])
def test_a_discount_on_prices_that_include_tax_leaves_the_total_as_it_is(discount_type: str, discount: int) -> None:
    line = make_line(
        quantity=Decimal(2), unit_price=Decimal("53.00"), discount=Decimal("53.00"), taxes=(make_tax("3.00"),)
    )
    order = make_order(
        lines=(line,),
        shipping_lines=(),
        prices_include_tax=True,
        total_tax=Decimal("3.00"),
        total=Decimal("53.00"),
    )
    sent = lines_of(order, discount_type=discount_type)[0]
    assert (sent["UnitPrice"], sent["Discount"]) == (50, discount)


def test_taxes_that_came_to_nothing_are_not_sent() -> None:
    line = make_line(taxes=(make_tax("0"),))
    order = make_order(lines=(line,), total_tax=Decimal(0), total=Decimal("64.50"))
    assert "TaxItems" not in lines_of(order)[0]


def test_shipping_is_the_sum_of_its_lines_after_discount() -> None:
    lines = (
        ShippingLine(id="1", price=Decimal("9.50"), discount=Decimal("2.00")),
        ShippingLine(id="2", price=Decimal("1.50")),
    )
    header = header_of(make_order(shipping_lines=lines, total=Decimal("67.30")))
    assert header["ShippingCost"] == 9
    assert header["ExpenseShippingAccntName"] == "Shipping Expense"


def test_the_service_follows_the_country() -> None:
    services = {"service_by_country": {"CA": "Canada Post"}, "ship_service": "UPS Ground", "carrier": "UPS"}
    canada = make_order(shipping_address=replace(make_order().shipping_address, country_code="CA"))  # type: ignore[type-var]
    assert header_of(canada, **services)["ShipServiceName"] == "Canada Post"
    assert header_of(make_order(), **services)["ShipServiceName"] == "UPS Ground"
    assert header_of(make_order(shipping_address=None), **services)["CarrierName"] == "UPS"


@pytest.mark.parametrize(
    ("setting", "member"),
    [
        ("sales_rep", "SalesRepId"), ("order_type", "OrderTypeName"), ("payment_terms", "PaymentTermsName"),
        ("ship_location", "DefaultLocationName"), ("shipping_terms", "ShippingTermsName"), ("carrier", "CarrierName"),
        ("ship_service", "ShipServiceName"),
    ],
)  # fmt: skip
def test_what_a_setting_names_is_in_the_header_and_nothing_where_it_is_empty(setting: str, member: str) -> None:
    assert header_of(make_order(), **{setting: "Chosen"})[member] == "Chosen"
    assert member not in header_of(make_order(), **{setting: ""})


def test_tip_duties_and_fees_become_lines() -> None:
    order = make_order(tip=Decimal("5.00"), duties=Decimal("4.20"), fees=Decimal("0.10"), total=Decimal("77.10"))
    extra = [(line["ItemNumber"], line["UnitPrice"], line["Qty"]) for line in lines_of(order)[1:]]
    assert extra == [("HUB-TIP", 5, 1), ("HUB-DUTY", 4.2, 1), ("HUB-FEE", 0.1, 1)]


@pytest.mark.parametrize(
    ("member", "setting", "named"),
    [("duties", "duty_sku", "the duty SKU"), ("fees", "fee_sku", "the fee SKU")],
)
def test_an_amount_without_sku_fails_and_names_the_setting(member: str, setting: str, named: str) -> None:
    order = make_order(**{member: Decimal("1.00")}, total=Decimal("68.80"))
    with pytest.raises(ConfigurationError) as failure:
        lines_of(order, **{setting: ""})
    assert named in failure.value.next_step


def test_a_line_without_sku_takes_the_default_one() -> None:
    order = make_order(lines=(make_line(sku=""),))
    assert lines_of(order, default_sku="HUB-DEFAULT")[0]["ItemNumber"] == "HUB-DEFAULT"
    with pytest.raises(PayloadError, match=r"Line 1 .*Oak lamp S.* has no SKU") as failure:
        lines_of(order)
    assert failure.value.path == "lines[0].sku"


def test_lines_of_quantity_zero_are_left_out_but_not_all_lines() -> None:
    gone = make_line(id="2", quantity=Decimal(0), taxes=())
    assert len(lines_of(make_order(lines=(make_line(), gone)))) == 1
    with pytest.raises(PayloadError, match="no lines"):
        lines_of(make_order(lines=(gone,), total=Decimal("12.80")))


def test_what_was_paid_becomes_a_deposit() -> None:
    header = header_of(make_order())
    assert (header["DepositAmount"], header["DepositAccountName"]) == (67.8, "Undeposited Funds")
    assert header["LiabilityAccountName"] == "Customer Deposits"
    assert "PaymentMethodName" not in header


@pytest.mark.parametrize(
    "payments",
    [
        (),
        (make_payment("67.80", status="pending"),),
        (make_payment("67.80", kind="authorization"),),
        (make_payment("67.80", is_test=True),),
        (make_payment("67.80", gateway="gift_card"),),
        (make_payment("67.80"), make_payment("67.80", kind="refund")),
    ],
)
def test_no_money_makes_no_deposit(payments: tuple[Any, ...]) -> None:
    assert not [name for name in header_of(make_order(payments=payments)) if name.startswith("Deposit")]


def test_change_given_back_is_not_held() -> None:
    payments = (make_payment("70.00"), make_payment("2.20", kind="change"))
    assert header_of(make_order(payments=payments))["DepositAmount"] == 67.8


def test_payments_are_left_out_where_they_are_handled_elsewhere() -> None:
    assert "DepositAmount" not in header_of(make_order(), record_payments=False)


def test_a_gateway_may_have_its_own_account_and_method() -> None:
    rows = [{"gateway": "other", "account": "X"}, {"gateway": "card", "account": "PayPal", "method": "Card"}]
    header = header_of(make_order(), gateway_map=rows)
    assert (header["DepositAccountName"], header["PaymentMethodName"]) == ("PayPal", "Card")


def test_the_deposit_goes_to_the_payment_account_and_takes_the_whole_total_where_so_set() -> None:
    header = header_of(make_order(), payment_account="Bank Checking", deposit_flag="Y")
    assert (header["DepositAccountName"], header["AutoDepositTotalAmount"]) == ("Bank Checking", "Y")
    assert header_of(make_order())["AutoDepositTotalAmount"] == "N"


def test_the_wave_code_is_sent_only_where_it_is_known_and_wanted() -> None:
    codes = {"wave_codes": {"Full Order(s) Only": 3}}
    assert header_of(make_order(), auto_wave=True, **codes)["WaveAllocationCode"] == 3
    assert "WaveAllocationCode" not in header_of(make_order(), auto_wave=True)
    assert "WaveAllocationCode" not in header_of(make_order(), **codes)


def test_the_exchange_rate_is_sent_only_for_the_currency_of_the_books() -> None:
    assert header_of(make_order(), default_currency="USD")["ExchangeRate"] == 1
    assert "ExchangeRate" not in header_of(make_order(), default_currency="CAD")


def test_an_order_that_does_not_add_up_names_its_parts() -> None:
    with pytest.raises(PayloadError) as failure:
        header_of(make_order(total=Decimal("70.00")))
    assert failure.value.sentence == (
        "Order #2041 does not add up: lines 55.00, shipping 9.50, tax 3.30 make 67.80 USD, but its total is 70.00 USD."
    )


def test_nothing_empty_and_nothing_unknown_is_sent() -> None:
    body = sales_order(make_order(), make_settings(), OrderOptions())
    header = body["SoEstimateHeader"]
    assert not [name for name, value in header.items() if value in (None, "", [])]
    assert set(header) <= sandbox_fields.ORDER_HEADER
    for line in body["SoEstimateItemLineArr"]:
        assert set(line) <= sandbox_fields.ORDER_LINE
    assert json.loads(json.dumps(body)) == body  # plain JSON types only


def test_a_customer_is_written_with_the_member_names_of_customers() -> None:
    order = make_order()
    assert order.customer is not None
    body = customer_body(order, order.customer, make_settings(), "S")
    assert (body["ThirdPartyRefNo"], body["ThirdPartySource"], body["EmailMain"]) == (
        "7710042001",
        "S",
        "ada@example.com",
    )
    assert body["ShipToAddrList"][0]["PostalZipCode"] == "97301"
    assert set(body) <= sandbox_fields.CUSTOMER
    assert set(body["ShipToAddrList"][0]) <= sandbox_fields.CUSTOMER_ADDRESS


def test_a_company_without_external_id_is_known_by_its_own() -> None:
    body = company_body(make_order(), Company(id="330045", name="Brook LLC"), make_settings(), "S")
    assert (body["ThirdPartyRefNo"], body["CompanyName"]) == ("330045", "Brook LLC")


def test_wishes_about_waves_go_under_the_names_of_the_tenant() -> None:
    names = {"merge_waves": "CustomFieldH1", "dropship_po": "CustomFieldH2"}
    wishes = {"auto_wave": True, "merge_waves": True, "dropship_po": True, "wave_names": names}
    short = header_of(make_order(), wave_method="Allocate What's Available", **wishes)
    assert (short["CustomFieldH1"], short["CustomFieldH2"]) == (True, True)
    full = header_of(make_order(), **wishes)
    assert full["CustomFieldH1"] is True
    assert "CustomFieldH2" not in full  # a wave of full orders is never short
    assert "CustomFieldH1" not in header_of(make_order(), **(wishes | {"auto_wave": False}))
