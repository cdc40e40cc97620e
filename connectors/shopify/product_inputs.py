"""The hub's ``Product`` record in Shopify's words: the input that makes it, and what is to differ of one that is there.

Pure: no calls. https://shopify.dev/docs/api/admin-graphql/2026-10/input-objects/ProductSetInput (checked 2026-11-20).
A member the record does not know is left out, so that Shopify keeps its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connectors.exceptions import PayloadError
from connectors.records import Product, ProductVariant
from connectors.shopify.definitions import NAMESPACE
from connectors.shopify.product_options import ProductOptions
from connectors.shopify.product_translation import NO_OPTION

Node = dict[str, Any]
TEXT = "single_line_text_field"
WEIGHT_UNITS = {"g": "GRAMS", "kg": "KILOGRAMS", "oz": "OUNCES", "lb": "POUNDS"}
MOST_VARIANTS, MOST_OPTIONS = 2_048, 3
STATUSES = {"active": "ACTIVE", "draft": "DRAFT", "archived": "ARCHIVED"}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A product as the shop is to hold it. ``variants``: input by the record's order; ``unpriced``: SKUs without a price
    in the shop's currency; ``identity``: the metafield by which it is found again."""

    record: Product
    options: ProductOptions
    product: Node
    variants: list[Node]
    identity: Node | None = None
    unpriced: list[str] = field(default_factory=list)

    @property
    def fingerprint(self) -> str:
        """Hash of exactly what an update would send: another member of the record that changes is no change here."""
        sent = {
            "product": {name: value for name, value in self.product.items() if self.options.changes(FIELD_OF[name])},
            "variants": [without_unchanged(one, self.options) for one in self.variants],
            "images": [one.url for one in self.record.images] if self.options.changes("images") else [],
        }
        return hashlib.sha256(json.dumps(sent, sort_keys=True).encode()).hexdigest()


FIELD_OF = {  # member of an input to the field of the options that lets it change
    "title": "title", "descriptionHtml": "description", "vendor": "vendor", "productType": "type", "tags": "tags",
    "metafields": "metafields", "price": "price", "compareAtPrice": "compare_at_price", "barcode": "barcode",
    "taxable": "is_taxable", "sku": "sku", "cost": "cost", "weight": "weight", "harmonizedSystemCode": "hs_code",
    "countryCodeOfOrigin": "origin_country",
}  # fmt: skip


def wanted_product(record: Product, options: ProductOptions, *, currency: str, key: str) -> Wanted:
    """What the record means for a shop with this ``currency``. ``key``: that of the metafield which holds its id.

    Raises ``PayloadError`` where Shopify could not hold it: no title, no or too many variants or options, two variants
    with the same option values."""
    _check(record)
    unpriced: list[str] = []
    variants = []
    for one in record.variants:
        variant, is_priced = _variant(record, one, currency)
        variants.append(variant)
        if not is_priced:
            unpriced.append(one.sku or one.title or one.id)
    return Wanted(
        record=record,
        options=options,
        product=_product(record),
        variants=variants,
        identity={"namespace": NAMESPACE, "key": key, "type": "id", "value": record.id} if record.id else None,
        unpriced=unpriced,
    )


def creation(wanted: Wanted) -> Node:
    """The input of ``productSet`` for a product that is not there. Images are added afterwards: one that cannot be
    fetched must not keep the product away."""
    record, options = wanted.record, wanted.options
    status = (
        STATUSES.get(record.status, "DRAFT") if options.status_of_new == "source" else options.status_of_new.upper()
    )
    made: Node = {**wanted.product, "status": status}
    if record.handle:
        made["handle"] = record.handle
    if wanted.identity:
        made["metafields"] = [*made.get("metafields", []), wanted.identity]
    names = option_names(record)
    made["productOptions"] = [
        {"name": name, "position": position, "values": [{"name": value} for value in _values(record, name)]}
        for position, name in enumerate(names, 1)
    ]
    made["variants"] = [new_variant(one, options, is_set=True) for one in wanted.variants]
    return made


def new_variant(given: Node, options: ProductOptions, *, is_set: bool = False) -> Node:
    """The input of a variant that is to be made. ``is_set``: for ``productSet``, where the SKU stands elsewhere."""
    made = {name: value for name, value in given.items() if value is not None and name != "formerSku"}
    item = {"tracked": options.tracks_new, **made.get("inventoryItem", {})}
    if not is_set and "sku" in made:
        item["sku"] = made.pop("sku")
    made["inventoryItem"] = item
    made.setdefault("inventoryPolicy", "CONTINUE" if options.sells_when_empty else "DENY")
    return made


def without_unchanged(given: Node, options: ProductOptions) -> Node:
    """What an update may change of a variant, the members of its item flat. Option values and SKU stay: they tell which
    variant it is; ``changes_sku`` says that the SKU itself is to change."""
    kept = {n: v for n, v in given.items() if n in {"optionValues", "sku"} or options.changes(FIELD_OF.get(n, ""))}
    item = {n: v for n, v in _item_members(given).items() if options.changes(FIELD_OF.get(n, ""))}
    if "sku" in given and options.changes("sku"):
        kept["changes_sku"] = True
    return {**kept, **({"inventoryItem": item} if item else {})}


def _item_members(given: Node) -> Node:
    """Members of the inventory item flat, the weight by itself."""
    item = dict(given.get("inventoryItem") or {})
    measurement = item.pop("measurement", None)
    return {**item, "weight": measurement["weight"]} if measurement else item


def _check(record: Product) -> None:
    if not record.name.strip():
        raise PayloadError(f"Product {record.number} has no title.", path="name")
    if not record.variants:
        raise PayloadError(f"Product {record.name} has no variants.", path="variants")
    if len(record.variants) > MOST_VARIANTS:
        count = len(record.variants)
        raise PayloadError(
            f"Product {record.name} has {count:,} variants; Shopify holds {MOST_VARIANTS:,}.", path="variants"
        )
    names = option_names(record)
    if len(names) > MOST_OPTIONS:
        raise PayloadError(f"Product {record.name} has {len(names)} options; Shopify holds three.", path="options")
    seen: dict[tuple[str, ...], str] = {}
    for index, one in enumerate(record.variants):
        values = tuple(value.casefold() for _, value in _chosen(record, one))
        if len(values) != len(names) or not all(values):
            raise PayloadError(
                f"SKU {one.sku} of product {record.name} does not say its {', '.join(names)}.",
                path=f"variants[{index}].options",
            )
        if values in seen:
            raise PayloadError(
                f"SKU {seen[values]} and SKU {one.sku} of product {record.name} have the same options.",
                path=f"variants[{index}].options",
            )
        seen[values] = one.sku


def option_names(record: Product) -> list[str]:
    """In the order of the product, else of its first variant; one that stands for none where nothing differs."""
    names = [one.name for one in record.options] or [name for name, _ in record.variants[0].options]
    return names or [NO_OPTION[0]]


def _chosen(record: Product, variant: ProductVariant) -> list[tuple[str, str]]:
    given = dict(variant.options)
    names = option_names(record)
    if names == [NO_OPTION[0]] and not given:
        return [NO_OPTION]
    return [(name, given[name]) for name in names if name in given]


def _values(record: Product, name: str) -> list[str]:
    """Those variants use, in the order the product lists them."""
    listed = next((one.values for one in record.options if one.name == name), ())
    used = [value for variant in record.variants for one, value in _chosen(record, variant) if one == name]
    return list(dict.fromkeys([*(value for value in listed if value in set(used)), *used]))


def _product(record: Product) -> Node:
    given: Node = {"title": record.name}
    for name, value in (("descriptionHtml", record.description_html), ("vendor", record.vendor),
                        ("productType", record.type)):  # fmt: skip
        if value:
            given[name] = value
    if record.tags:
        given["tags"] = sorted({tag.strip() for tag in record.tags if tag.strip()}, key=str.casefold)
    if record.fields:
        given["metafields"] = [
            {"namespace": NAMESPACE, "key": one.key, "type": one.type or TEXT, "value": one.value}
            for one in record.fields
        ]
    return given


def _variant(record: Product, one: ProductVariant, currency: str) -> tuple[Node, bool]:
    prices = prices_of(record, one, currency)
    item: Node = {}
    given: Node = {"optionValues": [{"optionName": n, "name": v} for n, v in _chosen(record, one)]}
    if one.sku:
        given["sku"] = one.sku
    if one.former_sku:
        given["formerSku"] = one.former_sku
    if one.barcode:
        given["barcode"] = one.barcode
    if prices is not None:
        price, before, cost = prices
        given |= {"price": _money(price)} if price is not None else {}
        given |= {"compareAtPrice": _money(before)} if before is not None else {}
        item |= {"cost": _money(cost)} if cost is not None else {}
    for name, value in (("taxable", one.is_taxable), ("inventoryPolicy", _policy(one.sells_when_empty))):
        if value is not None:
            given[name] = value
    for name, value in (
        ("tracked", one.is_tracked), ("requiresShipping", one.requires_shipping),
        ("harmonizedSystemCode", one.hs_code or None), ("countryCodeOfOrigin", one.origin_country.upper() or None),
    ):  # fmt: skip
        if value is not None:
            item[name] = value
    if one.weight is not None:
        unit = WEIGHT_UNITS.get(one.weight_unit or "g")
        if unit is None:
            raise PayloadError(f"SKU {one.sku} has a weight in “{one.weight_unit}”.", path="variants.weight_unit")
        item["measurement"] = {"weight": {"value": float(one.weight), "unit": unit}}
    return {**given, **({"inventoryItem": item} if item else {})}, prices is not None


def prices_of(
    record: Product, one: ProductVariant, currency: str
) -> tuple[Decimal | None, Decimal | None, Decimal | None] | None:
    """Price, compare-at price and cost in the shop's currency; ``None`` where the record has prices in others only."""
    if record.currency == currency or (not record.currency and not one.prices):
        return one.price, one.compare_at_price, one.cost
    row = next((row for row in one.prices if row.currency == currency and not row.price_list), None)
    if row is not None:
        return row.price, row.compare_at_price, row.cost
    has_any = bool(one.prices) or any(amount is not None for amount in (one.price, one.compare_at_price, one.cost))
    return None if has_any else (None, None, None)


def _policy(sells_when_empty: bool | None) -> str | None:
    return None if sells_when_empty is None else ("CONTINUE" if sells_when_empty else "DENY")


def _money(amount: Decimal) -> str:
    return f"{amount:f}"


def option_key(chosen: Sequence[Mapping[str, Any]], name: str = "optionName", value: str = "name") -> tuple[Any, ...]:
    """What tells variants of one product apart, whatever the case of its letters."""
    return tuple(sorted((str(one[name]).casefold(), str(one[value]).casefold()) for one in chosen))
