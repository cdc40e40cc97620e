"""Finding a Chromium for the browser tests; as a program: installing it where it is missing and may be installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Without these it calls its maker's servers at every start, and as root it refuses to run.
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip


def find() -> str | None:
    """Path of an installed browser; the variable CHROMIUM names another one."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def install() -> bool:
    """Install Debian's chromium where this is Debian and we may; true if it worked."""
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return False
    print("Installing chromium for the browser tests ...", file=sys.stderr)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-q"],
        ["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"],
    ):
        subprocess.run(command, env=environment, capture_output=True, check=False)
    return find() is not None


def main() -> int:
    if find() or install():
        return 0
    print(
        "The browser tests need Chromium: install the package “chromium” or set CHROMIUM to its path.", file=sys.stderr
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
