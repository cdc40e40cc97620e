"""What the hub takes for granted of Xoro and no setting holds: rows of the checklist, for the tenant to confirm.

What a setting holds is said there (``setting(assumed=...)``). ``source``: the number of the question to the vendor; what
bears the same number, here or behind a setting's assumption as in "(G-07)", is answered together.
"""

from __future__ import annotations

from connectors.vendor import Assumption

ASSUMPTIONS = (
    Assumption(
        name="routes",
        label="Routes",
        text="Every call goes to the route of the same name as in the public guides, below the API address; a tenant "
        "that differs gets other routes under Connection.",
        source="Gap G-01",
    ),
    Assumption(
        name="orders_by_reference",
        label="Sales orders by reference",
        text="A search with third_party_ref_no and third_party_source finds the sales order of a shop order, as it is "
        "documented for invoices. Every answer is compared; Test connection says whether the filter works.",
        source="Gap G-02",
    ),
    Assumption(
        name="change_order",
        label="Changed orders",
        text="A sales order is replaced by salesorder/create with VoidAndCreate and KeepOriginalOrderNumber.",
        source="Gap G-02",
    ),
    Assumption(
        name="cancel_order",
        label="Cancelled orders",
        text="A sales order is cancelled by POST salesorder/cancel with its OrderNumber. A tenant without the route gets "
        "a task for a person instead.",
        source="Gap G-02",
    ),
    Assumption(
        name="late_deposits",
        label="Deposits after the order",
        text="A payment that comes after the order, or goes back, is posted by deposit/import; a negative amount is money "
        "paid back.",
        source="Gap G-04",
    ),
    Assumption(
        name="shipments",
        label="Shipments in invoices",
        text="Shipments stand in invoiceShipmentArr, ShipmentArr or the header's TrackingNumber; without lines of their "
        "own the lines of the invoice count as shipped.",
        source="Gap G-05",
    ),
    Assumption(
        name="tax_rates",
        label="Kind of a tax rate",
        text="Taxes are sent with RateType “percentage”.",
        source="Gap G-06",
    ),
    Assumption(
        name="account_members",
        label="Accounts in postings",
        text="In the answers of accounting/getgltransactions the members that end in AccountName or AccntName name the "
        "accounts.",
        source="Gap G-12",
    ),
    Assumption(
        name="polling",
        label="No webhooks",
        text="Xoro tells nobody of changes: they are asked for at the import interval.",
        source="Gap G-22",
    ),
)
