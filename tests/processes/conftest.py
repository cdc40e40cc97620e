"""One remote and one hub with short intervals for all process tests; the hub's logs are shown where a test fails."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from tests.processes.hub import Hub, Tree
from tests.processes.remote import Remote

LOG_TAIL = 60  # lines
_reports = pytest.StashKey[list[Hub]]()
_numbers = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/processes/" in item.path.as_posix():
            item.add_marker(pytest.mark.processes)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        for hub in (v for v in item.funcargs.values() if isinstance(v, Hub)):
            for path in sorted(hub.directory.glob("*.log")):
                text = "\n".join(path.read_text(errors="replace").splitlines()[-LOG_TAIL:])
                report.sections.append((f"{path.name} of the hub", text))
    return report


@pytest.fixture(scope="session")
def remote() -> Iterator[Remote]:
    made = Remote()
    yield made
    made.close()


@pytest.fixture(scope="session")
def shared_hub(remote: Remote) -> Iterator[Hub]:
    made = Hub(remote)
    made.start_web()
    yield made
    made.close()


@pytest.fixture
def hub(shared_hub: Hub) -> Hub:
    """The shared hub with its web server; the worker is ``tree``'s."""
    return shared_hub


@pytest.fixture
def tree(hub: Hub) -> Tree:
    """The shared hub's worker, ready and idle; started where the test before left none."""
    started = hub.started.get("worker")
    if started is None or started.poll() is not None:
        return hub.start_worker()
    return hub.ready_tree()


@pytest.fixture
def key() -> Callable[[], str]:
    """Names of things, none twice."""
    return lambda: f"thing-{next(_numbers)}"
