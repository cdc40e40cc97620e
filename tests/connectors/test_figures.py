"""Figures: a source offers a hundred thousand values, a target is sent what differs, and nothing is lost on the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from connectors import feeds, figures, holdings
from connectors.exceptions import NotDone, RemoteTimedOut, RemoteUnavailable, Skip
from connectors.feeds import Answered
from connectors.models import Batch, Figure, Route
from connectors.records import Price, StockLevel
from events.models import Event, Outcome, Reason
from events.outcomes import retry
from tests.cast import an_event, run_one


def level(sku: str, quantity: object, location: str = "MAIN", **more: object) -> StockLevel:
    return StockLevel(sku=sku, location=location, quantity=Decimal(str(quantity)), **more)


class Shop:
    """A target that keeps what it is told, and fails as a test says."""

    def __init__(self, run) -> None:
        self.run = run
        self.at_once = 250

    calls: list = []
    held: dict = {}
    errors: list = []
    unknown: set = set()
    refused: set = set()

    def group(self, rows):
        known = [row for row in rows if row.key not in self.unknown]
        problems = {row.id: ("unknown_sku", "The shop has no such SKU.") for row in rows if row.key in self.unknown}
        return [known[at : at + self.at_once] for at in range(0, len(known), self.at_once)], problems

    def content(self, rows):
        return {"rows": [[row.key, row.place, row.text] for row in rows]}

    def send(self, batch, rows):
        Shop.calls.append((str(batch.key), batch.content))
        if Shop.errors:
            raise Shop.errors.pop(0)
        bad = {row.id: ("refused", "Not this one.") for row in rows if row.key in self.refused}
        if bad:
            return Answered(applied=False, problems=bad)
        Shop.held |= {(key, place): text for key, place, text in batch.content["rows"]}
        return Answered()


@pytest.fixture
def route(db, make_connector, testing_provider, monkeypatch) -> Route:
    monkeypatch.setattr(feeds, "PAUSES_S", (0.0, 0.0))
    Shop.calls, Shop.held, Shop.errors, Shop.unknown, Shop.refused = [], {}, [], set(), set()
    testing_provider.STATE.feed = lambda run: (feeds.send(run, Shop(run)), feeds.told(run))[1]
    source, target = make_connector("ERP"), make_connector("Shop")
    return Route.objects.create(source=source, target=target, record_kind="stock")


def offer(route: Route, testing_provider, rows, **more):
    """Run a sync of the source that offers these rows; what the run was told."""
    made = []

    def call(run):
        made.append(run.offer(StockLevel, iter(rows), **more))
        return made[0].sentence("Stock level")

    testing_provider.STATE.call = call
    an_event(route.source, "call")
    _, event = run_one(route.source)
    return (made[0] if made else None), event


def feed(route: Route) -> Event:
    return run_one(route.target)[1]


def test_what_a_source_offers_reaches_the_target_once(route, testing_provider):
    made, event = offer(route, testing_provider, [level(f"SKU-{n}", n) for n in range(2_345)])
    assert (made.rows, made.changed, made.routes) == (2_345, 2_345, 1)
    assert event.sentence == "2,345 stock levels were read, 2,345 differ from before."
    fed = feed(route)
    assert (fed.topic, fed.parent_id, fed.outcome) == ("stock/feed", event.pk, Outcome.SUCCEEDED)
    assert fed.sentence == "2,345 stock levels sent, 0 unchanged."
    assert len(Shop.calls) == 10 and len({key for key, _ in Shop.calls}) == 10, "blocks of 1,000 in batches of 250"
    assert Shop.held["SKU-77", "MAIN"] == "77"
    assert figures.count_pending(route.pk) == 0


def test_only_what_changed_is_written_and_sent(route, testing_provider):
    offer(route, testing_provider, [level(f"SKU-{n}", n) for n in range(100)])
    feed(route)
    Shop.calls.clear()
    before = set(Figure.objects.values_list("id", "wanted_at"))
    made, _ = offer(route, testing_provider, [level(f"SKU-{n}", n if n else "12.0") for n in range(100)])
    assert made.changed == 1
    assert len(before ^ set(Figure.objects.values_list("id", "wanted_at"))) == 2
    assert feed(route).sentence == "1 stock level sent, 99 unchanged."
    assert Shop.calls[0][1] == {"rows": [["SKU-0", "MAIN", "12"]]}


def test_nothing_is_read_where_no_route_wants_it(route, testing_provider):
    Route.objects.update(is_enabled=False)

    def rows():
        raise AssertionError("read all the same")
        yield

    _, event = offer(route, testing_provider, rows())
    assert (event.outcome, event.reason) == (Outcome.SKIPPED, Reason.NOT_ROUTED)


def test_each_route_keeps_and_is_sent_its_own(route, testing_provider, make_connector):
    other = Route.objects.create(source=route.source, target=make_connector("Outlet"), record_kind="stock")
    made, _ = offer(route, testing_provider, [level("A", 1)])
    assert made.changed == 2
    assert feed(route).outcome == feed(other).outcome == Outcome.SUCCEEDED


def test_a_newer_feed_replaces_one_that_waits(route, testing_provider):
    offer(route, testing_provider, [level("A", 1)])
    offer(route, testing_provider, [level("A", 2)])
    feed(route)
    assert sorted(Event.objects.filter(topic="stock/feed").values_list("outcome", flat=True)) == [
        Outcome.SKIPPED, Outcome.SUCCEEDED,
    ]  # fmt: skip
    assert Shop.held["A", "MAIN"] == "2"


# --- restarts and lost answers


def test_a_lost_answer_is_repeated_with_the_same_key_and_content(route, testing_provider):
    offer(route, testing_provider, [level("A", 1)])
    Shop.errors = [RemoteTimedOut("No answer.", code="timeout")]
    feed(route)
    assert len(Shop.calls) == 2 and Shop.calls[0] == Shop.calls[1]
    assert Batch.objects.get().state == "done"


def test_a_restart_repeats_what_was_open_before_it_cuts_anew(route, testing_provider):
    offer(route, testing_provider, [level(f"SKU-{n}", n) for n in range(600)])
    Shop.errors = [RemoteTimedOut("No answer.", code="timeout")] * 3
    waiting = feed(route)
    assert (waiting.outcome, waiting.reason) == (Outcome.WAITING, Reason.RETRY)
    offer(route, testing_provider, [level("SKU-0", 5)])  # the source moved on meanwhile
    cut = list(Batch.objects.order_by("id").values_list("key", "content"))
    assert len(cut) == 3, "all of a block are written down before the first leaves"
    Shop.calls.clear()
    feed(route)
    assert [(key, content) for key, content in Shop.calls[:3]] == [(str(key), content) for key, content in cut]
    assert Shop.calls[3][1] == {"rows": [["SKU-0", "MAIN", "5"]]}
    assert Shop.held["SKU-0", "MAIN"] == "5" and len(Shop.held) == 600


def test_a_key_too_old_to_be_repeated_is_not(route, testing_provider):
    offer(route, testing_provider, [level("A", 1)])
    Shop.errors = [RemoteTimedOut("No answer.", code="timeout")] * 3
    feed(route)
    old = Batch.objects.get()
    Batch.objects.update(created_at=datetime.now(UTC) - timedelta(hours=23, minutes=5))
    Shop.calls.clear()
    retry(list(Event.objects.filter(topic="stock/feed").values_list("pk", flat=True)), by="ada")
    feed(route)
    assert len(Shop.calls) == 1 and Shop.calls[0][0] != str(old.key)
    old.refresh_from_db()
    assert old.state == "failed" and Figure.objects.get().sent == "1"


def test_a_feed_that_got_somewhere_goes_on_by_itself(route, testing_provider):
    """The vendor goes away in the middle: that is no failed attempt, however often it happens."""
    offer(route, testing_provider, [level(f"SKU-{n}", n) for n in range(600)])
    Shop.errors = [None, *[RemoteUnavailable("Away.", code="503")] * 3]
    send = Shop.send

    def some(self, batch, rows):
        if Shop.errors and Shop.errors[0] is None:
            Shop.errors.pop(0)
            kept, Shop.errors = Shop.errors, []
            answered = send(self, batch, rows)
            Shop.errors = kept
            return answered
        return send(self, batch, rows)

    Shop.send = some
    try:
        event = feed(route)
    finally:
        Shop.send = send
    assert (event.outcome, event.attempts) == (Outcome.WAITING, 0)
    assert event.sentence == "250 of 600 sent, then: Away. The hub goes on by itself."
    Event.objects.filter(pk=event.pk).update(outcome=Outcome.QUEUED)
    assert feed(route).outcome == Outcome.SUCCEEDED and len(Shop.held) == 600


def test_a_long_feed_is_put_down_and_goes_on(route, testing_provider, monkeypatch):
    monkeypatch.setattr(feeds, "RUN_S", 0.0)
    offer(route, testing_provider, [level(f"SKU-{n}", n) for n in range(600)])
    for expected in (250, 500, 600):
        event = feed(route)
        assert len(Shop.held) == expected and event.outcome == Outcome.WAITING
        assert event.sentence.startswith(f"{expected} of 600 sent")
        Event.objects.filter(pk=event.pk).update(outcome=Outcome.QUEUED)
    assert feed(route).sentence == "600 stock levels sent, 0 unchanged.", "in all of its runs"


def test_how_far_it_is_shows_while_it_runs(route, testing_provider):
    offer(route, testing_provider, [level(f"SKU-{n}", n) for n in range(600)])
    seen = []
    testing_provider.STATE.feed = lambda run: (
        feeds.send(run, Shop(run)), seen.append(Event.objects.get(pk=run.the_event.pk).sentence), "Done."
    )[2]  # fmt: skip
    feed(route)
    assert seen == ["250 of 600 done."]


def test_what_changes_on_the_way_is_sent_again(route, testing_provider):
    offer(route, testing_provider, [level("A", 1)])
    send = Shop.send

    def while_sending(self, batch, rows):
        Shop.send = send
        figures.offer([route.pk], [level("A", 2)])
        return send(self, batch, rows)

    Shop.send = while_sending
    feed(route)
    one = Figure.objects.get()
    assert (one.wanted, one.sent, one.in_flight, one.batch) == ("2", "1", None, None)
    assert figures.count_pending(route.pk) == 1


# --- problems


def test_a_problem_is_kept_with_its_figure_until_the_source_says_something_new(route, testing_provider):
    Shop.unknown = {"X-1", "X-2"}
    offer(route, testing_provider, [level(sku, 1) for sku in ("A", "X-1", "X-2")])
    event = feed(route)
    assert event.sentence == "1 stock level sent, 0 unchanged, 2 with problems."
    assert event.notes == [{"code": "unknown_sku", "text": "2: X-1, X-2. The shop has no such SKU."}]
    offer(route, testing_provider, [level(sku, 1) for sku in ("A", "X-1", "X-2")])
    assert feed(route).sentence == "0 stock levels sent, 1 unchanged, 2 with problems."
    Shop.unknown = set()
    offer(route, testing_provider, [level("X-1", 3)])
    assert feed(route).sentence == "1 stock level sent, 1 unchanged, 1 with problems."
    assert Figure.objects.get(key="X-2").sentence == "The shop has no such SKU."


def test_a_refused_batch_goes_again_without_what_was_named_and_with_another_key(route, testing_provider):
    Shop.refused = {"B"}
    offer(route, testing_provider, [level(sku, 1) for sku in "ABC"])
    feed(route)
    assert [content["rows"] for _, content in Shop.calls] == [
        [["A", "MAIN", "1"], ["B", "MAIN", "1"], ["C", "MAIN", "1"]], [["A", "MAIN", "1"], ["C", "MAIN", "1"]],
    ]  # fmt: skip
    assert Shop.calls[0][0] != Shop.calls[1][0]
    assert Figure.objects.get(key="B").problem == "refused" and Figure.objects.get(key="B").sent is None


def test_a_batch_refused_for_ever_does_not_go_round_for_ever(route, testing_provider, monkeypatch):
    monkeypatch.setattr(Shop, "send", lambda self, batch, rows: (Shop.calls.append(1), Answered(applied=False))[1])
    offer(route, testing_provider, [level("A", 1)])
    feed(route)
    event = Event.objects.get(topic="stock/feed")
    assert len(Shop.calls) == feeds.PASSES and figures.count_pending(route.pk) == 1
    assert event.sentence == "0 stock levels sent, 0 unchanged."
    assert event.notes[0]["text"] == "1 could not be sent this time; the next run sends them."


def test_a_problem_may_be_tried_again_once_its_reason_is_gone(route, testing_provider):
    Shop.unknown = {"X"}
    offer(route, testing_provider, [level("X", 1), level("Y", 1)])
    feed(route)
    assert figures.problematic(route.pk, ["something_else"]) == []
    [row] = figures.problematic(route.pk, ["unknown_sku"])
    figures.try_again([row.id])
    assert (row.key, figures.count_pending(route.pk)) == ("X", 1)


# --- odd rows and complete pictures


def test_rows_nobody_can_use_are_counted_and_named(route, testing_provider):
    rows = [level("", 1), level("x" * 201, 1), level("a\x00b", 1), level("A", 1), level("A", 2)]
    made, event = offer(route, testing_provider, rows)
    assert (made.rows, made.unusable, made.changed) == (5, 3, 1)
    assert event.notes[0]["code"] == "unusable" and "(no SKU)" in event.notes[0]["text"]
    assert Figure.objects.get().wanted == "2", "of two rows for one figure the last counts"


def test_an_older_row_does_not_undo_a_newer_one(route, testing_provider):
    now = datetime.now(UTC)
    offer(route, testing_provider, [level("A", 5, updated_at=now)])
    made, event = offer(route, testing_provider, [level("A", 7, updated_at=now - timedelta(minutes=1))])
    assert (made.changed, made.older, Figure.objects.get().wanted) == (0, 1, "5")
    assert event.notes == [{"code": "older", "text": "1 rows were older than what the hub knows, and were left alone."}]


def test_an_older_row_does_not_undo_a_newer_one_that_said_the_same_as_before(route, testing_provider):
    now = datetime.now(UTC)
    offer(route, testing_provider, [level("A", 5, updated_at=now - timedelta(hours=2))])
    offer(route, testing_provider, [level("A", 5, updated_at=now)])
    made, _ = offer(route, testing_provider, [level("A", 7, updated_at=now - timedelta(hours=1))])
    assert (made.changed, made.older, Figure.objects.get().wanted) == (0, 1, "5")


@pytest.mark.parametrize("rows", [[], [("", 5), ("X" * 300, 5)]], ids=["none", "none that can be used"])
def test_a_picture_of_nothing_empties_no_warehouse(route, testing_provider, rows):
    """A source that broke off before its first row is not one that has nothing left."""
    offer(route, testing_provider, [level("A", 1), level("B", 2)], complete=True)
    made, _ = offer(route, testing_provider, [level(*row) for row in rows], complete=True, absent="0")
    assert made.absent == 0
    assert sorted(Figure.objects.values_list("key", "wanted")) == [("A", "1"), ("B", "2")]


def test_what_is_named_again_is_wanted_again_however_long_ago_it_changed(route, testing_provider):
    """A source whose rows say when they changed leaves one out once, as a page it skipped."""
    then = datetime.now(UTC) - timedelta(days=3)
    rows = [level("A", 1, updated_at=then), level("B", 4, updated_at=then)]
    offer(route, testing_provider, rows, complete=True)
    offer(route, testing_provider, rows[:1], complete=True, absent="0")
    made, _ = offer(route, testing_provider, rows, complete=True, absent="0")
    assert (made.changed, made.older) == (1, 0)
    assert dict(Figure.objects.values_list("key", "wanted")) == {"A": "1", "B": "4"}


def test_what_a_complete_picture_leaves_out_is_listed(route, testing_provider):
    offer(route, testing_provider, [level("A", 1), level("B", 1)], complete=True)
    made, event = offer(route, testing_provider, [level("A", 1)], complete=True)
    assert (made.absent, made.changed) == (1, 0)
    assert "B at MAIN" in event.notes[0]["text"] and "stay as they are" in event.notes[0]["text"]
    assert Figure.objects.get(key="B").absent_since is not None
    made, _ = offer(route, testing_provider, [level("A", 1)], complete=True)
    assert made.absent == 0, "listed once"
    offer(route, testing_provider, [level("A", 1), level("B", 1)], complete=True)
    assert Figure.objects.get(key="B").absent_since is None


def test_what_a_complete_picture_leaves_out_may_be_set_to_nothing(route, testing_provider):
    offer(route, testing_provider, [level("A", 1), level("B", 1)], complete=True)
    feed(route)
    made, _ = offer(route, testing_provider, [level("A", 1)], complete=True, absent="0")
    assert made.changed == 1
    feed(route)
    assert Shop.held == {("A", "MAIN"): "1", ("B", "MAIN"): "0"}


def test_figures_go_with_their_route(route, testing_provider):
    offer(route, testing_provider, [level("A", 1)])
    feed(route)
    route.delete()
    assert not Figure.objects.exists() and not Batch.objects.exists()


# --- the database


def test_pending_figures_are_found_by_their_own_index(route):
    """A million figures of which a hundred differ: the feed must not read the others."""
    figures.offer([route.pk], (level(f"SKU-{n}", n) for n in range(5_000)))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE connectors_figure SET sent = wanted WHERE id % 50 <> 0")
        cursor.execute("ANALYZE connectors_figure")
        rows = Figure.objects.filter(figures.PENDING, route_id=route.pk, id__gt=0).order_by("id")
        plan = rows.values_list("id", "key", "place", "wanted", "sent")[:1000].explain()
    assert "figure_pending" in plan and "Sort" not in plan, plan


@pytest.mark.parametrize(
    "one",
    [
        level("A", "3"),
        level("A", "3", counts="on_hand"),
        Price(sku="A", currency="EUR", amount=Decimal("12.50")),
        Price(sku="A", price_list="B2B", currency="EUR", amount=Decimal("12.5"), compare_at=Decimal("15")),
        Price(sku="A", price_list="B2B north", currency="EUR", amount=Decimal("9"), min_quantity=10),
        Price(sku="A", currency="EUR", amount=Decimal("9"), min_quantity=10),
    ],
)
def test_a_kept_figure_reads_back_as_what_it_was(one):
    again = type(one).read(one.key, one.place, one.text)
    assert again.text == one.text and again == one


def test_values_that_mean_the_same_read_the_same():
    assert level("A", "12.50").text == level("A", "12.5").text == "12.5"
    assert level("A", "1E+2").text == "100" and level("A", "-0").text == "0"


def test_no_route_no_reading(db, make_connector, testing_provider):
    with pytest.raises(Skip):
        feeds.routes_of(make_connector("ERP"), StockLevel)


def test_a_feed_that_is_not_done_waits_without_losing_an_attempt(route, testing_provider):
    def poll(run):
        raise NotDone("The shop is still at it.", retry_after_s=10)

    testing_provider.STATE.feed = poll
    offer(route, testing_provider, [level("A", 1)])
    event = feed(route)
    assert (event.outcome, event.reason, event.attempts) == (Outcome.WAITING, Reason.DEPENDENCY, 0)


def test_much_is_sent_by_several_events_at_once_and_told_by_one(route, testing_provider, monkeypatch):
    monkeypatch.setattr(feeds, "HELPED_FROM", 1_000)
    monkeypatch.setattr(feeds, "HELPERS_WAIT_S", 0.0)
    testing_provider.STATE.feed = lambda run: (feeds.send(run, Shop(run), at_once=3), feeds.told(run))[1]
    offer(route, testing_provider, [level(f"SKU-{n}", n) for n in range(3_000)])
    first = feed(route)
    assert first.outcome == Outcome.WAITING and len(Shop.held) == 3_000, "it took what its helpers had not begun"
    helpers = [feed(route), feed(route)]
    assert {one.outcome for one in helpers} == {Outcome.SUCCEEDED} and helpers[0].parent_id == first.pk
    assert helpers[0].sentence == f"0 stock levels sent, as a helper of event {first.pk}."
    Event.objects.filter(pk=first.pk).update(outcome=Outcome.QUEUED)
    assert feed(route).sentence == "3,000 stock levels sent, 0 unchanged."


def test_a_helper_sends_its_own_share_only(route, testing_provider, monkeypatch):
    monkeypatch.setattr(feeds, "HELPED_FROM", 1_000)
    monkeypatch.setattr(feeds, "RUN_S", -1.0)  # the first is put down after one call
    testing_provider.STATE.feed = lambda run: (feeds.send(run, Shop(run), at_once=3), feeds.told(run))[1]
    offer(route, testing_provider, [level(f"SKU-{n}", n) for n in range(3_000)])
    feed(route)
    monkeypatch.setattr(feeds, "RUN_S", 480.0)
    helper = feed(route)
    assert helper.sentence.startswith("1,000 stock levels sent, as a helper")
    assert Figure.objects.filter(sent__isnull=False).count() == 1_250


def test_what_another_feed_brought_there_meanwhile_is_not_cut_again(route):
    figures.offer([route.pk], [level("A", 1), level("B", 2)])
    rows = figures.pending(route.pk)  # as this feed sees it
    [(batch, _)] = figures.cut(route.pk, 1, [rows[:1]], lambda kept: {})
    figures.settle([batch.pk])  # a helper was quicker
    [(_, kept)] = figures.cut(route.pk, 2, [rows], lambda kept: {})
    assert [row.key for row in kept] == ["B"]


def test_everything_is_wanted_again_where_the_source_says_so(route):
    figures.offer([route.pk], [level("A", 1), level("B", 2)])
    _hold(route, "A", "B")
    figures.offer([route.pk], [level("A", 1)], again=True)
    assert figures.count_pending(route.pk) == 2


def _hold(route: Route, *keys: str) -> None:
    """The target has confirmed these, an hour ago."""
    rows = [row for row in figures.pending(route.pk) if row.key in keys]
    [(batch, _)] = figures.cut(route.pk, 1, [rows], lambda kept: {})
    figures.settle([batch.pk])
    Figure.objects.filter(route=route).update(sent_at=datetime.now(UTC) - timedelta(hours=1))


def test_what_a_target_is_found_to_hold_is_told_and_sent_again(route):
    figures.offer([route.pk], [level("A", 1), level("B", 2), level("C", 3)])
    _hold(route, "A", "B", "C")
    known = {row.key: row.id for row in holdings.at(route.pk, [("A", "MAIN"), ("B", "MAIN"), ("D", "MAIN")])}
    assert set(known) == {"A", "B"}
    found = holdings.compare(route.pk, {known["A"]: "1", known["B"]: "9"}, before=datetime.now(UTC))
    assert [(one.key, one.held, one.wanted) for one in found] == [("B", "9", "2")]
    assert [(row.key, row.sent) for row in figures.pending(route.pk)] == [("B", "9")]


def test_what_was_sent_after_the_target_was_read_is_no_difference(route):
    figures.offer([route.pk], [level("A", 1)])
    read_at = datetime.now(UTC) - timedelta(hours=2)
    _hold(route, "A")
    [row] = holdings.at(route.pk, [("A", "MAIN")])
    assert holdings.compare(route.pk, {row.id: "9"}, before=read_at) == []
    assert figures.count_pending(route.pk) == 0
