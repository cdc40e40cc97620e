"""Worker processes: each drains the database of the test as one of the queue does, and can be killed with SIGKILL.

``python -m tests.killing.workers`` is the mother: it loads the hub once, and for each line on its input forks a worker and
prints its number. A worker calls ``events.drain.drain``, what a rung bell calls in the queue, and ends when nothing is due.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0
ROUNDS = 12
MEMORY = "connectors_directoryentry, connectors_link, connectors_figure, connectors_batch, events_event"
Condition = Callable[[], Any]


def until(condition: Condition, what: str) -> Any:
    end = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < end, f"not within {PATIENCE_S:g} s: {what}"
        time.sleep(0.01)
    return found


class Worker:
    def __init__(self, pid: int) -> None:
        self.process: psutil.Process | None = None
        with suppress(psutil.NoSuchProcess):  # it found nothing to do
            self.process = psutil.Process(pid)

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.is_running()

    def kill(self) -> None:
        """SIGKILL: it writes nothing more, and ends nothing it has begun."""
        assert self.process is not None and self.is_alive, "the worker ended by itself"
        self.process.kill()
        until(lambda: not self.is_alive, "the worker is dead")

    def stop(self) -> None:
        assert self.process is not None
        self.process.suspend()

    def go_on(self) -> None:
        assert self.process is not None
        self.process.resume()

    def wait(self) -> None:
        """Until nothing was due any more."""
        until(lambda: not self.is_alive, "the worker is finished")


class Workers:
    def __init__(self) -> None:
        self.log = Path(settings.VAR_DIR) / "killed-workers.log"
        with self.log.open("wb") as log:
            self.mother = subprocess.Popen(
                [sys.executable, "-m", "tests.killing.workers"], cwd=ROOT, env=environment(), text=True, bufsize=1,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        self.born: list[Worker] = []

    def start(self) -> Worker:
        assert self.mother.stdin is not None and self.mother.stdout is not None
        self.mother.stdin.write("worker\n")
        line = self.mother.stdout.readline()
        assert line, self.log.read_text(errors="replace")
        self.born.append(Worker(int(line)))
        return self.born[-1]

    def end(self) -> None:
        """None of those of a test lives on."""
        for worker in self.born:
            if worker.is_alive:
                worker.kill()
        self.born.clear()

    def close(self) -> None:
        self.end()
        self.mother.kill()
        self.mother.communicate()

    # --- what a hub does by itself
    def drain(self) -> None:
        """Have one worker do all that is due, and what is due later at once, a bounded number of times."""
        for _ in range(ROUNDS):
            self.start().wait()
            if not self._hurry():
                return

    def recover(self) -> None:
        """As after the lease of a dead worker: its events are taken back, and everything due is done."""
        self.take_back()
        self.drain()

    def take_back(self) -> None:
        from events import pulse
        from events.models import Event, Outcome

        past = timezone.now() - timezone.timedelta(seconds=1)
        Event.objects.filter(outcome=Outcome.RUNNING).update(lease_until=past)
        pulse.take_back()

    def _hurry(self) -> int:
        """Events that go on by themselves after a while, at once; those that failed an attempt or wait for others stay."""
        from events.models import Event, Outcome

        waiting = Event.objects.filter(outcome=Outcome.WAITING, reason_code__in=("walk", "looks", "throttled"))
        return waiting.update(outcome=Outcome.QUEUED, due_at=None)


@contextmanager
def forgetting(tables: str = MEMORY) -> Iterator[Callable[[], None]]:
    """While it lasts the hub can write down answers, and nothing of what they mean. The function given ends what waits
    for that at the database, which would else be done for a client that is dead."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {tables} IN EXCLUSIVE MODE")

        def end() -> None:
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND wait_event_type = 'Lock'"
            )

        yield end


def environment() -> dict[str, str]:
    """Of a process of the hub that works on the test's database and sandbox."""
    return {
        **{name: text for name, text in os.environ.items() if not name.startswith(("HUB_", "DATABASE_"))},
        "DJANGO_SETTINGS_MODULE": "integration_hub.settings",
        "HUB_ENV_FILE": "",
        "HUB_VAR_DIR": str(settings.VAR_DIR),
        "HUB_LOG_LEVEL": "ERROR",
        "HUB_THREADS": "4",
        "SANDBOX_URL": settings.SANDBOX_URL,
        "DATABASE_URL": _url(connection.settings_dict),
    }


def _url(database: dict[str, Any]) -> str:
    host, name = str(database["HOST"]), database["NAME"]
    if host.startswith("/"):
        return f"postgres://{database['USER']}@/{host}/{name}"
    user = ":".join(filter(None, (database["USER"], database["PASSWORD"])))
    return f"postgres://{user}@{host}:{database['PORT'] or 5432}/{name}"


def main() -> None:
    import django

    django.setup()
    import events.drain  # noqa: F401  (what a worker needs, loaded once)
    from connectors import registry
    from tests.connectors.cases import hurried

    for slug in ("shopify", "xoro"):
        registry._providers[slug] = hurried(registry.get(slug))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the dead
    while sys.stdin.readline():
        pid = os.fork()
        if not pid:
            os.close(0)
            work()
        print(pid, flush=True)


def work() -> None:
    from events.drain import drain
    from integration_hub.processes import die_with_parent

    die_with_parent(os.getppid())
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    code = 1
    try:
        drain()
        code = 0
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
