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
        "Financial status", "Orders with another one are left out.", FILTERS, as_choices(FINANCIAL),
        initial=[one for one in FINANCIAL if one != "voided"],
        assumed="The rules of the vendor's filter page are not public; these are ours (G-14).",
    )  # fmt: skip
    fulfillment_status: tuple[str, ...] = several(
        "Fulfillment status", "Orders with another one are left out.", FILTERS, as_choices(FULFILLMENT),
        initial=FULFILLMENT,
    )  # fmt: skip
    include_tags: tuple[str, ...] = listed(
        "Only with a tag of", "With commas between them. Empty: all orders.", FILTERS
    )
    exclude_tags: tuple[str, ...] = listed("Never with a tag of", "With commas between them.", FILTERS)
    source_names: tuple[str, ...] = listed("Only of the channels", "Such as web, pos. Empty: all channels.", FILTERS)
    gateways_excluded: tuple[str, ...] = listed(
        "Not if paid only through", "Payment gateways with commas between them.", FILTERS
    )
    locations: tuple[str, ...] = listed("Only of the locations", "Ids of locations in the shop. Empty: all.", FILTERS)
    risk_excluded: tuple[str, ...] = several(
        "Hold at risk", "Orders at these levels are left out.", FILTERS, as_choices(RISKS), initial=()
    )
    test_orders: bool = switch("Send test orders", "Orders made in the shop's test mode.", FILTERS, initial=False)


def problems(settings: FilterSettings) -> dict[str, str]:
    """What contradicts itself, by setting."""
    both = {tag.casefold() for tag in settings.include_tags} & {tag.casefold() for tag in settings.exclude_tags}
    if both:
        return {"exclude_tags": f"“{sorted(both)[0]}” is among the tags an order must have, too."}
    return {}
