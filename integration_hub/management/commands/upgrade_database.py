"""``manage.py upgrade_database``: the embedded database, made by an older PostgreSQL, copied into a new one."""

from __future__ import annotations

import shutil
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from integration_hub import dumps, postgres
from integration_hub.embedded import Embedded, EmbeddedError


class Command(BaseCommand):
    requires_system_checks = []
    help = "Copy the embedded database into the PostgreSQL this release brings; the old one is kept beside it."

    def add_arguments(self, parser: CommandParser) -> None:
        pass

    def handle(self, *args: Any, **options: Any) -> None:
        new: Embedded | None = settings.EMBEDDED
        if new is None:
            raise CommandError("The database of DATABASE_URL is not the hub's to upgrade: ask whoever operates it.")
        try:
            self._upgrade(new)
        except (dumps.DumpError, EmbeddedError, OSError) as error:
            raise CommandError(f"The database was left as it is. {error}") from error

    def _upgrade(self, place: Embedded) -> None:
        made_by, ours = place.version(), postgres.version_of(place.binaries)
        if made_by in (None, ours):
            self.stdout.write(f"Nothing to do: the database is PostgreSQL {made_by or ours} already.")
            return
        binaries = postgres.installed().get(made_by or 0)
        if binaries is None:
            raise CommandError(
                f"This release has no PostgreSQL {made_by}: with the hub's former release run `manage.py backup`, move "
                f"{place.directory} away and run `manage.py restore FILE` with this one."
            )
        if place.is_up():
            raise CommandError("The database is running: stop the hub first.")
        dump = settings.VAR_DIR / "backups" / f"postgresql-{made_by}-{timezone.now():%Y%m%d-%H%M%S}.dump"
        old = Embedded(place.directory, binaries=binaries)
        self.stdout.write(f"Copying the database from PostgreSQL {made_by} to {ours} ...")
        old.start(say=False)
        try:
            dumps.write(dump, dumps.Place.of(old))
        finally:
            old.stop()
        draft = Embedded(place.directory.with_name(f"{place.directory.name}-{ours}"))
        shutil.rmtree(draft.directory, ignore_errors=True)
        draft.start(say=False)
        try:
            dumps.bring_back(dump, dumps.Place.of(draft), paused=False)
        finally:
            draft.stop()
        kept = place.directory.with_name(f"{place.directory.name}-{made_by}-{timezone.now():%Y%m%d-%H%M%S}")
        place.directory.rename(kept)
        draft.directory.rename(place.directory)
        own = kept / "own.conf"
        if own.exists():
            shutil.copy(own, place.directory / own.name)
            shutil.chown(place.directory / own.name, *(own.stat().st_uid, own.stat().st_gid))
        self.stdout.write(
            f"The database is PostgreSQL {ours} now. The old one is kept in {kept}, a backup in {dump}: remove both "
            "when all is well."
        )
