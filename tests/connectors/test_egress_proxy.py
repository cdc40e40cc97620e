"""Calls through an egress proxy: it is reached though it stands inside, and budget and guard hold all the same."""

from __future__ import annotations

import time

import pytest

from connectors import transport
from connectors.exceptions import RemoteRefused, RemoteTimedOut
from connectors.http import HttpClient
from connectors.recording import ListRecorder
from connectors.redaction import Redactor
from tests.remote import Remote


@pytest.fixture
def proxy(settings, monkeypatch):
    server = Remote()
    settings.HUB_EGRESS_PROXY = server.url
    settings.HUB_ALLOWED_HOSTS_PLAIN = frozenset({"shop.example:80"})
    monkeypatch.delattr(transport._current, "session", raising=False)
    yield server
    transport._current.session = None
    server.close()


@pytest.fixture
def http() -> HttpClient:
    return HttpClient(ListRecorder("a" * 32), Redactor())


def test_calls_go_through_the_proxy(proxy, http):
    assert http.request("GET", "http://shop.example/orders").status == 200
    assert proxy.received[0].path == "http://shop.example/orders"


def test_they_end_with_their_budget(proxy, http):
    proxy.before_answer = lambda request: time.sleep(4)
    started = time.monotonic()
    with pytest.raises(RemoteTimedOut):
        http.request("GET", "http://shop.example/orders", timeout_s=(1, 30), budget_s=0.5)
    assert time.monotonic() - started < 1.5


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/", "https://169.254.169.254/latest", "https://10.0.0.1/", "https://[::1]/"]
)
def test_private_addresses_are_refused_before_the_proxy_is_asked(proxy, http, url):
    with pytest.raises(RemoteRefused) as caught:
        http.request("GET", url)
    assert caught.value.code == "blocked_address"
    assert proxy.received == []
