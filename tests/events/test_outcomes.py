"""Outcomes: exactly one of each event, whatever the result holds; resolving and retrying by hand."""

from __future__ import annotations

import pytest

from events.models import Event, Outcome, Reason
from events.outcomes import Result, finish, resolve, retry
from tests.cast import an_event, claim


def finished(event: Event, outcome: Outcome = Outcome.SUCCEEDED, **more) -> Event:
    [taken] = [e for e in claim(event.connector_id) if e.pk == event.pk]
    assert finish([Result.of(taken, outcome, **more)]) == {event.pk}
    return Event.objects.get(pk=event.pk)


def test_a_batch_is_written_at_once(db):
    for _ in range(5):
        an_event(None)
    taken = claim(1)
    assert finish([Result.of(e, Outcome.SUCCEEDED, sentence=f"{e.pk}") for e in taken]) == {e.pk for e in taken}
    assert {e.sentence for e in Event.objects.all()} == {str(e.pk) for e in taken}


def test_odd_characters_in_one_result_do_not_fail_the_batch(db):
    an_event(None), an_event(None)
    good, bad = claim(1)
    odd = "a\x00b\ud800"
    results = [
        Result.of(good, Outcome.SUCCEEDED, sentence="Good."),
        Result.of(bad, Outcome.FAILED, reason=Reason.REFUSED, reason_code=odd * 60, sentence=odd * 4000, next_step=odd,
                  notes=[{"code": odd, "text": odd * 9000}] * 500, object_id=odd * 200, object_label=odd),
    ]  # fmt: skip
    assert finish(results) == {good.pk, bad.pk}
    stored = Event.objects.get(pk=bad.pk)
    assert len(stored.notes) == 101
    assert len(stored.sentence) <= 2000


@pytest.mark.parametrize("pause", [float("nan"), float("inf"), 1e300, -5.0])
def test_a_pause_that_makes_no_sense_is_bounded(db, pause):
    event = finished(an_event(None), Outcome.WAITING, reason=Reason.RETRY, due_in_s=pause)
    assert event.due_at is not None


def test_pauses_of_whole_and_of_broken_seconds_are_written_together(db):
    events = [an_event(None, obj="1"), an_event(None, obj="2"), an_event(None, obj="3")]
    claim(1)
    taken = Event.objects.filter(pk__in=[one.pk for one in events])
    results = [
        Result.of(one, Outcome.WAITING, reason=Reason.DEPENDENCY, due_in_s=pause)
        for one, pause in zip(taken, (20, 1.5, None), strict=True)
    ]
    assert finish(results) == {one.pk for one in events}


def test_a_reason_nobody_knows_does_not_lose_the_outcome(db):
    event = finished(an_event(None), Outcome.FAILED, reason="rejected by somebody unheard of", sentence="No.")
    assert event.outcome == Outcome.FAILED


def test_a_later_success_of_the_same_object_resolves_earlier_failures(db):
    failed = finished(an_event(None, "delete", obj="7"), Outcome.FAILED, reason=Reason.REFUSED)
    elsewhere = finished(an_event(None, "delete", obj="8"), Outcome.FAILED, reason=Reason.REFUSED)
    success = finished(an_event(None, obj="7"))
    failed.refresh_from_db(), elsewhere.refresh_from_db()
    assert failed.resolved_by == "the hub"
    assert str(success.pk) in failed.resolved_note
    assert elsewhere.resolved_at is None


def test_an_earlier_success_resolves_nothing_later(db):
    early = an_event(None, obj="7", is_supersedable=False)
    late = an_event(None, "delete", obj="7")
    Event.objects.filter(pk=late.pk).update(outcome=Outcome.FAILED)
    finished(early)
    late.refresh_from_db()
    assert late.resolved_at is None


def test_resolving_by_hand_keeps_name_and_note_and_touches_failures_only(db):
    failed = finished(an_event(None), Outcome.FAILED, reason=Reason.REFUSED)
    good = finished(an_event(None))
    assert resolve([failed.pk, good.pk], by="sam", note="Entered by hand.") == 1
    assert resolve([failed.pk], by="rita", note="Again.") == 0
    failed.refresh_from_db()
    assert (failed.resolved_by, failed.resolved_note) == ("sam", "Entered by hand.")


def test_retrying_by_hand_gives_fresh_attempts_to_what_did_not_succeed(db):
    failed = finished(an_event(None), Outcome.FAILED, reason=Reason.REFUSED, sentence="No.")
    filtered = finished(an_event(None), Outcome.SKIPPED, reason=Reason.FILTERED)
    superseded = finished(an_event(None), Outcome.SKIPPED, reason=Reason.SUPERSEDED)
    good = finished(an_event(None))
    assert retry([failed.pk, filtered.pk, superseded.pk, good.pk], by="sam") == 2
    failed.refresh_from_db()
    assert (failed.outcome, failed.attempts, failed.triggered_by) == (Outcome.QUEUED, 0, "sam")
    assert (failed.sentence, failed.finished_at) == ("", None)
