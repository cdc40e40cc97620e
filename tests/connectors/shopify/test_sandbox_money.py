"""The sandbox is as strict as the vendor about refunds, returns, gift cards: states, texts, stock, totals, who is told."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from connectors.shopify.calls import giftcards, refunds, returns
from connectors.shopify.replies import UserErrors
from connectors.shopify.sandbox.shops import OUTLET

MUG, KIEL = "gid://shopify/InventoryItem/7701", "gid://shopify/Location/61001"
ORDER = "gid://shopify/Order/5512300777001"


@pytest.fixture
def shop(vendor):
    vendor.control("way_back")
    return vendor.app.shops[OUTLET]


@pytest.fixture
def order(shop):
    return shop.orders[ORDER]


def refund_input(order, **changes):
    [line] = order["lineItems"]
    goods = {"lineItemId": line["id"], "quantity": 1, "restockType": "RETURN", "locationId": KIEL}
    parent = order["transactions"][0]["id"]
    money = {"orderId": ORDER, "kind": "REFUND", "gateway": "shopify_payments", "amount": "23.80", "parentId": parent}
    return {"orderId": ORDER, "refundLineItems": [goods], "transactions": [money], **changes}


def test_a_refund_moves_money_units_stock_and_time(make_client, shop, order):
    client = make_client()
    before, changed = shop.stock[MUG, KIEL]["available"], order["updatedAt"]
    made = refunds.create_refund(client, refund_input(order), "key-1")
    assert made["totalRefundedSet"]["shopMoney"]["amount"] == "23.80"
    assert (order["displayFinancialStatus"], order["lineItems"][0]["currentQuantity"]) == ("PARTIALLY_REFUNDED", 1)
    assert shop.stock[MUG, KIEL]["available"] == before + 1 and order["updatedAt"] > changed
    assert order["totalRefundedSet"]["shopMoney"]["amount"] == "23.80"
    again = refunds.create_refund(client, refund_input(order), "key-1")
    assert again["id"] == made["id"] and shop.stock[MUG, KIEL]["available"] == before + 1


def test_everything_back_makes_the_order_refunded(make_client, order):
    total = order["totalPriceSet"]["shopMoney"]["amount"]
    wish = refund_input(order, refundLineItems=[])
    wish["transactions"][0]["amount"] = total
    refunds.create_refund(make_client(), wish, "key-2")
    assert order["displayFinancialStatus"] == "REFUNDED"


def test_cancelled_units_are_no_longer_to_be_shipped(make_client, shop, order):
    available, committed = (shop.stock[MUG, KIEL][name] for name in ("available", "committed"))
    [line] = order["lineItems"]
    goods = [{"lineItemId": line["id"], "quantity": 1, "restockType": "CANCEL"}]
    refunds.create_refund(make_client(), refund_input(order, refundLineItems=goods, transactions=[]), "key-3")
    level = shop.stock[MUG, KIEL]
    assert (level["available"], level["committed"]) == (available + 1, committed - 1)
    assert line["unfulfilledQuantity"] == 1


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"orderId": "gid://shopify/Order/1"}, "Order does not exist"),
        ({"amount": "999.00"}, r"Refund amount \$999.00 is greater than net payment received \$52.55"),
        ({"parentId": None}, "Transactions require a parent_id"),
        ({"quantity": 3}, "Quantity cannot refund more items than were purchased"),
        ({"currency": "USD"}, "Currency does not match"),
    ],
)
def test_refusals_have_the_vendors_texts_and_change_nothing(make_client, shop, order, change, text):
    state = json.dumps(order, default=str)
    wish = refund_input(order)
    for name, value in change.items():
        part = next((one for one in (wish["transactions"][0], wish["refundLineItems"][0]) if name in one), wish)
        (wish if name == "orderId" else part)[name] = value
    with pytest.raises(UserErrors, match=text):
        refunds.create_refund(make_client(), wish, f"key {text}")
    assert json.dumps(order, default=str) == state and len(shop.table("Refund")) == 1


def test_a_buyers_other_currency_has_to_be_named(make_client, vendor, shop):
    made = vendor.control("order", presentment={"currency": "CHF", "rate": "0.5"})
    order = shop.orders[made["id"]]
    parent = order["transactions"][0]
    wish = {"orderId": made["id"], "transactions": [
        {"orderId": made["id"], "kind": "REFUND", "gateway": "x", "amount": "1.00", "parentId": parent["id"]}]}  # fmt: skip
    with pytest.raises(UserErrors, match="Currency is required"):
        refunds.create_refund(make_client(), wish, "key-4")
    made_refund = refunds.create_refund(make_client(), {**wish, "currency": "CHF"}, "key-5")
    assert made_refund["totalRefundedSet"]["shopMoney"]["amount"] == "2.00"


def test_a_return_knows_its_states_and_what_was_shipped(make_client, shop):
    client = make_client()
    order = shop.find("#EX-2001")
    rows, reasons = returns.returnable(client, order["id"])
    assert {row["sku"]: row["quantity"] for row in rows} == {"MUG-RED-350": 2, "LMP-OAK-S": 1} and "unknown" in reasons
    lamp = next(row for row in rows if row["sku"] == "LMP-OAK-S")
    wish = {"orderId": order["id"], "returnLineItems": [{"fulfillmentLineItemId": lamp["id"], "quantity": 1}]}
    made = returns.create_return(client, wish)
    assert (made["name"], made["status"], order["returnStatus"]) == ("#EX-2001-R2", "OPEN", "IN_PROGRESS")
    with pytest.raises(UserErrors) as twice:
        returns.create_return(client, wish)
    assert twice.value.codes == {"LESS_THAN_OR_EQUAL_TO"}
    with pytest.raises(UserErrors) as early:
        returns.approve_return(client, made["id"])
    assert early.value.codes == {"INVALID_STATE"}
    returns.close_return(client, made["id"])
    with pytest.raises(UserErrors):
        returns.close_return(client, made["id"])


def test_disposal_restocks_and_knows_its_limit(make_client, shop):
    client = make_client()
    one = shop.table("Return")["gid://shopify/Return/5512300702001"]
    row = one["reverseFulfillmentOrders"][0]["lineItems"][0]
    item = row["fulfillmentLineItem"]["lineItem"]["variant"]["inventoryItem"]
    before = shop.stock[item, KIEL]["available"]
    entry = {"reverseFulfillmentOrderLineItemId": row["id"], "quantity": 1, "dispositionType": "RESTOCKED"}
    with pytest.raises(UserErrors) as nowhere:
        returns.dispose(client, [entry])
    assert nowhere.value.codes == {"BLANK"}
    returns.dispose(client, [{**entry, "locationId": KIEL}])
    assert shop.stock[item, KIEL]["available"] == before + 1
    with pytest.raises(UserErrors) as more:
        returns.dispose(client, [{**entry, "locationId": KIEL}])
    assert more.value.codes == {"LESS_THAN_OR_EQUAL_TO"}


@pytest.mark.parametrize(
    ("code", "error"),
    [("short", "TOO_SHORT"), ("x" * 21, "TOO_LONG"), ("no spaces!", "INVALID"), ("SEED7K2M9Q4X", "TAKEN")],
)
def test_codes_of_gift_cards(make_client, shop, code, error):
    with pytest.raises(UserErrors) as caught:
        giftcards.create(make_client(), {"initialAmount": {"amount": "5.00", "currencyCode": "EUR"}, "code": code})
    assert caught.value.codes == {error}


@pytest.fixture
def mailbox():
    """An address deliveries may go to; what came, in order."""
    came = []

    class Box(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            came.append((self.headers["X-Shopify-Topic"], json.loads(body)))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Box)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", came
    server.shutdown()
    server.server_close()


def test_who_subscribed_is_told(vendor, shop, mailbox):
    address, came = mailbox
    topics = ["refunds/create", "returns/close", "reverse_fulfillment_orders/dispose"]
    vendor.control("app_configuration", topics=topics, url=address)
    vendor.control("refund", order="#EX-2041", lines=[{"sku": "MUG-BLU-350"}])
    vendor.control("return", **{"return": "#EX-2001-R1", "do": "dispose"})
    vendor.control("return", **{"return": "#EX-2001-R1", "do": "close"})
    vendor.control("clock", advance=1)
    told = dict(came)
    assert set(told) == {"refunds/create", "returns/close", "reverse_fulfillment_orders/dispose"}
    assert told["refunds/create"]["refund_line_items"][0]["subtotal"] == 23.8
    assert told["refunds/create"]["transactions"][0]["amount"] == "23.80"
    assert told["returns/close"]["status"] == "closed" and "dispositions" in told["reverse_fulfillment_orders/dispose"]
