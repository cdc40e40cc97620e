"""Refunds become credit memos: each once, against the right invoice, with the right goods, stock and money."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors import syncing
from connectors.directory import Known, put
from connectors.models import DirectoryEntry, Link
from connectors.records import RefundAdjustment, RefundPayment, RefundShipping
from connectors.xoro import crediting
from events import outcomes
from events.drain import Drainer
from events.models import Event
from tests.connectors.xoro.cast import make_line, make_order, make_payment, make_tax
from tests.connectors.xoro.credit_cast import (
    IMPORT,
    SEARCH,
    SKU,
    STORE,
    Books,
    make_refund,
    make_refund_line,
)
from tests.connectors.xoro.test_parts import two_places

pytestmark = pytest.mark.django_db(transaction=True)


def note(event: Event, code: str) -> str:
    return next((one["text"] for one in event.notes if one["code"] == code), "")


def two_lamps(books: Books, **more: Any) -> None:
    """Two lamps sold: 110.00 + 6.60 tax + 9.50 shipping."""
    books.order(lines=(make_line(quantity=Decimal(2), taxes=(make_tax("6.60"),)),), total=Decimal("126.10"),
                subtotal=Decimal(110), total_tax=Decimal("6.60"), payments=(make_payment("126.10"),), **more)  # fmt: skip


# --- what a refund of shipped goods becomes


def test_a_restocked_refund_is_a_direct_memo_and_the_units_are_available_again(books):
    books.order()
    before = books.stock()
    event = books.push(make_refund())
    assert event.outcome == "succeeded", event.sentence
    header, lines = books.memo()
    assert event.sentence == (
        "Refund 88100450012 of order #2041 is in Xoro as MAIN-C000001 against invoice MAIN-I000001."
    )
    assert (header["ThirdPartyRefNo"], header["RefNo"], header["InvoiceNumber"]) == (
        "88100450012", "2041", "MAIN-I000001",
    )  # fmt: skip
    assert header["ThirdPartySource"] == "https://lumen-goods.example-Demo"
    assert header["TxnDate"] == "14 March, 2026 09:20:00"
    assert (header["CreditMemoTypeName"], header["StoreName"], header["SaleStoreName"]) == (
        "Direct", STORE, "Main Store",
    )  # fmt: skip
    assert header["TotalAmount"] == 58.3
    assert [(one["ItemNumber"], one["Qty"], one["ReturnNotes"]) for one in lines] == [
        (SKU, 1, "returned and restocked")
    ]
    assert lines[0]["InventoryLocChangeList"] == [{"LocationName": "RETURNS", "DeltaQty": 1}]
    after = books.stock()
    assert after["AvailableQty"] == before["AvailableQty"] + 1
    assert after["NotAvailableQty"] == before["NotAvailableQty"]
    assert Link.objects.get(record_kind="refund").target_number == "MAIN-C000001"
    assert event.notes == []


def test_no_memo_is_written_against_a_void_invoice(books):
    books.order()
    [invoice] = books.books("invoices")
    books.control("void", invoice_number=invoice["invoiceHeader"]["InvoiceNumber"])
    event = books.push(make_refund())
    assert books.memos() == []
    assert (event.outcome, event.reason_code) == ("waiting", "invoice:#2041"), event.sentence


def test_the_date_of_a_memo_is_in_the_tenants_zone(books):
    books.set(api_time_zone="America/Vancouver")
    books.order()
    books.push(make_refund(created_at=datetime(2026, 3, 14, 5, 4, 3, tzinfo=UTC)))
    assert books.memo()[0]["TxnDate"] == "13 March, 2026 22:04:03"


def test_goods_that_are_not_restocked_are_not_available(books):
    books.order()
    before = books.stock()
    books.push(make_refund(lines=(make_refund_line(is_restocked=False, restock="none"),)))
    header, lines = books.memo()
    assert (header["CreditMemoTypeName"], lines[0]["InventoryLocChangeList"]) == ("Direct", [])
    assert lines[0]["ReturnNotes"] == "returned, not restocked"
    after = books.stock()
    assert after["NotAvailableQty"] == before["NotAvailableQty"] + 1
    assert after["AvailableQty"] == before["AvailableQty"]


def adjustment() -> Event:
    """The one event that shall lower the stock."""
    return Event.objects.get(topic="stock/adjust")


def test_with_the_adjustment_switched_on_and_no_route_for_it_a_person_is_told_what_to_lower(books):
    books.set(adjust_not_available=True)
    books.order()
    event = books.push(make_refund(lines=(make_refund_line(is_restocked=False),)))
    assert event.outcome == "succeeded", event.sentence
    task = adjustment()
    assert (task.outcome, task.reason_code, task.parent_id) == ("failed", "manual_task", event.pk)
    assert "1 × LMP-OAK-S of order #2041 were returned and not restocked" in task.sentence
    assert "Lower the stock of LMP-OAK-S in EAST WAREHOUSE by 1 in Xoro." in task.next_step
    assert books.books("adjustments") == []


def test_with_the_adjustment_route_on_hand_is_lowered_once(books):
    books.set(adjust_not_available=True, use_adjustment_route=True)
    books.order()
    before = books.stock()
    event = books.push(make_refund(lines=(make_refund_line(is_restocked=False),)))
    books.again(event)
    after = books.stock()
    assert (after["OnHandQty"], after["AvailableQty"]) == (before["OnHandQty"], before["AvailableQty"])
    [made] = books.books("adjustments")
    assert (made["ItemNumber"], made["StoreName"], made["DeltaQty"]) == (SKU, STORE, -1)
    assert made["LocationName"] == "RETURNS"
    assert adjustment().outcome == "succeeded"


def test_a_tenant_without_the_adjustment_route_gets_the_task_instead(books):
    books.set(adjust_not_available=True, use_adjustment_route=True)
    books.control("config", routes_disabled=["inventory/adjustment"])
    books.order()
    event = books.push(make_refund(lines=(make_refund_line(is_restocked=False),)))
    assert (event.outcome, adjustment().reason_code) == ("succeeded", "manual_task")
    assert "no route for stock adjustments" in adjustment().sentence


def test_an_adjustment_whose_answer_is_lost_is_left_to_a_person_and_never_repeated(books):
    books.set(adjust_not_available=True, use_adjustment_route=True)
    books.order()
    books.fault("lost_answer", "/api/xerp/inventory/adjustment")
    books.push(make_refund(lines=(make_refund_line(is_restocked=False),)))
    assert adjustment().outcome == "waiting"
    event = books.again(adjustment())
    assert (event.outcome, event.reason) == ("failed", "unconfirmed_write"), event.sentence
    assert len(books.books("adjustments")) == len(books.memos()) == 1


def test_restocked_goods_are_never_lowered(books):
    books.set(adjust_not_available=True, use_adjustment_route=True)
    books.order()
    books.push(make_refund())
    assert not Event.objects.filter(topic="stock/adjust").exists()


def test_lines_taken_off_an_unshipped_order_without_restocking_leave_xoros_stock(books):
    books.set(use_adjustment_route=True)
    books.order(is_shipped=False)
    lines = (make_refund_line(restock="none", is_restocked=False),)
    event = books.push(make_refund(lines=lines, order_fulfillment_status="unfulfilled"))
    assert event.reason_code == "not_invoiced"
    assert adjustment().outcome == "succeeded", adjustment().sentence
    assert [one["DeltaQty"] for one in books.books("adjustments")] == [-1]


def test_with_asn_for_returns_the_goods_are_expected_and_no_stock_moves_until_it_is_closed(books):
    books.set(return_asn=True, send_cm_type=True)
    books.order()
    before = books.stock()
    books.push(make_refund(lines=(make_refund_line(is_restocked=False),)))
    header, lines = books.memo()
    assert (header["CreditMemoTypeName"], lines[0]["InventoryLocChangeList"]) == ("Warehouse", [])
    [asn] = books.books("asns")
    during = books.stock()
    assert (during["OnHandQty"], during["QtyOnASN"]) == (before["OnHandQty"], 1)
    number = asn["AsnHeaderData"]["AsnNumber"]
    books.control("receive_asn", asn_number=number, lines=[{"ItemNumber": SKU, "QtyReceived": 1}])
    books.control("close_asn", asn_number=number)
    assert books.stock()["OnHandQty"] == before["OnHandQty"] + 1


def test_what_the_shop_restocked_is_direct_even_with_asn_for_returns(books):
    books.set(return_asn=True, send_cm_type=True)
    books.order()
    books.push(make_refund())
    assert books.sent()[0]["creditMemoHeader"]["CreditMemoTypeName"] == "Direct"


def test_restocked_goods_are_a_warehouse_memo_where_direct_ones_are_switched_off(books):
    books.set(direct_cm_if_restocked=False, send_cm_type=True)
    books.order()
    books.push(make_refund())
    assert books.memo()[0]["CreditMemoTypeName"] == "Warehouse"


def test_the_type_is_sent_only_with_its_switch_and_under_the_tenants_name(books):
    books.order()
    books.push(make_refund())
    assert "CreditMemoTypeName" not in books.sent()[0]["creditMemoHeader"]


def test_a_refund_with_restocked_and_expected_goods_becomes_a_memo_of_each_kind(books):
    books.set(return_asn=True, send_cm_type=True)
    two_lamps(books)
    lines = (make_refund_line(), make_refund_line(id="502", is_restocked=False))
    event = books.push(make_refund(lines=lines, total=Decimal("116.60")))
    assert event.outcome == "succeeded", event.sentence
    headers = [one["creditMemoHeader"] for one in books.memos()]
    assert [(one["ThirdPartyRefNo"], one["CreditMemoTypeName"], one["TotalAmount"]) for one in headers] == [
        ("88100450012", "Direct", 58.3),
        ("88100450012-2", "Warehouse", 58.3),
    ]
    assert "MAIN-C000001, MAIN-C000002" in event.sentence


# --- money


def test_money_that_differs_from_the_goods_is_carried_by_the_adjustment_sku(books):
    books.order()
    books.push(make_refund(total=Decimal("40.00"), adjustments=(RefundAdjustment(id="1", amount=Decimal("-18.30")),)))
    header, lines = books.memo()
    assert (header["ThirdPartyTotalRefundAmount"], header["ThirdPartyAdjustTotalFlag"]) == (40, True)
    assert header["TotalAmount"] == 40.0
    assert [(one["ItemNumber"], one["TotalAmount"]) for one in lines] == [(SKU, 58.3), ("HUB-FEE", -18.3)]


def test_without_an_adjustment_sku_a_difference_is_a_configuration_error_naming_it(books):
    books.set(adjust_sku="")
    books.order()
    event = books.push(make_refund(total=Decimal("40.00")))
    assert (event.outcome, event.reason, event.reason_code) == ("failed", "configuration", "adjust_sku")
    assert "gives back 40.00 USD, but goods and shipping are worth 58.30" in event.sentence
    assert "adjust_sku" in event.next_step
    assert books.memos() == []
    books.set(adjust_sku="HUB-FEE")
    assert books.again(event).outcome == "succeeded"
    assert books.memo()[0]["TotalAmount"] == 40.0


def test_without_an_adjustment_sku_equal_money_needs_none(books):
    books.set(adjust_sku="")
    books.order()
    assert books.push(make_refund()).outcome == "succeeded"
    sent = books.sent()[0]["creditMemoHeader"]
    assert (sent["ThirdPartyAdjustTotalFlag"], "ThirdPartyAdjSku" in sent) == (False, False)


def test_refunded_shipping_goes_to_its_account(books):
    books.order()
    shipping = (RefundShipping(id="51", title="Standard", amount=Decimal("9.50")),)
    books.push(make_refund(total=Decimal("67.80"), shipping=shipping))
    header, lines = books.memo()
    assert (header["ShippingCreditAmount"], header["ExpenseShippingAccntName"]) == (9.5, "Shipping Expense")
    assert (header["TotalAmount"], len(lines)) == (67.8, 1)


def test_refunded_shipping_without_an_account_names_the_setting(books):
    books.order()
    books.set(shipping_expense_account="")
    shipping = (RefundShipping(id="51", amount=Decimal("9.50")),)
    event = books.push(make_refund(total=Decimal("67.80"), shipping=shipping))
    assert (event.outcome, event.reason) == ("failed", "configuration")
    assert "shipping expense account" in event.next_step


def test_money_without_goods_is_a_memo_of_the_adjustment_sku_alone(books):
    books.order()
    event = books.push(make_refund(lines=(), total=Decimal("5.00")))
    assert event.outcome == "succeeded", event.sentence
    header, lines = books.memo()
    assert (header["TotalAmount"], header["InvoiceNumber"]) == (5.0, "MAIN-I000001")
    assert [(one["ItemNumber"], one["TotalAmount"]) for one in lines] == [("HUB-FEE", 5.0)]


def test_goods_that_are_taken_back_for_nothing_are_credited_at_nothing(books):
    books.order()
    books.push(make_refund(total=Decimal(0), payments=()))
    header, lines = books.memo()
    assert header["TotalAmount"] == 0
    assert [(one["ItemNumber"], one["TotalAmount"]) for one in lines] == [(SKU, 58.3), ("HUB-FEE", -58.3)]


def test_money_that_is_on_its_way_is_credited_and_said(books):
    books.order()
    payments = (RefundPayment(id="9901", status="pending", gateway="bank", amount=Decimal("58.30")),)
    event = books.push(make_refund(total=Decimal(0), payments=payments))
    assert books.memo()[0]["TotalAmount"] == 58.3
    assert "still on its way" in note(event, "money_pending")
    paid = (replace(payments[0], status="success"),)
    assert books.push(make_refund(payments=paid)).reason == "unchanged"


def test_refunded_duties_come_back_on_the_line_they_were_sold_on(books):
    books.order(duties=Decimal("4.00"), total=Decimal("71.80"), payments=(make_payment("71.80"),))
    books.push(make_refund(duties=Decimal("4.00"), total=Decimal("62.30")))
    header, lines = books.memo()
    assert [one["ItemNumber"] for one in lines] == [SKU, "HUB-DUTY"]
    assert header["TotalAmount"] == 62.3


def test_prices_that_include_tax_are_credited_as_they_are(books):
    books.order(prices_include_tax=True, total=Decimal("64.50"), payments=(make_payment("64.50"),),
                lines=(make_line(taxes=(make_tax("3.11"),)),), total_tax=Decimal("3.11"))  # fmt: skip
    line = make_refund_line(tax=Decimal("3.11"))
    books.push(make_refund(lines=(line,), total=Decimal("55.00"), prices_include_tax=True))
    header, _ = books.memo()
    assert header["TotalAmount"] == 55.0


def test_a_discounted_line_is_credited_at_the_discount_it_was_sold_with(books):
    books.order(lines=(make_line(discount=Decimal("5.50"), taxes=(make_tax("2.97"),)),), total=Decimal("61.97"),
                total_tax=Decimal("2.97"), payments=(make_payment("61.97"),))  # fmt: skip
    line = make_refund_line(subtotal=Decimal("49.50"), tax=Decimal("2.97"))
    books.push(make_refund(lines=(line,), total=Decimal("52.47")))
    header, lines = books.memo()
    assert (header["TotalAmount"], len(lines), lines[0]["Discount"]) == (52.47, 1, 10)


def test_the_offset_account_goes_along_where_the_currency_is_not_that_of_the_books(books):
    books.set(refund_offset_account="Refund Offset", default_currency="CAD")
    books.order()
    books.push(make_refund())
    assert books.memo()[0]["RefundOffsetAccountName"] == "Refund Offset"


def test_in_the_currency_of_the_books_no_rate_moves(books):
    books.set(refund_offset_account="Refund Offset", default_currency="USD")
    books.order()
    books.push(make_refund())
    assert "RefundOffsetAccountName" not in books.memo()[0]


def test_a_member_no_guide_lists_is_called_as_the_tenant_calls_it(books):
    books.set(refund_offset_account="Refund Offset", default_currency="CAD", credit_memo_names={"refund_offset": ""})
    books.order()
    books.push(make_refund())
    assert "Refund Offset" not in str(books.sent()[0])


# --- places


def test_goods_go_to_the_store_of_the_location_that_took_them(books):
    books.set(location_map=[{"location": "Toronto", "store": "WEB STORE", "store_location": "A-01"}])
    books.order()
    books.push(make_refund(lines=(make_refund_line(location_id="62", location_name="Toronto"),)))
    header, lines = books.memo()
    assert header["StoreName"] == "WEB STORE"
    assert lines[0]["InventoryLocChangeList"] == [{"LocationName": "A-01", "DeltaQty": 1}]


def test_other_goods_go_to_the_return_store(books):
    books.set(return_store="Main Store", return_location="BACKROOM")
    books.order()
    books.push(make_refund())
    header, lines = books.memo()
    assert header["StoreName"] == "Main Store"
    assert lines[0]["InventoryLocChangeList"][0]["LocationName"] == "BACKROOM"


# --- which goods


def test_a_line_without_sku_comes_back_as_the_return_sku(books):
    books.order()
    event = books.push(make_refund(lines=(make_refund_line(sku="", order_line_id="99"),)))
    assert event.outcome == "succeeded", event.sentence
    assert books.sent()[0]["creditMemoItemLineArry"][0]["ItemNumber"] == "HUB-DEFAULT"


def test_a_line_without_sku_and_no_return_sku_names_what_to_do(books):
    books.set(return_sku="")
    books.order()
    event = books.push(make_refund(lines=(make_refund_line(sku="", order_line_id="99", title="Lamp, used"),)))
    assert (event.outcome, event.reason) == ("failed", "payload")
    assert "“Lamp, used”" in event.sentence
    assert "return SKU" in event.next_step


def test_goods_the_default_sku_stood_in_for_come_back_as_it(books):
    books.set(default_sku="HUB-DEFAULT", use_default_sku_if_unknown=True)
    books.order(lines=(make_line(sku="UNKNOWN-1"),))
    books.push(make_refund(lines=(make_refund_line(sku="UNKNOWN-1"),)))
    header, lines = books.memo()
    assert (lines[0]["ItemNumber"], header["TotalAmount"]) == ("HUB-DEFAULT", 58.3)


def test_units_that_never_left_are_not_on_the_memo_and_a_person_is_told(books):
    two_lamps(books, is_shipped=False)
    books.ship(lines={SKU: 1})
    lines = (make_refund_line(), make_refund_line(id="502", restock="cancel"))
    event = books.push(
        make_refund(lines=lines, total=Decimal("116.60"), order_fulfillment_status="partially_fulfilled")
    )
    assert event.outcome == "succeeded", event.sentence
    header, memo_lines = books.memo()
    assert (header["TotalAmount"], memo_lines[0]["Qty"]) == (58.3, 1)
    assert "1 of LMP-OAK-S" in note(event, "unshipped_part")
    assert "58.30 USD" in note(event, "unshipped_part")


def test_a_refund_of_unshipped_units_alone_beside_an_invoice_fails_named(books):
    two_lamps(books, is_shipped=False)
    books.ship(lines={SKU: 1})
    event = books.push(
        make_refund(lines=(make_refund_line(restock="cancel"),), order_fulfillment_status="partially_fulfilled")
    )
    assert (event.outcome, event.reason_code) == ("failed", "unshipped_part")
    assert "take 1 of LMP-OAK-S off the sales order of #2041" in event.next_step
    assert books.memos() == []


def test_an_order_shipped_in_two_pieces_is_credited_piece_by_piece(books):
    two_lamps(books, is_shipped=False)
    books.ship(lines={SKU: 1})
    books.ship()
    first = books.push(make_refund(id="881", number="881"))
    second = books.push(make_refund(id="882", number="882", lines=(make_refund_line(id="502"),)))
    assert (first.outcome, second.outcome) == ("succeeded", "succeeded"), second.sentence
    assert [one["creditMemoHeader"]["InvoiceNumber"] for one in books.memos()] == ["MAIN-I000001", "MAIN-I000002"]


def test_units_of_one_line_on_two_invoices_become_a_memo_of_each(books):
    two_lamps(books, is_shipped=False)
    books.ship(lines={SKU: 1})
    books.ship()
    line = make_refund_line(quantity=Decimal(2), subtotal=Decimal(110), tax=Decimal("6.60"))
    event = books.push(make_refund(lines=(line,), total=Decimal("100.00")))
    assert event.outcome == "succeeded", event.sentence
    headers = [one["creditMemoHeader"] for one in books.memos()]
    assert [one["InvoiceNumber"] for one in headers] == ["MAIN-I000001", "MAIN-I000002"]
    assert sum(one["TotalAmount"] for one in headers) == 100.0


def test_shipping_paid_back_stands_on_the_first_of_several_memos_alone(books):
    two_lamps(books, is_shipped=False)
    books.ship(lines={SKU: 1})
    books.ship()
    line = make_refund_line(quantity=Decimal(2), subtotal=Decimal(110), tax=Decimal("6.60"))
    shipping = (RefundShipping(id="51", title="Standard", amount=Decimal("9.50")),)
    event = books.push(make_refund(lines=(line,), total=Decimal("126.10"), shipping=shipping))
    assert event.outcome == "succeeded", event.sentence
    headers = [one["creditMemoHeader"] for one in books.memos()]
    assert [(one.get("ShippingCreditAmount", 0), one["TotalAmount"]) for one in headers] == [(9.5, 67.8), (0, 58.3)]


def test_yen_are_divided_among_memos_without_fractions(books):
    two_lamps(books, currency="JPY", is_shipped=False)
    books.ship(lines={SKU: 1})
    books.ship()
    line = make_refund_line(quantity=Decimal(2), subtotal=Decimal(110), tax=Decimal("6.60"))
    event = books.push(make_refund(lines=(line,), total=Decimal(101), currency="JPY"))
    assert event.outcome == "succeeded", event.sentence
    assert [one["creditMemoHeader"]["ThirdPartyTotalRefundAmount"] for one in books.memos()] == [50, 51]


def test_units_that_never_left_take_no_more_than_their_share_of_little_money(books):
    two_lamps(books, is_shipped=False)
    books.ship(lines={SKU: 1})
    lines = (make_refund_line(), make_refund_line(id="502", restock="cancel"))
    event = books.push(make_refund(lines=lines, total=Decimal(20), order_fulfillment_status="partially_fulfilled"))
    assert event.outcome == "succeeded", event.sentence
    assert books.memo()[0]["TotalAmount"] == 10.0


def test_what_is_left_of_a_line_in_thirds_is_money_to_the_cent(books):
    books.order(lines=(make_line(quantity=Decimal(3), unit_price=Decimal("3.34"), discount=Decimal("0.02"), taxes=()),),
                total=Decimal("19.50"), subtotal=Decimal(10), total_tax=Decimal(0), payments=(make_payment("19.50"),),
                is_shipped=False)  # fmt: skip
    books.ship(lines={SKU: 1})
    line = make_refund_line(quantity=Decimal(3), subtotal=Decimal(10), tax=Decimal(0), restock="none")
    event = books.push(make_refund(lines=(line,), total=Decimal(10), order_fulfillment_status="partially_fulfilled"))
    assert event.outcome == "succeeded", event.sentence
    assert books.memo()[0]["ThirdPartyTotalRefundAmount"] == 3.33


def test_a_refund_in_another_currency_than_its_invoice_is_named(books):
    books.order(currency="CAD")
    event = books.push(make_refund(currency="USD"))
    assert (event.outcome, event.reason_code) == ("failed", "currency"), event.sentence
    assert "is in USD, but invoice MAIN-I000001 is in CAD" in event.sentence
    assert books.memos() == []


SPLIT_MAP = [
    {"location": "31", "store": "EAST WAREHOUSE", "store_location": "B-01"},
    {"location": "Shop window", "store": "Main Store", "store_location": ""},
]


def test_of_a_split_order_goods_are_credited_against_the_invoice_of_the_part_that_shipped_them(books):
    books.set(split_orders=True, location_map=SPLIT_MAP)
    books.push(two_places())
    books.ship()
    stores = {
        one["invoiceHeader"]["InvoiceNumber"]: one["invoiceHeader"]["StoreName"] for one in books.books("invoices")
    }
    mug = make_refund_line(
        order_line_id="2",
        sku="MUG-BLU-350",
        subtotal=Decimal("11.90"),
        tax=Decimal("0.71"),
        location_name="Shop window",
    )
    event = books.push(make_refund(lines=(mug,), total=Decimal("12.61")))
    assert event.outcome == "succeeded", event.sentence
    header, lines = books.memo()
    assert (stores[header["InvoiceNumber"]], header["StoreName"]) == ("Main Store", "Main Store")
    assert [one["ItemNumber"] for one in lines] == ["MUG-BLU-350"]


def test_of_a_split_order_one_line_may_come_back_to_both_invoices(books):
    books.set(split_orders=True, location_map=SPLIT_MAP)
    books.push(two_places())
    books.ship()
    lamps = make_refund_line(
        order_line_id="1", quantity=Decimal(3), subtotal=Decimal("144.99"), tax=Decimal("8.70"), location_id="31"
    )
    event = books.push(make_refund(lines=(lamps,), total=Decimal("153.69")))
    assert event.outcome == "succeeded", event.sentence
    headers = [one["creditMemoHeader"] for one in books.memos()]
    assert len({one["InvoiceNumber"] for one in headers}) == 2
    assert [one["StoreName"] for one in headers] == ["EAST WAREHOUSE", "EAST WAREHOUSE"]  # where they came back to
    assert round(sum(one["TotalAmount"] for one in headers), 2) == 153.69


def test_an_order_that_was_invoiced_at_once_is_credited_against_that_invoice(books):
    books.set(drop_as="invoices")
    books.order(is_shipped=False)
    event = books.push(make_refund())
    assert event.outcome == "succeeded", event.sentence
    [invoice] = books.books("invoices")
    assert books.memo()[0]["InvoiceNumber"] == invoice["invoiceHeader"]["InvoiceNumber"]


def test_of_a_refund_made_by_loop_only_the_money_is_credited_because_its_goods_come_by_their_own_asn(books):
    books.set(return_source="Loop Returns", sync_third_party_returns=True, loop_shop="lumen-goods.example")
    books.order()
    authorised = Known(key="expected", object_id="77", data={"id": "77", "order_name": "#2041", "wanted": {SKU: "1"}})
    put(books.erp.pk, "loop_return", [authorised])
    before = books.stock()
    event = books.push(make_refund())
    assert event.outcome == "succeeded", event.sentence
    header, lines = books.memo()
    assert (header["TotalAmount"], [one["ItemNumber"] for one in lines]) == (58.3, ["HUB-FEE"])
    assert books.stock() == before
    assert "return authorisation 77" in note(event, "goods_by_rma")


def test_of_a_refund_whose_authorisation_is_in_doubt_a_person_is_told_what_to_do_about_the_goods(books):
    books.set(return_source="Loop Returns", sync_third_party_returns=True, loop_shop="lumen-goods.example")
    books.order()
    sending = Known(key="sending", object_id="77", data={
        "id": "77", "stage": "sending", "order_name": "#2041", "wanted": {SKU: "1"},
    })  # fmt: skip
    put(books.erp.pk, "loop_return", [sending])
    event = books.push(make_refund())
    assert event.outcome == "succeeded", event.sentence
    said = note(event, "goods_by_rma")
    assert "third-party reference 77" in said and f"1 {SKU}" in said and "by hand" in said


def test_a_return_of_loop_takes_no_goods_off_the_refund_of_another_shop(books):
    books.set(return_source="Loop Returns", sync_third_party_returns=True, loop_shop="other.example")
    books.order()
    authorised = Known(key="expected", object_id="77", data={"id": "77", "order_name": "#2041", "wanted": {SKU: "1"}})
    put(books.erp.pk, "loop_return", [authorised])
    before = books.stock()
    assert books.push(make_refund()).outcome == "succeeded"
    assert books.stock()["AvailableQty"] == before["AvailableQty"] + 1


def test_a_memo_that_loops_return_left_in_doubt_is_not_written_again_by_the_shops_refund(books):
    books.control("loop_state", id="37603922", state="closed")
    books.fault("http500_once", IMPORT)
    returned = syncing.start_single(books.erp, "return", "37603922", by="ada")
    Drainer(0).run()
    assert Event.objects.get(pk=returned).reason == "unconfirmed_write"
    order = {"order_id": "6120045511985", "order_number": "1985", "order_name": "#1985"}
    event = books.push(make_refund(id="88137603922", lines=(), **order))
    assert (event.outcome, event.reason) == ("failed", "unconfirmed_write"), event.sentence
    assert len(books.sent()) == 1
    outcomes.retry([event.pk], by="sam")
    event = books.again(event)
    assert event.outcome == "succeeded" and len(books.memos()) == 1, event.sentence


# --- waiting, leaving out


def test_a_refund_before_its_order_waits_and_names_it(books):
    event = books.push(make_refund())
    assert (event.outcome, event.reason, event.reason_code) == ("waiting", "dependency", "order:#2041")
    assert "order #2041 is not in Xoro yet" in event.sentence
    books.order()
    assert books.again(event).outcome == "succeeded"


def test_a_refund_before_the_invoice_waits_without_end_of_attempts(books):
    books.order(is_shipped=False)
    event = books.push(make_refund())
    for _ in range(9):
        event = books.again(event)
    assert (event.outcome, event.reason, event.reason_code) == ("waiting", "dependency", "invoice:#2041")
    assert "has no invoice in Xoro yet" in event.sentence
    books.ship()
    assert books.again(event).outcome == "succeeded"
    assert len(books.memos()) == 1


def test_after_thirty_days_without_an_invoice_a_person_decides(books, monkeypatch):
    books.order(is_shipped=False)
    event = books.push(make_refund())
    assert timedelta(days=30) == crediting.LONGEST_WAIT
    monkeypatch.setattr(crediting, "LONGEST_WAIT", timedelta(0))
    event = books.again(event)
    assert (event.outcome, event.reason_code) == ("failed", "no_invoice")


def test_a_refund_of_an_unshipped_order_is_left_to_the_order(books):
    books.order(is_shipped=False)
    lines = (make_refund_line(restock="cancel"),)
    event = books.push(make_refund(lines=lines, order_fulfillment_status="unfulfilled"))
    assert (event.outcome, event.reason, event.reason_code) == ("skipped", "filtered", "not_invoiced")
    assert "the order itself is changed" in event.sentence


def test_money_back_on_an_unshipped_order_is_left_to_the_order(books):
    books.order(is_shipped=False)
    event = books.push(make_refund(lines=(), total=Decimal(5), order_fulfillment_status="unfulfilled"))
    assert event.reason_code == "not_invoiced"


def test_an_order_that_shipped_here_before_the_shop_heard_of_it_is_credited(books):
    books.order()
    lines = (make_refund_line(restock="none", is_restocked=False),)
    event = books.push(make_refund(lines=lines, order_fulfillment_status="unfulfilled", total=Decimal("58.30")))
    assert (event.outcome, event.reason_code) == ("failed", "unshipped_part"), event.sentence


def test_a_refund_of_an_order_that_was_left_out_is_left_out_too(books):
    books.set(exclude_tags=["gift"])
    books.push(make_order())
    event = books.push(make_refund())
    assert (event.outcome, event.reason, event.reason_code) == ("skipped", "filtered", "order_exclude_tags")
    assert "because its order was" in event.sentence


def test_a_refund_from_before_the_start_date_is_left_out(books):
    books.set(import_start_date="2026-03-15")
    event = books.push(make_refund())
    assert (event.outcome, event.reason_code) == ("skipped", "before_start")


def test_the_start_date_is_a_day_in_the_shops_zone(books):
    books.set(import_start_date="2026-03-14", import_time_zone="America/Vancouver", old_order_returns=True)
    late_on_the_13th = datetime(2026, 3, 14, 6, 59, tzinfo=UTC)
    assert books.push(make_refund(created_at=late_on_the_13th)).reason_code == "before_start"
    assert books.push(make_refund(created_at=datetime(2026, 3, 14, 7, 0, tzinfo=UTC))).outcome == "succeeded"


def test_with_orders_switched_off_refunds_are_left_out(books):
    books.set(orders_enabled=False)
    assert books.push(make_refund()).reason_code == "orders_enabled"


def test_a_refund_of_a_test_order_is_left_out(books):
    assert books.push(make_refund(is_test=True)).reason_code == "test_orders"


# --- orders of before


OLD = datetime(2025, 12, 20, tzinfo=UTC)


def test_a_return_of_an_old_order_is_a_credit_without_an_invoice(books):
    event = books.push(make_refund(order_created_at=OLD, order_id="1", order_number="1200", order_name="#1200"))
    assert event.outcome == "succeeded", event.sentence
    header, _ = books.memo()
    assert "InvoiceNumber" not in header
    assert (header["TotalAmount"], header["CustomerName"]) == (58.3, "Ada Brook")
    assert "without an invoice" in event.sentence


def test_a_return_of_an_old_order_is_to_be_booked_by_hand_where_the_setting_is_off(books):
    books.set(old_order_returns=False)
    event = books.push(make_refund(order_created_at=OLD, order_id="1", order_name="#1200"))
    assert (event.outcome, event.reason, event.reason_code) == ("skipped", "filtered", "old_order_returns")
    assert "Book the credit memo in Xoro by hand, and correct the stock in the shop once" in event.sentence


def test_an_old_order_that_is_in_xoro_all_the_same_is_credited_against_its_invoice(books):
    books.order()
    books.set(import_start_date="2026-03-10")
    books.push(make_refund())
    assert books.memo()[0]["InvoiceNumber"] == "MAIN-I000001"


def test_an_old_order_goes_to_the_fixed_customer_in_single_mode(books):
    books.set(customer_mode="single", customer_name="Walk-in Customer")
    books.push(make_refund(order_created_at=OLD, order_id="1"))
    assert books.memo()[0]["CustomerName"] == "Walk-in Customer"


def test_a_credit_that_names_nobody_fails_and_says_so(books):
    event = books.push(make_refund(order_created_at=OLD, order_id="1", customer_name="", email=""))
    assert (event.outcome, event.reason) == ("failed", "payload")
    assert "names no customer" in event.sentence


# --- once and only once


def test_an_equal_refund_is_unchanged(books):
    books.order()
    books.push(make_refund())
    event = books.push(make_refund(note="thank you"))
    assert (event.outcome, event.reason) == ("skipped", "unchanged")
    assert len(books.memos()) == 1


def test_a_refund_that_changed_fails_named_and_makes_no_second_memo(books):
    books.order()
    books.push(make_refund())
    event = books.push(make_refund(total=Decimal("50.00")))
    assert (event.outcome, event.reason_code) == ("failed", "change_not_applied")
    assert "MAIN-C000001" in event.next_step
    assert len(books.memos()) == 1


def test_a_lost_answer_makes_no_second_memo(books):
    books.order()
    books.fault("lost_answer", IMPORT)
    event = books.push(make_refund())
    assert event.outcome == "succeeded", event.sentence
    assert len(books.memos()) == len(books.sent()) == 1
    assert "MAIN-C000001" in note(event, "found_existing")


def test_after_a_lost_answer_an_empty_search_never_leads_to_a_second_memo(books):
    books.order()
    books.fault("lost_answer", IMPORT)
    books.fault("throttle", SEARCH, times=99)
    event = books.push(make_refund())
    assert event.outcome == "waiting", event.sentence
    event = books.again(event)
    assert (event.outcome, event.reason) == ("failed", "unconfirmed_write")
    assert "too busy" in event.sentence
    assert len(books.memos()) == len(books.sent()) == 1


def test_a_refund_that_changed_while_nobody_knew_of_its_memo_is_left_to_a_person(books):
    books.order()
    books.fault("lost_answer", IMPORT)
    books.fault("throttle", SEARCH, times=99)
    assert books.push(make_refund()).outcome == "waiting"
    books.control("clear_faults")
    event = books.push(make_refund(total=Decimal("50.00")))
    assert (event.outcome, event.reason_code) == ("failed", "change_not_applied"), event.sentence
    assert "MAIN-C000001" in event.next_step
    assert len(books.memos()) == len(books.sent()) == 1
    event = books.push(make_refund())
    assert (event.outcome, event.reason) == ("skipped", "unchanged"), event.sentence


def test_a_memo_a_person_did_not_find_is_written_as_the_refund_is_now(books):
    books.order()
    books.fault("http500_once", IMPORT)
    event = books.push(make_refund())
    assert (event.outcome, event.reason) == ("failed", "unconfirmed_write"), event.sentence
    event = books.push(make_refund(total=Decimal("50.00")))
    assert (event.outcome, event.reason) == ("failed", "unconfirmed_write"), event.sentence
    assert books.memos() == []
    outcomes.retry([event.pk], by="sam")
    event = books.again(event)
    assert event.outcome == "succeeded", event.sentence
    assert books.memo()[0]["TotalAmount"] == 50.0


def test_a_memo_that_is_there_is_found_though_the_hub_forgot_everything(books):
    books.order()
    books.push(make_refund())
    Link.objects.filter(record_kind="refund").delete()
    DirectoryEntry.objects.filter(kind="credit_memos").delete()
    event = books.push(make_refund())
    assert event.outcome == "succeeded", event.sentence
    assert len(books.memos()) == 1
    assert Link.objects.get(record_kind="refund").target_number == "MAIN-C000001"


def test_a_duplicate_that_xoro_refuses_is_looked_up_and_adopted(books):
    books.order()
    books.push(make_refund())
    Link.objects.filter(record_kind="refund").delete()
    DirectoryEntry.objects.filter(kind="credit_memos").delete()
    books.fault("throttle", SEARCH, times=4)
    event = books.push(make_refund())
    assert event.outcome == "succeeded", event.sentence
    assert len(books.memos()) == 1


def test_a_memo_voided_in_xoro_is_left_to_a_person(books):
    books.order()
    books.push(make_refund())
    books.control("creditmemo_status", number="MAIN-C000001", status="Void")
    Link.objects.filter(record_kind="refund").delete()
    DirectoryEntry.objects.filter(kind="credit_memos").delete()
    event = books.push(make_refund())
    assert (event.outcome, event.reason_code) == ("failed", "voided_there")
    assert len(books.memos()) == 1


def test_of_a_refund_that_is_half_in_xoro_only_the_other_half_is_written_however_settings_changed(books):
    books.set(location_map=[{"location": "Toronto", "store": "Lost Store", "store_location": ""}])
    two_lamps(books)
    lines = (make_refund_line(), make_refund_line(id="502", location_name="Toronto"))
    refund = make_refund(lines=lines, total=Decimal("116.60"))
    event = books.push(refund)
    assert (event.outcome, event.reason_code) == ("failed", "1003"), event.sentence
    assert len(books.memos()) == 1
    books.set(
        location_map=[{"location": "Toronto", "store": "WEB STORE", "store_location": ""}], return_store="Main Store"
    )
    event = books.again(event)
    assert event.outcome == "succeeded", event.sentence
    headers = [one["creditMemoHeader"] for one in books.memos()]
    assert [(one["ThirdPartyRefNo"], one["StoreName"]) for one in headers] == [
        ("88100450012", STORE), ("88100450012-2", "WEB STORE"),
    ]  # fmt: skip


# --- what Xoro refuses, and how it fails


def test_a_renamed_account_fails_named_and_works_once_it_is_selected_again(books):
    books.order()
    books.fault("renamed_account", "/", account="Shipping Expense")
    shipping = (RefundShipping(id="51", amount=Decimal("9.50")),)
    event = books.push(make_refund(total=Decimal("67.80"), shipping=shipping))
    assert (event.outcome, event.reason, event.reason_code) == ("failed", "refused", "1004")
    assert "Account not found: Shipping Expense" in event.sentence
    assert event.sentence.startswith("Refund 88100450012 of order #2041")
    assert "select it again on the connector's page" in event.next_step
    books.set(shipping_expense_account="Payment Fees")
    event = books.again(event)
    assert event.outcome == "succeeded", event.sentence
    assert books.memo()[0]["ExpenseShippingAccntName"] == "Payment Fees"


def test_a_store_xoro_does_not_know_fails_named_and_works_once_it_is_corrected(books):
    books.set(return_store="Lost Store")
    books.order()
    event = books.push(make_refund())
    assert (event.outcome, event.reason_code) == ("failed", "1003")
    assert "Store not found: Lost Store" in event.sentence
    books.set(return_store="Main Store")
    assert books.again(event).outcome == "succeeded"


def test_an_item_xoro_does_not_know_fails_named(books):
    event = books.push(make_refund(order_created_at=OLD, order_id="1", lines=(make_refund_line(sku="NOWHERE-1"),)))
    assert (event.outcome, event.reason_code) == ("failed", "1002")
    assert "Item not found: NOWHERE-1" in event.sentence
    assert "Create the item in Xoro" in event.next_step


@pytest.mark.parametrize(("fault", "code"), [("http500_once", "permission_or_fault"), ("non_json", "not_json")])
def test_a_search_that_fails_for_good_is_tried_again_later(books, fault, code):
    books.order()
    books.fault(fault, SEARCH, times=4)
    event = books.push(make_refund())
    assert (event.outcome, event.reason, event.reason_code) == ("waiting", "retry", code)
    assert books.sent() == []
    assert books.again(event).outcome == "succeeded"


def test_a_throttled_write_was_not_done_and_is_tried_again(books):
    books.order()
    books.fault("throttle", IMPORT)
    event = books.push(make_refund())
    assert (event.outcome, event.reason_code) == ("waiting", "throttled")
    assert books.again(event).outcome == "succeeded"
    assert len(books.memos()) == 1


def test_a_500_on_the_write_is_looked_up_and_then_left_to_a_person(books):
    books.order()
    books.fault("http500_once", IMPORT)
    event = books.push(make_refund())
    assert (event.outcome, event.reason) == ("failed", "unconfirmed_write")
    assert "third-party reference 88100450012" in event.next_step
    assert books.memos() == []


def test_where_the_filter_of_the_search_is_ignored_nothing_foreign_is_adopted(books):
    books.order()
    books.push(make_refund(id="880", number="880", lines=(), total=Decimal(5)))
    books.fault("ignore_filters", SEARCH)
    event = books.push(make_refund())
    assert event.outcome == "succeeded", event.sentence
    assert len(books.memos()) == 2
    assert "ignore this filter" in note(event, "lookup_inconclusive")


def test_invoices_of_other_orders_are_never_credited(books):
    books.order()
    books.order(id="6120045512002", number="2042", name="#2042")
    books.fault("ignore_filters", "/api/xerp/invoice/getinvoice")
    books.push(make_refund())
    assert books.memo()[0]["InvoiceNumber"] == "MAIN-I000001"


def test_no_person_is_named_in_what_the_hub_remembers_of_the_memos(books):
    books.order()
    books.push(make_refund())
    entry = DirectoryEntry.objects.get(kind="credit_memos")
    assert "Ada" not in str(entry.data)
    assert entry.data["memos"][0]["number"] == "MAIN-C000001"
