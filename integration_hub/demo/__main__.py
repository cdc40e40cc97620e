"""``make demo``: sets the stage, plays the main job, serves until Ctrl-C. ``--once`` stops after the main job."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

DEFAULT_PORT = 8000
ROOT = Path(__file__).resolve().parents[2]


def environment(port: int) -> dict[str, str]:
    """What the demo's processes run with: everything under var/demo, three ports side by side, logs out of the way."""
    own = "demo" if port == DEFAULT_PORT else f"demo-{port}"  # two demos at once have two databases
    directory = Path(os.environ.get("HUB_DEMO_DIR", ROOT / "var" / own))
    return {
        "HUB_VAR_DIR": str(directory),
        "HUB_BASE_URL": f"http://127.0.0.1:{port}",
        "HUB_BIND": f"127.0.0.1:{port}",
        "SANDBOX_URL": f"http://127.0.0.1:{port + 1}",
        "EMAIL_URL": f"smtp://127.0.0.1:{port + 2}",
        "HUB_LOG_FORMAT": "console",
        "HUB_LOG_LEVEL": os.environ.get("HUB_LOG_LEVEL", "CRITICAL"),
        "DJANGO_SETTINGS_MODULE": "integration_hub.settings",
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--once", action="store_true", help="stop after the main job; exit code 0 only if all was checked")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", DEFAULT_PORT)), help="web; +1 sandbox, +2 mail")
    options = parser.parse_args()
    os.environ.update(environment(options.port))
    for name in ("DATABASE_URL", "SECRET_KEY", "HUB_SECRET_KEYS"):
        os.environ.pop(name, None)  # the demo never touches a real site
    os.chdir(ROOT)

    from integration_hub.demo.stage import Stage

    return Stage(options.port, once=options.once).run()


if __name__ == "__main__":
    sys.exit(main())
