"""A worker dies while an order's documents are written to Xoro: nothing is written twice, and nothing is lost.

Every flow has a shop and a tenant of its own. All of them are brought to their moment at once, each at the call or the
memory that its name tells; then every worker is killed with SIGKILL, the hub recovers by itself, and each test asks the
tenant's books and the hub's ledger what became of its flow. The same for two versions at once, for a tenant that answers
later than the hub waits, and for a worker that sleeps beyond its lease.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import pytest

from tests.processes.tenants import Tenants
from tests.processes.xoro_shops import Shops
from tests.processes.xoro_versions import ASLEEP, CALM, FLOWS, IMPATIENT, KILLED


@pytest.fixture(scope="module")
def shops(request: pytest.FixtureRequest) -> Iterator[Shops]:
    """The flows of the tests that are run, each at its end."""
    asked = {one.callspec.params["name"] for one in request.session.items if one.path == request.path}
    tenants = Tenants(asked)
    made = Shops({name: flow for name, flow in FLOWS.items() if name in asked}, tenants)
    try:
        for name, flow in made.flows.items():
            for one in flow.before:
                made.tell(name, one)
        made.await_end()
        kill(made, [name for name in KILLED if name in asked])
        made.start_worker("second")
        be_slow(made, [name for name in CALM if name in asked])
        sleep(made, [name for name in ASLEEP if name in asked])
        yield made
    finally:
        made.release()
        made.close()
        tenants.close()


def bring(shops: Shops, names: Sequence[str]) -> None:
    """Each flow to its moment, and the newer versions told."""
    for name in names:
        shops.hold(name, shops.flows[name].at)
        shops.hold(name, shops.flows[name].again, is_next=True)
    for name in names:
        shops.tell(name, shops.flows[name].told)
    shops.await_held({name: shops.flows[name].at for name in names})
    for name in names:
        for newer in shops.flows[name].then:
            shops.tell(name, newer)
    shops.await_told()


def kill(shops: Shops, names: Sequence[str]) -> None:
    bring(shops, names)
    shops.kill_workers()
    again = {name: at for name in names if (at := shops.flows[name].again) is not None}
    if again:
        shops.await_held(again)
        shops.kill_workers()
    shops.await_end()


def be_slow(shops: Shops, names: Sequence[str]) -> None:
    bring(shops, names)
    time.sleep(IMPATIENT["timeout_s"] + 1.0)
    shops.release()
    shops.await_end()


def sleep(shops: Shops, names: Sequence[str]) -> None:
    """The workers at these flows stop for longer than their leases; what they do then is ``slept``."""
    bring(shops, names)
    workers = shops.workers_at(names)
    for one in workers:
        one.suspend()
    shops.release()
    shops.await_end()
    shops.before = {name: shops.ledger(name) for name in names}
    for one in workers:
        one.resume()
    time.sleep(1.5)  # long enough for a write, and for what would be remembered of it


@pytest.mark.parametrize("name", FLOWS)
def test_everything_is_there_once_and_the_newest_state_of_it(shops: Shops, name: str) -> None:
    assert shops.books(name) == FLOWS[name].expected


@pytest.mark.parametrize("name", [name for name, flow in FLOWS.items() if not flow.asks])
def test_the_hub_remembers_what_is_there(shops: Shops, name: str) -> None:
    assert shops.remembered(name) == shops.there(name)


@pytest.mark.parametrize("name", FLOWS)
def test_each_event_has_one_outcome_and_a_person_is_asked_where_nobody_can_look(shops: Shops, name: str) -> None:
    assert shops.asked(name) == list(FLOWS[name].asks), shops.failures(name)
    assert shops.waiting(name) == list(FLOWS[name].waits)


@pytest.mark.parametrize("name", ASLEEP)
def test_a_worker_that_slept_beyond_its_lease_changes_nothing_when_it_goes_on(shops: Shops, name: str) -> None:
    assert shops.ledger(name) == shops.before[name]
