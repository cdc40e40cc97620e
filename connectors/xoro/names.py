"""Which names of the settings Xoro knows. No public route lists stores, accounts, terms or carriers, so names are learnt
from answers: items are looked for by number, stores by the stock they hold, accounts in the postings of the last month,
the others in the latest released orders.

Only an item that does not come up is surely missing: a store without stock, an account nobody posted to, a term no
order used stay unseen. Routes: https://xorosoft.docs.apiary.io/ (checked 2026-11-20); the members that name accounts in
a posting are not public, so every member that ends in AccountName or AccntName counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from connectors.exceptions import HubError
from connectors.vendor import NameFound, NameKind
from connectors.xoro import wire

if TYPE_CHECKING:
    from connectors.run import Run

PATIENCE_S = 10.0  # of one look, repeats included: an empty answer is asked for again
ROWS = 100
GL_DAYS = 31
ACCOUNT = re.compile(r"(Account|Accnt)(Full)?Name$")
FAILS = "A name Xoro does not know fails the first document that carries it, named."


def find_item(run: Run, sku: str) -> NameFound:
    """``GET product/item/getitem?item_number=``: the one name that can be looked for."""
    page = run.client.page("items", {"item_number": sku}, 1, budget_s=PATIENCE_S)
    numbers = sorted({wire.identifier(row.get("ItemNumber")) for row in page.rows if isinstance(row, dict)} - {""})
    if sku in numbers:
        return NameFound(is_found=True)
    if numbers and sku.casefold() not in {one.casefold() for one in numbers}:
        return NameFound(is_found=None, sentence="Xoro answered with other items, so it seems to ignore the question.")
    return NameFound(is_found=None if not numbers and not page.is_certain else False, known=numbers)


def find_store(run: Run, name: str) -> NameFound:
    """``GET inventory/getinventorybyitem?store=``: whether any row of stock is of this store."""
    rows = run.client.page("inventory", {"store": name, "per_page": ROWS}, 1, budget_s=PATIENCE_S).rows
    stores = sorted({wire.identifier(row.get("StoreName")) for row in rows if isinstance(row, dict)} - {""})
    if name in stores:
        return NameFound(is_found=True)
    return NameFound(is_found=None, known=stores, sentence="A store without stock does not come up.")


def find_customer(run: Run, name: str) -> NameFound:
    """``GET customer/getcustomer?customer_name=``; the route is not confirmed by the vendor."""
    rows = run.client.page("customers", {"customer_name": name}, 1, budget_s=PATIENCE_S).rows
    names = sorted({wire.identifier(row.get("CustomerName")) for row in rows if isinstance(row, dict)} - {""})
    return NameFound(is_found=True if name in names else None, known=names)


def stores(run: Run) -> list[str]:
    """Stores of the latest released orders and of the first rows of stock. Raises what the second call raises where
    neither names any."""
    found = set(of_orders("SaleStoreName", "StoreName")(run))
    try:
        rows = run.client.page("inventory", {"per_page": ROWS}, 1, budget_s=PATIENCE_S).rows
    except HubError:
        if not found:
            raise
        rows = []
    return sorted(found | set(_values(rows, re.compile("^StoreName$"))))


def accounts(run: Run) -> list[str]:
    """Accounts of the postings of the last month, ``GET accounting/getgltransactions`` (needs the right to read the
    ledger), and those the first items name. Raises what the ledger's call raises where neither names any."""
    found: set[str] = set()
    today = timezone.localdate()
    asked = {"start_date": (today - timedelta(days=GL_DAYS)).isoformat(), "end_date": today.isoformat()}
    problem: HubError | None = None
    try:
        rows = run.client.read("gl_transactions", {**asked, "page_size": ROWS, "page_number": 1}, PATIENCE_S).rows
        found.update(_values(rows, ACCOUNT))
    except HubError as error:
        problem = error
    try:
        found.update(_values(run.client.page("items", {"per_page": ROWS}, 1, budget_s=PATIENCE_S).rows, ACCOUNT))
    except HubError as error:
        problem = problem or error
    if problem is not None and not found:
        raise problem
    return sorted(found)


def of_orders(*members: str) -> Callable[[Run], list[str]]:
    """What the latest released orders carry in these members: ``GET salesorder/getsalesorder``."""
    wanted = re.compile(f"^({'|'.join(members)})$")

    def listed(run: Run) -> list[str]:
        page = run.client.page("sales_orders", {"status": "Released", "per_page": ROWS}, 1, budget_s=PATIENCE_S)
        return sorted(set(_values(page.rows, wanted)))

    return listed


def _values(node: Any, members: re.Pattern[str], depth: int = 4) -> Iterator[str]:
    """The texts of members with these names, wherever they stand."""
    if depth and isinstance(node, list):
        for one in node:
            yield from _values(one, members, depth)
    elif depth and isinstance(node, dict):
        for name, value in node.items():
            if members.search(name) and isinstance(value, str) and value.strip():
                yield value.strip()
            elif isinstance(value, dict | list):
                yield from _values(value, members, depth - 1)


NAMES = {
    "item": NameKind(label="items", check=find_item),
    "store": NameKind(label="stores", check=find_store, listed=stores),
    "customer": NameKind(label="customers", check=find_customer, listed=of_orders("CustomerName")),
    "account": NameKind(label="accounts", listed=accounts),
    "payment term": NameKind(label="payment terms", listed=of_orders("PaymentTermsName")),
    "order type": NameKind(label="order types", listed=of_orders("OrderTypeName")),
    "carrier": NameKind(label="carriers", listed=of_orders("CarrierName")),
    "ship service": NameKind(label="ship services", listed=of_orders("ShipServiceName")),
    "shipping term": NameKind(label="shipping terms", listed=of_orders("ShippingTermsName")),
    "project or class": NameKind(label="projects and classes", listed=of_orders("ProjectClassName")),
    "representative": NameKind(label="sales representatives", listed=of_orders("SalesRepId")),
    "location": NameKind(label="locations of stores", listed=of_orders("DefaultLocationName", "LocationName")),
    "payment method": NameKind(label="payment methods", unchecked=f"No answer names them. {FAILS}"),
}
