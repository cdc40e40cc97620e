"""The worker's supervisor: it keeps one strict queue cluster alive and gives the pulse.

The pulse runs here and not as a schedule of the queue: it must go on while the queue hangs, and its grain is a second.
"""

from __future__ import annotations

import os
import socket
import time

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from connectors import plans
from events import bell, heartbeat
from events.database import in_words
from events.pulse import pulse
from integration_hub.embedded import Embedded
from integration_hub.processes import Child, Stop, stop_on_signals

log = structlog.get_logger(__name__)

PULSE_S = 1.0
PING_S = 10.0
STOP_GRACE_S = 60.0


class Worker:
    """``run`` until SIGTERM. ``cluster_id`` names this tree in the table of heartbeats."""

    def __init__(self) -> None:
        self.cluster_id = f"{socket.gethostname()}:{os.getpid()}"
        self.child = Child("cluster", ["cluster"], {heartbeat.CLUSTER: self.cluster_id})
        self.heard_from = time.monotonic()  # when silence began to count
        self.pinged_at = 0.0
        self.must_follow = True  # plans: this version may know syncs that the last one did not
        self.must_ring = False  # a bell may have died with the queue before this one
        self.stopped_since: dict[int, float] = {}  # process id -> when it was first seen stopped

    def run(self) -> None:
        asked_to_stop = stop_on_signals()
        log.info("worker_started", cluster=self.cluster_id)
        try:
            while not asked_to_stop.is_set():
                started = time.monotonic()
                if self.child.keep():
                    self.must_ring = True
                self._beat()
                time.sleep(max(0.05, PULSE_S - (time.monotonic() - started)))
        except Stop:
            pass
        log.info("worker_stopping")
        self.child.ask_to_end()
        self.child.stop(STOP_GRACE_S)
        self._forget()

    def _beat(self) -> None:
        """Pulse, ask the cluster for a sign of life, restart it where it gave none for too long."""
        try:
            if self.must_ring:
                bell.ring(again=True)
                self.must_ring = False
            if self.must_follow:
                changed = plans.follow_all()
                self.must_follow = False
                if changed:
                    log.info("plans_follow_settings", changed=changed)
            pulse()
            if time.monotonic() - self.pinged_at >= min(PING_S, settings.HUB_RESTART_AFTER_S / 4):
                self._ping()
                self._restart_if_stopped()
            self._restart_if_silent()
        except (DatabaseError, InterfaceError) as error:
            log.error("database_away", error=in_words(error))
            self.heard_from = time.monotonic()  # nobody can be heard without it
            connection.close()
            if settings.EMBEDDED is not None:
                self._revive_database(settings.EMBEDDED)

    def _ping(self) -> None:
        self.pinged_at = time.monotonic()
        with connection.cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT 1 FROM django_q_ormq WHERE key = %s)", [self.cluster_id])
            is_unheard = cursor.fetchone()[0]
        if not is_unheard:
            bell.call("events.heartbeat.beat", key=self.cluster_id)

    def _restart_if_silent(self) -> None:
        limit = settings.HUB_RESTART_AFTER_S
        if not self.child.is_running:
            return
        quiet_here = min(self.child.age_s, time.monotonic() - self.heard_from)
        if quiet_here < limit:
            return
        silent = heartbeat.silent_for_s(self.cluster_id)
        if silent is None or silent > limit:
            log.error("cluster_silent", seconds=silent)
            self.child.kill()
            self.heard_from = time.monotonic()

    def _restart_if_stopped(self) -> None:
        """A stopped process beside others that work is not silent: the queue moves on without it."""
        now = time.monotonic()
        self.stopped_since = {pid: self.stopped_since.get(pid, now) for pid in self.child.stopped()}
        if any(now - since >= settings.HUB_RESTART_AFTER_S for since in self.stopped_since.values()):
            log.error("cluster_process_stopped", process_ids=sorted(self.stopped_since))
            self.child.kill()

    def _revive_database(self, embedded: Embedded) -> None:
        try:
            embedded.start(say=False)
        except (RuntimeError, OSError) as error:
            log.error("embedded_database_not_started", error=str(error))

    def _forget(self) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM events_heartbeat WHERE name = %s", [self.cluster_id])
                cursor.execute("DELETE FROM django_q_ormq WHERE key = %s", [self.cluster_id])
        except (DatabaseError, InterfaceError):
            log.info("heartbeat_left_behind")
