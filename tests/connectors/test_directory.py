"""The directory's rule for two workers at once."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from connectors import directory
from connectors.directory import Known

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_two_workers_that_put_rivals_at_once_one_is_told_no(make_connector):
    shop = make_connector("Shop")
    ready, answers = threading.Barrier(2), []

    def put(object_id: str) -> None:
        ready.wait()
        answers.append(directory.put_alone(shop.pk, "kind", Known(key="1001", object_id=object_id), lambda _: True))
        connection.close()

    threads = [threading.Thread(target=put, args=(object_id,)) for object_id in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False, True]
    assert directory.count_key(shop.pk, "kind", "1001") == 1


def test_what_is_no_rival_and_the_object_itself_stand_in_nobodys_way(make_connector):
    shop = make_connector("Shop")

    def put(object_id: str, key: str = "1001", *, is_rival: bool = True) -> bool:
        return directory.put_alone(shop.pk, "kind", Known(key=key, object_id=object_id), lambda _: is_rival)

    assert put("a") and put("a") and put("b", is_rival=False) and put("c", key="1002")
    assert not put("d")
