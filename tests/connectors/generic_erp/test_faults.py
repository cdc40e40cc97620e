"""The faults of the sandbox ERP over real HTTP, as the client sees them."""

import time

import pytest

from connectors.exceptions import PayloadError, RemoteRefused, RemoteUnauthorised, RemoteUnavailable
from connectors.generic_erp.client import GenericErpClient, NotFound
from connectors.generic_erp.sandbox import sandbox_settings
from connectors.generic_erp.settings import GenericErpSettings

from .conftest import control, journal
from .questions import calls, failure


@pytest.mark.parametrize(
    ("customer", "error", "code", "status", "sentence"),
    [
        ("SBX-401", RemoteUnauthorised, "auth", 401, "ERP refused our credentials (401)"),
        ("SBX-422", RemoteRefused, "rejected", 422, "customer_code is blocked for web access"),
        ("SBX-429", RemoteUnavailable, "throttled", 429, "ERP asked us to slow down"),
        ("SBX-500", RemoteUnavailable, "erp_down", 500, "ERP failed (500)"),
        ("SBX-503", RemoteUnavailable, "erp_down", 503, "ERP failed (503)"),
        ("SBX-HTML", PayloadError, "bad_response", 200, "ERP answer is not valid JSON"),
        ("SBX-BADJSON", PayloadError, "bad_response", 200, "ERP answer is not valid JSON"),
        ("SBX-ERR200", RemoteRefused, "erp_error", 200, "Unexpected condition in ledger module"),
        ("SBX-REDIR", RemoteRefused, "rejected", 302, "ERP endpoint redirects"),
    ],
)
def test_it_fails_on_demand_in_every_function(client, customer, error, code, status, sentence):
    for call in calls(client, customer).values():
        caught = failure(call)
        assert isinstance(caught, error)
        assert (caught.code, caught.status, caught.sentence) == (code, status, sentence)


def test_it_says_when_to_come_back(client):
    assert failure(calls(client, "SBX-429")["orders"]).retry_after_s == 7


def test_it_knows_nothing_on_demand(client):
    outcomes = {}
    for name, call in calls(client, "SBX-404").items():
        outcomes[name] = (
            "not_found"
            if name in ("order", "invoice", "balance") and isinstance(call(), NotFound)
            else failure(call).code
        )
    assert set(outcomes.values()) == {"not_found", "rejected"}


def test_it_sends_an_empty_object_on_demand(client):
    for call in calls(client, "SBX-NODATA").values():
        assert failure(call).code == "bad_response"


def test_it_recovers_at_the_second_attempt(erp, http, client):
    assert client.get_balance("SBX-FLAKY").data["balance"]["customer_code"] == "SBX-FLAKY"
    assert http.attempts == 2
    assert [entry["status"] for entry in journal(erp)] == [503, 200]


def test_it_is_slow_on_demand(erp, http):
    control(erp, "slow", delay_s=1.6)
    settings = GenericErpSettings(**sandbox_settings(erp), taxes_read_timeout_s=1)
    started = time.monotonic()
    caught = failure(calls(GenericErpClient(settings, http), "SBX-SLOW")["taxes"])
    assert (caught.code, caught.sentence) == ("unreachable", "ERP did not answer within 1 s")
    assert time.monotonic() - started < 1.5


@pytest.mark.parametrize("customer", ["SBX-ALIAS", "SBX-STRNUM"])
def test_it_reads_odd_erps_like_the_canonical_one(client, customer):
    plain, odd = calls(client, "BRK-2210"), calls(client, customer)
    for name in plain:
        expected, reading = plain[name](), odd[name]()
        for each in (expected.data, reading.data):
            each.get("balance", {}).pop("as_of", None)
            each.get("page", {})
        assert str(reading.data).replace(customer, "BRK-2210") == str(expected.data), name
        assert reading.notes == [], name


def test_it_is_empty_on_demand(client):
    data = {name: call() for name, call in calls(client, "SBX-EMPTY").items() if name not in ("order", "invoice")}
    assert data["orders"].data["orders"] == data["invoices"].data["invoices"] == []
    assert data["balance"].data["balance"]["total_balance"] == "0.00"
    assert data["taxes"].data["salestax_amount"] == "0.00"
    assert data["shipping_methods"].data["shipping_methods"] == []


def test_it_mixes_in_another_customers_record_on_demand(client):
    for name in ("orders", "invoices"):
        reading = calls(client, "SBX-OTHER")[name]()
        assert {row["customer_code"] for row in reading.data[name]} == {"SBX-OTHER"}
        assert [note.code for note in reading.notes] == ["bad_response"]


def test_it_goes_down_and_comes_back(erp, client):
    control(erp, "down", down=True)
    for call in calls(client, "BRK-2210").values():
        assert failure(call).code == "erp_down"
    control(erp, "down", down=False)
    assert client.get_balance("BRK-2210").data["balance"]


def test_it_fails_as_often_as_told(erp, client, http):
    control(erp, "fault", kind="status", status=500, match="/customers", times=1)
    assert failure(calls(client, "BRK-2210")["balance"]).code == "erp_down"
    assert client.get_balance("BRK-2210").data["balance"]


def test_it_drops_the_connection_when_told(erp, client):
    control(erp, "fault", kind="drop", match="/customers", times=2)
    assert failure(calls(client, "BRK-2210")["balance"]).code == "unreachable"


def test_it_cannot_be_reached_where_nobody_listens(http):
    client = GenericErpClient(GenericErpSettings(**sandbox_settings("http://127.0.0.1:9/erp")), http)
    assert failure(calls(client, "BRK-2210")["balance"]).code == "unreachable"
