"""Who and what takes part in the demo: people, connectors pointed at the sandbox, a route, a storefront's key."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.utils import timezone

from connectors import registry
from connectors.models import ApiKey, Breaker, Bucket, Connector, DirectoryEntry, Figure, Link, Quote, Route
from events.models import OPEN_OUTCOMES, Event, Family, Mail, Outcome, Reason

GUEST = "BRK-2210"  # the account the ERP reckons with where a shopper has none
RATES = "US | * | 0-30 kg | Ground | GROUND | 9.00 USD | 3-5\nUS | * | | Freight | FREIGHT | 29.00 USD | 4-7"
TAG = "in-xoro"  # what an order of the shop is marked with once it is there
INTO_XORO, OUT_OF_XORO = ("order", "refund"), ("shipment", "stock")
STOCK_OF = [{"store": store, "location": "Spokane"} for store in ("Main Store", "EAST WAREHOUSE")]
SENDER, RECEIVER = "hub@demo.example", "support@demo.example"


@dataclass(frozen=True)
class Cast:
    administrator: tuple[str, str]  # name, password
    supporter: tuple[str, str]
    shop: Connector
    xoro: Connector
    erp: Connector
    key: str


def gather() -> Cast:
    """Make everything that is missing; passwords and the storefront's key are new each time. The sandbox starts empty,
    so what earlier demos delivered to it is forgotten too."""
    shop = _connector("Lumen Goods", "lumen-goods", "shopify", offers_rates=True, rates_from="brookfield-erp",
                      rates_table=RATES, tag_delivered=TAG)  # fmt: skip
    xoro = _connector("Xoro", "xoro", "xoro", inventory_location_map=STOCK_OF)
    erp = _connector("Brookfield ERP", "brookfield-erp", "generic_erp", guest_customer_code=GUEST)
    for source, target, kinds in ((shop, xoro, INTO_XORO), (xoro, shop, OUT_OF_XORO)):
        for kind in kinds:
            Route.objects.get_or_create(source=source, target=target, record_kind=kind)
        Link.objects.filter(source=source, target=target).delete()
        Figure.objects.filter(route__source=source, route__target=target).delete()
    DirectoryEntry.objects.filter(connector_id__in=[shop.pk, xoro.pk]).delete()
    Quote.objects.filter(connector=shop).delete()
    Event.objects.filter(outcome__in=OPEN_OUTCOMES).update(
        outcome=Outcome.SKIPPED, reason=Reason.DISABLED, finished_at=timezone.now(),
        sentence="Left over from an earlier demo, whose sandbox is gone.",
    )  # fmt: skip
    told = [shop.pk, xoro.pk, erp.pk]
    Mail.objects.filter(connector_id__in=told).delete()
    Family.objects.filter(connector_id__in=told).delete()
    key = ApiKey.objects.filter(name="Demo storefront").first() or ApiKey(name="Demo storefront")
    secret = key.make()
    key.can_read_events, key.revoked_at, key.created_at = True, None, timezone.now()
    key.save()
    key.connectors.set([shop, xoro, erp])
    return Cast(_person("admin", "Administrators"), _person("support", "Support"), shop, xoro, erp, secret)


def sandbox_settings(provider_slug: str) -> dict[str, Any]:
    """What a connector of this provider needs to reach its sandbox, credentials included."""
    sandbox = registry.get(provider_slug).sandbox
    if sandbox is None:
        raise RuntimeError(f"{provider_slug} has no sandbox")
    return dict(sandbox.settings(f"{settings.SANDBOX_URL}/{sandbox.prefix}"))


def _connector(name: str, slug: str, provider_slug: str, **more: Any) -> Connector:
    connector = Connector.objects.filter(slug=slug).first() or Connector(
        name=name, slug=slug, provider_slug=provider_slug
    )
    connector.put_settings({**sandbox_settings(provider_slug), **more})
    connector.email_sender, connector.email_receiver = SENDER, RECEIVER
    connector.is_enabled, connector.is_paused, connector.memory = True, False, {}
    connector.save()
    Breaker.objects.filter(connector=connector).delete()
    Bucket.objects.filter(connector=connector).delete()
    return connector


def _person(name: str, group: str) -> tuple[str, str]:
    password = secrets.token_urlsafe(9)
    person, _ = User.objects.get_or_create(username=name, defaults={"email": f"{name}@demo.example"})
    person.is_staff, person.is_active, person.is_superuser = True, True, group == "Administrators"
    person.set_password(password)
    person.save()
    person.groups.set([Group.objects.get(name=group)])
    return name, password
