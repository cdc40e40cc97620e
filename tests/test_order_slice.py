"""A Shopify order becomes a Xoro sales order: signed delivery, read back, routed, written once, every step on
record."""

import pytest

from connectors.models import Link, Route
from events.drain import Drainer
from events.models import Event, Kind, Outcome, Reason, SearchKey

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(install):
    return install("shopify", name="Lumen Goods")


@pytest.fixture
def erp(install):
    return install("xoro", name="Xoro")


def deliver(sandbox, shop, live_server, order: dict, mode: str = "normal") -> dict:
    return sandbox.post(
        "/shopify/_sandbox/deliver",
        {"shop": shop.settings["shop_domain"], "order": order["name"], "topic": "orders/create", "mode": mode,
         "url": f"{live_server.url}/hooks/{shop.webhook_token}"},
    )  # fmt: skip


def test_a_delivered_order_becomes_one_sales_order_with_customer_and_company(sandbox, shop, erp, live_server):
    Route.objects.create(source=shop, target=erp, record_kind="order", options={})
    order = {"name": "#2207"}
    answer = deliver(sandbox, shop, live_server, order)
    assert answer["status"] == 200, answer
    assert Drainer(0).run() == 3  # the delivery, the push, and what is written onto the order

    event = Event.objects.get(kind=Kind.WEBHOOK)
    child = Event.objects.get(kind=Kind.DELIVERY)
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert child.outcome == Outcome.SUCCEEDED, child.sentence
    assert child.parent_id == event.pk
    written = [e for e in sandbox.log("xoro") if e["path"].endswith("/salesorder/create")]
    assert len(written) == 1
    assert '"ThirdPartyCustomerId":"7710042001"' in written[0]["body"]
    assert '"ThirdPartyCompanyId":"330045"' in written[0]["body"]
    assert event.requests.count() >= 2
    assert child.requests.filter(is_write=True, status=200).count() == 1
    assert Link.objects.get().target_number in child.sentence
    assert SearchKey.objects.filter(value="2207", event=child).exists()


def test_the_same_delivery_again_writes_nothing(sandbox, shop, erp, live_server):
    Route.objects.create(source=shop, target=erp, record_kind="order", options={})
    order = {"name": "#2207"}
    deliver(sandbox, shop, live_server, order)
    Drainer(0).run()
    deliver(sandbox, shop, live_server, order)
    Drainer(0).run()
    assert len([e for e in sandbox.log("xoro") if e["path"].endswith("/salesorder/create")]) == 1
    last = Event.objects.filter(kind=Kind.DELIVERY).latest("id")
    assert (last.outcome, last.reason) in {(Outcome.SKIPPED, Reason.UNCHANGED), (Outcome.SUCCEEDED, "")}


def test_an_order_without_route_says_so(sandbox, shop, live_server):
    deliver(sandbox, shop, live_server, {"name": "#2207"})
    Drainer(0).run()
    event = Event.objects.get()
    assert (event.outcome, event.reason) == (Outcome.SKIPPED, Reason.NOT_ROUTED)
    assert "went nowhere" in event.sentence


@pytest.mark.parametrize("slashes", ["/", "\\/"])
def test_an_order_too_large_to_keep_is_read_from_the_shop_all_the_same(sandbox, shop, erp, client, slashes):
    """From 5 to 20 MiB only the beginning is kept: enough to know which order to ask for."""
    import base64
    import hashlib
    import hmac

    Route.objects.create(source=shop, target=erp, record_kind="order", options={})
    gid = "gid://shopify/Order/6900100300007".replace("/", slashes)
    body = b'{"id":6900100300007,"admin_graphql_api_id":"%s","note":"%s"}' % (gid.encode(), b"x" * (6 * 1024 * 1024))
    digest = hmac.new(shop.load_settings().signing_secrets[0].encode(), body, hashlib.sha256).digest()
    headers = {
        "X-Shopify-Topic": "orders/create", "X-Shopify-Webhook-Id": f"large-{len(slashes)}",
        "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(), "X-Shopify-Shop-Domain": shop.settings["shop_domain"],
    }  # fmt: skip
    answer = client.post(f"/hooks/{shop.webhook_token}", body, content_type="application/json", headers=headers)
    assert answer.status_code == 200, answer.content
    Drainer(0).run()
    event = Event.objects.get(kind=Kind.WEBHOOK)
    assert (event.outcome, event.object_id) == (Outcome.SUCCEEDED, "6900100300007"), event.sentence
    assert event.is_payload_cut and event.payload_size == len(body)
