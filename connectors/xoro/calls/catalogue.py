"""Products, items and stock figures: what is read of them, and the one write.

``product/getproduct``, ``product/item/getitem``, ``inventory/getinventorybyitem``, ``product/create`` as seen in use by
public clients (checked 2026-11-20). No "changed since" filter is known for stock: it is walked whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.xoro import wire
from connectors.xoro.client import unsure
from connectors.xoro.paging import Page

if TYPE_CHECKING:
    from connectors.xoro.client import XoroClient

Node = dict[str, Any]


def products_page(client: XoroClient, page: int, *, since: str = "", until: str = "", tag: str = "") -> Page:
    """Base parts with their variants, changed at or after ``since`` and before ``until`` (the tenant's time,
    ``YYYY-MM-DDTHH:MM:SS``)."""
    return client.page("products", {"updated_at_min": since, "updated_at_max": until, "tag": tag}, page)


def get_product(client: XoroClient, number: str) -> tuple[Node | None, bool]:
    """The base part of that number, and whether its absence is certain. Rows of other parts are not taken for it."""
    found = client.page("products", {"base_part_number": number}, 1)
    part = next((row for row in found.rows if text(row.get("BasePartNumber")) == number), None)
    return part, part is not None or (found.is_certain and not found.rows)


def get_item(client: XoroClient, sku: str) -> Node | None:
    """The item of that SKU, ``None`` where none came back. Raises ``RemoteUnavailable`` where an empty answer proves
    nothing."""
    found = client.page("items", {"item_number": sku}, 1)
    if not found.rows and not found.is_certain:
        raise unsure(f"item {sku}")
    return next((row for row in found.rows if text(row.get("ItemNumber")) == sku), None)


def items_page(client: XoroClient, page: int, *, since: str = "", size: int = 0) -> Page:
    """Flat items, changed at or after ``since``."""
    return client.page("items", {"updated_at_min": since, "per_page": size or None}, page)


def stock_page(client: XoroClient, store: str, page: int, *, size: int = 0) -> Page:
    """Figures of the items in one store; ``size``: rows a page, as far as the tenant heeds it."""
    return client.page("inventory", {"store": store, "per_page": size or None}, page)


def write_product(client: XoroClient, part: Mapping[str, Any]) -> Node:
    """``POST product/create``: an array of one base part, whole; the product as answered, empty where none came."""
    return client.write("create_product", [dict(part)])


def text(value: Any) -> str:
    """A name or number of an answer; what is neither text nor number says nothing."""
    is_one = isinstance(value, str | int | float | Decimal) and not isinstance(value, bool)
    return wire.identifier(value) if is_one else ""
