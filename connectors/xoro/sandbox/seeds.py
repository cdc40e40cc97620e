"""What a fresh tenant holds: stores, locations, accounts, payment terms, 30 items in 10 base parts, stock, customers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

STORES = {"Main Store": "MAIN", "EAST WAREHOUSE": "EAST", "WEB STORE": "WEB"}
STORE_IDS = {name: 10_001 + n for n, name in enumerate(STORES)}
LOCATIONS = {  # the first is where goods are taken from unless an order says otherwise
    "Main Store": ("SHELF", "BACKROOM", "RETURNS"),
    "EAST WAREHOUSE": ("A-01", "B-01", "DOCK", "RETURNS"),
    "WEB STORE": ("A-01", "RETURNS"),
}
ACCOUNTS = (
    "Undeposited Funds", "Customer Deposits", "Accounts Receivable", "Shipping Expense", "PayPal", "Bank Checking",
    "Gift Card Liability", "Gift Card Receivable", "Exchange Receivable", "Refund Offset", "Payment Fees", "Disputes",
    "Penny Rounding", "Payout Reserve",
)  # fmt: skip
# Payment terms -> whether an order waits for its money before it may be waved.
TERMS = {"Prepaid": True, "Net 30": False, "Due on receipt": False}
CUSTOMERS = ("Walk-in Customer", "Brook LLC")
INVENTORY, MISCELLANEOUS = (10, "Inventory"), (130, "Miscellaneous")


@dataclass(frozen=True)
class Part:
    """A base part with its SKUs and list price. No ``handle``: nobody typed or made one."""

    number: str
    skus: tuple[str, ...]
    price: float
    title: str
    handle: str = ""
    type: tuple[int, str] = INVENTORY
    presell: tuple[str, ...] = ()
    category: str = "General"


PARTS = (
    Part("MUG", ("MUG-BLU-350", "MUG-RED-350", "MUG-GRN-350", "MUG-BLK-350"), 11.90, "Mug", "mug"),
    Part("LMP-OAK", ("LMP-OAK-S", "LMP-OAK-M", "LMP-OAK-L"), 55.00, "Oak lamp", "oak-lamp"),
    Part("PAPER", ("PAPER-A4-80", "PAPER-A4-90", "PAPER-A3-80"), 5.49, "Copy paper", "copy-paper"),
    Part("TONER", ("TONER-77K", "TONER-77C", "TONER-77M", "TONER-77Y"), 74.00, "Toner 77", "toner-77"),
    Part("CHAIR", ("CHAIR-GRY", "CHAIR-BLU", "CHAIR-BLK"), 189.00, "Desk chair", "desk-chair"),
    Part("DESK", ("DESK-120", "DESK-140", "DESK-160"), 329.00, "Desk", "desk", presell=("DESK-160",)),
    Part("PEN", ("PEN-BLU", "PEN-BLK", "PEN-RED"), 1.20, "Pen"),
    Part("BAG", ("BAG-S", "BAG-L"), 24.00, "Bag"),
    Part("HUB", ("HUB-TIP", "HUB-DUTY", "HUB-FEE", "HUB-DEFAULT"), 0.00, "Hub charges", "hub-charges", MISCELLANEOUS),
    Part("GIFT", ("GIFT-CARD",), 0.00, "Gift card", "gift-card", MISCELLANEOUS),
)
# Store -> (available, not available, on purchase orders) of every stocked item.
STOCK = {"Main Store": (60, 0, 0), "EAST WAREHOUSE": (400, 2, 24), "WEB STORE": (0, 0, 0)}


def items() -> dict[str, dict[str, Any]]:
    """Every item by its SKU, in the members of Xoro's flat items."""
    found: dict[str, dict[str, Any]] = {}
    for part_number, part in enumerate(PARTS):
        for sku in part.skus:
            found[sku] = item(5500 + len(found), sku, part, 910 + part_number)
    return found


def item(number: int, sku: str, part: Part, part_id: int) -> dict[str, Any]:
    return {
        "Id": number,
        "ItemNumber": sku,
        "BasePartNumber": part.number,
        "ProductHeaderId": part_id,
        "ItemUpc": f"40000000{number - 5500:05d}",
        "Title": part.title,
        "Description": f"{part.title} {sku.removeprefix(part.number).strip('-')}".strip(),
        "ItemTypeId": part.type[0],
        "ItemTypeName": part.type[1],
        "Tags": "web",
        "StandardUnitPrice": part.price,
        "IsPreSellFlag": sku in part.presell,
        "ActiveFlag": True,
    }


# Documents of long ago: found by their exact numbers, in no list.
ARCHIVE_ORDER, ARCHIVE_INVOICE = "WEB-S000900", "WEB-I000900"
_ARCHIVED = {
    "RefNo": "900",
    "ThirdPartyRefNo": "5900100400900",
    "ThirdPartySource": "https://lumen-goods.myshopify.com-Demo",
    "StoreName": "EAST WAREHOUSE",
    "SaleStoreName": "WEB STORE",
    "CustomerId": 1,
    "CustomerName": "Walk-in Customer",
    "CurrencyCode": "USD",
    "TotalAmount": 110.0,
    "CreateDttm": "12/09/2025 09:30:00 AM",
    "ModifyDttm": "12/10/2025 04:05:06 PM",
}


def archived_order() -> dict[str, Any]:
    line = {
        "Id": 39_900, "ItemNumber": "LMP-OAK-S", "BasePartNumber": "LMP-OAK", "Qty": 2, "UnitPrice": 55.0,
        "LineAmount": 110.0, "QtyOrdered": 2, "QtyShipped": 2, "QtyAllocated": 0, "QtyRemainingToShip": 0,
        "StatusName": "Shipped",
    }  # fmt: skip
    header = {
        **_ARCHIVED,
        "Id": 69_900,
        "OrderNumber": ARCHIVE_ORDER,
        "StatusName": "Shipped",
        "OrderDate": "12/09/2025",
    }
    return {"SoEstimateHeader": header, "SoEstimateItemLineArr": [line]}


def archived_invoice() -> dict[str, Any]:
    sold = {
        "Id": 19_900, "SoLineId": 39_900, "ItemNumber": "LMP-OAK-S", "Description": "Oak lamp S", "Qty": 2,
        "QtyInvoiced": 2, "QtyShipped": 2, "UnitPrice": 55.0, "Discount": 0, "LineAmount": 110.0, "TotalAmount": 110.0,
    }  # fmt: skip
    shipment = {
        "ShipmentId": 59_900, "ShipDate": "12/10/2025", "CarrierName": "UPS", "ShipServiceName": "UPS Ground",
        "TrackingNumber": "1Z999AA10123456784", "TrackingUrl": "",
        "Lines": [{"SoLineId": 39_900, "ItemNumber": "LMP-OAK-S", "Qty": 2}],
    }  # fmt: skip
    header = {
        **_ARCHIVED, "Id": 8_790, "InvoiceNumber": ARCHIVE_INVOICE, "SoNumber": ARCHIVE_ORDER, "StatusName": "Paid",
        "TxnDate": "12/10/2025", "ShipDate": "12/10/2025", "FullPaymentDate": "12/10/2025",
    }  # fmt: skip
    return {"invoiceHeader": header, "invoiceItemLineArr": [sold], "invoiceShipmentArr": [shipment]}
