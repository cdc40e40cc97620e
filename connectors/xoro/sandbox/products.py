"""Products and items: base parts with their variants, flat items, and the write that takes an array of base parts.

Control: ``POST /_sandbox/product`` (``number``, ``members``, ``variants`` by SKU: they are otherwise from now on),
``POST /_sandbox/products`` (``number``, ``skus``, ``handle``, ``title``: a further base part).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connectors.xoro.sandbox.areas import Route
from connectors.xoro.sandbox.inventory import Joined, bulk_items
from connectors.xoro.sandbox.refusal import Refused

if TYPE_CHECKING:
    from connectors.xoro.sandbox.server import XoroSandbox

MOMENTS = {"updated_at_min": ("ModifyDttm", -1), "updated_at_max": ("ModifyDttm", 1),
           "created_at_min": ("CreateDttm", -1), "created_at_max": ("CreateDttm", 1)}  # fmt: skip


def get_products(sandbox: XoroSandbox, query: dict[str, str]) -> list[Any]:
    """Oldest first. A tag is looked for among the product's."""
    parts = sandbox.books.catalogue.parts
    number, tag = query.get("base_part_number"), query.get("tag", "").casefold()
    found = [part for part in parts.values() if number in (None, "", part["BasePartNumber"])]
    if tag:
        found = [part for part in found if tag in _tags(part["ProductTags"])]
    return sorted(_in_time(sandbox, found, query), key=lambda part: int(part["Id"]))


def get_items(sandbox: XoroSandbox, query: dict[str, str]) -> Any:
    items = sandbox.books.items
    if number := query.get("item_number"):
        return [items[number]] if number in items else []
    found = sorted(_in_time(sandbox, list(items.values()), query), key=lambda item: int(item["Id"]))
    is_asked = any(query.get(name) for name in MOMENTS)
    return found if is_asked else Joined(found, bulk_items(sandbox))


def _in_time(sandbox: XoroSandbox, rows: list[Any], query: Mapping[str, str]) -> list[Any]:
    clock = sandbox.books.clock
    for name, (member, sign) in MOMENTS.items():
        moment = clock.read(query[name]) if query.get(name) else None
        if moment is not None:
            kept = []
            for row in rows:
                at = clock.read(str(row.get(member) or ""))
                if at is not None and (at >= moment if sign < 0 else at <= moment):
                    kept.append(row)
            rows = kept
    return rows


def _tags(text: Any) -> set[str]:
    return {one.strip().casefold() for one in str(text or "").split(",")}


def create(sandbox: XoroSandbox, body: Any) -> Any:
    """All of the array or nothing of it would be guessing: one after the other, as they stand."""
    if not isinstance(body, list) or not body:
        raise Refused(1001, "Required field missing: array of products expected")
    made = [sandbox.books.catalogue.write(one) for one in body]
    return made[0] if len(made) == 1 else made


def change(sandbox: XoroSandbox, given: Any) -> Any:
    return sandbox.books.catalogue.change(given["number"], given.get("members", {}), given.get("variants", {}))


def add(sandbox: XoroSandbox, given: Any) -> Any:
    number, skus = given["number"], given["skus"]
    return sandbox.books.catalogue.add(number, skus, handle=given.get("handle", ""), title=given.get("title", ""))


ROUTES = {
    "product/getproduct": Route("GET", "products", get_products, "Products loaded"),
    "product/item/getitem": Route("GET", "products", get_items, "Items loaded"),
    "item/getitem": Route("GET", "products", get_items, "Items loaded"),
    "product/create": Route("POST", "products", create, "Product saved"),
}
CONTROL = {"POST /_sandbox/product": change, "POST /_sandbox/products": add}
