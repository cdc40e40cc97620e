"""Settings, Products & Inventory: Products.
https://docs.xorosoft.com/xoroerp-1/connected-apps/products-and-inventory/products (checked 2026-11-20)."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.xoro.settings_fields import PRODUCTS, choice, is_currency, listed, several, switch, text

TO_SHOP, TO_XORO = "xoro_to_shopify", "shopify_to_xoro"
DIRECTIONS = [(TO_SHOP, "Xoro to the shop"), (TO_XORO, "Shop to Xoro")]
PRICE_FIELDS = [
    ("StandardUnitPrice", "Standard unit price"),
    ("StandardUnitCost", "Standard unit cost"),
    ("WholesalePrice", "Wholesale price"),
    *((f"CustomPrice{n}", f"Custom price {n}") for n in range(1, 15)),
]
UPDATE_FIELDS = [
    ("cost", "Variant unit cost"),
    ("price", "Variant unit price"),
    ("tags_update", "Product tags: add"),
    ("tags_override", "Product tags: replace"),
    ("title", "Title"),
    ("category", "Category"),
    ("vendor", "Vendor"),
    ("images", "Images"),
    ("upc", "UPC"),
    ("weight", "Weight"),
    ("country", "Country of origin"),
    ("hs_code", "HS code"),
    ("description", "Description"),
    ("sku", "SKU"),
]
ON = ("products_enabled",)


@dataclass(frozen=True, kw_only=True)
class ProductSettings:
    products_enabled: bool = switch(
        "Synchronize products", "Off: no product moves either way.", PRODUCTS, initial=False
    )
    product_direction: str = choice(
        "Direction", "Which side is the master. Fixed at onboarding: it cannot be changed once products were sent.",
        PRODUCTS, DIRECTIONS, initial=TO_SHOP, shown_when=ON,
    )  # fmt: skip
    price_currency: str = text(
        "Item price currency", "Three letters: which row of the price list is sent. Empty: the shop's own currency.",
        PRODUCTS, shown_when=ON,
    )  # fmt: skip
    price_field: str = choice(
        "Price field",
        "Becomes the variant's price.",
        PRODUCTS,
        PRICE_FIELDS,
        initial="StandardUnitPrice",
        shown_when=ON,
    )
    compare_price_field: str = choice(
        "Compare price field", "Becomes the compare-at price. Empty: none.", PRODUCTS, [("", "None"), *PRICE_FIELDS],
        initial="", shown_when=ON,
    )  # fmt: skip
    cost_field: str = choice(
        "Buying cost", "Becomes the shop's cost per item. Empty: none.", PRODUCTS, [("", "None"), *PRICE_FIELDS],
        initial="", shown_when=ON,
    )  # fmt: skip
    update_fields: tuple[str, ...] = several(
        "Update fields", "Only these go into an update; creation sends everything.", PRODUCTS, UPDATE_FIELDS,
        initial=("price", "title", "upc", "weight"), shown_when=ON,
        assumed="“Product tags: add” adds Xoro's tags to the shop's, “Product tags: replace” replaces them.",
        proof="Change the tags of one product in Xoro, and look at those of the shop after the next run.",
    )  # fmt: skip
    update_sku: bool = switch(
        "Update SKU changes", "A SKU renamed in Xoro is renamed in the shop.", PRODUCTS, initial=False, shown_when=ON
    )
    track_quantity: bool = switch(
        "Track quantity", "New products get inventory tracking.", PRODUCTS, initial=True, shown_when=ON
    )
    oversell: bool = switch(
        "Sell when out of stock", "New products can be bought when there is none.", PRODUCTS, initial=False,
        shown_when=ON,
    )  # fmt: skip
    publish: bool = switch(
        "Publish products",
        "New products are active; else they are drafts. The route's option “Status of new products” must "
        "say “As the source says”.",
        PRODUCTS,
        initial=False,
        shown_when=ON,
    )
    product_tags: tuple[str, ...] = listed(
        "Only items with a tag of", "With commas between them. Empty: all items.", PRODUCTS, shown_when=ON
    )


def problems(settings: ProductSettings) -> dict[str, str]:
    """What contradicts itself, by setting."""
    found: dict[str, str] = {}
    if {"tags_update", "tags_override"} <= set(settings.update_fields):
        found["update_fields"] = "Tags are either added or replaced: choose one of the two."
    if settings.update_sku and "sku" not in settings.update_fields:
        found["update_sku"] = "Choose SKU among the update fields as well."
    if settings.price_currency and not is_currency(settings.price_currency):
        found["price_currency"] = "Three capital letters, such as USD."
    if settings.compare_price_field and settings.compare_price_field == settings.price_field:
        found["compare_price_field"] = "It is the price field, too: a price is compared with another one."
    if settings.products_enabled and "cost" in settings.update_fields and not settings.cost_field:
        found["cost_field"] = "The unit cost is among the update fields: choose which field it is."
    return found
