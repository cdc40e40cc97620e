"""Names in Xoro: what can be learnt of them from answers, and what an empty answer proves."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from connectors.exceptions import HubError
from connectors.xoro import names
from connectors.xoro.orders import push_order
from tests.connectors.xoro.cast import FakeRun, Tenant, make_order, scripted_client

pytestmark = pytest.mark.django_db


def rows(*data: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    return (200, {"Result": True, "ErrorCode": 0, "Message": "", "Page": 1, "TotalPages": 1, "Data": list(data)})


def asking(*answers: Any) -> Any:
    return SimpleNamespace(client=scripted_client(*answers))


def test_an_item_is_found_by_its_number() -> None:
    run = asking(rows({"ItemNumber": "HUB-TIP"}))
    assert names.find_item(run, "HUB-TIP").is_found is True
    assert run.client.http.calls[0]["params"] == {"item_number": "HUB-TIP", "page": 1}
    assert run.client.http.calls[0]["write"] is False


def test_an_item_of_another_spelling_is_missing_and_suggested() -> None:
    found = names.find_item(asking(rows({"ItemNumber": "HUB-TIP"})), "hub-tip")
    assert (found.is_found, list(found.known)) == (False, ["HUB-TIP"])


def test_an_empty_answer_says_that_there_is_none_unless_it_may_be_throttling() -> None:
    assert names.find_item(asking(rows()), "GONE").is_found is False
    busy = (200, {"Result": False, "ErrorCode": 0, "Message": "", "Data": None})
    assert names.find_item(asking(*[busy] * 4), "GONE").is_found is None


def test_other_items_in_the_answer_mean_that_the_question_is_ignored() -> None:
    found = names.find_item(asking(rows({"ItemNumber": "A"}, {"ItemNumber": "B"})), "HUB-TIP")
    assert found.is_found is None
    assert "ignore" in found.sentence


def test_a_store_is_seen_by_its_stock() -> None:
    stock = rows({"ItemNumber": "A", "StoreName": "EAST WAREHOUSE"}, {"ItemNumber": "B", "StoreName": "WEB STORE"})
    assert names.find_store(asking(stock), "EAST WAREHOUSE").is_found is True
    found = names.find_store(asking(stock), "East Warehouse")
    assert (found.is_found, list(found.known)) == (None, ["EAST WAREHOUSE", "WEB STORE"])


def test_items_and_stores_of_a_tenant(tenant: Tenant, run: FakeRun) -> None:
    assert names.find_item(run, "LMP-OAK-S").is_found is True  # type: ignore[arg-type]
    assert names.find_item(run, "LMP-OAK-XL").is_found is False  # type: ignore[arg-type]
    assert names.find_store(run, "EAST WAREHOUSE").is_found is True  # type: ignore[arg-type]
    assert names.find_store(run, "East Warehouse").is_found is None  # type: ignore[arg-type]
    assert tenant.writes() == []


def test_stores_are_learnt_from_stock_so_that_a_wrong_one_can_be_compared(run: FakeRun) -> None:
    assert {"EAST WAREHOUSE", "Main Store"} <= set(names.stores(run))  # type: ignore[arg-type]


def test_names_are_learnt_from_the_latest_orders(tenant: Tenant) -> None:
    run = tenant.run(payment_terms="Net 30", carrier="UPS")
    push_order(run, make_order(payments=()))
    listed = {word: kind.listed(run) for word, kind in names.NAMES.items() if kind.listed and word != "account"}  # type: ignore[arg-type]
    assert "Net 30" in listed["payment term"]
    assert "UPS" in listed["carrier"]
    assert {run.settings.sale_store, run.settings.ship_store} <= set(listed["store"])
    assert tenant.writes() == [call for call in tenant.writes() if call["url"].endswith("salesorder/create")]


def test_accounts_are_learnt_from_the_ledger(tenant: Tenant, run: FakeRun) -> None:
    found = names.accounts(run)  # type: ignore[arg-type]
    assert "Undeposited Funds" in found
    assert "Customer Deposits" in found


def test_a_key_that_may_not_read_the_ledger_learns_accounts_from_items() -> None:
    denied = (500, {"Message": "An error has occurred."})
    run = asking(*[denied] * 4, rows({"ItemNumber": "A", "IncomeAccountName": "Sales", "CogsAccountName": "COGS"}))
    assert names.accounts(run) == ["COGS", "Sales"]


def test_a_key_that_may_read_neither_says_so() -> None:
    with pytest.raises(HubError):
        names.accounts(asking(*[(500, {"Message": "An error has occurred."})] * 8))


@pytest.mark.parametrize("odd", [rows({"ItemNumber": None}), rows({"StoreName": ["x"]}), rows({"a": {"b": [1, "x"]}})])
def test_odd_rows_are_no_names(odd: Any) -> None:
    assert names.find_item(asking(*[odd] * 4), "A").is_found is not True
    assert names.find_store(asking(*[odd] * 4), "A").is_found is None
    assert names.of_orders("CarrierName")(asking(*[odd] * 4)) == []
