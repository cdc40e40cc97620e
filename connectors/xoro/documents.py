"""Which Xoro documents an order became: one, or one for each ship store where the order is split.

The hub's ledger keeps one row for one order; what belongs to each document is kept beside it in the connector's directory,
kind ``order_document``: ``key`` is "<third-party source> <order id>", ``object_id`` "<reference of the part> <source>",
``data`` the members of ``Document`` and the order's id. Identity in Xoro: the source and the reference, which is the order's
id, and for the second and further parts "<order id>-<location id>".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from connectors import directory
from connectors.models import DirectoryEntry, Link, LinkState
from connectors.records import Order
from connectors.xoro import wire
from connectors.xoro.settings_warehousing import INVOICES
from events.text import fit

if TYPE_CHECKING:
    from connectors.run import Run
    from connectors.xoro.settings import XoroSettings

KIND = "order_document"
SALES_ORDER, INVOICE = "order", "invoice"
PART = re.compile(r"(\d+)-(\d+)\Z")


class OfShop(Protocol):
    """A record that says which shop it is from."""

    @property
    def source(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Document:
    """One document of an order. ``store``: the ship store, empty where it was not read yet. ``body_hash``: of what was sent
    last, deposits left out; empty for what the hub found or an older hub had sent."""

    reference: str
    id: str
    number: str
    store: str = ""
    store_location: str = ""
    kind: str = SALES_ORDER  # or an invoice, where orders become invoices at once
    part: str = ""  # the shop's location, or of an invoice the fulfillment, it is made of; empty: all of the order
    lines: Mapping[str, str] = field(default_factory=dict)  # units by the id of the order's line
    total: str = ""
    body_hash: str = ""
    is_cancelled: bool = False
    deposit: str = ""  # the money that went along with it

    @property
    def so_number(self) -> str:
        """The number of the sales order, empty for an invoice."""
        return "" if self.kind == INVOICE else self.number


def third_party_source(record: OfShop, settings: XoroSettings) -> str:
    """Which shop a record is from, in Xoro's own spelling. With the record's id it identifies it for ever."""
    return f"https://{record.source}-{settings.account_name}"


def part_reference(order_id: str, location_id: str) -> str:
    """The reference of a second or further part."""
    return f"{order_id}-{location_id}"


def order_id_of(run: Run, source: str, reference: str) -> str:
    """The order a document's reference belongs to: itself, or what stands before the location of a part."""
    known = directory.by_id(run.connector.pk, KIND, _object_id(source, reference))
    if known is not None:
        return str(known.data.get("order_id") or reference)
    found = PART.match(reference)
    return found[1] if found else reference


def known_references(run: Run, of: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of these (source, reference) are documents the hub sent or met."""
    names = {fit(_object_id(source, reference), 120): (source, reference) for source, reference in of}
    rows = DirectoryEntry.objects.filter(connector_id=run.connector.pk, kind=KIND, object_id__in=list(names))
    return {names[object_id] for object_id in rows.values_list("object_id", flat=True)}


def order_of_shop(run: Run, source: str) -> str:
    """The id of some order of a shop that went to Xoro; empty where none did."""
    rows = DirectoryEntry.objects.filter(connector_id=run.connector.pk, kind=KIND, key__startswith=f"{source} ")
    found = rows.values_list("data__order_id", flat=True)[:1]
    return str(found[0] or "") if found else ""


def known_documents(run: Run, source: str, order_id: str) -> list[Document]:
    """What the hub remembers, without a call: in the order of the references, the first part first."""
    key = f"{source} {order_id}"
    rows = directory.find(run.connector.pk, KIND, [key])
    names = Document.__dataclass_fields__
    found = [
        Document(**{name: value for name, value in row.data.items() if name in names})
        for of_key in rows.values()
        for row in of_key
    ]
    return sorted(found, key=lambda one: (one.reference != order_id, one.reference))


def documents_of(run: Run, source: str, order_id: str) -> list[Document]:
    """Every document of an order, cancelled ones too: from the hub's memory; else, for what an older hub had sent or a
    memory that was lost, read from Xoro and remembered. Empty where Xoro answered with none, which proves nothing.
    ``source``: as ``third_party_source`` gives it. Raises what a read raises."""
    if known := known_documents(run, source, order_id):
        return known
    return remember(run, source, order_id, _read(run, source, order_id))


def with_those_in_xoro(run: Run, source: str, order: Order, known: Sequence[Document]) -> list[Document]:
    """``known``, and what the hub forgot: documents that another version of the order became, in a write whose answer was
    lost. Raises what a read raises."""
    places = {place.location_id for line in order.lines for place in line.places}
    references = {one.reference for one in known}
    found = [one for one in _read(run, source, order.id, places) if one.reference not in references]
    remember(run, source, order.id, found)
    return sorted([*known, *found], key=lambda one: (one.reference != order.id, one.reference))


def is_in_doubt(run: Run, source: str, order_id: str) -> bool:
    """Whether the last write of unknown outcome may have made a document the hub does not remember. Of what an attempt
    wrote each document is remembered before the next write leaves: one that was, after that write left, is its effect."""
    at = run.unfinished_write_at
    if at is None:
        return False
    rows = DirectoryEntry.objects.filter(connector_id=run.connector.pk, kind=KIND, key=f"{source} {order_id}")
    return not rows.filter(seen_at__gt=at).exclude(data__body_hash="").exists()


def remember(run: Run, source: str, order_id: str, documents: Iterable[Document]) -> list[Document]:
    """Writes down what is known of documents; gives them back."""
    found = list(documents)
    rows = (
        directory.Known(
            key=f"{source} {order_id}",
            object_id=_object_id(source, one.reference),
            data={**asdict(one), "order_id": order_id},
        )
        for one in found
    )
    directory.put(run.connector.pk, KIND, rows)
    return found


def read_row(row: dict[str, Any], kind: str = SALES_ORDER) -> Document:
    """A row of an answer as a document."""
    header = wire.header_of(row)
    number = wire.document_number(row)
    reference = wire.identifier(header.get("ThirdPartyRefNo"))
    part = PART.match(reference)
    return Document(
        reference=reference,
        id=wire.identifier(header.get("Id")) or number,
        number=number,
        store=str(header.get("StoreName") or ""),
        store_location=str(header.get("DefaultLocationName") or ""),
        kind=kind,
        part=part[2] if part else "",
        lines=units_of(row),
        total=str(header.get("TotalAmount") or ""),
        is_cancelled=header.get("StatusName") == "Cancelled",
        deposit=str(header.get("DepositAmount") or ""),
    )


def units_of(row: dict[str, Any]) -> dict[str, str]:
    """Units of an answer's lines by the id of the order's line; what carries no such id is left out."""
    found: dict[str, Decimal] = {}
    for line in wire.lines_of(row):
        if line_id := wire.identifier(line.get("ThirdPartyRefNo2")):
            found[line_id] = found.get(line_id, Decimal(0)) + wire.decimal(line.get("Qty"), "Qty")
    return {line_id: str(units) for line_id, units in found.items() if units}


def _read(run: Run, source: str, order_id: str, places: Collection[str] = ()) -> list[Document]:
    """By the number the ledger knows, then by reference, of each part an order may have here. ``places``: further
    locations, those a table of names does not tell the ids of."""
    # The number of an invoice is no sales order's, and an emptiness that is honest may look like that of a busy Xoro.
    numbers = _numbers(run, order_id) if run.settings.drop_as != INVOICES else []
    rows = [row for number in numbers if (row := run.client.get_sales_order(number))]
    found = [one for one in map(read_row, rows) if one.reference in ("", order_id)][:1]
    found = found or _find(run, source, order_id)
    if found and run.settings.split_orders:
        mapped = {row["location"] for row in run.settings.location_map or ()}
        locations = {one for one in {*mapped, *places} if one.isdigit()}
        found += [part for one in sorted(locations) for part in _find(run, source, part_reference(order_id, one))]
    return [replace(one, reference=one.reference or order_id) for one in found]


def _find(run: Run, source: str, reference: str) -> list[Document]:
    """The document of a reference: of several the first that is not cancelled; an invoice where orders become those."""
    found = [read_row(row) for row in run.client.find_sales_orders(source, reference, is_thorough=True).orders]
    if not found and run.settings.drop_as == INVOICES:
        found = [read_row(row, INVOICE) for row in run.client.find_invoices(source, reference).orders]
    return sorted(found, key=lambda one: one.is_cancelled)[:1]


def _numbers(run: Run, order_id: str) -> list[str]:
    links = Link.objects.filter(
        target=run.connector, record_kind=Order.kind, source_object_id=order_id, state=LinkState.DELIVERED
    )
    return [number for number in links.values_list("target_number", flat=True) if number]


def _object_id(source: str, reference: str) -> str:
    return f"{reference} {source}"
