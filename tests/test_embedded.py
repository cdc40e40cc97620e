"""The embedded PostgreSQL against what machines do to it: crashes, leftovers, full disks, other users and versions."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from integration_hub import embedded, keys, postgres
from integration_hub.embedded import Embedded, EmbeddedError

ROOT = Path(__file__).resolve().parent.parent
IS_ROOT = os.geteuid() == 0
pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("embedded")]
needs_root = pytest.mark.skipif(not IS_ROOT, reason="acts as several users: run as root")


def ask(cluster: Embedded, query: str) -> object:
    with psycopg.connect(
        host=str(cluster.socket_directory), user="postgres", dbname="hub", autocommit=True
    ) as connection:
        cursor = connection.execute(query)  # type: ignore[arg-type]
        return cursor.fetchone()[0] if cursor.description else None


@pytest.fixture(scope="module")
def stock(tmp_path_factory) -> Path:
    """A cluster that was made once and is copied by the tests."""
    made = Embedded(tmp_path_factory.mktemp("stock") / "postgres", durable=False)
    made.start(say=False)
    ask(made, "CREATE TABLE orders AS SELECT 1001 AS number")
    made.stop()
    return made.directory


@pytest.fixture
def cluster(stock: Path, tmp_path: Path) -> Iterator[Embedded]:
    """A stopped cluster with one order in it."""
    subprocess.run(["cp", "-a", stock, tmp_path / "postgres"], check=True)
    made = Embedded(tmp_path / "postgres", durable=False)
    yield made
    made.stop("immediate")


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_it_is_made_once_with_its_database_and_closed_to_others(tmp_path):
    made = Embedded(tmp_path / "new" / "postgres", durable=False)
    try:
        made.start(say=False)
        process = made.pid()
        made.start(say=False)
        assert made.pid() == process
        assert made.version() == 18
        assert made.is_running()
        assert made.is_up()
        assert ask(made, "SELECT datlocprovider::text || datcollate FROM pg_database WHERE datname = 'hub'") == "bC"
        assert ask(made, "SHOW listen_addresses") == ""
        assert mode(made.directory) == 0o700
        assert mode(made.directory / "hub.conf") == 0o600
        assert mode(made.socket_directory / postgres.SOCKET_NAME) == 0o700
    finally:
        assert made.stop()
    assert not made.is_running()
    assert not made.is_up()
    assert made.stop()  # again: nothing to do


def test_two_processes_that_start_at_once_get_one_server(tmp_path):
    code = (
        "import sys; from pathlib import Path; from integration_hub.embedded import Embedded; "
        "e = Embedded(Path(sys.argv[1]), durable=False); e.start(say=False); print(e.pid())"
    )
    place = tmp_path / "postgres"
    both = [
        subprocess.Popen([sys.executable, "-c", code, str(place)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    try:
        answers = {one.communicate(timeout=60)[0].strip() for one in both}
        assert {one.returncode for one in both} == {0}
        assert len(answers) == 1
    finally:
        Embedded(place).stop("immediate")


def test_being_killed_while_it_is_made_leaves_nothing_half_made(tmp_path):
    half = tmp_path / ".postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    made = Embedded(tmp_path / "postgres", durable=False)
    made.start(say=False)
    made.stop("immediate")
    assert not half.exists()


def test_a_directory_with_other_things_in_it_is_left_alone(tmp_path):
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "thesis.txt").write_text("mine")
    with pytest.raises(EmbeddedError, match="holds files, but no database: move them away"):
        Embedded(tmp_path / "postgres").start(say=False)
    assert (tmp_path / "postgres" / "thesis.txt").read_text() == "mine"


def test_a_killed_postmaster_comes_back_with_its_data(cluster):
    cluster.start(say=False)
    ask(cluster, "INSERT INTO orders VALUES (1002)")
    os.kill(cluster.pid(), signal.SIGKILL)
    cluster.start(say=False)
    assert ask(cluster, "SELECT max(number) FROM orders") == 1002


def test_a_child_that_does_not_see_its_postmaster_die_does_not_hold_the_directory(cluster, monkeypatch):
    cluster.start(say=False)
    with ThreadPoolExecutor(1) as pool:
        # No wait in it: such a backend looks after its postmaster only when it is done.
        busy = pool.submit(ask, cluster, "SELECT count(*) FROM generate_series(1, 100000000000) AS n")
        time.sleep(0.3)
        os.kill(cluster.pid(), signal.SIGKILL)
        cluster.start(say=False)
        assert ask(cluster, "SELECT number FROM orders") == 1001
        with pytest.raises(psycopg.OperationalError):
            busy.result(10)


@pytest.mark.parametrize("content", ["{other}\n/nowhere\n", "", "x"])
def test_a_stale_lock_file_is_no_running_server(cluster, content):
    """Its number may belong to another program by now; after a full disk it is empty."""
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        for name in ("postmaster.pid", f"{postgres.SOCKET_NAME}.lock"):
            path = cluster.directory / name
            path.write_text(content.format(other=other.pid))
            shutil.chown(path, cluster.directory.stat().st_uid)
        assert not cluster.is_up()
        cluster.start(say=False)
        assert cluster.is_up()
    finally:
        other.kill()
        other.wait()


def test_another_postgresql_with_the_number_of_ours_is_not_ours(cluster, tmp_path):
    subprocess.run(["cp", "-a", cluster.directory, tmp_path / "other"], check=True)
    other = Embedded(tmp_path / "other", durable=False)
    other.start(say=False)
    try:
        shutil.copy(other.directory / "postmaster.pid", cluster.directory)
        assert not cluster.is_up()
        cluster.start(say=False)
        assert cluster.pid() != other.pid()
        assert other.is_up()
    finally:
        other.stop("immediate")


def test_a_recovery_is_waited_for_however_long(cluster, monkeypatch, capsys):
    """Stopped in its recovery, it lives and is not ready, as one that reads through gigabytes of log."""
    monkeypatch.setattr(embedded, "SAY_EVERY_S", 0.5)
    cluster.start(say=False)
    os.kill(cluster.pid(), signal.SIGKILL)
    program = cluster.binaries / "pg_ctl"
    real = cluster._run
    held = []

    def slow(command, *arguments, **options):
        if command == "pg_ctl" and "start" in arguments:
            code = real(command, *arguments, **options)
            os.kill(cluster.pid(), signal.SIGSTOP)
            held.append(time.monotonic())
            return code or 1
        if held and command == "pg_isready":
            if time.monotonic() - held[0] < 2:
                return 1
            os.kill(cluster.pid(), signal.SIGCONT)
        return real(command, *arguments, **options)

    monkeypatch.setattr(cluster, "_run", slow)
    assert program.exists()
    cluster.start(say=True)
    assert len(held) == 1  # one postmaster, not one more every minute
    assert "recovers from a crash" in capsys.readouterr().err
    assert ask(cluster, "SELECT number FROM orders") == 1001


def test_a_path_too_long_for_a_socket_uses_a_closed_directory_elsewhere(stock, tmp_path, monkeypatch):
    place = tmp_path / ("long" * 25) / "postgres"
    place.parent.mkdir()
    subprocess.run(["cp", "-a", stock, place], check=True)
    made = Embedded(place, durable=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert Embedded(place).socket_directory == made.socket_directory  # whatever a process thinks of TMPDIR
    try:
        made.start(say=False)
        assert ask(made, "SELECT number FROM orders") == 1001
        assert made.socket_directory.parent == Path("/tmp")
        assert mode(made.socket_directory) == 0o700
    finally:
        made.stop("immediate")
        shutil.rmtree(made.socket_directory)


@pytest.mark.parametrize("name", ["it's, here", "pgö r"])
def test_a_path_with_odd_characters_works(stock, tmp_path, name):
    place = tmp_path / name / "postgres"
    place.parent.mkdir()
    subprocess.run(["cp", "-a", stock, place], check=True)
    made = Embedded(place, durable=False)
    try:
        made.start(say=False)
        assert ask(made, "SELECT number FROM orders") == 1001
    finally:
        made.stop("immediate")


def test_a_path_a_shell_would_read_otherwise_is_refused(tmp_path):
    with pytest.raises(EmbeddedError, match="leave out quotes"):
        Embedded(tmp_path / "$HOME" / "postgres").start(say=False)


def test_variables_meant_for_another_postgresql_do_not_lead_it_astray(cluster, monkeypatch):
    for name, value in {
        "PGPORT": "6000",
        "PGHOST": "db.invalid",
        "PGOPTIONS": "-c nonsense=1",
        "LC_ALL": "xx_XX",
    }.items():
        monkeypatch.setenv(name, value)
    cluster.start(say=False)
    for name in ("PGPORT", "PGHOST", "PGOPTIONS", "LC_ALL"):
        monkeypatch.delenv(name)
    assert ask(cluster, "SHOW port") == "5432"


def test_own_settings_count_and_a_wrong_one_is_told(cluster):
    own = cluster.directory / "own.conf"
    own.write_text("work_mem = 5MB\n")
    own.chmod(0o644)
    cluster.start(say=False)
    assert ask(cluster, "SHOW work_mem") == "5MB"
    cluster.stop()
    own.write_text("work_mem = plenty\n")
    with pytest.raises(EmbeddedError, match=r"refuses a line of .*own\.conf: correct it"):
        cluster.start(say=False)


def test_damaged_files_are_told_with_the_way_out(cluster):
    (cluster.directory / "global" / "pg_control").unlink()
    with pytest.raises(EmbeddedError, match=r"are damaged: .*manage.py restore"):
        cluster.start(say=False)


@pytest.mark.parametrize("made_by", ["16", "17", "99"])
def test_another_major_version_is_told_in_two_sentences(cluster, made_by):
    (cluster.directory / "PG_VERSION").write_text(f"{made_by}\n")
    way_out = "manage.py upgrade_database" if made_by == "16" else "manage.py restore FILE"
    with pytest.raises(EmbeddedError, match=rf"made by PostgreSQL {made_by}, this hub brings 18\. .*{way_out}"):
        cluster.start(say=False)


@needs_root
def test_a_full_disk_is_told_and_costs_nothing(stock, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=120m", "tmpfs", disk], check=False, capture_output=True)
    if done.returncode:
        pytest.skip("this machine lets nobody mount a file system")
    try:
        subprocess.run(["cp", "-a", stock, disk / "postgres"], check=True)
        made = Embedded(disk / "postgres", durable=False)
        subprocess.run(["dd", "if=/dev/zero", f"of={disk / 'filler'}", "bs=64k"], check=False, capture_output=True)
        with pytest.raises(EmbeddedError, match=r"The disk that holds .* is full: free some space"):
            made.start(say=False)
        (disk / "filler").unlink()
        made.start(say=False)
        assert ask(made, "SELECT number FROM orders") == 1001
        made.stop("immediate")
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        with pytest.raises(EmbeddedError, match="read-only file system: point HUB_VAR_DIR"):
            made.start(say=False)
    finally:
        subprocess.run(["umount", "-l", disk], check=False)


def as_nobody(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run code as a user without rights; the programs of this test run may lie in a closed home."""
    who = pwd.getpwnam("nobody")
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], cwd=ROOT, user=who.pw_uid, group=who.pw_gid,
        extra_groups=[], capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


START = (
    "import sys; from pathlib import Path; from integration_hub.embedded import Embedded, EmbeddedError\n"
    "made = Embedded(Path(sys.argv[1]), durable=False)\n"
    "try:\n    made.start(say=False); print('started')\nexcept EmbeddedError as error: print(error)\n"
)


@pytest.fixture
def nobodys(tmp_path) -> Path:
    """A directory of the user ``nobody``, whom the interpreter lets in."""
    postgres.open_path(tmp_path / "site", say=False)
    postgres.open_path(Path(sys.executable).resolve(), say=False)
    if as_nobody("import psutil").returncode:
        pytest.skip("this interpreter is closed to other users")
    place = tmp_path / "site"
    place.mkdir(mode=0o755)
    shutil.chown(place, "nobody")
    return place


@needs_root
def test_a_plain_user_has_a_server_of_his_own_and_root_serves_it_as_him(nobodys):
    said = as_nobody(START, nobodys / "postgres")
    assert said.stdout == "started\n", said
    made = Embedded(nobodys / "postgres", durable=False)
    nobody = pwd.getpwnam("nobody").pw_uid
    try:
        assert Path(f"/proc/{made.pid()}").stat().st_uid == nobody
        assert mode(made.directory) == 0o700
        made.stop()
        made.start(say=False)  # as root
        assert Path(f"/proc/{made.pid()}").stat().st_uid == nobody
        made.stop()
        assert as_nobody(START, nobodys / "postgres").stdout == "started\n"  # nothing was left that is root's
    finally:
        made.stop("immediate")


@needs_root
def test_what_belongs_to_somebody_else_is_told(nobodys, stock):
    subprocess.run(["cp", "-a", stock, nobodys / "postgres"], check=True)  # made as root: the system user's
    said = as_nobody(START, nobodys / "postgres").stdout
    assert said.startswith("The user nobody may not use"), said
    nobodys.chmod(0o555)
    shutil.chown(nobodys, "root")
    said = as_nobody(START, nobodys / "other" / "postgres").stdout
    assert said.startswith("The user nobody may not use"), said


@needs_root
def test_as_root_the_server_is_the_system_users(cluster):
    cluster.start(say=False)
    assert Path(f"/proc/{cluster.pid()}").stat().st_uid == pwd.getpwnam(postgres.SYSTEM_USER).pw_uid


def test_without_a_way_to_make_a_user_root_is_told_so(monkeypatch):
    monkeypatch.setattr(postgres, "SYSTEM_USER", "no-such-user-here")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EmbeddedError, match="run the hub as another user than root"):
        postgres.system_user(say=False)


def test_by_hand_every_database_below_is_found_and_stopped(cluster, tmp_path, capsys):
    cluster.start(say=False)
    assert embedded.main(["status", str(tmp_path)]) == 0
    assert f"{cluster.directory}: running, process {cluster.pid()}, PostgreSQL 18" in capsys.readouterr().out
    assert embedded.main(["stop", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{cluster.directory}: stopped\n"
    assert embedded.main(["stop", str(tmp_path)]) == 0
    assert "was not running" in capsys.readouterr().out
    assert embedded.main(["status", str(tmp_path / "nowhere")]) == 0
    assert capsys.readouterr().out == "There is no embedded database.\n"


def test_a_long_log_is_put_aside(cluster, monkeypatch):
    monkeypatch.setattr(embedded, "LOG_LIMIT", 10)
    (cluster.directory / "server.log").write_text("old " * 100)
    shutil.chown(cluster.directory / "server.log", cluster.directory.stat().st_uid)
    cluster.start(say=False)
    assert "old" in (cluster.directory / "server.log.1").read_text()
    assert "old" not in (cluster.directory / "server.log").read_text()


# --- keys -------------------------------------------------------------------------------------------------------------


def test_keys_are_made_once_and_closed_to_others(tmp_path):
    place = tmp_path / "var"
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(keys.read_or_make, [place] * 8))
    assert all(one == made[0] for one in made)
    assert set(made[0]) == {"SECRET_KEY", "HUB_SECRET_KEYS"}
    assert mode(place / keys.FILE) == 0o600
    assert [one.name for one in place.iterdir()] == [keys.FILE]
    (place / keys.FILE).chmod(0o644)  # a copy brought back
    assert keys.read_or_make(place) == made[0]
    assert mode(place / keys.FILE) == 0o600


def test_a_place_for_keys_that_cannot_be_written_is_told():
    with pytest.raises(keys.ImproperlyConfigured, match="point HUB_VAR_DIR at a directory"):
        keys.read_or_make(Path("/proc/hub"))


def test_a_key_file_that_lost_its_keys_is_told_and_kept(tmp_path):
    (tmp_path / keys.FILE).write_text("# empty\n")
    with pytest.raises(keys.ImproperlyConfigured, match="bring back the copy"):
        keys.read_or_make(tmp_path)
    assert (tmp_path / keys.FILE).read_text() == "# empty\n"


def test_the_command_line_says_such_things_without_a_traceback(tmp_path):
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "thesis.txt").write_text("mine")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("HUB_", "DJANGO_", "DATABASE_"))}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env={**environment, "HUB_VAR_DIR": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "holds files, but no database" in done.stderr
    assert "Traceback" not in done.stderr
