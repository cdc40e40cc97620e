"""Looking before the first write at accounts that answer nothing unless a status is sent."""

from __future__ import annotations

from typing import Any

import pytest

from connectors import registry
from connectors.exceptions import RemoteRefused, Skip, UnconfirmedWrite
from connectors.xoro.adjustments import adjust_stock
from connectors.xoro.client import STATUSES
from connectors.xoro.orders import push_order
from connectors.xoro.sending import NO_PROOF, PROOF
from tests.connectors.xoro.cast import FakeRun, Tenant, forget, make_order, make_settings

pytestmark = pytest.mark.django_db


def unproven(tenant: Tenant, **changes: Any) -> FakeRun:
    run = tenant.run(**changes)
    run.checkpoint.clear()
    return run


def asked(tenant: Tenant) -> list[Any]:
    """The statuses of searches since the last look at them."""
    found = [call["params"].get("status") for call in tenant.http.calls if call["method"] == "GET"]
    tenant.http.calls.clear()
    return found


@pytest.mark.parametrize("status", ["Released", "Shipped", "Closed"])
def test_an_order_that_only_a_status_finds_is_found_before_a_second_is_made(tenant: Tenant, status: str) -> None:
    push_order(unproven(tenant), make_order())
    tenant.control("status", order_number="MAIN-S000001", status=status)
    tenant.control("config", reference_needs_status=True)
    forget()
    run = unproven(tenant)
    assert push_order(run, make_order()).target_number == "MAIN-S000001"
    assert "found_existing" in run.notes
    assert len(tenant.orders()) == 1


def test_an_account_that_proved_to_answer_without_a_status_is_asked_once(tenant: Tenant) -> None:
    first = unproven(tenant)
    push_order(first, make_order())
    assert asked(tenant) == [None, *STATUSES, None]  # every status before the order, and the proof after it
    second = unproven(tenant)
    second.checkpoint = first.checkpoint
    push_order(second, make_order(id="2", number="2042", name="#2042"))
    assert PROOF in first.checkpoint
    assert asked(tenant) == [None]


def test_an_account_that_needs_a_status_is_asked_with_each_of_them_for_every_order(tenant: Tenant) -> None:
    tenant.control("config", reference_needs_status=True)
    first = unproven(tenant)
    push_order(first, make_order())
    assert NO_PROOF in first.checkpoint
    asked(tenant)
    second = unproven(tenant)
    second.checkpoint = first.checkpoint
    push_order(second, make_order(id="2", number="2042", name="#2042"))
    assert asked(tenant) == [None, *STATUSES]


def test_a_proof_holds_for_a_day(tenant: Tenant) -> None:
    run = unproven(tenant)
    run.checkpoint[PROOF] = "2026-01-01T00:00:00+00:00"
    push_order(run, make_order())
    assert asked(tenant)[:3] == [None, *STATUSES][:3]


# --- stock of lines that were taken off -----------------------------------------------------------------------------

TOLD = {
    "source": "https://lumen-goods.example-Demo",
    "reference": "9-1",
    "order_name": "#2041",
    "sku": "LMP-OAK-S",
    "quantity": "2",
    "store": "EAST WAREHOUSE",
    "location": "",
}


def test_units_that_were_not_restocked_are_a_named_task_where_the_route_is_off(tenant: Tenant) -> None:
    run = tenant.run()
    run.payload = TOLD
    with pytest.raises(RemoteRefused, match="2 × LMP-OAK-S of order #2041") as refused:
        adjust_stock(run)
    assert refused.value.code == "manual_task"
    assert "Lower the stock of LMP-OAK-S in EAST WAREHOUSE by 2 in Xoro." in refused.value.next_step
    assert tenant.writes() == []


def test_units_that_were_not_restocked_leave_the_stock_once(tenant: Tenant) -> None:
    before = tenant.sandbox.books.stock.row("LMP-OAK-S", "EAST WAREHOUSE")["OnHandQty"]
    run = tenant.run(use_adjustment_route=True)
    run.payload = TOLD
    assert adjust_stock(run) == "2 × LMP-OAK-S of order #2041 left the stock of EAST WAREHOUSE in Xoro."
    with pytest.raises(Skip, match="already"):
        adjust_stock(run)
    assert tenant.sandbox.books.stock.row("LMP-OAK-S", "EAST WAREHOUSE")["OnHandQty"] == before - 2


def test_a_lost_answer_to_an_adjustment_is_a_persons_to_decide(tenant: Tenant) -> None:
    run = tenant.run(use_adjustment_route=True)
    run.payload, run.unfinished_write = TOLD, True
    with pytest.raises(UnconfirmedWrite, match="Whether 2 × LMP-OAK-S of order #2041"):
        adjust_stock(run)
    assert tenant.writes() == []


def test_a_shorter_pause_is_a_faster_connector() -> None:
    provider = registry.get("xoro")
    assert provider.budget_for(make_settings(pause_ms=250)).per_second == 4
    assert provider.budget_for(make_settings(pause_ms=20)).per_second == 50
    assert provider.budget_for(make_settings(pause_ms=0)).per_second == 0
    assert provider.budget_for(make_settings()).concurrency == 1
