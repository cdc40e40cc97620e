"""Workers to be killed, and the moments at which they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors import registry
from tests.connectors.cases import hurried
from tests.connectors.xoro.credit_cast import Books
from tests.killing.crash import MOMENTS, Crash
from tests.killing.workers import Workers


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/killing/" in item.path.as_posix():
            item.add_marker(pytest.mark.processes)


@pytest.fixture(params=MOMENTS)
def moment(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="package")
def mother(django_db_setup: None, django_db_blocker: Any, sandbox_server: Any) -> Iterator[Workers]:
    with django_db_blocker.unblock():
        made = Workers()
    yield made
    made.close()


@pytest.fixture
def workers(mother: Workers, transactional_db: None) -> Iterator[Workers]:
    yield mother
    mother.end()


@pytest.fixture
def crash(sandbox: Any, workers: Workers) -> Crash:
    return Crash(sandbox, workers)


@pytest.fixture
def books(install: Any, sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> Books:
    """A shop that sends refunds and gift cards to a tenant, without the pauses between calls."""
    monkeypatch.setitem(registry._providers, "xoro", hurried(registry.get("xoro")))
    return Books(install, sandbox, import_start_date="2026-01-01", gift_cards_enabled=True)
