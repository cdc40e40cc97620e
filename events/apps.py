from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate


class EventsConfig(AppConfig):
    name = "events"
    verbose_name = "Events"

    def ready(self) -> None:
        post_migrate.connect(_after_migrate, sender=self, dispatch_uid="hub-bells")


def _after_migrate(sender: AppConfig, using: str = "default", **_: Any) -> None:
    from events import bell

    if "events_bell" in connections[using].introspection.table_names():
        bell.hang()
