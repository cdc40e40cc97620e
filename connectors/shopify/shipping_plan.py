"""Which units of an order's fulfillment orders a shipment takes, and in how many calls. Pure: no calls, no rows.

A shipment names SKUs, or lines of the order; Shopify ships lines of fulfillment orders, one location a call. One SKU on
several lines fills them in the order their fulfillment orders were made. A bundle's own SKU stands for its components.
https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/fulfillmentCreate (checked 2026-11-20).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.exceptions import PayloadError
from connectors.records import UnitLine
from connectors.shopify.client import plain_id

Node = Mapping[str, Any]
SHIPPABLE = ("OPEN", "IN_PROGRESS")
MOST_ENTRIES = 512  # lines in one fulfillment
MOST_IN_LIST = 250  # entries of one input list


@dataclass
class Want:
    """Units wanted of any of some lines of the order. ``what``: how people call it."""

    what: str
    line_ids: tuple[str, ...]
    units: int


@dataclass(frozen=True)
class Part:
    """Units of one line of a fulfillment order."""

    fulfillment_order: Node
    row: Node
    units: int


@dataclass
class Plan:
    """``parts`` can be shipped now. ``elsewhere``: open, but assigned to another location; ``held``, ``scheduled``: not
    shippable yet; ``missing``: units by SKU the order has no more; ``unknown``: what the order does not have at all."""

    parts: list[Part] = field(default_factory=list)
    elsewhere: list[Part] = field(default_factory=list)
    held: list[Part] = field(default_factory=list)
    scheduled: list[Part] = field(default_factory=list)
    missing: dict[str, int] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Call:
    """One ``fulfillmentCreate``: fulfillment orders of one location, with units by the id of their line."""

    entries: Mapping[str, Sequence[tuple[str, int]]]
    digest: str

    @property
    def as_input(self) -> list[dict[str, Any]]:
        return [
            {
                "fulfillmentOrderId": gid,
                "fulfillmentOrderLineItems": [{"id": i, "quantity": units} for i, units in rows],
            }
            for gid, rows in self.entries.items()
        ]


def location_of(fulfillment_order: Node) -> str:
    """The global id of the location it is assigned to; empty where that was deleted."""
    location = fulfillment_order["assignedLocation"]["location"]
    return str(location["id"]) if location else ""


def wants_of(orders: Sequence[Node], lines: Iterable[UnitLine]) -> tuple[list[Want], list[str]]:
    """What is wanted in terms of the order's lines, and what the order does not know. Raises ``PayloadError`` for a
    quantity that is no whole positive number."""
    rows = [row for one in orders for row in one["lineItems"]]
    wants: list[Want] = []
    unknown: list[str] = []
    for place, line in enumerate(lines):
        if line.quantity != int(line.quantity) or line.quantity <= 0:
            raise PayloadError(
                f"The quantity {line.quantity} of {line.sku or line.order_line_id} is no whole number of units.",
                path=f"lines[{place}].quantity",
            )
        what, units = line.sku or f"line {line.order_line_id}", int(line.quantity)
        ids = _matching(rows, line)
        bundles = [] if ids else _components(rows, line.sku, units)
        if ids:
            _add(wants, Want(what, ids, units))
        for one in bundles:
            _add(wants, one)
        if not ids and not bundles:
            unknown.append(what)
    return wants, unknown


def _add(wants: list[Want], one: Want) -> None:
    same = next((other for other in wants if other.line_ids == one.line_ids), None)
    if same is None:
        wants.append(one)
    else:
        same.units += one.units


def _matching(rows: Sequence[Node], line: UnitLine) -> tuple[str, ...]:
    if line.order_line_id:
        wanted = plain_id(line.order_line_id) or line.order_line_id
        found = [row["lineItem"]["id"] for row in rows if plain_id(row["lineItem"]["id"]) == wanted]
        if found or not line.sku:
            return tuple(dict.fromkeys(found))
    sku = line.sku.strip().casefold()
    return tuple(dict.fromkeys(row["lineItem"]["id"] for row in rows if sku and _sku(row) == sku))


def _components(rows: Sequence[Node], sku: str, units: int) -> list[Want]:
    """The components of bundles sold under this SKU, each as many as belong to so many bundles."""
    wanted = sku.strip().casefold()
    groups: dict[str, list[Node]] = {}
    seen: set[str] = set()
    for row in rows:
        item = row["lineItem"]
        group = item.get("lineItemGroup")
        if wanted and group and (group["variantSku"] or "").strip().casefold() == wanted and item["id"] not in seen:
            seen.add(item["id"])
            groups.setdefault(group["id"], []).append(row)
    wants = []
    for place, members in enumerate(groups.values(), start=1):
        ordered = members[0]["lineItem"]["lineItemGroup"]["quantity"]
        bundles = units if place == len(groups) else min(units, ordered)  # too many are found missing later
        units -= bundles
        for row in members:
            item = row["lineItem"]
            each = item["quantity"] // (item["lineItemGroup"]["quantity"] or 1)
            if bundles * each:
                wants.append(Want(f"{row['sku'] or sku} of {sku}", (item["id"],), bundles * each))
    return wants


def _sku(row: Node) -> str:
    return str(row["sku"] or "").strip().casefold()


def less(wants: Sequence[Want], shipped: Iterable[tuple[str, int]]) -> list[Want]:
    """What is still wanted after units of lines were shipped already."""
    left = [Want(one.what, one.line_ids, one.units) for one in wants]
    for line_id, units in shipped:
        rest = units
        for one in left:
            if line_id in one.line_ids:
                taken = min(rest, one.units)
                one.units -= taken
                rest -= taken
    return [one for one in left if one.units]


def plan(orders: Sequence[Node], wants: Sequence[Want], location: str | None) -> Plan:
    """Find the units wanted. ``location``: the global id they left from; ``None``: wherever Shopify has them."""
    made = Plan()
    left = {row["id"]: row["remainingQuantity"] for one in orders for row in one["lineItems"]}
    ordered = sorted(orders, key=lambda one: (one["createdAt"], _number(one)))
    here = [one for one in ordered if location is None or location_of(one) == location]
    away = [one for one in ordered if one not in here]
    searches = (
        (here, SHIPPABLE, made.parts),
        (here, ("ON_HOLD",), made.held),
        (away, SHIPPABLE, made.elsewhere),
        (ordered, ("ON_HOLD",), made.held),
        (ordered, ("SCHEDULED",), made.scheduled),
    )
    for want in wants:
        units = want.units
        for where, states, found in searches:
            units = _take(want, units, [one for one in where if one["status"] in states], left, found)
        if units:
            made.missing[want.what] = made.missing.get(want.what, 0) + units
    return made


def _take(want: Want, units: int, orders: Sequence[Node], left: dict[str, int], found: list[Part]) -> int:
    for one in orders:
        for row in one["lineItems"]:
            some = min(units, left[row["id"]])
            if some > 0 and row["lineItem"]["id"] in want.line_ids:
                found.append(Part(one, row, some))
                left[row["id"]] -= some
                units -= some
    return units


def calls_of(parts: Sequence[Part]) -> list[Call]:
    """One call a location, split where it would have more lines than one call takes."""
    by_place: dict[str, list[Part]] = {}
    for part in parts:
        by_place.setdefault(location_of(part.fulfillment_order), []).append(part)
    calls = []
    for place_parts in by_place.values():
        pending: list[Part] = []
        in_list: dict[str, int] = {}
        for part in _merged(place_parts):
            gid = part.fulfillment_order["id"]
            if len(pending) == MOST_ENTRIES or in_list.get(gid, 0) == MOST_IN_LIST:
                calls.append(_call(pending))
                pending, in_list = [], {}
            pending.append(part)
            in_list[gid] = in_list.get(gid, 0) + 1
        calls.append(_call(pending))
    return calls


def _merged(parts: Sequence[Part]) -> list[Part]:
    """Each line once: two wants may have taken from the same one."""
    found: dict[str, Part] = {}
    for part in parts:
        before = found.get(part.row["id"])
        found[part.row["id"]] = Part(part.fulfillment_order, part.row, part.units + (before.units if before else 0))
    return list(found.values())


def _call(parts: Sequence[Part]) -> Call:
    entries: dict[str, list[tuple[str, int]]] = {}
    units: dict[str, int] = {}
    for part in parts:
        entries.setdefault(part.fulfillment_order["id"], []).append((part.row["id"], part.units))
        line_id = part.row["lineItem"]["id"]
        units[line_id] = units.get(line_id, 0) + part.units
    return Call(entries, digest(units))


def digest(units: Mapping[str, int]) -> str:
    """What a shipment holds, short: equal for equal units of equal lines of the order."""
    return hashlib.sha256(repr(sorted(units.items())).encode()).hexdigest()


def _number(one: Node) -> int:
    number = plain_id(one["id"])
    return int(number) if number.isdigit() else 0
