"""Splitting an order by store: every line where it ships from, every amount to the cent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.exceptions import RemoteRefused, RemoteUnavailable, Skip
from connectors.records import Fulfillment, LinePlace, Order, ShippingLine
from connectors.xoro import parts
from connectors.xoro.documents import documents_of, known_documents, third_party_source
from connectors.xoro.moneys import allocate, smallest_unit
from connectors.xoro.orders import push_order
from tests.connectors.xoro.cast import (
    FakeRun,
    Tenant,
    after,
    forget,
    make_line,
    make_order,
    make_payment,
    make_settings,
    make_tax,
    sent,
)
from tests.connectors.xoro.test_deposits import pay

MAP = [
    {"location": "31", "store": "EAST WAREHOUSE", "store_location": "B-01"},
    {"location": "Shop window", "store": "Main Store"},
]
SPLIT = {"split_orders": True, "location_map": MAP}
EAST, SHOP = ("31", "East"), ("32", "Shop window")


def at(*places: tuple[tuple[str, str], int]) -> tuple[LinePlace, ...]:
    return tuple(LinePlace(location_id=i, location_name=n, quantity=Decimal(units)) for (i, n), units in places)


def two_places(**changes: Any) -> Order:
    """Three lamps, two of them from the East, and a mug from the shop window; 20.01 off, a tip, shipping and tax."""
    lamps = make_line(
        id="1",
        quantity=Decimal(3),
        discount=Decimal("20.01"),
        taxes=(make_tax("8.70"),),
        places=at((EAST, 2), (SHOP, 1)),
    )
    mug = make_line(
        id="2", sku="MUG-BLU-350", quantity=Decimal(1), unit_price=Decimal("11.90"), taxes=(make_tax("0.71"),),
        places=at((SHOP, 1)),
    )  # fmt: skip
    members: dict[str, Any] = {
        "lines": (lamps, mug),
        "shipping_lines": (ShippingLine(id="5", price=Decimal("9.99"), taxes=(make_tax("0.60"),)),),
        "tip": Decimal("3.33"),
        "total_tax": Decimal("10.01"),
        "total": Decimal("180.22"),
        "payments": (make_payment("180.22"),),
    }
    return make_order(**(members | changes))


def numbers(tenant: Tenant) -> list[tuple[str, str, str]]:
    return [(one["ThirdPartyRefNo"], one["StoreName"], one["RefNo"]) for one in tenant.orders()]


def lines_by_store(tenant: Tenant) -> dict[str, dict[str, float]]:
    rows = {o["SoEstimateHeader"]["StoreName"]: o["SoEstimateItemLineArr"] for o in tenant.sandbox.books.orders}
    return {store: {one["ItemNumber"]: one["Qty"] for one in some} for store, some in rows.items()}


def test_an_order_becomes_one_part_for_each_store() -> None:
    order = two_places()
    found = parts.by_store(order, make_settings(**SPLIT))
    assert [(one.key, one.reference, one.place.store, one.place.store_location) for one in found] == [
        ("31", order.id, "EAST WAREHOUSE", "B-01"),
        ("32", f"{order.id}-32", "Main Store", ""),
    ]
    units = [{line.sku: line.quantity for line in one.order.lines} for one in found]
    assert units == [{"LMP-OAK-S": 2}, {"LMP-OAK-S": 1, "MUG-BLU-350": 1}]


def test_the_parts_make_the_whole_to_the_cent() -> None:
    order = two_places()
    shares = [one.order for one in parts.by_store(order, make_settings(**SPLIT))]
    for name in ("total", "tip", "total_tax"):
        assert sum((getattr(one, name) for one in shares), Decimal(0)) == getattr(order, name), name
    assert sum((line.discount for one in shares for line in one.lines), Decimal(0)) == Decimal("20.01")
    assert sum((one.shipping_lines[0].price for one in shares), Decimal(0)) == Decimal("9.99")
    assert all(one.total == parts.sum_of(one) for one in shares)


@given(
    amount=st.decimals(0, 10**7, places=2),
    weights=st.lists(st.decimals(0, 10**5, places=2), min_size=1, max_size=8),
    unit=st.sampled_from([Decimal("0.01"), Decimal(1), Decimal("0.001")]),
)
def test_whatever_is_divided_comes_out_whole(amount: Decimal, weights: list[Decimal], unit: Decimal) -> None:
    shares = allocate(amount, weights, unit)
    assert sum(shares, Decimal(0)) == amount
    assert all(share >= 0 for share in shares)


@given(first=st.decimals(1, 999, places=2), more=st.lists(st.decimals(1, 999, places=2), min_size=1, max_size=5))
def test_a_share_that_was_given_out_stays_right_when_others_follow(first: Decimal, more: list[Decimal]) -> None:
    amount, rest = Decimal("100.00"), sum(more, Decimal(0))
    assert allocate(amount, [first, rest], Decimal("0.01"))[0] == allocate(amount, [first, *more], Decimal("0.01"))[0]


@pytest.mark.parametrize(("currency", "unit"), [("USD", "0.01"), ("JPY", "1"), ("KWD", "0.001")])
def test_money_is_divided_by_the_smallest_unit_of_its_currency(currency: str, unit: str) -> None:
    assert smallest_unit(currency) == Decimal(unit)


def test_units_of_an_unmapped_or_unknown_location_ship_from_the_default_store() -> None:
    lines = (make_line(quantity=Decimal(2), places=at((("99", "Elsewhere"), 1)), taxes=()),)
    order = make_order(lines=lines, total=Decimal("122.80"))
    [one] = parts.by_store(order, make_settings(**SPLIT))
    assert (one.key, one.reference, one.place.store) == ("", order.id, "")


def test_orders_before_the_day_of_the_setting_stay_whole() -> None:
    settings = make_settings(**SPLIT, split_from="2026-03-08", import_time_zone="UTC")
    assert settings.split_from == date(2026, 3, 8)
    assert not parts.is_split(two_places(), settings)
    assert parts.is_split(two_places(created_at=datetime(2026, 3, 8, tzinfo=UTC)), settings)
    assert not parts.is_split(two_places(), make_settings())


def test_five_hundred_lines_are_divided_too() -> None:
    places = [at((EAST if n % 2 else SHOP, 1)) for n in range(500)]
    lines = tuple(
        make_line(id=str(n), unit_price=Decimal("1.01"), discount=Decimal("0.07"), taxes=(), places=places[n])
        for n in range(500)
    )
    order = make_order(lines=lines, total=Decimal("479.50"), total_tax=Decimal(0), payments=())
    found = parts.by_store(order, make_settings(**SPLIT))
    assert [len(one.order.lines) for one in found] == [250, 250]
    assert sum((one.order.total for one in found), Decimal(0)) == order.total


# --- sent -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_each_part_is_a_sales_order_with_its_share_of_the_deposit(tenant: Tenant) -> None:
    order = two_places()
    delivered = push_order(tenant.run(**SPLIT), order)
    assert numbers(tenant) == [(order.id, "EAST WAREHOUSE", "2041"), (f"{order.id}-32", "Main Store", "2041")]
    assert delivered.sentence == "Order #2041 is in Xoro as sales orders MAIN-S000001 and MAIN-S000002."
    deposits = [Decimal(str(one["Amount"])) for one in tenant.sandbox.books.deposits]
    assert sum(deposits, Decimal(0)) == order.total
    assert [Decimal(str(one["ThirdPartyTotalAmount"])) for one in tenant.orders()] == deposits


@pytest.mark.django_db
def test_a_part_that_failed_is_sent_alone_the_next_time(tenant: Tenant) -> None:
    order = two_places()
    body = {"lines": (order.lines[0], replace(order.lines[1], sku="NOPE"))}
    with pytest.raises(Exception, match="Item not found: NOPE"):
        push_order(tenant.run(**SPLIT), replace(order, **body))
    assert len(tenant.orders()) == 1
    again = tenant.run(**SPLIT)
    push_order(again, order)
    assert [one[0] for one in numbers(tenant)] == [order.id, f"{order.id}-32"]
    assert "found_existing" not in again.notes  # the first part was known, not looked for
    assert lines_by_store(tenant) == {
        "EAST WAREHOUSE": {"LMP-OAK-S": 2, "HUB-TIP": 1},
        "Main Store": {"LMP-OAK-S": 1, "MUG-BLU-350": 1, "HUB-TIP": 1},
    }


def half_sent(tenant: Tenant, order: Order) -> FakeRun:
    """Only the first part arrived: Xoro does not know the mug's SKU."""
    run = tenant.run(**SPLIT)
    with pytest.raises(RemoteRefused, match="Item not found: NOPE"):
        push_order(run, replace(order, lines=(order.lines[0], replace(order.lines[1], sku="NOPE"))))
    return run


@pytest.mark.django_db
def test_an_order_of_which_only_a_part_arrived_says_so(tenant: Tenant) -> None:
    run = half_sent(tenant, two_places())
    assert run.notes["half_sent"].startswith("Only a part of order #2041 is in Xoro, as MAIN-S000001;")


@pytest.mark.django_db
def test_what_changed_before_the_second_part_arrived_reaches_the_first_too(tenant: Tenant) -> None:
    order = two_places()
    half_sent(tenant, order)
    again = tenant.run(**SPLIT)
    push_order(again, replace(order, note="ring twice"))
    assert [(one["OrderNumber"], one["Memo"]) for one in sorted(tenant.orders(), key=lambda o: o["OrderNumber"])] == [
        ("MAIN-S000001", "ring twice"),
        ("MAIN-S000002", "ring twice"),
    ]
    assert sum(Decimal(str(one["Amount"])) for one in tenant.sandbox.books.deposits) == order.total


@pytest.mark.django_db
def test_an_order_cancelled_before_its_second_part_arrived_is_taken_back_whole(tenant: Tenant) -> None:
    half_sent(tenant, two_places())
    run = tenant.run(**SPLIT)
    ended = push_order(run, replace(two_places(), cancelled_at=two_places().created_at))
    assert ended.sentence == "Cancelled MAIN-S000001 in Xoro, because order #2041 was cancelled."
    assert [one["StatusName"] for one in tenant.orders()] == ["Cancelled"]
    assert "to be given back in Xoro by hand" in run.notes["half_sent"]


@pytest.mark.django_db
def test_a_shipped_part_whose_goods_all_came_back_stops_nothing(tenant: Tenant) -> None:
    order = two_places()
    run = sent(tenant, order, **SPLIT)
    tenant.control("ship", order_number="MAIN-S000002")
    lamps = replace(order.lines[0], quantity=Decimal(2), discount=Decimal(0), taxes=(make_tax("6.60"),))
    total = Decimal("110.00") + Decimal("9.99") + Decimal("3.33") + Decimal("7.20")
    push_order(run, replace(order, lines=(lamps,), total=total, total_tax=Decimal("7.20")))
    assert "becomes a credit memo" in run.notes["by_credit_memo"]
    assert {one["OrderNumber"]: one["StatusName"] for one in tenant.orders()} == {
        "MAIN-S000001": "Released",
        "MAIN-S000002": "Shipped",
    }


@pytest.mark.django_db
def test_goods_of_a_part_that_came_back_leave_the_money_of_the_other_part_alone(tenant: Tenant) -> None:
    order = two_places(lines=(replace(two_places().lines[0], places=at((EAST, 3))), two_places().lines[1]))
    run = sent(tenant, order, **SPLIT)
    before = {one["OrderNumber"]: one["TotalAmount"] for one in tenant.orders()}
    tenant.control("ship", order_number="MAIN-S000001")
    lamps = replace(order.lines[0], quantity=Decimal(1), discount=Decimal("6.67"), taxes=(make_tax("2.90"),))
    total = Decimal("48.33") + Decimal("11.90") + Decimal("9.99") + Decimal("3.33") + Decimal("4.21")
    less = replace(order, lines=(lamps, order.lines[1]), total=total, total_tax=Decimal("4.21"))
    push_order(run, less)
    assert {one["OrderNumber"]: one["TotalAmount"] for one in tenant.orders()} == before
    assert run.notes["shares_stay"].startswith("MAIN-S000002 stays as it is")


@pytest.mark.django_db
def test_which_units_of_a_line_in_two_parts_came_back_is_a_persons_to_say(tenant: Tenant) -> None:
    """Two lamps were sent from the East and came back; the third, in the shop window, is still to be sent."""
    order = two_places()
    run = sent(tenant, order, **SPLIT)
    tenant.control("ship", order_number="MAIN-S000001")
    lamps = replace(order.lines[0], quantity=Decimal(1), discount=Decimal("6.67"), taxes=(make_tax("2.90"),))
    total = Decimal("48.33") + Decimal("11.90") + Decimal("9.99") + Decimal("3.33") + Decimal("4.21")
    with pytest.raises(RemoteRefused, match="MAIN-S000002 is to be sent, while another part") as failed:
        push_order(run, replace(order, lines=(lamps, order.lines[1]), total=total, total_tax=Decimal("4.21")))
    assert failed.value.code == "in_warehouse"
    assert lines_by_store(tenant)["Main Store"]["LMP-OAK-S"] == 1


@pytest.mark.django_db
def test_a_payment_after_a_part_was_cancelled_goes_to_the_other_part(tenant: Tenant) -> None:
    order = two_places(payments=(), financial_status="pending")
    run = sent(tenant, order, **SPLIT)
    lamps = replace(
        order.lines[0], quantity=Decimal(2), discount=Decimal(0), taxes=(make_tax("6.60"),), places=at((EAST, 2))
    )
    total = Decimal("110.00") + Decimal("9.99") + Decimal("3.33") + Decimal("7.20")
    less = replace(order, lines=(lamps,), total=total, total_tax=Decimal("7.20"))
    delivered = push_order(run, less)
    paid = after(tenant, delivered, **SPLIT)
    push_order(paid, replace(less, payments=(make_payment(str(total)),)))
    pay(tenant, paid, **SPLIT)
    rows = [(one["OrderNumber"], one["Amount"]) for one in tenant.sandbox.books.deposits]
    assert rows == [("MAIN-S000001", float(total))]


@pytest.mark.django_db
def test_a_lost_answer_to_the_second_part_makes_no_third_document(tenant: Tenant) -> None:
    order = two_places()
    request = tenant.http.request

    def lose(method: str, url: str, **more: Any) -> Any:
        answer = request(method, url, **more)
        if more.get("write") and len(tenant.writes()) == 2:
            raise RemoteUnavailable("The connection broke.", code="reset")
        return answer

    tenant.http.request = lose  # type: ignore[method-assign]
    push_order(tenant.run(**SPLIT), order)
    assert len(tenant.orders()) == len(tenant.writes()) == 2


@pytest.mark.django_db
def test_a_payment_that_comes_later_is_divided_among_the_parts(tenant: Tenant) -> None:
    order = two_places(payments=())
    run = sent(tenant, order, **SPLIT)
    push_order(run, two_places())
    pay(tenant, run, **SPLIT)
    rows = [(one["ThirdPartyRefNo"], one["OrderNumber"]) for one in tenant.sandbox.books.deposits]
    assert rows == [("9001", "MAIN-S000001"), ("9001-32", "MAIN-S000002")]
    assert sum(Decimal(str(one["Amount"])) for one in tenant.sandbox.books.deposits) == order.total


@pytest.mark.django_db
def test_units_stay_where_they_are_when_a_split_order_changes(tenant: Tenant) -> None:
    order = two_places()
    run = sent(tenant, order, **SPLIT)
    lamps = replace(order.lines[0], quantity=Decimal(2), discount=Decimal("20.01"), places=at((SHOP, 2)))
    changed = replace(order, lines=(lamps, order.lines[1]), total=order.total - Decimal("55.00"))
    push_order(run, changed)
    lines = {o["SoEstimateHeader"]["StoreName"]: o["SoEstimateItemLineArr"] for o in tenant.sandbox.books.orders}
    assert {store: {one["ItemNumber"]: one["Qty"] for one in some} for store, some in lines.items()} == {
        "EAST WAREHOUSE": {"LMP-OAK-S": 2, "HUB-TIP": 1},
        "Main Store": {"MUG-BLU-350": 1, "HUB-TIP": 1},
    }


@pytest.mark.django_db
def test_a_part_of_which_nothing_is_left_is_cancelled(tenant: Tenant) -> None:
    order = two_places()
    run = sent(tenant, order, **SPLIT)
    lamps = replace(
        order.lines[0], quantity=Decimal(2), discount=Decimal(0), taxes=(make_tax("6.60"),), places=at((EAST, 2))
    )
    total = Decimal("110.00") + Decimal("9.99") + Decimal("3.33") + Decimal("7.20")
    push_order(run, replace(order, lines=(lamps,), total=total, total_tax=Decimal("7.20")))
    assert {one["StoreName"]: one["StatusName"] for one in tenant.orders()} == {
        "EAST WAREHOUSE": "Released",
        "Main Store": "Cancelled",
    }


@pytest.mark.django_db
def test_cancelling_a_split_order_cancels_every_part(tenant: Tenant) -> None:
    order = two_places()
    run = sent(tenant, order, **SPLIT)
    push_order(run, replace(order, cancelled_at=order.created_at))
    assert [one["StatusName"] for one in tenant.orders()] == ["Cancelled", "Cancelled"]


@pytest.mark.django_db
def test_units_a_store_cannot_promise_move_to_one_that_can(tenant: Tenant) -> None:
    tenant.control("stock", sku="LMP-OAK-S", store="EAST WAREHOUSE", available=1)
    lines = (make_line(id="1", quantity=Decimal(3), taxes=(), places=at((EAST, 3))),)
    order = make_order(lines=lines, total=Decimal("177.80"), payments=())
    stock = {("LMP-OAK-S", "EAST WAREHOUSE"): Decimal(1), ("LMP-OAK-S", "Main Store"): Decimal(60)}
    found = parts.by_store(order, make_settings(**SPLIT), stock=stock)
    units = {one.place.store: sum(line.quantity for line in one.order.lines) for one in found}
    assert units == {"EAST WAREHOUSE": 1, "Main Store": 2}


@pytest.mark.django_db
def test_an_order_is_split_by_what_the_stores_can_promise(tenant: Tenant) -> None:
    tenant.control("stock", sku="LMP-OAK-S", store="EAST WAREHOUSE", available=1)
    lines = (make_line(id="1", quantity=Decimal(3), taxes=(), places=at((EAST, 3))),)
    order = make_order(lines=lines, total=Decimal("177.80"), payments=())
    push_order(tenant.run(**SPLIT, split_all_locations=True), order)
    units = {
        one["SoEstimateHeader"]["StoreName"]: one["SoEstimateItemLineArr"][0]["Qty"]
        for one in tenant.sandbox.books.orders
    }
    assert units == {"EAST WAREHOUSE": 1, "Main Store": 2}


@pytest.mark.django_db
def test_an_order_without_locations_says_so_and_stays_whole(tenant: Tenant) -> None:
    run = tenant.run(**SPLIT)
    push_order(run, make_order())
    assert "does not say where its lines ship from" in run.notes["no_locations"]
    assert len(tenant.orders()) == 1


# --- invoices -------------------------------------------------------------------------------------------------------

INVOICES = {"drop_as": "invoices"}


@pytest.mark.django_db
def test_an_order_becomes_an_invoice_where_the_connector_says_so(tenant: Tenant) -> None:
    delivered = push_order(tenant.run(**INVOICES), make_order())
    [invoice] = tenant.sandbox.books.invoices
    header = invoice["invoiceHeader"]
    assert (header["ThirdPartyRefNo"], header["TxnDate"], header["StatusName"]) == (
        make_order().id,
        "03/07/2026",
        "Paid",
    )
    assert delivered.sentence == "Order #2041 is in Xoro as invoice MAIN-I000001."
    assert tenant.orders() == []


@pytest.mark.django_db
def test_no_invoice_is_sent_where_the_tenant_has_no_such_route(tenant: Tenant) -> None:
    tenant.control("config", routes_disabled=["invoice/import"])
    with pytest.raises(Exception, match="no route to create invoices"):
        push_order(tenant.run(**INVOICES), make_order())
    assert tenant.writes() == []


@pytest.mark.django_db
def test_a_lost_answer_makes_no_second_invoice(tenant: Tenant) -> None:
    tenant.fault("lost_answer", "/api/xerp/invoice/import")
    run = tenant.run(**INVOICES)
    run.checkpoint["invoice_route"] = "invoice/import"  # asked before
    push_order(run, make_order())
    assert len(tenant.sandbox.books.invoices) == len(tenant.writes()) == 1
    assert "MAIN-I000001" in run.notes["found_existing"]


@pytest.mark.django_db
def test_each_fulfillment_becomes_an_invoice_and_together_they_are_the_order(tenant: Tenant) -> None:
    both = {**INVOICES, **SPLIT}
    order = two_places()
    with pytest.raises(Skip, match="Nothing of order #2041 is shipped yet"):
        push_order(tenant.run(**both), order)
    first = Fulfillment(id="801", location_id="31", location_name="East", units=(("1", Decimal(2)),))
    second = Fulfillment(
        id="802", location_id="32", location_name="Shop window", units=(("1", Decimal(1)), ("2", Decimal(1)))
    )
    delivered = push_order(tenant.run(**both), replace(order, fulfillments=(first,)))
    run = after(tenant, delivered, **both)
    push_order(run, replace(order, fulfillments=(first, second)))
    headers = [one["invoiceHeader"] for one in tenant.sandbox.books.invoices]
    assert [(one["ThirdPartyRefNo"], one["StoreName"]) for one in headers] == [
        (order.id, "EAST WAREHOUSE"),
        (f"{order.id}-802", "Main Store"),
    ]
    assert sum(Decimal(str(one["ThirdPartyTotalAmount"])) for one in headers) == order.total
    known = known_documents(run, third_party_source(order, run.settings), order.id)
    assert [one.part for one in known] == ["801", "802"]


@pytest.mark.django_db
def test_a_payment_after_an_invoice_is_a_persons_to_enter(tenant: Tenant) -> None:
    run = sent(tenant, make_order(payments=()), **INVOICES)
    push_order(run, make_order())
    with pytest.raises(RemoteRefused, match="deposits are taken on sales orders only") as refused:
        pay(tenant, run, **INVOICES)
    assert refused.value.code == "manual_task"
    assert "Enter the payment on MAIN-I000001 in Xoro." in refused.value.next_step


@pytest.mark.django_db
def test_a_cancelled_order_that_is_an_invoice_is_a_persons_task(tenant: Tenant) -> None:
    run = sent(tenant, make_order(), **INVOICES)
    with pytest.raises(RemoteRefused, match="MAIN-I000001 is invoiced") as refused:
        push_order(run, replace(make_order(), cancelled_at=datetime(2026, 3, 8, tzinfo=UTC)))
    assert refused.value.code == "in_warehouse"
    assert len(tenant.writes()) == 1


@pytest.mark.django_db
def test_an_invoice_the_memory_lost_is_read_by_its_reference(tenant: Tenant) -> None:
    run = sent(tenant, make_order(), **INVOICES)
    forget()
    [one] = documents_of(run, third_party_source(make_order(), run.settings), make_order().id)
    assert (one.number, one.kind) == ("MAIN-I000001", "invoice")
