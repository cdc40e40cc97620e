"""Settings, Orders: Warehousing. https://shop-docs.xorosoft.io/getting-started/configuring-settings/orders/warehousing
(checked 2026-11-20); the public text ends after the wave method."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django import forms

from connectors.rows import Column
from connectors.xoro.settings_fields import WAREHOUSING, choice, column, day, switch, table, text

FULL_ORDERS, FULL_LINES, AVAILABLE = "Full Order(s) Only", "Full Qty Line(s) Only", "Allocate What's Available"
WAVE_METHODS = (FULL_ORDERS, FULL_LINES, AVAILABLE)
ORDERS, INVOICES = "orders", "invoices"
WAVE_MEMBERS = (("dropship_po", "Dropship purchase order"), ("merge_waves", "Merge waves"))
MEMO_MEMBERS = (
    ("type", "Type"), ("refund_offset", "Refund offset account"), ("receivable", "Account receivable"),
    ("liability", "Liability account"), ("unit_price", "Price of a unit"), ("balance", "What is left of it, or of an invoice"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class WarehouseSettings:
    drop_as: str = choice(
        "Invoices or orders",
        "What an order becomes. Invoices skip picking, packing and shipping; usual for sales at a counter.",
        WAREHOUSING,
        [(ORDERS, "Sales orders"), (INVOICES, "Invoices")],
        initial=ORDERS,
        assumed="Invoices are created by invoice/import with the names of sales orders.",
        proof="Test connection looks for the route; in a test account send one order and look at its invoice.",
    )
    split_orders: bool = switch(
        "Split orders by location",
        "An order whose goods leave from several locations becomes one document for each mapped ship store.",
        WAREHOUSING,
        initial=False,
        assumed="Second and further parts carry the order's reference with “-<location id>” behind it.",
        proof="In Xoro open an order the vendor's app split, and compare the references of its parts.",
    )
    split_from: date | None = day(
        "Split orders from", "Orders placed before this day are not split.", WAREHOUSING, shown_when=("split_orders",)
    )
    location_map: tuple[dict[str, str], ...] = table(
        "Ship store by location",
        "The store of Xoro at a location of the shop: for orders that are split, goods that come back, and the location "
        "that fulfils. An order that is not split ships from the ship store below.",
        WAREHOUSING,
        [
            column("location", "Shop location", "Name or id in the shop.", required=True),
            column("store", "Ship store", "By its name in Xoro.", required=True, names="store"),
            column("store_location", "Location in the store", "May be empty.", names="location"),
        ],
        unique=("location",),
    )
    ship_store: str = text("Ship store", "Whose stock is used, by its name.", WAREHOUSING, required=True, names="store")
    ship_location: str = text("Location", "In the ship store; may be empty.", WAREHOUSING, names="location")
    return_store: str = text(
        "Return store", "Where returned goods go. Empty: the ship store.", WAREHOUSING, names="store"
    )
    return_location: str = text("Return location", "In the return store; may be empty.", WAREHOUSING, names="location")
    return_asn: bool = switch(
        "ASN for returns", "Returned lines become a warehouse credit memo, and Xoro expects the goods by ASN.",
        WAREHOUSING, initial=False,
    )  # fmt: skip
    direct_cm_if_restocked: bool = switch(
        "Direct credit memo for restocked items", "Where the shop put the units back into stock.", WAREHOUSING,
        initial=True,
    )  # fmt: skip
    adjust_not_available: bool = switch(
        "Adjust not available quantity",
        "Direct credit memos of goods that are not restocked lower what is on hand at once.",
        WAREHOUSING,
        initial=False,
    )
    send_fulfillments: bool = switch(
        "Send fulfillments", "What Xoro ships is marked as fulfilled in the shop.", WAREHOUSING, initial=True
    )
    auto_release: bool = switch(
        "Release sales orders at once", "Only released orders reserve stock.", WAREHOUSING, initial=True
    )
    auto_wave: bool = switch(
        "Wave sales orders at once", "Starts picking where stock suffices.", WAREHOUSING, initial=False
    )
    wave_method: str = choice(
        "Wave method",
        "Rule of the automatic wave; sent only where its number is in the table of wave codes.",
        WAREHOUSING,
        [(method, method) for method in WAVE_METHODS],
        initial=FULL_ORDERS,
        shown_when=("auto_wave",),
    )
    wave_codes: dict[str, int] = table(
        "Wave codes", "The tenant's number of each wave method. A method without one is not sent.", WAREHOUSING,
        [
            Column("method", forms.ChoiceField(label="Wave method", choices=[("", ""), *((m, m) for m in WAVE_METHODS)])),
            Column("code", forms.IntegerField(label="Number")),
        ],
        is_mapping=True, advanced=True, shown_when=("auto_wave",),
        assumed="WaveAllocationCode carries a number of the tenant for each method.",
        proof="Ask Xoro which number your account has for each method, or look at a wave of each in an answer.",
    )  # fmt: skip
    carrier: str = text("Carrier", "Default carrier.", WAREHOUSING, names="carrier", advanced=True)
    ship_service: str = text(
        "Ship service", "Default service of the carrier.", WAREHOUSING, names="ship service", advanced=True
    )
    service_by_country: dict[str, str] = table(
        "Ship service by country", "Used for addresses in these countries instead of the ship service above.",
        WAREHOUSING,
        [
            Column("country", forms.RegexField("^[A-Z]{2}$", label="Country", help_text="Two capital letters.",
                                               error_messages={"invalid": "Two capital letters, such as CA."})),
            column("service", "Ship service", "By its name in Xoro.", required=True, names="ship service"),
        ],
        is_mapping=True, advanced=True,
    )  # fmt: skip
    shipping_terms: str = text(
        "Shipping terms", "Such as Prepaid & Billed.", WAREHOUSING, names="shipping term", advanced=True
    )
    split_all_locations: bool = switch(
        "Split to all available locations", "Goes on splitting over the mapped stores until every line is allocated.",
        WAREHOUSING, initial=False, advanced=True, shown_when=("split_orders",),
    )  # fmt: skip
    dropship_po: bool = switch(
        "Dropship purchase order during auto wave", "Orders short lines from the vendor. Sent only where the "
        "table of wave members names the member that carries it.", WAREHOUSING,
        initial=False, advanced=True, shown_when=("wave_method", FULL_LINES, AVAILABLE),
    )  # fmt: skip
    merge_waves: bool = switch(
        "Merge waves", "Waves that go to the same address become one. Sent only where the table of wave members names the "
        "member that carries it.", WAREHOUSING, initial=False, advanced=True, shown_when=("auto_wave",),
    )  # fmt: skip
    wave_names: dict[str, str] = table(
        "Members of a wave",
        "What the tenant calls the members of a sales order that carry these two wishes. Without a row a wish is not sent, "
        "and switching it on is an error.",
        WAREHOUSING,
        [
            Column("member", forms.ChoiceField(label="Wish", choices=[("", ""), *WAVE_MEMBERS])),
            column("name", "Name in Xoro", "As the tenant's API calls it.", required=True),
        ],
        is_mapping=True, advanced=True, shown_when=("auto_wave",),
        assumed="No public source names members for dropship purchase orders and merged waves: none is sent until the "
        "tenant names it.",
        proof="Ask Xoro for the names of both members in salesorder/create.",
    )  # fmt: skip
    force_void_wave: bool = switch(
        "Force void of a wave", "A locked wave is voided when its order changes; a new one covers the rest.",
        WAREHOUSING, initial=False, advanced=True, shown_when=("auto_wave",),
    )  # fmt: skip
    rerun_wave_errors: bool = switch(
        "Run again after wave errors", "A wave error is tried again after a few minutes.", WAREHOUSING, initial=True,
        advanced=True,
    )  # fmt: skip
    lock_wave: bool = switch(
        "Lock new waves", "New waves cannot be edited.", WAREHOUSING, initial=False, advanced=True,
        shown_when=("auto_wave",),
    )  # fmt: skip
    old_order_returns: bool = switch(
        "Returns of orders before the start date",
        "Returns made after the start date of orders placed before it become credits without an invoice.",
        WAREHOUSING,
        initial=False,
        advanced=True,
    )
    post_ship_payment: bool = switch(
        "Payment after shipping", "No deposit with the order: the payment is recorded once the invoice exists.",
        WAREHOUSING, initial=False, advanced=True,
        assumed="With the post shipping payment flow no deposit is taken with the order; the payment follows the "
        "invoice.",
        proof="In a test account ship such an order, and look at its deposit before and its payment after.",
    )  # fmt: skip
    send_cm_type: bool = switch(
        "Say the type of a credit memo", "Sends CreditMemoTypeName with Direct or Warehouse.", WAREHOUSING,
        initial=False, advanced=True,
        assumed="A credit memo with InventoryLocChangeList filled is Direct, with an empty one Warehouse.",
        proof="In a test account bring in a refund of each kind, and look at the type of its credit memo.",
    )  # fmt: skip
    credit_memo_names: dict[str, str] = table(
        "Members of a credit memo",
        "What the tenant calls members of a credit memo that are in no guide of the vendor's. A member without a name is "
        "not sent. No rows: the hub's own names, and no price.",
        WAREHOUSING,
        [
            Column("member", forms.ChoiceField(label="Member", choices=[("", ""), *MEMO_MEMBERS])),
            column("name", "Name in Xoro", "Such as LiabilityAccountName."),
        ],
        is_mapping=True,
        advanced=True,
        assumed="Type and accounts of a credit memo are sent as CreditMemoTypeName, RefundOffsetAccountName, "
        "AccountReceivableName and LiabilityAccountName; prices of its lines are Xoro's own.",
        proof="Ask Xoro for the members of creditmemo/import, and compare the accounts of one credit memo.",
    )
    returns_without_refund: bool = switch(
        "Book returned goods without a refund",
        "A closed return without a refund becomes a credit memo of its goods: an exchange at their value, anything else at "
        "nothing. Off: left out.",
        WAREHOUSING,
        initial=True,
        advanced=True,
        assumed="An exchanged return is credited at the value of its goods, to be applied to what is sent instead.",
        proof="Ask whoever keeps the books; bring in one exchange and look at its credit memo.",
    )
    use_adjustment_route: bool = switch(
        "Adjust stock by the API", "Off: a stock adjustment is a task for a person, named on the event.", WAREHOUSING,
        initial=False, advanced=True, assumed="Stock is adjusted by inventory/adjustment.",
        proof="In a test account switch it on, and look at the stock of one item before and after.",
    )  # fmt: skip
    use_credit_route: bool = switch(
        "Apply credits by the API", "The credit of a gift card or an exchange is applied to its order's invoice. Off: that is "
        "a task for a person, named on the event.", WAREHOUSING, initial=False, advanced=True,
        assumed="A credit memo is applied by POST creditmemo/apply with CreditMemoNumber, InvoiceNumber and Amount, whoever "
        "its customer is; BalanceAmount of a memo or invoice says what is left.",
        proof="In a test account switch it on, pay an order with a gift card, ship it, and look at the invoice's balance.",
    )  # fmt: skip


def problems(settings: WarehouseSettings) -> dict[str, str]:
    """What contradicts itself, by setting."""
    found: dict[str, str] = {}
    if settings.split_orders and not settings.location_map:
        found["location_map"] = "Splitting orders needs the ship store of each location."
    if settings.auto_wave and settings.drop_as == INVOICES:
        found["auto_wave"] = "Invoices are never waved: send sales orders, or do not wave them."
    elif settings.auto_wave and not settings.auto_release:
        found["auto_wave"] = "Only released orders are waved: release them at once, or do not wave them."
    for name in wave_wishes(settings):
        if not settings.wave_names.get(name):
            found[name] = "Cannot be sent yet: first name its member in the table of wave members."
    return found


def wave_wishes(settings: WarehouseSettings) -> list[str]:
    """Wishes about waves that are sent by a member the tenant names; dropship orders only where a wave may be short."""
    if not settings.auto_wave:
        return []
    wanted = {
        "merge_waves": settings.merge_waves,
        "dropship_po": settings.dropship_po and settings.wave_method != FULL_ORDERS,
    }
    return [name for name, is_on in wanted.items() if is_on]
