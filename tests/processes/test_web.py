"""Deliveries meet a web server that dies, and two web servers at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
import requests

from tests.processes.hub import Hub, Tree, free_port, until

# The row of a delivery labelled “slow” takes a while to commit: time to kill its web process between insert and answer.
SLOW_COMMIT = """
CREATE FUNCTION test_slow_commit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1.5); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER test_slow_commit AFTER INSERT ON events_event DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.object_label = 'slow') EXECUTE FUNCTION test_slow_commit();
"""
COMMITTING = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"


@pytest.fixture
def slow_commit(hub: Hub):
    for statement in SLOW_COMMIT.split(";\n")[0:2]:
        hub.sql(statement)
    yield
    hub.sql("DROP FUNCTION test_slow_commit CASCADE")


def web_processes(hub: Hub) -> list[psutil.Process]:
    return psutil.Process(hub.started["web"].pid).children()


def post_and_be_cut_off(hub: Hub, key: str) -> threading.Thread:
    """A delivery on a thread of its own, that must not be answered."""

    def post() -> None:
        with pytest.raises(requests.ConnectionError):
            hub.post("thing/careful", key, label="slow")

    thread = threading.Thread(target=post)
    thread.start()
    return thread


def test_killed_between_insert_and_answer_the_vendor_sends_again(hub: Hub, tree: Tree, key, slow_commit):
    one = key()
    before = set(web_processes(hub))
    posting = post_and_be_cut_off(hub, one)
    until(lambda: hub.sql(COMMITTING), 10, "the delivery is being committed")
    for process in before:
        process.kill()
    posting.join(10)
    answer = until(lambda: post_or_none(hub, one), 15, "the web server is back")
    assert answer.status_code == 200
    assert answer.json()["duplicate"] is True  # the first was written, though nobody was told
    hub.await_written_once([one], [int(answer.json()["event_id"])], 15)
    assert hub.sql("SELECT count(*), max(duplicate_count) FROM events_event WHERE object_id = %s", one) == [(1, 1)]
    assert not before & set(web_processes(hub))


def post_or_none(hub: Hub, key: str) -> requests.Response | None:
    try:
        return hub.post("thing/careful", key, label="slow")
    except requests.ConnectionError:
        return None


def test_cut_off_before_the_commit_the_vendor_sends_again(hub: Hub, tree: Tree, key, slow_commit):
    one = key()
    answers = []
    posting = threading.Thread(target=lambda: answers.append(hub.post("thing/careful", one, label="slow")))
    posting.start()
    ((backend,),) = until(lambda: hub.sql(COMMITTING), 10, "the delivery is being committed")
    hub.sql("SELECT pg_terminate_backend(%s)", backend)
    posting.join(10)
    assert answers[0].status_code == 503
    assert answers[0].headers["Retry-After"]
    assert hub.sql("SELECT count(*) FROM events_event WHERE object_id = %s", one) == [(0,)]
    answer = hub.post("thing/careful", one, label="slow")
    assert answer.json()["duplicate"] is False
    hub.await_written_once([one], [int(answer.json()["event_id"])], 15)


def test_one_delivery_at_two_web_servers_at_once_is_one_event(hub: Hub, tree: Tree, key):
    other = free_port()
    hub.start_web("web2", other)
    try:
        keys = [key() for _ in range(10)]
        with ThreadPoolExecutor(8) as pool:
            posts = [
                (one, pool.submit(hub.post, "thing/careful", one, port=port))
                for one in keys for port in (hub.port, other, hub.port, other)
            ]  # fmt: skip
            answers = [(one, post.result()) for one, post in posts]
        assert {answer.status_code for _, answer in answers} == {200}
        for one in keys:
            mine = [answer.json() for key, answer in answers if key == one]
            assert len({answer["event_id"] for answer in mine}) == 1
            assert sorted(answer["duplicate"] for answer in mine) == [False, True, True, True]
            counts = hub.sql("SELECT count(*), max(duplicate_count) FROM events_event WHERE object_id = %s", one)
            assert counts == [(1, 3)]
        hub.await_written_once(keys, [int(answer.json()["event_id"]) for _, answer in answers], 15)
    finally:
        hub.stop("web2")
