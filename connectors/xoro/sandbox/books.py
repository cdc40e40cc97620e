"""What the sandbox's Xoro keeps: items, stock, accounts, customers, sales orders, invoices, deposits, and their numbers.

Not for HTTP (``server.py``), not for what happens to a document (the module of its area). Amounts are floats as in
Xoro's own answers. Lists are oldest first; the indexes beside them keep a large tenant fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.xoro.sandbox import seeds
from connectors.xoro.sandbox.catalogue import Catalogue
from connectors.xoro.sandbox.clock import NO_DATE, Clock
from connectors.xoro.sandbox.inventory import Bulk
from connectors.xoro.sandbox.refusal import Refused, check_mandatory, check_members
from connectors.xoro.sandbox.seeds import ACCOUNTS, STORES
from connectors.xoro.sandbox.stock import Stock

__all__ = ["ACCOUNTS", "NO_DATE", "STORES", "Books", "Refused", "check_mandatory", "check_members", "identity"]


class Books:
    def __init__(self) -> None:
        self.clock = Clock()
        self.items = seeds.items()
        self.items_by_upc = {item["ItemUpc"]: item for item in self.items.values()}
        self.catalogue = Catalogue(self.items, self.items_by_upc, self.clock)
        self.bulk = Bulk()
        self.accounts = set(ACCOUNTS)
        self.terms = dict(seeds.TERMS)
        self.stock = Stock(self.items)
        self.stock.seed()
        self.orders: list[dict[str, Any]] = []
        self.orders_by_number: dict[str, dict[str, Any]] = {}
        self.orders_by_identity: dict[tuple[str, str], dict[str, Any]] = {}
        self.orders_by_reference: dict[str, list[dict[str, Any]]] = {}
        self.orders_by_number[seeds.ARCHIVE_ORDER] = seeds.archived_order()
        self.invoices: list[dict[str, Any]] = []
        self.invoices_by_order = {seeds.ARCHIVE_ORDER: [seeds.archived_invoice()]}
        self.invoices_by_reference: dict[str, list[dict[str, Any]]] = {}
        self.invoices_by_number = {seeds.ARCHIVE_INVOICE: self.invoices_by_order[seeds.ARCHIVE_ORDER][0]}
        self.waves: list[dict[str, Any]] = []
        self.waves_by_order: dict[str, list[dict[str, Any]]] = {}
        self.asns: list[dict[str, Any]] = []
        self.rmas: list[dict[str, Any]] = []
        self.loop_returns: list[dict[str, Any]] = []
        self.loop_is_queued = False
        self.deposits: list[dict[str, Any]] = []
        self.deposits_by_order: dict[str, list[dict[str, Any]]] = {}
        self.payments: list[dict[str, Any]] = []  # in Undeposited Funds
        self.credit_memos: list[dict[str, Any]] = []
        self.credit_applications: list[dict[str, Any]] = []
        self.adjustments: list[dict[str, Any]] = []
        self.bank_deposits: list[dict[str, Any]] = []
        self.purchase_orders: list[dict[str, Any]] = []
        self.bills: list[dict[str, Any]] = []
        self.receipts: list[dict[str, Any]] = []  # of items
        self.customers: list[dict[str, Any]] = []
        self._counters: dict[str, int] = {}
        for number, name in enumerate(seeds.CUSTOMERS, start=1):
            self.customers.append({"Id": number, "CustomerName": name, "ThirdPartyRefNo": "", "ThirdPartySource": ""})
        self.customers_by_name = {customer["CustomerName"]: customer for customer in self.customers}
        self.customers_by_key: dict[tuple[str, str], dict[str, Any]] = {}  # of identities, and ("", e-mail address)

    def shown(self) -> dict[str, Any]:
        """Every list of documents, for tests and people."""
        return {name: value for name, value in vars(self).items() if isinstance(value, list)}

    def now(self) -> datetime:
        """The tenant's own time."""
        return self.clock.now()

    def number(self, store: str, kind: str) -> str:
        """The next document number of a store (its name) and a kind, such as ``MAIN-S000001``."""
        key = f"{STORES[store]}-{kind}"
        self._counters[key] = self._counters.get(key, 0) + 1
        return f"{key}{self._counters[key]:06d}"

    def counted(self, kind: str, first: int) -> int:
        """The next id of a kind of document, counted from ``first``."""
        self._counters[kind] = self._counters.get(kind, first - 1) + 1
        return self._counters[kind]

    def check_store(self, name: Any) -> str:
        """The name of a store there is. Raises ``Refused``."""
        if name not in STORES:
            raise Refused(1003, f"Store not found: {name}")
        return str(name)

    def check_account(self, name: Any) -> str:
        """The name of an account there is. Raises ``Refused``."""
        if name not in self.accounts:
            raise Refused(1004, f"Account not found: {name}")
        return str(name)

    def item(self, line: Mapping[str, Any]) -> dict[str, Any]:
        """The item a line names, by SKU, or by barcode where ``ItemIdentifierCode`` is 2. Raises ``Refused``."""
        wanted = str(line["ItemNumber"])
        found = (self.items_by_upc if line.get("ItemIdentifierCode") == 2 else self.items).get(wanted)
        if found is None:
            raise Refused(1002, f"Item not found: {wanted}")
        return found

    def order(self, order_number: str) -> dict[str, Any]:
        """The sales order of that number. Raises ``Refused``."""
        if order_number not in self.orders_by_number:
            raise Refused(1008, f"Document not found: {order_number}")
        return self.orders_by_number[order_number]

    def add_order(self, order: dict[str, Any]) -> None:
        """Raises ``Refused`` where an order of the same source and reference exists."""
        header = order["SoEstimateHeader"]
        self.check_is_new(header)
        self.orders.append(order)
        self.orders_by_number[header["OrderNumber"]] = order
        self.orders_by_identity[identity(header)] = order
        self.orders_by_reference.setdefault(str(header["ThirdPartyRefNo"]), []).append(order)

    def check_is_new(self, header: Mapping[str, Any]) -> None:
        if identity(header) in self.orders_by_identity:
            raise Refused(1005, f"Duplicate third party reference: {identity(header)[1]}")

    def remove_order(self, order: dict[str, Any]) -> None:
        """A voided order is gone for good, its number and reference are free."""
        header = order["SoEstimateHeader"]
        self.orders.remove(order)
        self.orders_by_number.pop(header["OrderNumber"], None)
        self.orders_by_identity.pop(identity(header), None)
        self.orders_by_reference[str(header["ThirdPartyRefNo"])].remove(order)

    def add_invoice(self, invoice: dict[str, Any]) -> None:
        header = invoice["invoiceHeader"]
        self.invoices.append(invoice)
        self.invoices_by_number[header["InvoiceNumber"]] = invoice
        self.invoices_by_order.setdefault(header.get("SoNumber") or "", []).append(invoice)
        self.invoices_by_reference.setdefault(str(header.get("ThirdPartyRefNo") or ""), []).append(invoice)

    def invoice(self, number: str) -> dict[str, Any]:
        """The invoice of that number. Raises ``Refused``."""
        if number not in self.invoices_by_number:
            raise Refused(1008, f"Document not found: {number}")
        return self.invoices_by_number[number]

    def pay(self, header: dict[str, Any], amount: float) -> None:
        """Apply money to an invoice, by its header: it is paid once nothing of it is left."""
        header["BalanceAmount"] = round(header["BalanceAmount"] - amount, 2)
        if header["BalanceAmount"] <= 0:
            header |= {"StatusName": "Paid", "FullPaymentDate": self.clock.today()}
        header["ModifyDttm"] = self.clock.stamp()

    def credit_memo(self, number: str) -> dict[str, Any]:
        """The header of the credit memo of that number. Raises ``Refused``."""
        headers: list[dict[str, Any]] = [memo["creditMemoHeader"] for memo in self.credit_memos]
        found = next((header for header in headers if header["CreditMemoNumber"] == number), None)
        if found is None:
            raise Refused(1008, f"Document not found: {number}")
        return found

    def customer_id(self, header: Mapping[str, Any]) -> int:
        """The id of the customer an order names; a name that is new makes a customer."""
        name = header["CustomerName"]
        if name not in self.customers_by_name:
            new = {"Id": len(self.customers) + 1, "CustomerName": name}
            self.customers.append({**new, "EmailMain": header.get("CustomerEmailMain", "")})
            self.customers_by_name[name] = self.customers[-1]
            if header.get("CustomerEmailMain"):
                self.customers_by_key.setdefault(("", header["CustomerEmailMain"]), self.customers[-1])
        return int(self.customers_by_name[name]["Id"])


def identity(header: Mapping[str, Any]) -> tuple[str, str]:
    """What tells documents of one kind apart: third-party source and reference."""
    return str(header.get("ThirdPartySource")), str(header.get("ThirdPartyRefNo"))
