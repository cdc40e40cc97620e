"""What the ERP's developer is told."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connectors.generic_erp.contract import check_all, check_answer
from connectors.generic_erp.functions import BALANCE, FUNCTIONS, INVOICES, ORDER, ORDERS, SHIPPING_METHODS, TAXES
from connectors.generic_erp.reading import Asked
from connectors.generic_erp.settings import GenericErpSettings

from .conftest import sample

ASKED = Asked(customer_code="BRK-2210", basket_total=Decimal("230.50"))
NOW = datetime(2025, 8, 21, 8, tzinfo=UTC)


def check(function, answer, **settings):
    found = check_answer(function, answer, ASKED, GenericErpSettings(**settings), now=NOW)
    return [(one.level, one.sentence) for one in found]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_it_finds_nothing_wrong_with_the_canonical_answers(function):
    assert check(function, sample(f"{function.name}.response")) == []


def test_it_names_the_first_deviation_of_each_field_and_goes_on():
    answer = sample("invoices.response")
    first = answer["data"][0]
    answer["data"] = [
        first,
        {**first, "total": None},
        first,
        {**first, "invoice_date": "31/02"},
        {**first, "invoice_date": 5.5},
    ]
    del answer["data"][2]["balance"]
    found = check(INVOICES, answer)
    assert ("error", 'invoices[3].invoice_date: text "31/02", expected ISO date') in found
    assert ("error", "invoices[1].total: missing, expected a decimal number") in found
    assert len([text for _, text in found if "invoice_date" in text]) == 1


def test_it_counts_how_often_a_field_deviates():
    answer = sample("orders.response")
    answer["data"] = [{**answer["data"][0], "total": "n/a"} for _ in range(4)]
    (found,) = check_answer(ORDERS, answer, ASKED, GenericErpSettings(), now=NOW)
    assert found.count == 4
    assert found.as_dict() == {
        "function": "orders",
        "level": "error",
        "path": "orders[0].total",
        "sentence": 'orders[0].total: text "n/a", expected a decimal number (and 3 more)',
    }


def test_it_calls_an_invoice_without_balance_an_error_though_the_shop_shows_it():
    answer = sample("invoices.response")
    del answer["data"][0]["balance"]
    assert check(INVOICES, answer) == [("error", "invoices[0].balance: missing, expected a decimal number")]


def test_it_calls_what_is_tolerated_a_remark():
    answer = sample("orders.response")
    row = answer["data"][0]
    row["order_no"] = row.pop("order_number")
    row["total"] = Decimal("259.14")
    row["order_date"] = 1755613325
    row["requested_date"] = "soon"
    found = check(ORDERS, {"orders": answer["data"]})
    assert {level for level, _ in found} == {"remark"}
    texts = " | ".join(text for _, text in found)
    for part in (
        "found under orders",
        "found as order_no",
        "has decimal text",
        "1755613325",
        '"soon"',
        "page.total: missing",
    ):
        assert part in texts


@pytest.mark.parametrize(
    ("function", "answer", "part"),
    [
        (ORDERS, {}, "orders: missing, expected a list"),
        (ORDER, {"data": []}, "order: a list, expected an object"),
        (BALANCE, {"data": {}}, "balance.total_balance: missing"),
        (TAXES, {"data": {"salestax_amount": Decimal("-1")}}, "cannot be negative"),
        (TAXES, {"data": {"salestax_amount": Decimal("231")}}, "more than the basket"),
        (
            SHIPPING_METHODS,
            {"shipping_methods": [{"fixed_rate": 1, "total": "1.00"}]},
            "shipping_methods[0].label: missing",
        ),
        (ORDERS, {"data": [5]}, "orders[0]: number 5, expected an object"),
        (ORDERS, {"error": "Ledger closed", "data": []}, "Ledger closed"),
    ],
)
def test_it_reports_each_break_of_the_contract_as_an_error(function, answer, part):
    found = check(function, answer)
    assert any(level == "error" and part in text for level, text in found), found


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
@pytest.mark.parametrize("answer", [{}, [], {"data": {}}, {"data": [{}]}, {"data": [None]}, {"data": None}, 5])
def test_it_goes_on_to_the_end_whatever_comes(function, answer):
    assert any(level == "error" for level, _ in check(function, answer)) or answer in ([], {"data": []})


def test_it_puts_errors_before_remarks():
    answer = sample("orders.response")
    answer["data"][0].update(currency="usd", total=None)
    assert [level for level, _ in check(ORDERS, answer)] == ["error", "remark"]


def test_it_wants_numbers_and_two_digit_text_at_checkout():
    assert check(TAXES, {"data": {"salestax_amount": "16.14"}})[0][0] == "remark"
    methods = [{"label": "Van", "fixed_rate": "12.5", "total": "12.5"}]
    assert [level for level, _ in check(SHIPPING_METHODS, {"shipping_methods": methods})] == ["remark", "remark"]


def test_it_checks_every_function_that_is_on():
    settings = GenericErpSettings(orders_url="https://erp.example/o", taxes_url="https://erp.example/t")
    found = check_all(lambda function: (sample(f"{function.name}.response"), ASKED), settings, now=NOW)
    assert found == {"orders": [], "taxes": []}


def test_it_shows_no_credential():
    answer = sample("orders.response")
    answer["data"][0]["order_date"] = "s3cr3t"
    assert "s3cr3t" not in str(check(ORDERS, answer, token="s3cr3t"))
