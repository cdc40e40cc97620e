"""Fill a fresh hub with pairs of a shop and a Xoro tenant: ``python -m tests.processes.prepare_shops <url of the tenants>
<secret>`` reads {name: settings of the tenant's connector} and prints what was made, both as JSON."""

from __future__ import annotations

import json
import os
import sys

import django


def main(url: str, secret: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration_hub.settings")
    django.setup()
    from connectors.models import Connector, Route
    from connectors.xoro.sandbox import settings_for
    from tests.processes.shop import KINDS

    made = {}
    for name, settings in json.load(sys.stdin).items():
        shop = Connector(name=f"Shop {name}", slug=f"shop-{name}", provider_slug="telling")
        shop.put_settings({"url": url, "secret": secret})
        shop.save()
        tenant = Connector(name=f"Xoro {name}", slug=f"xoro-{name}", provider_slug="xoro")
        tenant.put_settings({**settings_for(f"{url}/{name}"), **settings})
        tenant.save()
        for kind in KINDS:
            Route.objects.create(source=shop, target=tenant, record_kind=kind, options={})
        made[name] = {"token": shop.webhook_token, "shop": shop.pk, "xoro": tenant.pk}
    print(json.dumps(made))


if __name__ == "__main__":
    main(*sys.argv[1:])
