"""Plans: syncs that run by themselves. One broken plan says so on its own row and stops no other."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from connectors.models import Connector, Plan
from connectors.registry import UnknownProvider
from connectors.syncing import start_sync

log = structlog.get_logger(__name__)

TAKE = 100
SLACK = timedelta(minutes=10)  # a plan that failed is looked at again after five


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
        plan.next_at = plan.last_at + timedelta(minutes=plan.every_minutes)
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


def make_default_plans(connector: Connector) -> None:
    """The plans a provider suggests, for a connector that has none yet; switched off where they are not for
    everyone."""
    for name, sync in connector.provider.syncs.items():
        if sync.every_minutes:
            Plan.objects.get_or_create(connector=connector, sync=name, defaults={"every_minutes": sync.every_minutes})
