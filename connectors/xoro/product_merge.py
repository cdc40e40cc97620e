"""A product of a shop in Xoro's members: single values of the base part as it was read are changed, all others stay.

``product/create`` may clear what a body leaves out (seen with the vendor; checked 2026-11-20), so that the whole object
goes back. A new base part gets everything a shop knows. Images are not sent: how Xoro is given them is not public.
Pure: no calls.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.exceptions import PayloadError
from connectors.records import Product, ProductVariant
from connectors.xoro.calls.catalogue import text
from connectors.xoro.product_translation import tags_of
from connectors.xoro.settings_products import ProductSettings

Node = dict[str, Any]
ITEM_TYPE, NOT_STOCKED = "Inventory", "Miscellaneous"
UNITS = {"g": "g", "kg": "kg", "lb": "lb", "oz": "oz"}


def merged(part: Mapping[str, Any] | None, record: Product, settings: ProductSettings) -> Node:
    """The base part as it is to be written: ``part`` with what the settings let change, or a new one. Raises
    ``PayloadError`` where a variant has no SKU, or two have the same."""
    _check(record)
    made: Node = copy.deepcopy(dict(part)) if part is not None else _new_part(record)
    allowed = Allowed(settings, is_new=part is None)
    _set_part(made, record, allowed)
    items: list[Node] = [one for one in made.get("Variants") or [] if isinstance(one, dict)]
    made["Variants"] = items
    for variant in record.variants:
        item = _match(items, variant)
        is_new = item is None
        if item is None:
            item = _new_item(record, variant, settings)
            items.append(item)
        _set_item(item, record, variant, settings, Allowed(settings, is_new=is_new))
    _set_options(made, record)
    return made


class Allowed:
    """Which members may be written: of what is new all, else those of the setting “Update fields”."""

    def __init__(self, settings: ProductSettings, *, is_new: bool) -> None:
        self.is_new = is_new
        self.fields = frozenset(settings.update_fields)

    def __call__(self, name: str) -> bool:
        return self.is_new or name in self.fields


def _check(record: Product) -> None:
    seen: set[str] = set()
    for one in record.variants:
        if not one.sku:
            raise PayloadError(
                f"Variant “{one.title}” of product {record.name} has no SKU, and Xoro tells items by it.",
                path="variants.sku", code="no_sku",
                next_step="Enter a SKU at the variant in the shop; the change is sent by itself.",
            )  # fmt: skip
        if one.sku in seen:
            raise PayloadError(
                f"SKU {one.sku} stands at two variants of product {record.name}; nothing was written to Xoro.",
                path="variants.sku", code="sku_used_twice",
                next_step="Give each variant a SKU of its own in the shop; the change is sent by itself.",
            )  # fmt: skip
        seen.add(one.sku)


def base_part_number(record: Product) -> str:
    """What a new base part is called: as the shop's address of the product."""
    return record.handle or record.number


def _new_part(record: Product) -> Node:
    return {"BasePartNumber": base_part_number(record), "Handle": record.handle, "ActiveFlag": record.status != "archived",
            "Options": [], "Variants": []}  # fmt: skip


def _new_item(record: Product, variant: ProductVariant, settings: ProductSettings) -> Node:
    is_stocked = settings.track_quantity if variant.is_tracked is None else variant.is_tracked
    sells = settings.oversell if variant.sells_when_empty is None else variant.sells_when_empty
    return {
        "ItemNumber": variant.sku, "BasePartNumber": base_part_number(record), "ActiveFlag": True, "IsSellableFlag": True,
        "ItemTypeName": ITEM_TYPE if is_stocked else NOT_STOCKED, "IsStockingItemFlag": is_stocked,
        "AllowBackorderFlag": sells, "CurrencyPriceList": [],
    }  # fmt: skip


def _set_part(part: Node, record: Product, allowed: Allowed) -> None:
    for name, member, value in (
        ("title", "Title", record.name), ("description", "BodyHtml", record.description_html),
        ("category", "ProductCategoryName", record.type),
    ):  # fmt: skip
        if value and allowed(name):
            part[member] = value
    tags = list(record.tags)
    if allowed.is_new or allowed("tags_override"):
        _put_tags(part, tags)
    elif allowed("tags_update"):
        known = tags_of(part.get("ProductTags"))
        has = {tag.casefold() for tag in known}
        _put_tags(part, [*known, *(tag for tag in tags if tag.casefold() not in has)])


def _put_tags(part: Node, tags: list[str]) -> None:
    """In the form they were read in, and only where they differ."""
    kept = part.get("ProductTags")
    if {tag.casefold() for tag in tags_of(kept)} != {tag.casefold() for tag in tags}:
        part["ProductTags"] = tags if isinstance(kept, list) else ",".join(tags)


def _match(items: list[Node], variant: ProductVariant) -> Node | None:
    """The item of that SKU, else the one of just these options whose SKU no variant of the product asks for."""
    found = next((one for one in items if text(one.get("ItemNumber")) == variant.sku), None)
    if found is not None or not variant.options:
        return found
    wanted = {(name.casefold(), value.casefold()) for name, value in variant.options}
    return next((one for one in items if _options_of(one) == wanted), None)


def _options_of(item: Mapping[str, Any]) -> set[tuple[str, str]]:
    pairs = ((text(item.get(f"Option{n}Name")), text(item.get(f"Option{n}Value"))) for n in (1, 2, 3))
    return {(name.casefold(), value.casefold()) for name, value in pairs if name and value}


def _set_item(
    item: Node, record: Product, variant: ProductVariant, settings: ProductSettings, allowed: Allowed
) -> None:
    if allowed("sku") and settings.update_sku and text(item.get("ItemNumber")) != variant.sku:
        item["OldItemNumber"], item["ItemNumber"] = text(item.get("ItemNumber")), variant.sku
    for name, member, value in (
        ("title", "Title", record.name), ("title", "Description", _described(record, variant)),
        ("upc", "ItemUpc", variant.barcode), ("hs_code", "HSCode", variant.hs_code),
        ("country", "CooCodeIso2", variant.origin_country), ("vendor", "BrandName", record.vendor),
        ("category", "CategoryName", record.type),
    ):  # fmt: skip
        if value and allowed(name):
            item[member] = value
    if variant.is_taxable is not None and allowed.is_new:
        item["IsTaxableOnSale"] = variant.is_taxable
    if variant.weight is not None and allowed("weight"):
        _put_number(item, "Weight", variant.weight)
        item["WeightUomName"] = UNITS.get(variant.weight_unit or "g", variant.weight_unit)
    if allowed.is_new:
        for n, (name, value) in enumerate(variant.options[:3], 1):
            item.update({f"Option{n}Name": name, f"Option{n}Value": value, f"Option{n}ValueCode": value})
    _set_prices(item, record, variant, settings, allowed)


def _described(record: Product, variant: ProductVariant) -> str:
    values = " ".join(value for _, value in variant.options)
    return f"{record.name} {values}".strip()


def _set_prices(
    item: Node, record: Product, variant: ProductVariant, settings: ProductSettings, allowed: Allowed
) -> None:
    """Into the row of the shop's currency, which is made where it is missing."""
    currency = record.currency or settings.price_currency.upper()
    if not currency or (settings.price_currency and settings.price_currency.upper() != currency):
        return
    amounts = [
        (name, member, amount)
        for name, member, amount in (
            ("price", settings.price_field, variant.price),
            ("price", settings.compare_price_field, variant.compare_at_price),
            ("cost", settings.cost_field, variant.cost),
        )
        if member and amount is not None and allowed(name)
    ]
    if not amounts:
        return
    rows = [one for one in item.get("CurrencyPriceList") or [] if isinstance(one, dict)]
    row = next((one for one in rows if text(one.get("CurrencyCode")).upper() == currency), None)
    if row is None:
        row = {"CurrencyCode": currency}
        rows.append(row)
        item["CurrencyPriceList"] = rows
    for _, member, amount in amounts:
        _put_number(row, member, amount)


def _put_number(node: Node, member: str, amount: Decimal) -> None:
    """Only where it is another: 55 and 55.00 are one number."""
    kept = node.get(member)
    try:
        same = kept is not None and not isinstance(kept, bool) and Decimal(str(kept)) == amount
    except ArithmeticError:
        same = False
    if not same:
        node[member] = amount


def _set_options(part: Node, record: Product) -> None:
    """Options and values the items use and the base part does not list are added; none is taken away."""
    options = [one for one in part.get("Options") or [] if isinstance(one, dict)]
    for name in dict.fromkeys(name for one in record.variants for name, _ in one.options):
        values = list(dict.fromkeys(v for one in record.variants for n, v in one.options if n == name))
        option = next((one for one in options if text(one.get("Name")).casefold() == name.casefold()), None)
        if option is None:
            option = {"Name": name, "Position": len(options) + 1, "ValueArr": [], "Values": []}
            options.append(option)
        _add_values(option, values)
    if options:
        part["Options"] = options


def _add_values(option: Node, values: list[str]) -> None:
    rows = [one for one in option.get("Values") or [] if isinstance(one, dict)]
    has = {text(one.get("Name")).casefold() for one in rows}
    for value in values:
        if value.casefold() not in has:
            rows.append({"Name": value, "Code": value, "Seq": len(rows) + 1})
            listed = option.get("ValueArr")
            option["ValueArr"] = [*(listed if isinstance(listed, list) else []), value]
    option["Values"] = rows
