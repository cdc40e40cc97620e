from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from connectors.generic_erp import bodies
from connectors.generic_erp.bodies import SellerReference, ShippingItem, Span, TaxLine

from .conftest import sample

NOW = datetime(2025, 8, 31, 23, 59, 59, 120, UTC)
SPAN = Span(start=date(2025, 3, 1), end=date(2025, 8, 31))
WHO = {"customer_code": "BRK-2210"}
ITEMS = [
    ShippingItem(sku="PAPER-A4-80", quantity=Decimal("5.0"), uom="BX", unit_price=Decimal("8.3")),
    ShippingItem(sku="TONER-77K", quantity=Decimal(1), uom="EA", unit_price=Decimal(189), total_price=Decimal("189")),
]
ADDRESS = {
    "address1": "14 Mill Lane",
    "address2": "Unit 3",
    "address3": " ",
    "city": "Portland",
    "state": "OR",
    "country": "us",
    "postal_code": "97205",
}


def same(body, name):
    """Equal, with the members in the documented order."""
    assert body == sample(f"{name}.request")
    assert list(body) == list(sample(f"{name}.request"))


def test_it_asks_for_orders():
    same(bodies.orders(**WHO, now=NOW, span=SPAN), "orders")


def test_it_asks_for_invoices():
    same(bodies.invoices(**WHO, now=NOW, span=SPAN), "invoices")


def test_it_asks_for_one_document_and_for_the_balance():
    same(bodies.order(**WHO, order_id="SO-0009914"), "order")
    same(bodies.invoice(**WHO, invoice_id="INV-44017"), "invoice")
    same(bodies.balance(**WHO), "balance")


def test_it_asks_for_taxes():
    lines = [TaxLine(sku="PAPER-A4-80", amount=Decimal("41.5")), TaxLine(sku="TONER-77K", amount=Decimal(189))]
    same(bodies.taxes(**WHO, postal_code="97205", lines=lines, currency="USD"), "taxes")


def test_it_asks_for_shipping_methods():
    body = bodies.shipping_methods(**WHO, **ADDRESS, items=ITEMS, currency="USD")
    same(body, "shipping_methods")
    assert list(body["items"][0]) == list(sample("shipping_methods.request")["items"][0])


def test_it_sends_every_amount_as_text_and_every_missing_line_as_null():
    body = bodies.shipping_methods(
        **WHO, address1=None, city=None, country=None, postal_code=None, items=ITEMS, currency="USD"
    )
    assert (body["address1"], body["city"], body["zip"]) == ("", "", "")
    assert (body["address2"], body["address3"], body["state"]) == (None, None, None)
    assert all(isinstance(value, str) for item in body["items"] for value in item.values())


def test_it_sends_the_documented_unit_where_none_is_known():
    items = [ShippingItem(sku="A", quantity=Decimal("2.50"), unit_price=Decimal("0.875"))]
    item = bodies.shipping_methods(**WHO, **ADDRESS, items=items, currency="USD")["items"][0]
    assert item == {"sku": "A", "quantity": "2.5", "uom": "1", "unit_price": "0.875", "total_price": "2.19"}


def test_it_sends_an_empty_postal_code_rather_than_none():
    body = bodies.taxes(**WHO, postal_code=None, lines=[TaxLine(sku="A", amount=Decimal(1))], currency="JPY")
    assert body["request"]["header"]["shiptopostcode"] == ""
    assert body["request"]["lines"][0]["line_amount"] == "1"


def test_it_refuses_an_empty_basket():
    with pytest.raises(ValueError):
        bodies.taxes(**WHO, postal_code="1", lines=[], currency="USD")
    with pytest.raises(ValueError):
        bodies.shipping_methods(**WHO, **ADDRESS, items=[], currency="USD")


@pytest.mark.parametrize("make", [bodies.orders, bodies.invoices])
def test_it_shows_the_last_six_months_unless_told_otherwise(make):
    body = make(**WHO, now=NOW)
    assert (body["date_from"], body["date_to"]) == ("2025-02-28T23:59:59Z", "2025-08-31T23:59:59Z")
    body = make(**WHO, now=NOW, span=Span(is_open=True))
    assert (body["date_from"], body["date_to"]) == (None, None)


def test_it_means_the_stores_days():
    zone = ZoneInfo("America/New_York")
    span = Span(start=date(2025, 3, 1), end=datetime(2025, 8, 31, 12, tzinfo=zone))
    body = bodies.orders(**WHO, now=NOW, zone=zone, span=span)
    assert (body["date_from"], body["date_to"]) == ("2025-03-01T05:00:00Z", "2025-08-31T16:00:00Z")


def test_it_sends_paging_as_text_within_the_contracts_limits():
    body = bodies.orders(**WHO, now=NOW, page=3, per_page=9000)
    assert (body["current_page"], body["per_page"]) == ("3", "500")


@pytest.mark.parametrize("wrong", [{"sort_by": "balance"}, {"sort_direction": "up"}])
def test_it_refuses_a_sort_the_contract_does_not_know(wrong):
    with pytest.raises(ValueError):
        bodies.orders(**WHO, now=NOW, **wrong)


def test_it_sends_the_seller_reference_only_where_it_is_used():
    assert "seller_reference" not in bodies.orders(**WHO, now=NOW)
    used = SellerReference(is_used=True, value="02")
    for body in (
        bodies.orders(**WHO, now=NOW, reference=used),
        bodies.invoices(**WHO, now=NOW, reference=used),
        bodies.order(**WHO, order_id="1", reference=used),
        bodies.invoice(**WHO, invoice_id="1", reference=used),
        bodies.balance(**WHO, reference=used),
    ):
        assert body["seller_reference"] == "02"
    assert bodies.balance(**WHO, reference=SellerReference(is_used=True)) == {**WHO, "seller_reference": None}


def test_it_keeps_leading_zeros_of_ids():
    assert bodies.order(customer_code="00042", order_id="0007")["order_id"] == "0007"
