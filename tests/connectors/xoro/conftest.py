"""A sandbox tenant over real HTTP, a client for it, and a run that records what the flow says."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
import pytest
from django.conf import settings as django_settings

if not django_settings.configured:
    django_settings.configure(USE_TZ=True)
    django.setup()

from django.test import override_settings

from connectors import registry
from tests.connectors.cases import hurried
from tests.connectors.xoro.cast import FakeRun, Tenant
from tests.connectors.xoro.credit_cast import Books


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="session")
def server() -> Iterator[_Server]:
    with make_server("127.0.0.1", 0, None, server_class=_Server, handler_class=_Quiet) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def tenant(server: _Server) -> Iterator[Tenant]:
    """A fresh sandbox tenant."""
    address = f"127.0.0.1:{server.server_port}"
    with override_settings(HUB_ALLOWED_HOSTS_PLAIN=frozenset({address})):
        made = Tenant(f"http://{address}")
        server.set_app(made.sandbox)
        yield made


@pytest.fixture
def run(tenant: Tenant) -> FakeRun:
    return tenant.run()


@pytest.fixture
def books(install: Any, sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> Books:
    """A shop that sends refunds, returns and gift cards to a tenant, without the pauses between calls."""
    monkeypatch.setitem(registry._providers, "xoro", hurried(registry.get("xoro")))
    return Books(install, sandbox, import_start_date="2026-01-01", old_order_returns=True)
