"""Where a budget rests, the pause between two calls runs from the end of the first, over all workers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F

from connectors import budgets
from connectors.base import Budget
from connectors.models import Bucket
from connectors.run import Run

pytestmark = pytest.mark.django_db(transaction=True)

BUDGET = Budget(concurrency=1, per_second=0.01, rests=True)  # a pause of 100 s, so that no machine is too slow


def call_lasts(erp, seconds: int) -> None:
    Bucket.objects.filter(connector=erp).update(filled_at=F("filled_at") - timedelta(seconds=seconds))


def test_a_call_that_took_long_is_followed_by_the_whole_pause(install):
    erp = install("xoro")
    assert budgets.take(erp.pk, BUDGET) == 0
    call_lasts(erp, 300)  # from its start three turns have passed
    budgets.rest(erp.pk, BUDGET)
    assert 50 < budgets.take(erp.pk, BUDGET) <= 100


def test_without_a_rest_the_turn_counts_from_the_start(install):
    erp = install("xoro")
    assert budgets.take(erp.pk, BUDGET) == 0
    call_lasts(erp, 300)
    assert budgets.take(erp.pk, BUDGET) == 0


def test_a_rest_takes_no_turn_from_whoever_waits_already(install):
    erp = install("xoro")
    budgets.take(erp.pk, BUDGET)
    assert budgets.take(erp.pk, BUDGET) > 50  # a second caller, in line
    budgets.rest(erp.pk, BUDGET)
    assert budgets.take(erp.pk, BUDGET) > 150  # the third stands behind him


def test_the_pause_stays_the_same_however_many_calls_were_made(install):
    erp = install("xoro")
    for _ in range(20):
        waits_s = budgets.take(erp.pk, BUDGET)
        assert waits_s <= 100
        call_lasts(erp, int(waits_s) + 1)  # the wait, and the call
        budgets.rest(erp.pk, BUDGET)


def test_every_call_of_a_tenant_that_counts_gaps_is_answered(install, sandbox):
    erp = install("xoro", pause_ms=60)
    sandbox.post("/xoro/_sandbox/config", {"min_gap_ms": 60, "throttle_overlap": True})
    for _ in range(8):  # a run of its own each, as for events
        Run(erp, None).client.first_sales_order()
    assert sandbox.get("/xoro/_sandbox/state")["throttled"] == 0
