"""``manage.py web``: the web server."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integration_hub import server


class Command(BaseCommand):
    requires_system_checks = []  # some ask the database: this starts, waits and answers without one
    help = "Serve the admin, the API and the webhook addresses."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--bind", default=None, help="host:port (default: HUB_BIND, else 127.0.0.1:8000)")
        parser.add_argument("--processes", type=int, default=None, help="default: HUB_WEB_PROCESSES, else 2")
        parser.add_argument(
            "--threads", type=int, default=None, help="of each process; default: HUB_WEB_THREADS, else 8"
        )

    def handle(self, *args: Any, bind: str | None, processes: int | None, threads: int | None, **options: Any) -> None:
        if not os.environ.get("HUB_PARENT"):  # the hub's own child waits for its predecessor's address
            try:
                server.check_free(bind)
            except server.PlaceTaken as error:
                raise CommandError(str(error)) from error
        server.serve(server.hub_application, bind=bind, processes=processes, threads=threads)
