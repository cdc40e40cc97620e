"""Orders, invoices and the A/R balance: what is shown, computed, and only noted."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from connectors.exceptions import PayloadError
from connectors.generic_erp.answers import read_answer
from connectors.generic_erp.functions import BALANCE, INVOICE, INVOICES, ORDER, ORDERS
from connectors.generic_erp.orders import status_label
from connectors.generic_erp.reading import Asked
from connectors.generic_erp.settings import GenericErpSettings

from .conftest import sample

ASKED = Asked(customer_code="BRK-2210")
AUGUST = datetime(2025, 8, 21, 8, tzinfo=UTC)


def read(function, answer, now=AUGUST, asked=ASKED, **settings):
    return read_answer(function, answer, asked, GenericErpSettings(**settings), now=now)


def changed(name, remove=(), **changes):
    answer = sample(f"{name}.response")
    record = answer["data"][0] if isinstance(answer["data"], list) else answer["data"]
    record.update(changes)
    for member in remove:
        del record[member]
    return answer


@pytest.mark.parametrize("member", ["order_id", "order_date", "status", "total"])
def test_it_needs_an_orders_critical_members(member):
    with pytest.raises(PayloadError) as caught:
        read(ORDERS, changed("orders", remove=[member]))
    assert caught.value.path == f"data[0].{member}"
    with pytest.raises(PayloadError):
        read(ORDERS, changed("orders", **{member: None}))


@pytest.mark.parametrize("member", ["customer_code", "po_number", "currency", "subtotal", "line_count", "updated_at"])
def test_it_does_without_an_orders_other_members(member):
    reading = read(ORDERS, changed("orders", remove=[member]))
    assert reading.notes == []
    assert reading.data["orders"][0][member] == ("USD" if member == "currency" else None)


def test_it_shows_the_id_where_a_document_has_no_number():
    assert read(ORDERS, changed("orders", remove=["order_number"])).data["orders"][0]["order_number"] == "SO-0009914"
    shown = read(INVOICES, changed("invoices", remove=["invoice_number"])).data["invoices"][0]
    assert shown["invoice_number"] == "INV-44017"


@pytest.mark.parametrize("path", ["lines", "sku", "quantity"])
def test_it_needs_an_orders_lines(path):
    answer = sample("order.response")
    del (answer["data"] if path == "lines" else answer["data"]["lines"][1])[path]
    with pytest.raises(PayloadError) as caught:
        read(ORDER, answer)
    assert caught.value.path == ("data.lines" if path == "lines" else f"data.lines[1].{path}")


def test_it_takes_an_order_without_any_line():
    assert read(ORDER, changed("order", lines=[])).data["order"]["lines"] == []


def test_it_notes_an_orders_sum_that_does_not_add_up():
    reading = read(ORDERS, changed("orders", total="260.00"))
    assert reading.data["orders"][0]["total"] == "260.00"
    assert [note.code for note in reading.notes] == ["inconsistent"]
    assert read(ORDERS, changed("orders", total="259.15")).notes == []


def test_it_notes_another_document_than_asked_for():
    asked = Asked(customer_code="BRK-2210", document_id="SO-1")
    assert "asked for SO-1" in read(ORDER, sample("order.response"), asked=asked).notes[0].text


def test_it_drops_a_link_that_is_no_web_address():
    answer = sample("order.response")
    answer["data"]["shipments"][0]["tracking_url"] = "javascript:alert(1)"
    reading = read(ORDER, answer)
    assert reading.data["order"]["shipments"][0]["tracking_url"] is None
    assert [note.code for note in reading.notes] == ["unreadable"]
    assert (
        read(INVOICES, changed("invoices", document_url="http://e.example/1")).data["invoices"][0]["document_url"]
        is None
    )


def test_it_survives_broken_optional_parts():
    reading = read(ORDER, changed("order", shipments=[5], billing_address="14 Mill Lane", invoice_ids="INV-1"))
    order = reading.data["order"]
    assert (order["shipments"], order["billing_address"], order["invoice_ids"]) == (None, None, None)
    assert [note.code for note in reading.notes] == ["unreadable"] * 3


@pytest.mark.parametrize(
    ("status", "label"),
    [
        ("new", "New"),
        ("OPEN", "New"),
        ("Entered", "New"),
        ("Picking", "In progress"),
        ("released", "In progress"),
        ("Credit  Hold", "On hold"),
        ("Part shipped", "Partly shipped"),
        ("partial", "Partly shipped"),
        ("Dispatched", "Shipped"),
        ("invoiced", "Completed"),
        ("delivered", "Completed"),
        ("canceled", "Cancelled"),
        ("VOID", "Cancelled"),
        ("Warten auf Ware", "Warten auf Ware"),
    ],
)
def test_it_shows_known_statuses_in_the_shops_words(status, label):
    assert status_label(status) == label


@pytest.mark.parametrize(
    ("balance", "state", "is_payable"),
    [("26.91", "open", True), ("0.00", "paid", False), (0, "paid", False), ("-5.00", "credit", False)],
)
def test_it_takes_the_payment_state_from_the_balance_alone(balance, state, is_payable):
    shown = read(INVOICES, changed("invoices", balance=balance, status="Paid in full")).data["invoices"][0]
    assert (shown["payment_state"], shown["is_payable"]) == (state, is_payable)


@pytest.mark.parametrize("balance", [None, "", "see letter", "26,91", True])
def test_it_never_makes_an_invoice_payable_without_a_readable_balance(balance):
    for function, name in ((INVOICES, "invoices"), (INVOICE, "invoice")):
        reading = read(function, changed(name, balance=balance))
        shown = reading.data["invoices"][0] if name == "invoices" else reading.data["invoice"]
        assert (shown["payment_state"], shown["is_payable"], shown["balance"]) == ("unknown", False, None)
        assert [note.code for note in reading.notes] == ["bad_response"]


@pytest.mark.parametrize("member", ["invoice_id", "invoice_date", "total"])
def test_it_needs_an_invoices_critical_members(member):
    with pytest.raises(PayloadError):
        read(INVOICES, changed("invoices", remove=[member]))


def test_it_shows_a_foreign_currency_as_given_but_not_payable():
    reading = read(INVOICES, changed("invoices", currency="EUR"))
    shown = reading.data["invoices"][0]
    assert (shown["currency"], shown["balance"], shown["is_payable"]) == ("EUR", "26.91", False)
    assert [note.code for note in reading.notes] == ["currency"]
    assert read(INVOICES, changed("invoices", remove=["currency"])).data["invoices"][0]["is_payable"]


@pytest.mark.parametrize(
    ("now", "is_overdue"),
    [
        (datetime(2025, 9, 19, 23, 59, tzinfo=UTC), False),
        (datetime(2025, 9, 20, 2, 0, tzinfo=UTC), False),  # still the 19th in New York
        (datetime(2025, 9, 20, 5, 0, tzinfo=UTC), True),
    ],
)
def test_it_calls_an_invoice_overdue_by_the_stores_day(now, is_overdue):
    zone = "America/New_York"
    assert str(ZoneInfo(zone)) == zone
    shown = read(INVOICES, sample("invoices.response"), now, store_time_zone=zone).data["invoices"][0]
    assert shown["is_overdue"] is is_overdue
    paid = read(INVOICES, changed("invoices", balance="0"), now, store_time_zone=zone).data["invoices"][0]
    assert not paid["is_overdue"]


def test_it_notes_payments_that_do_not_explain_the_balance():
    answer = sample("invoice.response")
    answer["data"]["payments"][0]["amount"] = "29.00"
    assert [note.code for note in read(INVOICE, answer).notes] == ["inconsistent"]


def test_it_needs_the_total_balance():
    with pytest.raises(PayloadError):
        read(BALANCE, changed("balance", remove=["total_balance"]))


def test_it_computes_what_the_erp_leaves_out():
    shown = read(BALANCE, changed("balance", remove=["past_due", "credit_available", "as_of", "currency"])).data[
        "balance"
    ]
    assert (shown["past_due"], shown["credit_available"]) == ("1303.49", "3689.60")
    assert (shown["as_of"], shown["currency"]) == ("2025-08-21T08:00:00Z", "USD")


def test_it_leaves_a_missing_bucket_empty_instead_of_zero():
    shown = read(
        BALANCE, changed("balance", remove=["days_31_60", "past_due", "credit_limit", "credit_available"])
    ).data
    assert shown["balance"]["days_31_60"] is None
    assert shown["balance"]["past_due"] is None
    assert shown["balance"]["credit_limit"] is None
    assert shown["balance"]["credit_available"] is None


def test_it_shows_the_erps_own_total_and_notes_the_deviation():
    reading = read(BALANCE, changed("balance", total_balance="1400.00"))
    assert reading.data["balance"]["total_balance"] == "1400.00"
    assert [note.code for note in reading.notes] == ["inconsistent"]


@pytest.mark.parametrize("alias", ["balance", "total_due"])
def test_it_knows_the_other_names_of_the_total_balance(alias):
    answer = changed("balance", remove=["total_balance"], **{alias: "1310.40"})
    assert read(BALANCE, answer).data["balance"]["total_balance"] == "1310.40"
    assert read(BALANCE, answer["data"]).data["balance"]["total_balance"] == "1310.40"
