"""The shops of the sandbox and the orders placed in them, kept in the shape GraphQL answers in.

Amounts are in the shop's and in the buyer's currency, each rounded to that currency's smallest unit. What an order comes
to is computed in ``baskets.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connectors.shopify.moneys import DECIMALS

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
SCOPES = ["read_orders", "write_orders", "read_customers", "read_products", "read_locations", "read_payment_terms"]
SCOPES += ["write_merchant_managed_fulfillment_orders", "write_fulfillments", "write_inventory"]
SCOPES += ["write_products", "write_customers"]
SCOPES += ["write_shipping"]


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
    is_installed: bool = True
    orders: dict[str, Node] = field(default_factory=dict)
    tables: dict[str, dict[str, Node]] = field(default_factory=dict)  # other objects by kind and global id
    stock: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)  # by item and location: quantities
    variants_by_sku: dict[str, list[str]] = field(default_factory=dict)
    first_states: dict[str, Node] = field(default_factory=dict)  # orders as they were placed, for late deliveries
    old_states: dict[str, list[tuple[float, Node]]] = field(default_factory=dict)  # until when they held, for the index
    cursor_age: int = 0  # a cursor of another age is refused

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


Units = tuple[Decimal, Decimal]


def unit_of(currency: str) -> Decimal:
    """The smallest unit of a currency: a hundredth, unless ISO 4217 says otherwise."""
    return Decimal(1).scaleb(-DECIMALS.get(currency, 2))


@dataclass(frozen=True)
class Bag:
    """An amount in both currencies, with the smallest unit of each where it is known."""

    shop: Decimal
    buyer: Decimal
    units: Units | None = field(default=None, compare=False)

    def __add__(self, other: Bag) -> Bag:
        return Bag(self.shop + other.shop, self.buyer + other.buyer, self.units or other.units)

    def __sub__(self, other: Bag) -> Bag:
        return Bag(self.shop - other.shop, self.buyer - other.buyer, self.units or other.units)

    def times(self, factor: Decimal | int) -> Bag:
        """Rounded in each currency for itself."""
        ours, theirs = self.units or (CENT, CENT)
        shop, buyer = self.shop * factor, self.buyer * factor
        return Bag(shop.quantize(ours, ROUND_HALF_UP), buyer.quantize(theirs, ROUND_HALF_UP), self.units)


ZERO = Bag(Decimal(0), Decimal(0))


def total_of(bags: Iterable[Bag]) -> Bag:
    return sum(bags, ZERO)


@dataclass(frozen=True)
class Till:
    """Turns amounts in the shop's currency into bags, and bags into what GraphQL answers."""

    currency: str
    buyer_currency: str
    rate: Decimal

    @property
    def units(self) -> Units:
        return unit_of(self.currency), unit_of(self.buyer_currency)

    def bag(self, amount: Any) -> Bag:
        ours, theirs = self.units
        shop = Decimal(str(amount)).quantize(ours, ROUND_HALF_UP)
        return Bag(shop, (shop * self.rate).quantize(theirs, ROUND_HALF_UP), self.units)

    def show(self, bag: Bag) -> Node:
        ours, theirs = self.units
        return {
            "shopMoney": {"amount": f"{bag.shop.quantize(ours)}", "currencyCode": self.currency},
            "presentmentMoney": {"amount": f"{bag.buyer.quantize(theirs)}", "currencyCode": self.buyer_currency},
        }


def till_of(order: Mapping[str, Any]) -> Till:
    """The till of an order that is there already. The rate is that of its total."""
    total = read_bag(order["totalPriceSet"])
    rate = total.buyer / total.shop if total.shop else Decimal(1)
    return Till(order["currencyCode"], order["presentmentCurrencyCode"], rate)


def read_bag(node: Mapping[str, Any]) -> Bag:
    shop, buyer = node["shopMoney"], node["presentmentMoney"]
    units = unit_of(shop["currencyCode"]), unit_of(buyer["currencyCode"])
    return Bag(Decimal(shop["amount"]), Decimal(buyer["amount"]), units)


def stamp(now: float) -> str:
    return datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
