"""Serving WSGI with gunicorn's threaded workers, configured in code: no file to forget."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication

from integration_hub.processes import die_with_parent


class Server(BaseApplication):  # type: ignore[misc]
    def __init__(self, make: Callable[[], Any], options: dict[str, Any]) -> None:
        self._make = make
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self._make()


def hub_application() -> Any:
    from integration_hub.wsgi import application

    return application


class PlaceTaken(Exception):
    """Something else listens at the address already; the text says what to do."""


def default_bind() -> str:
    return os.environ.get("HUB_BIND", "127.0.0.1:8000")


def check_free(bind: str | None = None) -> None:
    """Raises ``PlaceTaken`` where the address cannot be listened at."""
    place = bind or default_bind()
    host, _, port = place.rpartition(":")
    if not port.isdigit():
        return  # a unix socket
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), int(port)))
        except OSError as error:
            raise PlaceTaken(
                f"The hub cannot listen at {place} ({os.strerror(error.errno or 0)}): stop what runs there, perhaps "
                "another hub, or choose another address with --bind or HUB_BIND."
            ) from error


def serve(
    make: Callable[[], Any], *, bind: str | None = None, processes: int | None = None, threads: int | None = None
) -> None:
    """Serve until SIGTERM. Requests under way are finished first."""
    if os.environ.get("HUB_PARENT"):
        die_with_parent()
    options = {
        "bind": bind or default_bind(),
        "workers": processes or int(os.environ.get("HUB_WEB_PROCESSES", "2")),
        "threads": threads or int(os.environ.get("HUB_WEB_THREADS", "8")),
        "worker_class": "gthread",
        "timeout": 120,
        "graceful_timeout": 30,
        "keepalive": 30,
        "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,  # noqa: S108  (heartbeat files only)
        "loglevel": "warning",
        "limit_request_line": 8190,
        "limit_request_fields": 100,
        "forwarded_allow_ips": os.environ.get("HUB_TRUSTED_PROXIES", "127.0.0.1"),
    }
    Server(make, options).run()
