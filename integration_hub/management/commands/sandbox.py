"""``manage.py sandbox``: stand-ins of every remote system, on one port."""

import os
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from connectors import registry
from connectors.sandbox import mount
from integration_hub import server

DEFAULT = "127.0.0.1:8900"


class Command(BaseCommand):
    help = "Serve strict stand-ins of Shopify, Xoro, the Generic ERP ... for learning, demo and tests."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--bind", default=None, help=f"host:port (default: that of SANDBOX_URL, else {DEFAULT})")

    def handle(self, *args: Any, bind: str | None, **options: Any) -> None:
        place = bind or urlsplit(settings.SANDBOX_URL).netloc or DEFAULT
        address = f"http://{place}"
        if address != settings.SANDBOX_URL:
            self.stderr.write(f"Connectors may point at this sandbox only where SANDBOX_URL=http://{place} is set.")
        if not os.environ.get("HUB_PARENT"):
            self.stdout.write(f"Sandbox on http://{place}/")

        def application() -> Any:
            return mount({p.sandbox.prefix: p.sandbox.application() for p in registry.all_providers() if p.sandbox})

        # One process: a sandbox's state lives in its memory.
        server.serve(application, bind=place, processes=1, threads=32)
