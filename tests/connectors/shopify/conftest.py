"""The sandbox over real HTTP, and connectors pointed at it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
import pytest
import requests
from django.conf import settings as django_settings

if not django_settings.configured:
    django_settings.configure(USE_TZ=True, HUB_ALLOWED_HOSTS_PLAIN=frozenset())
    django.setup()

from connectors.sandbox import mount
from connectors.schema import load
from connectors.shopify import settling
from connectors.shopify.client import ShopifyClient
from connectors.shopify.sandbox import OUTLET, ShopifySandbox, application
from connectors.shopify.settings import ShopifySettings
from tests.connectors.shopify.stand_ins import RealHttp


class ThreadingServer(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


def serve(app: Any) -> WSGIServer:
    server = make_server("127.0.0.1", 0, app, server_class=ThreadingServer, handler_class=QuietHandler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server


@dataclass
class Vendor:
    """The running sandbox: ``app`` to look inside, ``url`` with its prefix."""

    app: ShopifySandbox
    url: str

    def control(self, call: str, **body: Any) -> Any:
        answer = requests.post(f"{self.url}/_sandbox/{call}", json=body, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="session")
def running() -> Iterator[Vendor]:
    app = application()
    server = serve(mount({"shopify": app}))
    yield Vendor(app, f"http://127.0.0.1:{server.server_port}/shopify")
    server.shutdown()
    server.server_close()


@pytest.fixture
def vendor(running: Vendor, monkeypatch: pytest.MonkeyPatch) -> Vendor:
    """The sandbox fresh from its seeds, and allowed as a base address."""
    running.control("reset")
    address = running.url.removeprefix("http://").partition("/")[0]
    monkeypatch.setattr(django_settings, "HUB_ALLOWED_HOSTS_PLAIN", frozenset({address}), raising=False)
    return running


@pytest.fixture(autouse=True)
def settles_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call whose answer was lost is taken for done or not done at once; tests of the wait give it its time again."""
    monkeypatch.setattr(settling, "SETTLE", timedelta(0))


@pytest.fixture
def make_client(vendor: Vendor) -> Callable[..., ShopifyClient]:
    """A client of the first seeded shop; keyword arguments replace settings. It sleeps on the sandbox's clock."""

    def make(**changes: Any) -> ShopifyClient:
        shop = vendor.app.shops[changes.get("shop_domain", OUTLET)]
        raw = {
            "shop_domain": shop.domain,
            "client_id": shop.client_id,
            "client_secret": shop.client_secret,
            "base_url": vendor.url,
            **changes,
        }
        settings: ShopifySettings = load(ShopifySettings, raw)
        return ShopifyClient(
            settings,
            RealHttp(),
            sleep=lambda seconds: vendor.control("clock", advance=seconds),
            now=vendor.app.now,
        )

    return make
