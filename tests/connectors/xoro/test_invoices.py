"""Looking up invoices by customer and company."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connectors.exceptions import PayloadError, RemoteTimedOut, RemoteUnavailable
from connectors.records import Company, Customer
from connectors.xoro.invoices import InvoiceParams, look_up_invoices, neutral
from connectors.xoro.orders import push_order
from connectors.xoro.wire import iso_date, money, quantity
from tests.connectors.xoro.cast import FakeRun, Tenant, make_order, scripted_client

pytestmark = pytest.mark.django_db

CUSTOMER, COMPANY = "third_party_customer_id", "third_party_company_id"


@pytest.fixture
def shipped(tenant: Tenant, run: FakeRun) -> list[str]:
    """Three shipped orders: Ada's for her company, Ada's own (unpaid), and Ben's for the same company."""
    ben = Customer(id="88", name="Ben Ash")
    orders = [
        make_order(),
        make_order(id="2", number="2042", company=None, payments=()),
        make_order(id="3", number="2043", customer=ben, company=Company(id="330045"), payments=()),
    ]
    numbers = [push_order(run, order).target_number for order in orders]
    return [tenant.control("ship", order_number=n)["invoiceHeader"]["InvoiceNumber"] for n in numbers]


def find(run: FakeRun, **params: Any) -> tuple[list[str], Any]:
    answer = look_up_invoices(run, params)  # type: ignore[arg-type]
    assert answer.available
    return [invoice["number"] for invoice in answer.data["invoices"]], answer.data["next"]


def test_invoices_of_a_customer_go_status_by_status(shipped: list[str], run: FakeRun) -> None:
    assert find(run, **{CUSTOMER: "7710042001"}) == ([shipped[1]], {"status": "Open", "page": 2})
    assert find(run, **{CUSTOMER: "7710042001"}, page=2) == ([], {"status": "Paid", "page": 1})
    assert find(run, **{CUSTOMER: "7710042001"}, status="Paid") == ([shipped[0]], {"status": "Paid", "page": 2})
    assert find(run, **{CUSTOMER: "7710042001"}, status="Paid", page=2) == ([], None)


def test_invoices_of_a_company(shipped: list[str], run: FakeRun) -> None:
    assert find(run, **{COMPANY: "330045"})[0] == [shipped[2]]
    assert find(run, **{COMPANY: "330045"}, status="Paid")[0] == [shipped[0]]


def test_customer_and_company_together_mean_both(shipped: list[str], run: FakeRun) -> None:
    assert find(run, **{CUSTOMER: "88", COMPANY: "330045"})[0] == [shipped[2]]
    assert find(run, **{CUSTOMER: "7710042001", COMPANY: "1"})[0] == []


def test_nobody_has_no_invoices(shipped: list[str], run: FakeRun) -> None:
    assert find(run, **{CUSTOMER: "12345"})[0] == []
    assert run.notes == {}


def test_invoices_of_others_are_dropped_and_reported(tenant: Tenant, shipped: list[str], run: FakeRun) -> None:
    tenant.fault("ignore_filters")
    assert find(run, **{CUSTOMER: "88"})[0] == [shipped[2]]
    assert run.notes["foreign_rows"].startswith("1 of 2 invoices")


def test_an_invoice_that_does_not_say_whose_it_is_is_dropped() -> None:
    row = {"invoiceHeader": {"Id": 1, "InvoiceNumber": "A-I000001"}}
    client = scripted_client((200, {"Result": True, "ErrorCode": 0, "Data": [row]}))
    run = FakeRun(client.settings, client)
    assert find(run, **{CUSTOMER: "88"})[0] == []
    assert "foreign_rows" in run.notes


def test_an_invoice_is_answered_in_neutral_form(tenant: Tenant, shipped: list[str], run: FakeRun) -> None:
    header = tenant.sandbox.books.invoices[1]["invoiceHeader"]
    header |= {"TxnDate": "03/09/2026", "ShipDate": "03/09/2026 10:02:11 AM"}
    answer = look_up_invoices(run, {CUSTOMER: "7710042001"})  # type: ignore[arg-type]
    assert answer.data["invoices"] == [
        {
            "id": "8801",
            "number": "MAIN-I000002",
            "status": "Open",
            "sales_order_number": "MAIN-S000002",
            "order_number": "2042",
            "order_id": "2",
            "third_party_customer_id": "7710042001",
            "third_party_company_id": "",
            "issued_on": "2026-03-09",
            "shipped_on": "2026-03-09",
            "paid_on": None,
            "currency": "USD",
            "total": "67.80",
            "lines": [
                {
                    "sku": "LMP-OAK-S",
                    "description": "Oak lamp S",
                    "quantity": "1",
                    "unit_price": "55.00",
                    "total": "55.00",
                }
            ],
        }
    ]
    assert answer.data["is_certain"]


def test_throttling_is_said_to_be_uncertain(tenant: Tenant, run: FakeRun) -> None:
    tenant.fault("throttle", times=4)
    answer = look_up_invoices(run, {CUSTOMER: "1"})  # type: ignore[arg-type]
    assert (answer.outcome, answer.data["is_certain"], answer.data["invoices"]) == ("uncertain", False, [])
    assert "too busy" in run.notes["maybe_throttled"]


def test_a_lookup_keeps_its_own_budget(run: FakeRun, tenant: Tenant) -> None:
    look_up_invoices(run, {CUSTOMER: "1"})  # type: ignore[arg-type]
    assert 44 < tenant.http.calls[0]["budget_s"] <= 45
    assert tenant.http.calls[0]["timeout_s"][1] <= 45


def test_a_slow_answer_is_a_time_out(tenant: Tenant) -> None:
    tenant.fault("slow:1.3")
    with pytest.raises(RemoteTimedOut):
        look_up_invoices(tenant.run(timeout_s=1), {CUSTOMER: "1"})  # type: ignore[arg-type]


def test_a_missing_permission_names_itself(tenant: Tenant) -> None:
    tenant.control("config", keys={"narrow": {"secret": "s", "scopes": ["orders"]}})
    with pytest.raises(RemoteUnavailable, match="lacks the permission"):
        look_up_invoices(tenant.run(api_key="narrow", api_secret="s"), {CUSTOMER: "1"})  # type: ignore[arg-type]


def test_a_status_that_is_not_looked_up_makes_no_call(tenant: Tenant, run: FakeRun) -> None:
    answer = look_up_invoices(run, {CUSTOMER: "1", "status": "Void"})  # type: ignore[arg-type]
    assert "“Void”" in answer.message
    assert tenant.http.calls == []


def test_the_neutral_answer_says_nothing_about_the_cause() -> None:
    assert neutral(None).available is False
    assert neutral(None).message == "Invoices cannot be shown at the moment."


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({}, "__all__"),
        ({CUSTOMER: " ", COMPANY: ""}, "__all__"),
        ({CUSTOMER: "1", "page": "0"}, "page"),
        ({CUSTOMER: "1", "page": "201"}, "page"),
        ({CUSTOMER: "1&status=Paid"}, CUSTOMER),
        ({COMPANY: "x" * 65}, COMPANY),
    ],
)
def test_parameters_that_make_no_sense_are_refused(given: dict[str, str], fault: str) -> None:
    form = InvoiceParams(given)
    assert not form.is_valid()
    assert list(form.errors) == [fault]


def test_one_id_is_enough() -> None:
    form = InvoiceParams({COMPANY: "330045"})
    assert form.is_valid()
    assert form.cleaned_data == {CUSTOMER: "", COMPANY: "330045", "status": "", "page": None}


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("03/09/2026", "2026-03-09"),
        ("03/09/2026 10:02:11 AM", "2026-03-09"),
        ("03/09/2026 23:59:59", "2026-03-09"),
        ("2026-03-09T23:59:59Z", "2026-03-09"),
        ("01/01/0001", None),
        ("01/01/0001 12:00:00 AM", None),
        ("", None),
        (None, None),
    ],
)
def test_dates_are_read_as_written(written: Any, day: str | None) -> None:
    assert iso_date(written) == day


def test_a_value_that_cannot_be_read_names_its_place() -> None:
    with pytest.raises(PayloadError, match="“soon”") as failure:
        iso_date("soon", "Data[0].invoiceHeader.TxnDate")
    assert failure.value.path == "Data[0].invoiceHeader.TxnDate"
    with pytest.raises(PayloadError):
        money("much")


def test_money_and_quantities_are_decimal_strings() -> None:
    assert [money(v) for v in (67.8, Decimal("0.125"), 1000, None)] == ["67.80", "0.125", "1000.00", "0.00"]
    assert [quantity(v) for v in (1.0, Decimal("2.50"), 100)] == ["1", "2.5", "100"]
