"""Which order of the shop a record is about: by the shop's own id, else by the name people see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.exceptions import PayloadError, RemoteRefused
from connectors.records.shipment import OfOrder
from connectors.shopify.calls import orders
from connectors.shopify.client import order_gid, plain_id

if TYPE_CHECKING:
    from connectors.run import Run


def find_order(run: Run, one: OfOrder) -> str:
    """The global id of the order. Raises ``PayloadError`` where the record names none, ``RemoteRefused`` where the shop
    lists none of that name (one placed seconds ago may not be listed yet)."""
    number = plain_id(one.order_id) or one.order_id.strip()
    if number.isdigit():
        run.key("order_id", number)
        return order_gid(number)
    if not one.order_name.strip("# "):
        raise PayloadError(f"{one.label} {one.number} does not say which order it is about.", path="order_id")
    found = orders.find_order(run.client, one.order_name)
    if found is None:
        raise RemoteRefused(
            f"The shop lists no order named “{one.order_name}”, which {one.label.lower()} {one.number} is about.",
            next_step="Compare the order's name in both systems, correct it at the source, then send it again.",
            code="not_found",
        )
    run.key("order_id", plain_id(found["id"]))
    return str(found["id"])
