"""What an invoice of Xoro tells of shipments, as the hub's own records. Pure: no calls, no rows.

Where an invoice tells of them is not public, so every place seen or likely is looked at: ``invoiceShipmentArr``,
``ShipmentArr``, then ``TrackingNumber`` of the header. A shipment without lines, and an invoice without shipments, stand
for all lines of the invoice. Charges (duty, fee, tip, adjustment) and gift cards are no goods.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from connectors.exceptions import PayloadError
from connectors.records import Shipment, UnitLine
from connectors.xoro import wire
from connectors.xoro.settings import XoroSettings
from connectors.xoro.settings_fulfillments import FIXED

PLACES = ("invoiceShipmentArr", "InvoiceShipmentArr", "ShipmentArr", "shipmentArr")
CHARGES = ("duty_sku", "fee_sku", "tip_sku", "adjust_sku", "gift_card_sku")
SEPARATORS = re.compile(r"[,;|\n]+")
ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Shipped:
    """One invoice of goods that left. ``changed_at`` is a moment of the tenant's own time, without a zone."""

    id: str
    number: str
    order_number: str  # of the sales order in Xoro
    source: str
    reference: str  # of the document in Xoro: the shop's order id, for a part with its location behind it
    shop_number: str  # the order's number in the shop
    store: str
    changed_at: datetime | None
    row: Mapping[str, Any]

    @property
    def header(self) -> dict[str, Any]:
        return wire.header_of(self.row)


def read(row: dict[str, Any]) -> Shipped:
    """An invoice of an answer. Raises ``PayloadError`` where it does not say which invoice it is, or when it changed."""
    header = wire.header_of(row)
    number = wire.identifier(header.get("InvoiceNumber"))
    found = Shipped(
        id=wire.identifier(header.get("Id")) or number,
        number=number or wire.identifier(header.get("Id")),
        order_number=wire.identifier(header.get("SoNumber")),
        source=wire.identifier(header.get("ThirdPartySource")),
        reference=wire.identifier(header.get("ThirdPartyRefNo")),
        shop_number=wire.identifier(header.get("RefNo")).lstrip("#"),
        store=wire.identifier(header.get("StoreName")),
        changed_at=wire.local_moment(header.get("ModifyDttm"), "invoiceHeader.ModifyDttm"),
        row=row,
    )
    if not found.id:
        raise PayloadError("Xoro sent an invoice with neither number nor id.", path="invoiceHeader.InvoiceNumber")
    return found


def has_left(shipped: Shipped) -> bool:
    """Whether the invoice says at all that goods left: by a shipment, a day of shipping, or shipped units."""
    return bool(
        parcels_of(shipped.row)
        or wire.iso_date(shipped.header.get("ShipDate"), "invoiceHeader.ShipDate")
        or any(wire.decimal(line.get("QtyShipped"), "QtyShipped") > 0 for line in wire.lines_of(shipped.row))
    )


def is_void(shipped: Shipped, settings: XoroSettings) -> bool:
    """Whether it counts no more: nothing it says of goods that left holds."""
    return wire.has_status(shipped.row, settings.void_statuses)


def left_on(shipped: Shipped) -> str:
    """The day its goods left, as Xoro writes it in ISO form; empty where it does not say."""
    names = ("ShipDate", "TxnDate")
    return next(
        (day for name in names if (day := wire.iso_date(shipped.header.get(name), f"invoiceHeader.{name}"))), ""
    )


def units_of(shipped: Shipped, settings: XoroSettings) -> dict[str, Decimal]:
    """Units by SKU that the invoice says have left."""
    return _added(_lines(_joined(parcels_of(shipped.row)), shipped, settings))


def invoiced_units(shipped: Shipped, settings: XoroSettings) -> dict[str, Decimal]:
    """Units by SKU of all its lines."""
    return _added(_lines({}, shipped, settings))


def parcels_of(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Its shipments as Xoro tells them; one without members but the header's where only that tells of tracking."""
    for place in PLACES:
        rows = row.get(place)
        if isinstance(rows, list) and rows:
            return [parcel for parcel in rows if isinstance(parcel, dict)]
    header = wire.header_of(row)
    names = ("CarrierName", "ShipServiceName", "TrackingNumber", "TrackingUrl", "ShipDate")
    return [{name: header.get(name) for name in names}] if wire.identifier(header.get("TrackingNumber")) else []


def shipments_of(
    shipped: Shipped,
    settings: XoroSettings,
    *,
    order_id: str,
    whole_as: str = "",
    order_lines: Mapping[str, str] | None = None,
) -> list[Shipment]:
    """One record for each of its shipments, one for the invoice where they have no ids or do not say what is in them.
    ``whole_as``: the id under which the whole invoice was told before; it stays that one shipment. ``order_lines``: ids
    of the shop's lines by the id of Xoro's, for what is sold under another SKU there. Raises ``PayloadError``."""
    parcels = parcels_of(shipped.row)
    has_ids = all(wire.identifier(parcel.get("ShipmentId")) for parcel in parcels)
    is_vague = len(parcels) > 1 and any(not parcel.get("Lines") for parcel in parcels)
    groups: list[tuple[str, Sequence[Mapping[str, Any]]]]
    if whole_as or not parcels or not has_ids or is_vague:
        groups = [(whole_as or f"invoice-{shipped.id}", parcels)]
    else:
        groups = [(wire.identifier(parcel["ShipmentId"]), [parcel]) for parcel in parcels]
    made = [_record(shipped, settings, name, group, order_id, order_lines or {}) for name, group in groups]
    return [one for one in made if one.lines]


def _record(
    shipped: Shipped,
    settings: XoroSettings,
    shipment_id: str,
    parcels: Sequence[Mapping[str, Any]],
    order_id: str,
    order_lines: Mapping[str, str],
) -> Shipment:
    first: Mapping[str, Any] = parcels[0] if parcels else {}
    carrier, service = (wire.identifier(first.get(name)) for name in ("CarrierName", "ShipServiceName"))
    named = _carrier(settings, carrier, service)
    numbers, urls = _tracking(parcels, named.get("url", ""))
    moment = shipped.changed_at
    return Shipment(
        id=shipment_id,
        number=shipped.number if shipment_id.startswith("invoice-") else f"{shipped.number}/{shipment_id}",
        order_id=order_id,
        order_name=f"#{shipped.shop_number}" if shipped.shop_number else "",
        location=location_of(shipped, settings),
        carrier=named.get("name", "") or carrier,
        tracking_numbers=numbers,
        tracking_urls=urls,
        notify_customer=settings.notify_customer,
        updated_at=wire.moment_in(moment, settings.api_time_zone) if moment else None,
        lines=tuple(
            UnitLine(sku=sku, quantity=units, order_line_id=order_lines.get(line_id, ""))
            for line_id, sku, units in _lines(_joined(parcels), shipped, settings)
        ),
        raw=shipped.row,
    )


def _joined(parcels: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Several shipments as one: the lines of all, none where one of them has none."""
    if any(not parcel.get("Lines") for parcel in parcels):
        return {}
    return {"Lines": [line for parcel in parcels for line in parcel["Lines"]]}


def _lines(parcel: Mapping[str, Any], shipped: Shipped, settings: XoroSettings) -> list[tuple[str, str, Decimal]]:
    """(id of the sales order's line, SKU, units) of the goods in a shipment, else of all goods of the invoice."""
    told = parcel.get("Lines")
    rows = [line for line in told if isinstance(line, dict)] if isinstance(told, list) else []
    whole = {wire.identifier(line.get("SoLineId")): line for line in wire.lines_of(shipped.row)}
    found = []
    charges = {getattr(settings, name).casefold() for name in CHARGES} - {""}
    for place, line in enumerate(rows or wire.lines_of(shipped.row)):
        line_id = wire.identifier(line.get("SoLineId"))
        sku = wire.identifier(line.get("ItemNumber")) or wire.identifier(whole.get(line_id, {}).get("ItemNumber"))
        units = Decimal(wire.quantity(_quantity(line), f"Lines[{place}].Qty"))
        if units > 0 and sku.casefold() not in charges:
            found.append((line_id, sku, units))
    return found


def _added(lines: Iterable[tuple[str, str, Decimal]]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for _, sku, units in lines:
        found[sku] = found.get(sku, ZERO) + units
    return found


def _quantity(line: Mapping[str, Any]) -> Any:
    """How many units of a line left: what is shipped, where an invoice says that apart from what is invoiced."""
    names = ("QtyShipped", "Qty", "QtyInvoiced")
    return next((line[name] for name in names if line.get(name) not in (None, "")), 0)


def _carrier(settings: XoroSettings, carrier: str, service: str) -> Mapping[str, str]:
    for row in settings.carrier_map or ():
        same_carrier = row["carrier"].casefold() == carrier.casefold()
        if same_carrier and row.get("service", "").casefold() in ("", service.casefold()):
            return row
    return {}


def _tracking(parcels: Sequence[Mapping[str, Any]], template: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Numbers, each once, and their addresses in the same order: by the template, else as Xoro tells them."""
    numbers: list[str] = []
    urls: list[str] = []
    for parcel in parcels:
        written = SEPARATORS.split(wire.identifier(parcel.get("TrackingNumber")))
        own = list(dict.fromkeys(one.strip() for one in written if one.strip()))
        fresh = [one for one in own if one not in numbers]
        numbers += fresh
        url = wire.identifier(parcel.get("TrackingUrl"))
        if template:
            urls += [template.replace("{number}", quote(one, safe="")) for one in fresh]
        elif url and len(own) == 1:
            urls += [url] * len(fresh)
    return tuple(numbers), tuple(urls) if len(urls) == len(numbers) else ()


def location_of(shipped: Shipped, settings: XoroSettings) -> str:
    """The shop's location that fulfils: always the same one, or the one its ship store is mapped to; of several the
    one a part of a split order is named by. Empty: the shop knows best."""
    if settings.fulfillment_location == FIXED:
        return settings.fixed_location
    rows = [row for row in settings.location_map or () if row["store"].casefold() == shipped.store.casefold()]
    part = shipped.reference.rpartition("-")[2]
    exact = [row for row in rows if row["location"] == part]
    return str((exact or rows)[0]["location"]) if rows else ""
