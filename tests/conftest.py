"""The cast of every test: a database with partitions and bells, people of each group, the sandbox served for real."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from socketserver import ThreadingMixIn
from types import ModuleType
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
import requests
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import connection

from connectors import registry
from connectors.models import Connector
from connectors.sandbox import mount
from tests.killing.gate import Gate
from tests.remote import Remote


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass


class _Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64


class Sandbox:
    """The served sandbox of all providers; ``post`` and ``get`` are its control calls."""

    def __init__(self, url: str, gate: Gate) -> None:
        self.url = url
        self.gate = gate

    def post(self, path: str, body: object = None) -> dict:
        answer = requests.post(self.url + path, json=body or {}, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get(self, path: str) -> dict:
        return requests.get(self.url + path, timeout=10).json()

    def log(self, prefix: str) -> list[dict]:
        return self.get(f"/{prefix}/_sandbox/log")["log"]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker) -> Iterator[None]:
    """Ends what drainers' threads keep open, so that the test database can be dropped."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(autouse=True)
def _an_old_database(monkeypatch) -> None:
    """Just after the database started nothing is taken back; the tests' own has often started a moment ago."""
    monkeypatch.setattr("events.pulse.RENEWALS", 0)


@pytest.fixture(scope="session")
def sandbox_server() -> Iterator[Sandbox]:
    applications = {p.sandbox.prefix: p.sandbox.application() for p in registry.all_providers() if p.sandbox}
    gate = Gate(mount(applications))
    server = make_server("127.0.0.1", settings.SANDBOX_PORT, gate, _Threaded, _Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Sandbox(settings.SANDBOX_URL, gate)
    server.shutdown()
    server.server_close()


@pytest.fixture
def sandbox(sandbox_server: Sandbox) -> Iterator[Sandbox]:
    """The sandbox, reset. What is on its way to the hub arrives before the database is emptied: a delivery that is taken
    a moment later would be an event of the next test."""
    for provider in registry.all_providers():
        if provider.sandbox:
            sandbox_server.post(f"/{provider.sandbox.prefix}/_sandbox/reset")
    yield sandbox_server
    sandbox_server.post("/shopify/_sandbox/clock", {"advance": 0})


@pytest.fixture
def install(db, sandbox):
    """``install("xoro")``: a connector of that provider, pointed at the sandbox."""

    def make(slug: str, *, name: str = "", **settings_: object) -> Connector:
        provider = registry.get(slug)
        assert provider.sandbox is not None
        own_slug = (name or slug).lower().replace(" ", "-")
        connector = Connector(name=name or provider.label, slug=own_slug, provider_slug=slug)
        connector.put_settings({**provider.sandbox.settings(f"{sandbox.url}/{provider.sandbox.prefix}"), **settings_})
        connector.email_sender, connector.email_receiver = "hub@example.com", "support@example.com"
        connector.save()
        return connector

    return make


def person(name: str, group: str) -> User:
    """Somebody of the staff."""
    made = User.objects.create_user(name, f"{name}@example.com", "password", is_staff=True)
    made.groups.add(Group.objects.get(name=group))
    return made


@pytest.fixture
def administrator(db) -> User:
    return person("ada", "Administrators")


@pytest.fixture
def supporter(db) -> User:
    return person("sam", "Support")


@pytest.fixture
def reader(db) -> User:
    return person("rita", "Read only")


@pytest.fixture
def stranger(db) -> User:
    """Logged in, in no group."""
    return User.objects.create_user("stan", "stan@example.com", "password", is_staff=True)


# --- the core's own tests: a throwaway provider and a remote with every fault
# ------------------------------------------


@pytest.fixture
def testing_provider(monkeypatch) -> Iterator[ModuleType]:
    """The provider ``testing`` of tests/provider.py, registered for the time of one test, and its connectors read anew
    each time: a test changes their rows behind the hub's back."""
    from connectors import known
    from tests import provider

    monkeypatch.setattr(known, "KNOWN_FOR_S", 0.0)
    provider.STATE.reset()
    registry.register(provider.provider)
    yield provider
    registry._providers.pop(provider.SLUG)


@pytest.fixture(scope="session")
def remote_server() -> Iterator[Remote]:
    server = Remote()
    yield server
    server.close()


@pytest.fixture
def remote(remote_server: Remote, settings) -> Remote:
    """A real server on loopback, allow-listed as the sandbox is."""
    remote_server.reset()
    settings.HUB_ALLOWED_HOSTS_PLAIN = settings.HUB_ALLOWED_HOSTS_PLAIN | {remote_server.place}
    return remote_server


@pytest.fixture
def make_connector(testing_provider, remote):
    """``make_connector("Shop")``: a connector of the throwaway provider, pointed at the remote. Needs a database."""

    def make(name: str = "Testing", **more: object) -> Connector:
        connector = Connector(name=name, slug=name.lower(), provider_slug=testing_provider.SLUG)
        connector.email_sender, connector.email_receiver = "hub@example.com", "support@example.com"
        settings_ = {"base_url": remote.url, "token": testing_provider.TOKEN}
        for key, value in more.items():
            if key in {"base_url", "token", "level"}:
                settings_[key] = value
            else:
                setattr(connector, key, value)
        connector.put_settings(settings_)
        connector.save()
        return connector

    return make


@pytest.fixture
def committed(transactional_db) -> Iterator[None]:
    """A database whose rows other connections see: for drainers, threads and locks."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM events_body")
