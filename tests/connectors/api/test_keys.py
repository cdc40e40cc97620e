"""Keys: what is noted about their use, and how often they may call, over all web processes."""

from __future__ import annotations

import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connectors.api import keys, throttles
from connectors.models import ApiAllowance, ApiKey
from tests.connectors.api.conftest import make_key
from tests.connectors.api.test_bad_input import ORDERS, problem

ASKED = {"customer_code": "BRK-2210"}


class TestUse:
    def test_it_is_noted(self, api, key):
        api.get(ORDERS, ASKED)
        key.row.refresh_from_db()
        assert timezone.now() - key.row.last_used_at < timedelta(seconds=10)

    def test_it_is_written_at_most_once_a_minute(self, api, key):
        half_a_minute_ago = timezone.now() - timedelta(seconds=30)
        ApiKey.objects.filter(pk=key.row.pk).update(last_used_at=half_a_minute_ago)
        with CaptureQueriesContext(connection) as queries:
            api.get(ORDERS, ASKED)
        key.row.refresh_from_db()
        assert key.row.last_used_at == half_a_minute_ago
        assert not [q for q in queries if "UPDATE connectors_apikey" in q["sql"]]

    def test_after_a_minute_it_is_written_again(self, api, key):
        ApiKey.objects.filter(pk=key.row.pk).update(last_used_at=timezone.now() - timedelta(seconds=61))
        api.get(ORDERS, ASKED)
        key.row.refresh_from_db()
        assert timezone.now() - key.row.last_used_at < timedelta(seconds=10)

    def test_a_refused_key_leaves_no_trace_of_use(self, api, key):
        ApiKey.objects.filter(pk=key.row.pk).update(revoked_at=timezone.now())
        api.get(ORDERS, ASKED)
        key.row.refresh_from_db()
        assert key.row.last_used_at is None

    def test_the_key_itself_is_stored_nowhere(self, key):
        assert key.text not in str(ApiKey.objects.filter(pk=key.row.pk).values())


class TestRate:
    def test_the_keys_own_rate_counts_and_the_next_call_is_429(self, api, key):
        ApiKey.objects.filter(pk=key.row.pk).update(rate_per_minute=2)
        assert [api.get(ORDERS, ASKED).status_code for _ in range(2)] == [200, 200]
        response = api.get(ORDERS, ASKED)
        problem(response, 429, "too_many_requests")
        assert 1 <= int(response["Retry-After"]) <= 30

    def test_a_key_without_a_rate_has_the_hubs(self, api, settings):
        settings.API_RATE_PER_MINUTE = 1
        assert [api.get(ORDERS, ASKED).status_code for _ in range(2)] == [200, 429]

    def test_a_rate_of_nothing_lets_nothing_through(self, api, key):
        ApiKey.objects.filter(pk=key.row.pk).update(rate_per_minute=0)
        problem(api.get(ORDERS, ASKED), 429, "too_many_requests")

    def test_it_fills_up_again_steadily_and_not_beyond_a_minutes_worth(self, key):
        assert [throttles.wait_for_call(key.row.pk, 2) for _ in range(2)] == [0, 0]
        assert 0 < throttles.wait_for_call(key.row.pk, 2) <= 30
        for waited_s, calls in ((31, 1), (3600, 2)):
            ApiAllowance.objects.update(filled_at=F("filled_at") - timedelta(seconds=waited_s))
            assert [bool(throttles.wait_for_call(key.row.pk, 2)) for _ in range(calls + 1)] == [False] * calls + [True]

    def test_hammering_does_not_lengthen_the_wait(self, key):
        throttles.wait_for_call(key.row.pk, 1)
        first = throttles.wait_for_call(key.row.pk, 1)
        assert [throttles.wait_for_call(key.row.pk, 1) for _ in range(20)][-1] <= first

    def test_keys_do_not_share(self, nobody, shop, key):
        other = make_key("Other", shop, rate_per_minute=1)
        assert nobody.get(ORDERS, ASKED, headers=other.header).status_code == 200
        assert nobody.get(ORDERS, ASKED, headers=other.header).status_code == 429
        assert nobody.get(ORDERS, ASKED, headers=key.header).status_code == 200

    def test_a_call_is_one_statement(self, key):
        with CaptureQueriesContext(connection) as queries:
            throttles.wait_for_call(key.row.pk, 1)
            throttles.wait_for_call(key.row.pk, 1)
        assert len(queries) == 2


@pytest.fixture
def committed_key(django_db_setup, django_db_blocker):
    """A key other connections see. Taken away by hand: emptying every table would take the bells' rows too."""
    with django_db_blocker.unblock():
        row = ApiKey(name="Committed")
        row.make()
        row.save()
        yield row
        row.delete()
        connection.close()


class TestSeveralProcesses:
    """Threads with a connection each stand for processes: they share nothing but the database."""

    def together(self, django_db_blocker, call, count: int) -> list:
        found: list = []
        start = threading.Barrier(count)

        def one() -> None:
            try:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT 1")
                start.wait(timeout=10)
                found.append(call())
            finally:
                connection.close()

        threads = [threading.Thread(target=one) for _ in range(count)]
        with django_db_blocker.unblock():
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(timeout=20)
        assert len(found) == count
        return found

    def test_together_they_get_what_one_would(self, committed_key, django_db_blocker):
        def ask() -> int:
            return sum(not throttles.wait_for_call(committed_key.pk, 10) for _ in range(10))

        assert sum(self.together(django_db_blocker, ask, 4)) == 10

    def test_only_one_of_them_notes_the_use(self, committed_key, django_db_blocker):
        key = SimpleNamespace(pk=committed_key.pk)
        assert sum(self.together(django_db_blocker, lambda: keys.touch(key), 6)) == 1
