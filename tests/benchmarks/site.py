"""A site of its own for benchmarks: an embedded PostgreSQL that is durable, real web, worker and sandbox processes."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import requests

from integration_hub.embedded import Embedded

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Site:
    """Use as a context manager: everything it started is stopped and its directory removed at the end."""

    def __init__(self, **environment: str) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="hub-bench-"))
        self.directory.chmod(0o755)
        self.database = Embedded(self.directory / "postgres")
        self.web_port, self.sandbox_port = free_port(), free_port()
        self.web_url = f"http://127.0.0.1:{self.web_port}"
        self.sandbox_url = f"http://127.0.0.1:{self.sandbox_port}"
        self.environment = {
            **os.environ,
            "HUB_VAR_DIR": str(self.directory),
            "HUB_BASE_URL": self.web_url,
            "SANDBOX_URL": self.sandbox_url,
            "HUB_LOG_LEVEL": "ERROR",
            "HUB_EXTRA_PROVIDERS": "tests.benchmarks.provider",
            "HUB_WEB_THREADS": "4",
            "DJANGO_SETTINGS_MODULE": "integration_hub.settings",
            "PYTHONPATH": str(ROOT),
            **environment,
        }
        self.environment.pop("DATABASE_URL", None)
        self.processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Site:
        self.database.start(say=False)
        self.manage("migrate", "--verbosity", "0")
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self.processes):
            self.stop(process)
        self.database.stop("immediate")
        shutil.rmtree(self.directory, ignore_errors=True)

    def manage(self, *arguments: str, text: str = "") -> str:
        """Run a management command to its end and return what it printed."""
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments], env=self.environment, cwd=ROOT, input=text,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"manage.py {' '.join(arguments)} failed:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def module(self, name: str, *arguments: str) -> None:
        """Run one of the benchmarks' own programs inside the site."""
        subprocess.run([sys.executable, "-m", name, *arguments], env=self.environment, cwd=ROOT, check=True,
                       stdout=subprocess.DEVNULL)  # fmt: skip

    def python(self, code: str) -> str:
        """Run a piece of Python inside the site, with Django set up."""
        return self.manage("shell", "--no-imports", "-v", "0", "-c", code)

    def spawn(self, *arguments: str, program: str | None = None, **environment: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, program or str(ROOT / "manage.py"), *arguments]
        process = subprocess.Popen(
            command,
            env={**self.environment, **environment},
            cwd=ROOT,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
        )
        self.processes.append(process)
        return process

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
        # A worker's cluster leads a group of its own.
        for child in psutil.process_iter(["environ", "cmdline"]):
            if (child.info["environ"] or {}).get("HUB_PARENT") == str(process.pid):
                with suppress(ProcessLookupError, psutil.NoSuchProcess):
                    os.killpg(child.pid, signal.SIGKILL)
        if process in self.processes:
            self.processes.remove(process)

    def start_web(self, port: int | None = None) -> subprocess.Popen[bytes]:
        port = port or self.web_port
        process = self.spawn("web", "--bind", f"127.0.0.1:{port}")
        wait_for(f"http://127.0.0.1:{port}/healthz")
        return process

    def start_worker(self) -> subprocess.Popen[bytes]:
        process = self.spawn("worker")
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if self.value("SELECT count(*) FROM events_heartbeat WHERE role = 'worker'"):
                return process
            time.sleep(0.1)
        raise RuntimeError("the worker gave no sign of life")

    def start_sandbox(self) -> subprocess.Popen[bytes]:
        process = self.spawn("sandbox")
        wait_for(f"{self.sandbox_url}/")
        return process

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(host=str(self.database.socket_directory), user="postgres", dbname="hub", autocommit=True)

    def value(self, sql: str, parameters: Mapping[str, object] | None = None) -> object:
        with self.connect() as connection:
            row = connection.execute(sql, parameters).fetchone()
        return None if row is None else row[0]

    def run(self, sql: str, parameters: Mapping[str, object] | None = None) -> None:
        with self.connect() as connection:
            connection.execute(sql, parameters)


def wait_for(url: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(requests.RequestException):
            if requests.get(url, timeout=2).status_code < 500:
                return
        time.sleep(0.1)
    raise RuntimeError(f"nothing answers at {url}")
