"""What the hub takes for granted of Xoro and no setting holds: rows of the checklist, for the tenant to confirm.

What a setting holds is said there (``setting(assumed=..., proof=...)``).
"""

from __future__ import annotations

from connectors.vendor import Assumption

ASSUMPTIONS = (
    Assumption(
        name="routes",
        label="Routes",
        text="Every call goes to the route of the same name as in the public guides, below the API address; a tenant "
        "that differs gets other routes under Connection.",
        proof="Test connection asks those for sales orders and invoices; ask Xoro for the others, or try each flow in a "
        "test account.",
    ),
    Assumption(
        name="orders_by_reference",
        label="Sales orders by reference",
        text="A search with third_party_ref_no and third_party_source finds the sales order of a shop order, as it is "
        "documented for invoices. Every answer is compared; Test connection says whether the filter works.",
        proof="Test connection says whether the filter works.",
    ),
    Assumption(
        name="change_order",
        label="Changed orders",
        text="A sales order is replaced by salesorder/create with VoidAndCreate and KeepOriginalOrderNumber.",
        proof="In a test account change an order that was sent, and look whether its sales order keeps its number.",
    ),
    Assumption(
        name="cancel_order",
        label="Cancelled orders",
        text="A sales order is cancelled by POST salesorder/cancel with its OrderNumber. A tenant without the route gets "
        "a task for a person instead.",
        proof="In a test account cancel an order that was sent, and look at its sales order.",
    ),
    Assumption(
        name="late_deposits",
        label="Deposits after the order",
        text="A payment that comes after the order, or goes back, is posted by deposit/import; a negative amount is money "
        "paid back.",
        proof="In a test account capture a payment after the order was sent, and look at its deposit in Xoro.",
    ),
    Assumption(
        name="shipments",
        label="Shipments in invoices",
        text="Shipments stand in invoiceShipmentArr, ShipmentArr or the header's TrackingNumber; without lines of their "
        "own the lines of the invoice count as shipped.",
        proof="Ship a test order in two parts: the shop must hear of each with its own tracking number.",
    ),
    Assumption(
        name="tax_rates",
        label="Kind of a tax rate",
        text="Taxes are sent with RateType “percentage”.",
        proof="Send a taxed test order, and compare the tax of each line in Xoro.",
    ),
    Assumption(
        name="account_members",
        label="Accounts in postings",
        text="In the answers of accounting/getgltransactions the members that end in AccountName or AccntName name the "
        "accounts.",
        proof="Test connection looks account names up; one that is right and not found proves this wrong.",
    ),
    Assumption(
        name="polling",
        label="No webhooks",
        text="Xoro tells nobody of changes: they are asked for at the import interval.",
        proof="Ask Xoro whether your account can send webhooks; without them nothing is lost, only later.",
    ),
)
