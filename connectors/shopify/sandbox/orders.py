"""The shops of the sandbox and the orders placed in them, kept in the shape GraphQL answers in.

Totals are computed from lines, in the shop's and in the buyer's currency, so that every order adds up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Node = dict[str, Any]
CENT = Decimal("0.01")

CATALOGUE = {
    "MUG-BLU-350": ("Mug - blue", "26.30"),
    "MUG-RED-350": ("Mug - red", "26.30"),
    "LMP-OAK-S": ("Oak lamp - small", "79.00"),
    "LMP-OAK-L": ("Oak lamp - large", "129.00"),
    "PAPER-A4-80": ("Paper A4 80 g, 500 sheets", "5.49"),
    "TONER-77K": ("Toner 77 black", "64.90"),
}
SCOPES = ["read_orders", "read_customers", "read_products", "read_locations", "read_payment_terms", "write_shipping"]


@dataclass
class Shop:
    """One shop with its app: credentials, scopes, bucket (points, points per second) and orders by global id."""

    domain: str
    name: str
    currency: str
    timezone: str
    utc_offset: str
    prefix: str
    taxes_included: bool
    client_id: str
    client_secret: str
    previous_secret: str
    access_token: str
    next_id: int
    next_number: int
    bucket: float = 2_000.0
    restore_rate: float = 100.0
    available: float = 2_000.0
    refilled_at: float = 0.0
    scopes: list[str] = field(default_factory=lambda: list(SCOPES))
    tokens: dict[str, float] = field(default_factory=dict)  # granted token to its end, epoch seconds
    plan: str = "Basic"
    orders: dict[str, Node] = field(default_factory=dict)
    tables: dict[str, dict[str, Node]] = field(default_factory=dict)  # other objects by kind and global id
    stock: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)  # by item and location: quantities
    variants_by_sku: dict[str, list[str]] = field(default_factory=dict)
    first_states: dict[str, Node] = field(default_factory=dict)  # orders as they were placed, for late deliveries

    def refill(self, now: float) -> float:
        """The points there are now."""
        earned = max(0.0, now - self.refilled_at) * self.restore_rate
        self.available, self.refilled_at = min(self.bucket, self.available + earned), now
        return self.available

    def table(self, kind: str) -> dict[str, Node]:
        """All objects of a kind, by global id."""
        return self.tables.setdefault(kind, {})

    def has_scope(self, scope: str) -> bool:
        """A write scope holds the read scope of the same thing."""
        return scope in self.scopes or scope.replace("read_", "write_", 1) in self.scopes

    def variant(self, sku: str) -> Node | None:
        """The first variant of a SKU."""
        found = self.variants_by_sku.get(sku)
        return self.table("ProductVariant").get(found[0]) if found else None

    def take_id(self) -> int:
        self.next_id += 1
        return self.next_id

    def find(self, name_or_id: str) -> Node | None:
        for gid, order in self.orders.items():
            if name_or_id in (gid, order["legacyResourceId"], order["name"]):
                return order
        return None

    def as_graphql(self) -> Node:
        return {
            "id": "gid://shopify/Shop/1",
            "name": self.name,
            "myshopifyDomain": self.domain,
            "currencyCode": self.currency,
            "ianaTimezone": self.timezone,
            "taxesIncluded": self.taxes_included,
            "taxShipping": self.taxes_included,
            "weightUnit": "GRAMS",
            "plan": {
                "publicDisplayName": self.plan,
                "shopifyPlus": self.plan == "Plus",
                "partnerDevelopment": self.plan == "Development",
            },
            "features": {"giftCards": True, "avalaraAvatax": False, "marketDrivenShipping": False},
        }


@dataclass(frozen=True)
class Bag:
    """An amount in both currencies."""

    shop: Decimal
    buyer: Decimal

    def __add__(self, other: Bag) -> Bag:
        return Bag(self.shop + other.shop, self.buyer + other.buyer)

    def __sub__(self, other: Bag) -> Bag:
        return Bag(self.shop - other.shop, self.buyer - other.buyer)

    def times(self, factor: Decimal | int) -> Bag:
        """Rounded to cents in each currency for itself."""
        return Bag(*((one * factor).quantize(CENT, ROUND_HALF_UP) for one in (self.shop, self.buyer)))


ZERO = Bag(Decimal(0), Decimal(0))


def total_of(bags: Iterable[Bag]) -> Bag:
    return sum(bags, ZERO)


@dataclass(frozen=True)
class Till:
    """Turns amounts in the shop's currency into bags, and bags into what GraphQL answers."""

    currency: str
    buyer_currency: str
    rate: Decimal

    def bag(self, amount: Any) -> Bag:
        shop = Decimal(str(amount))
        return Bag(shop, (shop * self.rate).quantize(CENT, ROUND_HALF_UP))

    def show(self, bag: Bag) -> Node:
        return {
            "shopMoney": {"amount": f"{bag.shop.quantize(CENT)}", "currencyCode": self.currency},
            "presentmentMoney": {"amount": f"{bag.buyer.quantize(CENT)}", "currencyCode": self.buyer_currency},
        }


def read_bag(node: Mapping[str, Any]) -> Bag:
    return Bag(Decimal(node["shopMoney"]["amount"]), Decimal(node["presentmentMoney"]["amount"]))


def stamp(now: float) -> str:
    return datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def build_line(
    shop: Shop, till: Till, one: Mapping[str, Any], shares: list[Bag], tax: Mapping[str, Any] | None
) -> Node:
    """One line. ``shares``: what each discount of the order allots to it, by the discount's position."""
    title, price = CATALOGUE.get(one["sku"], (one["sku"], "0.00"))
    quantity, is_gift_card = int(one.get("quantity", 1)), bool(one.get("gift_card"))
    unit = till.bag(one.get("price", price))
    gross = unit.times(quantity)
    net = gross - total_of(shares)
    number = shop.take_id()
    variant = shop.variant(one["sku"])
    return {
        "id": f"gid://shopify/LineItem/{number}",
        "sku": one["sku"],
        "name": one.get("title", title),
        "title": one.get("title", title).partition(" - ")[0],
        "variantTitle": one.get("title", title).partition(" - ")[2] or None,
        "vendor": shop.name,
        "quantity": quantity,
        "currentQuantity": quantity,
        "requiresShipping": not is_gift_card,
        "taxable": not is_gift_card,
        "isGiftCard": is_gift_card,
        "variant": variant,  # none: a custom line, or a product that was deleted
        "product": shop.table("Product")[variant["product"]] if variant else None,
        "customAttributes": [{"key": k, "value": v} for k, v in one.get("properties", {}).items()],
        "lineItemGroup": one.get("bundle"),
        "originalUnitPriceSet": till.show(unit),
        "originalTotalSet": till.show(gross),
        "discountAllocations": allocations(till, shares),
        "taxLines": [] if is_gift_card else tax_lines(till, net, tax, bool(shop.taxes_included)),
    }


def allocations(till: Till, shares: list[Bag]) -> list[Node]:
    """The code of the order is discount 0, a discount of the line itself is 1."""
    kinds = ("DiscountCodeApplication", "ManualDiscountApplication")
    return [
        {
            "allocatedAmountSet": till.show(share),
            "discountApplication": {"__typename": kinds[index], "index": index},
        }
        for index, share in enumerate(shares)
        if share.shop
    ]


def tax_lines(till: Till, net: Bag, tax: Mapping[str, Any] | None, is_included: bool) -> list[Node]:
    """The one tax on an amount; inside it where the shop's prices include taxes."""
    if not tax:
        return []
    rate = Decimal(str(tax["rate"]))
    amount = net - net.times(1 / (1 + rate)) if is_included else net.times(rate)
    return [
        {
            "title": tax.get("title", "Tax"),
            "rate": float(rate),
            "ratePercentage": float(rate * 100),
            "source": "Shopify",
            "channelLiable": False,
            "priceSet": till.show(amount),
        }
    ]


def line_shares(till: Till, lines: list[Mapping[str, Any]], discount: Mapping[str, Any] | None) -> list[list[Bag]]:
    """For every line the share of the order's discount, by value and with the rest on the last, then its own one."""
    gross = [
        till.bag(one.get("price", CATALOGUE.get(one["sku"], ("", "0"))[1])).times(int(one.get("quantity", 1)))
        for one in lines
    ]
    whole, left = total_of(gross).shop, till.bag(discount["amount"] if discount else 0)
    shares = []
    for position, amount in enumerate(gross):
        is_last = position == len(gross) - 1
        share = left if is_last else till.bag(discount["amount"] if discount else 0).times(amount.shop / (whole or 1))
        left -= share
        shares.append([share, till.bag(lines[position].get("discount", 0))])
    return shares


def reckon(order: Node, till: Till) -> None:
    """Set every total of the order from its lines; the ``current`` ones count only the units that are left."""
    lines = order["lineItems"]
    discounts = total_of(_allotted(line) for line in [*lines, *order["shippingLines"]])
    goods = total_of(read_bag(line["originalTotalSet"]) - _allotted(line) for line in lines)
    shipping = total_of(read_bag(line["originalPriceSet"]) - _allotted(line) for line in order["shippingLines"])
    extra = shipping + read_bag(order["totalTipReceivedSet"])
    if order["currentTotalDutiesSet"]:
        extra += read_bag(order["currentTotalDutiesSet"])
    tax = total_of(_taxed(line) for line in [*lines, *order["shippingLines"]])
    now_goods = total_of(_left(line, read_bag(line["originalTotalSet"]) - _allotted(line)) for line in lines)
    now_tax = total_of([*(_left(line, _taxed(line)) for line in lines), *map(_taxed, order["shippingLines"])])
    is_included = order["taxesIncluded"]
    values = {
        "subtotalPriceSet": goods,
        "totalDiscountsSet": discounts,
        "totalShippingPriceSet": shipping,
        "totalTaxSet": tax,
        "totalPriceSet": goods + extra + (ZERO if is_included else tax),
        "currentTotalPriceSet": now_goods + extra + (ZERO if is_included else now_tax),
        "currentTotalTaxSet": now_tax,
    }
    order.update({name: till.show(bag) for name, bag in values.items()})
    order["taxLines"] = [tax_line for line in lines for tax_line in line["taxLines"]][:1]


def _allotted(line: Node) -> Bag:
    return total_of(read_bag(one["allocatedAmountSet"]) for one in line["discountAllocations"])


def _taxed(line: Node) -> Bag:
    return total_of(read_bag(one["priceSet"]) for one in line["taxLines"])


def _left(line: Node, bag: Bag) -> Bag:
    return bag.times(Decimal(line["currentQuantity"]) / line["quantity"])
