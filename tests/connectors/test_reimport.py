"""Bringing in again by hand, from a real shop into a real Xoro (both sandboxes): what is left out, what somebody forces,
and that nothing is there twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from connectors import periods, syncing
from connectors.exceptions import ConfigurationError
from connectors.models import Link, Route
from connectors.run import Run
from events import cancelling
from events.drain import Drainer
from events.models import Event, Kind, Outcome, Reason
from events.outcomes import retry
from tests.connectors.xoro.cast import make_order

pytestmark = pytest.mark.django_db(transaction=True)
ZONE = "America/Toronto"


@pytest.fixture
def shop(install):
    return install("shopify", name="Lumen Goods")


@pytest.fixture
def erp(install, shop):
    made = install("xoro", name="Xoro", import_time_zone=ZONE)
    Route.objects.create(source=shop, target=made, record_kind="order", options={})
    return made


def begins(erp, day: date) -> None:
    erp.settings = {**erp.settings, "import_start_date": day.isoformat()}
    erp.save()


def created(sandbox) -> int:
    return len([one for one in sandbox.log("xoro") if one["path"].endswith("/salesorder/create")])


def by_number(shop, number: str, **more) -> Event:
    event_id = syncing.start_single(shop, "order", number, by="sam", **more)
    Drainer(0).run()
    return Event.objects.get(kind=Kind.DELIVERY, parent_id=event_id)


def test_an_order_older_than_the_start_is_left_out_and_says_since_when(sandbox, shop, erp):
    begins(erp, timezone.localdate() + timedelta(days=2))
    row = by_number(shop, "#2207")
    assert (row.outcome, row.reason, row.reason_code) == (Outcome.SKIPPED, Reason.FILTERED, "before_start")
    assert "is older than the start of the integration of Xoro" in row.sentence
    assert created(sandbox) == 0


def test_somebody_may_have_it_brought_in_all_the_same_and_is_named(sandbox, shop, erp):
    begins(erp, timezone.localdate() + timedelta(days=2))
    by_number(shop, "#2207")
    row = by_number(shop, "#2207", is_forced=True)
    assert (row.outcome, row.forced_by, row.is_supersedable) == (Outcome.SUCCEEDED, "sam", False), row.sentence
    assert created(sandbox) == 1


def test_brought_in_twice_it_is_there_once(sandbox, shop, erp):
    assert by_number(shop, "#2207").outcome == Outcome.SUCCEEDED
    again = by_number(shop, "#2207", is_forced=True)
    assert (again.outcome, again.reason) == (Outcome.SKIPPED, Reason.UNCHANGED)
    assert created(sandbox) == 1


def test_where_the_ledger_was_lost_the_target_is_asked_before_anything_is_written(sandbox, shop, erp):
    by_number(shop, "#2207")
    Link.objects.all().delete()
    again = by_number(shop, "#2207", is_forced=True)
    assert again.outcome == Outcome.SUCCEEDED, again.sentence
    assert created(sandbox) == 1


def test_the_start_is_midnight_in_the_zone_of_the_settings(erp):
    begins(erp, date(2026, 3, 8))
    at = periods.starts_at(erp)
    assert at == datetime(2026, 3, 8, 5, 0, tzinfo=UTC)
    assert at.astimezone(ZoneInfo(ZONE)).hour == 0


@pytest.mark.parametrize(("minutes", "outcome"), [(-1, Outcome.SKIPPED), (0, Outcome.SUCCEEDED)])
def test_a_minute_around_that_midnight_decides(shop, erp, minutes, outcome):
    begins(erp, date(2026, 3, 8))
    at = periods.starts_at(erp) + timedelta(minutes=minutes)
    assert _delivered(shop, erp, make_order(created_at=at)).outcome == outcome


def _delivered(shop, erp, order) -> Event:
    event_id = syncing.start_sync(shop, "orders", by="sam")
    Event.objects.filter(pk=event_id).update(outcome=Outcome.SUCCEEDED)
    Run(shop, Event.objects.get(pk=event_id)).deliver(order)
    Drainer(0).run()
    return Event.objects.get(kind=Kind.DELIVERY, parent_id=event_id)


def test_what_was_delivered_before_the_start_was_set_is_kept_up_to_date(sandbox, shop, erp):
    assert by_number(shop, "#2207").outcome == Outcome.SUCCEEDED
    begins(erp, timezone.localdate() + timedelta(days=2))
    assert by_number(shop, "#2207").reason == Reason.UNCHANGED


# --- by days --------------------------------------------------------------------------------------------------------


def test_days_bring_in_every_order_placed_then_once_and_say_how_many_before(sandbox, shop, erp):
    [way] = [one for one in periods.ways(erp) if one.kind == "order"]
    first, last = timezone.localdate() - timedelta(days=30), timezone.localdate() + timedelta(days=1)
    count, why_not = periods.count(way, first, last, by="sam")
    assert (count, why_not) == (count, "") and count
    for _ in range(2):
        event_id = syncing.start_period(shop, "orders", first, last, by="sam")
        Drainer(0).run()
    walk = Event.objects.get(pk=event_id)
    assert walk.sentence.startswith(f"{count} order")
    placed = Event.objects.filter(parent_id=event_id).count()
    assert placed == count
    assert created(sandbox) == Link.objects.filter(target=erp).count() > 0


def test_the_same_days_are_not_walked_twice_at_once(shop, erp):
    asked = (shop, "orders", date(2026, 11, 1), date(2026, 11, 2))
    assert syncing.start_period(*asked, by="sam") == syncing.start_period(*asked, by="ada")
    assert syncing.start_period(*asked, by="ada", is_forced=True) != syncing.start_period(*asked, by="sam")
    with pytest.raises(ConfigurationError, match="cannot bring in a range of days of nothing"):
        syncing.start_period(shop, "nothing", date(2026, 11, 1), date(2026, 11, 2), by="sam")


def test_what_is_cancelled_ends_with_a_name_and_what_began_goes_on(sandbox, shop, erp):
    event_id = syncing.start_period(
        shop, "orders", timezone.localdate() - timedelta(days=30), timezone.localdate(), by="sam"
    )
    Event.objects.filter(pk=event_id).update(outcome=Outcome.SUCCEEDED)
    walk = Event.objects.get(pk=event_id)
    for number in range(3):
        Run(shop, walk).spawn(topic="orders/updated", object_type="order", object_id=str(number), object_label="#1")
    tried = Event.objects.filter(parent_id=event_id).first()
    Event.objects.filter(pk=tried.pk).update(outcome=Outcome.WAITING, attempts=1)
    assert cancelling.cancel(event_id, by="ada") == 2
    assert set(Event.objects.filter(parent_id=event_id).values_list("outcome", "sentence")) == {
        (Outcome.SKIPPED, "Cancelled by ada before it began."),
        (Outcome.WAITING, ""),
    }


def test_a_walk_that_runs_ends_at_its_next_sign_of_progress(sandbox, shop, erp, monkeypatch):
    seen = Run.progress

    def cancelled(run, done, expected):
        Event.objects.filter(pk=run.event.pk).update(cancelled_by="ada")
        seen(run, done, expected)

    monkeypatch.setattr(Run, "progress", cancelled)
    event_id = syncing.start_period(
        shop, "orders", timezone.localdate() - timedelta(days=30), timezone.localdate(), by="sam"
    )
    Drainer(0).run()
    walk = Event.objects.get(pk=event_id)
    assert (walk.outcome, walk.reason, walk.reason_code) == (Outcome.SKIPPED, Reason.NOT_SENT, "cancelled")
    assert walk.sentence.startswith("Cancelled by ada after 1 of")
    monkeypatch.undo()
    retry([event_id], by="sam")
    Drainer(0).run()
    walk.refresh_from_db()
    assert walk.outcome == Outcome.SUCCEEDED, "a Retry by hand is no longer cancelled"
    assert created(sandbox) > 1
    assert not Event.objects.filter(reason_code="cancelled").exists(), "what was cancelled with it is done as well"


# --- the page -------------------------------------------------------------------------------------------------------


def test_the_page_asks_before_days_are_brought_in_and_follows_them(client, supporter, sandbox, shop, erp):
    begins(erp, date(2026, 3, 8))
    client.force_login(supporter)
    address = reverse("admin:connectors_connector_import", args=[erp.pk])
    shown = client.get(address).text
    assert "Orders from Lumen Goods" in shown
    assert "Xoro takes part since <time" in shown and "2026-03-08 05:00:00 UTC" in shown
    asked = {
        "way": f"{shop.pk}:order",
        "first": str(timezone.localdate() - timedelta(days=30)),
        "last": str(timezone.localdate()),
    }
    confirm = client.post(address, asked).text
    assert not Event.objects.filter(topic="period:orders").exists()
    assert Event.objects.get(topic="period:orders/count").outcome == Outcome.SUCCEEDED
    assert "Those older than the start of the integration are left out." in confirm
    started = client.post(address, {**asked, "start": "1"})
    assert started.status_code == 302
    event = Event.objects.get(topic="period:orders")
    assert (event.triggered_by, event.forced_by) == ("sam", "")
    followed = client.get(started["Location"]).text
    assert "Under way" in followed
    assert client.post(started["Location"]).status_code == 302
    assert Event.objects.get(pk=event.pk).outcome == Outcome.SKIPPED
    assert "Finished" in client.get(started["Location"]).text


def test_a_bug_in_a_count_is_a_sentence_and_the_days_can_be_brought_in_all_the_same(
    client, supporter, shop, erp, monkeypatch
):
    def broken(run, first, last):
        raise KeyError("count")

    periods_of = shop.provider.periods
    monkeypatch.setitem(periods_of, "orders", replace(periods_of["orders"], count=broken))
    client.force_login(supporter)
    address = reverse("admin:connectors_connector_import", args=[erp.pk])
    asked = {"way": f"{shop.pk}:order", "first": "2026-11-01", "last": "2026-11-02"}
    shown = client.post(address, asked)
    assert shown.status_code == 200
    assert "could not be counted: The hub has a bug in its count (KeyError)." in shown.text
    assert 'value="1" data-once>Bring in</button>' in shown.text
    event = Event.objects.get(topic="period:orders/count")
    assert (event.outcome, event.reason, event.reason_code) == (Outcome.FAILED, Reason.BUG, "KeyError")
    assert client.post(address, {**asked, "start": "1"}).status_code == 302


def test_a_count_that_finds_nothing_to_do_says_why(client, supporter, sandbox, shop, erp):
    Route.objects.create(source=shop, target=erp, record_kind="payout", options={})
    sandbox.post("/shopify/_sandbox/payout", {"shop": shop.settings["shop_domain"], "payments": False})
    [way] = [one for one in periods.ways(erp) if one.kind == "payout"]
    count, why_not = periods.count(way, date(2026, 11, 1), date(2026, 11, 2), by="sam")
    assert (count, why_not) == (None, "The shop does not use Shopify Payments, so it has no payouts here.")
    assert Event.objects.get(topic="period:payouts/count").outcome == Outcome.SKIPPED


def test_payouts_of_days_reach_the_target_once_and_before_its_start_only_where_somebody_says_so(sandbox, shop, erp):
    Route.objects.create(source=shop, target=erp, record_kind="payout", options={})
    begins(erp, timezone.localdate() + timedelta(days=2))
    lines = [{"type": "CHARGE", "amount": "52.55", "fee": "1.05"}]
    sandbox.post("/shopify/_sandbox/payout", {"shop": shop.settings["shop_domain"], "days_ago": 3, "lines": lines})
    first, last = timezone.localdate() - timedelta(days=4), timezone.localdate() - timedelta(days=2)

    def bring(**more) -> list[Event]:
        event_id = syncing.start_period(shop, "payouts", first, last, by="sam", **more)
        Drainer(0).run()
        return list(Event.objects.filter(kind=Kind.DELIVERY, parent__parent=event_id))

    left_out = bring()
    assert {(one.outcome, one.reason_code) for one in left_out} == {(Outcome.SKIPPED, "before_start")}
    forced = bring(is_forced=True)
    assert len(forced) == len(left_out) and {one.forced_by for one in forced} == {"sam"}
    assert "before_start" not in {one.reason_code for one in forced}


def test_days_in_the_wrong_order_and_strangers_get_nowhere(client, supporter, reader, shop, erp):
    address = reverse("admin:connectors_connector_import", args=[shop.pk])
    client.force_login(supporter)
    asked = {"way": f"{shop.pk}:order", "first": "2026-11-02", "last": "2026-11-01", "start": "1"}
    assert "This is before the first day." in client.post(address, asked).text
    assert not Event.objects.exists()
    client.force_login(reader)
    assert client.get(address).status_code == 403
