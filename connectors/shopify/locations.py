"""The shop's locations: kept in the hub's directory, shown on the connector's page, found by what a source calls them.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Location (checked 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from connectors import directory
from connectors.base import Cell, Table
from connectors.directory import Known
from connectors.exceptions import ConfigurationError, MappingMissing
from connectors.shopify.calls import fulfillment as calls
from connectors.shopify.client import plain_id

if TYPE_CHECKING:
    from connectors.run import Run

KIND = "location"  # key: its name; object id: its number
MAPPING = "location"


def synchronize(run: Run) -> str:
    """Read every location anew; those that are gone are forgotten."""
    rows = [
        Known(
            key=node["name"],
            object_id=plain_id(node["id"]),
            data={
                "city": node["address"]["city"] or "",
                "country": node["address"]["countryCode"] or "",
                "is_active": node["isActive"],
                "ships": node["shipsInventory"],
                "ships_online_orders": node["fulfillsOnlineOrders"],
                "is_service": node["isFulfillmentService"],
            },
        )
        for node in calls.locations(run.client)
    ]
    count = directory.put(run.connector.pk, KIND, rows)
    gone = {one.object_id for one in directory.all_of(run.connector.pk, KIND)} - {one.object_id for one in rows}
    directory.forget(run.connector.pk, KIND, gone)
    more = f"; {len(gone)} {'is' if len(gone) == 1 else 'are'} gone" if gone else ""
    return f"The shop has {count} {'location' if count == 1 else 'locations'}{more}."


def find(run: Run, code: str) -> str:
    """The global id of the location a source calls ``code``: by its mapping; without one, the location of just this name
    or number. Raises ``MappingMissing``, or ``ConfigurationError`` where the mapping names a location the shop does not
    have, or not any more."""
    name = run.map(MAPPING, code, default="")
    if name:
        return named(run, name, said_by=f"the mapping of “{code}”")
    if not (_look_up(run, code) or _look_up_anew(run, code)):
        raise MappingMissing(
            MAPPING, code, sentence=f"No Shopify location is mapped for “{code}”, and the shop has none of that name."
        )
    return named(run, code, said_by="the source")


def _look_up_anew(run: Run, name: str) -> list[Known]:
    synchronize(run)
    return _look_up(run, name)


def named(run: Run, name: str, *, said_by: str) -> str:
    """The global id of the location of a name, number or global id. Read from the shop where it is not known yet."""
    found = _look_up(run, name) or _look_up_anew(run, name)
    active = [one for one in found if one.data.get("is_active")]
    if len(active) == 1:
        return f"gid://shopify/Location/{active[0].object_id}"
    if len(active) > 1:
        problem, step = f"has {len(active)} locations called “{name}”", "Enter its number instead of its name"
    elif found:
        problem, step = f"has deactivated its location “{name}”", "Map another location, or activate it in Shopify"
    else:
        problem, step = f"has no location “{name}”", "Correct the name; the connector's page lists the locations"
    raise ConfigurationError(
        f"The shop {problem}, which {said_by} names.", next_step=f"{step}, then press Retry.", code="location"
    )


def _look_up(run: Run, name: str) -> list[Known]:
    number = plain_id(name) or name.strip()
    if number.isdigit():
        known = directory.by_id(run.connector.pk, KIND, number)
        return [known] if known else []
    wanted = name.strip().casefold()
    return [one for one in directory.all_of(run.connector.pk, KIND) if one.key.strip().casefold() == wanted]


def panel(run: Run) -> Sequence[Table]:
    """Every location with what the sources call it."""
    codes: dict[str, list[str]] = {}
    for code, name in run.mappings(MAPPING).items():
        codes.setdefault(name.strip().casefold(), []).append(code)
    rows: list[list[str | Cell]] = [
        [
            one.key,
            one.object_id,
            ", ".join(part for part in (one.data.get("city", ""), one.data.get("country", "")) if part),
            _yes(bool(one.data.get("is_active"))),
            _yes(bool(one.data.get("ships_online_orders"))),
            _mapped(codes, one),
        ]
        for one in directory.all_of(run.connector.pk, KIND)
    ]
    columns = ("Name", "Number", "City", "Active", "Ships online orders", "Mapped from")
    empty = "No location is known yet: run the sync “Locations”."
    return [Table(columns=columns, rows=rows, empty=empty)]


def _yes(is_so: bool) -> Cell:
    return Cell(text="yes" if is_so else "no", tone="good" if is_so else "")


def _mapped(codes: dict[str, list[str]], one: Known) -> Cell:
    names = (one.key.strip().casefold(), one.object_id, f"gid://shopify/location/{one.object_id}")
    found = sorted({code for name in names for code in codes.get(name, ())})
    return Cell(text=", ".join(found) or "not mapped", tone="" if found else "warn")
