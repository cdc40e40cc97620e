"""A large assortment for the sandbox: a hundred thousand or a million SKUs that cost no memory until something is
written to one. ``POST /_sandbox/seed``: ``{"shop", "skus": number, "prefix": "BULK-"}``.

Every object is made when it is asked for, from its number; one that is put back into its table is kept from then on.
Stock of such items is one number for each location. Not for small catalogues: those are real objects (``catalogue``).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

from connectors.sandbox import Reply
from connectors.shopify.sandbox.catalogue import QUANTITIES
from connectors.shopify.sandbox.datasets import sow
from connectors.shopify.sandbox.orders import Node, Shop, stamp
from connectors.shopify.sandbox.shops import OUTLET

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox

FIRST = 50_000_001  # number of the first product, variant and inventory item
STOCK = 25


class Assortment:
    """``count`` products of one variant each; everything of place n has the number ``FIRST + n``."""

    def __init__(self, count: int, prefix: str, vendor: str, made_at: str) -> None:
        self.count = count
        self.prefix = prefix
        self.vendor = vendor
        self.made_at = made_at

    def place(self, gid: object, kind: str) -> int | None:
        """The place an id belongs to, ``None`` where it is not one of these."""
        head, _, number = str(gid).rpartition("/")
        if head != f"gid://shopify/{kind}" or not number.isdigit():
            return None
        place = int(number) - FIRST
        return place if 0 <= place < self.count else None

    def sku(self, place: int) -> str:
        return f"{self.prefix}{place + 1:07d}"

    def product(self, place: int) -> Node:
        number, sku = FIRST + place, self.sku(place)
        return {
            "id": f"gid://shopify/Product/{number}", "legacyResourceId": str(number), "title": f"Article {sku}",
            "handle": sku.lower(), "status": "ACTIVE", "vendor": self.vendor, "productType": "", "tags": [],
            "descriptionHtml": "", "isGiftCard": False, "createdAt": self.made_at, "updatedAt": self.made_at,
            "options": [], "media": [], "metafields": [], "variantIds": [f"gid://shopify/ProductVariant/{number}"],
        }  # fmt: skip

    def variant(self, place: int) -> Node:
        number, sku = FIRST + place, self.sku(place)
        return {
            "id": f"gid://shopify/ProductVariant/{number}", "legacyResourceId": str(number), "sku": sku, "barcode": None,
            "title": "Default Title", "displayName": f"Article {sku} - Default Title", "price": "9.90",
            "compareAtPrice": None, "taxable": True, "position": 1, "inventoryPolicy": "DENY",
            "selectedOptions": [{"name": "Title", "value": "Default Title"}], "createdAt": self.made_at,
            "updatedAt": self.made_at, "product": f"gid://shopify/Product/{number}",
            "inventoryItem": f"gid://shopify/InventoryItem/{number}", "metafields": [],
        }  # fmt: skip

    def item(self, place: int) -> Node:
        number = FIRST + place
        return {
            "id": f"gid://shopify/InventoryItem/{number}", "sku": self.sku(place), "tracked": True,
            "requiresShipping": True, "harmonizedSystemCode": None, "countryCodeOfOrigin": None, "unitCost": None,
            "measurement": {"weight": {"value": 350.0, "unit": "GRAMS"}}, "updatedAt": self.made_at,
            "variant": f"gid://shopify/ProductVariant/{number}",
        }  # fmt: skip


class Table(dict[str, Node]):
    """Real objects, and behind them those of an assortment."""

    def __init__(self, real: dict[str, Node], assortment: Assortment, kind: str, make: Callable[[int], Node]) -> None:
        super().__init__(real)
        self.assortment = assortment
        self.kind = kind
        self.make = make
        self.written: set[int] = set()  # places whose object was put back

    def __missing__(self, gid: str) -> Node:
        place = self.assortment.place(gid, self.kind)
        if place is None:
            raise KeyError(gid)
        return self.make(place)

    def __setitem__(self, gid: str, node: Node) -> None:
        place = self.assortment.place(gid, self.kind)
        if place is not None:
            self.written.add(place)
        super().__setitem__(gid, node)

    def __contains__(self, gid: object) -> bool:
        return super().__contains__(gid) or self.assortment.place(gid, self.kind) is not None

    def get(self, gid: str, default: Any = None) -> Any:
        try:
            return self[gid]
        except KeyError:
            return default

    def __len__(self) -> int:
        return super().__len__() + self.assortment.count - len(self.written)

    def values(self) -> Iterator[Node]:  # type: ignore[override]
        rest = (self.make(place) for place in range(self.assortment.count) if place not in self.written)
        return chain(super().values(), rest)


class Skus(dict[str, list[str]]):
    """Variants by SKU; those of an assortment without keeping them."""

    def __init__(self, real: dict[str, list[str]], assortment: Assortment) -> None:
        super().__init__(real)
        self.assortment = assortment

    def get(self, sku: str, default: Any = None) -> Any:
        if super().__contains__(sku):
            return self[sku]
        number = sku.removeprefix(self.assortment.prefix)
        is_one = number != sku and len(number) == 7 and number.isdigit() and 0 < int(number) <= self.assortment.count
        return [f"gid://shopify/ProductVariant/{FIRST + int(number) - 1}"] if is_one else default


class Stock(dict[tuple[str, str], dict[str, int]]):
    """Quantities by item and location: those of an assortment as one number each, until they get another quantity."""

    def __init__(self, real: dict[Any, Any], assortment: Assortment, locations: list[str]) -> None:
        super().__init__(real)
        self.assortment = assortment
        self.numbers = {one: array("q", [STOCK]) * assortment.count for one in locations}

    def get(self, key: tuple[str, str], default: Any = None) -> Any:
        if super().__contains__(key):
            return super().__getitem__(key)
        place = self.assortment.place(key[0], "InventoryItem")
        numbers = self.numbers.get(key[1])
        return Level(self, key, numbers, place) if place is not None and numbers is not None else default

    def __missing__(self, key: tuple[str, str]) -> dict[str, int]:
        level: dict[str, int] | None = self.get(key)
        if level is None:
            raise KeyError(key)
        return level


class Level(dict[str, int]):
    """The quantities of one such item at one location; another quantity than ``available`` makes it a real one."""

    def __init__(self, stock: Stock, key: tuple[str, str], numbers: array[int], place: int) -> None:
        super().__init__(dict.fromkeys(QUANTITIES, 0))
        super().__setitem__("available", numbers[place])
        self._at = (stock, key, numbers, place)

    def __setitem__(self, name: str, value: int) -> None:
        super().__setitem__(name, value)
        stock, key, numbers, place = self._at
        if name == "available":
            numbers[place] = value
        elif name in QUANTITIES:
            dict.__setitem__(stock, key, self)


def seed(shop: Shop, count: int, prefix: str, now: float) -> None:
    """Give a shop an assortment, in place of the one it had."""
    made = Assortment(count, prefix, shop.name, stamp(now - 86_400))
    kinds = (("Product", made.product), ("ProductVariant", made.variant), ("InventoryItem", made.item))
    for kind, make in kinds:
        real = dict(dict.items(shop.table(kind)))
        shop.tables[kind] = Table(real, made, kind, make)
    shop.variants_by_sku = Skus(dict(dict.items(shop.variants_by_sku)), made)
    shop.stock = Stock(dict(dict.items(shop.stock)), made, list(shop.table("Location")))


def _seed(sandbox: ShopifySandbox, wish: dict[str, Any]) -> Reply:
    if "name" in wish:
        return sow(sandbox, wish)
    shop = sandbox.shops[wish.get("shop", OUTLET)]
    seed(shop, int(wish["skus"]), str(wish.get("prefix", "BULK-")), sandbox.now())
    return Reply(body={"skus": int(wish["skus"])})


CONTROLS = {"seed": _seed}
