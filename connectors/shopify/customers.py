"""Customers out of a shop: one by one because the shop told us or a person asked, changed ones on a plan.

Customers reach a back office with the order that needs them; this separate feed runs only where a route takes customers.
Not for what comes into the shop: that is ``customer_delivery``.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from connectors.exceptions import PayloadError, Skip
from connectors.shopify import trigger, watermarks
from connectors.shopify.account_translation import customer_record
from connectors.shopify.calls import customers as calls
from connectors.shopify.calls.changes import changed_pages
from connectors.shopify.client import plain_id
from connectors.shopify.phrases import counted

if TYPE_CHECKING:
    from connectors.run import Run

Node = dict[str, Any]


def import_customer(run: Run) -> str:
    """``customers/create``, ``customers/update``: read the customer and hand it to its routes. Raises ``Skip`` (not
    found, not routed), ``PayloadError``, ``ConfigurationError`` naming a scope, and what a call raises."""
    return _import(run, {"id": trigger.named_gid(run, "Customer")})


def customer_deleted(run: Run) -> str:
    """``customers/delete``: said on the event; nothing is deleted in other systems."""
    gid = trigger.named_gid(run, "Customer")
    run.describe(object_type="customer", object_id=plain_id(gid))
    return f"Customer {plain_id(gid)} was deleted in the shop. Nothing was deleted in other systems."


def customers_merged(run: Run) -> str:
    """``customers/merge``: the customer that was kept is read and handed on; the other one is named."""
    payload = run.payload if isinstance(run.payload, dict) else {}
    kept, gone = (str(payload.get(f"admin_graphql_api_customer_{one}_id") or "") for one in ("kept", "deleted"))
    if not re.fullmatch(r"gid://shopify/Customer/\d+", kept):
        raise PayloadError(
            "The delivery does not say which customer was kept.", path="admin_graphql_api_customer_kept_id"
        )
    run.describe(object_type="customer", object_id=plain_id(kept))
    if str(payload.get("status") or "completed").lower() != "completed":
        raise Skip(
            f"The merge of customers {plain_id(kept)} and {plain_id(gone)} did not take place.", code="not_merged"
        )
    run.key("customer_id", plain_id(gone))
    run.note("merged", f"Customer {plain_id(gone)} was merged into {plain_id(kept)} and is no more.")
    return _import(run, {"id": kept})


def synchronize_customer(run: Run) -> str:
    """The customer a person named in ``run.payload["number"]``: by id, e-mail or phone."""
    number = str(run.payload.get("number") or "").strip()
    if not number:
        raise PayloadError("No customer was named.", path="number", next_step="Enter an e-mail address and try again.")
    run.describe(object_type="customer", object_id="", object_label=number)
    if "@" in number:
        return _import(run, {"emailAddress": number})
    if number.startswith("+"):
        return _import(run, {"phoneNumber": re.sub(r"[^+\d]", "", number)})
    if re.fullmatch(r"(?:gid://shopify/Customer/)?[0-9]+", number):
        return _import(run, {"id": f"gid://shopify/Customer/{number.rpartition('/')[2]}"})
    raise PayloadError(f"“{number}” is neither an e-mail address nor a phone number with +, nor an id.", path="number")


def synchronize_changed(run: Run) -> str:
    """One event for every customer changed since the last complete walk."""

    def spawn(node: Node) -> None:
        number = plain_id(str(node["id"]))
        payload = {"id": number, "admin_graphql_api_id": str(node["id"]), "updated_at": str(node["updatedAt"])}
        label = str(node.get("displayName") or number)
        run.spawn(
            topic="customers/update", object_type="customer", object_id=number, object_label=label, payload=payload
        )

    pages = partial(changed_pages, run.client, "HubCustomersSince", "customers")
    walked = watermarks.walk(run, "customers", pages, spawn, first_days=run.settings.customer_sync_days)
    trigger.pass_on_notes(run)
    return walked.sentence("customer", "customers")


def _import(run: Run, identifier: Node) -> str:
    if "id" in identifier:
        run.describe(object_type="customer", object_id=plain_id(identifier["id"]))
    node = calls.find_customer(run.client, identifier)
    trigger.pass_on_notes(run)
    if node is None:
        raise Skip("The shop has no such customer: it was deleted or merged with another.", code="not_found")
    run.describe(
        object_type="customer", object_id=plain_id(str(node["id"])), object_label=str(node.get("displayName") or "")
    )
    record = customer_record(node, shop_domain=run.settings.shop_domain.lower())
    if len(record.addresses) >= calls.MOST_ADDRESSES:
        run.note("addresses", f"Only the first {calls.MOST_ADDRESSES} addresses were read.")
    routes = run.deliver(record)
    return f"Customer {record.name} read from the shop and handed to {counted(routes, 'route')}."
