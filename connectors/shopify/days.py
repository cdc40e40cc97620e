"""Days a person asked for, by the shop's own clock. Not for the stretch a walk covers by itself: ``trigger.window``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from connectors.exceptions import ConfigurationError
from connectors.shopify.client import plain_id
from connectors.shopify.phrases import counted
from connectors.shopify.replies import promised_shape
from connectors.shopify.trigger import pass_on_notes

if TYPE_CHECKING:
    from connectors.run import Run

Node = dict[str, Any]
NEXT = timedelta(days=1)


def stretch(run: Run, first: date, last: date) -> tuple[datetime, datetime]:
    """From the beginning of one day to the end of another, in the shop's time zone. Raises as ``ask_shop``."""
    zone = ask_shop(run)
    start = datetime.combine(first, time(), zone).astimezone(UTC)
    return start, datetime.combine(last + NEXT, time(), zone).astimezone(UTC)


def ask_shop(run: Run) -> ZoneInfo:
    """The shop's time zone; its answer also tells its clock. Raises ``ConfigurationError`` where another shop answers."""
    shop = run.client.ping()["shop"]
    with promised_shape("the shop"):
        domain, zone = str(shop["myshopifyDomain"]), ZoneInfo(str(shop["ianaTimezone"]))
    if domain.lower() != run.settings.shop_domain.lower():
        raise ConfigurationError(
            f"The shop calls itself {domain}, but the connector is for {run.settings.shop_domain}.",
            next_step=f"If it is the same shop, enter {domain} as its domain; if not, correct the access. Then Retry.",
            code="wrong_shop",
        )
    pass_on_notes(run)
    return zone


def hand_on(run: Run, nodes: Iterable[Node], spawn: Callable[[Node], object], expected: int = 0) -> int:
    """Have ``spawn`` make an event of each object, however often the shop lists it; how many those were."""
    met: set[str] = set()
    for node in nodes:
        number = plain_id(str(node["id"]))
        if number not in met:
            met.add(number)
            spawn(node)
            run.progress(len(met), expected)
    return len(met)


def sentence(run: Run, count: int, one: str, many: str, zone: str = "in the shop's time zone") -> str:
    """``one``: "refund was made", ``many``: "refunds were made"."""
    first, last = run.days
    return f"{counted(count, one, many)} from {first} to {last} {zone}; each has an event of its own."
