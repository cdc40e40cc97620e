"""Settings of deliveries: who subscribes to them. Which topics there are: ``topics.py``."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms

from connectors.schema import setting

BY_HUB, BY_APP = "hub", "app"


@dataclass(frozen=True, kw_only=True)
class WebhookSettings:
    """``subscriptions_by``: an app's own configuration file is valid for every shop and is never switched off by
    Shopify; an app made in the shop's admin has none. ``is_embedded``: pages opened outside of the shop's admin lead
    into it."""

    subscriptions_by: str = setting(
        forms.ChoiceField(
            label="Webhook subscriptions",
            choices=[(BY_HUB, "made by the hub"), (BY_APP, "in the app's configuration file")],
            initial=BY_HUB,
            help_text="Made by the hub: it asks the shop for exactly the topics its routes need and repairs them every "
            "hour. In the app's configuration file: the hub only watches what arrives, and removes its own.",
        ),
        group="Webhooks",
    )
    is_embedded: bool = setting(
        forms.BooleanField(
            label="Pages open inside the shop's admin",
            required=False,
            initial=True,
            help_text="On for an app whose configuration says embedded = true: the app's page, opened elsewhere, leads "
            "back into the shop's admin. Off where the app opens in a window of its own.",
        ),
        group="Admin links",
    )
