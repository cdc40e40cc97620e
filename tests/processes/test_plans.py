"""Plans under two workers: each runs once an interval, and a broken one stops no other."""

from __future__ import annotations

import pytest

from tests.processes.hub import Hub, Tree, until
from tests.processes.provider import SYNCS

ROUNDS = 4


@pytest.fixture
def second_worker(hub: Hub, tree: Tree):
    yield hub.start_worker("worker2")
    hub.stop("worker2")


@pytest.fixture
def plans(hub: Hub):
    """Good plans of two good connectors, and every kind of broken one, all switched off."""
    for name in ("one", "two"):
        for number in range(SYNCS):
            add_plan(hub, hub.connectors[name]["id"], f"sync{number}")
    broken = [
        add_plan(hub, hub.connectors["one"]["id"], "a sync that was renamed"),
        add_plan(hub, add_connector(hub, "ghost", provider="gone"), "sync0"),
        add_plan(hub, hub.connectors["two"]["id"], "no interval", every=0),
    ]
    # A connector whose settings do not load: the plan starts, its event says why it fails.
    unusable = add_connector(hub, "unusable", settings="{}")
    add_plan(hub, unusable, "sync0")
    yield {"broken": broken, "unusable": unusable}
    hub.sql("DELETE FROM connectors_plan")
    hub.sql("DELETE FROM connectors_connector WHERE name IN ('ghost', 'unusable')")


def add_plan(hub: Hub, connector_id: int, sync: str, every: int = 1) -> int:
    ((plan_id,),) = hub.sql(
        "INSERT INTO connectors_plan (connector_id, sync, every_minutes, is_enabled, next_at, error) "
        "VALUES (%s, %s, %s, false, now(), '') RETURNING id", connector_id, sync, every,
    )  # fmt: skip
    return int(plan_id)


def add_connector(hub: Hub, name: str, *, provider: str = "crashing", settings: str = "") -> int:
    """A copy of connector “one” with something broken."""
    hub.sql("CREATE TEMP TABLE copied AS SELECT * FROM connectors_connector WHERE name = 'one'")
    hub.sql(
        "UPDATE copied SET id = nextval(pg_get_serial_sequence('connectors_connector', 'id')), "
        "uid = gen_random_uuid(), name = %s, slug = %s, webhook_token = %s, provider_slug = %s, "
        "settings = coalesce(nullif(%s, '')::jsonb, settings)",
        name, name, name, provider, settings,
    )  # fmt: skip
    ((connector_id,),) = hub.sql("INSERT INTO connectors_connector SELECT * FROM copied RETURNING id")
    hub.sql("DROP TABLE copied")
    return int(connector_id)


def test_each_runs_once_an_interval_and_broken_ones_stop_no_other(hub: Hub, second_worker: Tree, plans, key):
    good = 2 * SYNCS

    def runs() -> dict[tuple[int, str], int]:
        rows = hub.sql(
            "SELECT connector_id, topic, count(*) FROM events_event WHERE kind = 'schedule' AND connector_id = ANY(%s) "
            "AND outcome = 'succeeded' GROUP BY 1, 2", [c["id"] for c in hub.connectors.values()],
        )  # fmt: skip
        return {(connector, topic): count for connector, topic, count in rows}

    for number in range(1, ROUNDS + 1):
        hub.sql("UPDATE connectors_plan SET is_enabled = true, next_at = now()")
        until(lambda n=number: sum(runs().values()) >= good * n, 15, f"every good plan ran, round {number}")
        assert set(runs().values()) == {number}
        assert len(runs()) == good

    due = "SELECT 1 FROM connectors_plan WHERE next_at < now() + interval '30 seconds'"
    until(lambda: not hub.sql(due), 5, "no plan is due, the broken ones neither")
    errors = dict(hub.sql("SELECT id, error FROM connectors_plan WHERE error <> ''"))
    assert sorted(errors) == sorted(plans["broken"])
    until(lambda: hub.open_events() == 0, 10, "everything ended")
    outcomes = hub.sql("SELECT DISTINCT outcome, reason FROM events_event WHERE connector_id = %s", plans["unusable"])
    assert outcomes == [("failed", "configuration")]
    one = key()
    hub.await_written_once([one], [hub.accept("thing/careful", one)], 10)


def test_two_workers_share_events_and_write_each_once(hub: Hub, second_worker: Tree, key):
    keys = [key() for _ in range(60)]
    ids = [hub.accept("thing/careful", one, think_s=0.1) for one in keys]
    hub.await_written_once(keys, ids, 20)
    assert hub.sql("SELECT max(attempts) FROM events_event WHERE id = ANY(%s)", ids) == [(1,)]


def test_one_of_two_workers_killed_the_other_takes_over(hub: Hub, second_worker: Tree, key):
    keys = [key() for _ in range(30)]
    ids = [hub.accept("thing/careful", one, think_s=0.3) for one in keys]
    hub.kill("worker")
    hub.await_written_once(keys, ids, 15)
