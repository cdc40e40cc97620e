"""Test connection: what is right is said, what is wrong is named with the next step."""

from __future__ import annotations

import pytest

from connectors.exceptions import ConfigurationError
from connectors.shopify import checks
from connectors.shopify.sandbox.shops import OUTLET
from tests.connectors.shopify.stand_ins import FakeRun


@pytest.fixture
def run(make_client) -> FakeRun:
    return FakeRun(make_client())


def test_everything_right_is_five_sentences(run):
    sentences = [check.function(run) for check in checks.CHECKS]
    assert sentences[0] == f"Connected to Example Outlet ({OUTLET}), currency EUR."
    assert "read_all_orders" in sentences[1]
    assert sentences[2] == "API version 2026-10 is served."
    assert "agree" in sentences[3] and "verified" in sentences[4]


def test_the_probe_is_a_read(run):
    assert checks.probe(run)


def test_missing_scopes_are_listed(run, vendor):
    vendor.control("scopes", scopes=["write_orders", "read_products"])
    with pytest.raises(ConfigurationError) as caught:
        checks.granted_scopes(run)
    assert "read_customers, read_locations, read_payment_terms" in caught.value.sentence
    assert "read_orders" not in caught.value.sentence, "the right to write includes the right to read"


def test_a_retired_version_is_named(make_client):
    with pytest.raises(ConfigurationError, match="2026-01 instead of 2025-10"):
        checks.served_version(FakeRun(make_client(api_version="2025-10")))


def test_a_wrong_clock_is_named(run, vendor):
    run.client.now = lambda: vendor.app.now() - 200
    with pytest.raises(ConfigurationError, match="behind"):
        checks.clock(run)


def test_a_missing_secret_is_named(make_client, vendor):
    token = vendor.app.shops[OUTLET].access_token
    with pytest.raises(ConfigurationError, match="API secret key"):
        checks.webhook_secret(FakeRun(make_client(access_token=token, client_id="", client_secret="")))
