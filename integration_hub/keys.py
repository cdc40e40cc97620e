"""Keys of an installation that brings none in its environment: made once, kept in ``var/keys.env`` (mode 0600).

``SECRET_KEY`` signs sessions; ``HUB_SECRET_KEYS`` is the ring that encrypts connectors' secrets (``id:base64`` pairs,
the first encrypts, all decrypt). Losing the ring means entering every secret again: back the file up.
"""

from __future__ import annotations

import base64
import os
import secrets
import stat
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

FILE = "keys.env"
NAMES = ("SECRET_KEY", "HUB_SECRET_KEYS")


def read_or_make(directory: Path) -> dict[str, str]:
    """The keys kept in ``directory``; made there at the first call. Safe when two processes start at once."""
    path = directory / FILE
    try:
        if not path.exists():
            _make(path)
        lines = [line for line in path.read_text().splitlines() if "=" in line and not line.startswith("#")]
        mode = path.stat().st_mode
        if mode & (stat.S_IRWXG | stat.S_IRWXO):  # a copy brought back, say
            path.chmod(0o600)
    except OSError as error:
        raise ImproperlyConfigured(
            f"The hub's keys cannot be read or made in {path} ({error.strerror}): point HUB_VAR_DIR at a directory "
            f"of the hub's user, or set {' and '.join(NAMES)}."
        ) from error
    kept = dict(line.split("=", 1) for line in lines)
    missing = [name for name in NAMES if not kept.get(name)]
    if missing:
        raise ImproperlyConfigured(
            f"{path} holds no {' and no '.join(missing)}: bring back the copy of the file that was kept apart. Without "
            "one, move the file away: new keys are made, and every secret of the connectors must be entered again."
        )
    return kept


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = (
        "# made by the hub; keep a copy in a safe place, apart from database backups\n"
        f"SECRET_KEY={secrets.token_urlsafe(50)}\n"
        f"HUB_SECRET_KEYS=k1:{base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}\n"
    )
    draft = path.with_name(f".keys.{secrets.token_hex(6)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # fails where another process was faster: then its keys count
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)
