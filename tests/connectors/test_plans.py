"""Plans and the sync button: each runs once, however many look, and a broken one says so on its own row."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from connectors import plans, registry, syncing
from connectors.base import Sync
from connectors.exceptions import ConfigurationError
from connectors.forms.plan import form_for
from connectors.models import Connector, Plan, Route
from connectors.syncing import Chosen, start_selection
from events.interval import Interval
from events.models import Event, Kind, Outcome, Priority
from integration_hub import worker
from tests.cast import run_one, together


def a_plan(connector: Connector, sync: str = "all", **more) -> Plan:
    late = timezone.now() - timedelta(days=3)
    return Plan.objects.create(connector=connector, sync=sync, **({"next_at": late, "every_minutes": 10} | more))


@pytest.fixture
def shop(db, make_connector) -> Connector:
    return make_connector("Shop")


def test_a_due_plan_starts_its_sync_once_and_does_not_catch_up(shop):
    plan = a_plan(shop)
    assert plans.run_due() == 1
    assert plans.run_due() == 0
    plan.refresh_from_db()
    assert plan.next_at > timezone.now() + timedelta(minutes=9)
    event = Event.objects.get()
    assert (event.kind, event.topic, event.priority) == (Kind.SCHEDULE, "sync:all", Priority.BULK)
    assert plan.last_event_id == event.pk
    assert run_one(shop)[1].sentence == "Walked."


@pytest.mark.parametrize("field", ["plan", "connector"])
def test_what_is_switched_off_does_not_start(shop, field):
    a_plan(shop, is_enabled=field != "plan")
    Connector.objects.update(is_enabled=field != "connector")
    assert plans.run_due() == 0


def test_a_malformed_plan_among_good_ones_stops_none(shop, make_connector):
    good = [a_plan(shop), a_plan(make_connector("Other"))]
    gone = make_connector("Gone")
    bad = [
        a_plan(gone),
        a_plan(make_connector("Third"), "no such sync"),
        a_plan(make_connector("Fourth"), every_minutes=0),
    ]
    Connector.objects.filter(pk=gone.pk).update(provider_slug="gone")
    assert plans.run_due() == 2
    for plan in bad:
        plan.refresh_from_db()
        assert plan.error
        assert plan.next_at > timezone.now()
    for plan in good:
        plan.refresh_from_db()
        assert not plan.error


def test_two_machines_start_each_plan_once(committed, make_connector):
    for number in range(6):
        a_plan(make_connector(f"Shop {number}"), "all")
    assert sum(together(plans.run_due, plans.run_due, plans.run_due)) == 6
    assert Event.objects.count() == 6


def test_pressing_synchronize_twice_is_one_event(shop):
    first = syncing.start_sync(shop, "all", by="sam")
    assert syncing.start_sync(shop, "all", by="rita") == first
    Event.objects.update(outcome=Outcome.SUCCEEDED)
    assert syncing.start_sync(shop, "all", by="rita") != first


def test_pressing_at_once_is_one_event(committed, make_connector):
    shop = make_connector("Shop")
    made = together(*[lambda: syncing.start_sync(shop, "all", by="sam")] * 4)
    assert len(set(made)) == 1
    assert Event.objects.count() == 1


def test_a_sync_or_number_that_does_not_exist_is_refused_in_words(shop):
    for call in (
        lambda: syncing.start_sync(shop, "nothing", by="sam"),
        lambda: syncing.start_single(shop, "nothing", "1", by="sam"),
        lambda: syncing.start_single(shop, "thing", "  ", by="sam"),
    ):
        with pytest.raises(ConfigurationError):
            call()


def test_default_plans_are_made_once(shop):
    plans.make_default_plans(shop)
    plans.make_default_plans(shop)
    assert Plan.objects.get().every_minutes == 30


def test_a_clock_that_was_set_back_does_not_silence_a_plan_for_years(shop):
    plan = a_plan(shop, next_at=timezone.now() + timedelta(days=900))
    assert plans.run_due() == 1
    plan.refresh_from_db()
    assert plan.next_at < timezone.now() + timedelta(minutes=11)


def test_a_plan_that_waits_its_turn_is_left_alone(shop):
    plan = a_plan(shop, next_at=timezone.now() + timedelta(minutes=10))
    assert plans.run_due() == 0
    after = plan.next_at
    plan.refresh_from_db()
    assert plan.next_at == after


def test_only_syncs_that_follow_routes_come_forward(shop):
    later = timezone.now() + timedelta(minutes=9)
    all_, routes = a_plan(shop, next_at=later), a_plan(shop, "routes", next_at=later)
    off = a_plan(shop, "gone", next_at=later, is_enabled=False)
    assert plans.bring_forward([shop.pk, 10**9]) == 1
    due = {plan.pk for plan in Plan.objects.filter(next_at__lte=timezone.now())}
    assert due == {routes.pk}
    assert all_.pk not in due
    assert off.pk not in due


def test_a_connector_without_code_brings_nothing_forward(db, make_connector):
    gone = make_connector("Gone")
    a_plan(gone, "routes")
    Connector.objects.filter(pk=gone.pk).update(provider_slug="gone")
    assert plans.bring_forward([gone.pk]) == 0


@pytest.mark.parametrize("change", ["enable", "disable", "delete"])
def test_a_route_changed_by_hand_brings_them_forward(shop, make_connector, administrator, client, change):
    target = make_connector("Target")
    route = Route.objects.create(source=shop, target=target, record_kind="order", options={"tag": "x"})
    plan = a_plan(shop, "routes", next_at=timezone.now() + timedelta(minutes=9))
    client.force_login(administrator)
    if change == "delete":
        answer = client.post(f"/admin/connectors/route/{route.pk}/delete/", {"post": "yes"})
    else:
        answer = client.post("/admin/connectors/route/", {"action": change, "_selected_action": route.pk})
    assert answer.status_code == 302
    plan.refresh_from_db()
    assert plan.next_at <= timezone.now()


def test_a_choice_is_one_event_and_one_below_it_for_each_object(shop):
    chosen = [Chosen(object_id=str(number), payload={"id": number}) for number in (1, 2)]
    event_id = start_selection(shop, "noop", "thing", chosen, key="k", by="ada")
    assert start_selection(shop, "noop", "thing", chosen, key="k", by="ada") == event_id
    parent = Event.objects.get(pk=event_id)
    assert (parent.outcome, parent.topic) == (Outcome.SUCCEEDED, "selection:thing")
    below = list(Event.objects.filter(parent_id=event_id).order_by("id"))
    assert [(one.object_id, one.priority, one.triggered_by) for one in below] == [
        ("1", Priority.MANUAL, "ada"), ("2", Priority.MANUAL, "ada"),
    ]  # fmt: skip
    assert Event.objects.count() == 3


def test_a_choice_of_what_nobody_handles_is_refused(shop):
    with pytest.raises(ConfigurationError):
        start_selection(shop, "unheard/of", "thing", [Chosen(object_id="1", payload={})], key="k", by="ada")
    assert Event.objects.count() == 0


# --- plans that follow the connector's settings ----------------------------------------------------------------------


@pytest.fixture
def follows(testing_provider):
    """``follows(Interval(...))``: what the settings say of the sync *all* from here on."""

    def make(interval: Interval) -> None:
        sync = Sync(label="All", function=lambda run: "Walked.", every=lambda settings: interval)
        syncs = {**testing_provider.provider.syncs, "all": sync}
        registry._providers[testing_provider.SLUG] = dataclasses.replace(testing_provider.provider, syncs=syncs)

    return make


def test_saving_the_settings_makes_and_moves_the_plan(shop, follows):
    follows(Interval(minutes=15, offset=7, zone="America/Toronto"))
    assert plans.follow_settings(shop) == 1
    plan = Plan.objects.get(connector=shop, sync="all")
    assert (plan.every_minutes, plan.offset_minutes, plan.zone, plan.is_enabled) == (15, 7, "America/Toronto", True)
    assert plan.next_at.minute % 15 == 7
    assert plans.follow_settings(shop) == 0, "what did not change keeps its time"
    follows(Interval(minutes=15, offset=7, zone="America/Toronto", is_on=False))
    assert plans.follow_settings(shop) == 1
    plan.refresh_from_db()
    assert not plan.is_enabled


def test_a_worker_of_a_newer_version_makes_the_plans_of_connectors_saved_before_it(
    shop, make_connector, follows, monkeypatch
):
    other, gone = make_connector("Other"), make_connector("Gone")
    Connector.objects.filter(pk=gone.pk).update(provider_slug="gone")
    follows(Interval(minutes=15, offset=7, zone="America/Toronto"))
    a_plan(shop, "routes", every_minutes=99)
    beats = []
    monkeypatch.setattr(worker, "pulse", lambda: beats.append(Plan.objects.count()))
    monkeypatch.setattr(worker.Worker, "_ping", lambda self: None)
    monkeypatch.setattr(worker.Worker, "_restart_if_silent", lambda self: None)
    one = worker.Worker()
    one._beat()
    made = Plan.objects.filter(sync="all").order_by("connector_id")
    assert [plan.connector for plan in made] == [shop, other]
    assert {(plan.every_minutes, plan.offset_minutes, plan.zone) for plan in made} == {(15, 7, "America/Toronto")}
    assert Plan.objects.get(sync="routes").every_minutes == 99, "a plan of its own rhythm is left alone"
    made.delete()
    one._beat()
    assert beats == [3, 1], "once for each start, before the first plan is looked for"


def test_syncs_a_newer_version_knows_get_their_plans_once(shop, make_connector, testing_provider):
    plans.make_default_plans(shop)
    without = make_connector("Nobody wants plans here")
    syncs = {
        **testing_provider.provider.syncs,
        "new": Sync(label="New", function=lambda run: "Walked.", every_minutes=60),
    }
    registry._providers[testing_provider.SLUG] = dataclasses.replace(testing_provider.provider, syncs=syncs)
    assert plans.follow_all() == 1
    made = Plan.objects.get(sync="new")
    assert (made.connector, made.every_minutes, made.is_enabled) == (shop, 60, True)
    assert timezone.now() + timedelta(minutes=59) < made.next_at
    assert plans.follow_all() == 0
    made.delete()
    assert plans.follow_all() == 0, "what somebody deleted stays deleted"
    assert not without.plans.exists()


def test_a_connector_of_a_version_that_did_not_remember_what_it_offered_gets_what_is_missing(shop):
    a_plan(shop, "routes")
    shop.memory = {"until": "2026-11-20"}
    shop.save()
    assert plans.follow_all() == 1
    shop.refresh_from_db()
    assert set(Plan.objects.values_list("sync", flat=True)) == {"all", "routes"}
    assert shop.memory == {"until": "2026-11-20", "plans_offered": ["all"]}


def test_a_provider_whose_rhythm_has_a_bug_keeps_no_other_from_its_plans(shop, make_connector, testing_provider):
    other = make_connector("Other")
    calls = []

    def every(settings: object) -> Interval:
        calls.append(settings)
        if len(calls) == 1:
            raise KeyError("minutes")
        return Interval(minutes=5)

    sync = Sync(label="All", function=lambda run: "Walked.", every=every)
    registry._providers[testing_provider.SLUG] = dataclasses.replace(testing_provider.provider, syncs={"all": sync})
    assert plans.follow_all() == 1
    assert [plan.connector for plan in Plan.objects.all()] == [other]


def test_a_rhythm_that_no_row_can_hold_keeps_no_worker_from_its_pulse(shop, follows, monkeypatch):
    follows(Interval(minutes=60, offset=-5))
    beats = []
    monkeypatch.setattr(worker, "pulse", lambda: beats.append(Plan.objects.count()))
    monkeypatch.setattr(worker.Worker, "_ping", lambda self: None)
    monkeypatch.setattr(worker.Worker, "_restart_if_silent", lambda self: None)
    worker.Worker()._beat()
    assert beats == [0]


def test_runs_start_at_their_minute_of_the_interval_however_late_the_last_began(shop, follows):
    follows(Interval(minutes=60, offset=20, zone="Asia/Kolkata"))  # half an hour beside the full hours of UTC
    plans.follow_settings(shop)
    Plan.objects.update(next_at=timezone.now() - timedelta(minutes=3))
    assert plans.run_due() == 1
    plan = Plan.objects.get(sync="all")
    assert plan.next_at.minute == 50
    assert plan.next_at > timezone.now()


@pytest.mark.parametrize(
    ("interval", "after", "starts"),
    [
        (Interval(minutes=15, offset=5), "2026-03-07T10:04", "2026-03-07T10:05"),
        (Interval(minutes=15, offset=5), "2026-03-07T10:05", "2026-03-07T10:20"),
        (Interval(minutes=15, offset=20), "2026-03-07T10:04", "2026-03-07T10:05"),
        (Interval(minutes=420), "2026-03-07T22:00", "2026-03-08T00:00"),
        (Interval(minutes=60, zone="America/Toronto"), "2026-03-08T06:30", "2026-03-08T07:00"),  # the short night
        (Interval(minutes=1440, offset=420, zone="America/Toronto"), "2026-03-07T13:00", "2026-03-08T11:00"),
        (Interval(minutes=2880, zone="America/Toronto"), "2026-03-05T13:00", "2026-03-07T05:00"),
        (Interval(minutes=1499, zone="America/Toronto"), "2026-11-01T04:00", "2026-11-02T05:00"),  # the long day
    ],
)
def test_the_next_start_by_the_clock_of_the_zone(interval, after, starts):
    moments = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (after, starts)]
    assert interval.next_after(moments[0]) == moments[1]


def test_the_form_leaves_a_plan_alone_that_the_settings_decide(shop, follows, testing_provider):
    follows(Interval(minutes=15))
    plans.follow_settings(shop)
    form_class = form_for(registry.get(testing_provider.SLUG))
    form = form_class(instance=Plan.objects.get(sync="all"))
    assert form.fields["every_minutes"].disabled
    assert "settings decide" in form.fields["every_minutes"].help_text
    assert [name for name, _ in form_class().fields["sync"].choices] == ["routes"]


def test_a_run_that_lasts_longer_than_its_interval_is_a_warning(client, supporter, shop):
    plan = a_plan(shop, next_at=timezone.now() + timedelta(minutes=5))
    event_id = syncing.start_sync(shop, "all", by="schedule")
    Event.objects.filter(pk=event_id).update(received_at=timezone.now() - timedelta(minutes=95))
    Plan.objects.filter(pk=plan.pk).update(last_event_id=event_id, last_at=timezone.now())
    sentence = "Its last run has been going on for 1 h 35 min, longer than its interval of 10 min."
    plan.refresh_from_db()
    assert plans.why_late(plan, Event.objects.get(pk=event_id)) == sentence
    client.force_login(supporter)
    assert sentence in client.get(f"{shop.admin_path()}?tab=overview").text


def test_a_plan_nobody_started_in_time_is_a_warning(shop):
    plan = a_plan(shop, next_at=timezone.now() - timedelta(minutes=6))
    assert plans.why_late(plan, None) == "It should have started by now: look whether a worker runs."
    plan.connector.is_enabled = False
    assert plans.why_late(plan, None) == "", "a connector that is switched off starts nothing"
    plan.connector.is_enabled, plan.is_enabled = True, False
    assert plans.why_late(plan, None) == ""


def test_saving_the_form_has_the_plans_follow(client, administrator, shop, follows):
    follows(Interval(minutes=20, offset=3, zone="Europe/Berlin"))
    client.force_login(administrator)
    posted = {"name": shop.name, "slug": shop.slug, "setting_base_url": shop.settings["base_url"], "setting_level": "2",
              "plans-TOTAL_FORMS": "0", "plans-INITIAL_FORMS": "0"}  # fmt: skip
    answer = client.post(shop.admin_path(), posted)
    assert answer.status_code == 302, answer.context["errors"]
    plan = Plan.objects.get(connector=shop, sync="all")
    assert (plan.every_minutes, plan.offset_minutes, plan.zone, plan.is_enabled) == (20, 3, "Europe/Berlin", True)
