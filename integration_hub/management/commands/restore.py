"""``manage.py restore FILE``: a backup in the place of what the database holds; everything starts paused."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from connectors.checks import unopened_secrets
from connectors.models import Connector
from integration_hub import dumps
from integration_hub.management.commands.backup import counted, default_target
from integration_hub.postgres import EmbeddedError

TABLES_WITHOUT_MODEL = ("events_body", "django_migrations")


class Command(BaseCommand):
    requires_system_checks = []
    help = (
        "Bring a backup back. Every connector is paused afterwards: what was delivered since would be delivered again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="a file that `backup` wrote; “-” reads standard input")
        parser.add_argument("--replace", action="store_true", help="although the database holds connectors or events")
        parser.add_argument(
            "--without-copy", action="store_true", help="with --replace: do not back up first what is replaced"
        )

    def handle(self, *args: Any, file: str, replace: bool, without_copy: bool, **options: Any) -> None:
        try:
            if file != "-":
                self._restore(Path(file).resolve(), replace=replace, copies=not without_copy)
                return
            with tempfile.NamedTemporaryFile(prefix="hub-restore-") as kept:  # looked into before it is used
                shutil.copyfileobj(sys.stdin.buffer, kept)
                kept.flush()
                self._restore(Path(kept.name), replace=replace, copies=not without_copy)
        except (dumps.DumpError, EmbeddedError) as error:
            raise CommandError(str(error)) from error

    def _restore(self, file: Path, *, replace: bool, copies: bool) -> None:
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        if "connectors_connector" not in dumps.tables(file):
            raise CommandError(f"{file} is no backup of a hub.")
        newer = dumps.unknown_migrations(file)
        if newer:
            raise CommandError(
                f"{file} was made by a newer release of the hub ({newer[0]} is not known here): restore it there."
            )
        place = dumps.Place.here()
        held = self._held()
        if held and not replace:
            raise CommandError(f"The database holds {held}: --replace puts the backup in their place.")
        self._refuse_beside_others()
        if held and copies:
            copy = default_target("before-restore")
            dumps.write(copy, place)
            self.stdout.write(f"What the database held was backed up first: {copy}")
        old = {*connection.introspection.django_table_names(), *TABLES_WITHOUT_MODEL}
        connection.close()
        dumps.bring_back(file, place, instead_of=old)
        call_command("migrate", interactive=False, verbosity=0)
        self._tell(file)

    def _held(self) -> str:
        """What would be lost, in words; empty where nothing would."""
        present = set(connection.introspection.table_names())
        with connection.cursor() as cursor:
            found = []
            for table, word in (("connectors_connector", "connector"), ("events_event", "event")):
                if table in present:
                    cursor.execute(f"SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT 10001) AS n")
                    count = cursor.fetchone()[0]
                    if count:
                        found.append(
                            f"{'more than 10000' if count > 10_000 else count} {word}{'s' if count != 1 else ''}"
                        )
        return " and ".join(found)

    def _refuse_beside_others(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            others = cursor.fetchone()[0]
        if others:
            raise CommandError(
                f"The database is in use by {others} other connections: stop the hub (every web and worker) first."
            )

    def _tell(self, file: Path) -> None:
        count = counted(Connector.objects.count())
        self.stdout.write(f"Restored the backup of {dumps.made_at(file)}: {count}, every one paused.")
        self.stdout.write(
            "What was delivered since that backup is not in it and would be delivered again: look at the target "
            f"systems, then resume each connector on its page ({settings.HUB_BASE_URL}/admin/connectors/connector/). "
            "Events that were under way wait until then."
        )
        for sentence in unopened_secrets():
            self.stderr.write(sentence)
