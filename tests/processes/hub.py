"""A real hub of a test's own: own directory, PostgreSQL and ports; web and worker are real ``manage.py`` processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any

import psutil
import psycopg
import requests

from integration_hub.embedded import Embedded
from tests.processes import wire
from tests.processes.remote import Remote

ROOT = Path(__file__).resolve().parents[2]
SECRET = "s3cret-of-the-remote"
WORKERS = 2
FINAL = ("succeeded", "skipped", "failed")
# Intervals of the tests; what is left out has the hub's own default.
SHORT = {
    "HUB_HEARTBEAT_S": "0.5",
    "HUB_LEASE_S": "3",
    "HUB_RESTART_AFTER_S": "7",  # a loaded machine may take some seconds to start a queue
    "HUB_DRAIN_SLICE_S": "2",
    "HUB_STEADY_S": "0",
    "HUB_THREADS": "4",
}
FUTEX = "202"  # number of the system call a process waits in for a lock (x86-64)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """Wait for a condition; returns what it returned. Asks often: the tests measure with it."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < end, f"not within {seconds:g} s: {what}"
        time.sleep(0.05)


def is_alive(process: psutil.Process) -> bool:
    """Whether exactly this process (not another with its number) still lives; a zombie does not."""
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


@dataclass(frozen=True)
class Tree:
    """The processes of one ``manage.py worker``."""

    supervisor: psutil.Process
    cluster: psutil.Process
    sentinel: psutil.Process
    workers: Sequence[psutil.Process]
    monitor: psutil.Process
    pusher: psutil.Process

    @property
    def all(self) -> list[psutil.Process]:
        return [self.supervisor, self.cluster, self.sentinel, *self.workers, self.monitor, self.pusher]

    @property
    def queue(self) -> list[psutil.Process]:
        """Everything below the supervisor."""
        return self.all[1:]

    def worker_of(self, port: int) -> psutil.Process:
        """The worker that has this local port open."""
        for worker in self.workers:
            if any(c.laddr.port == port for c in worker.net_connections("tcp")):
                return worker
        raise AssertionError(f"no worker has port {port} open")

    def lock_holder(self) -> psutil.Process:
        """The idle worker that holds the queue's read lock: the one that does not wait for a lock itself."""
        return until(lambda: self._holder(), 5, "one idle worker holds the queue's read lock")

    def _holder(self) -> psutil.Process | None:
        readers = [p for p in self.workers if Path(f"/proc/{p.pid}/syscall").read_text().split()[0] != FUTEX]
        return readers[0] if len(readers) == 1 else None


class Hub:
    """``embedded`` true: the processes find no DATABASE_URL and run the PostgreSQL of their own."""

    PROVIDERS = "tests.processes.provider"
    PREPARE = "tests.processes.prepare"  # what fills the database: prints the connectors

    def __init__(self, remote: Remote, *, embedded: bool = False, intervals: dict[str, str] | None = None) -> None:
        self.remote = remote
        self.directory = Path(tempfile.mkdtemp(prefix="hub-crash-"))
        self.database = Embedded(self.directory / "postgres", durable=False)
        self.database.start(say=False)
        self.port = free_port()
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("HUB_", "DJANGO_", "DATABASE_"))},
            "HUB_VAR_DIR": str(self.directory),
            "HUB_BASE_URL": f"http://127.0.0.1:{self.port}",
            "HUB_BIND": f"127.0.0.1:{self.port}",
            "HUB_WEB_PROCESSES": "2",
            "HUB_WEB_THREADS": "4",
            "HUB_WORKERS": str(WORKERS),
            "HUB_LOG_LEVEL": "INFO",
            "HUB_EXTRA_PROVIDERS": self.PROVIDERS,
            "SANDBOX_URL": remote.url,
            "PYTHONWARNINGS": "default",
            **(SHORT if intervals is None else intervals),
        }
        if not embedded:
            self.environment["DATABASE_URL"] = self.database.url()
        self.started: dict[str, subprocess.Popen[bytes]] = {}
        self._connection: psycopg.Connection | None = None
        self.manage("migrate", "-v", "0")
        self.connectors: dict[str, dict[str, Any]] = json.loads(self.prepare())

    def prepare(self) -> str:
        return self.run([sys.executable, "-m", self.PREPARE, self.remote.url, SECRET])

    # --- processes ----------------------------------------------------------------------------------------------------
    def run(self, command: Sequence[str], **environment: str) -> str:
        done = subprocess.run(
            command, env={**self.environment, **environment}, cwd=ROOT, capture_output=True, text=True, timeout=120,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def manage(self, *arguments: str, **environment: str) -> str:
        return self.run([sys.executable, "manage.py", *arguments], **environment)

    def log_path(self, name: str) -> Path:
        return self.directory / f"{name}.log"

    def log(self, name: str) -> str:
        return self.log_path(name).read_text(errors="replace")

    def start(self, name: str, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        with self.log_path(name).open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", *arguments],
                env={**self.environment, **environment}, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        self.started[name] = process
        return process

    def start_web(self, name: str = "web", port: int | None = None) -> None:
        self.start(name, "web", "--bind", f"127.0.0.1:{port or self.port}")
        until(lambda: self.is_answering(port), 30, f"{name} answers")

    def start_worker(self, name: str = "worker") -> Tree:
        self.start(name, "worker")
        return self.ready_tree(name)

    def is_answering(self, port: int | None = None) -> bool:
        with suppress(requests.RequestException):
            return requests.get(f"http://127.0.0.1:{port or self.port}/healthz", timeout=2).status_code == 200
        return False

    def tree(self, name: str = "worker", pid: int | None = None) -> Tree | None:
        """The worker's processes, ``None`` while not all of them are there."""
        try:
            supervisor = psutil.Process(pid or self.started[name].pid)
            (cluster,) = supervisor.children()
            (sentinel,) = cluster.children()
            # The sentinel starts its workers first, then monitor and pusher.
            found = sorted(sentinel.children(), key=lambda p: (p.create_time(), p.pid))
            if len(found) != WORKERS + 2 or not all(is_alive(p) for p in found):
                return None
        except (psutil.NoSuchProcess, ValueError):
            return None
        return Tree(supervisor, cluster, sentinel, found[:WORKERS], found[-2], found[-1])

    def ready_tree(self, name: str = "worker", seconds: float = 30, pid: int | None = None) -> Tree:
        """The worker's tree once its queue has answered a call."""

        def ready() -> Tree | None:
            tree = self.tree(name, pid)
            if tree is None:
                return None
            born = tree.sentinel.create_time()
            heard = self.sql(
                "SELECT 1 FROM events_heartbeat WHERE role = 'worker' AND name LIKE %s AND seen_at > to_timestamp(%s)",
                f"%:{tree.supervisor.pid}", born,
            )  # fmt: skip
            return tree if heard else None

        return until(ready, seconds, f"{name} is ready")

    def processes(self) -> list[psutil.Process]:
        """Every process that was started with this hub's directory in its environment."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("HUB_VAR_DIR") == str(self.directory) and is_alive(process):
                    found.append(process)
        return found

    def stop(self, name: str, seconds: float = 30, how: signal.Signals = signal.SIGTERM) -> float:
        """Ask one process to end; how long it took."""
        process = self.started.pop(name)
        began = time.monotonic()
        process.send_signal(how)
        process.wait(seconds)
        return time.monotonic() - began

    def kill(self, name: str) -> None:
        process = self.started.pop(name)
        process.kill()
        process.wait(10)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        for started in self.started.values():
            started.wait(10)
        self.database.stop("immediate")
        rmtree(self.directory, ignore_errors=True)
        rmtree(self.database.socket_directory, ignore_errors=True)

    # --- database -----------------------------------------------------------------------------------------------------
    def sql(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of a query on a connection of the test's own; made anew where the database went away."""
        for attempt in (1, 2):
            if self._connection is None or self._connection.closed:
                self._connection = psycopg.connect(
                    host=str(self.database.socket_directory), user="postgres", dbname="hub", autocommit=True
                )
            try:
                cursor = self._connection.execute(query, values or None)  # type: ignore[call-overload]
                return cursor.fetchall() if cursor.description else []
            except psycopg.OperationalError:
                self._connection.close()
                if attempt == 2:
                    raise
        raise AssertionError

    def kill_database(self) -> None:
        """SIGKILL to the postmaster and every server process."""
        pid = self.database.pid()
        assert pid is not None
        postmaster = psutil.Process(pid)
        family = [postmaster, *postmaster.children(recursive=True)]
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        until(lambda: not any(is_alive(p) for p in family), 10, "the database is dead")

    # --- deliveries and events ----------------------------------------------------------------------------------------
    def post(
        self, topic: str, key: str, *, to: str = "one", delivery: str = "", port: int | None = None,
        timeout_s: float = 10, **payload: Any,
    ) -> requests.Response:  # fmt: skip
        """One signed delivery. ``key`` names the thing at the remote, and the delivery where it has no other name."""
        body = json.dumps({"key": key, **payload}).encode()
        return requests.post(
            f"http://127.0.0.1:{port or self.port}/hooks/{self.connectors[to]['token']}",
            data=body,
            headers={
                "Content-Type": "application/json",
                wire.TOPIC: topic,
                wire.DELIVERY: delivery or key,
                wire.SIGNATURE: wire.signed(SECRET, body),
            },
            timeout=timeout_s,
        )

    def accept(self, topic: str, key: str, **more: Any) -> int:
        """One delivery that must be taken; its event's id."""
        answer = self.post(topic, key, **more)
        assert answer.status_code == 200, answer.text
        return int(answer.json()["event_id"])

    def event(self, event_id: int) -> dict[str, Any]:
        ((outcome, reason, attempts, finished_at, sentence),) = self.sql(
            "SELECT outcome, reason, attempts, finished_at, sentence FROM events_event WHERE id = %s", event_id
        )
        return {
            "outcome": outcome,
            "reason": reason,
            "attempts": attempts,
            "finished_at": finished_at,
            "sentence": sentence,
        }

    def open_events(self) -> int:
        ((count,),) = self.sql("SELECT count(*) FROM events_event WHERE NOT outcome = ANY(%s)", list(FINAL))
        return int(count)

    def await_success(self, event_ids: Sequence[int], seconds: float) -> None:
        """Every one of these events ended, and well."""

        def done() -> bool:
            query = "SELECT count(*) FROM events_event WHERE id = ANY(%s) AND outcome = 'succeeded'"
            return int(self.sql(query, list(event_ids))[0][0]) == len(set(event_ids))

        try:
            until(done, seconds, "all events succeeded")
        except AssertionError as error:
            left = self.sql(
                "SELECT id, topic, object_id, outcome, reason, attempts, sentence FROM events_event "
                "WHERE id = ANY(%s) AND outcome <> 'succeeded' LIMIT 20", list(event_ids),
            )  # fmt: skip
            raise AssertionError(f"{error}; left: {left}") from None

    def await_written_once(self, keys: Sequence[str], event_ids: Sequence[int], seconds: float) -> None:
        self.await_success(event_ids, seconds)
        assert {key: self.remote.writes[key] for key in keys} == dict.fromkeys(keys, 1)
