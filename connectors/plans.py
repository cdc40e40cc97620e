"""Plans: syncs that run by themselves. One broken plan says so on its own row and stops no other."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F
from django.utils import timezone

from connectors.exceptions import ConfigurationError
from connectors.models import Connector, Plan
from connectors.registry import UnknownProvider
from connectors.syncing import start_sync
from events.interval import Interval
from events.models import Event

log = structlog.get_logger(__name__)

TAKE = 100
SLACK = timedelta(minutes=75)  # a plan that failed is looked at again after five; a day may have an hour more
OFFERED = "plans_offered"  # checkpoint of a connector: syncs whose plan was made once
LATE = timedelta(minutes=5)  # a plan whose time came so long ago and that did not start is late


def run_due() -> int:
    """Start what is due; several machines may call this at once: each plan starts once. Returns how many started."""
    started = 0
    now = timezone.now()
    # Further away than a plan's own interval nothing was ever planned: the clock was set back since.
    too_far = Plan.objects.filter(is_enabled=True, next_at__gt=now + F("every_minutes") * timedelta(minutes=1) + SLACK)
    too_far.update(next_at=now)
    ids = list(
        Plan.objects.filter(is_enabled=True, next_at__lte=now, connector__is_enabled=True)
        .order_by("next_at")
        .values_list("pk", flat=True)[:TAKE]
    )
    for plan_id in ids:
        try:
            started += _start(plan_id)
        except Exception as error:  # a plan of a provider that is gone, a sync that was renamed, ...
            log.exception("plan_failed", plan_id=plan_id)
            Plan.objects.filter(pk=plan_id).update(
                error=f"{type(error).__name__}: {error}"[:500], next_at=now + timedelta(minutes=5)
            )
    return started


def _start(plan_id: int) -> bool:
    with transaction.atomic():
        plan = (
            Plan.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("connector")
            .filter(pk=plan_id, next_at__lte=timezone.now())
            .first()
        )
        if plan is None:
            return False
        if plan.every_minutes < 1:
            raise ValueError("the plan has no interval")
        event_id = start_sync(plan.connector, plan.sync, by="schedule")
        plan.last_at = timezone.now()
        # No catching up: after a day off line a sync runs once, not a hundred times.
        plan.next_at = next_start(plan, plan.last_at)
        plan.last_event_id, plan.error = event_id, ""
        plan.save(update_fields=["last_at", "next_at", "last_event_id", "error"])
    return True


def bring_forward(connector_ids: Iterable[int]) -> int:
    """Run planned syncs that follow routes now: routes, address or state of these connectors changed. Returns how many
    plans that were."""
    count = 0
    for connector in Connector.objects.filter(pk__in=list(connector_ids)):
        try:
            syncs = connector.provider.syncs
        except UnknownProvider:  # its code is gone; it has nothing that could run
            continue
        names = [name for name, sync in syncs.items() if sync.follows_routes]
        plans = Plan.objects.filter(connector=connector, sync__in=names, is_enabled=True)
        count += plans.update(next_at=timezone.now())
    return count


def next_start(plan: Plan, moment: datetime) -> datetime:
    """When a plan starts next after a moment: by the clock of its zone, else one interval later."""
    if not plan.zone:
        return moment + timedelta(minutes=plan.every_minutes)
    return Interval(minutes=plan.every_minutes, offset=plan.offset_minutes, zone=plan.zone).next_after(moment)


def make_default_plans(connector: Connector) -> None:
    """The plans a provider suggests, for a connector that has none yet; switched off where they are not for
    everyone."""
    suggested = _suggested(connector)
    for name, minutes in suggested.items():
        Plan.objects.get_or_create(connector=connector, sync=name, defaults={"every_minutes": minutes})
    _note_offered(connector, suggested)


def _offer_new(connector: Connector) -> int:
    """The plans of syncs that this version suggests and the one before did not know; what somebody deleted since stays
    deleted. Nothing for a connector without any plan. Returns how many."""
    try:
        suggested = _suggested(connector)
    except UnknownProvider:
        return 0
    there = set(Plan.objects.filter(connector=connector).values_list("sync", flat=True))
    offered = connector.memory.get(OFFERED)
    fresh = set(suggested) - there - set(offered or ()) if there else set()
    for name in sorted(fresh):
        minutes = suggested[name]
        first = timezone.now() + timedelta(minutes=minutes)
        Plan.objects.create(connector=connector, sync=name, every_minutes=minutes, next_at=first)
    if there and (fresh or offered is None):
        _note_offered(connector, suggested)
    return len(fresh)


def _suggested(connector: Connector) -> dict[str, int]:
    """Minutes between two runs, by sync."""
    return {name: sync.every_minutes for name, sync in connector.provider.syncs.items() if sync.every_minutes}


def _note_offered(connector: Connector, names: Iterable[str]) -> None:
    connector.memory = {**connector.memory, OFFERED: sorted({*connector.memory.get(OFFERED, ()), *names})}
    connector.save(update_fields=["memory"])


def follow_settings(connector: Connector) -> int:
    """Have the plans whose rhythm the connector's settings decide follow them; returns how many changed. Settings that
    cannot be read change nothing."""
    try:
        syncs = {name: sync for name, sync in connector.provider.syncs.items() if sync.every is not None}
        wanted = {name: sync.every(connector.load_settings()) for name, sync in syncs.items() if sync.every is not None}
    except (UnknownProvider, ConfigurationError):
        return 0
    changed = 0
    for name, interval in wanted.items():
        plan = Plan.objects.filter(connector=connector, sync=name).first() or Plan(connector=connector, sync=name)
        rhythm = {
            "every_minutes": max(interval.minutes, 1), "offset_minutes": interval.offset, "zone": interval.zone,
            "is_enabled": interval.is_on and interval.minutes > 0,
        }  # fmt: skip
        if plan.pk is not None and all(getattr(plan, column) == value for column, value in rhythm.items()):
            continue
        for column, value in rhythm.items():
            setattr(plan, column, value)
        plan.next_at = next_start(plan, timezone.now())
        plan.save()
        changed += 1
    return changed


def follow_all() -> int:
    """Plans of every connector as this version of the hub has them: those that settings decide follow them, and those of
    syncs the version before did not know are made. Several machines may do so at once. Returns how many changed."""
    changed = 0
    for connector in Connector.objects.order_by("pk").iterator():
        try:
            with transaction.atomic():
                row = Connector.objects.select_for_update().get(pk=connector.pk)
                changed += _offer_new(row) + follow_settings(row)
        except Connector.DoesNotExist:
            continue  # deleted meanwhile
        except (OperationalError, InterfaceError):  # the database is away
            raise
        except Exception:  # a bug of one provider, a rhythm that no row holds: no worker is kept from starting
            log.exception("plans_not_followed", connector=connector.pk)
    return changed


def why_late(plan: Plan, last: Event | None) -> str:
    """What is wrong with the pace of a plan, in a sentence; empty: nothing. ``last``: the event of its last run."""
    if not plan.is_enabled or not plan.connector.is_enabled:
        return ""
    now = timezone.now()
    if now - plan.next_at > LATE:
        return "It should have started by now: look whether a worker runs."
    interval = timedelta(minutes=plan.every_minutes)
    if last is None:
        return ""
    took = (last.finished_at or now) - last.received_at
    if took <= interval:
        return ""
    words = "has been going on for" if last.finished_at is None else "took"
    return f"Its last run {words} {_minutes(took)}, longer than its interval of {_minutes(interval)}."


def _minutes(span: timedelta) -> str:
    hours, minutes = divmod(int(span.total_seconds() // 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
