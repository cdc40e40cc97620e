"""Figures: single values by the hundred thousand (stock levels, prices) that a source wants a target to hold.

A source offers rows in a stream; each enabled route keeps what is wanted beside what the target confirmed last. A feed
sends the difference in batches, each of which is written down with its key and exact content before it leaves. Memory
stays that of one block. Not for how a vendor is told: that is the target's ``Accept.feed``, with the help of ``feeds``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, Sum
from django.db.models.functions import Greatest, Mod
from django.utils import timezone

from connectors.models import Batch, BatchState, Figure
from connectors.models.kept import PENDING
from connectors.records import FigureRecord
from events.models import OPEN_OUTCOMES, Event
from events.text import clean

BLOCK = 1000
ANALYZE_FROM = 5_000  # changed figures
KEY_LIMIT, PLACE_LIMIT, TEXT_LIMIT = 200, 120, 120
NAMED = 5  # figures a remark names; the rest is counted
DAYS_KEPT = 7  # of batches that were answered

Problem = tuple[str, str]  # code, sentence


@dataclass(kw_only=True)
class Offered:
    """What became of a stream of rows: ``changed`` figures are wanted otherwise now, ``older`` rows were left alone
    because a newer one is kept, ``unusable`` ones have no key or are too long, ``absent`` figures a complete picture
    did not name any more. Each route counts for itself, so that two routes change a figure twice."""

    rows: int = 0
    changed: int = 0
    older: int = 0
    unusable: int = 0
    absent: int = 0
    routes: int = 0
    unusable_named: list[str] = field(default_factory=list)
    absent_named: list[str] = field(default_factory=list)

    def sentence(self, label: str) -> str:
        """For the event of the source."""
        were = f"{label.lower()} was" if self.rows == 1 else f"{label.lower()}s were"
        text = f"{self.rows:,} {were} read, {self.changed:,} differ from before"
        for count, words in ((self.absent, "are not named any more"), (self.unusable, "cannot be used")):
            text += f", {count:,} {words}" if count else ""
        return f"{text}."


@dataclass(frozen=True, slots=True)
class Row:
    """One kept figure as its feed meets it. ``text`` is what travels: ``wanted`` before it is cut, then ``in_flight``."""

    id: int
    key: str
    place: str
    text: str
    sent: str | None


_OFFER = """
WITH given AS (
  SELECT * FROM unnest(%(keys)s::text[], %(places)s::text[], %(texts)s::text[], %(times)s::timestamptz[],
    %(said)s::bool[]) AS g (key, place, wanted, at, is_said)
), newer AS (
  UPDATE connectors_figure AS f SET wanted_at = g.at FROM given AS g WHERE f.route_id = %(route)s AND f.key = g.key
    AND f.place = g.place AND f.wanted = g.wanted AND f.wanted_at < g.at AND g.is_said AND f.absent_since IS NULL
), put AS (
  INSERT INTO connectors_figure AS f (route_id, key, place, wanted, wanted_at)
  SELECT r.id, g.key, g.place, g.wanted, g.at FROM connectors_route AS r, given AS g WHERE r.id = %(route)s
  ON CONFLICT (route_id, key, place) DO UPDATE
    SET wanted = excluded.wanted, wanted_at = excluded.wanted_at, problem = '', sentence = '', absent_since = NULL
    WHERE f.wanted_at <= excluded.wanted_at AND (f.wanted <> excluded.wanted OR f.absent_since IS NOT NULL)
  RETURNING 1
)
SELECT (SELECT count(*) FROM put), (SELECT count(*) FROM given AS g JOIN connectors_figure AS f
  ON f.route_id = %(route)s AND f.key = g.key AND f.place = g.place AND f.wanted_at > g.at AND f.wanted <> g.wanted)
"""
_ABSENT = """
UPDATE connectors_figure AS f SET absent_since = now(), wanted = coalesce(%(text)s::text, wanted),
  problem = CASE WHEN %(text)s IS NULL OR %(text)s = wanted THEN problem ELSE '' END,
  sentence = CASE WHEN %(text)s IS NULL OR %(text)s = wanted THEN sentence ELSE '' END
WHERE route_id = %(route)s AND absent_since IS NULL
  AND NOT EXISTS (SELECT 1 FROM figures_offered AS o WHERE o.key = f.key AND o.place = f.place)
RETURNING key, place
"""


def offer(
    route_ids: Sequence[int], rows: Iterable[FigureRecord], *, complete: bool = False, absent: str | None = None,
    again: bool = False,
) -> Offered:  # fmt: skip
    """Keep what the source wants, for each of these routes. A row without a time of change counts as read now.

    ``complete``: the rows are the source's whole picture; what it does not name is marked absent, and wanted as ``absent``
    where that is given (``"0"``). Without a single row nothing is marked. ``again``: sent whatever was confirmed before."""
    made = Offered(routes=len(route_ids))
    started = timezone.now()
    with connection.cursor() as cursor:
        if complete:
            cursor.execute("DROP TABLE IF EXISTS figures_offered")
            cursor.execute("CREATE TEMPORARY TABLE figures_offered (key text, place text)")
        for block in _blocks(rows, made):
            columns: dict[str, list[Any]] = {
                "keys": [one.key for one in block], "places": [one.place for one in block],
                "texts": [one.text for one in block], "times": [one.updated_at or started for one in block],
                "said": [one.updated_at is not None for one in block],
            }  # fmt: skip
            for route_id in route_ids:
                cursor.execute(_OFFER, {**columns, "route": route_id})
                changed, older = cursor.fetchone()
                made.changed, made.older = made.changed + changed, made.older + older
            if complete:
                cursor.execute(
                    "INSERT INTO figures_offered SELECT * FROM unnest(%s::text[], %s::text[])",
                    [columns["keys"], columns["places"]],
                )
        if complete:
            # A picture of nothing at all is a source that broke off, not a warehouse that is empty.
            if made.rows > made.unusable:
                cursor.execute("ANALYZE figures_offered")
                for route_id in route_ids:
                    _mark_absent(cursor, route_id, absent, made)
            cursor.execute("DROP TABLE figures_offered")
        if again:
            Figure.objects.filter(route_id__in=list(route_ids), absent_since=None, batch=None).update(sent=None)
        if made.changed >= ANALYZE_FROM:  # a table that has just grown would be read by a plan for an empty one
            cursor.execute("ANALYZE connectors_figure")
    return made


def _mark_absent(cursor: Any, route_id: int, text: str | None, made: Offered) -> None:
    cursor.execute(_ABSENT, {"text": text, "route": route_id})
    made.absent += cursor.rowcount
    made.changed += cursor.rowcount if text is not None else 0
    made.absent_named += [
        f"{key} at {place}" if place else key for key, place in cursor.fetchmany(NAMED - len(made.absent_named))
    ]


def _blocks(rows: Iterable[FigureRecord], made: Offered) -> Iterator[list[FigureRecord]]:
    """Blocks in which each figure stands once, with what the source said last."""
    block: dict[tuple[str, str], FigureRecord] = {}
    for row in rows:
        made.rows += 1
        if not _fits(row):
            made.unusable += 1
            if len(made.unusable_named) < NAMED:
                made.unusable_named.append(clean(row.key or "(no SKU)", 60))
            continue
        block[row.key, row.place] = row
        if len(block) == BLOCK:
            yield list(block.values())
            block = {}
    if block:
        yield list(block.values())


def _fits(row: FigureRecord) -> bool:
    texts = ((row.key, KEY_LIMIT), (row.place, PLACE_LIMIT), (row.text, TEXT_LIMIT))
    return bool(row.key) and all(len(text) <= limit and "\x00" not in text for text, limit in texts)


def feed_topic(kind: str) -> str:
    """The topic of the event that sends what differs."""
    return f"{kind}/feed"


# --- what is to be sent
# ---------------------------------------------------------------------------------------------------------------


def pending(route_id: int, *, after: int = 0, limit: int = BLOCK, part: int = 0, of: int = 1) -> list[Row]:
    """The next figures to be sent, by id; of several parts only one."""
    rows = Figure.objects.filter(PENDING, route_id=route_id, id__gt=after).order_by("id")
    if of > 1:
        rows = rows.alias(rest=Mod("id", of)).filter(rest=part)
    return [Row(*values) for values in rows.values_list("id", "key", "place", "wanted", "sent")[:limit]]


def count_pending(route_id: int) -> int:
    return Figure.objects.filter(PENDING, route_id=route_id).count()


def has_place(route_id: int, place: str) -> bool:
    """Whether any figure of a route is at this place."""
    return Figure.objects.filter(route_id=route_id, place=place).exists()


def count_problems(route_id: int) -> int:
    return Figure.objects.filter(~Q(problem=""), route_id=route_id).count()


def count_all(route_id: int) -> int:
    return Figure.objects.filter(route_id=route_id).count()


def cut(
    route_id: int, event_id: int, groups: Sequence[Sequence[Row]], content: Callable[[Sequence[Row]], Any], *,
    position: int = 0,
) -> list[tuple[Batch, list[Row]]]:  # fmt: skip
    """Write batches down, one a group, before any of them leaves: content, key, and which figures are in it. Positions
    count up from ``position``. A figure another feed took or brought there meanwhile, or that was deleted, is left out."""
    made: list[tuple[Batch, list[Row]]] = []
    with transaction.atomic(), connection.cursor() as cursor:
        batches = Batch.objects.bulk_create([Batch(route_id=route_id, event_id=event_id) for _ in groups])
        pairs = [(row, batch) for group, batch in zip(groups, batches, strict=True) for row in group]
        cursor.execute(
            "UPDATE connectors_figure AS f SET batch_id = g.batch, in_flight = g.text "
            "FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS g (id, batch, text) "
            "WHERE f.id = g.id AND f.batch_id IS NULL AND f.sent IS DISTINCT FROM g.text RETURNING f.id",
            [[row.id for row, _ in pairs], [batch.pk for _, batch in pairs], [row.text for row, _ in pairs]],
        )
        ours = {row[0] for row in cursor.fetchall()}
        for group, batch in zip(groups, batches, strict=True):
            kept = [row for row in group if row.id in ours]
            if kept:
                batch.content, batch.size, batch.position = content(kept), len(kept), position + len(made)
                made.append((batch, kept))
        Batch.objects.bulk_update([batch for batch, _ in made], ["content", "size", "position"], batch_size=BLOCK)
        full = {batch.pk for batch, _ in made}
        Batch.objects.filter(pk__in=[batch.pk for batch in batches if batch.pk not in full]).delete()
    return made


# --- what is on its way
# ---------------------------------------------------------------------------------------------------------------


def open_batches(route_id: int, *, after: int = 0, limit: int = 20, **more: Any) -> list[Batch]:
    """Batches without a known answer, oldest first; ``more`` narrows them (``remote_id``)."""
    rows = Batch.objects.filter(route_id=route_id, state=BatchState.OPEN, id__gt=after, **more)
    return list(rows.order_by("id")[:limit])


def orphans(route_id: int, event_id: int, *, own_only: bool, limit: int = 20) -> list[Batch]:
    """Open batches no bulk job carries that are an event's own, or were left by one that is over; oldest first."""
    rows = Batch.objects.filter(route_id=route_id, state=BatchState.OPEN, remote_id="")
    if own_only:
        rows = rows.filter(event_id=event_id)
    else:
        others = Event.objects.filter(pk=OuterRef("event_id"), outcome__in=OPEN_OUTCOMES).exclude(pk=event_id)
        rows = rows.exclude(Exists(others))
    return list(rows.order_by("id")[:limit])


def count_open(route_id: int, **more: Any) -> int:
    return Batch.objects.filter(route_id=route_id, state=BatchState.OPEN, **more).count()


def figures_of(batch_ids: Collection[int]) -> dict[int, list[Row]]:
    """The figures of batches, in the order in which they were cut, by batch."""
    found: dict[int, list[Row]] = {one: [] for one in batch_ids}
    rows = Figure.objects.filter(batch_id__in=list(batch_ids)).order_by("id")
    for batch_id, one, key, place, text, sent in rows.values_list(
        "batch_id", "id", "key", "place", "in_flight", "sent"
    ):
        found[batch_id].append(Row(one, key, place, str(text), sent))
    return found


_PROBLEMS = """
UPDATE connectors_figure AS f SET batch_id = NULL, in_flight = NULL,
  problem = CASE WHEN f.wanted = f.in_flight THEN p.code ELSE f.problem END,
  sentence = CASE WHEN f.wanted = f.in_flight THEN p.sentence ELSE f.sentence END
FROM unnest(%(ids)s::bigint[], %(codes)s::text[], %(sentences)s::text[]) AS p (id, code, sentence)
WHERE f.id = p.id AND f.batch_id = ANY(%(batches)s)
"""
_SETTLE = """
WITH b AS (
  UPDATE connectors_batch SET state = %(state)s, answered_at = now(), sentence = %(said)s, content = '{}',
    size = CASE WHEN %(applied)s THEN size ELSE 0 END
  WHERE id = ANY(%(batches)s)
)
UPDATE connectors_figure SET batch_id = NULL, in_flight = NULL,
  sent = CASE WHEN %(applied)s THEN in_flight ELSE sent END, sent_at = CASE WHEN %(applied)s THEN now() ELSE sent_at END
WHERE batch_id = ANY(%(batches)s)
"""


def settle(
    batch_ids: Sequence[int], *, applied: bool = True, problems: Mapping[int, Problem] | None = None, said: str = ""
) -> None:
    """The answer of batches is known, in one statement (in two where there are problems). ``applied``: the target holds
    every figure but those with problems; else nothing counts as held, and those without a problem are pending again, for
    another key. One whose wanted value changed on the way stays pending whatever the answer."""
    values: dict[str, Any] = {
        "batches": list(batch_ids), "applied": applied, "said": clean(said, 2000),
        "state": (BatchState.DONE if applied else BatchState.FAILED).value,
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        if problems:
            cursor.execute(_PROBLEMS, {**values, **_columns(problems)})
            refused = cursor.rowcount
            Batch.objects.filter(pk__in=list(batch_ids)[:1]).update(size=Greatest(F("size") - refused, 0))
        cursor.execute(_SETTLE, values)


def refuse(rows: Collection[Row], problems: Mapping[int, Problem]) -> None:
    """Figures that cannot be sent, with why; one that is wanted otherwise by now is left alone."""
    texts = {row.id: row.text for row in rows}
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE connectors_figure AS f SET problem = p.code, sentence = p.sentence FROM unnest(%(ids)s::bigint[], "
            "%(codes)s::text[], %(sentences)s::text[], %(texts)s::text[]) AS p (id, code, sentence, text) "
            "WHERE f.id = p.id AND f.wanted = p.text AND f.batch_id IS NULL",
            {**_columns(problems), "texts": [texts[one] for one in problems]},
        )


def _columns(problems: Mapping[int, Problem]) -> dict[str, list[Any]]:
    return {
        "ids": list(problems), "codes": [clean(code, 80) for code, _ in problems.values()],
        "sentences": [clean(sentence, 1000) for _, sentence in problems.values()],
    }  # fmt: skip


def correct(held: Mapping[int, str]) -> None:
    """What the target was found to hold, by figure: the next batch compares with it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE connectors_figure AS f SET sent = h.text FROM unnest(%s::bigint[], %s::text[]) AS h (id, text) "
            "WHERE f.id = h.id",
            [list(held), list(held.values())],
        )


def problematic(route_id: int, codes: Collection[str], *, after: int = 0, limit: int = BLOCK) -> list[Row]:
    """The next figures with one of these problems, by id: they may be tried again once the reason is gone."""
    rows = Figure.objects.filter(~Q(problem=""), route_id=route_id, problem__in=list(codes), id__gt=after)
    return [Row(*values) for values in rows.order_by("id").values_list("id", "key", "place", "wanted", "sent")[:limit]]


def try_again(figure_ids: Collection[int]) -> None:
    """What stood in the way of these is gone: they are pending again."""
    Figure.objects.filter(pk__in=list(figure_ids)).update(problem="", sentence="")


def problems_of(route_id: int) -> list[tuple[str, int, list[str], str]]:
    """Every kind of problem a route has now: code, how many figures, some of their keys, one sentence."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT problem, count(*), (array_agg(key ORDER BY id))[:%s], min(sentence) FROM connectors_figure "
            "WHERE route_id = %s AND problem <> '' GROUP BY problem ORDER BY 2 DESC",
            [NAMED, route_id],
        )
        return list(cursor.fetchall())


def sent_by(event_ids: Collection[int]) -> int:
    """How many figures the batches of events have brought to the target so far, in all of their runs."""
    done = Batch.objects.filter(event_id__in=list(event_ids), state=BatchState.DONE)
    return done.aggregate(sum=Sum("size"))["sum"] or 0


def events_of(remote_id: str) -> set[int]:
    """The events whose batches a bulk job of the target carries."""
    rows = Batch.objects.filter(remote_id=remote_id, state=BatchState.OPEN, event_id__isnull=False)
    return {one for one in rows.values_list("event_id", flat=True).distinct() if one is not None}


def count_jobs(event_id: int) -> int:
    """How many bulk jobs an event has started so far."""
    return Batch.objects.filter(~Q(remote_id=""), event_id=event_id).values("remote_id").distinct().count()


def carried_by(remote_id: str, positions: Collection[int]) -> list[Batch]:
    """The open batches at these places of a bulk job."""
    return list(Batch.objects.filter(remote_id=remote_id, position__in=list(positions), state=BatchState.OPEN))


def hand_to(remote_id: str, route_id: int, *, up_to: int) -> int:
    """The open batches that were written into one file, up to this id, travel in this bulk job from now on."""
    rows = Batch.objects.filter(route_id=route_id, state=BatchState.OPEN, remote_id="", id__lte=up_to)
    return rows.update(remote_id=remote_id)


def take_back(batch_ids: Collection[int]) -> None:
    """Batches no bulk job carries any more: they are repeated by themselves, with the same key."""
    Batch.objects.filter(pk__in=list(batch_ids)).update(remote_id="", position=0)


def forget_answered(route_id: int) -> None:
    """Batches answered long ago go; the calls themselves are kept with their events."""
    old = timezone.now() - timedelta(days=DAYS_KEPT)
    Batch.objects.filter(route_id=route_id, answered_at__lt=old).exclude(state=BatchState.OPEN).delete()


def age_s(batch: Batch, now: datetime | None = None) -> float:
    """Seconds since it was cut: its key is good for 24 hours at most vendors."""
    return ((now or timezone.now()) - batch.created_at).total_seconds()
