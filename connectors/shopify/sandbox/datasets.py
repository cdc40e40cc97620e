"""Named sets of orders for the sandbox's shops: ``POST /_sandbox/seed`` with ``{"name": "B2B shop"}`` or
``"multi-currency shop"``. Not for large catalogues: that is ``assortment.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connectors.sandbox import Reply
from connectors.shopify.sandbox.sales import place_order
from connectors.shopify.sandbox.shops import COUNTY_TAX, GERMAN_TAX, LUMEN, OUTLET, SPOKANE

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox

BUYER = {"id": 7_710_042_101, "first_name": "Ines", "last_name": "Okafor", "email": "orders@example.com"}
RESELLER = {**BUYER, "id": 7_710_042_102, "tax_exempt": True, "tax_exemptions": ["US_CA_RESELLER_EXEMPTION"]}
CLINIC = {
    "id": 330_101,
    "name": "Harbour Clinic",
    "external_id": "HC-101",
    "location_id": 440_101,
    "location": "Tacoma",
}
STUDIO = {
    "id": 330_102,
    "name": "Studio Meridian",
    "external_id": "SM-102",
    "location_id": 440_102,
    "location": "Yakima",
}
MANY = {"sku": "PAPER-A4-80", "quantity": 120}
SETS: Mapping[str, tuple[str, tuple[Mapping[str, Any], ...]]] = {
    "B2B shop": (
        LUMEN,
        (
            {"customer": BUYER, "company": CLINIC, "po_number": "HC-7001", "payment": "pending", "lines": [MANY]},
            {"customer": RESELLER, "company": STUDIO, "po_number": "SM-310", "payment": "pending", "tax": None,
             "tax_exempt": True, "terms": {"name": "Net 60", "type": "NET", "days": 60}, "lines": [MANY]},
            {"customer": BUYER, "company": {**CLINIC, "contact": False}, "payment": "pending",
             "terms": {"name": "Due on receipt", "type": "RECEIPT", "days": 0}, "lines": [{"sku": "TONER-77K"}]},
        ),
    ),
    "multi-currency shop": (
        OUTLET,
        (
            {"presentment": {"currency": "USD", "rate": "1.0837"}, "lines": [{"sku": "LMP-OAK-L", "quantity": 2}]},
            {"presentment": {"currency": "JPY", "rate": "163.41"}, "shipping": {"price": "4.95", "code": "INTL"}},
            {"presentment": {"currency": "KWD", "rate": "0.3341"}, "payment": "authorized",
             "discount": {"code": "TEN", "percentage": "10"}},
        ),
    ),
}  # fmt: skip


def sow(sandbox: ShopifySandbox, wish: Mapping[str, Any]) -> Reply:
    """Place the orders of a named set; raises ``KeyError`` for a name there is none of."""
    domain, wishes = SETS[str(wish["name"])]
    shop = sandbox.shops[str(wish.get("shop", domain))]
    usual = {"tax": GERMAN_TAX} if domain == OUTLET else {"tax": COUNTY_TAX, "address": SPOKANE}
    placed = [place_order(shop, {**usual, **one}, sandbox.now())["name"] for one in wishes]
    return Reply(body={"shop": shop.domain, "orders": placed})
