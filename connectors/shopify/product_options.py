"""The options of one route that brings products into a shop: how they are found, what is made, what is changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from connectors.records import Product
from connectors.records.product import UPDATE_FIELDS
from connectors.schema import setting

MATCHES = {"custom_id": "id kept in a metafield", "handle": "handle", "sku": "SKU", "barcode": "barcode"}
FIELDS = {
    "title": "Title",
    "description": "Description",
    "vendor": "Vendor",
    "type": "Type",
    "tags_add": "Tags: add to those there are",
    "tags_override": "Tags: replace those there are",
    "price": "Price",
    "compare_at_price": "Compare-at price",
    "cost": "Cost",
    "barcode": "Barcode",
    "weight": "Weight",
    "origin_country": "Country of origin",
    "hs_code": "HS code",
    "is_taxable": "Taxable",
    "sku": "SKU",
    "images": "Images: add those that are missing",
    "metafields": "Metafields",
    "new_variants": "Variants that are new",
}
USUAL = ["title", "price", "barcode", "weight", "new_variants"]


class ListField(forms.CharField):
    """Several texts, typed with commas between them; with ``known`` only those."""

    def __init__(self, *, known: Iterable[str] = (), **more: Any) -> None:
        self.known = tuple(known)
        super().__init__(**more)

    def to_python(self, value: Any) -> Any:
        parts: Iterable[Any] = value if isinstance(value, list | tuple) else str(value or "").split(",")
        return [text for part in parts if (text := str(part).strip())]

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list | tuple) else value

    def validate(self, value: Any) -> None:
        super().validate(value)
        if wrong := [one for one in value if self.known and one not in self.known]:
            raise ValidationError(f"“{wrong[0]}” is none of {', '.join(self.known)}.")


@dataclass(frozen=True, kw_only=True)
class ProductOptions:
    match_by: tuple[str, ...] = setting(
        ListField(
            label="Find products by",
            initial=["custom_id", "handle"],
            known=MATCHES,
            help_text="In this order, with commas: custom_id (the other system's id in a metafield), handle, sku, "
            "barcode. Where several products match, none is linked and the delivery says so.",
        ),
        group="Matching",
    )
    on_known_sku: str = setting(
        forms.ChoiceField(
            label="A SKU that another product has",
            choices=[("refuse", "Do not make the product; say where the SKU is"), ("note", "Make it, with a remark")],
            initial="refuse",
            help_text="Before a product is made, the shop is searched for its SKUs.",
        ),
        group="Matching",
    )
    only_tags: tuple[str, ...] = setting(
        ListField(
            label="Only with a tag of", required=False, initial=[], help_text="With commas. Empty: all products."
        ),
        group="Matching",
    )
    creates: bool = setting(
        forms.BooleanField(
            label="Make products",
            required=False,
            initial=True,
            help_text="Off: only products that are there are changed.",
        ),
        group="New products",
    )
    status_of_new: str = setting(
        forms.ChoiceField(
            label="Status of new products",
            choices=[("draft", "Draft"), ("active", "Active"), ("source", "As the source says")],
            initial="draft",
            help_text="The merchant publishes; an active product is still in no sales channel.",
        ),
        group="New products",
    )
    tracks_new: bool = setting(
        forms.BooleanField(
            label="Track quantity", required=False, initial=True, help_text="Whether stock of new variants is counted."
        ),
        group="New products",
    )
    sells_when_empty: bool = setting(
        forms.BooleanField(
            label="Sell when out of stock",
            required=False,
            initial=False,
            help_text="For new variants whose source does not say.",
        ),
        group="New products",
    )
    update_fields: tuple[str, ...] = setting(
        forms.MultipleChoiceField(
            label="Change",
            required=False,
            choices=list(FIELDS.items()),
            initial=USUAL,
            help_text="What a later version changes in the shop; a new product gets everything. A source that has such a "
            "choice of its own decides instead of this one.",
        ),
        group="Changes",
    )
    replaces_whole: bool = setting(
        forms.BooleanField(
            label="Replace products whole",
            required=False,
            initial=False,
            help_text="Makes the product exactly what the source says: variants the merchant added are deleted.",
        ),
        group="Changes",
    )

    def clean(self) -> None:
        """Both ways of treating tags at once contradict each other."""
        if {"tags_add", "tags_override"} <= set(self.update_fields):
            raise ValidationError({"update_fields": ["Tags are either added or replaced: choose one of the two."]})

    def told_by(self, record: Product) -> ProductOptions:
        """These options, with what a source says of updates in place of the route's own choice. Of what no source speaks
        (metafields, new variants) the route's choice stays."""
        if record.update_fields is None:
            return self
        own = [one for one in self.update_fields if one not in UPDATE_FIELDS]
        return replace(self, update_fields=(*(one for one in record.update_fields if one in FIELDS), *own))

    def changes(self, name: str) -> bool:
        """Whether an update changes this field; ``tags`` in either way."""
        if name == "tags":
            return self.replaces_whole or bool({"tags_add", "tags_override"} & set(self.update_fields))
        return self.replaces_whole or name in self.update_fields
