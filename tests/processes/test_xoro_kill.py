"""A worker dies while an order's documents are written to Xoro: nothing is written twice, and nothing is lost.

Every flow has a shop and a tenant of its own. All of them are brought to their moment at once, each at the call or the
memory that its name tells; then every worker is killed with SIGKILL, the hub recovers by itself, and each test asks the
tenant's books and the hub's ledger what became of its flow.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.processes.tenants import Tenants
from tests.processes.xoro_flows import FLOWS
from tests.processes.xoro_shops import Shops


@pytest.fixture(scope="module")
def killed(request: pytest.FixtureRequest) -> Iterator[Shops]:
    """The flows of the tests that are run, their workers killed in the middle, at their end."""
    asked = {one.callspec.params["name"] for one in request.session.items if one.path == request.path}
    flows = {name: flow for name, flow in FLOWS.items() if name in asked}
    tenants = Tenants(flows)
    shops = Shops(flows, tenants)
    try:
        for name, flow in flows.items():
            for one in flow.before:
                shops.tell(name, one)
        shops.await_end()
        for name, flow in flows.items():
            shops.hold(name, flow.at)
        for name, flow in flows.items():
            shops.tell(name, flow.told)
        shops.await_held()
        for name, flow in flows.items():
            for newer in flow.then:
                shops.tell(name, newer)
        shops.await_told()
        shops.kill_workers()
        shops.await_end()
        yield shops
    finally:
        shops.close()
        tenants.close()


@pytest.mark.parametrize("name", FLOWS)
def test_everything_is_there_once_and_the_newest_state_of_it(killed: Shops, name: str) -> None:
    assert killed.books(name) == FLOWS[name].expected


@pytest.mark.parametrize("name", [name for name, flow in FLOWS.items() if not flow.asks])
def test_the_hub_remembers_what_is_there(killed: Shops, name: str) -> None:
    assert killed.remembered(name) == killed.there(name)


@pytest.mark.parametrize("name", FLOWS)
def test_each_event_has_one_outcome_and_a_person_is_asked_where_nobody_can_look(killed: Shops, name: str) -> None:
    assert killed.asked(name) == list(FLOWS[name].asks), killed.failures(name)
    assert killed.waiting(name) == list(FLOWS[name].waits)
