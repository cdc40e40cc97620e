"""The sandbox is as strict as the vendor, and its deliveries are really signed."""

from __future__ import annotations

import hmac
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from connectors.exceptions import WebhookRejected
from connectors.shopify import webhooks
from connectors.shopify.documents import document
from connectors.shopify.sandbox.shops import LUMEN, OUTLET
from connectors.shopify.settings import ShopifySettings
from tests.connectors.shopify.conftest import serve

GID = "gid://shopify/Order/5512300777001"


class Receiver:
    """A tiny receiver of webhooks that verifies as the hub does and keeps what it accepted."""

    def __init__(self) -> None:
        self.settings = ShopifySettings(shop_domain=OUTLET, access_token="x", webhook_secret="sandbox-outlet-secret")
        self.accepted: list[tuple[dict[str, str], dict[str, Any]]] = []

    def __call__(self, environ, start_response):
        headers = {k[5:].replace("_", "-").lower(): v for k, v in environ.items() if k.startswith("HTTP_")}
        raw = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        start_response("200 OK" if self.is_good(headers, raw) else "401 Unauthorized", [("Content-Length", "0")])
        return [b""]

    def is_good(self, headers: dict[str, str], raw: bytes) -> bool:
        try:
            signature = webhooks.signature(self.settings, headers)
        except WebhookRejected:
            return False
        for mac in signature.macs:
            mac.update(raw)
            if hmac.compare_digest(mac.digest(), signature.given):
                self.accepted.append((headers, json.loads(raw)))
                return True
        return False


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    app = Receiver()
    server = serve(app)
    app.url = f"http://127.0.0.1:{server.server_port}/hooks/token"
    yield app
    server.shutdown()
    server.server_close()


def deliver(vendor, receiver, mode="normal", **more):
    return vendor.control("deliver", order="#EX-2041", url=receiver.url, mode=mode, **more)


def ask(vendor, query: str, variables: Any = None, **more: Any) -> dict[str, Any]:
    headers = {"X-Shopify-Access-Token": vendor.app.shops[OUTLET].access_token}
    url = f"{vendor.url}/{OUTLET}/admin/api/2026-10/graphql.json"
    answer = requests.post(url, json={"query": query, "variables": variables, **more}, headers=headers, timeout=5)
    assert answer.status_code == 200
    return answer.json()


def code(reply: dict[str, Any]) -> str:
    return reply["errors"][0]["extensions"]["code"]


def test_a_delivery_is_signed_and_carries_every_header(vendor, receiver):
    assert deliver(vendor, receiver, topic="orders/updated")["status"] == 200
    ((headers, body),) = receiver.accepted
    assert headers["x-shopify-topic"] == "orders/updated" and headers["x-shopify-shop-domain"] == OUTLET
    assert headers["x-shopify-api-version"] == "2026-10"
    assert {"x-shopify-webhook-id", "x-shopify-event-id", "x-shopify-triggered-at", "x-shopify-name"} <= set(headers)
    assert (body["admin_graphql_api_id"], body["total_price"], body["tags"]) == (GID, "52.55", "vip, web")
    assert body["created_at"].endswith("+01:00")


def test_a_duplicate_has_the_same_delivery_id(vendor, receiver):
    assert deliver(vendor, receiver, "duplicate")["statuses"] == [200, 200]
    first, second = (headers["x-shopify-webhook-id"] for headers, _ in receiver.accepted)
    assert first == second


def test_a_bad_signature_is_refused(vendor, receiver):
    assert deliver(vendor, receiver, "bad_hmac")["status"] == 401 and receiver.accepted == []


def test_the_old_secret_is_accepted_only_while_it_is_kept(vendor, receiver):
    assert deliver(vendor, receiver, "old_secret")["status"] == 401
    receiver.settings = ShopifySettings(
        shop_domain=OUTLET,
        access_token="x",
        webhook_secret="sandbox-outlet-secret",
        previous_webhook_secret="sandbox-outlet-old-secret",
    )
    assert deliver(vendor, receiver, "old_secret")["status"] == 200


def test_the_wrong_shop_is_rightly_signed(vendor, receiver):
    assert deliver(vendor, receiver, "wrong_shop")["status"] == 200
    assert receiver.accepted[0][0]["x-shopify-shop-domain"] == LUMEN


def test_a_late_delivery_shows_the_first_state(vendor, receiver):
    vendor.control("order", change="#EX-2041", note="new note")
    deliver(vendor, receiver, "late")
    deliver(vendor, receiver)
    (_, late), (_, fresh) = receiver.accepted
    assert late["note"] == "ring twice" and fresh["note"] == "new note" and late["updated_at"] < fresh["updated_at"]


def test_nobody_listening_is_status_zero(vendor):
    answer = vendor.control("deliver", order="#EX-2041", url="http://127.0.0.1:9/x")
    assert answer["status"] == 0


def test_the_sandbox_answers_others_while_it_delivers(vendor):
    """The hub may read the order before it answers the delivery."""
    seen = []

    def reading(environ, start_response):
        seen.append(ask(vendor, document("HubOrder"), {"id": GID})["data"]["order"]["name"])
        start_response("200 OK", [("Content-Length", "0")])
        return [b""]

    server = serve(reading)
    answer = vendor.control("deliver", order="#EX-2041", url=f"http://127.0.0.1:{server.server_port}/")
    server.shutdown()
    server.server_close()
    assert (answer["status"], seen) == (200, ["#EX-2041"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{ shop { colour } }", "undefinedField"),
        ("{ order { id } }", "missingRequiredArguments"),
        ("{ orders(first: 1, colour: 3) { nodes { id } } }", "argumentNotAccepted"),
        ('{ orders(first: "one") { nodes { id } } }', "argumentLiteralsIncompatible"),
        ("{ shop", "parse_error"),
        ('{ order(id: "gid://shopify/Product/1") { id } }', "RESOURCE_NOT_FOUND"),
        ("{ orders { nodes { id } } }", "BAD_REQUEST"),
        ('{ orders(first: 1, after: "bm9uZQ==") { nodes { id } } }', "BAD_REQUEST"),
    ],
)
def test_an_invalid_document_gets_the_vendors_code(vendor, query, expected):
    assert code(ask(vendor, query)) == expected


def test_a_cursor_of_another_query_is_an_error(vendor):
    page = "nodes { id } pageInfo { endCursor }"
    query = f"query Q($q: String, $a: String) {{ orders(first: 1, query: $q, after: $a) {{ {page} }} }}"
    first = ask(vendor, query, {"q": "sku:MUG-RED-350"})
    cursor = first["data"]["orders"]["pageInfo"]["endCursor"]
    assert code(ask(vendor, query, {"q": "sku:TONER-77K", "a": cursor})) == "BAD_REQUEST"
    assert "errors" not in ask(vendor, query, {"q": "sku:MUG-RED-350", "a": cursor})


def test_a_document_that_costs_too_much_is_refused(vendor):
    bag = "{ shopMoney { amount } presentmentMoney { amount } }"
    lines = f"lineItems(first: 250) {{ nodes {{ taxLines {{ priceSet {bag} }} originalTotalSet {bag} }} }}"
    assert code(ask(vendor, f"{{ orders(first: 250) {{ nodes {{ id {lines} }} }} }}")) == "MAX_COST_EXCEEDED"


def test_cost_is_told_and_taken_from_the_bucket(vendor):
    vendor.app.shops[OUTLET].restore_rate = 0.0
    cost = ask(vendor, document("HubOrder"), {"id": GID})["extensions"]["cost"]
    assert cost["requestedQueryCost"] == 263 and 0 < cost["actualQueryCost"] < 263
    assert cost["throttleStatus"]["currentlyAvailable"] == 2000 - cost["actualQueryCost"]
    vendor.app.shops[OUTLET].available = 262.0
    throttled = ask(vendor, document("HubOrder"), {"id": GID})
    assert code(throttled) == "THROTTLED" and "data" not in throttled
    assert throttled["extensions"]["cost"]["actualQueryCost"] is None


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("name:'#EX-2041'", ["#EX-2041"]),
        ("sku:MUG*", ["#EX-2041", "#EX-2043"]),
        ("sku:MUG* -tag:vip", ["#EX-2043"]),
        ("NOT tag:vip", ["#EX-2042", "#EX-2043"]),
        ("name:'#EX-2041' OR name:'#EX-2043'", ["#EX-2041", "#EX-2043"]),
        ("financial_status:paid AND customer_id:7002002", ["#EX-2042"]),
        ("created_at:<'2020-01-01T00:00:00Z'", []),
        ("status:open", ["#EX-2041", "#EX-2042", "#EX-2043"]),
    ],
)
def test_searching_as_the_vendor_does(vendor, query, names):
    text = "query Q($q: String) { orders(first: 10, query: $q, sortKey: CREATED_AT) { nodes { name } } }"
    reply = ask(vendor, text, {"q": query})
    assert [node["name"] for node in reply["data"]["orders"]["nodes"]] == names
    assert "search" not in reply["extensions"]


@pytest.mark.parametrize(("query", "expected"), [("colour:blue", "invalid_field"), ("lamp", "missing_named_field")])
def test_a_filter_it_does_not_know_is_dropped_with_a_warning(vendor, query, expected):
    reply = ask(vendor, "query Q($q: String) { orders(first: 10, query: $q) { nodes { name } } }", {"q": query})
    assert len(reply["data"]["orders"]["nodes"]) == 3
    assert reply["extensions"]["search"][0]["warnings"][0]["code"] == expected


def test_what_is_not_built_is_loud(vendor):
    del vendor.app.shops[OUTLET].orders[GID]["note"]
    reply = ask(vendor, f'{{ order(id: "{GID}") {{ note }} }}')
    assert code(reply) == "INTERNAL_SERVER_ERROR" and "sandbox: not built: order.note" in reply["errors"][0]["message"]


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}"])
def test_a_malformed_request_is_400(vendor, body):
    headers = {"X-Shopify-Access-Token": vendor.app.shops[OUTLET].access_token}
    answer = requests.post(
        f"{vendor.url}/{OUTLET}/admin/api/2026-10/graphql.json", data=body, headers=headers, timeout=5
    )
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "path", [f"/{OUTLET}/admin/orders.json", "/nobody.myshopify.com/admin/api/2026-10/graphql.json"]
)
def test_another_path_is_404(vendor, path):
    assert requests.post(vendor.url + path, timeout=5).status_code == 404


def test_a_token_of_one_shop_opens_no_other(vendor):
    headers = {"X-Shopify-Access-Token": vendor.app.shops[LUMEN].access_token}
    url = f"{vendor.url}/{OUTLET}/admin/api/2026-10/graphql.json"
    assert requests.post(url, json={"query": "{ shop { name } }"}, headers=headers, timeout=5).status_code == 401


def test_a_slow_answer_blocks_nobody_else(vendor):
    vendor.control("fault", kind="slow", seconds=0.5)
    slow = threading.Thread(target=ask, args=(vendor, "{ shop { name } }"))
    started = time.monotonic()
    slow.start()
    time.sleep(0.1)
    ask(vendor, "{ shop { name } }")
    assert time.monotonic() - started < 0.45, "the second call did not wait for the first"
    slow.join()
    assert time.monotonic() - started >= 0.5


def test_an_unknown_fault_is_loud(vendor):
    vendor.control("fault", kind="sideways")
    headers = {"X-Shopify-Access-Token": vendor.app.shops[OUTLET].access_token}
    url = f"{vendor.url}/{OUTLET}/admin/api/2026-10/graphql.json"
    answer = requests.post(url, json={"query": "{ shop { name } }"}, headers=headers, timeout=5)
    assert answer.status_code == 500
    assert "no such fault" in answer.text


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("order", {"shop": "nobody.myshopify.com"}),
        ("order", {"lines": [{"sku": "X", "price": "much"}]}),
        ("deliver", {"order": "#EX-2041", "url": "http://127.0.0.1:9/", "mode": "sideways"}),
        ("scopes", {}),
    ],
)
def test_a_control_call_it_cannot_read_is_400(vendor, call, body):
    assert requests.post(f"{vendor.url}/_sandbox/{call}", json=body, timeout=5).status_code == 400


def test_an_unknown_order_or_call_is_404(vendor):
    assert requests.post(f"{vendor.url}/_sandbox/order", json={"change": "#9"}, timeout=5).status_code == 404
    assert requests.post(f"{vendor.url}/_sandbox/nothing", json={}, timeout=5).status_code == 404


def test_the_journal_shows_calls_and_hides_tokens(vendor):
    ask(vendor, "{ shop { name } }")
    (entry,) = requests.get(f"{vendor.url}/_sandbox/log", timeout=5).json()["log"]
    assert entry["status"] == 200 and entry["headers"]["x-shopify-access-token"] == "***"
