"""Deliveries: the signature over the raw body, and what is read from headers and body."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

import connectors.shopify
from connectors.exceptions import WebhookRejected
from connectors.shopify import webhooks
from connectors.shopify.provider import provider
from connectors.shopify.settings import ShopifySettings

SAMPLES = sorted((Path(connectors.shopify.__file__).parent / "samples").glob("orders-*.json"))
BODY = b'{"id":1,"note":"Gr\xc3\xbc\xc3\x9fe"}'


def settings(**changes: Any) -> ShopifySettings:
    given = {"shop_domain": "example-outlet.myshopify.com", "access_token": "shpat_x", "webhook_secret": "new"}
    return ShopifySettings(**{**given, **changes})


def signed(body: bytes, secret: str = "new") -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return {"x-shopify-hmac-sha256": base64.b64encode(digest).decode()}


def accepts(given: ShopifySettings, headers: dict[str, str], *chunks: bytes) -> bool:
    signature = webhooks.signature(given, headers)
    for mac in signature.macs:
        for chunk in chunks:
            mac.update(chunk)
    return any(hmac.compare_digest(mac.digest(), signature.given) for mac in signature.macs)


def test_a_right_signature_is_accepted():
    assert accepts(settings(), signed(BODY), BODY)


def test_a_body_streamed_in_chunks_gives_the_same_verdict():
    assert accepts(settings(), signed(BODY), BODY[:7], b"", BODY[7:])
    assert not accepts(settings(), signed(BODY), BODY[:7], BODY[8:])


def test_a_signature_by_another_secret_is_not_accepted():
    assert not accepts(settings(), signed(BODY, "guess"), BODY)


def test_one_changed_byte_is_noticed():
    assert not accepts(settings(), signed(BODY), BODY.replace(b"1", b"2"))


def test_the_previous_secret_is_accepted_while_it_is_kept():
    assert accepts(settings(previous_webhook_secret="old"), signed(BODY, "old"), BODY)
    assert accepts(settings(previous_webhook_secret="old"), signed(BODY, "new"), BODY)
    assert not accepts(settings(), signed(BODY, "old"), BODY)


def test_the_client_secret_signs_where_no_other_is_set():
    both = settings(access_token="", client_id="i", client_secret="app", webhook_secret="")
    assert accepts(both, signed(BODY, "app"), BODY)


def test_every_call_gives_fresh_macs():
    first, second = (webhooks.signature(settings(), signed(BODY)) for _ in range(2))
    first.macs[0].update(b"something else")
    second.macs[0].update(BODY)
    assert hmac.compare_digest(second.macs[0].digest(), second.given)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-shopify-hmac-sha256": ""},
        {"x-shopify-hmac-sha256": "%%%"},
        {"x-shopify-hmac-sha256": "ümläut"},
        {"x-shopify-hmac-sha256": base64.b64encode(b"short").decode()},
    ],
)
def test_a_missing_or_unreadable_signature_is_rejected(headers):
    with pytest.raises(WebhookRejected) as caught:
        webhooks.signature(settings(), headers)
    assert caught.value.code == "bad_signature"


def test_without_any_secret_nothing_is_accepted():
    with pytest.raises(WebhookRejected) as caught:
        webhooks.signature(settings(webhook_secret=""), signed(BODY, ""))
    assert caught.value.code == "bad_signature"


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_verifies_once_signed_and_names_its_order(path):
    sample = json.loads(path.read_text(encoding="utf-8"))
    raw = sample["body"].encode()
    headers = {name.lower(): value for name, value in sample["headers"].items()}
    assert not accepts(settings(), headers, raw), "a sample carries no valid signature"
    assert accepts(settings(), {**headers, **signed(raw)}, raw)

    body = json.loads(raw)
    identity = webhooks.identify(headers, body)
    assert identity.topic == path.stem.replace("-", "/", 1)
    assert identity.topic in provider.handlers
    assert identity.delivery_id == headers["x-shopify-webhook-id"]
    number = str(body.get("order_id") or body["id"])  # a deletion says no name, a risk names its order beside itself
    assert (identity.object_type, identity.object_id, identity.object_label) == ("order", number, body.get("name", ""))


def test_the_keys_of_a_business_order_are_those_a_person_may_quote():
    sample = json.loads(next(path for path in SAMPLES if path.stem == "orders-updated").read_text(encoding="utf-8"))
    identity = webhooks.identify({"x-shopify-topic": "orders/updated"}, json.loads(sample["body"]))
    assert dict(identity.keys) == {
        "order_id": "6900100300007",
        "order_number": "2207",
        "order_name": "#2207",
        "po_number": "PO-8815",
        "email": "purchasing@example.com",
        "customer_id": "7710042001",
    }


@pytest.mark.parametrize("body", [None, [], "text", {}, {"id": None}])
def test_a_body_that_names_nothing_leaves_topic_and_delivery(body):
    identity = webhooks.identify({"x-shopify-topic": "orders/create", "x-shopify-webhook-id": "d1"}, body)
    assert (identity.topic, identity.delivery_id, identity.object_id) == ("orders/create", "d1", "")


def test_another_kind_of_topic_is_not_taken_for_an_order():
    identity = webhooks.identify({"x-shopify-topic": "app/uninstalled"}, {"id": 7, "name": "Example Outlet"})
    assert (identity.object_type, identity.keys) == ("", ())


def test_every_topic_has_one_decision():
    assert not set(provider.handlers) & webhooks.IGNORED
