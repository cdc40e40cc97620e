"""A product with its variants, as its master knows it now. Not for stock (a level of its own) nor for the prices of
customer groups, which travel as figures; ``ProductVariant.prices`` only tells what the same thing costs in another
currency or list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from connectors.records.base import Record


@dataclass(frozen=True, kw_only=True)
class ProductImage:
    url: str
    alt: str = ""


@dataclass(frozen=True, kw_only=True)
class ProductOption:
    """A way in which variants differ: ``Colour`` with its values, in the order they are shown."""

    name: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ProductField:
    """A further field a system keeps; ``type`` in the words of the vendor that has types, empty for plain text."""

    key: str
    value: str
    type: str = ""


@dataclass(frozen=True, kw_only=True)
class VariantPrice:
    """A price row: of a currency, and of a list where it has a name."""

    currency: str
    price: Decimal | None = None
    compare_at_price: Decimal | None = None
    cost: Decimal | None = None
    price_list: str = ""


@dataclass(frozen=True, kw_only=True)
class ProductVariant:
    """One thing that is sold. A member that is ``None`` or empty is not known at the source: a target leaves its own.

    ``price``, ``compare_at_price`` and ``cost`` are in the product's currency, before tax where the shop's prices are.
    """

    id: str = ""
    sku: str
    former_sku: str = ""  # what it was called before, where the source renamed it
    barcode: str = ""
    title: str = ""
    options: tuple[tuple[str, str], ...] = ()  # name and value, in the order of the product's options
    price: Decimal | None = None
    compare_at_price: Decimal | None = None
    cost: Decimal | None = None
    is_taxable: bool | None = None
    weight: Decimal | None = None
    weight_unit: str = ""  # g, kg, oz, lb
    is_tracked: bool | None = None  # whether its stock is counted
    sells_when_empty: bool | None = None
    hs_code: str = ""
    origin_country: str = ""  # two letters
    requires_shipping: bool | None = None
    stock_item_id: str = ""  # where the source counts stock under another id
    prices: tuple[VariantPrice, ...] = ()
    fields: tuple[ProductField, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Product(Record):
    """``number`` is the handle, or the style number where a system has no handles; ``name`` is the title.

    ``update_fields``: what of a product that is there may be changed, where the source decides that (names of
    ``UPDATE_FIELDS``); ``None``: the target decides. A product that is made gets everything. ``leaves_out_unpriced``: a
    variant without a price in the target's currency is left out, instead of keeping the price it has."""

    kind: ClassVar[str] = "product"
    label: ClassVar[str] = "Product"

    name: str
    handle: str = ""
    source: str = ""  # the system it was read from: a shop's permanent host name
    created_at: datetime | None = None
    description_html: str = ""
    vendor: str = ""
    type: str = ""
    status: str = ""  # active, draft, archived; empty: not known
    currency: str = ""
    is_gift_card: bool = False
    tags: tuple[str, ...] = ()
    options: tuple[ProductOption, ...] = ()
    images: tuple[ProductImage, ...] = ()
    fields: tuple[ProductField, ...] = ()
    variants: tuple[ProductVariant, ...] = ()
    update_fields: tuple[str, ...] | None = None
    leaves_out_unpriced: bool = False

    def search_keys(self) -> list[tuple[str, str]]:
        """Id, number and the first SKUs: of a product with thousands of variants not every one is kept."""
        skus = list(dict.fromkeys(one.sku for one in self.variants if one.sku))[:MOST_SKUS]
        return [*super().search_keys(), *(("sku", sku) for sku in skus)]


MOST_SKUS = 100
# What a source may name in ``update_fields``. Tags are either added to those there are, or replace them.
UPDATE_FIELDS = frozenset({
    "title", "description", "vendor", "type", "tags_add", "tags_override", "price", "compare_at_price", "cost", "barcode",
    "weight", "origin_country", "hs_code", "is_taxable", "sku", "images",
})  # fmt: skip
