"""``manage.py cluster``: the queue's cluster alone. Started by ``manage.py worker``; not meant to be started by hand."""

from typing import Any

from django.core.management.base import BaseCommand

from integration_hub.cluster import run


class Command(BaseCommand):
    requires_system_checks = []  # some ask the database: this starts, waits and answers without one
    help = "Run the queue's cluster (started and watched by `manage.py worker`)."

    def handle(self, *args: Any, **options: Any) -> None:
        run()
