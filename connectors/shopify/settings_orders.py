"""Settings of orders: when one is handed over, what has to add up, and what is written onto it afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

from connectors.schema import setting

NAMESPACE = RegexValidator(
    r"^(\$app(:[a-zA-Z0-9_-]{1,200})?|[a-zA-Z0-9_-]{3,255})\Z", "Enter a namespace, like $app:erp."
)
KEY = RegexValidator(r"^[a-zA-Z0-9_-]{2,64}\Z", "A key has 2 to 64 letters, digits, hyphens or underscores.")
ORDER_ID_KEY = "order_id"


def allow_tag(value: str) -> None:
    """Raise ``ValidationError`` for what Shopify would split into several tags."""
    if "," in value:
        raise ValidationError("A tag has no comma: Shopify would make two tags of it.")


def _tag(label: str, help_text: str) -> forms.CharField:
    return forms.CharField(label=label, required=False, max_length=40, validators=[allow_tag], help_text=help_text)


def _key(label: str, initial: str, help_text: str) -> forms.CharField:
    return forms.CharField(label=label, required=False, initial=initial, validators=[KEY], help_text=help_text)


@dataclass(frozen=True, kw_only=True)
class OrderSettings:
    wait_for_risk: bool = setting(
        forms.BooleanField(
            label="Wait for the risk assessment",
            required=False,
            initial=False,
            help_text="Hold an order back while Shopify still assesses its risk, for as long as the next setting says.",
        ),
        group="Orders",
    )
    risk_wait_minutes: int = setting(
        forms.IntegerField(
            label="Longest wait for the risk assessment, minutes",
            min_value=1,
            max_value=1440,
            initial=15,
            help_text="After so many minutes since it was placed, an order is handed over with its risk still pending.",
        ),
        group="Orders",
    )
    tax_rounding: int = setting(
        forms.IntegerField(
            label="Tax rounding per line, hundredths",
            min_value=0,
            max_value=100,
            initial=1,
            help_text="How much the taxes of the lines may differ from the order's total of taxes, per line, in hundredths "
            "of the order's currency. More than that stops the order. Taxes are those of the shop: calculating them in "
            "the ERP at checkout is not available, because Shopify opens its tax platform to invited tax companies only.",
        ),
        group="Orders",
    )
    more_metafields: str = setting(
        forms.CharField(
            label="Read metafields of",
            required=False,
            validators=[NAMESPACE],
            help_text="A second namespace whose metafields travel with an order, like custom. Those the hub writes itself "
            "always do.",
        ),
        group="Orders",
    )
    reads_locations: bool = setting(
        forms.BooleanField(
            label="Read where lines ship from",
            required=False,
            initial=False,
            help_text="For targets that split orders by location, or make an invoice of each shipment. One more call for "
            "each order; needs the scope read_merchant_managed_fulfillment_orders.",
        ),
        group="Orders",
    )
    tag_delivered: str = setting(
        _tag("Tag after delivery", "Added to an order once it is in the target system. Blank: none."),
        group="Written onto orders",
    )
    tag_failed: str = setting(
        _tag("Tag after a failure", "Added when an order could not be delivered; taken away once it was. Blank: none."),
        group="Written onto orders",
    )
    writes_metafields: bool = setting(
        forms.BooleanField(
            label="Write metafields after delivery",
            required=False,
            initial=True,
            help_text="Number of the document, state and time, under the keys below. Needs the scope write_orders.",
        ),
        group="Written onto orders",
    )
    metafield_namespace: str = setting(
        forms.CharField(
            label="Namespace",
            initial="$app:erp",
            validators=[NAMESPACE],
            help_text="Of the metafields the hub writes. One that begins with $app belongs to the app alone.",
        ),
        group="Written onto orders",
    )
    key_number: str = setting(
        _key("Key of the document's number", "order_number", "Blank: not written."), group="Written onto orders"
    )
    key_state: str = setting(
        _key("Key of the state", "status", "“imported”, or “failed”. Blank: not written."), group="Written onto orders"
    )
    key_time: str = setting(
        _key("Key of the time", "synced_at", "When the document was made or changed. Blank: not written."),
        group="Written onto orders",
    )
    writes_order_id: bool = setting(
        forms.BooleanField(
            label="Make orders findable by the document's id",
            required=False,
            initial=False,
            help_text=f"Writes the metafield {ORDER_ID_KEY} of the type id, whose definition the hub creates once. "
            "Shopify then finds an order by it, and refuses one id on two orders.",
        ),
        group="Written onto orders",
    )

    def writes_after(self, is_delivered: bool) -> bool:
        """Whether anything is written onto an order once it was delivered, or once its delivery failed."""
        if not is_delivered:
            return bool(self.tag_failed)
        return bool(self.tag_delivered or self.tag_failed or self.writes_order_id or self.metafield_keys)

    @property
    def tax_tolerance(self) -> Decimal:
        """How much the taxes of one line may be off, in the currency's major unit."""
        return Decimal(self.tax_rounding) / 100

    @property
    def metafield_keys(self) -> tuple[str, ...]:
        """The keys written after a delivery."""
        keys = (self.key_number, self.key_state, self.key_time) if self.writes_metafields else ()
        return tuple(key for key in keys if key)

    @property
    def own_tags(self) -> frozenset[str]:
        """Tags of the hub's own, folded."""
        return frozenset(tag.casefold() for tag in (self.tag_delivered, self.tag_failed) if tag)
