"""``manage.py healthcheck [--worker]``: exit code 0 where this container does its work."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, InterfaceError, connection

from integration_hub import server

TIMEOUT_S = 5


class Command(BaseCommand):
    requires_system_checks = []
    help = "Ask this machine's web server, or its worker, for a sign of life; exit code 1 where there is none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--worker", action="store_true", help="ask for the worker of this machine")
        parser.add_argument("--bind", default=None, help="where web listens (default: HUB_BIND, else 127.0.0.1:8000)")

    def handle(self, *args: Any, worker: bool, bind: str | None, **options: Any) -> None:
        (self._worker if worker else lambda: self._web(bind or server.default_bind()))()

    def _web(self, bind: str) -> None:
        host, _, port = bind.rpartition(":")
        if host in ("", "0.0.0.0", "[::]"):  # noqa: S104  (asked, not listened at)
            host = "127.0.0.1"
        try:
            # A check of this machine, not of a remote: nothing is followed, nothing recorded.
            with urllib.request.urlopen(f"http://{host}:{port}/healthz", timeout=TIMEOUT_S) as answer:
                status = answer.status
        except (OSError, urllib.error.URLError) as error:
            raise CommandError(f"Web does not answer at {host}:{port} ({error}).") from error
        self.stdout.write(f"Web answers ({status}).")

    def _worker(self) -> None:
        """The worker tree of this host beats by way of its queue: one whose queue hangs is not well. A database that is
        away is not the worker's fault: restarting it would not help."""
        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(*) FROM events_heartbeat WHERE role = 'worker' AND host = %s "
                    "AND seen_at > now() - %s * interval '1 second'",
                    [socket.gethostname(), settings.HUB_RESTART_AFTER_S],
                )
                beating = cursor.fetchone()[0]
        except (DatabaseError, InterfaceError) as error:
            raise CommandError(f"The database does not answer ({' '.join(str(error).split())[:200]}).") from error
        if not beating:
            raise CommandError(f"No worker of this machine was heard of for {settings.HUB_RESTART_AFTER_S:.0f} s.")
        self.stdout.write("The worker works.")
