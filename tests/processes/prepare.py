"""Fill a fresh hub: ``python -m tests.processes.prepare <remote url> <secret>`` prints what was made as JSON."""

from __future__ import annotations

import json
import os
import sys

import django


def main(url: str, secret: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration_hub.settings")
    django.setup()
    from connectors.models import Connector

    made = {}
    for name in ("one", "two"):
        connector = Connector(name=name, slug=name, provider_slug="crashing")
        connector.put_settings({"url": url, "secret": secret})
        connector.save()
        made[name] = {"id": connector.pk, "token": connector.webhook_token}
    print(json.dumps(made))


if __name__ == "__main__":
    main(*sys.argv[1:])
