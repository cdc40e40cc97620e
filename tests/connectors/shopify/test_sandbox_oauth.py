"""The sandbox's way in is as strict as the vendor's: codes, tokens that end, refresh tokens good for one use."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
import requests

from connectors.shopify.sandbox import oauth
from connectors.shopify.sandbox.shops import LUMEN, OUTLET


def ask(vendor, domain: str = OUTLET, *, app: str = OUTLET, **form: str) -> tuple[int, dict[str, Any]]:
    shop = vendor.app.shops[app]
    named = {"client_id": shop.client_id, "client_secret": shop.client_secret, **form}
    answer = requests.post(f"{vendor.url}/{domain}/admin/oauth/access_token", data=named, timeout=5)
    return answer.status_code, answer.json()


def call(vendor, token: str) -> int:
    url = f"{vendor.url}/{OUTLET}/admin/api/2026-10/graphql.json"
    body = {"query": "{ shop { name } }"}
    return requests.post(url, json=body, headers={"X-Shopify-Access-Token": token}, timeout=5).status_code


def a_code(vendor, **more: str) -> str:
    shop = vendor.app.shops[OUTLET]
    query = {"client_id": shop.client_id, "redirect_uri": "https://hub.example/back", "scope": "read_orders",
             "state": "s", "auto": "1", **more}  # fmt: skip
    url = f"{vendor.url}/{OUTLET}/admin/oauth/authorize"
    answer = requests.get(url, params=query, allow_redirects=False, timeout=5)
    return answer.headers["Location"].partition("code=")[2].partition("&")[0]


def id_token(vendor, *, life_s: float = 60, secret: str = "", **more: Any) -> str:
    shop, now = vendor.app.shops[OUTLET], vendor.app.now()
    claims = {"iss": f"https://{OUTLET}/admin", "dest": f"https://{OUTLET}", "aud": shop.client_id, "nbf": now - 1,
              "exp": now + life_s, **more}  # fmt: skip

    def packed(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).decode().rstrip("=")

    head = f"{packed(json.dumps({'alg': 'HS256'}).encode())}.{packed(json.dumps(claims).encode())}"
    digest = hmac.new((secret or shop.client_secret).encode(), head.encode(), hashlib.sha256).digest()
    return f"{head}.{packed(digest)}"


def test_a_code_buys_one_token_and_the_scopes_that_were_asked_for(vendor):
    code = a_code(vendor)
    status, body = ask(vendor, code=code, expiring="1")
    assert status == 200 and body["expires_in"] == 3600 and body["refresh_token_expires_in"] == 7_776_000
    assert body["scope"] == "read_orders" and call(vendor, body["access_token"]) == 200
    assert ask(vendor, code=code, expiring="1")[0] == 400


def test_without_expiring_a_token_has_no_end(vendor):
    _, body = ask(vendor, code=a_code(vendor))
    assert "expires_in" not in body and "refresh_token" not in body
    vendor.control("clock", advance=400 * 86_400)
    assert call(vendor, body["access_token"]) == 200


def test_a_code_ends_after_a_minute(vendor):
    code = a_code(vendor)
    vendor.control("clock", advance=61)
    assert ask(vendor, code=code)[1]["error"] == "invalid_request"


def test_a_refresh_token_is_good_for_one_use_and_ninety_days(vendor):
    _, first = ask(vendor, code=a_code(vendor), expiring="1")
    status, second = ask(vendor, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert status == 200 and second["refresh_token"] != first["refresh_token"]
    assert ask(vendor, grant_type="refresh_token", refresh_token=first["refresh_token"])[1]["error"] == "invalid_grant"
    vendor.control("clock", advance=3_601)
    assert call(vendor, second["access_token"]) == 401
    vendor.control("clock", advance=91 * 86_400)
    assert ask(vendor, grant_type="refresh_token", refresh_token=second["refresh_token"])[0] == 400


def test_uninstalling_ends_every_way_in(vendor):
    _, granted = ask(vendor, code=a_code(vendor), expiring="1")
    permanent = vendor.app.shops[OUTLET].access_token
    vendor.control("uninstall", shop=OUTLET)
    assert call(vendor, granted["access_token"]) == 401 and call(vendor, permanent) == 401
    assert ask(vendor, grant_type="refresh_token", refresh_token=granted["refresh_token"])[0] == 400
    assert ask(vendor, grant_type="client_credentials")[1]["error"] == "shop_not_permitted"
    assert ask(vendor, code=a_code(vendor), expiring="1")[0] == 200
    assert ask(vendor, grant_type="client_credentials")[0] == 200


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "client_secret": "guess"}, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "nobody"}, "invalid_client"),
        ({"code": "unknown"}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_grant"),
    ],
)
def test_what_buys_no_token_says_why(vendor, form, error):
    assert ask(vendor, **form) == (
        400,
        {"error": error, "error_description": ask(vendor, **form)[1]["error_description"]},
    )


def test_an_app_of_another_organisation_is_not_permitted(vendor):
    assert ask(vendor, OUTLET, app=LUMEN, grant_type="client_credentials")[1]["error"] == "shop_not_permitted"


def test_an_id_token_is_exchanged_while_it_lives_and_only_with_the_apps_own_signature(vendor):
    exchange = {"grant_type": oauth.EXCHANGE, "subject_token_type": oauth.ID_TOKEN, "expiring": "1"}
    assert ask(vendor, subject_token=id_token(vendor), **exchange)[0] == 200
    for bad in (
        id_token(vendor, secret="other"), id_token(vendor, life_s=-60), id_token(vendor, aud="other"),
        id_token(vendor, dest=f"https://{LUMEN}"), "a.b.c", "",
    ):  # fmt: skip
        assert ask(vendor, subject_token=bad, **exchange)[1]["error"] == "invalid_subject_token"


def test_a_token_without_end_is_exchanged_once_for_one_that_ends(vendor):
    _, body = ask(vendor, code=a_code(vendor))
    exchange = {
        "grant_type": oauth.EXCHANGE,
        "subject_token_type": oauth.OFFLINE,
        "subject_token": body["access_token"],
    }
    assert ask(vendor, **exchange)[1]["expires_in"] == 3600
    assert ask(vendor, **exchange)[0] == 400 and call(vendor, body["access_token"]) == 401


@pytest.mark.parametrize(
    "more", [{"client_id": "other"}, {"redirect_uri": "javascript:alert(1)"}, {"redirect_uri": ""}]
)
def test_the_consent_page_sends_nobody_to_where_he_should_not_go(vendor, more):
    shop = vendor.app.shops[OUTLET]
    query = {"client_id": shop.client_id, "redirect_uri": "https://hub.example/back", "auto": "1", **more}
    answer = requests.get(
        f"{vendor.url}/{OUTLET}/admin/oauth/authorize", params=query, allow_redirects=False, timeout=5
    )
    assert answer.status_code == 400


def test_a_plan_has_its_rate_and_its_bucket(vendor):
    assert vendor.control("plan", plan="Advanced") == {"plan": "Advanced", "bucket": 4_000.0, "restore_rate": 200.0}
    assert vendor.app.shops[OUTLET].refill(vendor.app.now()) == 4_000
