"""``metafieldsSet``: all entries or none, compare-and-set by digest, with the codes of the vendor; and metafields read.

https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/metafieldsSet (checked 2026-11-20). Definitions are made in
``definitions.py``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from connectors.shopify.sandbox.engine import Call, page
from connectors.shopify.sandbox.orders import Node, stamp
from connectors.shopify.sandbox.owners import changed, changing, kind_of, owner_of

MOST = 25
TYPES = {
    "single_line_text_field",
    "multi_line_text_field",
    "id",
    "date_time",
    "number_integer",
    "boolean",
    "json",
    "url",
}
OWNER_TYPES = {"Order": "ORDER", "Product": "PRODUCT", "ProductVariant": "PRODUCTVARIANT", "Customer": "CUSTOMER"}


def digest_of(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def _set(call: Call, info: Any, metafields: list[Mapping[str, Any]]) -> Node:
    if len(metafields) > MOST:
        text = f"Exceeded the maximum metafields input limit of {MOST}."
        error = {"field": ["metafields"], "message": text, "code": "LESS_THAN_OR_EQUAL_TO", "elementIndex": None}
        return {"metafields": None, "userErrors": [error]}
    errors = [
        {"field": ["metafields", str(index), field], "message": message, "code": code, "elementIndex": index}
        for index, given in enumerate(metafields)
        for field, code, message in _faults(call, given)
    ]
    if errors:
        return {"metafields": None, "userErrors": errors}
    owners = {given["ownerId"]: owner_of(call, given["ownerId"]) for given in metafields}
    for owner in owners.values():
        if owner is not None:
            changing(call, owner)
    written = [_write(call, owners[given["ownerId"]] or {}, given) for given in metafields]
    for owner in owners.values():
        if owner is not None:
            changed(call, owner)
    return {"metafields": written, "userErrors": []}


def _faults(call: Call, given: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(member, code, message) of what is wrong with one entry."""
    owner = owner_of(call, given["ownerId"])
    namespace, key, value = given.get("namespace") or "", given["key"], given["value"]
    if owner is None:
        yield "ownerId", "INVALID_VALUE", "Owner does not exist."
        return
    if len(namespace) < 3 or len(key) < 2:
        yield "key" if len(key) < 2 else "namespace", "TOO_SHORT", "is too short"
    if len(namespace) > 255 or len(key) > 64:
        yield "key" if len(key) > 64 else "namespace", "TOO_LONG", "is too long"
    if not value:
        yield "value", "BLANK", "may not be empty"
    known, kind = _find(owner, namespace, key), given.get("type") or _defined_type(call, given)
    kind = kind or (known or {}).get("type")
    if kind is None:
        yield "type", "BLANK", "can't be blank"
    elif kind not in TYPES:
        yield "type", "INVALID_TYPE", "is not a valid type"
    elif not _fits(kind, value):
        yield "value", "INVALID_VALUE", f"Value is not a valid {kind}."
    if "compareDigest" in given and given["compareDigest"] != (known or {}).get("compareDigest"):
        yield "compareDigest", "STALE_OBJECT", "The resource has been updated since it was loaded. Try again."
    if _defined_type(call, given) == "id" and _is_taken(call, given):
        yield "value", "TAKEN", "Value has already been taken."


def _fits(kind: str, value: str) -> bool:
    try:
        if kind == "number_integer":
            int(value)
        elif kind == "date_time":
            datetime.fromisoformat(value)
        elif kind == "json":
            json.loads(value)
    except ValueError:
        return False
    return not (kind in ("single_line_text_field", "id") and "\n" in value) and (
        kind != "boolean" or value in ("true", "false")
    )


def _defined_type(call: Call, given: Mapping[str, Any]) -> str | None:
    owner_type = OWNER_TYPES.get(kind_of(given["ownerId"]))
    wanted = (owner_type, given.get("namespace") or "", given["key"])
    for one in call.shop.table("MetafieldDefinition").values():
        if (one["ownerType"], one["namespace"], one["key"]) == wanted:
            return str(one["type"])
    return None


def _is_taken(call: Call, given: Mapping[str, Any]) -> bool:
    others = call.shop.orders.values() if kind_of(given["ownerId"]) == "Order" else call.shop.table(
        kind_of(given["ownerId"])).values()  # fmt: skip
    return any(
        one["id"] != given["ownerId"]
        and (_find(one, given.get("namespace") or "", given["key"]) or {}).get("value") == given["value"]
        for one in others
    )


def _find(owner: Node, namespace: str, key: str) -> Node | None:
    rows = owner.get("metafields", ())
    return next((one for one in rows if (one["namespace"], one["key"]) == (namespace, key)), None)


def _write(call: Call, owner: Node, given: Mapping[str, Any]) -> Node:
    namespace, value = given.get("namespace") or "", given["value"]
    known = _find(owner, namespace, given["key"])
    if known is None:
        known = {"id": f"gid://shopify/Metafield/{call.shop.take_id()}", "namespace": namespace, "key": given["key"]}
        owner.setdefault("metafields", []).append(known)
    kind = given.get("type") or _defined_type(call, given) or known.get("type")
    known |= {"value": value, "type": kind, "compareDigest": digest_of(value), "updatedAt": stamp(call.now)}
    return known


def _read(call: Call, source: Node, info: Any, namespace: str | None = None, **paging: Any) -> Any:
    rows = [one for one in source.get("metafields", ()) if namespace in (None, one["namespace"])]
    return page(rows, f"{source['id']}.metafields", lambda row: [int(row["id"].rpartition("/")[2])], **paging)


MUTATIONS: dict[str, Callable[..., Any]] = {"metafieldsSet": _set}
FIELDS: dict[tuple[str, str], Callable[..., Any]] = {("Order", "metafields"): _read}
SCOPED: dict[tuple[str, str], str | tuple[str, ...]] = {
    ("Mutation", "metafieldsSet"): ("write_orders", "write_products", "write_customers"),
}
