"""Keys of an installation that brings none in its environment: made once, kept in ``var/keys.env`` (mode 0600).

``SECRET_KEY`` signs sessions; ``HUB_SECRET_KEYS`` is the ring that encrypts connectors' secrets (``id:base64`` pairs,
the first encrypts, all decrypt). Losing the ring means entering every secret again: back the file up.
"""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path


def read_or_make(directory: Path) -> dict[str, str]:
    """The keys kept in ``directory``; made there at the first call. Safe when two processes start at once."""
    path = directory / "keys.env"
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        content = (
            "# made by the hub; keep a copy in a safe place, apart from database backups\n"
            f"SECRET_KEY={secrets.token_urlsafe(50)}\n"
            f"HUB_SECRET_KEYS=k1:{base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}\n"
        )
        draft = directory / f".keys.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(content)
        try:
            os.link(draft, path)  # fails where another process was faster: then its keys count
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    lines = (line for line in path.read_text().splitlines() if line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)
