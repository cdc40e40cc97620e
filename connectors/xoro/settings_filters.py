"""Settings, Orders: Filters. The vendor's own page exists, but its content is not public; these rules are ours. An order
is sent only if it passes all of them."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.xoro.settings_fields import FILTERS, as_choices, listed, several, switch

FINANCIAL = ("pending", "authorized", "partially_paid", "paid", "partially_refunded", "refunded", "voided")
FULFILLMENT = ("unfulfilled", "partial", "fulfilled")
RISKS = ("low", "medium", "high")


@dataclass(frozen=True, kw_only=True)
class FilterSettings:
    financial_status: tuple[str, ...] = several(
        "Financial status", "An order is sent while its payment stands at one of these. None chosen: at "
        "any.", FILTERS, as_choices(FINANCIAL),
        initial=[one for one in FINANCIAL if one != "voided"],
        assumed="The rules of the vendor's filter page are not public; these are ours.",
        proof="Compare with the page Filters of the vendor's app, and bring in one order that is to stay out.",
    )  # fmt: skip
    fulfillment_status: tuple[str, ...] = several(
        "Fulfillment status", "An order is sent while its shipping stands at one of these. None chosen: "
        "at any.", FILTERS, as_choices(FULFILLMENT),
        initial=FULFILLMENT,
    )  # fmt: skip
    include_tags: tuple[str, ...] = listed(
        "Tags it must have",
        "An order needs at least one of these, with commas between them. Empty: every order passes.",
        FILTERS,
    )
    exclude_tags: tuple[str, ...] = listed(
        "Tags it must not have", "An order with any of these is left out, with commas between them.", FILTERS
    )
    source_names: tuple[str, ...] = listed(
        "Channels",
        "Such as web, pos, with commas between them: other orders are left out. Empty: every channel.",
        FILTERS,
    )
    gateways_excluded: tuple[str, ...] = listed(
        "Gateways left out", "An order paid through nothing but these is left out, with commas between them.", FILTERS
    )
    locations: tuple[str, ...] = listed(
        "Locations",
        "Ids of locations in the shop, with commas between them: other orders are left out. Empty: every one.",
        FILTERS,
    )
    risk_excluded: tuple[str, ...] = several(
        "Risk levels left out", "An order at one of these levels is left out.", FILTERS, as_choices(RISKS), initial=()
    )
    test_orders: bool = switch(
        "Send test orders", "Off: orders made in the shop's test mode are left out.", FILTERS, initial=False
    )


def problems(settings: FilterSettings) -> dict[str, str]:
    """What contradicts itself, by setting."""
    found: dict[str, str] = {}
    both = {tag.casefold() for tag in settings.include_tags} & {tag.casefold() for tag in settings.exclude_tags}
    if both:
        found["exclude_tags"] = f"“{sorted(both)[0]}” is among the tags an order must have, too."
    return found
