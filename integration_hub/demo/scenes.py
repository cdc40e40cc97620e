"""The main job in five scenes, each step checked where it must show: in the sandbox's journal, in the mail that arrived,
in the event as the API tells it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import requests
from django.conf import settings

from connectors import syncing
from integration_hub.demo.cast import TAG, Cast
from integration_hub.demo.post import PostOffice
from integration_hub.demo.prompter import Prompter
from integration_hub.demo.warehouse import Warehouse

CUSTOMER = "BRK-2210"  # of the sandbox ERP
LINES = [{"sku": "PAPER-A4-80", "line_amount": "41.50"}, {"sku": "TONER-77K", "line_amount": "189.00"}]
ITEMS = [
    {"sku": "PAPER-A4-80", "quantity": "5", "uom": "BX", "unit_price": "8.30", "line_amount": "41.50"},
    {"sku": "TONER-77K", "quantity": "1", "uom": "EA", "unit_price": "189.00", "line_amount": "189.00"},
]
BUYER = {"id": 7_710_042_001, "first_name": "Priya", "last_name": "Nand", "email": "purchasing@example.com"}
OFFICE = {
    "id": 330_045,
    "name": "Northlight Offices",
    "external_id": "NLO-045",
    "location": "Spokane",
    "location_id": 440_045,
}


class Scenes(Prompter):
    def __init__(self, cast: Cast, post: PostOffice, say: Callable[[str, str], None]) -> None:
        super().__init__(cast, say)
        self.post = post

    def play(self) -> None:
        order = self.order_becomes_sales_order()
        self.storefront_asks_live()
        self.erp_fails()
        self.checkout_asks_for_rates()
        Warehouse(self.cast, self.say).play(order)

    # (a) ---------------------------------------------------------------------------------------------------------------
    def order_becomes_sales_order(self) -> dict[str, Any]:
        """Returns the order as the shop placed it."""
        placed = self.sandbox(
            "/shopify/_sandbox/order",
            shop="lumen-goods.myshopify.com", customer=BUYER, company=OFFICE, po_number="PO-9001",
            tax={"title": "County tax", "rate": "0.089"}, shipping={"title": "Ground", "code": "GROUND", "price": "9.00"},
            lines=[{"sku": "PAPER-A4-80", "quantity": 12}, {"sku": "LMP-OAK-S", "quantity": 2}],
        )  # fmt: skip
        name, number = placed["name"], placed["legacyResourceId"]
        delivered = self.sandbox(
            "/shopify/_sandbox/deliver", shop="lumen-goods.myshopify.com", topic="orders/create", order=name,
            url=self.cast.shop.webhook_url,
        )  # fmt: skip
        self.check(delivered["status"] == 200, f"the delivery was answered {delivered['status']}")
        event = self.event_of(lambda: self.newest(self.cast.shop.slug, name, "orders/create"))
        self.say(f"Shopify delivered order {name}, signed; the hub stored it and answered", self.link(event))
        event = self.final(event["id"])
        self.check(event["outcome"] == "succeeded", event["sentence"])
        read = [r for r in event["related_requests"] if r["status"] == 200 and "graphql" in r["endpoint"]]
        self.check(bool(read), "the order was not read back from the Admin API")
        self.say(f"The job read order {name} back from the Admin API ({len(read)} requests)", self.link(event))
        self.check(len(event["children"]) == 1, f"{len(event['children'])} child events")
        child = self.final(event["children"][0]["id"])
        self.check(child["outcome"] == "succeeded", child["sentence"])
        self.say(f"Route Lumen Goods → Xoro: {child['sentence']}", self.link(child))
        body = self.written_order(number)
        header = body["SoEstimateHeader"]
        expected = {
            "ThirdPartyRefNo": number,
            "ThirdPartyCustomerId": str(BUYER["id"]),
            "ThirdPartyCompanyId": str(OFFICE["id"]),
        }
        for field, value in expected.items():
            self.check(header.get(field) == value, f"{field} is {header.get(field)!r} in Xoro, not {value!r}")
        self.check(header.get("ShipToCompanyName") == OFFICE["name"], "the company's name is missing in Xoro")
        self.check(header.get("CustomerEmailMain") == BUYER["email"], "the customer's e-mail is missing in Xoro")
        written = [r for r in child["related_requests"] if r["endpoint"].endswith("/salesorder/create")]
        self.check([r["status"] for r in written] == [200], "the write is not on record")
        self.say(
            f"Xoro's own journal shows one sales order for it, with customer {BUYER['id']} and company {OFFICE['id']}",
            self.link(child, "change/#requests"),
        )
        return placed

    def written_order(self, reference: str) -> dict[str, Any]:
        log = requests.get(f"{settings.SANDBOX_URL}/xoro/_sandbox/log", timeout=10).json()["log"]
        bodies = [json.loads(e["body"]) for e in log if e["path"].endswith("/salesorder/create") and e["status"] == 200]
        ours = [b for b in bodies if b["SoEstimateHeader"].get("ThirdPartyRefNo") == reference]
        self.check(len(ours) == 1, f"Xoro received {len(ours)} sales orders for reference {reference}")
        return dict(ours[0])

    # (b) ---------------------------------------------------------------------------------------------------------------
    def storefront_asks_live(self) -> None:
        asked_before = self.erp_calls()
        questions: list[tuple[str, str, str, dict[str, Any]]] = [
            ("orders", "GET", "orders", {"customer_code": CUSTOMER}),
            ("invoices", "GET", "invoices", {"customer_code": CUSTOMER}),
            ("balance", "GET", "balance", {"customer_code": CUSTOMER}),
            ("taxes", "POST", "taxes", {"customer_code": CUSTOMER, "zip": "97205", "lines": LINES}),
            ("shipping methods", "POST", "shipping-methods", {
                "customer_code": CUSTOMER, "address1": "14 Mill Lane", "city": "Portland", "state": "OR", "country": "US",
                "zip": "97205", "lines": ITEMS}),
        ]  # fmt: skip
        for label, method, path, params in questions:
            answer = self.ask(method, path, params)
            self.check(answer["available"] is True, f"{label}: {answer}")
            event = self.final(answer["event_id"])
            self.check(event["outcome"] == "succeeded", event["sentence"])
            self.check(
                [r["status"] for r in event["related_requests"]] == [200], "the request to the ERP is not on record"
            )
            self.say(
                f"The storefront asked for {label}; the ERP was asked live. {_gist(answer['data'])}", self.link(event)
            )
        called = self.erp_calls() - asked_before
        self.check(called == len(questions), f"the ERP was called {called} times for {len(questions)} questions")

    # (c) ---------------------------------------------------------------------------------------------------------------
    def erp_fails(self) -> None:
        mails_before = len(self.post.mails)
        self.sandbox("/erp/_sandbox/down", down=True)
        answer = self.ask("GET", "balance", {"customer_code": CUSTOMER})
        self.check(answer["available"] is False and answer["data"] is None, f"not neutral: {answer}")
        self.check("503" not in json.dumps(answer), "the ERP's error reached the storefront")
        self.say(f"The ERP is down: the storefront got the neutral answer “{answer['message']}”", "")
        event = self.final(answer["event_id"])
        self.check(
            event["outcome"] == "failed" and event["reason"] == "unavailable", f"{event['outcome']} {event['reason']}"
        )
        self.say(f"Support reads why in one sentence: “{event['sentence']}”", self.link(event))
        self.ask("GET", "balance", {"customer_code": CUSTOMER})  # the same failure again sends no second mail
        self.wait(lambda: len(self.post.mails) > mails_before, "no error mail arrived")
        time.sleep(3)
        arrived = self.post.mails[mails_before:]
        self.check(len(arrived) == 1, f"{len(arrived)} mails arrived instead of one")
        mail = arrived[0]
        self.check(event["sentence"] in str(mail["Subject"]), f"the mail is about something else: {mail['Subject']}")
        text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        self.check(
            f"/admin/events/event/{event['id']}/" in text or "/admin/events/event/" in text, "no link in the mail"
        )
        self.check(self.cast.key not in text and "sandbox-key" not in text, "a secret in the mail")
        self.say(f"One mail went to {mail['To']}: “{mail['Subject']}”", f"file://{self.post.directory}")
        self.sandbox("/erp/_sandbox/down", down=False)

    # (d) ---------------------------------------------------------------------------------------------------------------
    def checkout_asks_for_rates(self) -> None:
        """A shopper at the shop's checkout: rates come live from the ERP, his choice travels to Xoro by itself."""
        shop = "lumen-goods.myshopify.com"
        self.sandbox("/shopify/_sandbox/plan", shop=shop, plan="Advanced")
        for sync in ("carrier_service", "webhooks"):
            done = self.final(str(syncing.start_sync(self.cast.shop, sync, by="demo")))
            self.check(done["outcome"] == "succeeded", done["sentence"])
            self.say(done["sentence"], self.link(done))
        before = int(done["id"])  # a demo before this one may have had an order of the same number
        made = self.sandbox(
            "/shopify/_sandbox/checkout", shop=shop, signed=True, lines=[{"sku": "TONER-77K", "quantity": 2}],
            customer={"id": 7_710_042_000, "first_name": "Dana", "last_name": "Reyes", "email": "dana@example.com"},
            tax={"title": "County tax", "rate": "0.089"}, currency="USD",
            address={"address1": "14 Mill Lane", "city": "Portland", "province": "OR", "postal_code": "97205",
                     "country": "US"},
        )  # fmt: skip
        [asked] = made["asked"]
        self.check(asked["status"] == 200 and not made["is_backup"], f"the checkout was answered {asked}")
        rate, name, number = made["rates"][0], made["order"]["name"], made["order"]["legacyResourceId"]
        key = rate["service_code"].partition("~")[2]
        names = ", ".join(one["service_name"] for one in made["rates"])
        question = self.event_of(lambda: self.newest(self.cast.shop.slug, key, "rates/asked", after=before))
        self.check(question["outcome"] == "succeeded", question["sentence"])
        self.check(question["reason_code"] == "live", f"the rates came from {question['reason_code']}")
        self.say(f"A checkout asked for rates and had them in {asked['took_ms']} ms: {names}", self.link(question))
        event = self.event_of(lambda: self.newest(self.cast.shop.slug, name, "orders/create", after=before))
        event = self.final(event["id"])
        self.check(event["outcome"] == "succeeded", event["sentence"])
        self.check(len(event["children"]) == 1, f"{len(event['children'])} child events")
        child = self.final(event["children"][0]["id"])
        self.check(child["outcome"] == "succeeded", child["sentence"])
        self.say(f"Its order {name} told the hub of itself and went on: {child['sentence']}", self.link(child))
        cost = str(self.written_order(number)["SoEstimateHeader"].get("ShippingCost"))
        self.check(Decimal(cost) * 100 == int(rate["total_price"]), f"Xoro has {cost} for shipping, not {rate}")
        self.say(f"Xoro's own journal shows it with {cost} for “{rate['service_name']}”, as chosen", self.link(child))
        told = self.final(
            self.event_of(lambda: self.newest(self.cast.shop.slug, name, "order/delivered", after=before))["id"]
        )
        self.check(told["outcome"] == "succeeded", told["sentence"])
        log = requests.get(f"{settings.SANDBOX_URL}/shopify/_sandbox/log", timeout=10).json()["log"]
        marked = [one["variables"] for one in log if one.get("operation") == "HubTagAdd"]
        self.check({"id": made["order"]["id"], "tags": [TAG]} in marked, f"the shop's order was marked {marked}")
        self.say(f"The shop's own journal shows the order marked: {told['sentence']}", self.link(told))


def _gist(data: dict[str, Any]) -> str:
    for name, value in data.items():
        if isinstance(value, list):
            return f"{len(value)} {name.replace('_', ' ')}."
    if "salestax_amount" in data:
        return f"Tax {data['salestax_amount']} {data.get('currency', '')}.".replace(" .", ".")
    balance = data.get("balance", {})
    return f"Balance {balance.get('total_balance')} {balance.get('currency') or ''}.".replace(" .", ".")
