"""Return authorisations and the ASNs that bring their goods. ``rma/import`` and ``rma/getrma`` are our assumption;
``asn/getasn`` was seen in use with ``status`` and ``created_at_min`` (checked 2026-11-20). Raises as every read and write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connectors.exceptions import PayloadError
from connectors.xoro import wire
from connectors.xoro.client import XoroClient

CLOSED = "Closed"


@dataclass(frozen=True)
class Found:
    """Authorisations whose reference and source came back as asked; ``fact`` says in a clause what was seen. That there is
    none proves nothing."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    fact: str = ""


@dataclass(frozen=True)
class ClosedAsn:
    """``received``: units by SKU."""

    number: str
    received: dict[str, Decimal]


def find_rmas(client: XoroClient, source: str, reference: str) -> Found:
    page = client.page("rmas", {"third_party_ref_no": reference, "third_party_source": source}, 1)
    mine = [row for row in page.rows if _is_of(row, source, reference)]
    if mine:
        return Found(mine, f"Xoro has {len(mine)} RMA(s) with this reference")
    if page.rows:
        return Found(fact="Xoro answered with RMAs of other references, so it seems to ignore this filter")
    unsure = "Xoro answered with nothing, as it also does when it is too busy"
    return Found(fact="Xoro answered with no RMA" if page.is_certain else unsure)


def create_rma(client: XoroClient, body: Mapping[str, Any]) -> dict[str, Any]:
    """The authorisation as answered. Sent once, whatever happens."""
    return client.write("create_rma", body)


def rma_header(row: Mapping[str, Any]) -> dict[str, Any]:
    found = row.get("rmaHeader")
    return found if isinstance(found, dict) else dict(row)


def closed_asns(client: XoroClient, since: str, page: int) -> list[dict[str, Any]]:
    """One page of the ASNs that are closed, made since a day of Xoro's (``2026-03-09``; empty: since ever)."""
    asked = {"status": CLOSED, "created_at_min": f"{since}T00:00:00" if since else ""}
    return client.page("asns", asked, page).rows


def asn_number(row: Mapping[str, Any]) -> str:
    header = row.get("AsnHeaderData")
    return wire.identifier(header.get("AsnNumber")) if isinstance(header, dict) else ""


def closed_asn(row: Mapping[str, Any]) -> ClosedAsn:
    """Raises ``PayloadError`` where it does not say what was received."""
    number = asn_number(row)
    received: dict[str, Decimal] = {}
    lines = row.get("AsnDetailData")
    for line in lines if isinstance(lines, list) else []:
        if not isinstance(line, dict) or line.get("QtyReceived") is None:
            raise PayloadError(
                f"Xoro does not say what was received of ASN {number}.",
                path="AsnDetailData.QtyReceived",
                next_step="Process or flag the return in Loop by hand, then mark this event resolved.",
            )
        sku = wire.identifier(line.get("ItemNumber"))
        received[sku] = received.get(sku, Decimal(0)) + wire.decimal(line["QtyReceived"], "AsnDetailData.QtyReceived")
    return ClosedAsn(number, received)


def _is_of(row: Mapping[str, Any], source: str, reference: str) -> bool:
    header = rma_header(row)
    same = wire.identifier(header.get("ThirdPartyRefNo")) == reference
    return same and wire.identifier(header.get("ThirdPartySource")).casefold() == source.casefold()
