"""Backups of a real embedded database: written, brought back, refused, upgraded; what is restored starts paused."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from connectors.models import Connector
from events.models import Heartbeat
from integration_hub import dumps, postgres
from integration_hub.embedded import Embedded

ROOT = Path(__file__).resolve().parent.parent
pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("backup")]

FILL = """
import django; django.setup()
from connectors.models import Connector
from events.models import Event, Mail
shop = Connector(name="Shop", slug="shop", provider_slug="xoro")
shop.set_secret("api_secret", "open sesame")
shop.save()
for outcome in ("queued", "running", "waiting", "succeeded", "failed"):
    Event.objects.create(kind="webhook", topic="orders", connector_id=shop.pk, object_id=outcome, outcome=outcome)
Mail.objects.create(kind="first", sender="a@example.com", receiver="b@example.com", subject="Old", text="Old")
from events import bodies
from django.utils import timezone
bodies.store(1, "payload", b"x" * 1000, timezone.now())
"""


class Site:
    """A hub of a test's own, driven by its command line alone."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.database = Embedded(directory / "postgres", durable=False)

    @property
    def environment(self) -> dict[str, str]:
        own = {k: v for k, v in os.environ.items() if not k.startswith(("HUB_", "DJANGO_", "DATABASE_", "SANDBOX_"))}
        return {
            **own, "HUB_VAR_DIR": str(self.directory), "DJANGO_SETTINGS_MODULE": "integration_hub.settings",
            "HUB_LOG_LEVEL": "ERROR",
        }  # fmt: skip

    def __call__(self, *arguments: str, **more: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=self.environment, capture_output=True, text=True,
            check=False, **more,
        )  # fmt: skip

    def fill(self) -> None:
        assert self("migrate", "-v0").returncode == 0
        done = subprocess.run(
            [sys.executable, "-c", FILL], cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def sql(self, query: str) -> list[tuple]:
        with psycopg.connect(
            host=str(self.database.socket_directory), user="postgres", dbname="hub", autocommit=True
        ) as found:
            cursor = found.execute(query)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def copy(self, directory: Path) -> Site:
        """The same site in another place, its server stopped."""
        self.database.stop()
        subprocess.run(["cp", "-a", self.directory, directory], check=True)
        return Site(directory)


@pytest.fixture(scope="module")
def stock(tmp_path_factory) -> Iterator[Site]:
    made = Site(tmp_path_factory.mktemp("stock") / "var")
    made.database.start(say=False)  # first, so that it need not be durable
    made.fill()
    written = made("backup", "--to", str(made.directory / "good.dump"))
    assert written.returncode == 0, written.stderr
    assert f"Keep the key file {made.directory}/keys.env too" in written.stdout
    yield made
    made.database.stop("immediate")


@pytest.fixture
def site(stock: Site, tmp_path: Path) -> Iterator[Site]:
    """A hub with a connector, events in every state, and a backup of them in ``good.dump``."""
    made = stock.copy(tmp_path / "var")
    made.database.start(say=False)
    yield made
    made.database.stop("immediate")


def test_a_backup_is_closed_to_others_whole_and_leaves_no_half(site):
    done = site("backup")
    assert done.returncode == 0, done.stderr
    (file,) = (site.directory / "backups").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert "1 connector)" in done.stdout
    assert file.stat().st_size < 200_000
    assert {"connectors_connector", "events_event", "events_body"} <= dumps.tables(file)
    refused = site("backup", "--to", "/proc/backup.dump")
    assert refused.returncode == 1
    assert "/proc/backup.dump could not be written" in refused.stderr


def test_what_is_restored_is_whole_and_paused(site):
    site.sql("UPDATE connectors_connector SET name = 'Changed since', is_paused = false")
    site.sql("DELETE FROM events_event WHERE object_id = 'queued'")
    refused = site("restore", str(site.directory / "good.dump"))
    assert refused.returncode == 1
    assert "The database holds 1 connector and 4 events: --replace puts the backup in their place." in refused.stderr
    assert site.sql("SELECT name FROM connectors_connector") == [("Changed since",)]

    done = site("restore", str(site.directory / "good.dump"), "--replace")
    assert done.returncode == 0, done.stderr
    assert "1 connector, every one paused" in done.stdout
    assert "would be delivered again" in done.stdout
    assert site.sql("SELECT name, is_paused FROM connectors_connector") == [("Shop", True)]
    rows = site.sql("SELECT object_id, outcome, reason, reason_code FROM events_event ORDER BY id")
    assert rows == [
        ("queued", "waiting", "paused", ""),
        ("running", "waiting", "paused", "interrupted"),  # what it wrote is looked for before it is written again
        ("waiting", "waiting", "paused", ""),
        ("succeeded", "succeeded", "", ""),
        ("failed", "failed", "", ""),
    ]
    assert site.sql("SELECT state FROM events_mail") == [("failed",)]  # old news is not sent again
    assert site.sql("SELECT count(*) FROM events_body") == [(1,)]
    assert site.sql("SELECT name FROM events_heartbeat") == [("restored",)]
    (copy,) = (site.directory / "backups").glob("before-restore-*.dump")
    assert site("restore", str(copy), "--replace", "--without-copy").returncode == 0
    assert site.sql("SELECT name, is_paused FROM connectors_connector") == [("Changed since", True)]
    assert site("migrate", "--check").returncode == 0


def test_it_goes_into_a_fresh_hub_and_the_wrong_keys_are_told(site, tmp_path):
    fresh = Site(tmp_path / "fresh")
    try:
        fresh.database.start(say=False)
        done = fresh("restore", str(site.directory / "good.dump"))
        assert done.returncode == 0, done.stderr
        sentence = "Connector Shop: the keys in HUB_SECRET_KEYS do not open its secret api_secret"
        assert sentence in done.stderr
        checked = fresh("check")
        assert checked.returncode == 0
        assert sentence in checked.stderr
        assert "open sesame" not in checked.stderr
        shutil.copy(site.directory / "keys.env", fresh.directory / "keys.env")
        assert "does not open" not in fresh("check").stderr + fresh("check", "--database", "default").stderr
        assert "do not open" not in fresh("check").stderr
    finally:
        fresh.database.stop("immediate")


def test_a_backup_through_pipes_and_an_operated_database(site, tmp_path):
    """With DATABASE_URL the same commands work; keys are the environment's."""
    site.sql("CREATE DATABASE operated")
    keys = dict(line.split("=", 1) for line in (site.directory / "keys.env").read_text().splitlines() if "=" in line)
    environment = {**site.environment, **keys, "DATABASE_URL": site.database.url("operated")}

    def run(*arguments: str, **more: object) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, capture_output=True,
                              check=False, **more)  # fmt: skip

    done = run("restore", "-", input=(site.directory / "good.dump").read_bytes())
    assert done.returncode == 0, done.stderr
    done = run("backup", "--to", "-")
    assert done.returncode == 0, done.stderr
    assert b"SECRET_KEY and HUB_SECRET_KEYS" in done.stderr
    (tmp_path / "piped.dump").write_bytes(done.stdout)
    assert "connectors_connector" in dumps.tables(tmp_path / "piped.dump")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"nothing", "is no backup of the hub, or is damaged"), (None, "There is no file"), (b"", "is no backup")],
)
def test_what_is_no_backup_is_refused(site, tmp_path, content, sentence):
    file = tmp_path / "odd.dump"
    if content is not None:
        file.write_bytes(content)
    done = site("restore", str(file), "--replace")
    assert done.returncode == 1
    assert sentence in done.stderr
    assert site.sql("SELECT name, is_paused FROM connectors_connector") == [("Shop", False)]


def test_a_backup_that_breaks_off_changes_nothing(site, tmp_path):
    whole = (site.directory / "good.dump").read_bytes()
    (tmp_path / "cut.dump").write_bytes(whole[: len(whole) * 3 // 4])
    done = site("restore", str(tmp_path / "cut.dump"), "--replace")
    assert done.returncode == 1
    assert site.sql("SELECT name, is_paused FROM connectors_connector") == [("Shop", False)]
    assert site.sql("SELECT count(*) FROM events_event") == [(5,)]


def test_a_backup_of_a_newer_release_is_refused(site, tmp_path):
    site.sql("INSERT INTO django_migrations (app, name, applied) VALUES ('events', '0099_future', now())")
    assert site("backup", "--to", str(tmp_path / "newer.dump")).returncode == 0
    done = site("restore", str(tmp_path / "newer.dump"), "--replace")
    assert done.returncode == 1
    assert "newer release of the hub (events.0099_future is not known here)" in done.stderr


def test_beside_a_running_hub_nothing_is_replaced(site):
    with psycopg.connect(host=str(site.database.socket_directory), user="postgres", dbname="hub"):
        done = site("restore", str(site.directory / "good.dump"), "--replace")
    assert done.returncode == 1
    assert "in use by 1 other connection" in done.stderr
    assert site.sql("SELECT is_paused FROM connectors_connector") == [(False,)]


def test_an_older_major_version_is_copied_into_the_new_one(site, tmp_path):
    """A hub of a release that brought PostgreSQL 16; its backup goes back into such a server too."""
    old = Site(tmp_path / "old")
    old.directory.mkdir()
    shutil.copy(site.directory / "keys.env", old.directory)
    sixteen = Embedded(old.directory / "postgres", durable=False, binaries=postgres.installed()[16])
    sixteen.start(say=False)
    try:
        dumps.bring_back(site.directory / "good.dump", dumps.Place.of(sixteen), paused=False)
    finally:
        sixteen.stop()
    refused = old("check")
    assert refused.returncode == 1
    assert "made by PostgreSQL 16, this hub brings 18" in refused.stderr
    assert "manage.py upgrade_database" in refused.stderr
    done = old("upgrade_database")
    assert done.returncode == 0, done.stderr
    assert old.database.version() == 18
    assert [one.name for one in old.directory.glob("postgres-*")] != []
    try:
        assert old("check").stderr == ""
        assert old.sql("SELECT name, is_paused FROM connectors_connector") == [("Shop", False)]  # nothing was missed
        assert old.sql("SELECT count(*) FROM events_event WHERE outcome = 'queued'") == [(1,)]
    finally:
        old.database.stop("immediate")
    assert "Nothing to do" in old("upgrade_database").stdout


def test_the_overview_says_that_a_backup_was_restored_while_something_is_paused(client, administrator):
    client.force_login(administrator)
    one = Connector.objects.create(name="Shop", slug="shop", provider_slug="xoro", is_paused=True)
    assert "A backup was restored" not in client.get("/admin/").text
    Heartbeat.objects.create(name=dumps.RESTORED, role=dumps.RESTORED, host="", process_id=0, started_at=timezone.now())
    assert "A backup was restored" in client.get("/admin/").text
    one.is_paused = False
    one.save()
    assert "A backup was restored" not in client.get("/admin/").text


def test_no_password_is_among_the_arguments_of_a_program(monkeypatch, db, tmp_path):
    monkeypatch.setitem(connection.settings_dict, "PASSWORD", "tell nobody")
    place = dumps.Place.here()
    assert place.environment["PGPASSWORD"] == "tell nobody"
    monkeypatch.setattr(dumps.Place, "program", lambda self, name: "/bin/echo")
    with (tmp_path / "arguments").open("wb") as file:
        dumps.stream(file, place)
    said = (tmp_path / "arguments").read_text()
    assert "--format=custom" in said
    assert "tell nobody" not in said


def test_check_says_nothing_where_all_is_well(db, capsys):
    call_command("check")
    assert "connectors.W004" not in capsys.readouterr().err
