"""The overview: every connector's health, the last hour, what waits and why, what failed, whether somebody works.

Every figure comes from an index and stops counting at ``LIMIT``, so that the page costs the same at a million events.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from connectors import notices
from connectors.admin.state import State, provider_of, state_of
from connectors.models import Breaker, BreakerState, Connector, Notice
from events import heartbeat, listing
from events.admin.base import page_of
from events.models import Family, Heartbeat, Outcome, Reason, Rejection
from integration_hub import dumps

LIMIT = 1000  # counts stop here and show "1000+"
HOUR_LIMIT = 10_000  # newest finished events of the last hour that are looked at
BARS = 30  # of two minutes
FAMILIES = 8
CONNECTORS = 60


@dataclass
class Card:
    """One connector as the overview shows it."""

    connector: Connector
    state: State
    provider: str = ""
    url: str = ""
    events_url: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    bars: list[dict[str, Any]] = field(default_factory=list)
    total: int = 0


def context(request: HttpRequest) -> dict[str, Any]:
    """What the template needs; parts a person may not see are left out."""
    user = request.user
    sees_events = user.has_perm("events.view_event")
    sees_connectors = user.has_perm("connectors.view_connector")
    connectors = list(Connector.objects.defer("memory")[:CONNECTORS])
    names = {one.pk: one.name for one in connectors}
    hour, is_hour_cut = _last_hour() if sees_events else ({}, False)
    return {
        "sees_events": sees_events,
        "sees_connectors": sees_connectors,
        "sees_nothing": not (sees_events or sees_connectors),
        "cards": _cards(connectors, hour, sees_connectors) if sees_connectors else [],
        "is_hour_cut": is_hour_cut,
        "hour_limit": HOUR_LIMIT,
        "totals": _totals(hour),
        "waits": _waits(connectors) if sees_events else [],
        "count_limit": LIMIT,
        "families": _families(names) if user.has_perm("events.view_family") else [],
        "failures_open": _failures_open() if sees_events else 0,
        "rejections": _rejections(names) if user.has_perm("events.view_rejection") else [],
        "restored": _restored(connectors) if sees_connectors else None,
        "workers": heartbeat.alive("worker", settings.HUB_RESTART_AFTER_S),
        "add_url": page_of("admin:connectors_connector_add") if user.has_perm("connectors.add_connector") else "",
    }


def _restored(connectors: list[Connector]) -> Heartbeat | None:
    """When a backup was brought back, as long as a connector is paused since."""
    if not any(one.is_paused for one in connectors):
        return None
    return Heartbeat.objects.filter(pk=dumps.RESTORED).first()


# --- connectors -------------------------------------------------------------------------------------------------------


def _cards(connectors: list[Connector], hour: dict[int, Any], is_linked: bool) -> list[Card]:
    closed = Breaker.objects.exclude(state=BreakerState.CLOSED).order_by("pk")
    own: dict[int, Breaker] = {}
    lookups: dict[int, Breaker] = {}
    for breaker in closed:
        (lookups if breaker.endpoint else own)[breaker.connector_id] = breaker
    cards = []
    warnings = notices.of([one.pk for one in connectors])
    for one in connectors:
        card = Card(one, _health(one, own.get(one.pk), lookups.get(one.pk), warnings.get(one.pk, [])))
        card.url = page_of("admin:connectors_connector_change", one.pk) if is_linked else ""
        card.events_url = reverse("admin:events_event_changelist") + listing.Filters(connector=one.pk).query()
        provider = provider_of(one)
        card.provider = provider.label if provider else one.provider_slug
        outcomes = hour.get(one.pk, {})
        card.counts = {name: sum(outcomes.get(name, {}).values()) for name in ("succeeded", "skipped", "failed")}
        card.total = sum(card.counts.values())
        card.bars = _bars(outcomes)
        cards.append(card)
    return cards


def _health(one: Connector, own: Breaker | None, lookup: Breaker | None, warnings: Sequence[Notice] = ()) -> State:
    """The state the connector's own page shows, and whether one of its lookups is left alone."""
    state = state_of(one, own, warnings)
    if lookup is not None and state.tone in ("ok", "info"):
        return State("works in part", "warn", f"{lookup.endpoint}: {lookup.sentence}")
    return State(state.word, state.tone) if state.tone == "ok" else state


# --- the last hour ----------------------------------------------------------------------------------------------------

_HOUR = """
SELECT connector_id, outcome, bar, count(*) FROM (
  SELECT connector_id, outcome,
    least(%(bars)s - 1, floor(extract(epoch FROM now() - finished_at) / %(step)s))::int AS bar
  FROM events_event WHERE finished_at > now() - interval '1 hour' ORDER BY finished_at DESC LIMIT %(limit)s
) AS newest GROUP BY connector_id, outcome, bar
"""


def _last_hour() -> tuple[dict[int, Any], bool]:
    """connector -> outcome -> bar (0 is the newest two minutes) -> count, and whether the limit was met."""
    with connection.cursor() as cursor:
        cursor.execute(_HOUR, {"bars": BARS, "step": 3600 / BARS, "limit": HOUR_LIMIT})
        rows = cursor.fetchall()
    found: dict[int, Any] = defaultdict(lambda: defaultdict(dict))
    for connector_id, outcome, bar, count in rows:
        found[connector_id or 0][outcome][bar] = count
    return found, sum(row[3] for row in rows) >= HOUR_LIMIT


def _bars(outcomes: dict[str, dict[int, int]]) -> list[dict[str, Any]]:
    """Stacked bars for the template's SVG, oldest first: heights are of 100."""
    sums = [sum(counts.get(bar, 0) for counts in outcomes.values()) for bar in range(BARS)]
    highest = max(sums, default=0)
    if not highest:
        return []
    bars = []
    for bar in range(BARS):
        top = 100.0
        pieces = []
        for name in ("succeeded", "skipped", "failed"):
            count = outcomes.get(name, {}).get(bar, 0)
            if count:
                height = max(4.0, 96.0 * count / highest)
                top -= height
                pieces.append({"outcome": name, "y": round(max(top, 0), 1), "height": round(height, 1)})
        bars.append({"x": (BARS - 1 - bar) * 10 + 1, "pieces": pieces, "count": sums[bar]})
    return bars


def _totals(hour: dict[int, Any]) -> list[dict[str, Any]]:
    counts = dict.fromkeys(("succeeded", "skipped", "failed"), 0)
    for outcomes in hour.values():
        for name in counts:
            counts[name] += sum(outcomes.get(name, {}).values())
    base = reverse("admin:events_event_changelist")
    return [
        {"outcome": name, "label": Outcome(name).label, "count": count,
         "url": base + listing.Filters(outcome=name, since="1h").query()}
        for name, count in counts.items()
    ]  # fmt: skip


# --- what waits -------------------------------------------------------------------------------------------------------

_WAITING = """
SELECT c.id, r.reason, w.n, w.due FROM unnest(%(ids)s::bigint[]) AS c (id)
CROSS JOIN unnest(%(reasons)s::text[]) AS r (reason)
CROSS JOIN LATERAL (SELECT count(*) AS n, min(due_at) AS due FROM (
  SELECT due_at FROM events_event AS e WHERE e.outcome = 'waiting' AND e.connector_id = c.id AND e.reason = r.reason
  LIMIT %(limit)s + 1) AS held) AS w
WHERE w.n > 0
"""
_QUEUED = """
SELECT c.id, w.n, w.since FROM unnest(%(ids)s::bigint[]) AS c (id)
CROSS JOIN LATERAL (SELECT count(*) AS n, min(received_at) AS since FROM (
  SELECT received_at FROM events_event AS e WHERE e.outcome = %(outcome)s AND e.connector_id = c.id
  LIMIT %(limit)s + 1) AS held) AS w
WHERE w.n > 0
"""
WHY = {
    Reason.RETRY: "They failed for a passing cause and are tried again.",
    Reason.PAUSED: "The connector is paused. They go on when it is switched on.",
    Reason.BREAKER_OPEN: "The remote does not answer. They go on when it is back.",
    Reason.RATE_BUDGET: "The remote allows only so much. They go on within its limits.",
    Reason.DEPENDENCY: "They need another object first.",
}


def _waits(connectors: list[Connector]) -> list[dict[str, Any]]:
    """Groups of what is not finished, by reason and connector."""
    names = {one.pk: one.name for one in connectors}
    ids = list(names)
    base = reverse("admin:events_event_changelist")
    groups = []
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, {"ids": ids, "reasons": [reason.value for reason in WHY], "limit": LIMIT})
        for connector_id, reason, count, due in cursor.fetchall():
            groups.append(
                {
                    "connector": names[connector_id], "count": count, "reason": Reason(reason).label, "tone": "warn",
                    "why": WHY[Reason(reason)], "due": due,
                    "url": base + listing.Filters(connector=connector_id, outcome="waiting", reason=reason).query(),
                }
            )  # fmt: skip
        for outcome, why in (("queued", "They wait for a free worker."), ("running", "Workers are on them now.")):
            cursor.execute(_QUEUED, {"ids": ids, "outcome": outcome, "limit": LIMIT})
            for connector_id, count, since in cursor.fetchall():
                groups.append(
                    {
                        "connector": names[connector_id], "count": count, "reason": Outcome(outcome).label,
                        "tone": "info", "why": why, "since": since,
                        "url": base + listing.Filters(connector=connector_id, outcome=outcome).query(),
                    }
                )  # fmt: skip
    return sorted(groups, key=lambda group: -group["count"])


# --- failures, rejections ---------------------------------------------------------------------------------------------


def _failures_open() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT 1 FROM events_event WHERE outcome = 'failed' AND resolved_at IS NULL "
            "LIMIT %s) AS n",
            [LIMIT + 1],
        )
        return int(cursor.fetchone()[0])


def _families(names: dict[int, str]) -> list[dict[str, Any]]:
    from events.admin.records import failures_of

    return [
        {"family": family, "connector": names.get(family.connector_id, ""), "url": failures_of(family)}
        for family in Family.objects.filter(recovered_at=None).order_by("-last_at")[:FAMILIES]
    ]


def _rejections(names: dict[int, str]) -> list[dict[str, Any]]:
    from events.admin.records import REASONS

    return [
        {"rejection": one, "connector": names.get(one.connector_id, ""), "reason": REASONS.get(one.reason, one.reason)}
        for one in Rejection.objects.filter(day=timezone.now().date()).order_by("-count")[:10]
    ]
