#!/usr/bin/env python
"""Django's command line, with the embedded PostgreSQL started first where the site uses it."""

import os
import sys

# Commands that work without a database; everything else finds the embedded one running.
WITHOUT_DATABASE = {
    "help", "version", "--help", "--version", "sandbox", "collectstatic", "spectacular", "startapp", "healthcheck",
    "upgrade_database", "describe_settings",
}  # fmt: skip


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration_hub.settings")
    from django.core.exceptions import ImproperlyConfigured

    from integration_hub.postgres import EmbeddedError

    try:
        from django.conf import settings
        from django.core.management import execute_from_command_line

        command = sys.argv[1] if len(sys.argv) > 1 else "help"
        asks_for_help = {"-h", "--help"} & set(sys.argv)
        if command not in WITHOUT_DATABASE and not asks_for_help and settings.EMBEDDED is not None:
            settings.EMBEDDED.start()
    except (EmbeddedError, ImproperlyConfigured) as error:
        print(error, file=sys.stderr)
        return 1
    execute_from_command_line(sys.argv)
    return 0


if __name__ == "__main__":
    sys.exit(main())
