"""Plans and the sync button: each runs once, however many look, and a broken one says so on its own row."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from connectors import plans, syncing
from connectors.exceptions import ConfigurationError
from connectors.models import Connector, Plan, Route
from connectors.syncing import Chosen, start_selection
from events.models import Event, Kind, Outcome, Priority
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
