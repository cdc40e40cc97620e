"""The settings of a Shopify connector about products, customers and companies."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms

from connectors.schema import setting


@dataclass(frozen=True, kw_only=True)
class ProductSettings:
    product_sync_days: int = setting(
        forms.IntegerField(
            label="First product synchronization, days",
            min_value=1,
            max_value=3650,
            initial=30,
            help_text="How many days back “Changed products” looks when it runs for the first time.",
        ),
        group="Products",
    )
    product_async_from: int = setting(
        forms.IntegerField(
            label="Make large products in the background",
            min_value=2,
            max_value=2048,
            initial=100,
            help_text="From how many variants on Shopify makes a product by itself while the delivery waits.",
        ),
        group="Products",
        advanced=True,
    )
    product_key: str = setting(
        forms.CharField(
            label="Metafield of a product's id",
            initial="style_id",
            max_length=64,
            help_text="Key of the metafield of type id that holds the other system's product id.",
        ),
        group="Products",
        advanced=True,
    )
    customer_key: str = setting(
        forms.CharField(
            label="Metafield of a customer's id",
            initial="customer_id",
            max_length=64,
            help_text="Key of the metafield of type id that holds the other system's customer id.",
        ),
        group="Customers",
        advanced=True,
    )
    customer_sync_days: int = setting(
        forms.IntegerField(
            label="First customer synchronization, days",
            min_value=1,
            max_value=3650,
            initial=30,
            help_text="How many days back “Changed customers” and “Changed companies” look at first.",
        ),
        group="Customers",
    )
