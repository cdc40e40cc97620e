"""Installing the app from the hub: a browser that leaves, a browser that returns, and everybody who only pretends."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
import requests
from django.test import Client

from connectors import vault
from connectors.models import Connector, Notice
from connectors.run import Run
from connectors.shopify import oauth, signing, tokens
from connectors.shopify.sandbox.shops import LUMEN, OUTLET
from events.models import Event, Outcome, Rejection

pytestmark = pytest.mark.django_db


@pytest.fixture
def connector(vendor) -> Connector:
    shop = vendor.app.shops[OUTLET]
    made = Connector(name="Outlet", slug="outlet", provider_slug="shopify")
    made.put_settings(
        {
            "shop_domain": OUTLET, "way_in": "install", "client_id": shop.client_id,
            "client_secret": shop.client_secret, "base_url": vendor.url, "further_scopes": "read_all_orders",
        }
    )  # fmt: skip
    made.save()
    return made


@pytest.fixture
def browser() -> Client:
    return Client()


def leave(browser: Client, connector: Connector):
    return browser.get(f"/hooks/{connector.webhook_token}/install")


def consent(location: str) -> str:
    """The merchant agrees; the path and query the browser is sent back to."""
    answer = requests.get(f"{location}&auto=1", allow_redirects=False, timeout=5)
    assert answer.status_code == 302, answer.text
    parts = urlsplit(answer.headers["Location"])
    return f"{parts.path}?{parts.query}"


def changed(back: str, **more: str) -> str:
    path, _, query = back.partition("?")
    return f"{path}?{urlencode({**dict(parse_qsl(query)), **more})}"


def signed_anew(back: str, secret: str, **more: str) -> str:
    """The same return with other members, rightly signed: what only Shopify can make."""
    path, _, query = back.partition("?")
    pairs = [(name, value) for name, value in {**dict(parse_qsl(query)), **more}.items() if name != "hmac"]
    return f"{path}?{urlencode([*pairs, ('hmac', signing.query_digest(pairs, secret, signing.plain))])}"


def test_a_browser_that_leaves_and_returns_gives_the_hub_access(connector, browser, vendor):
    out = leave(browser, connector)
    asked = parse_qs(urlsplit(out["Location"]).query)
    assert out.status_code == 302 and out["Location"].startswith(f"{vendor.url}/{OUTLET}/admin/oauth/authorize?")
    assert asked["redirect_uri"] == [oauth.return_url(connector)]
    assert {"read_orders", "read_customers", "read_all_orders"} <= set(asked["scope"][0].split(","))
    cookie = out.cookies[oauth.COOKIE]
    assert cookie["httponly"] and cookie["samesite"] == "Lax" and asked["state"][0] in cookie.value
    done = browser.get(consent(out["Location"]))
    assert done.status_code == 302 and done["Location"] == f"{connector.admin_path()}?tab=overview"
    assert vault.read(connector, tokens.NAME).values["refresh_token"].startswith("shprt_")
    assert Run(connector, None).client.ping()["shop"]["name"] == "Example Outlet"
    event = Event.objects.get(topic="app/installed")
    assert event.outcome == Outcome.SUCCEEDED and OUTLET in event.sentence


def test_nothing_of_the_connector_changes_but_the_vault(connector, browser):
    before = (dict(connector.settings), dict(connector.secrets))
    browser.get(consent(leave(browser, connector)["Location"]))
    connector.refresh_from_db()
    assert (connector.settings, connector.secrets) == before


def test_the_consent_page_is_a_page_a_person_can_follow(connector, browser, vendor):
    page = requests.get(leave(browser, connector)["Location"], timeout=5)
    assert page.status_code == 200 and "read_orders" in page.text and ">Install</a>" in page.text


def test_a_return_counts_once(connector, browser):
    out = leave(browser, connector)
    back = consent(out["Location"])
    kept = out.cookies[oauth.COOKIE].value
    assert browser.get(back).status_code == 302
    browser.cookies[oauth.COOKIE] = kept
    again = browser.get(back)
    assert again.status_code == 403 and "finished already" in again.content.decode()


def test_another_browser_cannot_finish_what_this_one_began(connector, browser):
    back = consent(leave(browser, connector)["Location"])
    stranger = Client()
    assert stranger.get(back).status_code == 403
    leave(stranger, connector)
    assert stranger.get(back).status_code == 403  # with a state of his own neither
    assert vault.read(connector, tokens.NAME) is None


def test_a_state_ends_after_ten_minutes(connector, browser, monkeypatch):
    out = leave(browser, connector)
    back = consent(out["Location"])
    now = time.time()
    monkeypatch.setattr("django.core.signing.time.time", lambda: now + oauth.STATE_S + 5)
    answer = browser.get(signed_anew(back, connector.secret("client_secret"), timestamp=str(int(now + 605))))
    assert answer.status_code == 403 and vault.read(connector, tokens.NAME) is None


@pytest.mark.parametrize(
    "how",
    [
        lambda back, secret: back.partition("?")[0],
        lambda back, secret: changed(back, hmac="0" * 64),
        lambda back, secret: changed(back, code="other"),
        lambda back, secret: signed_anew(back, "other secret"),
        lambda back, secret: signed_anew(back, ""),
        lambda back, secret: signed_anew(back, secret, shop=LUMEN),
        lambda back, secret: signed_anew(back, secret, shop=f"{OUTLET}.evil.example"),
        lambda back, secret: signed_anew(back, secret, timestamp=str(int(time.time()) - 91)),
        lambda back, secret: signed_anew(back, secret, timestamp=str(int(time.time()) - 86_400)),
        lambda back, secret: back + "&x=1" * 100,
    ],
    ids=[
        "bare",
        "bad hmac",
        "code",
        "other secret",
        "no secret",
        "other shop",
        "longer name",
        "91 s",
        "a day",
        "many parts",
    ],
)
def test_a_return_shopify_did_not_sign_lately_for_this_shop_is_401_and_counted(connector, browser, how):
    back = consent(leave(browser, connector)["Location"])
    answer = browser.get(how(back, connector.secret("client_secret")))
    assert answer.status_code == 401 and vault.read(connector, tokens.NAME) is None
    assert Rejection.objects.get().count == 1
    assert browser.get(back).status_code == 302  # and the right one still counts


def test_a_code_shopify_does_not_know_is_said_to_the_person_and_on_the_page(connector, browser):
    back = consent(leave(browser, connector)["Location"])
    answer = browser.get(signed_anew(back, connector.secret("client_secret"), code="unknown"))
    assert answer.status_code == 502 and "authorization code was not found" in answer.content.decode()
    assert "authorization code was not found" in Notice.objects.get(code="access").sentence
    event = Event.objects.get(topic="app/installed")
    assert event.outcome == Outcome.FAILED and "authorization code" in event.sentence


@pytest.mark.parametrize("code", ["", "a b", "x" * 513, "ü"])
def test_what_is_no_code_is_not_sent_anywhere(connector, browser, vendor, code):
    back = consent(leave(browser, connector)["Location"])
    answer = browser.get(signed_anew(back, connector.secret("client_secret"), code=code))
    assert answer.status_code == 400
    assert not [one for one in vendor.app.journal if one["path"].endswith("access_token")]


def test_the_code_and_the_tokens_are_written_down_nowhere(connector, browser):
    from events import bodies

    back = consent(leave(browser, connector)["Location"])
    code = parse_qs(urlsplit(back).query)["code"][0]
    browser.get(back)
    grant = vault.read(connector, tokens.NAME).values
    event = Event.objects.get(topic="app/installed")
    text = str(bodies.read(event.pk, "payload"))
    for request in event.requests.all():
        text += str(bodies.read(event.pk, f"{request.pk}:request")) + str(
            bodies.read(event.pk, f"{request.pk}:response")
        )
    for secret in (code, grant["access_token"], grant["refresh_token"], connector.secret("client_secret")):
        assert secret not in text


def test_the_other_ways_in_need_no_installation(connector, browser):
    connector.put_settings({**connector.settings, "way_in": "organisation"})
    connector.save()
    answer = leave(browser, connector)
    assert answer.status_code == 409 and "Own organisation" in answer.content.decode()


def test_opening_the_start_changes_nothing_and_only_opening_it_is_possible(connector, browser, vendor):
    leave(browser, connector)
    assert browser.post(f"/hooks/{connector.webhook_token}/install").status_code == 405
    assert vendor.app.journal == [] and not Event.objects.exists()
