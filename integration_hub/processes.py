"""Child processes that live and die with their parent: started in a group of their own, restarted when they end, stopped
by SIGTERM and, past a grace, killed with everything they started.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
import structlog
from django.conf import settings

log = structlog.get_logger(__name__)

PR_SET_PDEATHSIG = 1
LONGEST_PAUSE_S = 15.0  # between restarts of a child that ends at once
MANAGE = Path(__file__).resolve().parent.parent / "manage.py"


def die_with_parent(parent: int | None = None) -> None:
    """Have the kernel end this process when its parent ends: no orphan works on behind the hub's back. Linux only.

    ``parent`` is the parent's process id; without it, the one that ``Child`` left in the environment."""
    expected = parent or int(os.environ.get("HUB_PARENT") or 0)
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if expected and os.getppid() != expected:
            os._exit(1)  # the parent ended before we asked


def die_with_parent_after_fork() -> None:
    """The same for every process that this one, or one of its own, forks from now on."""
    parent = [0]

    def remember() -> None:
        parent[0] = os.getpid()

    os.register_at_fork(before=remember, after_in_child=lambda: die_with_parent(parent[0]))


class Child:
    """One ``manage.py`` command as a child process."""

    def __init__(self, name: str, arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.arguments = list(arguments)
        self.environment = dict(environment or {})
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.start_after = 0.0
        self.failures = 0

    def start(self) -> None:
        environment = {**os.environ, **self.environment, "HUB_PARENT": str(os.getpid())}
        self.process = subprocess.Popen(
            [sys.executable, str(MANAGE), *self.arguments],
            env=environment,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
        )
        self.started_at = time.monotonic()

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def age_s(self) -> float:
        """Seconds since the last start, whether or not it runs still."""
        return time.monotonic() - self.started_at

    def stopped(self) -> set[int]:
        """Process ids of the child and all it started that are stopped (SIGSTOP): alive in looks, but deaf."""
        found: set[int] = set()
        if self.process is not None:
            with suppress(psutil.Error):
                child = psutil.Process(self.process.pid)
                for process in (child, *child.children(recursive=True)):
                    with suppress(psutil.Error):
                        if process.status() == psutil.STATUS_STOPPED:
                            found.add(process.pid)
        return found

    def keep(self) -> bool:
        """Start the child where it is not running, with growing pauses where it does not stay up; true if so."""
        if self.is_running:
            return False
        now = time.monotonic()
        if self.process is not None:
            self.failures = 0 if self.age_s > settings.HUB_STEADY_S else self.failures + 1
            log.error("child_ended", child=self.name, exit_code=self.process.returncode)
            self.kill()
            self.process = None
            self.start_after = now + (min(LONGEST_PAUSE_S, 2.0**self.failures / 2) if self.failures > 1 else 0.0)
        if now < self.start_after:
            return False
        self.start()
        return True

    def kill(self) -> None:
        """End the child and all it started, at once."""
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(5)

    def ask_to_end(self) -> None:
        if self.process is not None and self.is_running:
            with suppress(ProcessLookupError):
                self.process.terminate()

    def stop(self, grace_s: float) -> None:
        """Wait for a child that was asked to end; kill it where it does not within ``grace_s`` seconds."""
        if self.process is None:
            return
        if self.is_running:
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(grace_s)
        self.kill()


class Stop(BaseException):
    """SIGTERM or Ctrl-C arrived. Not an ``Exception``: whoever guards a step against any error must not swallow it."""


def stop_on_signals() -> threading.Event:
    """Turn SIGTERM and SIGINT into ``Stop``, once: a second signal ends the process the hard way. The event returned is
    set too: an exception that arrives inside a destructor is lost."""
    asked = threading.Event()

    def handle(number: int, _: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        asked.set()
        raise Stop

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
    return asked
