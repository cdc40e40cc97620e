"""Settings of the tests: the hub's own, on an embedded PostgreSQL apart from the one of a running demo."""

import os
import socket
from pathlib import Path

os.environ.setdefault("HUB_VAR_DIR", str(Path(__file__).resolve().parent.parent / "var" / "test"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# Every test process has a sandbox address of its own; the `sandbox` fixture serves there.
SANDBOX_PORT = _free_port()
os.environ["SANDBOX_URL"] = f"http://127.0.0.1:{SANDBOX_PORT}"
os.environ.setdefault("HUB_LOG_FORMAT", "console")
os.environ.setdefault("HUB_LOG_LEVEL", "ERROR")

from integration_hub.embedded import Embedded  # noqa: E402
from integration_hub.settings import *  # noqa: E402, F403
from integration_hub.settings import EMBEDDED, VAR_DIR  # noqa: E402

if EMBEDDED is not None:
    EMBEDDED = Embedded(VAR_DIR / "postgres", durable=False)
    EMBEDDED.start()

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
AXES_ENABLED = False
SECURE_SSL_REDIRECT = False
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # nothing is collected for tests; the finders serve
