"""Wrappers, aliases, paging, field map and ownership: what all answers have in common."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from connectors.exceptions import PayloadError, RemoteRefused
from connectors.generic_erp.answers import READERS, read_answer
from connectors.generic_erp.functions import BALANCE, FUNCTIONS, INVOICE, INVOICES, ORDER, ORDERS, SHIPPING_METHODS
from connectors.generic_erp.reading import Asked
from connectors.generic_erp.settings import GenericErpSettings

from .conftest import sample

NOW = datetime(2025, 8, 21, 8, tzinfo=UTC)
ASKED = Asked(customer_code="BRK-2210", basket_total=Decimal("230.50"))


def read(function, answer, asked=ASKED, **settings):
    return read_answer(function, answer, asked, GenericErpSettings(**settings), now=NOW)


def orders(**changes):
    answer = sample("orders.response")
    answer["data"][0].update(changes)
    return answer


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_it_reads_the_canonical_answer_without_a_note(function):
    reading = read(function, sample(f"{function.name}.response"))
    assert reading.notes == []
    assert json.loads(json.dumps(reading.data)) == reading.data


@pytest.mark.parametrize(
    "wrap",
    [
        lambda rows: {"data": rows},
        lambda rows: {"orders": rows},
        lambda rows: {"items": rows},
        lambda rows: {"data": {"orders": rows}},
        lambda rows: rows,
    ],
)
def test_it_finds_the_rows_in_any_usual_wrapper(wrap):
    rows = sample("orders.response")["data"]
    assert read(ORDERS, wrap(rows)).data["orders"] == read(ORDERS, sample("orders.response")).data["orders"]


@pytest.mark.parametrize(
    ("function", "wrap"),
    [
        (ORDER, lambda one: {"order": one}),
        (ORDER, lambda one: {"data": {"order": one}}),
        (ORDER, lambda one: one),
        (INVOICE, lambda one: {"invoice": one}),
        (INVOICE, lambda one: one),
        (BALANCE, lambda one: {"balance": one}),
        (BALANCE, lambda one: one),
    ],
)
def test_it_finds_the_record_in_any_usual_wrapper(function, wrap):
    answer = sample(f"{function.name}.response")
    assert read(function, wrap(answer["data"])).data == read(function, answer).data


@pytest.mark.parametrize("answer", [{}, {"data": None}, {"data": 5}, {"data": {"rows": []}}, {"orders": "none"}])
def test_it_calls_an_answer_without_rows_a_bad_response(answer):
    with pytest.raises(PayloadError) as caught:
        read(ORDERS, answer)
    assert caught.value.code == "bad_response"


@pytest.mark.parametrize(
    ("member", "aliases"),
    [
        ("order_id", ["id"]),
        ("order_number", ["number", "order_no"]),
        ("order_date", ["date", "created_at"]),
        ("po_number", ["po_reference", "customer_po"]),
    ],
)
def test_it_knows_the_other_names_of_an_orders_members(member, aliases):
    expected = read(ORDERS, sample("orders.response")).data["orders"]
    for alias in aliases:
        answer = sample("orders.response")
        answer["data"][0][alias] = answer["data"][0].pop(member)
        assert read(ORDERS, answer).data["orders"] == expected


@pytest.mark.parametrize(
    ("member", "alias"),
    [("sku", "item_sku"), ("sku", "item_code"), ("quantity", "qty"), ("quantity", "quantity_ordered")],
)
def test_it_knows_the_other_names_of_a_lines_members(member, alias):
    answer = sample("order.response")
    for line in answer["data"]["lines"]:
        line[alias] = line.pop(member)
    assert read(ORDER, answer).data == read(ORDER, sample("order.response")).data


@pytest.mark.parametrize(
    ("member", "alias"), [("zip", "postcode"), ("zip", "postal_code"), ("address1", "line_1"), ("address3", "line_3")]
)
def test_it_knows_the_other_names_of_an_addresss_members(member, alias):
    answer = sample("order.response")
    address = answer["data"]["shipping_address"]
    address[alias] = address.pop(member)
    assert read(ORDER, answer).data == read(ORDER, sample("order.response")).data


@pytest.mark.parametrize("alias", ["open_balance", "amount_due"])
def test_it_knows_the_other_names_of_a_balance(alias):
    answer = sample("invoices.response")
    answer["data"][0][alias] = answer["data"][0].pop("balance")
    assert read(INVOICES, answer).data["invoices"][0]["is_payable"]


def test_it_prefers_our_own_name_to_an_alias():
    assert read(ORDERS, orders(id="OTHER")).data["orders"][0]["order_id"] == "SO-0009914"
    assert read(ORDERS, orders(order_id=None, id="OTHER")).data["orders"][0]["order_id"] == "OTHER"


@pytest.mark.parametrize(
    ("page", "per_page", "rows", "total", "has_next"),
    [
        (1, 2, 2, 5, True),  # first
        (2, 2, 2, 5, True),  # middle
        (3, 2, 1, 5, False),  # last
        (2, 2, 2, 4, False),  # last and full
        (9, 2, 0, 5, False),  # past the end
        (2, 2, 0, 50, False),  # no rows though the total promises some
        (1, 2, 2, None, True),  # no total: full
        (2, 2, 1, None, False),  # no total: not full
        (3, 2, 0, None, False),  # no total: past the end
    ],
)
def test_it_pages(page, per_page, rows, total, has_next):
    answer = {"data": sample("orders.response")["data"] * rows, "current_page": page, "per_page": per_page}
    if total is not None:
        answer["total"] = total
    shown = read(ORDERS, answer, Asked(customer_code="BRK-2210", page=page, per_page=per_page)).data["page"]
    assert shown == {"current_page": page, "per_page": per_page, "total": total, "has_next": has_next}


@pytest.mark.parametrize(
    "total",
    [
        {"total": 41},
        {"total_count": 41},
        {"total_records": "41"},
        {"meta": {"total": 41}},
        {"meta": {"pagination": {"total": 41}}},
    ],
)
def test_it_finds_the_total_where_the_erp_keeps_it(total):
    answer = {"data": sample("orders.response")["data"], **total}
    assert read(ORDERS, answer).data["page"]["total"] == 41


def test_it_believes_the_page_size_the_erp_answered_with():
    answer = {"data": sample("orders.response")["data"] * 2, "per_page": 2}
    assert read(ORDERS, answer, Asked(customer_code="BRK-2210", per_page=500)).data["page"]["has_next"]


def test_it_trusts_no_record_whose_owner_is_illegible():
    reading = read(ORDERS, orders(customer_code={"code": "HAR-3304"}))
    assert reading.data["orders"] == []
    assert {note.code for note in reading.notes} == {"bad_response", "unreadable"}
    answer = sample("balance.response")
    answer["data"]["customer_code"] = ["HAR-3304"]
    with pytest.raises(PayloadError):
        read(BALANCE, answer)


def test_it_drops_rows_of_other_customers_and_says_so():
    answer = sample("orders.response")
    answer["data"] *= 2
    answer["data"][1] = {**answer["data"][1], "customer_code": "HAR-3304", "order_id": "SECRET"}
    reading = read(ORDERS, answer)
    assert "SECRET" not in json.dumps(reading.data)
    assert len(reading.data["orders"]) == 1
    assert [(note.code, note.text) for note in reading.notes] == [
        ("bad_response", "orders[1].customer_code: belongs to another customer, dropped")
    ]


@pytest.mark.parametrize("function", [ORDER, INVOICE, BALANCE], ids=lambda function: function.name)
def test_it_shows_no_record_of_another_customer(function):
    answer = sample(f"{function.name}.response")
    answer["data"]["customer_code"] = "HAR-3304"
    with pytest.raises(PayloadError) as caught:
        read(function, answer)
    assert caught.value.path == "data.customer_code"


def test_it_names_the_path_of_what_it_cannot_read():
    answer = sample("invoices.response")
    answer["data"] = [*answer["data"] * 3, {**answer["data"][0], "invoice_date": "31/02"}]
    with pytest.raises(PayloadError) as caught:
        read(INVOICES, answer)
    assert caught.value.path == "data[3].invoice_date"
    sentence = 'ERP answer cannot be used: invoices[3].invoice_date: text "31/02", expected ISO date'
    assert caught.value.sentence == sentence


def test_it_gathers_the_same_fault_of_many_rows_in_one_note():
    answer = sample("orders.response")
    answer["data"] = [{**answer["data"][0], "requested_date": "soon"} for _ in range(9)]
    notes = read(ORDERS, answer).notes
    assert [note.code for note in notes] == ["unreadable"]
    assert notes[0].text.endswith("(and 8 more)")


def test_it_takes_the_erps_word_where_an_unreadable_answer_has_an_error():
    with pytest.raises(RemoteRefused) as caught:
        read(BALANCE, {"data": {"note": "-"}, "error": {"message": "Ledger s3cr3t locked"}}, token="s3cr3t")
    assert (caught.value.code, caught.value.sentence) == ("erp_error", "Ledger *** locked")


def test_it_keeps_the_data_of_a_partial_success():
    reading = read(ORDERS, {**orders(), "errors": [{"message": "one company is closed"}]})
    assert len(reading.data["orders"]) == 1
    assert [note.code for note in reading.notes] == ["partial"]


def test_it_masks_credentials_that_the_erp_echoes():
    with pytest.raises(PayloadError) as caught:
        read(ORDERS, orders(order_date="s3cr3t"), token="s3cr3t")
    assert "s3cr3t" not in caught.value.sentence


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["data", "orders", "invoices", "order_id", "total", "balance", "lines", "shipping_methods", "label"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@hypothesis_settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(READERS)), JSON)
def test_it_reads_any_json_or_raises_a_payload_error(name, answer):
    function = next(function for function in FUNCTIONS if function.name == name)
    try:
        reading = read(function, answer)
    except PayloadError as error:
        assert error.sentence  # noqa: PT017
    else:
        json.dumps(reading.data)


@pytest.mark.parametrize("function", [ORDER, INVOICE, BALANCE, SHIPPING_METHODS], ids=lambda function: function.name)
def test_it_never_shows_a_binary_float(function):
    def leaves(value):
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return [value] if not inner else [leaf for one in inner for leaf in leaves(one)]

    assert not [
        leaf for leaf in leaves(read(function, sample(f"{function.name}.response")).data) if isinstance(leaf, float)
    ]
