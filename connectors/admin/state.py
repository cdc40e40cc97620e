"""What a connector is doing, in a word and a sentence: for the list of connectors and for a connector's page."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db import connection
from django.urls import reverse

from connectors import registry
from connectors.base import Provider
from connectors.exceptions import ConfigurationError
from connectors.models import Breaker, BreakerState, Connector, Notice
from events.models import OPEN_OUTCOMES

UNUSABLE = ("code missing", "not set up", "settings unusable")
ATTENTION = "needs attention"
COUNT_LIMIT = 1000  # counting further tells nobody anything, and costs


@dataclass(frozen=True)
class State:
    """``tone`` is the end of a pill's class: ok, warn, bad, info or idle."""

    word: str
    tone: str
    sentence: str = ""


def provider_of(connector: Connector) -> Provider | None:
    """The connector's provider, ``None`` where this installation lacks its code."""
    try:
        return connector.provider
    except registry.UnknownProvider:
        return None


def state_of(connector: Connector, breaker: Breaker | None, warnings: Sequence[Notice] = ()) -> State:
    """What matters most first; ``warnings`` are the connector's open notices, the newest first."""
    if provider_of(connector) is None:
        return State("code missing", "bad", f"This hub has no provider “{connector.provider_slug}”; install it again.")
    if not connector.is_enabled:
        return State("disabled", "idle", "Deliveries are stored and answered; nothing is done with them.")
    if not connector.settings and not connector.secrets:
        return State("not set up", "warn", "Enter its settings; until then it can do nothing.")
    try:
        connector.load_settings()
    except ConfigurationError as error:
        return State("settings unusable", "bad", error.sentence)
    except (TypeError, ValueError, LookupError, AttributeError) as error:  # a rule stumbled over what is stored
        return State("settings unusable", "bad", f"They cannot be read ({type(error).__name__}); save them anew.")
    if connector.is_paused:
        return State("paused", "warn", "Its events wait until it is resumed.")
    if breaker is not None and breaker.state != BreakerState.CLOSED:
        return State("does not answer", "bad", f"{breaker.sentence} Its events wait; the hub tries again by itself.")
    failed, worked = connector.last_failure_at, connector.last_success_at
    if failed is not None and (worked is None or failed > worked):
        return State("failing", "warn", connector.last_failure)
    return _of_working(connector, warnings)


def _of_working(connector: Connector, warnings: Sequence[Notice]) -> State:
    if warnings:
        more = f" There are {len(warnings) - 1} more." if len(warnings) > 1 else ""
        return State(ATTENTION, "warn", warnings[0].sentence + more)
    if connector.last_success_at is None:
        return State("ready", "info", "Nothing has happened yet.")
    return State("working", "ok", "The last event succeeded.")


def breakers_of(connector_ids: Collection[int]) -> dict[int, Breaker]:
    """The breakers of connectors' own events, those of lookup endpoints left out."""
    return {b.connector_id: b for b in Breaker.objects.filter(connector_id__in=connector_ids, endpoint="")}


def open_failures(connector_ids: Collection[int]) -> dict[int, int]:
    """Failures nobody resolved, by connector, counted up to ``COUNT_LIMIT``."""
    return _count(connector_ids, "outcome = 'failed' AND resolved_at IS NULL")


def waiting_events(connector_ids: Collection[int]) -> dict[int, int]:
    """Events that are not final, by connector, counted up to ``COUNT_LIMIT``."""
    names = ", ".join(f"'{outcome.value}'" for outcome in OPEN_OUTCOMES)
    return _count(connector_ids, f"outcome IN ({names})")


def _count(connector_ids: Collection[int], condition: str) -> dict[int, int]:
    if not connector_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.id, n.n FROM unnest(%s::bigint[]) AS c(id), LATERAL (SELECT count(*) AS n FROM (SELECT 1 FROM "
            f"events_event AS e WHERE e.connector_id = c.id AND {condition} LIMIT %s) AS few) AS n",
            [list(connector_ids), COUNT_LIMIT],
        )
        return dict(cursor.fetchall())


def counted(number: int) -> str:
    return f"{COUNT_LIMIT:,} or more" if number >= COUNT_LIMIT else f"{number:,}"


def event_path(event_id: int) -> str:
    """The admin page of an event."""
    return f"{reverse('admin:index')}events/event/{event_id}/change/"


def events_path(connector_id: int) -> str:
    """The list of one connector's events."""
    return f"{reverse('admin:index')}events/event/?connector={connector_id}"
