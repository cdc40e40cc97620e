"""The scene of the way back: what leaves the warehouse of Xoro, what comes back to it, and what is left in stock."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import requests
from django.conf import settings

from connectors import syncing
from connectors.models import Connector
from integration_hub.demo.cast import STOCK_OF, sandbox_settings
from integration_hub.demo.prompter import Prompter

SHOP, VERSION = "lumen-goods.myshopify.com", "2026-10"
PAPER, LAMP = "PAPER-A4-80", "LMP-OAK-S"
PARCELS = (  # what leaves, one invoice each
    {"lines": {PAPER: 12}, "carrier": "UPS", "service": "UPS Ground", "tracking": "1Z999AA10123456784"},
    {"lines": {LAMP: 2}, "carrier": "UPS", "service": "UPS Ground", "tracking": "1Z999AA10123456793"},
)


class Warehouse(Prompter):
    shipped_by = 0  # the event that told of shipments: a demo before this one may have had a refund of the same order

    def play(self, order: dict[str, Any]) -> None:
        """``order``: as the shop placed it, of ``PARCELS``; it is in Xoro."""
        sold = self.ships_in_two_parts(order)
        self.refund_becomes_credit_memo(order, sold)
        self.stock_reaches_the_shop()

    def ships_in_two_parts(self, order: dict[str, Any]) -> str:
        """Returns the number of the invoice the lamps are on."""
        headers = [one["SoEstimateHeader"] for one in self.books()["orders"]]
        number = next(one["OrderNumber"] for one in headers if one["ThirdPartyRefNo"] == order["legacyResourceId"])
        invoices = [self.sandbox("/xoro/_sandbox/ship", order_number=number, **parcel) for parcel in PARCELS]
        numbers = [one["invoiceHeader"]["InvoiceNumber"] for one in invoices]
        run = self.synchronized(self.cast.xoro, "fulfillments")
        self.shipped_by = int(run["id"])
        self.say(
            f"The warehouse shipped {number} in two parts ({', '.join(numbers)}). {run['sentence']}", self.link(run)
        )
        for invoice in self.children(run, 2):
            (delivery,) = self.children(invoice, 1)
            self.say(f"{invoice['sentence']} {delivery['sentence']}", self.link(delivery))
        made = self.fulfillments(order["id"])
        expected = {parcel["tracking"]: parcel["lines"] for parcel in PARCELS}
        self.check(made == expected, f"the shop has the fulfillments {made}, not {expected}")
        self.say(
            f"The shop itself shows two fulfillments of {order['name']}, with tracking {', '.join(sorted(made))}", ""
        )
        return str(numbers[1])

    def refund_becomes_credit_memo(self, order: dict[str, Any], sold: str) -> None:
        made = self.sandbox(
            "/shopify/_sandbox/refund", shop=SHOP, order=order["name"], lines=[{"sku": LAMP, "restock": "RETURN"}]
        )
        told = self.final(
            self.event_of(
                lambda: self.newest(self.cast.shop.slug, order["name"], "refunds/create", after=self.shipped_by)
            )["id"]
        )
        (delivery,) = self.children(told, 1)
        self.say(f"A lamp came back and was refunded in the shop. {delivery['sentence']}", self.link(delivery))
        memos = [one for one in self.books()["credit_memos"] if _header(one)["ThirdPartyRefNo"] == made["id"]]
        self.check(len(memos) == 1, f"Xoro has {len(memos)} credit memos for refund {made['id']}")
        header, total = _header(memos[0]), Decimal(made["total"]["shopMoney"]["amount"])
        self.check(header["InvoiceNumber"] == sold, f"the credit is against {header['InvoiceNumber']}, not {sold}")
        self.check(
            Decimal(str(header["TotalAmount"])) == total, f"the credit is of {header['TotalAmount']}, not {total}"
        )
        self.say(f"Xoro's own books show one credit memo of {total} against {sold}", self.link(delivery))

    def stock_reaches_the_shop(self) -> None:
        run = self.synchronized(self.cast.xoro, "inventory")
        self.say(f"Stock of two stores of Xoro was read. {run['sentence']}", self.link(run))
        wanted = sum(self.in_xoro(LAMP, row["store"]) for row in STOCK_OF)
        self.wait(lambda: self.in_shop(LAMP) == wanted, f"the shop does not offer {wanted} of {LAMP}")
        feed = self.event_of(lambda: self.newest_of(self.cast.shop.slug, "stock/feed", after=int(run["id"])))
        self.say(f"The shop itself offers {wanted:,} of {LAMP}, the sum of both stores", self.link(feed))

    # --- both ends -----------------------------------------------------------------------------------------------------
    def synchronized(self, connector: Connector, name: str) -> dict[str, Any]:
        """The event of a sync that was pressed, once it succeeded."""
        done = self.final(str(syncing.start_sync(connector, name, by="demo")))
        self.check(done["outcome"] == "succeeded", done["sentence"])
        return done

    def children(self, event: dict[str, Any], number: int) -> list[dict[str, Any]]:
        """What an event led to, once it succeeded."""
        self.check(len(event["children"]) == number, f"{event['sentence']} led to {len(event['children'])} events")
        found = [self.final(one["id"]) for one in event["children"]]
        for one in found:
            self.check(one["outcome"] == "succeeded", one["sentence"])
        return found

    def newest_of(self, connector: str, topic: str, *, after: int) -> dict[str, Any] | None:
        answer = self.hub.get(f"{settings.HUB_BASE_URL}/api/v1/events", params={"connector": connector}, timeout=10)
        self.check(answer.status_code == 200, f"the events API answered {answer.status_code}: {answer.text[:200]}")
        found = (event for event in answer.json()["events"] if event["topic"] == topic and int(event["id"]) > after)
        return next((dict(event) for event in found), None)

    def books(self) -> dict[str, Any]:
        return dict(requests.get(f"{settings.SANDBOX_URL}/xoro/_sandbox/books", timeout=10).json())

    def in_xoro(self, sku: str, store: str) -> int:
        """What Xoro says it can promise of an item."""
        given = sandbox_settings("xoro")
        answer = requests.get(
            f"{given['base_url']}inventory/getinventorybyitem", params={"item_number": sku, "store": store}, timeout=10,
            auth=(given["api_key"], given["api_secret"]),
        ).json()  # fmt: skip
        return sum(
            int(row["ATSQty"]) for row in answer["Data"] if (row["ItemNumber"], row["StoreName"]) == (sku, store)
        )

    def in_shop(self, sku: str) -> int:
        """What the shop offers of an item at its only location."""
        place = self.ask_shop("query Far { locations(first: 1) { nodes { id } } }")["locations"]["nodes"][0]["id"]
        found = self.ask_shop(
            "query Far($filter: String, $place: ID!) { productVariants(first: 1, query: $filter) { nodes { inventoryItem {"
            ' inventoryLevel(locationId: $place) { quantities(names: ["available"]) { quantity } } } } } }',
            filter=f"sku:{sku}",
            place=place,
        )
        level = found["productVariants"]["nodes"][0]["inventoryItem"]["inventoryLevel"]
        return int(level["quantities"][0]["quantity"])

    def fulfillments(self, order_id: str) -> dict[str, dict[str, int]]:
        """Units by SKU that were fulfilled, by tracking number."""
        found = self.ask_shop(
            "query Far($id: ID!) { order(id: $id) { fulfillments(first: 5) { trackingInfo { number }"
            " fulfillmentLineItems(first: 5) { nodes { quantity lineItem { sku } } } } } }",
            id=order_id,
        )
        return {
            one["trackingInfo"][0]["number"]: {
                line["lineItem"]["sku"]: line["quantity"] for line in one["fulfillmentLineItems"]["nodes"]
            }
            for one in found["order"]["fulfillments"]
        }

    def ask_shop(self, query: str, **variables: Any) -> dict[str, Any]:
        """The shop's Admin API, asked past the hub."""
        given = sandbox_settings("shopify")
        address = f"{given['base_url']}/{SHOP}/admin"
        form = {name: given[name] for name in ("client_id", "client_secret")} | {"grant_type": "client_credentials"}
        token = requests.post(f"{address}/oauth/access_token", json=form, timeout=10).json()["access_token"]
        answer = requests.post(
            f"{address}/api/{VERSION}/graphql.json", json={"query": query, "variables": variables}, timeout=10,
            headers={"X-Shopify-Access-Token": token},
        ).json()  # fmt: skip
        self.check("errors" not in answer, f"the shop answered {answer.get('errors')}")
        return dict(answer["data"])


def _header(memo: dict[str, Any]) -> dict[str, Any]:
    return dict(memo["creditMemoHeader"])
