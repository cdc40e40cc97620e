"""What the sandbox's Xoro keeps: stores, items, accounts, customers, sales orders, invoices, and the rules for them.

Not for HTTP: that is ``server.py``. Amounts are floats as in Xoro's own answers. Error codes are the sandbox's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from connectors.xoro.sandbox import fields

STORES = {"Main Store": "MAIN", "EAST WAREHOUSE": "EAST", "WEB STORE": "WEB"}
ACCOUNTS = ("Undeposited Funds", "Customer Deposits", "Accounts Receivable", "Shipping Expense", "PayPal")
NO_DATE = "01/01/0001"

# Base part -> its SKUs and list price.
PARTS: dict[str, tuple[tuple[str, ...], float]] = {
    "MUG": (("MUG-BLU-350", "MUG-RED-350", "MUG-GRN-350", "MUG-BLK-350"), 11.90),
    "LMP-OAK": (("LMP-OAK-S", "LMP-OAK-M", "LMP-OAK-L"), 55.00),
    "PAPER": (("PAPER-A4-80", "PAPER-A4-90", "PAPER-A3-80"), 5.49),
    "TONER": (("TONER-77K", "TONER-77C", "TONER-77M", "TONER-77Y"), 74.00),
    "CHAIR": (("CHAIR-GRY", "CHAIR-BLU", "CHAIR-BLK"), 189.00),
    "DESK": (("DESK-120", "DESK-140", "DESK-160"), 329.00),
    "PEN": (("PEN-BLU", "PEN-BLK", "PEN-RED"), 1.20),
    "BAG": (("BAG-S", "BAG-L"), 24.00),
    "HUB": (("HUB-TIP", "HUB-DUTY", "HUB-FEE", "HUB-DEFAULT"), 0.00),
    "GIFT": (("GIFT-CARD",), 0.00),
}


class Refused(Exception):
    """A business error: ``code`` and the vendor's sentence."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Books:
    def __init__(self) -> None:
        skus = [(sku, part) for part, (names, _) in PARTS.items() for sku in names]
        self.items = {
            sku: {"Id": 5500 + n, "ItemNumber": sku, "BasePartNumber": part, "ItemUpc": f"40000000{n:05d}"}
            for n, (sku, part) in enumerate(skus)
        }
        self.accounts = set(ACCOUNTS)
        self.orders: list[dict[str, Any]] = []
        self.invoices: list[dict[str, Any]] = []
        self.customers: list[dict[str, Any]] = []
        self.deposits: list[dict[str, Any]] = []
        self._counters: dict[str, int] = {}
        for number, name in ((1, "Walk-in Customer"), (2, "Brook LLC")):
            self.customers.append({"Id": number, "CustomerName": name, "ThirdPartyRefNo": "", "ThirdPartySource": ""})

    def shown(self) -> dict[str, Any]:
        """Every list of documents, for tests and people."""
        return {name: value for name, value in vars(self).items() if isinstance(value, list)}

    def create_order(self, body: Any) -> dict[str, Any]:
        header, lines = _checked_order(body)
        for name in ("SaleStoreName", "StoreName"):
            if header[name] not in STORES:
                raise Refused(1003, f"Store not found: {header[name]}")
        for line in lines:
            self._item(line)
        amount = header.get("DepositAmount") or 0
        for name in ("DepositAccountName", "LiabilityAccountName", "ExpenseShippingAccntName"):
            account = header.get(name)
            if (account or (amount and name != "ExpenseShippingAccntName")) and account not in self.accounts:
                raise Refused(1004, f"Account not found: {account or name}")
        identity = (header["ThirdPartySource"], str(header["ThirdPartyRefNo"]))
        if any(_identity(order["SoEstimateHeader"]) == identity for order in self.orders):
            raise Refused(1005, f"Duplicate third party reference: {identity[1]}")
        order = self._booked(header, lines)
        if amount:
            self.deposits.append({"OrderNumber": order["SoEstimateHeader"]["OrderNumber"], "Amount": amount})
        return order

    def _booked(self, header: dict[str, Any], lines: list[dict[str, Any]]) -> dict[str, Any]:
        number = self._number(STORES[header["SaleStoreName"]], "S")
        net = [_line_amount(line) for line in lines]
        tax = sum(amount * _rate(line.get("TaxItems")) for amount, line in zip(net, lines, strict=True))
        shipping = header.get("ShippingCost") or 0
        total = sum(net) + tax + shipping * (1 + _rate(header.get("ShippingTaxItems")))
        first_id = 40_000 + 100 * len(self.orders)
        order = {
            "SoEstimateHeader": {
                **header,
                "Id": 70_000 + len(self.orders),
                "OrderNumber": number,
                "StatusName": "Released" if header.get("AutoReleaseSalesOrder") else "Open",
                "CustomerId": self._customer_id(header),
                "TotalAmount": round(total, 2),
                "CancelDate": NO_DATE,
                "CreateDttm": _now(),
                "ModifyDttm": _now(),
            },
            "SoEstimateItemLineArr": [
                {**line, "Id": first_id + n, "LineAmount": round(amount, 2), "QtyShipped": 0}
                for n, (line, amount) in enumerate(zip(lines, net, strict=True))
            ],
        }
        self.orders.append(order)
        return order

    def ship(self, order_number: str, tracking: str = "") -> dict[str, Any]:
        """Ships all of an order: an invoice with the order's third-party ids, paid where the deposit covers it."""
        order = self.order(order_number)
        header = order["SoEstimateHeader"]
        if header["StatusName"] != "Released":
            raise Refused(1009, f"Status does not allow this action: {header['StatusName']}")
        header["StatusName"] = "Shipped"
        for line in order["SoEstimateItemLineArr"]:
            line["QtyShipped"] = line["Qty"]
        is_paid = (header.get("DepositAmount") or 0) >= header["TotalAmount"]
        today = _now()[:10]
        copied = (
            "RefNo ThirdPartyRefNo ThirdPartySource ThirdPartyCustomerId ThirdPartyCompanyId StoreName SaleStoreName "
            "CustomerId CustomerName TotalAmount CurrencyCode"
        ).split()
        invoice = {
            "invoiceHeader": {
                **{name: header.get(name) for name in copied},
                "Id": 8800 + len(self.invoices),
                "InvoiceNumber": self._number(STORES[header["SaleStoreName"]], "I"),
                "SoNumber": order_number,
                "TxnDate": today,
                "ShipDate": today,
                "FullPaymentDate": today if is_paid else NO_DATE,
                "StatusName": "Paid" if is_paid else "Open",
                "TrackingNumber": tracking,
                "CreateDttm": _now(),
                "ModifyDttm": _now(),
            },
            "invoiceItemLineArr": [
                {
                    "Id": 20_000 + line["Id"],
                    "SoLineId": line["Id"],
                    "ItemNumber": line["ItemNumber"],
                    "Description": line.get("Description"),
                    "Qty": line["Qty"],
                    "UnitPrice": line["UnitPrice"],
                    "Discount": line.get("Discount") or 0,
                    "TotalAmount": line["LineAmount"],
                }
                for line in order["SoEstimateItemLineArr"]
            ],
        }
        self.invoices.append(invoice)
        return invoice

    def upsert_customer(self, body: Any) -> dict[str, Any]:
        _check_members(body, fields.CUSTOMER)
        for row in [*(body.get("BillToAddrList") or []), *(body.get("ShipToAddrList") or [])]:
            _check_members(row, fields.CUSTOMER_ADDRESS)
        if not body.get("CustomerName"):
            raise Refused(1001, "Required field missing: CustomerName")
        account = body.get("DefaultAccountReceivableName")
        if account and account not in self.accounts:
            raise Refused(1004, f"Account not found: {account}")
        found = next(
            (c for c in self.customers if body.get("ThirdPartyRefNo") and _identity(c) == _identity(body)), None
        )
        if found is None and body.get("EmailMain"):
            found = next((c for c in self.customers if c.get("EmailMain") == body["EmailMain"]), None)
        if found is None:
            found = {"Id": len(self.customers) + 1}
            self.customers.append(found)
        found.update({name: value for name, value in body.items() if name != "Id"})
        return found

    def order(self, order_number: str) -> dict[str, Any]:
        for order in self.orders:
            if order["SoEstimateHeader"]["OrderNumber"] == order_number:
                return order
        raise Refused(1008, f"Document not found: {order_number}")

    def _item(self, line: Mapping[str, Any]) -> dict[str, Any]:
        by_upc = line.get("ItemIdentifierCode") == 2
        wanted = str(line["ItemNumber"])
        for item in self.items.values():
            if item["ItemUpc" if by_upc else "ItemNumber"] == wanted:
                return item
        raise Refused(1002, f"Item not found: {wanted}")

    def _customer_id(self, header: Mapping[str, Any]) -> int:
        for customer in self.customers:
            if customer["CustomerName"] == header["CustomerName"]:
                return int(customer["Id"])
        new = {"Id": len(self.customers) + 1, "CustomerName": header["CustomerName"]}
        self.customers.append({**new, "EmailMain": header.get("CustomerEmailMain", "")})
        return int(new["Id"])

    def _number(self, store_code: str, kind: str) -> str:
        key = f"{store_code}-{kind}"
        self._counters[key] = self._counters.get(key, 0) + 1
        return f"{key}{self._counters[key]:06d}"


def _checked_order(body: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    _check_members(body, frozenset({"SoEstimateHeader", "SoEstimateItemLineArr"}))
    header, lines = body.get("SoEstimateHeader"), body.get("SoEstimateItemLineArr")
    _check_members(header, fields.ORDER_HEADER)
    if not isinstance(lines, list) or not lines:
        raise Refused(1001, "Required field missing: SoEstimateItemLineArr")
    _check_mandatory(header, fields.MANDATORY_HEADER)
    for line in lines:
        _check_members(line, fields.ORDER_LINE)
        _check_mandatory(line, fields.MANDATORY_LINE)
    taxes = [tax for part in lines for tax in part.get("TaxItems") or []] + (header.get("ShippingTaxItems") or [])
    for tax in taxes:
        _check_members(tax, fields.TAX)
        if tax.get("RateType") not in ("percentage", "amount"):
            raise Refused(1001, "Invalid value: RateType")
    return header, lines


def _check_members(given: Any, known: Iterable[str]) -> None:
    """A closed schema: the real system ignores what it does not know, the sandbox finds the misspelling."""
    if not isinstance(given, dict):
        raise Refused(1001, "Required field missing: object expected")
    for name, value in given.items():
        if name not in known:
            raise Refused(1001, f"Unknown field: {name}")
        if value is None:
            continue
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if (
            (name in fields.NUMBERS and not is_number)
            or (name in fields.SWITCHES and not isinstance(value, bool))
            or (name in fields.DATES and not re.fullmatch(r"\d\d/\d\d/\d{4}", str(value)))
        ):
            raise Refused(1001, f"Invalid value: {name}")


def _check_mandatory(given: Mapping[str, Any], names: Iterable[str]) -> None:
    for name in names:
        if given.get(name) in (None, ""):
            raise Refused(1001, f"Required field missing: {name}")


def _identity(header: Mapping[str, Any]) -> tuple[str, str]:
    return str(header.get("ThirdPartySource")), str(header.get("ThirdPartyRefNo"))


def _line_amount(line: Mapping[str, Any]) -> float:
    gross, discount = line["UnitPrice"] * line["Qty"], line.get("Discount") or 0
    return float(gross - discount if line.get("DiscountTypeName") == "amount" else gross * (1 - discount / 100))


def _rate(taxes: Any) -> float:
    return float(sum(tax["Rate"] for tax in taxes or [])) / 100


def _now() -> str:
    return datetime.now(UTC).strftime("%m/%d/%Y %I:%M:%S %p")
