"""Changes of an order that was sent: replaced or cancelled before the warehouse begins, left to a person afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.exceptions import RemoteRefused, RemoteUnavailable, Skip, UnconfirmedWrite
from connectors.records import Order
from connectors.xoro.depositimport import import_deposit
from connectors.xoro.documents import known_documents, third_party_source
from connectors.xoro.orders import push_order
from tests.connectors.xoro.cast import (
    ADDRESS,
    FakeRun,
    Tenant,
    after,
    forget,
    make_line,
    make_order,
    make_payment,
    sent,
)
from tests.connectors.xoro.test_parts import SPLIT, two_places

pytestmark = pytest.mark.django_db

CREATE = "/api/xerp/salesorder/create"
CANCEL = "/api/xerp/salesorder/cancel"
SEARCH = "/api/xerp/salesorder/getsalesorder"
TWO = replace(
    make_order(),
    lines=(make_line(), make_line(id="77", sku="MUG-BLU-350", unit_price=Decimal("10.00"), taxes=())),
    total=Decimal("77.80"),
    payments=(make_payment("77.80"),),
)


def more_units(order: Order) -> Order:
    """One lamp more: 55.00 and 3.30 tax on top."""
    line = replace(
        order.lines[0], quantity=Decimal(2), taxes=(replace(order.lines[0].taxes[0], amount=Decimal("6.60")),)
    )
    total = order.total + Decimal("58.30")
    return replace(order, lines=(line, *order.lines[1:]), total=total, total_tax=Decimal("6.60"))


def without_mug(order: Order) -> Order:
    return replace(order, lines=order.lines[:1], total=order.total - Decimal("10.00"))


def moved(order: Order) -> Order:
    return replace(order, shipping_address=replace(ADDRESS, address1="7 Elm Row", city="Bend"))


def cancelled(order: Order) -> Order:
    return replace(order, cancelled_at=datetime(2026, 3, 8, 9, 0, tzinfo=UTC))


def import_all(tenant: Tenant, run: FakeRun, before: Order, order: Order) -> None:
    """The deposit of what was paid between two versions of an order."""
    asked = tenant.run()
    asked.payload = {
        "source": third_party_source(order, run.settings), "order_id": order.id, "order_name": order.name,
        "ref_no": order.number, "customer_name": "Ada Brook", "currency": order.currency,
        "payment_id": order.payments[-1].id, "gateway": "card", "amount": str(order.payments[-1].amount),
        "at": before.created_at.isoformat(),
    }  # fmt: skip
    import_deposit(asked)


def units(tenant: Tenant) -> dict[str, Any]:
    [order] = tenant.sandbox.books.orders
    return {line["ItemNumber"]: line["Qty"] for line in order["SoEstimateItemLineArr"]}


def number_of(tenant: Tenant) -> str:
    return str(tenant.orders()[0]["OrderNumber"])


def test_more_units_replace_the_sales_order_under_its_number(tenant: Tenant) -> None:
    run = sent(tenant, make_order())
    delivered = push_order(run, more_units(make_order()))
    [header] = tenant.orders()
    assert (header["OrderNumber"], header["TotalAmount"], units(tenant)) == ("MAIN-S000001", 126.1, {"LMP-OAK-S": 2})
    assert delivered.sentence.startswith("Changed MAIN-S000001 in Xoro with order #2041.")
    assert delivered.target_id == str(header["Id"])


def test_a_new_line_is_added(tenant: Tenant) -> None:
    run = sent(tenant, without_mug(TWO))
    push_order(run, TWO)
    assert units(tenant) == {"LMP-OAK-S": 1, "MUG-BLU-350": 1}


def test_a_line_that_was_removed_is_gone(tenant: Tenant) -> None:
    run = sent(tenant, TWO)
    push_order(run, without_mug(TWO))
    assert units(tenant) == {"LMP-OAK-S": 1}


def test_another_address_is_sent(tenant: Tenant) -> None:
    run = sent(tenant, make_order())
    push_order(run, moved(make_order()))
    assert (tenant.orders()[0]["ShipToAddr"], tenant.orders()[0]["ShipToCity"]) == ("7 Elm Row", "Bend")


def test_a_replacement_takes_no_deposit_a_second_time(tenant: Tenant) -> None:
    run = sent(tenant, make_order())
    push_order(run, more_units(make_order()))
    assert [one["Amount"] for one in tenant.sandbox.books.deposits] == [67.8]
    assert run.spawned == []


def test_a_replacement_takes_the_money_again_where_a_void_gives_it_up(tenant: Tenant) -> None:
    tenant.control("config", void_drops_deposits=True)
    first = make_order(payments=(make_payment("20.00", id="1"),), financial_status="partially_paid")
    run = sent(tenant, first, replacement_takes_deposit=True)
    paid = replace(first, payments=(*first.payments, make_payment("47.80", id="2")))
    run = after(tenant, push_order(run, paid), replacement_takes_deposit=True)
    import_all(tenant, run, first, paid)
    push_order(run, more_units(paid))
    assert [one["Amount"] for one in tenant.sandbox.books.deposits] == [67.8]
    assert tenant.orders()[0]["DepositAccountName"] == "Undeposited Funds"


def test_a_replacement_of_a_part_takes_its_own_share_again(tenant: Tenant) -> None:
    tenant.control("config", void_drops_deposits=True)
    settings = {**SPLIT, "replacement_takes_deposit": True}
    run = sent(tenant, two_places(), **settings)
    before = {one["OrderNumber"]: one["Amount"] for one in tenant.sandbox.books.deposits}
    push_order(run, replace(two_places(), note="ring twice"))
    assert {one["OrderNumber"]: one["Amount"] for one in tenant.sandbox.books.deposits} == before


def test_the_same_change_a_second_time_writes_nothing(tenant: Tenant) -> None:
    order = more_units(make_order())
    delivered = push_order(sent(tenant, make_order()), order)
    writes = len(tenant.writes())
    with pytest.raises(Skip):
        push_order(after(tenant, delivered), order)
    assert len(tenant.writes()) == writes


def test_what_xoro_does_not_take_is_no_change(tenant: Tenant) -> None:
    run = sent(tenant, make_order())
    writes = len(tenant.writes())
    order = replace(make_order(), tags=("late",), financial_status="refunded", fulfillment_status="fulfilled")
    with pytest.raises(Skip, match="has not changed"):
        push_order(run, order)
    odd = replace(make_order(), attributes=(("gift", "yes"),))
    assert "changed in nothing that Xoro's MAIN-S000001 says" in push_order(run, odd).sentence
    assert len(tenant.writes()) == writes


@pytest.mark.parametrize("change", [more_units, moved, cancelled])
def test_once_a_wave_is_made_a_person_decides(tenant: Tenant, change: Any) -> None:
    run = sent(tenant, make_order())
    tenant.control("wave", order_number=number_of(tenant))
    with pytest.raises(RemoteRefused) as refused:
        push_order(run, change(make_order()))
    assert "the order is in warehouse: MAIN-S000001 is 1 units on a wave" in refused.value.sentence
    assert "#2041" in refused.value.sentence
    assert (refused.value.code, refused.value.retry) == ("in_warehouse", False)
    assert "MAIN-S000001" in refused.value.next_step
    assert len(tenant.writes()) == 1


@pytest.mark.parametrize("change", [moved, cancelled])
def test_of_a_shipped_order_a_person_decides_what_becomes_of_an_address_or_a_cancellation(
    tenant: Tenant, change: Any
) -> None:
    run = sent(tenant, make_order())
    tenant.control("ship", order_number=number_of(tenant))
    with pytest.raises(RemoteRefused, match="the order is in warehouse: MAIN-S000001 is shipped") as refused:
        push_order(run, change(make_order()))
    assert refused.value.code == "in_warehouse"
    assert len(tenant.writes()) == 1


def test_a_wave_may_be_voided_where_the_connector_says_so(tenant: Tenant) -> None:
    run = sent(tenant, make_order(), force_void_wave=True)
    tenant.control("wave", order_number=number_of(tenant))
    push_order(run, more_units(make_order()))
    assert units(tenant) == {"LMP-OAK-S": 2}


def test_a_new_note_does_not_stop_for_the_warehouse(tenant: Tenant) -> None:
    run = sent(tenant, make_order())
    tenant.control("wave", order_number=number_of(tenant))
    delivered = push_order(run, replace(make_order(), note="ring twice"))
    assert "does not matter there" in run.notes["not_taken"]
    assert delivered.target_number == "MAIN-S000001"
    assert len(tenant.writes()) == 1


def test_units_taken_off_a_shipped_order_are_left_to_the_credit_memo(tenant: Tenant) -> None:
    run = sent(tenant, TWO)
    tenant.control("ship", order_number=number_of(tenant))
    push_order(run, without_mug(TWO))
    assert "becomes a credit memo" in run.notes["by_credit_memo"]
    assert len(tenant.writes()) == 1


def test_more_units_of_a_shipped_order_are_a_persons_task(tenant: Tenant) -> None:
    run = sent(tenant, make_order())
    tenant.control("ship", order_number=number_of(tenant))
    with pytest.raises(RemoteRefused, match="is shipped"):
        push_order(run, more_units(make_order()))


def emptied(order: Order, total: str = "0") -> Order:
    """Every line was taken off or refunded, and the order was not cancelled."""
    return replace(order, lines=(), shipping_lines=(), total=Decimal(total), subtotal=Decimal(0), total_tax=Decimal(0))


def test_an_order_of_which_nothing_is_left_is_cancelled(tenant: Tenant) -> None:
    run = sent(tenant, make_order())
    delivered = push_order(run, emptied(make_order()))
    assert delivered.sentence == "Cancelled MAIN-S000001 in Xoro, because nothing is left of order #2041."
    assert tenant.orders()[0]["StatusName"] == "Cancelled"
    assert "money_left" not in run.notes


def test_of_a_cancelled_order_money_that_is_still_owed_is_named(tenant: Tenant) -> None:
    run = sent(tenant, make_order())
    push_order(run, replace(emptied(make_order(), "9.50"), shipping_lines=make_order().shipping_lines))
    assert run.notes["money_left"].startswith("9.50 USD of the order are still owed")


def test_a_shipped_order_of_which_everything_came_back_stays(tenant: Tenant) -> None:
    run = sent(tenant, make_order())
    tenant.control("ship", order_number=number_of(tenant))
    delivered = push_order(run, emptied(make_order()))
    assert delivered.sentence == "MAIN-S000001 had left: what came back of order #2041 becomes a credit memo."
    assert tenant.orders()[0]["StatusName"] == "Shipped"


def test_an_order_on_a_wave_of_which_nothing_is_left_is_a_persons_task(tenant: Tenant) -> None:
    run = sent(tenant, make_order())
    tenant.control("wave", order_number=number_of(tenant))
    with pytest.raises(RemoteRefused, match="lost all its lines") as failed:
        push_order(run, emptied(make_order()))
    assert failed.value.code == "in_warehouse"


def test_an_order_of_which_nothing_was_left_before_it_was_sent_is_left_out(tenant: Tenant) -> None:
    with pytest.raises(Skip, match="nothing is left of it"):
        push_order(tenant.run(), emptied(make_order()))
    assert tenant.http.calls == []


def test_a_document_that_is_found_and_says_something_else_is_named(tenant: Tenant) -> None:
    sent(tenant, make_order())
    forget()
    same, other = tenant.run(), tenant.run()
    push_order(same, make_order())
    assert "found_different" not in same.notes
    forget()
    push_order(other, moved(make_order()))
    assert other.notes["found_different"].startswith("MAIN-S000001 in Xoro differs from order #2041")


def test_a_cancelled_order_is_cancelled_in_xoro(tenant: Tenant) -> None:
    run = sent(tenant, make_order())
    delivered = push_order(run, cancelled(make_order()))
    assert tenant.orders()[0]["StatusName"] == "Cancelled"
    assert delivered.sentence == "Cancelled MAIN-S000001 in Xoro, because order #2041 was cancelled."
    [one] = known_documents(run, third_party_source(make_order(), run.settings), make_order().id)
    assert one.is_cancelled


def test_a_cancelled_order_whose_money_went_back_gives_the_deposit_back(tenant: Tenant) -> None:
    run = sent(tenant, make_order())
    order = cancelled(make_order(payments=(make_payment("67.80"), make_payment("67.80", id="9002", kind="refund"))))
    assert "-67.80 USD" in push_order(run, order).sentence
    [told] = run.told("deposits/import")
    assert (told["payment_id"], told["amount"]) == ("9002", "-67.80")


def test_cancelling_twice_is_cancelling_once(tenant: Tenant) -> None:
    run = sent(tenant, make_order())
    tenant.fault("lost_answer", CANCEL)
    with pytest.raises(RemoteUnavailable):
        push_order(run, cancelled(make_order()))
    push_order(run, cancelled(make_order()))
    assert tenant.orders()[0]["StatusName"] == "Cancelled"
    assert len([one for one in tenant.writes() if one["url"].endswith("cancel")]) == 1


@pytest.mark.parametrize("status", [404, 400])
def test_a_tenant_without_a_route_to_cancel_makes_it_a_persons_task(tenant: Tenant, status: int) -> None:
    run = sent(tenant, make_order())
    disabled = ["salesorder/cancel"]
    tenant.control("config", routes_disabled=disabled)
    routes = {"cancel_sales_order": "POST nowhere/cancel"} if status == 404 else {}
    with pytest.raises(RemoteRefused) as refused:
        push_order(after(tenant, _as_sent(run), routes=routes), cancelled(make_order()))
    assert refused.value.code == "manual_task"
    assert refused.value.status == status
    assert "Cancel sales order MAIN-S000001 in Xoro and give its deposit back." in refused.value.next_step


def _as_sent(run: FakeRun) -> Any:
    return type(
        "Sent", (), {"target_id": "1", "target_number": run.link.target_number, "sent_hash": run.link.sent_hash}
    )


def test_a_lost_answer_to_a_change_is_looked_for_and_not_sent_again(tenant: Tenant) -> None:
    run = sent(tenant, make_order())
    tenant.fault("lost_answer", CREATE)
    delivered = push_order(run, more_units(make_order()))
    assert delivered.target_number == "MAIN-S000001"
    assert (units(tenant), len(tenant.writes())) == ({"LMP-OAK-S": 2}, 2)


def test_a_lost_answer_that_cannot_be_looked_for_at_once_is_compared_the_next_time(tenant: Tenant) -> None:
    run = sent(tenant, make_order())
    calls = tenant.http.request

    def lose(method: str, url: str, **more: Any) -> Any:
        if method == "GET" and len(tenant.writes()) == 2:
            raise RemoteUnavailable("No such host.", code="dns")
        return calls(method, url, **more)

    tenant.http.request = lose  # type: ignore[method-assign]
    tenant.fault("lost_answer", CREATE)
    with pytest.raises(RemoteUnavailable):
        push_order(run, more_units(make_order()))
    tenant.http.request = calls  # type: ignore[method-assign]
    run.unfinished_write = True
    push_order(run, more_units(make_order()))
    assert "has the change already" in run.notes["found_existing"]
    assert len(tenant.writes()) == 2


def test_an_answer_that_says_nothing_is_left_to_a_person(tenant: Tenant) -> None:
    run = sent(tenant, make_order())
    tenant.fault("http500_once", CREATE)
    with pytest.raises(UnconfirmedWrite, match="Whether the change of order #2041 is in sales order MAIN-S000001"):
        push_order(run, more_units(make_order()))


def test_an_order_xoro_does_not_show_any_more_is_named(tenant: Tenant) -> None:
    run = sent(tenant, make_order())
    tenant.sandbox.books.remove_order(tenant.sandbox.books.orders[0])
    with pytest.raises(RemoteRefused, match="Xoro shows no such sales order") as refused:
        push_order(run, more_units(make_order()))
    assert refused.value.code == "gone"
    assert len(tenant.writes()) == 1


@pytest.mark.parametrize("change", [more_units, cancelled])
def test_a_busy_xoro_is_not_taken_for_an_order_that_is_gone(tenant: Tenant, change: Any) -> None:
    run = sent(tenant, make_order())
    tenant.fault("throttle", SEARCH, times=4)
    with pytest.raises(RemoteUnavailable) as busy:
        push_order(run, change(make_order()))
    assert busy.value.code == "throttled"
    assert len(tenant.writes()) == 1
    push_order(run, change(make_order()))
    assert len(tenant.writes()) == 2


def test_an_order_an_older_hub_had_sent_is_changed_too(tenant: Tenant) -> None:
    from tests.connectors.xoro.cast import forget

    run = sent(tenant, make_order())
    forget()
    push_order(run, more_units(make_order()))
    assert (units(tenant), number_of(tenant)) == ({"LMP-OAK-S": 2}, "MAIN-S000001")


def test_an_unknown_sku_in_a_change_fails_named_and_the_order_stays_as_it_was(tenant: Tenant) -> None:
    run = sent(tenant, without_mug(TWO))
    lines = (TWO.lines[0], replace(TWO.lines[1], sku="NOPE-1"))
    with pytest.raises(RemoteRefused, match="Item not found: NOPE-1"):
        push_order(run, replace(TWO, lines=lines))
    assert units(tenant) == {"LMP-OAK-S": 1}


def test_the_default_sku_stands_in_for_unknown_ones_in_a_change(tenant: Tenant) -> None:
    allowed = {"default_sku": "HUB-DEFAULT", "use_default_sku_if_unknown": True}
    run = sent(tenant, without_mug(TWO), **allowed)
    lines = (TWO.lines[0], replace(TWO.lines[1], sku="NOPE-1"))
    push_order(run, replace(TWO, lines=lines))
    assert units(tenant) == {"LMP-OAK-S": 1, "HUB-DEFAULT": 1}
