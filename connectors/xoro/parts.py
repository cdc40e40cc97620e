"""Splitting an order by where its goods leave from: one part for each mapped ship store, each an order of its own whose
amounts are its share of the whole, to the cent. Pure: no calls, no rows.

Lines belong to the place they ship from; shipping, tip, duties, fees and tax follow in proportion to the value of the
lines. Units that stand in a document already stay there when the order changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from connectors.records import Order, OrderLine, ShippingLine, Tax
from connectors.xoro.documents import Document, part_reference
from connectors.xoro.moneys import ZERO, allocate, smallest_unit, total
from connectors.xoro.wire import day_in

if TYPE_CHECKING:
    from connectors.xoro.settings import XoroSettings

Units = dict[str, Decimal]  # by the key of a part: a location, or of an invoice the fulfillment
Stock = Mapping[tuple[str, str], Decimal]  # (SKU, store) -> what can be promised


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where goods leave from in Xoro, and the shop's location that is mapped to it; empty: as the connector says."""

    location_id: str = ""
    store: str = ""
    store_location: str = ""


@dataclass(frozen=True, kw_only=True)
class Part:
    """``order``: the share. ``key`` tells it from the other parts of the order."""

    reference: str
    key: str = ""
    place: Place = Place()
    order: Order


def is_split(order: Order, settings: XoroSettings) -> bool:
    """Whether an order is to be split: the switch is on, and it was placed on or after the day of the setting."""
    if not settings.split_orders:
        return False
    placed_on = day_in(order.created_at, settings.import_time_zone)
    return settings.split_from is None or placed_on >= settings.split_from


def whole(order: Order) -> Part:
    return Part(reference=order.id, order=order)


def by_store(
    order: Order, settings: XoroSettings, documents: Sequence[Document] = (), stock: Stock | None = None
) -> list[Part]:
    """One part for each place, those of ``documents`` first. ``stock``: what each store can promise, where units shall
    move on to other mapped stores until every line is covered."""
    places = {"": Place()}
    placed: dict[int, Units] = {}
    for index, line in enumerate(order.lines):
        units = _kept(line, documents)
        for key, quantity, place in _assigned(line, units, settings):
            places.setdefault(key, place)
            units[key] = units.get(key, ZERO) + quantity
        placed[index] = units
    for one in documents:
        places.setdefault(one.part, Place(location_id=one.part, store=one.store, store_location=one.store_location))
    if stock is not None:
        placed = _covered(order, placed, places, settings, stock)
    used = {key for units in placed.values() for key, quantity in units.items() if quantity}
    known = [one.part for one in documents if one.part in used]
    keys = [*known, *sorted(used - set(known), key=lambda key: (key == "", key.zfill(20)))]
    orders = shares(order, [{index: units.get(key, ZERO) for index, units in placed.items()} for key in keys])
    return _referenced(order, documents, [(key, places[key], one) for key, one in zip(keys, orders, strict=True)])


def by_fulfillment(order: Order, settings: XoroSettings, documents: Sequence[Document] = ()) -> list[Part]:
    """One part for each fulfillment of the order, those of ``documents`` first. What is not shipped is in no part."""
    made = [one.part for one in documents]
    found = sorted(order.fulfillments, key=lambda one: (made.index(one.id) if one.id in made else len(made), one.id))
    index_of = {line.id: index for index, line in enumerate(order.lines)}
    parts: list[dict[int, Decimal]] = []
    for one in found:
        parts.append({index_of[line_id]: units for line_id, units in one.units if line_id in index_of})
    rest = {i: line.quantity - total(part.get(i, ZERO) for part in parts) for i, line in enumerate(order.lines)}
    orders = shares(order, [*parts, {index: max(units, ZERO) for index, units in rest.items()}])
    places = [place_of(settings, one.location_id, one.location_name) or Place() for one in found]
    rows = [(one.id, place, part) for one, place, part in zip(found, places, orders, strict=False)]
    return _referenced(order, documents, [row for row in rows if row[2].lines])


def shares(order: Order, parts: Sequence[Mapping[int, Decimal]]) -> list[Order]:
    """The order divided: for each part, units by the index of the line. Together they are the order, to the cent."""
    unit = smallest_unit(order.currency)
    lines: list[list[OrderLine]] = [[] for _ in parts]
    for index, line in enumerate(order.lines):
        units = [part.get(index, ZERO) for part in parts]
        for into, one in zip(lines, _lines(line, units, unit), strict=True):
            if one.quantity:
                into.append(one)
    worth = [total(line.net for line in some) for some in lines]
    weights = worth if any(worth) else [total(line.quantity for line in some) for some in lines]
    shipping = [_shipping(line, weights, unit) for line in order.shipping_lines]
    taxed = [total(tax.amount for line in some for tax in line.taxes) for some in lines]
    taxed = [
        amount + total(tax.amount for parts_of in shipping for tax in parts_of[n].taxes)
        for n, amount in enumerate(taxed)
    ]
    divided = {
        name: allocate(getattr(order, name), weights, unit) for name in ("tip", "duties", "fees", "total_discount")
    }
    divided["total_tax"] = allocate(order.total_tax, taxed if any(taxed) else weights, unit)
    made = []
    for n, some in enumerate(lines):
        share = replace(
            order,
            lines=tuple(some),
            shipping_lines=tuple(parts_of[n] for parts_of in shipping),
            subtotal=total(line.net for line in some),
            tip=divided["tip"][n],
            duties=divided["duties"][n],
            fees=divided["fees"][n],
            total_discount=divided["total_discount"][n],
            total_tax=divided["total_tax"][n],
        )
        made.append(replace(share, total=sum_of(share)))
    return made


def sum_of(order: Order) -> Decimal:
    """What the parts of an order make together."""
    return total(amounts(order).values())


def amounts(order: Order) -> dict[str, Decimal]:
    """What an order's total is made of."""
    return {
        "lines": total(line.net for line in order.lines),
        "shipping": total(line.price - line.discount for line in order.shipping_lines),
        "tip": order.tip,
        "duties": order.duties,
        "fees": order.fees,
        "tax": ZERO if order.prices_include_tax else order.total_tax,
    }


def place_of(settings: XoroSettings, location_id: str, location_name: str) -> Place | None:
    """The mapped store of a shop's location, which the table names by id or by name."""
    names = {text.casefold() for text in (location_id, location_name) if text}
    for row in settings.location_map or ():
        if row["location"].casefold() in names:
            return Place(location_id=location_id, store=row["store"], store_location=row.get("store_location", ""))
    return None


def _kept(line: OrderLine, documents: Iterable[Document]) -> Units:
    """The units of a line that stand in documents, as far as the line still has them."""
    left, units = line.quantity, Units()
    for one in documents:
        stays = min(left, Decimal(one.lines.get(line.id, "0")))
        if stays:
            units[one.part] = units.get(one.part, ZERO) + stays
            left -= stays
    return units


def _assigned(line: OrderLine, kept: Units, settings: XoroSettings) -> list[tuple[str, Decimal, Place]]:
    """Where the other units ship from, those in documents taken off what is assigned to their places. Two locations of
    one place are one part, named by the first in the table."""
    return list(_placed(line, dict(kept), line.quantity - total(kept.values()), settings))


def _placed(
    line: OrderLine, kept: Units, left: Decimal, settings: XoroSettings
) -> Iterable[tuple[str, Decimal, Place]]:
    for assigned in line.places:
        place = place_of(settings, assigned.location_id, assigned.location_name)
        if place is None:
            continue
        there = min(assigned.quantity, kept.get(place.location_id, ZERO))
        kept[place.location_id] = kept.get(place.location_id, ZERO) - there
        units = min(left, assigned.quantity - there)
        if units <= 0:
            continue
        yield place.location_id, units, place
        left -= units
    if left > 0:
        yield "", left, Place()


def _covered(
    order: Order, placed: dict[int, Units], places: dict[str, Place], settings: XoroSettings, stock: Stock
) -> dict[int, Units]:
    """Units a store cannot promise move to the mapped stores that can, in the order of the table."""
    left = dict(stock)
    others = [
        Place(location_id=row["location"], store=row["store"], store_location=row.get("store_location", ""))
        for row in settings.location_map or ()
    ]
    found: dict[int, Units] = {}
    for index, line in enumerate(order.lines):
        units = Units()
        for key, quantity in placed[index].items():
            short = quantity - _take(left, line.sku, places[key].store or settings.ship_store, quantity)
            units[key] = units.get(key, ZERO) + quantity - short
            for place in others:
                moved = _take(left, line.sku, place.store, short)
                if moved:
                    into = next((k for k, p in places.items() if p.store == place.store), place.location_id)
                    places.setdefault(into, place)
                    units[into] = units.get(into, ZERO) + moved
                    short -= moved
            units[key] += short  # what nobody has stays where it was assigned
        found[index] = units
    return found


def _take(left: dict[tuple[str, str], Decimal], sku: str, store: str, wanted: Decimal) -> Decimal:
    taken = max(ZERO, min(wanted, left.get((sku, store), ZERO)))
    left[sku, store] = left.get((sku, store), ZERO) - taken
    return taken


def _referenced(order: Order, documents: Sequence[Document], rows: Sequence[tuple[str, Place, Order]]) -> list[Part]:
    """Every part with its reference: that of its document, else the order's own where no document has it, else one of
    its own."""
    known = {one.part: one.reference for one in documents}
    is_free = order.id not in known.values()
    found = []
    for key, place, share in rows:
        reference = known.get(key)
        if reference is None:
            reference = order.id if is_free else part_reference(order.id, key or "0")
            is_free = False
        found.append(Part(reference=reference, key=key, place=place, order=share))
    return found


def _lines(line: OrderLine, units: Sequence[Decimal], unit: Decimal) -> list[OrderLine]:
    """One line divided by units; price for one unit stays, amounts of the whole line are shared."""
    discounts = allocate(line.discount, units, unit)
    taxes = [allocate(tax.amount, units, unit) for tax in line.taxes]
    return [
        replace(
            line,
            quantity=quantity,
            discount=discounts[n],
            taxes=tuple(replace(tax, amount=taxes[t][n]) for t, tax in enumerate(line.taxes)),
        )
        for n, quantity in enumerate(units)
    ]


def _shipping(line: ShippingLine, weights: Sequence[Decimal], unit: Decimal) -> list[ShippingLine]:
    prices, discounts = allocate(line.price, weights, unit), allocate(line.discount, weights, unit)
    taxes: list[list[Decimal]] = [allocate(tax.amount, weights, unit) for tax in line.taxes]
    return [
        replace(line, price=prices[n], discount=discounts[n], taxes=_taxes(line.taxes, taxes, n))
        for n in range(len(weights))
    ]


def _taxes(taxes: Sequence[Tax], shared: Sequence[Sequence[Decimal]], n: int) -> tuple[Tax, ...]:
    return tuple(replace(tax, amount=shared[t][n]) for t, tax in enumerate(taxes))
