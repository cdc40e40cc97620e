"""Which credit memos a refund or return becomes, decided once and written down before the first is sent.

One memo for each invoice, kind (direct or warehouse) and store that takes the goods: usually one. The first carries the
refund's id as reference, further ones "<refund id>-2" and so on. The plan is kept in the connector's directory, kind
``credit_memos``: ``key`` is "<third-party source> <order id>", ``object_id`` "<refund id> <third-party source>", ``data``
``{"memos": [...]}`` in the members of ``Part``. So a second attempt writes the same memos whatever was set meanwhile, and
never one that is there; and a later refund of the same order knows which units were credited. No person is named in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors import directory
from connectors.xoro.creditables import Share
from connectors.xoro.credits import Credit, Goods
from connectors.xoro.moneys import allocate, smallest_unit
from connectors.xoro.parts import place_of

if TYPE_CHECKING:
    from connectors.run import Run
    from connectors.xoro.settings import XoroSettings

KIND = "credit_memos"
DIRECT, WAREHOUSE = "Direct", "Warehouse"


@dataclass(frozen=True, kw_only=True)
class Units:
    """Units of goods on a memo. ``goods_id``: of the refund's line; ``sold_as``: the item on the invoice."""

    goods_id: str
    item: str
    sold_as: str
    quantity: str


@dataclass(frozen=True, kw_only=True)
class Part:
    """One memo. ``is_sent``: a request for it left, along the route ``sent_along`` (empty: along none); ``number``: it is in
    Xoro. ``total``: the money on it, empty where Xoro shall work it out."""

    reference: str
    kind: str = DIRECT
    invoice: str = ""
    store: str = ""
    total: str = ""
    units: tuple[Units, ...] = ()
    is_sent: bool = False
    sent_along: str = ""
    id: str = ""
    number: str = ""


def plan(run: Run, credit: Credit, shares: Sequence[Share], invoice: str, unshipped: Decimal) -> list[Part]:
    """The memos of a credit. ``invoice``: what money without goods is credited against; ``unshipped``: the value of units
    that are not on them."""
    settings, groups = run.settings, defaultdict[tuple[str, str, str], list[Share]](list)
    for share in shares:
        groups[share.invoice, kind_of(share, settings), return_store(share.goods, settings)].append(share)
    # Direct before Warehouse, in the order of the invoices: the same each time.
    ordered = sorted(groups.items(), key=lambda group: group[0]) or [((invoice, DIRECT, default_store(settings)), [])]
    values = [sum((share.value for share in rows), Decimal(0)) for _, rows in ordered]
    totals = _totals(credit, values, unshipped)
    return [
        Part(
            reference=credit.id if number == 1 else f"{credit.id}-{number}",
            kind=kind,
            invoice=of_invoice,
            store=store,
            total=str(total) if total is not None else "",
            units=tuple(
                Units(goods_id=one.goods.id, item=one.item, sold_as=one.sold_as, quantity=str(one.quantity))
                for one in rows
            ),
        )
        for number, (((of_invoice, kind, store), rows), total) in enumerate(zip(ordered, totals, strict=True), 1)
    ]


def _totals(credit: Credit, values: Sequence[Decimal], unshipped: Decimal) -> list[Decimal | None]:
    """The money of each memo: by the value of its goods, to the smallest unit of the currency; the first also takes
    shipping and duties. What units that are not on them would take stays out."""
    if credit.total is None:
        return [None for _ in values]
    beside = credit.shipping_gross + credit.duties
    *shares, _ = allocate(credit.total - beside, [*values, unshipped], smallest_unit(credit.currency))
    return [shares[0] + beside, *shares[1:]]


def replanned(part: Part, credit: Credit, settings: XoroSettings) -> Part:
    """A memo that was not taken, with what the settings say now about the place of its goods; its units stay."""
    if part.is_sent or part.number:
        return part
    goods = {one.id: one for one in credit.goods}
    stores = {return_store(goods[units.goods_id], settings) for units in part.units} or {default_store(settings)}
    return replace(part, store=stores.pop()) if len(stores) == 1 else part


def kind_of(share: Share, settings: XoroSettings) -> str:
    """Direct: the memo itself moves the stock. Warehouse: the goods are received by an ASN first. What the shop put back
    on the shelf is here already; gift cards are no goods."""
    if share.goods.is_gift_card:
        return DIRECT
    if share.goods.is_restocked:
        return DIRECT if settings.direct_cm_if_restocked else WAREHOUSE
    return WAREHOUSE if settings.return_asn else DIRECT


def return_store(goods: Goods, settings: XoroSettings) -> str:
    """The store that takes goods: that of the shop's location in the table, else the return store, else the ship store."""
    place = place_of(settings, goods.location_id, goods.location_name)
    return place.store if place else default_store(settings)


def return_location(goods: Goods, settings: XoroSettings) -> str:
    """The location in that store; may be empty."""
    place = place_of(settings, goods.location_id, goods.location_name)
    return place.store_location if place else settings.return_location


def default_store(settings: XoroSettings) -> str:
    return settings.return_store or settings.ship_store


# --- what was decided


def known(run: Run, source: str, reference: str) -> list[Part]:
    """The memos that were decided for a refund, empty where nothing was."""
    found = directory.by_id(run.connector.pk, KIND, f"{reference} {source}")
    return [_part(one) for one in found.data.get("memos", ())] if found else []


def meaning_of(run: Run, source: str, reference: str) -> str:
    """Of the record that the memos were decided for; empty where nobody said."""
    found = directory.by_id(run.connector.pk, KIND, f"{reference} {source}")
    return str(found.data.get("meaning") or "") if found else ""


def remember(run: Run, source: str, order_id: str, reference: str, parts: Iterable[Part], **more: Any) -> None:
    """Write down the memos of a refund as they stand. ``more``: small facts beside them."""
    data = {"memos": [asdict(one) for one in parts], **more}
    row = directory.Known(key=f"{source} {order_id}", object_id=f"{reference} {source}", data=data)
    directory.put(run.connector.pk, KIND, [row])


def used(run: Run, source: str, order_id: str, *, but: str) -> dict[tuple[str, str], Decimal]:
    """Units that credits of the order took, by invoice and item; those of the credit ``but`` do not count."""
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in _rows(run, source, order_id):
        if row.object_id != f"{but} {source}":
            for part in map(_part, row.data.get("memos", ())):
                for units in part.units:
                    found[part.invoice, units.sold_as] += Decimal(units.quantity)
    return found


def of_return(run: Run, source: str, order_id: str, return_id: str, *, but: str) -> list[str]:
    """Numbers of the memos that were written for a return: by itself, or by a refund of it."""
    if not return_id:
        return []
    rows = [row for row in _rows(run, source, order_id) if row.data.get("return_id") == return_id]
    parts = [_part(one) for row in rows if row.object_id != f"{but} {source}" for one in row.data.get("memos", ())]
    return [part.number or part.reference for part in parts]


def _rows(run: Run, source: str, order_id: str) -> list[directory.Known]:
    found = directory.find(run.connector.pk, KIND, [f"{source} {order_id}"])
    return [row for rows in found.values() for row in rows]


def _part(data: dict[str, Any]) -> Part:
    names = Part.__dataclass_fields__
    kept = {name: value for name, value in data.items() if name in names}
    return Part(**{**kept, "units": tuple(Units(**one) for one in data.get("units", ()))})
