"""A base part of Xoro, as product/getproduct gives it, becomes the hub's ``Product`` record. Pure: no calls.

Members: read by public clients (https://xorosoft.docs.apiary.io/, checked 2026-11-20). What is not stated there - how
tags and images are written - is read in every form seen. Not for the way back: that is ``product_merge.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connectors.exceptions import PayloadError
from connectors.records import Product, ProductImage, ProductOption, ProductVariant
from connectors.records.product import VariantPrice
from connectors.xoro import wire
from connectors.xoro.calls.catalogue import text
from connectors.xoro.settings_products import ProductSettings

Node = Mapping[str, Any]
NO_IMAGE = "no-image.gif"
WEIGHTS = {"kg": "kg", "kgs": "kg", "kilogram": "kg", "kilograms": "kg", "g": "g", "gr": "g", "gram": "g", "grams": "g",
           "lb": "lb", "lbs": "lb", "pound": "lb", "pounds": "lb", "oz": "oz", "ounce": "oz", "ounces": "oz"}  # fmt: skip
UPDATES = {  # setting to the record's names
    "cost": ("cost",), "price": ("price", "compare_at_price"), "tags_update": ("tags_add",),
    "tags_override": ("tags_override",), "title": ("title",), "category": ("type",), "vendor": ("vendor",),
    "images": ("images",), "upc": ("barcode",), "weight": ("weight",), "country": ("origin_country",),
    "hs_code": ("hs_code",), "description": ("description",), "sku": ("sku",),
}  # fmt: skip


@dataclass
class Remarks:
    """SKUs something was left out of, by what: told as notes of the event."""

    unpriced: list[str] = field(default_factory=list)
    inactive: list[str] = field(default_factory=list)
    weights: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)


def product_record(part: Node, settings: ProductSettings, remarks: Remarks) -> Product:
    """The record of a base part; variants that are not active, or have no price in the currency of the settings, are left
    out and named in ``remarks``. Raises ``PayloadError``, also where nobody could tell its variants apart."""
    number, handle = text(part.get("BasePartNumber")), text(part.get("Handle"))
    title = text(part.get("Title")) or number
    variants = list(_variants(part, settings, remarks))
    _check_skus(number, variants)
    items = _rows(part.get("Variants"))
    return Product(
        id=text(part.get("Id")) or number,
        number=handle,
        name=title,
        handle=handle,
        source="xoro",
        description_html=text(part.get("BodyHtml")),
        vendor=next(
            (name for item in items if (name := text(item.get("BrandName") or item.get("DefaultVendorName")))), ""
        ),
        type=text(part.get("ProductCategoryName")),
        status="active" if settings.publish else "draft",
        currency=settings.price_currency.upper(),
        tags=tuple(tags_of(part.get("ProductTags"))),
        options=tuple(_options(part, variants)),
        images=tuple(ProductImage(url=url) for url in _images(part, items, remarks)),
        variants=tuple(variants),
        update_fields=tuple(one for name in settings.update_fields for one in UPDATES[name]),
        leaves_out_unpriced=True,
        raw=dict(part),
    )


def tags_of(value: Any) -> list[str]:
    """Tags as one text with commas, or as a list of texts or of objects with a name."""
    parts: Sequence[Any] = value if isinstance(value, list) else text(value).split(",")
    names = [text(one.get("Name") or one.get("TagName")) if isinstance(one, Mapping) else text(one) for one in parts]
    return list(dict.fromkeys(name.strip() for name in names if name.strip()))


def all_tags(part: Node) -> set[str]:
    """Tags of a base part and of its items, in small letters: what *Only items with a tag of* looks at."""
    values = [part.get("ProductTags"), *(item.get("Tags") for item in _rows(part.get("Variants")))]
    return {tag.casefold() for value in values for tag in tags_of(value)}


def _rows(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _check_skus(number: str, variants: Sequence[ProductVariant]) -> None:
    seen: set[str] = set()
    for one in variants:
        if one.sku in seen:
            raise PayloadError(
                f"SKU {one.sku} stands at two items of base part {number}; none of it was sent.", path="Variants",
                code="sku_used_twice", next_step="Give each item an item number of its own in Xoro, then press Retry.",
            )  # fmt: skip
        seen.add(one.sku)


# --- variants -------------------------------------------------------------------------------------------------------


def _variants(part: Node, settings: ProductSettings, remarks: Remarks) -> Iterator[ProductVariant]:
    for item in _rows(part.get("Variants")):
        sku = text(item.get("ItemNumber"))
        if item.get("ActiveFlag") is False or item.get("IsSellableFlag") is False:
            remarks.inactive.append(sku)
            continue
        prices = list(_prices(item, settings))
        if settings.price_currency:
            mine = next((row for row in prices if row.currency == settings.price_currency.upper()), None)
            own, prices = mine, []
        else:
            own = _amounts(item, "", settings) if not prices else None
        if (own is None and not prices) or (own is not None and own.price is None):
            remarks.unpriced.append(sku)
            continue
        yield _variant(item, sku, own, prices, settings, remarks)


def _variant(
    item: Node, sku: str, own: VariantPrice | None, prices: Sequence[VariantPrice], settings: ProductSettings,
    remarks: Remarks,
) -> ProductVariant:  # fmt: skip
    if not sku:
        raise PayloadError("An item of the base part has no item number.", path="Variants.ItemNumber")
    weight, unit = _weight(item, sku, remarks)
    taxable = item.get("IsTaxableOnSale")
    return ProductVariant(
        id=text(item.get("Id")),
        sku=sku,
        former_sku=_former_sku(item, sku, settings, remarks),
        barcode=text(item.get("ItemUpc")) or text(item.get("ItemBarcode")),
        title=text(item.get("Title")) or text(item.get("Description")),
        options=tuple(_chosen(item)),
        price=own.price if own else None,
        compare_at_price=own.compare_at_price if own else None,
        cost=own.cost if own else None,
        is_taxable=taxable if isinstance(taxable, bool) else None,
        weight=weight,
        weight_unit=unit,
        is_tracked=settings.track_quantity,
        sells_when_empty=settings.oversell,
        hs_code=re.sub(r"\D", "", text(item.get("HSCode"))),
        origin_country=text(item.get("CooCodeIso2")),
        prices=tuple(prices),
    )


def _former_sku(item: Node, sku: str, settings: ProductSettings, remarks: Remarks) -> str:
    former = text(item.get("OldItemNumber"))
    if not former or former == sku:
        return ""
    if settings.update_sku:
        return former
    remarks.renamed.append(f"{sku} (before: {former})")
    return ""


def _weight(item: Node, sku: str, remarks: Remarks) -> tuple[Decimal | None, str]:
    weight, name = _amount(item.get("Weight")), text(item.get("WeightUomName"))
    if weight is None or weight <= 0:
        return None, ""
    unit = WEIGHTS.get(name.casefold())
    if unit is None:
        remarks.weights.append(f"{sku} ({weight} {name or 'without a unit'})")
        return None, ""
    return weight, unit


def _prices(item: Node, settings: ProductSettings) -> Iterator[VariantPrice]:
    """The price rows of an item, of each currency the first: others are of further units of measure."""
    seen: set[str] = set()
    for row in _rows(item.get("CurrencyPriceList")):
        currency = text(row.get("CurrencyCode")).upper()
        if currency and currency not in seen:
            seen.add(currency)
            yield _amounts(row, currency, settings)


def _amounts(row: Node, currency: str, settings: ProductSettings) -> VariantPrice:
    price, before, cost = (
        _amount(row.get(name)) if name else None
        for name in (settings.price_field, settings.compare_price_field, settings.cost_field)
    )
    return VariantPrice(currency=currency, price=price, compare_at_price=before, cost=cost)


def _amount(value: Any) -> Decimal | None:
    """An amount, ``None`` where there is none. Raises ``PayloadError``."""
    if value is None or value == "":
        return None
    if not text(value):
        raise PayloadError("Xoro sent something else where a number belongs.", path="Variants")
    return wire.decimal(value, "Variants")


# --- options and images ---------------------------------------------------------------------------------------------


def _chosen(item: Node) -> Iterator[tuple[str, str]]:
    for n in (1, 2, 3):
        name, value = text(item.get(f"Option{n}Name")), text(item.get(f"Option{n}Value"))
        if name and value:
            yield name, value


def _options(part: Node, variants: Sequence[ProductVariant]) -> Iterator[ProductOption]:
    """Those variants are told apart by, in the order and with the values of the base part."""
    used = {name for one in variants for name, _ in one.options}
    for option in sorted(_rows(part.get("Options")), key=lambda one: _order(one.get("Position"))):
        name = text(option.get("Name"))
        listed = sorted(_rows(option.get("Values")), key=lambda one: _order(one.get("Seq")))
        values = [text(one.get("Name")) for one in listed]
        if not values and isinstance(option.get("ValueArr"), list):
            values = [text(one) for one in option["ValueArr"]]
        if name in used:
            used.discard(name)
            yield ProductOption(name=name, values=tuple(value for value in values if value))
    for name in dict.fromkeys(name for one in variants for name, _ in one.options):
        if name in used:  # items tell of an option the base part does not list
            yield ProductOption(name=name)


def _order(value: Any) -> Decimal:
    try:
        return wire.decimal(value) if text(value) else Decimal(0)
    except PayloadError:
        return Decimal(0)


def _images(part: Node, items: Sequence[Node], remarks: Remarks) -> list[str]:
    """Addresses of images, each once; the vendor's placeholder is none."""
    given = [part.get("ProductImages"), *(item.get("ItemImageList") for item in items)]
    rows = [row for value in given if isinstance(value, list) for row in value]
    paths = [_path(row) for row in rows] + [text(item.get("ImagePath")) for item in items]
    found = list(dict.fromkeys(path for path in paths if path and not path.lower().endswith(NO_IMAGE)))
    remarks.images += [path for path in found if not path.startswith("https://")]
    return [path for path in found if path.startswith("https://")]


def _path(row: Any) -> str:
    if not isinstance(row, Mapping):
        return text(row)
    return next((found for name in ("ImagePath", "ImageUrl", "Url", "Src") if (found := text(row.get(name)))), "")
