"""Points of a vendor's bucket: booked before a call leaves, by priority, settled by what the vendor says."""

from __future__ import annotations

import pytest

from connectors import budgets
from connectors.budgets import Points
from connectors.models import Bucket, Connector
from tests.cast import together

START = Points(capacity=1000.0, per_second=50.0, left=1000.0)
T = 1_700_000_000.0


@pytest.fixture
def shop(db, make_connector) -> Connector:
    return make_connector("Shop")


def book(shop: Connector, cost: float, *, kept: float = 0.0, at: float = T) -> float:
    return budgets.book(shop.pk, cost, START, kept=kept, at=at)


def say(shop: Connector, cost: float, left: float, *, capacity: float = 2000.0, rate: float = 100.0, at: float = T):
    budgets.settle(shop.pk, cost, Points(capacity=capacity, per_second=rate, left=left), at=at)


def test_before_the_first_answer_a_small_bucket_is_assumed(shop):
    assert book(shop, 900) == 0
    assert book(shop, 200) == pytest.approx(2.0)  # 100 are left, 50 come back each second
    budgets.give_back_points(shop.pk, 900, spent=900, at=T)
    assert book(shop, 200, at=T + 2.0) == 0


def test_a_full_bucket_earns_nothing_while_calls_are_on_their_way(shop):
    book(shop, 900)  # it may not have arrived yet: then the vendor's bucket is full still
    assert book(shop, 200, at=T + 10) == pytest.approx(2.0)


def test_what_the_vendor_says_replaces_what_was_assumed(shop):
    book(shop, 264)
    say(shop, 264, left=1960)
    bucket = Bucket.objects.get(name="points")
    assert (bucket.capacity, bucket.per_second, bucket.tokens, bucket.booked) == (2000, 100, 1960, 0)
    assert book(shop, 1960) == 0
    assert book(shop, 50) == pytest.approx(0.5)


def test_the_level_rises_with_time_to_the_size_of_the_bucket_and_no_further(shop):
    book(shop, 10)
    say(shop, 10, left=0)
    assert book(shop, 1000) == pytest.approx(10)
    assert book(shop, 2000, at=T + 1000) == 0
    assert book(shop, 1, at=T + 1000) > 0


def test_bookings_that_are_not_settled_yet_count_against_the_level(shop):
    book(shop, 10)
    say(shop, 10, left=1000)
    assert book(shop, 600) == 0
    assert book(shop, 600) == pytest.approx(2.0)
    budgets.give_back_points(shop.pk, 600, at=T)  # it never left
    assert book(shop, 600) == 0


def test_a_call_without_an_answer_is_reckoned_with_what_it_may_have_cost(shop):
    book(shop, 600)
    budgets.give_back_points(shop.pk, 600, spent=600, at=T)
    assert book(shop, 600) == pytest.approx(4.0)


def test_less_urgent_callers_leave_a_share_to_the_others(shop):
    book(shop, 10)
    say(shop, 10, left=450)
    assert book(shop, 100, kept=0.2) == pytest.approx(0.5)  # 400 are not theirs
    assert book(shop, 100, kept=0.1) == 0
    assert book(shop, 350) == 0
    assert book(shop, 1) > 0


def test_a_call_dearer_than_its_share_waits_for_a_full_bucket_and_not_for_ever(shop):
    book(shop, 10)
    say(shop, 10, left=1000, capacity=1000)
    assert book(shop, 950, kept=0.2) == 0


def test_bookings_of_workers_that_died_lapse(shop):
    book(shop, 900)
    assert book(shop, 900, at=T + budgets.STALE_S - 1) > 0
    assert book(shop, 900, at=T + budgets.STALE_S + 1) == 0


def test_a_deleted_connector_has_no_bucket_and_no_wait(db):
    assert budgets.book(4711, 10, START) == 0


def test_what_there_is_can_be_shown(shop):
    assert budgets.points_of(shop.pk) is None
    budgets.book(shop.pk, 100, START)
    assert budgets.points_of(shop.pk) == Points(capacity=1000.0, per_second=50.0, left=pytest.approx(900, abs=5))


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_book_the_same_points(make_connector):
    shop = make_connector("Shop")
    waits = together(*[lambda: budgets.book(shop.pk, 300, START, at=T)] * 5)
    assert sorted(wait > 0 for wait in waits) == [False, False, False, True, True]
    assert Bucket.objects.get(name="points").booked == 900
