"""A connector's own names for things."""

import copy
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connectors.exceptions import PayloadError
from connectors.generic_erp.answers import read_answer
from connectors.generic_erp.functions import ORDER, ORDERS
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


def test_it_reads_a_mapped_member_from_its_expression_only():
    field_map = {"orders.order_number": "doc.no", "orders.total": "sum"}
    mapped = read(ORDERS, orders(doc={"no": "A-7"}, sum="3.00"), field_map=field_map).data["orders"][0]
    assert (mapped["order_number"], mapped["total"]) == ("A-7", "3.00")
    with pytest.raises(PayloadError) as caught:
        read(ORDERS, orders(), field_map=field_map)
    assert caught.value.path == "data[0].sum"


def test_it_reads_rows_paging_and_nested_members_through_the_field_map():
    answer = {"result": {"docs": sample("orders.response")["data"], "count": 77}}
    reading = read(ORDERS, answer, field_map={"orders": "result.docs", "orders.page.total": "result.count"})
    assert (len(reading.data["orders"]), reading.data["page"]["total"]) == (1, 77)
    order = copy.deepcopy(sample("order.response"))
    order["data"]["lines"][0]["material"] = "M-1"
    order["data"].update(ship_name="Dock 4")
    field_map = {
        "order.lines.sku": "material || sku",
        "order.shipping_address": "{name: ship_name}",
        "orders.note": "x",
    }
    shown = read(ORDER, order, field_map=field_map).data["order"]
    assert [line["sku"] for line in shown["lines"]] == ["M-1", "TONER-77K"]
    assert shown["shipping_address"]["name"] == "Dock 4"


def test_it_uses_the_lists_map_for_one_record_too():
    answer = sample("order.response")
    answer["data"]["doc_no"] = "A-7"
    assert read(ORDER, answer, field_map={"orders.order_number": "doc_no"}).data["order"]["order_number"] == "A-7"


def test_it_does_not_look_for_one_record_where_the_list_keeps_its_rows():
    assert read(ORDER, sample("order.response"), field_map={"orders": "result.docs"}).data["order"]


def test_it_blames_the_field_map_for_an_expression_that_does_not_fit():
    with pytest.raises(PayloadError) as caught:
        read(ORDERS, orders(), field_map={"orders.total": "sum(order_number)"})
    assert "field map" in caught.value.sentence
