"""What has to change in a product that is there, so that it is what the record says: nothing is sent that is so already.

Pure: no calls. Variants are matched by SKU, then by their option values, then by barcode; those the record does not name
are the merchant's and stay. Not for making products: that is ``product_inputs``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connectors.exceptions import RemoteRefused
from connectors.shopify.product_inputs import Node, Wanted, new_variant, option_key, without_unchanged

GRAMS = {"GRAMS": Decimal(1), "KILOGRAMS": Decimal(1000), "OUNCES": Decimal("28.349523125"),
         "POUNDS": Decimal("453.59237")}  # fmt: skip
TEXTS = ("title", "descriptionHtml", "vendor", "productType")
MONEY = ("price", "compareAtPrice")


@dataclass(frozen=True, kw_only=True)
class Changes:
    """``product``: members that differ; ``variants``: SKU (or title) and input of those that differ; ``new``: the same
    of those that are not there; ``others``: how many variants the record does not name."""

    product: Node = field(default_factory=dict)
    variants: list[tuple[str, Node]] = field(default_factory=list)
    new: list[tuple[str, Node]] = field(default_factory=list)
    others: int = 0

    def __bool__(self) -> bool:
        return bool(self.product or self.variants or self.new)

    def sentence(self, name: str) -> str:
        if not self:
            return f"Product {name} is in the shop as it should be."
        parts = [WORDS[one] for one in self.product if one in WORDS]
        for count, words in ((len(self.variants), "changed"), (len(self.new), "new")):
            parts += [f"{count} {words} variant{'' if count == 1 else 's'}"] if count else []
        return f"Product {name} changed in the shop: {', '.join(parts)}."


WORDS = {
    "title": "title", "descriptionHtml": "description", "vendor": "vendor", "productType": "type", "tags": "tags",
    "metafields": "metafields",
}  # fmt: skip


def changes_of(product: Mapping[str, Any], wanted: Wanted, *, keeps_identity: bool) -> Changes:
    """``product``: HubProduct's, with all variants. ``keeps_identity``: whether the record's id is to stand in its
    metafield. Raises ``RemoteRefused`` where the product is another record's by that metafield, or where one variant
    of the record fits several of the product."""
    changed = _product_changes(product, wanted, keeps_identity)
    matched, unmatched, others = _match(product, wanted)
    variants = []
    for node, given in matched:
        kept = _variant_changes(node, without_unchanged(given, wanted.options))
        if kept:
            variants.append((str(given.get("sku") or node["title"]), {"id": node["id"], **kept}))
    new = []
    if wanted.options.changes("new_variants"):
        new = [(str(one.get("sku") or "no SKU"), new_variant(one, wanted.options)) for one in unmatched]
    return Changes(product=changed, variants=variants, new=new, others=others)


def identity_conflict(product: Mapping[str, Any], wanted: Wanted) -> str:
    """The other system's id the product carries already, where it is not this record's; else empty."""
    if wanted.identity is None:
        return ""
    kept = _metafields(product).get(wanted.identity["key"], "")
    return kept if kept != wanted.identity["value"] else ""


def _product_changes(product: Mapping[str, Any], wanted: Wanted, keeps_identity: bool) -> Node:
    options = wanted.options
    names = {"title": "title", "descriptionHtml": "description", "vendor": "vendor", "productType": "type"}
    changed: Node = {
        name: wanted.product[name]
        for name in TEXTS
        if name in wanted.product and options.changes(names[name]) and product[name] != wanted.product[name]
    }
    tags = _tags(product, wanted)
    if tags is not None:
        changed["tags"] = tags
    known = _metafields(product)
    fields = wanted.product.get("metafields", []) if options.changes("metafields") else []
    fields = [one for one in fields if known.get(one["key"]) != one["value"]]
    if keeps_identity and wanted.identity and known.get(wanted.identity["key"]) != wanted.identity["value"]:
        fields = [*fields, wanted.identity]
    if fields:
        changed["metafields"] = fields
    return changed


def _tags(product: Mapping[str, Any], wanted: Wanted) -> list[str] | None:
    """The whole list as it is to be, ``None`` where it is so already."""
    options, given = wanted.options, wanted.product.get("tags")
    known = {tag.casefold(): tag for tag in product["tags"]}
    if options.changes("tags_override"):
        asked = {tag.casefold(): tag for tag in given or ()}
        return list(asked.values()) if set(asked) != set(known) else None
    if not options.changes("tags_add") or not given:
        return None
    missing = [tag for tag in given if tag.casefold() not in known]
    return sorted([*known.values(), *missing], key=str.casefold) if missing else None


def _metafields(product: Mapping[str, Any]) -> dict[str, str]:
    return {str(one["key"]): str(one["value"]) for one in product["metafields"]["nodes"]}


def _match(product: Mapping[str, Any], wanted: Wanted) -> tuple[list[tuple[Node, Node]], list[Node], int]:
    """Pairs of what is there and what is wanted, what is wanted and not there, and how many are there unasked."""
    nodes: list[Node] = list(product["variants"]["nodes"])
    free = {str(node["id"]): node for node in nodes}
    matched: dict[int, Node] = {}
    for read_node, read_given in KEYS:
        known = Counter(key for node in free.values() if (key := read_node(node)))
        by_key = {read_node(node): node for node in free.values()}
        for index, given in enumerate(wanted.variants):
            key = read_given(given)
            if index in matched or not key or key not in by_key:
                continue
            if known[key] == 1 and by_key[key]["id"] in free:
                matched[index] = free.pop(by_key[key]["id"])
    rest = [given for index, given in enumerate(wanted.variants) if index not in matched]
    for given in rest:
        twins = [node for node in free.values() if given.get("sku") and node["sku"] == given["sku"]]
        if len(twins) > 1:
            raise RemoteRefused(
                f"SKU {given['sku']} stands at {len(twins)} variants of product {product['title']}: "
                f"{', '.join(str(node['title']) for node in twins)}. None was changed.",
                next_step="Give each variant a SKU of its own in the shop, then press Retry.",
                code="sku_used_twice",
            )
    pairs = [(matched[index], given) for index, given in enumerate(wanted.variants) if index in matched]
    return pairs, rest, len(free)


KEYS: tuple[tuple[Any, Any], ...] = (
    (lambda node: node["sku"] or "", lambda given: given.get("sku", "")),
    (lambda node: node["sku"] or "", lambda given: given.get("formerSku", "")),
    (
        lambda node: option_key(node["selectedOptions"], "name", "value"),
        lambda given: option_key(given["optionValues"]),
    ),
    (lambda node: node["barcode"] or "", lambda given: given.get("barcode", "")),
)


def _variant_changes(node: Mapping[str, Any], given: Node) -> Node:
    changed: Node = {}
    for name in MONEY:
        if name in given and not _same_money(node[name], given[name]):
            changed[name] = given[name]
    for name in ("barcode", "taxable"):
        if name in given and node[name] != given[name]:
            changed[name] = given[name]
    wanted_item = given.get("inventoryItem", {})
    item = _item_changes(node["inventoryItem"], wanted_item)
    if given.get("changes_sku") and node["sku"] != given["sku"]:
        item["sku"] = given["sku"]
    if item:
        changed["inventoryItem"] = item
    return changed


def _item_changes(node: Mapping[str, Any], given: Node) -> Node:
    item: Node = {}
    if "cost" in given and not _same_money((node["unitCost"] or {}).get("amount"), given["cost"]):
        item["cost"] = given["cost"]
    for name in ("harmonizedSystemCode", "countryCodeOfOrigin"):
        if name in given and node[name] != given[name]:
            item[name] = given[name]
    weight = node["measurement"]["weight"]
    if "weight" in given and not _same_weight(weight, given["weight"]):
        item["measurement"] = {"weight": given["weight"]}
    return item


def _same_money(known: Any, given: str) -> bool:
    return known is not None and Decimal(str(known)) == Decimal(given)


def _same_weight(known: Mapping[str, Any] | None, given: Mapping[str, Any]) -> bool:
    if known is None:
        return False
    ours, theirs = (Decimal(str(one["value"])) * GRAMS[one["unit"]] for one in (given, known))
    return abs(ours - theirs) < Decimal("0.01")
