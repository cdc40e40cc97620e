"""A trial: every function asked for the test customer, one answer giving what the next question needs.

What *Test connection*, the contract check and the probe share. By-id questions take an id from the list before them,
the basket is that of the customer's newest order, or a made-up one where no order can be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.exceptions import Skip
from connectors.generic_erp import bodies
from connectors.generic_erp.answers import READERS
from connectors.generic_erp.bodies import ShippingItem, TaxLine
from connectors.generic_erp.client import GenericErpClient
from connectors.generic_erp.functions import (
    BALANCE,
    INVOICE,
    INVOICES,
    ORDER,
    ORDERS,
    TAXES,
    Function,
)
from connectors.generic_erp.reading import Asked, Reader

if TYPE_CHECKING:
    from connectors.generic_erp.settings import GenericErpSettings

LISTS = {ORDER: ORDERS, INVOICE: INVOICES}
LINE_LIMIT = 20
MADE_UP_ITEM = {"sku": "TEST-ITEM", "quantity": "1", "uom": None, "unit_price": "10.00", "total_price": "10.00"}
MADE_UP_ADDRESS = {"address1": "1 Main Street", "city": "Portland", "state": "OR", "country": "US", "zip": "97205"}
NO_CUSTOMER = "No account number for tests is entered, so that only whether the address answers could be checked."


@dataclass(frozen=True, kw_only=True)
class Question:
    body: dict[str, Any]
    asked: Asked
    subject: str = ""


class Trial:
    """Ask the functions in the order of ``functions.FUNCTIONS``."""

    def __init__(self, client: GenericErpClient) -> None:
        self.client = client
        self.settings: GenericErpSettings = client.settings
        self.code = self.settings.test_customer_code.strip()
        self.ids: dict[str, str] = {}
        self.order: Mapping[str, Any] = {}

    @property
    def is_basket_made_up(self) -> bool:
        return not self._lines()

    def question(self, function: Function) -> Question:
        """What to ask. Raises ``Skip`` with the reason where nothing can be asked."""
        if not self.code:
            raise Skip(NO_CUSTOMER, code="no_test_customer")
        if function in (ORDERS, INVOICES):
            make = bodies.orders if function is ORDERS else bodies.invoices
            body = make(
                customer_code=self.code, now=datetime.now(UTC), zone=self.settings.zone, reference=self._reference
            )
            return Question(body=body, asked=Asked(customer_code=self.code))
        if function in LISTS:
            return self._document(function)
        if function is BALANCE:
            body = bodies.balance(customer_code=self.code, reference=self._reference)
            return Question(body=body, asked=Asked(customer_code=self.code), subject=self.code)
        return self._taxes() if function is TAXES else self._shipping_methods()

    def learn(self, function: Function, answer: Any, asked: Asked) -> None:
        """Take what later questions need from an answer, however wrong the rest of it is."""
        if function not in (ORDERS, INVOICES, ORDER):
            return
        data = READERS[function.name](Reader(function.name, self.settings, collects=True), answer, asked)
        if function is ORDER:
            self.order = data["order"] or {}
            return
        noun = function.name.removesuffix("s")
        found = next((row[f"{noun}_id"] for row in data[function.name] if row[f"{noun}_id"]), None)
        if found:
            self.ids[noun] = found

    @property
    def _reference(self) -> bodies.SellerReference:
        return bodies.SellerReference(is_used=self.settings.use_seller_reference)

    def _document(self, function: Function) -> Question:
        noun, source = function.missing, LISTS[function]
        if not source.is_on(self.settings):
            raise Skip(f"Not asked: without {source.label} URL there is no id to ask for.", code="no_list")
        if noun not in self.ids:
            raise Skip(f"Not asked: the {source.label.lower()} gave no {noun} to ask for.", code="no_id")
        make = bodies.order if function is ORDER else bodies.invoice
        one = self.ids[noun]
        body = make(customer_code=self.code, reference=self._reference, **{f"{noun}_id": one})
        return Question(body=body, asked=Asked(customer_code=self.code, document_id=one), subject=one)

    def _lines(self) -> list[dict[str, Any]]:
        lines = [
            line for line in self.order.get("lines") or []
            if line["sku"] and Decimal(line["quantity"] or 0) > 0 and Decimal(line["unit_price"] or -1) >= 0
        ]  # fmt: skip
        return lines[:LINE_LIMIT]

    def _taxes(self) -> Question:
        items = [_item(line) for line in self._lines() or [MADE_UP_ITEM]]
        lines = [TaxLine(sku=one.sku, amount=one.total_price or Decimal(0)) for one in items]
        body = bodies.taxes(
            customer_code=self.code,
            postal_code=self._address()["zip"],
            lines=lines,
            currency=self.settings.store_currency,
        )
        total = sum((line.amount for line in lines), Decimal(0))
        return Question(body=body, asked=Asked(customer_code=self.code, basket_total=total))

    def _shipping_methods(self) -> Question:
        address = {name: value for name, value in self._address().items() if name in ADDRESS_MEMBERS}
        body = bodies.shipping_methods(
            customer_code=self.code,
            items=[_item(line) for line in self._lines() or [MADE_UP_ITEM]],
            currency=self.settings.store_currency,
            postal_code=self._address()["zip"],
            **address,
        )
        return Question(body=body, asked=Asked(customer_code=self.code))

    def _address(self) -> Mapping[str, Any]:
        found = self.order.get("shipping_address") or {}
        return found if found.get("zip") and found.get("country") else MADE_UP_ADDRESS


ADDRESS_MEMBERS = ("address1", "address2", "address3", "city", "state", "country")


def _item(line: Mapping[str, Any]) -> ShippingItem:
    quantity, price = Decimal(line["quantity"]), Decimal(line["unit_price"])
    total = line.get("total_price")
    return ShippingItem(
        sku=line["sku"],
        quantity=quantity,
        unit_price=price,
        uom=line.get("uom") or "",
        total_price=Decimal(total) if total and Decimal(total) >= 0 else quantity * price,
    )
