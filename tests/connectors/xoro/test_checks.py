"""Test connection: what each line says about a healthy tenant and about every odd one."""

from __future__ import annotations

import pytest

from connectors.exceptions import ConfigurationError, HubError, RemoteUnauthorised, RemoteUnavailable
from connectors.xoro.checks import CHECKS
from connectors.xoro.orders import push_order
from connectors.xoro.provider import probe
from tests.connectors.xoro.cast import FakeRun, Tenant, make_order, make_settings

pytestmark = pytest.mark.django_db

BY_NAME = {check.name: check for check in CHECKS}


def test_a_healthy_tenant_passes_every_line_and_nothing_is_written(tenant: Tenant, run: FakeRun) -> None:
    push_order(run, make_order())
    tenant.http.calls.clear()
    sentences = {name: check.function(run) for name, check in BY_NAME.items()}  # type: ignore[arg-type]
    assert sentences["credentials"] == "Xoro accepts the API key."
    assert sentences["orders"].startswith("Sales orders can be read.")
    assert "found nothing, as it should" in sentences["reference_filter"]
    assert sentences["invoices"] == "Invoices can be asked for."
    assert tenant.writes() == []


def test_an_empty_tenant_is_told_from_a_busy_one(tenant: Tenant, run: FakeRun) -> None:
    assert "no released order yet" in BY_NAME["orders"].function(run)  # type: ignore[arg-type]
    tenant.fault("throttle", times=8)
    assert "test again" in BY_NAME["orders"].function(run)  # type: ignore[arg-type]
    assert "test again" in BY_NAME["invoices"].function(run)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["credentials", "orders", "reference_filter", "invoices"])
def test_a_wrong_key_fails_each_line_that_calls(tenant: Tenant, name: str) -> None:
    with pytest.raises(RemoteUnauthorised):
        BY_NAME[name].function(tenant.run(api_secret="wrong"))  # type: ignore[arg-type]


def test_a_missing_permission_passes_the_key_and_fails_its_own_line(tenant: Tenant) -> None:
    tenant.control("config", keys={"narrow": {"secret": "s", "scopes": ["invoices"]}})
    run = tenant.run(api_key="narrow", api_secret="s")
    assert "did not reject the API key" in BY_NAME["credentials"].function(run)  # type: ignore[arg-type]
    assert BY_NAME["invoices"].function(run)  # type: ignore[arg-type]
    with pytest.raises(RemoteUnavailable, match="lacks the permission") as failure:
        BY_NAME["orders"].function(run)  # type: ignore[arg-type]
    assert "permission" in failure.value.next_step


def test_a_key_check_does_not_hide_an_outage(tenant: Tenant, run: FakeRun) -> None:
    tenant.fault("non_json", times=4)
    with pytest.raises(HubError, match="not JSON"):
        BY_NAME["credentials"].function(run)  # type: ignore[arg-type]


def test_ignored_filters_are_found_out(tenant: Tenant, run: FakeRun) -> None:
    number = push_order(run, make_order(payments=())).target_number
    tenant.control("ship", order_number=number)
    tenant.fault("ignore_filters")
    with pytest.raises(ConfigurationError, match="ignores the search by third-party reference"):
        BY_NAME["reference_filter"].function(run)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="ignores the search by third-party customer id"):
        BY_NAME["invoices"].function(run)  # type: ignore[arg-type]


def test_invoices_are_not_checked_where_ids_are_not_sent() -> None:
    assert not BY_NAME["invoices"].applies(make_settings(sync_third_party_customer_company=False))
    assert BY_NAME["invoices"].applies(make_settings())


def test_the_probe_tells_whether_xoro_works_again(tenant: Tenant, run: FakeRun) -> None:
    probe(run)  # type: ignore[arg-type]
    tenant.fault("http500_always")
    with pytest.raises(RemoteUnavailable):
        probe(run)  # type: ignore[arg-type]
