#!/usr/bin/env python
"""Django's command line, with the embedded PostgreSQL started first where the site uses it."""

import os
import sys

# Commands that work without a database; everything else finds the embedded one running.
WITHOUT_DATABASE = {
    "help",
    "version",
    "--help",
    "--version",
    "sandbox",
    "describe_settings",
    "collectstatic",
    "spectacular",
    "startapp",
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration_hub.settings")
    from django.conf import settings
    from django.core.management import execute_from_command_line

    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    if command not in WITHOUT_DATABASE and settings.EMBEDDED is not None:
        settings.EMBEDDED.start()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
