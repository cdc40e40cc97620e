"""Bringing in again by hand: what can be named by number or by days, where it goes, and how much that would be.

Both ways ask the source to read its objects anew; the ledger and the target's own look-up see to it that nothing is there
twice. Not for starting them: that is ``syncing``.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from connectors import inline
from connectors.base import Single
from connectors.exceptions import ConfigurationError, HubError, Skip
from connectors.inline import Question, Truth
from connectors.models import Connector, Route
from connectors.recording import ListRecorder
from connectors.registry import UnknownProvider
from connectors.run import Run
from events.models import Outcome

COUNT_BUDGET_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Way:
    """One kind of object of one source: ``single`` and ``period`` are names its provider declares, empty: it has none.
    Without ``targets`` the source takes it in itself."""

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

    @property
    def many(self) -> str:
        return f"{self.label[:-1]}ies" if self.label.endswith("y") else f"{self.label}s"

    @property
    def many_within(self) -> str:
        """Within a sentence; what a source takes in itself is named after somebody else's product."""
        return self.many[:1].lower() + self.many[1:] if self.targets else self.many

    @property
    def is_counted(self) -> bool:
        return bool(self.period) and self.source.provider.periods[self.period].count is not None


@dataclass(frozen=True, kw_only=True)
class Start:
    """Since when a connector takes part in ``what`` ("orders, refunds")."""

    target: str
    at: datetime
    what: str


def ways(connector: Connector) -> list[Way]:
    """What can be brought in by hand from this connector and from those that hand records to it, by enabled routes, and
    what it takes in itself."""
    routes = Route.objects.select_related("source", "target").filter(is_enabled=True)
    around = [route for route in routes if connector.pk in (route.source_id, route.target_id)]
    found: dict[str, Way] = {}
    for route in around:
        targets = [one.target.name for one in routes if _is_beside(one, route)]
        for made in _declared(route.source, route.record_kind, targets):
            found[made.key] = made
    found |= {made.key: made for made in _own(connector)}
    return sorted(found.values(), key=lambda way: (way.source.name, way.label))


def _is_beside(one: Route, route: Route) -> bool:
    return (one.source_id, one.record_kind) == (route.source_id, route.record_kind)


def _declared(source: Connector, kind: str, targets: Sequence[str]) -> list[Way]:
    """The way of a kind of record, none where its source's provider knows neither number nor days of it."""
    try:
        provider = source.provider
    except UnknownProvider:
        return []
    single = kind if kind in provider.singles else _named_for(provider.singles, kind)
    period = next((name for name, one in provider.periods.items() if one.records.kind == kind and not one.is_own), "")
    if not single and not period:
        return []
    label = next((one.label for one in provider.emits if one.kind == kind), kind)
    return [_way(source, kind, label, single, period, targets)]


def _named_for(singles: Mapping[str, Single], kind: str) -> str:
    return next((name for name, one in singles.items() if one.records is not None and one.records.kind == kind), "")


def _own(connector: Connector) -> list[Way]:
    """What the connector itself takes in of what its remote has elsewhere."""
    try:
        provider, settings = connector.provider, connector.load_settings()
    except (UnknownProvider, ConfigurationError):
        return []
    found = []
    for name, period in provider.periods.items():
        if period.is_own is not None and period.is_own(settings):
            kind = period.records.kind
            single = provider.singles.get(kind)
            label = single.label if single is not None else period.records.label
            found.append(_way(connector, kind, label, kind if single is not None else "", name, ()))
    return found


def _way(source: Connector, kind: str, label: str, single: str, period: str, targets: Sequence[str]) -> Way:
    provider = source.provider
    return Way(
        source=source, kind=kind, label=label, single=single, period=period, targets=tuple(sorted(targets)),
        single_help=provider.singles[single].help if single else "",
        period_help=provider.periods[period].help if period else "",
    )  # fmt: skip


def starts(ways_: list[Way]) -> list[Start]:
    """The integration's start of every connector that holds objects of these ways back, and has one."""
    found: dict[tuple[str, datetime], list[str]] = {}
    for way in ways_:
        for connector, at in _starts_of(way):
            if at is not None:
                found.setdefault((connector.name, at), []).append(way.many_within)
    return [Start(target=name, at=at, what=", ".join(what)) for (name, at), what in sorted(found.items())]


def _starts_of(way: Way) -> list[tuple[Connector, datetime | None]]:
    declared = way.source.provider.periods[way.period].starts_at if way.period else None
    if declared is not None:
        return [(way.source, _told(way.source, declared))]
    routes = Route.objects.select_related("target").filter(source=way.source, record_kind=way.kind, is_enabled=True)
    return [(route.target, starts_at(route.target)) for route in routes]


def _told(connector: Connector, declared: Callable[[Connector], datetime | None]) -> datetime | None:
    try:
        return declared(connector)
    except ConfigurationError:
        return None


def starts_at(connector: Connector) -> datetime | None:
    """When a connector's integration starts; ``None``: always, or its settings cannot be read."""
    try:
        declared = connector.provider.starts_at
        return declared(connector.load_settings()) if declared is not None else None
    except (UnknownProvider, ConfigurationError):
        return None


def count(way: Way, first: date, last: date, *, by: str) -> tuple[int | None, str]:
    """How many objects a walk over these days would meet, and a sentence where that cannot be said. Asked of the source
    now, and written down as an event of it. Never raises what the source's code raises."""
    period = way.source.provider.periods[way.period]
    if period.count is None:
        return None, f"How many that are is known when they are read: {way.source} does not count them beforehand."
    recorder = ListRecorder(secrets.token_hex(16))
    started = time.monotonic()
    run: Run | None = None
    number, sentence = None, ""
    try:
        run = Run(way.source, None, recorder=recorder, budget_s=COUNT_BUDGET_S)
        number = period.count(run, first, last)
        truth = Truth(Outcome.SUCCEEDED, sentence=f"{number:,} from {first} to {last}.")
    except Skip as skip:
        sentence = skip.sentence
        truth = Truth(Outcome.SKIPPED, skip.reason, skip.code, sentence)
    except HubError as error:
        sentence = run.redactor.text(error.sentence) if run else error.sentence
        truth = Truth(Outcome.FAILED, error.reason, error.code, sentence, error.next_step)
    except Exception as error:  # a bug of a count must not keep anybody from bringing things in
        truth = inline.bug(run, "count", error)
        sentence = f"How many that are could not be counted: {truth.sentence} They can be brought in all the same."
    question = Question(connector=way.source, topic=f"period:{way.period}/count", asked_by=by)
    took_ms = int((time.monotonic() - started) * 1000)
    inline.write(question, truth, run=run, recorder=recorder, took_ms=took_ms)
    return number, sentence
