"""The options of routes that bring customers and companies into a shop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms

from connectors.schema import setting


def _switch(label: str, help_text: str, *, initial: bool, group: str) -> Any:
    field = forms.BooleanField(label=label, help_text=help_text, required=False, initial=initial)
    return setting(field, group=group)


@dataclass(frozen=True, kw_only=True)
class CustomerOptions:
    match_by: str = setting(
        forms.ChoiceField(
            label="Find customers by",
            choices=[("email", "E-mail address"), ("custom_id", "The other system's id in a metafield")],
            initial="email",
            help_text="A customer the hub wrote before is found by the shop's own id.",
        ),
        group="Matching",
    )
    creates: bool = _switch(
        "Make customers", "Off: only customers that are there are changed.", initial=True, group="Matching"
    )
    replaces_tags: bool = _switch(
        "Replace tags", "Off: tags are added to those there are.", initial=False, group="Changes"
    )
    replaces_addresses: bool = _switch(
        "Replace addresses", "Off: addresses are added to those there are.", initial=False, group="Changes"
    )
    sends_tax_exemption: bool = _switch(
        "Send tax exemptions", "Whether the customer pays tax is then the other system's decision.", initial=True,
        group="Changes",
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class CompanyOptions:
    creates: bool = _switch(
        "Make companies", "Off: only companies that are there are changed.", initial=True, group="Companies"
    )
    makes_contacts: bool = _switch(
        "Make contacts",
        "Contacts become customers of the shop where they are none yet.",
        initial=True,
        group="Companies",
    )
    sends_tax_settings: bool = _switch(
        "Send tax settings", "Tax id and exemptions of each location.", initial=True, group="Locations"
    )
    sends_payment_terms: bool = _switch(
        "Send payment terms", "By their name in Shopify, or by what the mapping “payment terms” says.", initial=True,
        group="Locations",
    )  # fmt: skip
    assigns_catalogs: bool = _switch(
        "Give catalogues", "Each location buys at the price list “ERP <group> <currency>” of its price group. Direct "
        "catalogues need Shopify Plus.", initial=True, group="Locations",
    )  # fmt: skip
