"""The stage: database, keys, sandbox, mail server, web and worker, started and stopped in order."""

from __future__ import annotations

import socket
import sys
import time
from contextlib import suppress

import django
import requests
from django.core.exceptions import ImproperlyConfigured

from integration_hub.postgres import EmbeddedError
from integration_hub.processes import Child, Stop, stop_on_signals

READY_S = 60.0


class Stage:
    """``run`` returns the exit code."""

    def __init__(self, port: int, *, once: bool) -> None:
        self.port = port
        self.once = once
        self.children: list[Child] = []

    def run(self) -> int:
        for taken, what in ((self.port, "web"), (self.port + 1, "sandbox"), (self.port + 2, "mail")):
            if _is_taken(taken):
                print(
                    f"Port {taken} ({what}) is taken: a demo may be running already at http://127.0.0.1:{self.port}/admin/ . "
                    f"Stop it with Ctrl-C in its window, or choose other ports: make demo PORT={self.port + 100}",
                    file=sys.stderr,
                )
                return 1
        stop_on_signals()
        code = 0
        try:
            code = self._play()
        except Stop:
            code = 1 if self.once else 0  # stopped before the end: nothing was verified
        except (EmbeddedError, ImproperlyConfigured) as error:  # each says what to do
            print(error, file=sys.stderr)
            code = 1
        finally:
            self._strike()
        if self.once and code == 0:
            print("MAIN JOB VERIFIED")
        return code

    def _play(self) -> int:
        django.setup()
        from django.conf import settings
        from django.core.management import call_command

        from integration_hub.demo.cast import gather
        from integration_hub.demo.post import PostOffice
        from integration_hub.demo.prompter import Unverified
        from integration_hub.demo.scenes import Scenes

        _say("Starting the embedded PostgreSQL", str(settings.VAR_DIR))
        if settings.EMBEDDED is None:
            raise SystemExit("The demo has a database of its own: unset DATABASE_URL.")
        settings.EMBEDDED.start()
        call_command("migrate", interactive=False, verbosity=0)
        cast = gather()
        post = PostOffice(self.port + 2, settings.VAR_DIR / "mail")
        post.start()
        self.post = post
        for name in ("sandbox", "web", "worker"):
            child = Child(name, [name])
            child.start()
            self.children.append(child)
        _wait(f"{settings.SANDBOX_URL}/")
        _wait(f"{settings.HUB_BASE_URL}/readyz?worker=1")
        _say("The hub, its worker and the sandbox run", f"{settings.HUB_BASE_URL}/admin/")
        _say(f"Administrator: {cast.administrator[0]} / {cast.administrator[1]}", f"{settings.HUB_BASE_URL}/admin/")
        _say(f"Support user:  {cast.supporter[0]} / {cast.supporter[1]}", f"{settings.HUB_BASE_URL}/admin/")
        _say(f"Storefront's API key: {cast.key}", f"{settings.HUB_BASE_URL}/api/docs/")
        _say("Connectors Lumen Goods (Shopify), Xoro and Brookfield ERP are installed, pointed at the sandbox",
             f"{settings.HUB_BASE_URL}/admin/connectors/connector/")  # fmt: skip
        try:
            Scenes(cast, post, _say).play()
        except (Unverified, requests.RequestException) as error:
            print(f"NOT VERIFIED: {error}", file=sys.stderr)
            if self.once:
                return 1
        if self.once:
            return 0
        print(f"\nThe demo goes on at {settings.HUB_BASE_URL}/admin/ (Ctrl-C stops everything).", flush=True)
        while True:
            for child in self.children:
                child.keep()
            time.sleep(1.0)

    def _strike(self) -> None:
        """Stop everything, last started first."""
        for child in reversed(self.children):
            child.ask_to_end()
        for child in reversed(self.children):
            child.stop(20.0)
        post = getattr(self, "post", None)
        if post is not None:
            post.stop()
        with suppress(Exception):  # settings may never have been loaded: then there is nothing to stop
            from django.conf import settings

            if settings.EMBEDDED is not None:
                settings.EMBEDDED.stop()


def _say(text: str, link: str) -> None:
    print(f"• {text}" + (f"\n  {link}" if link else ""), flush=True)


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _wait(url: str) -> None:
    end = time.monotonic() + READY_S
    while time.monotonic() < end:
        with suppress(requests.RequestException):
            if requests.get(url, timeout=2).status_code == 200:
                return
        time.sleep(0.1)
    raise SystemExit(f"{url} did not become ready within {READY_S:.0f} s; set HUB_LOG_LEVEL=INFO to see why.")
