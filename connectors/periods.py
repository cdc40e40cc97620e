"""Bringing in again by hand: what can be named by number or by days, where it goes, and how much that would be.

Both ways ask the source to read its objects anew; the ledger and the target's own look-up see to it that nothing is there
twice. Not for starting them: that is ``syncing``.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import date, datetime

from connectors import inline
from connectors.exceptions import ConfigurationError, HubError
from connectors.inline import Question, Truth
from connectors.models import Connector, Route
from connectors.recording import ListRecorder
from connectors.registry import UnknownProvider
from connectors.run import Run
from events.models import Outcome

COUNT_BUDGET_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Way:
    """One kind of object of one source: ``single`` and ``period`` are names its provider declares, empty: it has none."""

    source: Connector
    kind: str
    label: str
    single: str = ""
    single_help: str = ""
    period: str = ""
    period_help: str = ""
    targets: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.source.pk}:{self.kind}"


@dataclass(frozen=True, kw_only=True)
class Start:
    """Since when a target takes part."""

    target: str
    at: datetime


def ways(connector: Connector) -> list[Way]:
    """What can be brought in by hand from this connector and from those that hand records to it, by enabled routes."""
    routes = Route.objects.select_related("source", "target").filter(is_enabled=True)
    own = [route for route in routes if connector.pk in (route.source_id, route.target_id)]
    found: dict[str, Way] = {}
    for route in own:
        made = _way(route, [one.target.name for one in routes if _is_beside(one, route)])
        if made is not None:
            found[made.key] = made
    return sorted(found.values(), key=lambda way: (way.source.name, way.label))


def _is_beside(one: Route, route: Route) -> bool:
    return (one.source_id, one.record_kind) == (route.source_id, route.record_kind)


def _way(route: Route, targets: list[str]) -> Way | None:
    try:
        provider = route.source.provider
    except UnknownProvider:
        return None
    kind = route.record_kind
    single = provider.singles.get(kind)
    name, period = next(((n, p) for n, p in provider.periods.items() if p.records.kind == kind), ("", None))
    if single is None and period is None:
        return None
    label = next((one.label for one in provider.emits if one.kind == kind), kind)
    return Way(
        source=route.source, kind=kind, label=label, single=kind if single else "", period=name,
        single_help=single.help if single else "", period_help=period.help if period else "",
        targets=tuple(sorted(targets)),
    )  # fmt: skip


def starts(ways_: list[Way]) -> list[Start]:
    """The integration's start of every target of these ways that has one."""
    found: dict[int, Start] = {}
    for way in ways_:
        for route in Route.objects.select_related("target").filter(
            source=way.source, record_kind=way.kind, is_enabled=True
        ):
            at = starts_at(route.target)
            if at is not None:
                found[route.target_id] = Start(target=route.target.name, at=at)
    return sorted(found.values(), key=lambda start: start.target)


def starts_at(connector: Connector) -> datetime | None:
    """When a connector's integration starts; ``None``: always, or its settings cannot be read."""
    try:
        declared = connector.provider.starts_at
        return declared(connector.load_settings()) if declared is not None else None
    except (UnknownProvider, ConfigurationError):
        return None


def count(way: Way, first: date, last: date, *, by: str) -> tuple[int | None, str]:
    """How many objects a walk over these days would meet, and a sentence where that cannot be said. Asked of the source
    now, and written down as an event of it."""
    period = way.source.provider.periods[way.period]
    if period.count is None:
        return None, f"{way.source} does not say beforehand how many that are."
    recorder = ListRecorder(secrets.token_hex(16))
    started = time.monotonic()
    run: Run | None = None
    number, sentence = None, ""
    try:
        run = Run(way.source, None, recorder=recorder, budget_s=COUNT_BUDGET_S)
        number = period.count(run, first, last)
        truth = Truth(Outcome.SUCCEEDED, sentence=f"{number:,} from {first} to {last}.")
    except HubError as error:
        sentence = run.redactor.text(error.sentence) if run else error.sentence
        truth = Truth(Outcome.FAILED, error.reason, error.code, sentence, error.next_step)
    question = Question(connector=way.source, topic=f"period:{way.period}/count", asked_by=by)
    took_ms = int((time.monotonic() - started) * 1000)
    inline.write(question, truth, run=run, recorder=recorder, took_ms=took_ms)
    return number, sentence
