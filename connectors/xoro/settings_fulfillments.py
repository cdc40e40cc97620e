"""Settings, Fulfillments. The vendor's own page exists, but its content is not public; these are ours."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.xoro.settings_fields import FULFILLMENTS, choice, column, listed, switch, table, text

MAPPING, FIXED = "mapping", "fixed"
TASK, CANCEL = "task", "cancel"


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
    carrier_map: tuple[dict[str, str], ...] = table(
        "Carriers",
        "What the shop calls the carriers of Xoro; the first row that fits counts, else Xoro's own name is sent.",
        FULFILLMENTS,
        [
            column("carrier", "Carrier in Xoro", "Its name there.", required=True, names="carrier"),
            column("service", "Ship service", "Empty: any service.", names="ship service"),
            column("name", "Carrier in the shop", "Such as UPS.", required=True),
            column("url", "Tracking address", "With {number} in it; empty: the shop's own."),
        ],
        is_ordered=True,
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
    voided_invoices: str = choice(
        "When a shipped invoice is voided",
        "Voided after the shop was told that its goods left: a failed event asks a person to decide, or the shop's "
        "fulfillment is cancelled, so that its units are open there again.",
        FULFILLMENTS,
        [(TASK, "Ask a person"), (CANCEL, "Cancel it in the shop")],
        initial=TASK,
    )
    void_statuses: tuple[str, ...] = listed(
        "Statuses of void invoices",
        "With commas between them. Such an invoice tells of no shipment. Empty: void invoices are not looked for.",
        FULFILLMENTS,
        initial=("Void",),
        advanced=True,
        assumed="A void invoice has the status Void, as a void credit memo has, and invoice/getinvoice lists them by it.",
        proof="Void a test invoice in Xoro, and look which status it shows.",
    )
    invoice_statuses: tuple[str, ...] = listed(
        "Invoice statuses",
        "Looked through one after the other, with commas between them. Xoro shows open ones otherwise, and a prepaid "
        "order's invoice is paid the moment it ships.",
        FULFILLMENTS,
        initial=("Open", "Paid"),
        required=True,
        advanced=True,
        assumed="The call invoice/getinvoice lists the invoices of one status when status is sent; Open and Paid are all "
        "there are.",
        proof="Ship a prepaid test order: the run after it must tell the shop. If not, ask Xoro for every status of "
        "invoices.",
    )


def problems(settings: FulfillmentSettings) -> dict[str, str]:
    """What contradicts itself, by setting."""
    found: dict[str, str] = {}
    if settings.fulfillment_location == FIXED and not settings.fixed_location:
        found["fixed_location"] = "Name the location of the shop that fulfils every order."
    twice = {one.casefold() for one in settings.void_statuses} & {one.casefold() for one in settings.invoice_statuses}
    if twice:
        found["void_statuses"] = "An invoice is void or it is not: the same status stands under “Invoice statuses”."
    for number, row in enumerate(settings.carrier_map, 1):
        if row["url"] and ("{number}" not in row["url"] or not row["url"].startswith("https://")):
            found["carrier_map"] = (
                f"Row {number}, Tracking address: start with https:// and put {{number}} where the tracking number goes."
            )
    return found
