"""Feeds: one child event for each route that carries figures, and the loop by which a target sends what differs.

A provider gives a ``Sender``: what can be sent and what goes together, the exact content of one call, the call. The
loop sees to the rest: open batches are repeated first with key and content, every answer is written down in one
statement, a long feed is put down and goes on, problems are kept with their figures. Not for bulk files: a provider
that has them cuts and settles its batches itself, with ``figures``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from django.db import transaction
from django.db.models import QuerySet

from connectors import figures, holdings
from connectors.exceptions import NotDone, RemoteRefused, RemoteUnavailable, Skip
from connectors.figures import Problem, Row
from connectors.models import Batch, Connector, Route
from connectors.records import FigureRecord
from connectors.registry import UnknownProvider
from connectors.routing import claim_of
from events import bell
from events.models import OPEN_OUTCOMES, Event, Kind, Outcome, Priority
from events.record import New, record

if TYPE_CHECKING:
    from connectors.run import Run

KEY_LIFE_S = 23 * 3600.0  # an hour less than vendors keep idempotency keys
RUN_S = 480.0  # a feed is put down after so long: leases are renewed for fifteen minutes only
PASSES = 4  # over what is pending: figures let go by a refused batch are cut again in the next
HELPED_FROM = 5_000  # pending figures from which several events send
HELPERS_WAIT_S = 5.0  # so long a feed that is through waits for its helpers before it is put down
PAUSES_S = (1.0, 4.0)  # before a call without an answer is repeated; then the event waits


@dataclass(kw_only=True)
class Answered:
    """What became of a batch. ``applied`` false: nothing of it counts as held; figures without a problem are cut anew.
    ``held``: what the target was found to hold of some, to compare with next time."""

    applied: bool = True
    problems: Mapping[int, Problem] = field(default_factory=dict)
    held: Mapping[int, str] = field(default_factory=dict)
    said: str = ""


class Sender(Protocol):
    """How one vendor is told. ``group``: rows that go together (each group becomes one batch) and the problems of those
    that cannot be sent; it may ask the vendor. ``content``: the exact content of one call, without asking anybody.
    ``send`` makes the call with the batch's key and content; it raises as clients do, and may be repeated."""

    def group(self, rows: Sequence[Row]) -> tuple[list[list[Row]], dict[int, Problem]]: ...
    def content(self, rows: Sequence[Row]) -> dict[str, Any]: ...
    def send(self, batch: Batch, rows: Sequence[Row]) -> Answered: ...


@dataclass
class Tally:
    """What a feed did so far: ``sent`` in all runs of its event, ``let_go`` in this pass over what is pending."""

    sent: int = 0
    let_go: int = 0

    def count(self, rows: Collection[Row], answered: Answered) -> None:
        rest = sum(1 for row in rows if row.id not in answered.problems)
        if answered.applied:
            self.sent += rest
        else:
            self.let_go += rest


def start(source: Connector, event: Event, record_type: type[FigureRecord], routes: Sequence[Route]) -> None:
    """One feed event a route; a newer one replaces an older one that waits."""
    with transaction.atomic():
        for route in routes:
            _child(source, event, record_type, route, figures.feed_topic(record_type.kind))
        bell.ring()


def compare(source: Connector, event: Event, record_type: type[FigureRecord], routes: Sequence[Route]) -> int:
    """One event a route that compares what the target holds with what it should; returns how many targets can. For those
    that cannot, everything is sent again."""
    count = 0
    with transaction.atomic():
        for route in routes:
            accept = route.target.provider.accepts.get(record_type)
            if accept is not None and accept.compare is not None:
                _child(source, event, record_type, route, holdings.compare_topic(record_type.kind))
                count += 1
            else:
                figures.offer([route.pk], (), again=True)
                _child(source, event, record_type, route, figures.feed_topic(record_type.kind))
        bell.ring()
    return count


def follow(run: Run) -> None:
    """A comparison has found differences: have its route's feed send them."""
    record_type = next(t for t in run.connector.provider.accepts if t.kind == run.the_route.record_kind)
    start(run.the_route.source, run.the_event, record_type, [run.the_route])  # type: ignore[arg-type]


def routes_of(source: Connector, record_type: type[FigureRecord]) -> list[Route]:
    """The enabled routes of such figures. Raises ``Skip`` where there is none: nothing needs to be read then."""
    routes = list(
        Route.objects.select_related("target").filter(source=source, record_kind=record_type.kind, is_enabled=True)
    )
    if not routes:
        raise Skip(f"No route takes {record_type.label.lower()}s from {source}.", reason="not_routed")
    return routes


def _child(source: Connector, event: Event, record_type: type[FigureRecord], route: Route, topic: str) -> None:
    target = route.target
    try:
        accept = next((a for t, a in target.provider.accepts.items() if t is record_type), None)
    except UnknownProvider:  # one target whose code is gone must not keep the figures from the others
        accept = None
    record(
        New(
            kind=Kind.DELIVERY,
            topic=topic,
            connector_id=target.pk,
            connector_name=target.name,
            provider=target.provider_slug,
            priority=Priority.BULK,
            max_attempts=accept.max_attempts if accept else 1,
            lock_key=f"route{route.pk}:{topic}",
            is_supersedable=True,  # it sends whatever differs when it runs: only the newest is needed
            delivery_id=f"{topic}:{event.pk}:{route.pk}:{claim_of(event)}",
            object_type=record_type.kind,
            object_label=f"from {source}",
            parent_id=event.pk,
            route_id=route.pk,
            triggered_by=event.triggered_by,
            trace_id=event.trace_id,
        )
    )


@dataclass(frozen=True)
class Part:
    """Which share of a route's figures an event sends: those whose id leaves ``number`` when divided by ``of``."""

    number: int = 0
    of: int = 1


def part_of(run: Run) -> Part:
    """The share of this event; the whole where it is no helper."""
    return Part(**run.payload) if run.body else Part()


def _helpers(run: Run) -> QuerySet[Event]:
    return Event.objects.filter(parent_id=run.the_event.pk, topic=run.the_event.topic)


def _share(run: Run, at_once: int) -> Part:
    """Have helpers send the other shares, where there is enough to send: a call takes a second, most of it waiting."""
    route = run.the_route
    if at_once == 1 or figures.count_pending(route.pk) < HELPED_FROM:
        return Part()
    if _helpers(run).exists():
        return Part(0, at_once) if _helpers(run).filter(outcome__in=OPEN_OUTCOMES).exists() else Part()
    event = run.the_event
    with transaction.atomic():
        for number in range(1, at_once):
            record(
                New(
                    kind=Kind.DELIVERY,
                    topic=event.topic,
                    connector_id=event.connector_id,
                    connector_name=event.connector_name,
                    provider=event.provider,
                    priority=Priority.BULK,
                    max_attempts=event.max_attempts,
                    lock_key=f"{event.lock_key}:{number}",
                    is_supersedable=True,
                    delivery_id=f"part:{event.pk}:{number}",
                    object_type=event.object_type,
                    object_label=event.object_label,
                    parent_id=event.pk,
                    route_id=route.pk,
                    triggered_by=event.triggered_by,
                    trace_id=event.trace_id,
                    payload=json.dumps({"number": number, "of": at_once}).encode(),
                )
            )
        bell.ring()
    return Part(0, at_once)


def _not_begun(run: Run) -> list[int]:
    """The shares of helpers that wait for their turn still."""
    ids = _helpers(run).filter(outcome=Outcome.QUEUED).values_list("delivery_id", flat=True)
    return [int(str(one).rpartition(":")[2]) for one in ids]


def _await_helpers(run: Run) -> None:
    """Raises ``NotDone`` where helpers are still at work after a moment."""
    end = time.monotonic() + HELPERS_WAIT_S
    while _helpers(run).filter(outcome__in=OPEN_OUTCOMES).exists():
        if time.monotonic() > end:
            raise NotDone("All that was left is on its way with this event's helpers.", retry_after_s=2)
        time.sleep(0.1)


def send(run: Run, sender: Sender, *, at_once: int = 1) -> None:
    """Send everything pending of the run's route. Raises ``NotDone`` where more is left than fits one run or where the
    vendor went away after something had been sent, and what the sender's calls raise. ``at_once``: how many events
    may send at the same time where there is much."""
    part = part_of(run)
    is_helper = part.of > 1
    tally = Tally(sent=figures.sent_by([run.the_event.pk]))
    loop = _Loop(run, sender, tally, is_helper=is_helper)
    loop.repeat_open()
    share = part if is_helper else _share(run, at_once)
    for _ in range(PASSES):
        tally.let_go = 0
        loop.walk(share)
        if not tally.let_go and (share.of == 1 or is_helper):
            break
        if share.of > 1 and not is_helper:
            for number in _not_begun(run):
                loop.walk(Part(number, share.of))
            _await_helpers(run)  # taking figures from those at work would leave them calls that are not full
        share = part  # and then whatever is left
    if not is_helper:
        _await_helpers(run)
        figures.forget_answered(loop.route_id)


class _Loop:
    def __init__(self, run: Run, sender: Sender, tally: Tally, *, is_helper: bool) -> None:
        self.run, self.sender, self.tally = run, sender, tally
        self.route_id: int = run.the_route.pk
        self.ends_at = time.monotonic() + RUN_S
        self.before = tally.sent
        self.is_helper = is_helper
        self.expected = tally.sent + figures.count_pending(self.route_id)

    def repeat_open(self) -> None:
        """Batches whose answer nobody knows: the same key and content, as long as the vendor remembers the key. Those
        of this event, and of events that are over; what others have under way is theirs."""
        while batches := figures.orphans(self.route_id, self.run.the_event.pk, own_only=self.is_helper):
            rows = figures.figures_of([batch.pk for batch in batches])
            self.expected += sum(len(one) for one in rows.values())
            for batch in batches:
                if figures.age_s(batch) > KEY_LIFE_S or not rows[batch.pk]:
                    said = "Its answer was never known; its key is too old to be repeated."
                    figures.settle([batch.pk], applied=False, said=said)
                else:
                    self._send(batch, rows[batch.pk])

    def walk(self, share: Part) -> None:
        """Everything pending of a share once, in order of id."""
        after = 0
        while rows := figures.pending(self.route_id, after=after, part=share.number, of=share.of):
            after = rows[-1].id
            groups, problems = self.sender.group(rows)
            if problems:
                figures.refuse(rows, problems)
            for batch, kept in figures.cut(self.route_id, self.run.the_event.pk, groups, self.sender.content):
                self._send(batch, kept)

    def _send(self, batch: Batch, rows: list[Row]) -> None:
        try:
            answered = self._ask(batch, rows)
        except RemoteRefused as error:
            # Declined as a whole. What is wrong may be in the content (an option of the route): once that was put right
            # the figures are cut anew, instead of the same call being repeated for as long as its key lives.
            figures.settle([batch.pk], applied=False, said=error.sentence)
            raise
        figures.settle([batch.pk], applied=answered.applied, problems=answered.problems, said=answered.said)
        if answered.held:
            figures.correct(answered.held)
        self.tally.count(rows, answered)
        self.run.progress(self.tally.sent, self.expected)
        if time.monotonic() > self.ends_at:
            raise NotDone(f"{self.tally.sent:,} of {self.expected:,} sent; the rest goes on at once.", retry_after_s=1)

    def _ask(self, batch: Batch, rows: list[Row]) -> Answered:
        pauses = list(PAUSES_S)
        while True:
            try:
                return self.sender.send(batch, rows)
            except RemoteUnavailable as error:
                if pauses and error.retry_after_s is None:
                    time.sleep(pauses.pop(0))
                    continue
                if error.closes_lane or self.tally.sent == self.before:
                    raise
                # It got somewhere: the event goes on later, as often as that is so.
                raise NotDone(
                    f"{self.tally.sent:,} of {self.expected:,} sent, then: {error.sentence} The hub goes on by itself.",
                    code=error.code, retry_after_s=error.retry_after_s or 30.0,
                ) from error  # fmt: skip


def told(run: Run) -> str:
    """The sentence of a finished feed. Every kind of problem the route's figures have becomes a note, and one says what
    could not be sent this time."""
    route_id = run.the_route.pk
    label = {t.kind: t.label for t in run.connector.provider.accepts}[run.the_route.record_kind].lower()
    helpers = list(_helpers(run).values_list("pk", flat=True))
    sent = figures.sent_by([run.the_event.pk, *helpers])
    if part_of(run).of > 1:
        return f"{sent:,} {label}{'' if sent == 1 else 's'} sent, as a helper of event {run.the_event.parent_id}."
    problems = 0
    for code, count, names, sentence in figures.problems_of(route_id):
        problems += count
        more = f" and {count - len(names):,} more" if count > len(names) else ""
        run.note(code, f"{count:,}: {', '.join(names)}{more}. {sentence}")
    left = figures.count_pending(route_id)
    if left:
        run.note("left", f"{left:,} could not be sent this time; the next run sends them.")
    unchanged = max(0, figures.count_all(route_id) - sent - problems - left)
    text = f"{sent:,} {label}{'' if sent == 1 else 's'} sent, {unchanged:,} unchanged"
    return f"{text}, {problems:,} with problems." if problems else f"{text}."
