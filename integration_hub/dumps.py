"""Backups: the whole database in one file of PostgreSQL's custom format, written and read by its own programs.

Bringing one back is one transaction: what is there stays whole until the copy is complete. Nothing that was restored
works on before a person says so, because whatever was delivered since the backup would be delivered again.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.db import connection
from django.db.migrations.loader import MigrationLoader

from events.exchanges import INTERRUPTED
from events.models import Outcome, Reason
from integration_hub import postgres
from integration_hub.embedded import DATABASE, Embedded

LOCK_WAIT_S = 10
HEAD_LINES = 200  # of a backup's script: its SET statements stand there
# Rows that mean something only while the processes live that wrote them.
PASSING_TABLES = ("events_heartbeat", "django_q_ormq")
UNKNOWN_BEFORE_17 = b"SET transaction_timeout"
# What a backup lists and the database's owner has, or need not have: its schema, comments on it, rights.
NOT_OURS = re.compile(r"^\d+; \d+ \d+ (SCHEMA - public |COMMENT - SCHEMA public |COMMENT - EXTENSION |ACL )")
RESTORED = "restored"  # name and role of the heartbeat that tells the overview

_PAUSE = f"""
SET search_path = public;
UPDATE connectors_connector SET is_paused = true;
UPDATE events_event SET reason_code = CASE WHEN outcome = '{Outcome.RUNNING}' THEN '{INTERRUPTED}' ELSE reason_code END,
  outcome = '{Outcome.WAITING}', reason = '{Reason.PAUSED}', due_at = NULL, lease = NULL, lease_until = NULL,
  next_step = '', sentence = 'The connector is paused since a backup was restored; the event waits until it is resumed.'
  WHERE outcome IN ('{Outcome.QUEUED}', '{Outcome.RUNNING}', '{Outcome.WAITING}') AND connector_id IS NOT NULL;
UPDATE events_mail SET state = 'failed', error = 'Not sent: it waited when the restored backup was made.'
  WHERE state = 'waiting';
UPDATE events_bell SET is_pending = false;
INSERT INTO events_heartbeat (name, role, host, process_id, started_at, seen_at, events_handled)
  VALUES ('{RESTORED}', '{RESTORED}', '', 0, now(), now(), 0);
"""


class DumpError(RuntimeError):
    """A backup could not be written or brought back; the text says why."""


@dataclass(frozen=True)
class Place:
    """A database as PostgreSQL's programs find it. ``access``: their environment variables, so that no password shows
    among the machine's processes. ``version``: the server's major one."""

    access: dict[str, str]
    version: int

    @classmethod
    def here(cls) -> Place:
        """The hub's own database."""
        said = connection.settings_dict
        options = {f"PG{name.upper()}": str(value) for name, value in said["OPTIONS"].items() if name.startswith("ssl")}
        names = {"HOST": "PGHOST", "PORT": "PGPORT", "USER": "PGUSER", "PASSWORD": "PGPASSWORD", "NAME": "PGDATABASE"}
        own = {variable: str(said[name]) for name, variable in names.items() if said[name]}
        connection.ensure_connection()
        version: int = connection.pg_version  # type: ignore[attr-defined]  # of the PostgreSQL backend
        return cls(options | own, version // 10_000)

    @classmethod
    def of(cls, embedded: Embedded) -> Place:
        """The database of an embedded PostgreSQL that runs."""
        access = {
            "PGHOST": str(embedded.socket_directory),
            "PGPORT": "5432",
            "PGUSER": "postgres",
            "PGDATABASE": DATABASE,
        }
        return cls(access, postgres.version_of(embedded.binaries))

    def program(self, name: str) -> str:
        """Path of a program that can speak with this server: the wheel's newest, or a newer one of the machine's."""
        ours = postgres.newest()
        if postgres.version_of(ours) >= self.version:
            return str(ours / name)
        found = shutil.which(name)
        if found and postgres.version_of(Path(found).resolve().parent) >= self.version:
            return found
        raise DumpError(
            f"The database is PostgreSQL {self.version}, newer than the hub's own programs: install "
            f"postgresql-client-{self.version} where this runs."
        )

    @property
    def environment(self) -> dict[str, str]:
        return {**postgres.environment(), **self.access}


# --- writing ----------------------------------------------------------------------------------------------------------


def write(target: Path, place: Place) -> None:
    """Write the database to ``target``: whole, or not at all. Raises ``DumpError``."""
    draft = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                _dump(place, f"--file={draft}")
                os.fsync(file.fileno())
            if not tables(draft):
                raise DumpError("The database holds no table: there is nothing to back up.")
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise DumpError(f"{target} could not be written: {error.strerror}.") from error


def stream(file: IO[bytes], place: Place) -> None:
    """Write the database into an open file or pipe. Raises ``DumpError``."""
    _dump(place, into=file)


def _dump(place: Place, *more: str, into: IO[bytes] | None = None) -> None:
    left_out = [f"--exclude-table-data={table}" for table in PASSING_TABLES]
    command = [place.program("pg_dump"), "--format=custom", "--no-owner", "--no-privileges", *left_out, *more]
    with tempfile.TemporaryFile() as complaints:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=complaints, env=place.environment) as running:
            if (
                into is not None and running.stdout is not None
            ):  # by a pipe: it writes badly into a file it did not open
                shutil.copyfileobj(running.stdout, into)
        complaints.seek(0)
        if running.returncode:
            raise DumpError(_in_words("pg_dump", complaints.read()))


# --- looking into one -------------------------------------------------------------------------------------------------


def tables(file: Path) -> set[str]:
    """Names of the tables in a backup. Raises ``DumpError`` where the file is none."""
    found = (re.search(r"; \d+ \d+ TABLE public (\S+)", line) for line in _list(file))
    return {match[1] for match in found if match}


def made_at(file: Path) -> str:
    """When a backup was made, as it says itself."""
    found = re.search(r"Archive created at (.+)", "\n".join(_list(file)))
    return found[1] if found else "an unknown time"


def unknown_migrations(file: Path) -> list[str]:
    """Changes of the schema in a backup that this release does not know: a newer one made it."""
    said = _read(file, "--data-only", "--table=django_migrations", "--file=-")
    rows = [line.split("\t") for line in said.splitlines() if line.count("\t") == 3]
    ours = MigrationLoader(None).disk_migrations or {}
    known = set(ours) | {old for one in ours.values() for old in one.replaces}
    apps = {app for app, _ in known}
    return sorted(f"{app}.{name}" for _, app, name, _ in rows if app in apps and (app, name) not in known)


def _list(file: Path) -> list[str]:
    return _read(file, "--list").splitlines()


def _read(file: Path, *arguments: str) -> str:
    command = [str(postgres.newest() / "pg_restore"), *arguments, str(file)]
    done = subprocess.run(command, capture_output=True, check=False, env=postgres.environment())
    if done.returncode:
        raise DumpError(f"{file} is no backup of the hub, or is damaged. {_in_words('pg_restore', done.stderr)}")
    return done.stdout.decode(errors="replace")


# --- bringing back ----------------------------------------------------------------------------------------------------


def bring_back(file: Path, place: Place, *, instead_of: Collection[str] = (), paused: bool = True) -> None:
    """Put a backup into a database, in the place of the tables ``instead_of`` and its own. All or nothing. Raises
    ``DumpError``."""
    old = "".join(f'DROP TABLE IF EXISTS public."{name}" CASCADE;\n' for name in sorted({*instead_of, *tables(file)}))
    with tempfile.TemporaryDirectory(prefix="hub-restore-") as directory:
        listed = Path(directory) / "list"
        listed.write_text("\n".join(line for line in _list(file) if not NOT_OURS.match(line)))
        complaints = Path(directory) / "complaints"
        with complaints.open("wb") as errors:
            reading = subprocess.Popen(
                [str(postgres.newest() / "pg_restore"), "--no-owner", "--no-privileges", f"--use-list={listed}",
                 "--file=-", str(file)],
                stdout=subprocess.PIPE, stderr=errors, env=postgres.environment(),
            )  # fmt: skip
            writing = subprocess.Popen(
                [place.program("psql"), "-Xq", "--single-transaction", "--set=ON_ERROR_STOP=1", "--file=-"],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors, env=place.environment,
            )  # fmt: skip
            begin = f"SET client_min_messages = warning;\nSET lock_timeout = '{LOCK_WAIT_S}s';\n{old}"
            is_whole = _copy(reading, writing, begin, _PAUSE if paused else "", skip_new_settings=place.version < 17)
        if not is_whole:
            raise DumpError(f"Nothing was changed. {_in_words('Restoring', complaints.read_bytes())}")


def _copy(
    reading: subprocess.Popen[bytes], writing: subprocess.Popen[bytes], begin: str, end: str, *, skip_new_settings: bool
) -> bool:
    """Hand the script of one program to the other. Whether all of it arrived and was committed: a script that breaks
    off must not be, so its taker is killed before it can see the end."""
    if reading.stdout is None or writing.stdin is None:
        raise ValueError("both ends need a pipe")
    with suppress(BrokenPipeError):
        writing.stdin.write(begin.encode())
        for _, line in zip(range(HEAD_LINES), reading.stdout, strict=False):
            if not (skip_new_settings and line.startswith(UNKNOWN_BEFORE_17)):
                writing.stdin.write(line)
        shutil.copyfileobj(reading.stdout, writing.stdin)
    reading.stdout.close()
    if reading.wait():
        writing.kill()
    with suppress(BrokenPipeError):
        writing.stdin.write(end.encode())
        writing.stdin.close()
    return writing.wait() == 0 and reading.returncode == 0


def _in_words(program: str, said: bytes) -> str:
    text = " ".join(said.decode(errors="replace").split())
    if re.search("lock timeout|canceling statement", text):
        return "Something else uses the database: stop the hub (every web and worker) first."
    if re.search("no space left", text, re.I):
        return f"The disk is full: free some space and try again. ({text[-300:]})"
    return f"{program} failed: {text[-600:]}"
