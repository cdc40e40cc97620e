"""Access over the vault: granted once, shared by all, renewed by one, and given up only where nothing else helps."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from connectors import vault
from connectors.exceptions import RemoteUnauthorised, RemoteUnavailable
from connectors.models import Connector, Credential, Notice
from connectors.run import Run
from connectors.shopify import tokens
from connectors.shopify.health import ACCESS
from connectors.shopify.sandbox.shops import OUTLET
from connectors.vault import Grant
from tests.cast import together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def make(vendor, transactional_db) -> Callable[..., Connector]:
    def build(**changes: Any) -> Connector:
        shop = vendor.app.shops[OUTLET]
        connector = Connector(name="Outlet", slug="outlet", provider_slug="shopify")
        connector.put_settings(
            {
                "shop_domain": OUTLET, "client_id": shop.client_id, "client_secret": shop.client_secret,
                "base_url": vendor.url, **changes,
            }
        )  # fmt: skip
        connector.save()
        return connector

    return build


def ping(connector: Connector) -> Any:
    return Run(Connector.objects.get(pk=connector.pk), None).client.ping()["shop"]["name"]


def token_calls(vendor) -> list[str]:
    """The grants the sandbox was asked for."""
    return [one["body"].partition("grant_type=")[2].partition("&")[0] for one in vendor.app.journal
            if one["path"].endswith("access_token")]  # fmt: skip


def install(vendor, connector: Connector) -> Grant:
    """What an installation leaves in the vault."""
    settings = connector.load_settings()
    code = {"ends": vendor.app.now() + 60, "scopes": []}
    vendor.app.shops[OUTLET].table("code")["c0de"] = code
    grant = tokens.exchange(settings, Run(connector, None).http, "c0de", time.time)
    tokens.Vault(connector).write(grant)
    return grant


def expire(vendor) -> None:
    """Every token is over at the vendor; what renews them is not."""
    vendor.control("clock", advance=3_700)


def open_notices(connector: Connector) -> dict[str, str]:
    return dict(Notice.objects.filter(connector=connector, cleared_at=None).values_list("code", "sentence"))


def test_one_token_of_a_day_serves_every_run_and_is_kept_encrypted(make, vendor):
    connector = make()
    for _ in range(3):
        assert ping(connector) == "Example Outlet"
    assert token_calls(vendor) == ["client_credentials"]
    row = Credential.objects.get()
    assert "shpat_" not in row.value and row.expires_at is not None


def test_settings_that_changed_make_a_kept_token_another_ones(make, vendor):
    connector = make()
    ping(connector)
    lumen = next(one for domain, one in vendor.app.shops.items() if domain != OUTLET)
    connector.put_settings(
        {"shop_domain": lumen.domain, "client_id": lumen.client_id, "client_secret": lumen.client_secret,
         "base_url": vendor.url}
    )  # fmt: skip
    connector.save()
    assert ping(connector) == lumen.name


def test_five_workers_fetch_one_token_together(make, vendor):
    connector = make()
    assert together(*[lambda: ping(connector)] * 5) == ["Example Outlet"] * 5
    assert token_calls(vendor) == ["client_credentials"]


def test_a_token_that_ends_in_the_middle_of_a_walk_is_renewed_and_the_walk_goes_on(make, vendor):
    from datetime import UTC, datetime, timedelta

    for n in range(260):
        vendor.control("order", minutes_ago=50 - n / 10)
    now = datetime.fromtimestamp(vendor.app.now(), UTC)
    pages = Run(make(), None).client.orders_since(now - timedelta(minutes=55), now)
    names = [node["name"] for node in next(pages)]
    vendor.app.shops[OUTLET].tokens.clear()
    names += [node["name"] for page in pages for node in page]
    assert len(set(names)) == 261 and token_calls(vendor) == ["client_credentials"] * 2


def test_an_installed_app_lives_by_its_refresh_tokens(make, vendor):
    connector = make(way_in="install")
    first = install(vendor, connector)
    assert ping(connector) == "Example Outlet" and token_calls(vendor) == [""]
    expire(vendor)
    assert ping(connector) == "Example Outlet" and token_calls(vendor) == ["", "refresh_token"]
    kept = vault.read(connector, tokens.NAME)
    assert kept.values["refresh_token"] != first.values["refresh_token"] and not kept.was_interrupted


def test_of_two_workers_with_a_token_that_ended_exactly_one_refreshes(make, vendor):
    connector = make(way_in="install")
    install(vendor, connector)
    ping(connector)
    expire(vendor)
    assert together(*[lambda: ping(connector)] * 4) == ["Example Outlet"] * 4
    assert token_calls(vendor) == ["", "refresh_token"]


def test_a_worker_that_died_before_it_wrote_the_new_pair_down_leaves_the_old_one_to_be_tried_once(make, vendor):
    connector = make(way_in="install")
    install(vendor, connector)
    vault.mark_started(connector, tokens.NAME)  # it left, and nobody knows whether it arrived: here it did not
    expire(vendor)
    assert ping(connector) == "Example Outlet"


def test_a_refresh_whose_answer_was_lost_ends_in_words_about_installing_again(make, vendor):
    connector = make(way_in="install")
    install(vendor, connector)
    expire(vendor)
    vendor.control("fault", kind="drop_after_commit", match=f"/{OUTLET}/admin/oauth")
    with pytest.raises(RemoteUnavailable):
        ping(connector)
    assert vault.read(connector, tokens.NAME).was_interrupted
    with pytest.raises(RemoteUnauthorised) as caught:
        ping(connector)
    assert caught.value.code == "needs_install" and "interrupted" in caught.value.sentence
    assert "Install in the shop" in caught.value.next_step
    assert caught.value.sentence == open_notices(connector)[ACCESS]
    before = len(vendor.app.journal)
    with pytest.raises(RemoteUnauthorised):
        ping(connector)  # nothing is left to try with
    assert len(vendor.app.journal) == before
    install(vendor, connector)
    forget_minute()
    assert ping(connector) == "Example Outlet" and open_notices(connector) == {}


def forget_minute() -> None:
    from connectors.shopify import health

    health._cleared_at.clear()


def test_a_wrong_secret_in_the_settings_costs_no_refresh_token(make, vendor):
    connector = make(way_in="install")
    install(vendor, connector)
    expire(vendor)
    right = connector.secret("client_secret")
    connector.set_secret("client_secret", "guess")
    connector.save()
    with pytest.raises(RemoteUnauthorised) as caught:
        ping(connector)
    assert caught.value.code == "invalid_client"
    connector.set_secret("client_secret", right)
    connector.save()
    assert ping(connector) == "Example Outlet"


def test_an_access_not_used_for_ninety_days_is_over(make, vendor):
    connector = make(way_in="install")
    grant = install(vendor, connector)
    values = {**grant.values, "refresh_expires_at": time.time() - 1}
    vault.write(connector, tokens.NAME, Grant(values=values, renew_at=1.0, expires_at=2.0))
    with pytest.raises(RemoteUnauthorised, match="90 days"):
        ping(connector)


def test_an_app_that_was_never_installed_says_so_without_asking_shopify(make, vendor):
    connector = make(way_in="install")
    with pytest.raises(RemoteUnauthorised) as caught:
        ping(connector)
    assert caught.value.code == "needs_install" and vendor.app.journal == []


def test_a_renewal_that_fails_while_the_token_is_good_stops_nobody(make, vendor):
    connector = make()
    ping(connector)
    kept = vault.read(connector, tokens.NAME)
    vault.write(connector, tokens.NAME, Grant(values=kept.values, renew_at=time.time() - 1, expires_at=kept.expires_at))
    vendor.control("fault", kind="503", match=f"/{OUTLET}/admin/oauth", times=1)
    assert ping(connector) == "Example Outlet"
    assert ping(connector) == "Example Outlet" and token_calls(vendor) == ["client_credentials"] * 3


def test_a_refused_token_is_renewed_once_and_then_a_person_is_told(make, vendor):
    connector = make()
    ping(connector)
    vendor.control("fault", kind="unauthorised", times=2)
    with pytest.raises(RemoteUnauthorised):
        ping(connector)
    assert "does not accept the access token" in open_notices(connector)[ACCESS]
    forget_minute()
    ping(connector)
    assert open_notices(connector) == {}


def test_a_state_is_good_for_one_return_only(make):
    connector = make()
    assert together(*[lambda: vault.once(connector, "install:a", 60)] * 4).count(True) == 1
    assert vault.once(connector, "install:b", 60)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE connectors_credential SET expires_at = now() - interval '1 second'")
    vault.once(connector, "install:c", 60)
    assert Credential.objects.count() == 1  # what is over is swept away
