"""Encrypt every stored secret with the ring's first key, so that an older key can be taken out of the ring."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from connectors import crypto
from connectors.models import Connector

BATCH = 100


class Command(BaseCommand):
    help = "Encrypt every secret with the first key of HUB_SECRET_KEYS; secrets that do not open stay as they are."

    def handle(self, *args: Any, **options: Any) -> None:
        done, current, broken = 0, 0, []
        last_id = 0
        while True:
            with transaction.atomic():
                rows = list(Connector.objects.select_for_update().filter(pk__gt=last_id).order_by("pk")[:BATCH])
                for row in rows:
                    changed, kept, faults = _rotate(row)
                    done, current = done + changed, current + kept
                    broken += faults
                    if changed:
                        row.save(update_fields=["secrets", "updated_at"])
            if not rows:
                break
            last_id = rows[-1].pk
        self.stdout.write(f"{done} encrypted anew with key “{crypto.current_key_id()}”, {current} were already.")
        for fault in broken:
            self.stderr.write(fault)
        if broken:
            raise CommandError(f"{len(broken)} did not open and were left as they are; enter them anew on those pages.")


def _rotate(connector: Connector) -> tuple[int, int, list[str]]:
    """(encrypted anew, already right, sentences about those that do not open); changes the row in memory only."""
    changed, kept, faults = 0, 0, []
    for name, stored in sorted(connector.secrets.items()):
        try:
            value = connector.secret(name)
        except crypto.UndecryptableSecret as error:
            faults.append(f"{connector} ({connector.slug}), {name}: {error}")
            continue
        if crypto.key_id_of(stored) == crypto.current_key_id():
            kept += 1
        else:
            connector.set_secret(name, value)
            changed += 1
    return changed, kept, faults
