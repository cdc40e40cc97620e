"""The sandbox's webhooks are as strict as the vendor's: its texts, its rules of addresses, its way with payloads."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from connectors.exceptions import ConfigurationError
from connectors.shopify.replies import UserErrors
from connectors.shopify.sandbox import OUTLET

GOOD = "https://hub.example.com/hooks/abcdefgh"


@pytest.fixture
def shop(vendor, make_client):
    return make_client()


def create(shop: Any, **sub: Any) -> dict[str, Any]:
    return shop.change("HubWebhookCreate", {"topic": sub.pop("topic", "ORDERS_CREATE"), "sub": sub})


def refusal(shop: Any, **sub: Any) -> dict[str, Any]:
    with pytest.raises(UserErrors) as caught:
        create(shop, **sub)
    [error] = caught.value.errors
    return error


@pytest.mark.parametrize(
    ("uri", "text"),
    [
        ("", "Address can't be blank"),
        ("nowhere", "Address is invalid"),
        ("ftp://hub.example.com/", "Address is invalid"),
        ("http://hub.example.com/hooks/x", "Address protocol http:// is not supported"),
        ("https://localhost/hooks/x", "Address cannot be a Shopify or an internal domain"),
        ("https://10.0.0.7/hooks/x", "Address cannot be a Shopify or an internal domain"),
        ("https://hub.internal/hooks/x", "Address cannot be a Shopify or an internal domain"),
        ("https://example-outlet.myshopify.com/x", "Address cannot be a Shopify or an internal domain"),
    ],
)
def test_an_address_it_does_not_take_is_refused_in_the_vendors_words(shop, uri, text):
    assert refusal(shop, uri=uri) == {"field": ["webhookSubscription", "callbackUrl"], "message": text}


def test_the_same_address_twice_is_taken(shop):
    create(shop, uri=GOOD)
    assert refusal(shop, uri=GOOD)["message"] == "Address for this topic has already been taken"
    create(shop, uri=GOOD, topic="ORDERS_UPDATED")


def test_a_filter_it_cannot_read_is_refused(shop):
    assert refusal(shop, uri=GOOD, filter="nonsense")["message"].startswith("The specified filter is invalid")


@pytest.mark.parametrize("name", ["HubWebhookUpdate", "HubWebhookDelete"])
def test_an_unknown_subscription_does_not_exist(shop, name):
    variables: dict[str, Any] = {"id": "gid://shopify/WebhookSubscription/1"}
    with pytest.raises(UserErrors) as caught:
        shop.change(name, variables | ({"sub": {"uri": GOOD}} if "Update" in name else {}))
    assert caught.value.errors == [{"field": ["id"], "message": "Webhook subscription does not exist"}]


def test_a_topic_needs_its_scope(vendor, make_client):
    vendor.control("scopes", shop=OUTLET, scopes=["read_products"])
    shop = make_client()
    with pytest.raises(ConfigurationError) as caught:
        create(shop, uri=GOOD)
    assert "read_orders" in caught.value.sentence
    create(shop, uri=GOOD, topic="PRODUCTS_UPDATE")
    create(shop, uri=GOOD, topic="APP_UNINSTALLED")


def test_plain_http_of_a_loopback_address_can_be_forbidden(vendor, shop):
    create(shop, uri="http://127.0.0.1:8000/hooks/abcdefgh")
    vendor.control("webhook_rules", shop=OUTLET, loopback=False)
    assert "not supported" in refusal(shop, uri="http://127.0.0.1:8000/hooks/other-one")["message"]


# --- what really travels


@pytest.fixture
def listener():
    """A receiver that keeps what it gets; ``answers`` are the statuses it gives, the last one again and again."""
    got: list[tuple[dict[str, str], dict[str, Any]]] = []
    answers = [200]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append(({name.lower(): value for name, value in self.headers.items()}, json.loads(body)))
            self.send_response(answers.pop(0) if len(answers) > 1 else answers[0])
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    server.url, server.got, server.answers = f"http://127.0.0.1:{server.server_port}/hooks/x", got, answers
    yield server
    server.shutdown()
    server.server_close()


def test_one_action_tells_several_topics_under_one_event_id(vendor, shop, listener):
    create(shop, uri=listener.url)
    create(shop, uri=listener.url, topic="ORDERS_PAID")
    vendor.control("order", shop=OUTLET)
    vendor.control("clock", advance=1)
    headers = [headers for headers, _ in listener.got]
    assert {one["x-shopify-topic"] for one in headers} == {"orders/create", "orders/paid"}
    assert len({one["x-shopify-event-id"] for one in headers}) == 1
    assert len({one["x-shopify-webhook-id"] for one in headers}) == 2


def test_a_retry_is_the_same_delivery_with_the_first_payload_to_the_first_address(vendor, shop, listener):
    gid = create(shop, uri=listener.url)["webhookSubscription"]["id"]
    listener.answers[:] = [500, 302, 200]
    name = vendor.control("order", shop=OUTLET, note="first")["name"]
    vendor.control("clock", advance=1)
    vendor.control("order", shop=OUTLET, change=name, note="later")
    shop.change("HubWebhookUpdate", {"id": gid, "sub": {"uri": GOOD}})
    vendor.control("clock", advance=11)
    vendor.control("clock", advance=61)
    vendor.control("clock", advance=4 * 3600)
    assert len(listener.got) == 3, "a redirect is a failure, and what was taken does not come again"
    assert len({headers["x-shopify-webhook-id"] for headers, _ in listener.got}) == 1
    assert {body["note"] for _, body in listener.got} == {"first"}


def test_a_success_in_between_begins_the_count_of_failures_anew(vendor, shop, listener):
    create(shop, uri=listener.url)
    for _ in range(3):
        listener.answers[:] = [500, 500, 500, 200]
        vendor.control("order", shop=OUTLET)
        for seconds in (1, 11, 61, 301):
            vendor.control("clock", advance=seconds)
    assert len(vendor.control("subscriptions", shop=OUTLET)["subscriptions"]) == 1


def test_chosen_fields_cut_the_payload_and_a_filter_on_an_unknown_field_lets_nothing_through(vendor, shop, listener):
    create(shop, uri=listener.url, includeFields=["id", "updated_at"])
    create(shop, uri=f"{listener.url}2", topic="ORDERS_CREATE", filter="no_such_field:1")
    vendor.control("order", shop=OUTLET)
    vendor.control("clock", advance=1)
    [(_, body)] = listener.got
    assert set(body) == {"id", "updated_at"}


@pytest.mark.parametrize(("mode", "count"), [("normal", 1), ("duplicate", 2), ("reordered", 2), ("late", 1)])
def test_modes_of_a_delivery_on_call(vendor, shop, listener, mode, count):
    create(shop, uri=listener.url)
    vendor.control("order", shop=OUTLET, change="#EX-2041", note="news", silent=True)
    vendor.control("webhook", shop=OUTLET, order="#EX-2041", topic="orders/create", mode=mode)
    notes = [body["note"] for _, body in listener.got]
    assert len(notes) == count
    assert notes == {"late": ["ring twice"], "reordered": ["news", "ring twice"]}.get(mode, ["news"] * count)
    ids = {headers["x-shopify-webhook-id"] for headers, _ in listener.got}
    assert len(ids) == (2 if mode == "reordered" else 1)
