"""``manage.py hub``: the whole product for a small merchant, in one process tree with a clean shutdown."""

from __future__ import annotations

import os
import time
from typing import Any

import structlog
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from integration_hub import server
from integration_hub.embedded import Embedded, EmbeddedError
from integration_hub.processes import Child, Stop, die_with_parent, stop_on_signals

log = structlog.get_logger(__name__)

WEB_GRACE_S = 30.0
WORKER_GRACE_S = 75.0


class Command(BaseCommand):
    help = "Run everything: database (where it is the embedded one), web, worker and schedules. Ctrl-C stops it all."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--bind", default=None, help="host:port (default: HUB_BIND, else 127.0.0.1:8000)")
        parser.add_argument("--no-migrate", action="store_true", help="leave the database's schema as it is")

    def handle(self, *args: Any, bind: str | None, no_migrate: bool, **options: Any) -> None:
        if os.environ.get("HUB_PARENT"):
            die_with_parent()
        try:
            server.check_free(bind)
        except server.PlaceTaken as error:
            raise CommandError(str(error)) from error
        if not no_migrate:
            call_command("migrate", interactive=False, verbosity=0)
        asked_to_stop = stop_on_signals()
        web = Child("web", ["web", *(["--bind", bind] if bind else [])])
        worker = Child("worker", ["worker"])
        self.stdout.write(f"The hub runs: {settings.HUB_BASE_URL}/admin/ (Ctrl-C stops it)")
        try:
            while not asked_to_stop.is_set():
                if settings.EMBEDDED is not None and not settings.EMBEDDED.is_up():
                    self._revive(settings.EMBEDDED)
                for child in (web, worker):
                    child.keep()
                time.sleep(1.0)
        except Stop:
            pass
        self.stdout.write("Stopping: requests and events under way are finished first ...")
        for child in (web, worker):
            child.ask_to_end()
        web.stop(WEB_GRACE_S)
        worker.stop(WORKER_GRACE_S)
        if settings.EMBEDDED is not None:
            settings.EMBEDDED.stop()
        self.stdout.write("Stopped.")

    def _revive(self, embedded: Embedded) -> None:
        """A database that does not start (a full disk, say) is tried again; web and worker live on meanwhile."""
        log.error("embedded_database_ended")
        try:
            embedded.start(say=False)
        except (EmbeddedError, OSError) as error:
            log.error("embedded_database_not_started", error=str(error))
