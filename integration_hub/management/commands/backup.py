"""``manage.py backup``: the whole database in one file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from connectors.models import Connector
from integration_hub import dumps, keys
from integration_hub.postgres import EmbeddedError


def default_target(what: str) -> Path:
    return settings.VAR_DIR / "backups" / f"{what}-{timezone.now():%Y%m%d-%H%M%S}.dump"


def keys_to_keep() -> str:
    """What must be kept for a backup to be of use, in words."""
    file = settings.VAR_DIR / keys.FILE
    if settings.KEYS_FROM_FILE:
        return f"the key file {file}"
    return "the values of SECRET_KEY and HUB_SECRET_KEYS, which this hub has from its environment"


def counted(connectors: int) -> str:
    return f"{connectors} connector" + ("" if connectors == 1 else "s")


class Command(BaseCommand):
    requires_system_checks = []
    help = "Write the whole database to one file while the hub runs; `restore` brings it back."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--to", metavar="FILE", default="",
            help="default: var/backups/hub-DATE-TIME.dump; “-” writes to standard output",
        )  # fmt: skip

    def handle(self, *args: Any, to: str, **options: Any) -> None:
        try:
            place = dumps.Place.here()
            if to == "-":
                dumps.stream(sys.stdout.buffer, place)
                self.stderr.write(f"Keep {keys_to_keep()} too, apart from the backup.")
                return
            target = Path(to).resolve() if to else default_target("hub")
            dumps.write(target, place)
        except (dumps.DumpError, EmbeddedError) as error:
            raise CommandError(str(error)) from error
        size = target.stat().st_size / 1024 / 1024
        self.stdout.write(f"Backup written: {target} ({size:.1f} MiB, {counted(Connector.objects.count())}).")
        self.stdout.write(
            f"Keep {keys_to_keep()} too, in another place than the backup: the connectors' secrets open only with it."
        )
