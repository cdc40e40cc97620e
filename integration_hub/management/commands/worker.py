"""``manage.py worker``: background work, schedules and mail, watched over."""

import os
from typing import Any

from django.core.management.base import BaseCommand

from integration_hub.processes import die_with_parent
from integration_hub.worker import Worker


class Command(BaseCommand):
    requires_system_checks = []  # some ask the database: this starts, waits and answers without one
    help = "Run background work, schedules and mail: start as many of these as you like, on as many machines."

    def handle(self, *args: Any, **options: Any) -> None:
        if os.environ.get("HUB_PARENT"):
            die_with_parent()
        Worker().run()
