"""What left before the integration began: its shipments are not the hub's to tell.

With a start date everything before it. Without one, what left before the connector was made here and is of an order the
hub never sent: a tenant may hold a hundred thousand of those, each told by whoever was there before. A person has one
told all the same by its number, or several by days.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from connectors.xoro import documents, scheduling, wire
from connectors.xoro.shipments import Shipped, left_on

if TYPE_CHECKING:
    from connectors.models import Connector
    from connectors.run import Run
    from connectors.xoro.settings import XoroSettings

MARGIN = timedelta(days=1)  # the zone that Xoro's days are meant in is not sure


def first_day(run: Run) -> date:
    """The first day whose shipments are told; days are compared as Xoro writes them."""
    return _first_day(run.connector, run.settings)


def starts_at(connector: Connector) -> datetime:
    """The first moment of that day in the tenant's zone. Raises ``ConfigurationError`` for settings that cannot be read."""
    settings = connector.load_settings()
    zone = ZoneInfo(settings.api_time_zone)
    start = datetime.combine(_first_day(connector, settings), time(), zone).astimezone(UTC)
    return scheduling.starts_at(settings) or start


def _first_day(connector: Connector, settings: XoroSettings) -> date:
    return settings.import_start_date or wire.day_in(connector.created_at, settings.api_time_zone) - MARGIN


def of(run: Run, invoices: Iterable[Shipped]) -> set[str]:
    """Ids of those that left before."""
    first = first_day(run).isoformat()
    old = [one for one in invoices if "" < left_on(one) < first]
    if run.settings.import_start_date is not None or not old:
        return {one.id for one in old}
    ours = documents.known_references(run, [(one.source, one.reference) for one in old])
    return {one.id for one in old if (one.source, one.reference) not in ours}


def without(run: Run, orders: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sales orders of answers without those that changed last before the first day, as above."""
    first = first_day(run).isoformat()
    named = [(wire.header_of(row), row) for row in orders]
    old = {
        (wire.identifier(header.get("ThirdPartySource")), wire.identifier(header.get("ThirdPartyRefNo")))
        for header, _ in named
        if "" < (wire.iso_date(header.get("ModifyDttm"), "ModifyDttm") or "") < first
    }
    if old and run.settings.import_start_date is None:
        old -= documents.known_references(run, old)
    return [
        row
        for header, row in named
        if (wire.identifier(header.get("ThirdPartySource")), wire.identifier(header.get("ThirdPartyRefNo"))) not in old
    ]
