"""Settings, Fulfillments. The vendor's own page exists, but its content is not public; these are ours."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.xoro.settings_fields import FULFILLMENTS, choice, listed, rows_problem, switch, table, text

MAPPING, FIXED = "mapping", "fixed"


@dataclass(frozen=True, kw_only=True)
class FulfillmentSettings:
    notify_customer: bool = switch(
        "Notify the customer", "The shop sends its shipping mail.", FULFILLMENTS, initial=True
    )
    partial_shipments: bool = switch(
        "Send partial shipments", "Each shipment as it happens. Off: once the order is shipped in full.", FULFILLMENTS,
        initial=True,
    )  # fmt: skip
    without_tracking: bool = switch(
        "Send shipments without tracking", "Off: they wait until Xoro names a tracking number.", FULFILLMENTS,
        initial=True,
    )  # fmt: skip
    carrier_map: tuple[dict[str, str], ...] | None = table(
        "Carriers",
        'What the shop calls them: [{"carrier": "UPS", "service": "", "name": "UPS", "url": '
        '"https://example.com/track?n={number}"}]. First match wins; an empty service is any.',
        FULFILLMENTS,
    )
    fulfillment_location: str = choice(
        "Location that fulfils",
        "The shop location mapped to the ship store under Orders: Warehousing, or always the same.",
        FULFILLMENTS,
        [(MAPPING, "From the mapping"), (FIXED, "Always the same")],
        initial=MAPPING,
    )
    fixed_location: str = text(
        "Shop location", "Fulfils every order.", FULFILLMENTS, shown_when=("fulfillment_location", FIXED)
    )
    invoice_statuses: tuple[str, ...] = listed(
        "Invoice statuses",
        "Looked through one after the other, with commas between them. Xoro shows open ones otherwise, and a prepaid "
        "order's invoice is paid the moment it ships.",
        FULFILLMENTS,
        initial=("Open", "Paid"),
        required=True,
        advanced=True,
        assumed="invoice/getinvoice lists the invoices of one status when status is sent; Open and Paid are all there "
        "are (G-23).",
    )


def problems(settings: FulfillmentSettings) -> dict[str, str]:
    """What contradicts itself, by setting."""
    found: dict[str, str] = {}
    if settings.fulfillment_location == FIXED and not settings.fixed_location:
        found["fixed_location"] = "Name the location of the shop that fulfils every order."
    columns = ("carrier", "service", "name", "url")
    if why := rows_problem(settings.carrier_map, columns=columns, required=("carrier", "name")):
        found["carrier_map"] = why
    elif any(row.get("url") and "{number}" not in row["url"] for row in settings.carrier_map or ()):
        found["carrier_map"] = "An address needs {number} where the tracking number goes."
    return found
