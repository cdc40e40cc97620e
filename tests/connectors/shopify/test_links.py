"""“Synchronize” in the shop's admin: who may ask, what is asked, what is queued, what is shown."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.test import Client

from connectors.models import Connector, Route
from connectors.shopify.sandbox import LUMEN, OUTLET
from connectors.shopify.sandbox.admin_links import id_token
from connectors.shopify.sandbox.shops import open_shops
from events.drain import Drainer
from events.models import Event, Kind, Outcome, Priority, Rejection
from events.progress import of

pytestmark = pytest.mark.django_db(transaction=True)

IDS = ("6900100300005", "6900100300006", "6900100300007")
SHOPS = open_shops(0.0)


@pytest.fixture
def shop(install) -> Connector:
    return install("shopify", name="Lumen Goods")


@pytest.fixture
def route(shop, install) -> Route:
    return Route.objects.create(source=shop, target=install("xoro", name="Xoro"), record_kind="order", options={})


@pytest.fixture
def link(sandbox, shop):
    """The address the shop's admin opens for a page of the connector."""

    def make(endpoint: str = "sync-orders", ids: Any = IDS, **wish: Any) -> str:
        here = f"/hooks/{shop.webhook_token}/{endpoint}"
        return sandbox.post("/shopify/_sandbox/admin-link", {"shop": LUMEN, "url": here, "ids": list(ids), **wish})[
            "url"
        ]

    return make


def get(url: str, **more: Any) -> Any:
    return Client().get(url, **more)


def changed(url: str, **values: Any) -> str:
    """The same address with one parameter replaced."""
    parts = urlsplit(url)
    pairs = [(name, values.get(name, value)) for name, value in parse_qsl(parts.query)]
    return f"{parts.path}?{urlencode(pairs)}"


def answer_question(url: str) -> Any:
    """Press the button of the page."""
    page = get(url)
    assert page.status_code == 200, page.content
    sealed = re.search(r'name="question" value="([^"]+)"', page.content.decode())
    action = re.search(r'action="([^"]+)"', page.content.decode())
    assert sealed
    assert action
    path = urlsplit(url).path
    return Client().post(path + action[1].replace("&amp;", "&"), {"question": sealed[1]})


# --- who may ask ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", ["plain", "encoded"])
def test_a_signed_address_is_asked_back_in_either_spelling(link, route, spelling):
    page = get(link(spelling=spelling))
    assert page.status_code == 200
    assert "Send 3 orders of lumen-goods.myshopify.com?" in page.content.decode()
    assert "Xoro" in page.content.decode()
    assert Event.objects.count() == 0, "opening an address changes nothing"


def test_an_id_token_alone_is_proof(link, route):
    assert get(link(hmac=False, id_token=True)).status_code == 200


@pytest.mark.parametrize(
    "wish",
    [
        {"age": 91},
        {"age": -91},
        {"secret_of": OUTLET},
        {"hmac": False},
        {"hmac": False, "id_token": True, "age": 75},
        {"hmac": False, "id_token": True, "secret_of": OUTLET},
        {"shop": OUTLET},
        {"shop": OUTLET, "secret_of": LUMEN},
        {"shop": OUTLET, "hmac": False, "id_token": True, "secret_of": LUMEN},
    ],
)
def test_an_old_address_or_another_secret_is_401_and_shows_nothing(link, wish):
    answer = get(link(**wish))
    assert answer.status_code == 401, wish
    assert b"Lumen" not in answer.content
    assert Event.objects.count() == 0
    assert Rejection.objects.get().reason == "bad_signature"


@pytest.mark.parametrize("name", ["ids[]", "shop", "timestamp", "hmac", "host"])
def test_one_changed_parameter_is_401(link, name):
    url = changed(link(), **{name: "1" if name != "shop" else OUTLET})
    assert get(url).status_code == 401


def test_one_more_id_is_401(link):
    assert get(link() + "&ids%5B%5D=1").status_code == 401


def claims(**changes: Any) -> str:
    return id_token(SHOPS[LUMEN], time.time(), **changes)


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "another-app"},
        {"dest": f"https://{OUTLET}"},
        {"iss": f"https://{OUTLET}/admin"},
        {"dest": f"https://{OUTLET}", "iss": f"https://{OUTLET}/admin"},
        {"dest": f"http://{LUMEN}"},
        {"exp": 1},
        {"exp": None},
        {"exp": True},
        {"nbf": 4_000_000_000},
        {"dest": None, "iss": None},
        {"aud": ""},
    ],
)
def test_a_token_with_one_wrong_claim_is_401(shop, change):
    address = f"/hooks/{shop.webhook_token}/sync-order?id=1"
    assert get(f"{address}&id_token={claims()}").status_code == 200
    assert get(f"{address}&id_token={claims(**change)}").status_code == 401


@pytest.mark.parametrize("named", ["none", "HS512", "RS256", ""])
def test_another_algorithm_is_401_even_where_the_digest_is_right(shop, named):
    head = base64.urlsafe_b64encode(json.dumps({"alg": named, "typ": "JWT"}).encode()).decode().rstrip("=")
    signed = f"{head}.{claims().split('.')[1]}"
    digest = hmac.digest(SHOPS[LUMEN].client_secret.encode(), signed.encode(), hashlib.sha256)
    for signature in (base64.urlsafe_b64encode(digest).decode().rstrip("="), "", "x"):
        address = f"/hooks/{shop.webhook_token}/sync-order?id=1&id_token={signed}.{signature}"
        assert get(address).status_code == 401


@pytest.mark.parametrize("token", ["", "a", "a.b", "a.b.c", "..", "é.é.é", "a" * 9000, "e30.e30.e30", "bnVsbA.W10.MTI"])
def test_a_text_that_is_no_token_is_401(shop, token):
    answer = get(f"/hooks/{shop.webhook_token}/sync-order", data={"id": "1", "id_token": token})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "change", [{"exp": 10**400}, {"nbf": -(10**400)}, {"iss": "https://["}, {"dest": "https://]["}]
)
@pytest.mark.parametrize("is_signed", [True, False])
def test_claims_nobody_can_make_sense_of_are_401_and_no_error(shop, change, is_signed):
    token = claims(**change) if is_signed else claims(**change).rpartition(".")[0] + ".AAAA"
    answer = Client(raise_request_exception=False).get(f"/hooks/{shop.webhook_token}/app?id_token={token}")
    assert answer.status_code == 401


def test_a_query_of_thousands_of_parts_is_401_and_no_error(shop):
    query = "&".join(f"p{n}=1" for n in range(5000))
    for name in ("sync-orders", "app"):
        answer = Client(raise_request_exception=False).get(f"/hooks/{shop.webhook_token}/{name}?{query}")
        assert answer.status_code == 401


def test_a_token_is_good_ten_seconds_longer(shop):
    now = time.time()
    assert get(f"/hooks/{shop.webhook_token}/sync-order?id=1&id_token={claims(exp=int(now) - 5)}").status_code == 200
    assert get(f"/hooks/{shop.webhook_token}/sync-order?id=1&id_token={claims(exp=int(now) - 15)}").status_code == 401


# --- what is chosen ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["id", "ids", "ids[]"])
def test_ids_come_under_any_of_their_names(link, name):
    page = get(link("sync-order", IDS[:1], **{"as": name}))
    assert "Send 1 order of" in page.content.decode()


def test_a_global_id_counts_as_its_number_and_twice_is_once(link):
    page = get(link(ids=[IDS[0], f"gid://shopify/Order/{IDS[0]}"]))
    assert "Send 1 order of" in page.content.decode()


@pytest.mark.parametrize("ids", [[], ["x"], ["-1"], ["1" * 21], ["gid://shopify/Product/1"], ["1", "'; DROP"], [""]])
def test_what_is_no_order_is_refused_in_words(link, ids):
    answer = get(link(ids=ids))
    assert answer.status_code == 400
    assert "Nothing was sent" in answer.content.decode()


def test_more_than_250_are_refused(link):
    assert get(link(ids=[str(n) for n in range(1, 251)])).status_code == 200
    answer = get(link(ids=[str(n) for n in range(1, 252)]))
    assert answer.status_code == 400
    assert "251 were chosen" in answer.content.decode()


def test_a_disabled_connector_says_so(link, shop):
    Connector.objects.update(is_enabled=False)
    shop.refresh_from_db()
    shop.save()
    answer = get(link())
    assert answer.status_code == 400
    assert "switched off" in answer.content.decode()


# --- what is queued and shown -----------------------------------------------------------------------------------------


def test_the_button_queues_one_event_each_and_shows_exactly_these(link, route, shop):
    answer = answer_question(link(id_token=True))
    assert answer.status_code == 303
    parent = Event.objects.get(topic="selection:order")
    children = list(Event.objects.filter(parent_id=parent.pk).order_by("id"))
    assert [one.object_id for one in children] == list(IDS)
    assert {(one.topic, one.priority, one.kind) for one in children} == {("orders/updated", Priority.MANUAL, Kind.SYNC)}
    page = get(answer["Location"]).content.decode()
    assert "hx-trigger" in page, "it looks again by itself"
    assert page.count('<th scope="row">') == 3
    Drainer(0).run()
    page = get(answer["Location"]).content.decode()
    assert page.count('<th scope="row">') == 3
    for name in ("#2205", "#2206", "#2207"):
        assert name in page
    assert "3 succeeded" in page, page
    assert "hx-trigger" not in page
    assert "dana@example.com" not in page
    assert "Reyes" not in page
    assert Event.objects.filter(kind=Kind.DELIVERY, outcome=Outcome.SUCCEEDED).count() == 3


def test_the_progress_of_people_names_nobody(shop):
    """Its address alone opens the page for a day: a customer is a number there, and what is told of him stays inside."""
    answer = act(shop, {"ids": ["gid://shopify/Customer/7710042000"]})
    Drainer(0).run()
    event = Event.objects.get(parent_id=answer.json()["event_id"])
    assert "Dana" in event.object_label, event.sentence
    Event.objects.filter(pk=event.pk).update(sentence="Dana Reyes has no account there.")
    page = get(answer.json()["progress"]).content.decode()
    assert "7710042000" in page
    assert str(event.pk) in page
    assert "Dana" not in page


def test_pressed_twice_it_is_sent_once(link, route):
    url = link()
    page = get(url).content.decode()
    sealed = re.search(r'name="question" value="([^"]+)"', page)[1]  # type: ignore[index]
    answers = [Client().post(urlsplit(url).path, {"question": sealed}) for _ in range(2)]
    assert [one.status_code for one in answers] == [303, 303]
    assert Event.objects.filter(topic="orders/updated").count() == 3


def test_who_asked_stands_on_the_events(link, route):
    answer_question(link(hmac=False, id_token=True))
    assert Event.objects.get(topic="selection:order").triggered_by == "Shopify admin, staff 5001"


def test_a_question_of_another_page_connector_or_hand_is_not_answered(link, shop, install):
    other = install("shopify", name="Lumen again")
    sealed = re.search(r'name="question" value="([^"]+)"', get(link()).content.decode())[1]  # type: ignore[index]
    for token, endpoint, text in (
        (shop.webhook_token, "sync-products", sealed), (other.webhook_token, "sync-orders", sealed),
        (shop.webhook_token, "sync-orders", sealed[:-2]), (shop.webhook_token, "sync-orders", ""),
    ):  # fmt: skip
        assert Client().post(f"/hooks/{token}/{endpoint}", {"question": text}).status_code == 401
    assert Event.objects.count() == 0


def test_a_question_that_lay_for_too_long_is_not_answered(link, shop, monkeypatch):
    sealed = re.search(r'name="question" value="([^"]+)"', get(link()).content.decode())[1]  # type: ignore[index]
    later = time.time() + 601
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)
    answer = Client().post(f"/hooks/{shop.webhook_token}/sync-orders", {"question": sealed})
    assert answer.status_code == 400
    assert "open for too long" in answer.content.decode()


def test_progress_of_another_choice_or_connector_cannot_be_opened(link, route, shop, install):
    other = install("shopify", name="Lumen again")
    place = answer_question(link())["Location"]
    assert get(place).status_code == 200
    assert get(place.replace(shop.webhook_token, other.webhook_token)).status_code == 401
    assert get(place.replace("of=", "of=1")).status_code == 401
    assert get(f"/hooks/{shop.webhook_token}/progress").status_code == 401
    assert of(Event.objects.latest("id").pk, other.pk) is None


def test_progress_is_shown_for_a_day(link, route, monkeypatch):
    place = answer_question(link())["Location"]
    later = time.time() + 24 * 3600 + 5
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)
    assert get(place).status_code == 410


def test_only_the_shops_admin_may_frame_the_pages(link):
    answer = get(link())
    policy = answer["Content-Security-Policy"]
    assert f"frame-ancestors https://{LUMEN} https://admin.shopify.com;" in policy
    assert "unsafe" not in policy
    assert "X-Frame-Options" not in answer
    assert answer["Cache-Control"] == "no-store"
    assert not answer.cookies


# --- the action of an extension ---------------------------------------------------------------------------------------


def act(shop: Connector, body: Any, token: str | None = None) -> Any:
    headers = {"Authorization": f"Bearer {claims() if token is None else token}"}
    content = body if isinstance(body, str) else json.dumps(body)
    address = f"/hooks/{shop.webhook_token}/actions-sync"
    return Client().post(address, content, content_type="application/json", headers=headers)


def test_an_action_is_queued_and_answered_with_its_event(shop, route):
    answer = act(shop, {"ids": [f"gid://shopify/Order/{one}" for one in IDS]})
    assert answer.status_code == 202, answer.content
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert Event.objects.filter(parent_id=answer.json()["event_id"]).count() == 3
    assert get(answer.json()["progress"]).status_code == 200


def test_an_action_with_a_token_too_old_asks_for_another_one(shop):
    answer = act(shop, {"ids": ["gid://shopify/Order/1"]}, claims(exp=1))
    assert answer.status_code == 401
    assert answer["X-Shopify-Retry-Invalid-Session-Request"] == "1"
    assert Event.objects.count() == 0


@pytest.mark.parametrize(
    "body",
    ["", "null", "[]", "{}", {"ids": []}, {"ids": "gid://shopify/Order/1"}, {"ids": ["1"]}, {"ids": [1]},
     {"ids": ["gid://shopify/Shop/1"]}, {"ids": ["gid://shopify/Order/1", "gid://shopify/Product/1"]},
     {"ids": [f"gid://shopify/Order/{n}" for n in range(251)]}, {"ids": ["gid://shopify/Order/1"], "x": "y" * 70_000}],
)  # fmt: skip
def test_an_action_that_cannot_be_read_is_400(shop, body):
    assert act(shop, body).status_code == 400
    assert Event.objects.count() == 0


def test_the_preflight_of_an_extension_is_answered(shop):
    answer = Client().options(f"/hooks/{shop.webhook_token}/actions-sync")
    assert answer.status_code == 204
    assert answer["Access-Control-Allow-Headers"] == "Authorization, Content-Type"


# --- the app's page ---------------------------------------------------------------------------------------------------


def test_the_apps_page_tells_how_the_connector_is(link, shop, route):
    page = get(link("app", [], age=3600))
    assert page.status_code == 200
    text = page.content.decode()
    assert "enabled" in text
    assert "none yet" in text
    assert "not checked yet" in text
    assert 'content="sandbox-lumen"' in text, "App Bridge is told whose page it is"
    assert "https://cdn.shopify.com" in page["Content-Security-Policy"]


def test_opened_outside_the_frame_it_leads_into_the_admin(link):
    answer = get(link("app", [], embedded=False))
    assert (answer.status_code, answer["Location"]) == (
        302, "https://admin.shopify.com/store/lumen-goods/apps/sandbox-lumen",
    )  # fmt: skip


def test_an_app_with_a_window_of_its_own_stays_there(link, shop):
    shop.settings = {**shop.settings, "is_embedded": False}
    shop.save()
    assert get(link("app", [], embedded=False)).status_code == 200


@pytest.mark.parametrize("wish", [{"age": 86_500}, {"secret_of": OUTLET}, {"hmac": False}, {"shop": OUTLET}])
def test_the_apps_page_shows_nothing_to_strangers(link, wish):
    assert get(link("app", [], **wish)).status_code == 401


def test_the_connectors_page_has_the_configuration_to_copy(shop, administrator):
    browser = Client()
    browser.force_login(administrator)
    page = browser.get(f"/admin/connectors/connector/{shop.pk}/change/?tab=more").content.decode()
    assert "compliance_topics" in page
    assert f"/hooks/{shop.webhook_token}/sync-orders" in page
