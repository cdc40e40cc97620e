"""The queue's broker: django-q2's database broker that takes and deletes a task in one statement and listens for NOTIFY.

Stock polling starts a task after 90 ms at p50 (poll 0.2 s); this after about 5. Tasks only ring bells, so a task lost with
a worker costs the seconds until the pulse rings again. A database that is away is waited for here: an exception would
make the queue's pusher die.
"""

from __future__ import annotations

import os
import time
from typing import Any

import psycopg
from django.db import DatabaseError, InterfaceError, connections
from django_q.brokers.orm import ORM
from django_q.conf import Conf

from events.bell import CHANNEL
from events.heartbeat import CLUSTER

WAIT_S = 1.0  # longest wait for a notification; bounds what a lost one costs
AWAY_S = 1.0

_TAKE = (
    "DELETE FROM django_q_ormq WHERE id = (SELECT id FROM django_q_ormq WHERE key = ANY(%s) "
    "ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id, payload"
)


class BellBroker(ORM):  # type: ignore[misc]
    """See the module's text. ``acknowledge`` has nothing left to do: a taken task is gone."""

    is_listening = False

    def dequeue(self) -> list[tuple[int, str]] | None:
        connection = connections[Conf.ORM]
        try:
            task = self._take(connection)
            if task is None:
                self._wait(connection)
                task = self._take(connection)
            return [task] if task else None
        except (DatabaseError, InterfaceError, psycopg.Error):  # psycopg's own: waiting goes past Django
            self.is_listening = False
            connection.close()
            time.sleep(AWAY_S)
            return None

    def _take(self, connection: Any) -> tuple[int, str] | None:
        keys = [self.list_key, f"{self.list_key}:mail", os.environ.get(CLUSTER, "")]
        with connection.cursor() as cursor:
            cursor.execute(_TAKE, [keys])
            task: tuple[int, str] | None = cursor.fetchone()
        return task

    def _wait(self, connection: Any) -> None:
        if not self.is_listening or connection.connection is None:
            with connection.cursor() as cursor:
                cursor.execute(f"LISTEN {CHANNEL}")
            self.is_listening = True
            return  # look once more: a bell may have rung before we listened
        for _ in connection.connection.notifies(timeout=WAIT_S, stop_after=1):
            break

    def acknowledge(self, task_id: int) -> None:
        pass

    def delete(self, task_id: int) -> None:
        pass
