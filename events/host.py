"""What events ask of the layer above, by one dotted path (``settings.EVENT_HOST``): imports point one way only."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from django.conf import settings

from events.interval import Interval

if TYPE_CHECKING:
    from events.models import Event
    from events.outcomes import Result


@dataclass(frozen=True)
class Contact:
    """Whom to tell about a connector's failures. ``receiver`` may hold several addresses, separated by commas."""

    name: str
    sender: str
    receiver: str
    path: str  # of the connector's admin page


@dataclass(frozen=True, kw_only=True)
class MailPolicy:
    """How a connector's failures are mailed. ``digest``: together, when it starts next; ``None``: at once, as ever.
    ``least``: rows with news a digest needs. ``wants``: (topic, reason) -> whether such failures are mailed at all."""

    receiver: str = ""  # in place of the connector's own
    digest: Interval | None = None
    least: int = 1
    wants: Callable[[str, str], bool] = lambda topic, reason: True


@dataclass(frozen=True)
class Room:
    """How many events of a lane may run at once over all machines, and how many of those may be bulk work."""

    total: int
    bulk: int


class Host(Protocol):
    def run(self, event: Event) -> Result:
        """Handle one claimed event. Never raises: whatever goes wrong is in the result."""

    def open_lanes(self, connector_ids: Collection[int]) -> dict[int, Room]:
        """Connectors whose events may be claimed now, with the number that may run at once."""

    def contact(self, connector_id: int) -> Contact | None: ...

    def mail_policy(self, connector_id: int) -> MailPolicy:
        """The usual one where the connector says nothing, or is not there."""

    def pulse(self) -> None:
        """Called about every second on one machine: plans that are due, lanes that close or open."""

    def finished(self, results: Collection[Result]) -> None:
        """Told after outcomes were written, outside their transaction: health of connectors."""

    def connectors(self) -> dict[int, str]:
        """Names of the installed connectors by id, in order of name: the choices of a filter."""

    def topics(self) -> list[str]:
        """Topics the installed connectors declare: the choices of a filter, known without asking the ledger."""

    def tones(self, provider: str) -> Mapping[str, str]:
        """What cells of the tables a provider shows mean: words to ``good``, ``warn`` or ``bad``."""

    def retention_days(self) -> dict[int, tuple[int, int]]:
        """Connectors that keep events for other than the usual days: (successes, failures)."""


@cache
def host() -> Host:
    return cast(Host, import_module(settings.EVENT_HOST))
