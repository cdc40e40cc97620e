"""Customer and company of an order: events of their own that never hold the order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connectors.exceptions import RemoteRefused, RemoteUnavailable, Skip
from connectors.records import Company, Order
from connectors.xoro.accounts import upsert
from connectors.xoro.orders import push_order
from tests.connectors.xoro.cast import FakeRun, Tenant, make_order

pytestmark = pytest.mark.django_db

ON = {"customer_upsert": True}


def push(tenant: Tenant, order: Order | None = None, **changes: Any) -> FakeRun:
    run = tenant.run(**ON, **changes)
    push_order(run, order or make_order())
    return run


def write(tenant: Tenant, asked: FakeRun) -> list[str]:
    sentences = []
    for told in asked.told("accounts/upsert"):
        run = tenant.run(**ON)
        run.payload = told
        sentences.append(upsert(run))
    return sentences


def written(tenant: Tenant) -> dict[str, dict[str, Any]]:
    return {one["ThirdPartyRefNo"]: one for one in tenant.sandbox.books.customers if one.get("ThirdPartyRefNo")}


def test_customer_and_company_are_asked_for_after_the_order_and_not_with_it(tenant: Tenant) -> None:
    run = push(tenant)
    assert [(one["object_type"], one["object_id"]) for one in run.spawned] == [
        ("customer", "7710042001"),
        ("company", "330045"),
    ]
    assert [call["url"].rpartition("/")[2] for call in tenant.writes()] == ["create"]
    assert len(tenant.orders()) == 1


def test_each_is_written_with_its_reference(tenant: Tenant) -> None:
    sentences = write(tenant, push(tenant))
    assert [text.partition(" as ")[0] for text in sentences] == [
        "Created customer Ada Brook in Xoro",
        "Created company Brook LLC in Xoro",
    ]
    found = written(tenant)
    assert found["7710042001"]["DefaultAccountReceivableName"] == "Accounts Receivable"
    assert found["C-330045"]["ShipToAddrList"][0]["Name"] == "Salem shop"


def test_an_account_that_did_not_change_is_not_written_with_every_order(tenant: Tenant) -> None:
    first = push(tenant)
    write(tenant, first)
    second = push(tenant, make_order(id="2", number="2042", name="#2042"))
    assert second.spawned == []
    with pytest.raises(Skip, match="has not changed"):
        write(tenant, first)


def test_a_changed_account_is_written_anew_and_stays_one(tenant: Tenant) -> None:
    write(tenant, push(tenant))
    customer = make_order().customer
    assert customer is not None
    order = make_order(id="2", number="2042", name="#2042", customer=replace(customer, phone="+15550199"))
    assert write(tenant, push(tenant, order))[0].startswith("Updated customer Ada Brook")
    assert written(tenant)["7710042001"]["MainPhone"] == "+15550199"


def test_a_company_without_a_customer_is_written_alone(tenant: Tenant) -> None:
    order = make_order(customer=None, company=Company(id="330045", name="Brook LLC"))
    run = push(tenant, order)
    assert [one["object_type"] for one in run.spawned] == ["company"]
    write(tenant, run)
    assert written(tenant)["330045"]["CustomerName"] == "Brook LLC"
    assert tenant.orders()[0]["ThirdPartyCompanyId"] == "330045"


def test_the_ids_are_in_the_order_also_where_no_record_is_written(tenant: Tenant) -> None:
    run = tenant.run()
    push_order(run, make_order())
    [header] = tenant.orders()
    assert (header["ThirdPartyCustomerId"], header["ThirdPartyCompanyId"]) == ("7710042001", "330045")
    assert run.spawned == []


def test_a_fixed_customer_has_no_records_of_buyers(tenant: Tenant) -> None:
    run = push(tenant, customer_mode="single", customer_name="Walk-in Customer")
    assert run.spawned == []
    assert tenant.orders()[0]["ThirdPartyCustomerId"] == "7710042001"


def test_a_tenant_without_customer_routes_names_the_task_and_the_order_is_there(tenant: Tenant) -> None:
    tenant.control("config", routes_disabled=["customer/create", "customer/getcustomer"])
    run = push(tenant)
    with pytest.raises(RemoteRefused, match="customer Ada Brook of order #2041 was not written") as refused:
        write(tenant, run)
    assert refused.value.code == "manual_task"
    assert len(tenant.orders()) == 1


def test_a_lost_answer_makes_no_second_customer(tenant: Tenant) -> None:
    run = push(tenant)
    tenant.fault("lost_answer", "/api/xerp/customer/create")
    with pytest.raises(RemoteUnavailable):
        write(tenant, run)
    write(tenant, run)
    names = [one["CustomerName"] for one in tenant.sandbox.books.customers if one.get("ThirdPartyRefNo")]
    assert sorted(names) == ["Ada Brook", "Brook LLC"]
