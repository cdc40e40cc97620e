"""The catalogue of the sandbox: base parts with their variants, in the members product/getproduct shows.

A base part is written whole: what a body leaves out is cleared, as seen with the vendor, so that a client that does not
read before it writes is found out. The variants are the very items orders and stock know (``Books.items``). Where what
is served is: ``products.py``. Members: read by public clients (checked 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.xoro.sandbox import seeds
from connectors.xoro.sandbox.clock import Clock
from connectors.xoro.sandbox.refusal import Refused

PRICES = ("StandardUnitPrice", "StandardUnitCost", "WholesalePrice", *(f"CustomPrice{n}" for n in range(1, 15)))
PRICE_ROW = frozenset({"CurrencyCode", "CurrencyId", "UomName", *PRICES})
NUMBERS = frozenset({*PRICES, "Weight", "Length", "Width", "Height", "Position", "Seq", "CurrencyId", "ItemTypeId"})
FLAGS = frozenset({
    "ActiveFlag", "AllowBackorderFlag", "IsPreSellFlag", "IsSellableFlag", "IsPurchasableFlag", "IsBomItemFlag",
    "IsStockingItemFlag", "IsTaxableOnSale",
})  # fmt: skip
_OPTIONS = [f"Option{n}{what}" for n in (1, 2, 3) for what in ("Name", "Value", "ValueCode", "Seq")]
ITEM = frozenset(
    """
    Id ItemNumber OldItemNumber ItemUpc ItemBarcode BasePartNumber ProductHeaderId Title Description ItemTypeName
    BrandName GroupName CategoryName Tags CurrencyPriceList WeightUomName HSCode CooCodeIso2 ImagePath ItemImageList
    DefaultVendorName SaleTaxCode AssetAccountName CogsAccountName IncomeAccountName IncomeReturnAccountName
    AdjAccountName ExpenseAccountName ThirdPartyRefNo ThirdPartySource ImportError CreateDttm ModifyDttm
    """.split()
    + [name for name in NUMBERS if name not in ("Position", "Seq", "CurrencyId")]
    + sorted(FLAGS) + [f"{one}Str" for one in sorted(FLAGS)] + _OPTIONS + [f"CustomFieldH{n}" for n in range(1, 51)]
)  # fmt: skip
PART = frozenset(
    "Id BasePartNumber Handle Title BodyHtml ProductCategoryName ActiveFlag Options Variants ProductImages ProductTags "
    "CreateDttm ModifyDttm".split()
)
OPTION = frozenset({"Id", "Name", "Position", "ValueArr", "Values"})
VALUE = frozenset({"Id", "OptionId", "Name", "Code", "Seq"})
NO_IMAGE = "https://cdn.example/images/no-image.gif"
BOOKED = {  # what the merchant's bookkeeper entered, and no shop knows
    "AssetAccountName": "Inventory Asset", "CogsAccountName": "Cost of Goods", "IncomeAccountName": "Sales",
    "IncomeReturnAccountName": "Sales Returns", "AdjAccountName": "Adjustments", "ExpenseAccountName": None,
}  # fmt: skip
Node = dict[str, Any]


class Catalogue:
    """``items``: the books' own, which gain the members of a full item. ``parts`` by base part number."""

    def __init__(self, items: dict[str, Node], by_upc: dict[str, Node], clock: Clock) -> None:
        self.items, self.by_upc, self.clock = items, by_upc, clock
        self.parts: dict[str, Node] = {}
        self._next = 9_000
        for one in seeds.PARTS:
            variants = [items[sku] for sku in one.skus]
            names = {sku: sku.removeprefix(one.number).strip("-") for sku in one.skus}
            part = self._part(one.number, one.title, one.handle, one.category, int(variants[0]["ProductHeaderId"]))
            self._fill(part, "Kind", [(items[sku], names[sku]) for sku in one.skus], one.price)

    def _part(self, number: str, title: str, handle: str, category: str, part_id: int) -> Node:
        now = self.clock.stamp()
        made = self.parts[number] = {
            "Id": part_id, "BasePartNumber": number, "Handle": handle or None, "Title": title,
            "BodyHtml": f"<p>{title}</p>", "ProductCategoryName": category, "ActiveFlag": True, "Options": [],
            "Variants": [], "ProductImages": [], "ProductTags": "web", "CreateDttm": now, "ModifyDttm": now,
        }  # fmt: skip
        return made

    def _fill(self, part: Node, option: str, variants: list[tuple[Node, str]], price: float) -> None:
        """Give a base part its variants, told apart by one option; a single one has none."""
        is_single = len(variants) == 1
        option_id = self.take_id()
        values = [{"Id": self.take_id(), "OptionId": option_id, "Name": name, "Code": name, "Seq": n}
                  for n, (_, name) in enumerate(variants, 1)]  # fmt: skip
        if not is_single:
            part["Options"] = [{"Id": option_id, "Name": option, "Position": 1, "Values": values,
                                "ValueArr": [one["Name"] for one in values]}]  # fmt: skip
        for item, name in variants:
            item.update(
                full_item(item, price=price, now=part["CreateDttm"], option="" if is_single else option, value=name)
            )
        part["Variants"] = [item for item, _ in variants]

    def take_id(self) -> int:
        self._next += 1
        return self._next

    # --- tests and people make products here

    def add(self, number: str, skus: Iterable[str], *, handle: str, title: str = "", price: float = 10.0) -> Node:
        """A further base part with these SKUs."""
        part = self._part(number, title or number.title(), handle, "General", self.take_id())
        variants = []
        for sku in skus:
            item = {"Id": self.take_id(), "ItemNumber": sku, "BasePartNumber": number, "ProductHeaderId": part["Id"],
                    "ItemUpc": f"4{self._next:011d}", "Title": part["Title"], "Description": f"{part['Title']} {sku}",
                    "ItemTypeId": seeds.INVENTORY[0], "ItemTypeName": seeds.INVENTORY[1], "Tags": "web",
                    "StandardUnitPrice": price, "IsPreSellFlag": False, "ActiveFlag": True}  # fmt: skip
            self.items[sku] = self.by_upc[item["ItemUpc"]] = item
            variants.append((item, sku.removeprefix(number).strip("-") or sku))
        self._fill(part, "Kind", variants, price)
        return part

    def change(self, number: str, members: Mapping[str, Any], variants: Mapping[str, Mapping[str, Any]]) -> Node:
        """Members of a base part and of its variants by SKU are otherwise from now on. Raises ``Refused``."""
        part = self.parts.get(number)
        if part is None:
            raise Refused(1008, f"Document not found: {number}")
        part.update(members)
        for sku, changes in variants.items():
            item = self.items.get(sku)
            if item is None:
                raise Refused(1002, f"Item not found: {sku}")
            item.update(changes)
            if changes.get("ItemNumber", sku) != sku:
                self.items[changes["ItemNumber"]] = self.items.pop(sku)
                item.setdefault("OldItemNumber", sku)
                item["OldItemNumber"] = sku
            item["ModifyDttm"] = self.clock.stamp()
        part["ModifyDttm"] = self.clock.stamp()
        return part

    # --- what product/create does

    def write(self, body: Any) -> Node:
        """Create a base part, or write a known one anew. Raises ``Refused``."""
        _check(body, PART)
        for name in ("BasePartNumber", "Title"):
            if not body.get(name):
                raise Refused(1001, f"Required field missing: {name}")
        number, variants = body["BasePartNumber"], body.get("Variants") or []
        if not isinstance(variants, list) or not variants:
            raise Refused(1001, "Required field missing: Variants")
        known = self.parts.get(number)
        self._check_handle(body, number)
        for item in variants:
            self._check_item(item, number)
        now = self.clock.stamp()
        part: Node = known if known is not None else {"Id": self.take_id(), "CreateDttm": now, "Variants": []}
        before = {item["ItemNumber"] for item in part["Variants"]}
        made = [self._written_item(item, part, number, now) for item in variants]
        for gone in before - {item["ItemNumber"] for item in made}:
            self.items.pop(gone, None)
        kept = {"Id": part["Id"], "CreateDttm": part["CreateDttm"]}
        part.clear()
        part.update(dict.fromkeys(PART) | dict(body) | kept)
        part.update({"Variants": made, "ModifyDttm": now})
        self._number_options(part)
        self.parts[number] = part
        return part

    def _check_handle(self, body: Mapping[str, Any], number: str) -> None:
        handle = body.get("Handle")
        other = next((one for one in self.parts.values() if handle and one["Handle"] == handle), None)
        if other is not None and other["BasePartNumber"] != number:
            raise Refused(1005, f"Duplicate handle: {handle} is of {other['BasePartNumber']}")

    def _check_item(self, item: Any, number: str) -> None:
        _check(item, ITEM)
        sku = item.get("ItemNumber")
        if not sku:
            raise Refused(1001, "Required field missing: ItemNumber")
        other = self.items.get(sku)
        if other is not None and other["BasePartNumber"] != number:
            raise Refused(1005, f"Duplicate item number: {sku} is of {other['BasePartNumber']}")
        for row in item.get("CurrencyPriceList") or []:
            _check(row, PRICE_ROW)

    def _written_item(self, given: Mapping[str, Any], part: Mapping[str, Any], number: str, now: str) -> Node:
        there: list[Node] = list(part.get("Variants") or [])
        known = next((one for one in there if one["Id"] == given.get("Id")), None)
        item = (
            known
            if known is not None
            else self.items.get(given["ItemNumber"]) or {"Id": self.take_id(), "CreateDttm": now}
        )
        old = item.get("ItemNumber")
        kept = {"Id": item["Id"], "CreateDttm": item["CreateDttm"]}
        item.clear()
        item.update(dict.fromkeys(ITEM) | dict(given) | kept)
        item.update({"BasePartNumber": number, "ProductHeaderId": part["Id"], "ModifyDttm": now})
        item["ItemTypeId"] = item["ItemTypeId"] or seeds.INVENTORY[0]
        item["ItemTypeName"] = item["ItemTypeName"] or seeds.INVENTORY[1]
        if old and old != item["ItemNumber"]:
            self.items.pop(old, None)
        self.items[item["ItemNumber"]] = item
        if item["ItemUpc"]:
            self.by_upc[item["ItemUpc"]] = item
        return item

    def _number_options(self, part: Node) -> None:
        for option in part["Options"] or []:
            _check(option, OPTION)
            option["Id"] = option.get("Id") or self.take_id()
            for value in option.get("Values") or []:
                _check(value, VALUE)
                value.update({"Id": value.get("Id") or self.take_id(), "OptionId": option["Id"]})


def full_item(item: Mapping[str, Any], *, price: float, now: str, option: str, value: str) -> Node:
    """The members of an item beside those it has."""
    cost = round(price * 0.4, 2)
    row = dict.fromkeys(PRICE_ROW)
    usd = row | {"CurrencyCode": "USD", "CurrencyId": 1, "StandardUnitPrice": price, "StandardUnitCost": cost,
                 "CustomPrice1": round(price * 1.2, 2), "WholesalePrice": round(price * 0.7, 2), "UomName": "EA"}  # fmt: skip
    cad = row | {"CurrencyCode": "CAD", "CurrencyId": 2, "StandardUnitPrice": round(price * 1.35, 2), "UomName": "EA"}
    options = {"Option1Name": option or None, "Option1Value": value if option else None,
               "Option1ValueCode": value if option else None, "Option1Seq": 1 if option else None}  # fmt: skip
    known = {"ItemBarcode": None, "OldItemNumber": None, "BrandName": "Lumen", "GroupName": "Goods",
             "CategoryName": "General", "StandardUnitCost": cost, "CurrencyPriceList": [usd, cad], "Weight": 0.35,
             "WeightUomName": "kg", "Length": 10.0, "Width": 10.0, "Height": 12.0, "HSCode": "6912.00", "CooCodeIso2": "CA",
             "ImagePath": NO_IMAGE, "ItemImageList": [], "DefaultVendorName": "Lumen Works", "AllowBackorderFlag": False,
             "IsSellableFlag": True, "IsSellableFlagStr": "Y", "IsPurchasableFlag": True, "IsBomItemFlag": False,
             "IsStockingItemFlag": True, "IsTaxableOnSale": True, "SaleTaxCode": "TAX", "ThirdPartyRefNo": None,
             "ThirdPartySource": None, "ImportError": None, "CustomFieldH1": "aisle 4"}  # fmt: skip
    blank: Node = dict.fromkeys(ITEM)
    return blank | BOOKED | known | options | dict(item) | {"CreateDttm": now, "ModifyDttm": now}


def _check(given: Any, known: Iterable[str]) -> None:
    """A closed schema; numbers are numbers, flags are flags."""
    if not isinstance(given, dict):
        raise Refused(1001, "Required field missing: object expected")
    for name, value in given.items():
        if name not in known:
            raise Refused(1001, f"Unknown field: {name}")
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if value is not None and (
            (name in NUMBERS and not is_number) or (name in FLAGS and not isinstance(value, bool))
        ):
            raise Refused(1001, f"Invalid value: {name}")
