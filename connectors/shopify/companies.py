"""Companies out of a shop: one by one because the shop told us or a person asked, changed ones on a plan.

Not for what comes into the shop: that is ``company_delivery``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from connectors.exceptions import PayloadError, RemoteRefused, Skip
from connectors.shopify import trigger, watermarks
from connectors.shopify.account_translation import company_record
from connectors.shopify.calls import companies as calls
from connectors.shopify.calls.changes import changed_pages
from connectors.shopify.client import plain_id
from connectors.shopify.phrases import counted

if TYPE_CHECKING:
    from connectors.run import Run

Node = dict[str, Any]


def import_company(run: Run) -> str:
    """``companies/create``, ``companies/update``: read the company and hand it to its routes. Raises ``Skip`` (not
    found, not routed), ``PayloadError``, ``ConfigurationError`` naming a scope, and what a call raises."""
    return _import(run, trigger.named_gid(run, "Company"))


def company_of_location(run: Run) -> str:
    """``company_locations/create``, ``company_locations/update``: the company it belongs to is read and handed on."""
    payload = run.payload if isinstance(run.payload, dict) else {}
    gid = trigger.gid_of(payload.get("company"), "Company")
    if not gid:
        raise PayloadError("The delivery does not say which company the location belongs to.", path="company")
    return _import(run, gid)


def company_deleted(run: Run) -> str:
    """``companies/delete``: said on the event; nothing is deleted in other systems."""
    gid = trigger.named_gid(run, "Company")
    run.describe(object_type="company", object_id=plain_id(gid))
    return f"Company {run.object_label or plain_id(gid)} was deleted in the shop. Nothing was deleted in other systems."


def synchronize_company(run: Run) -> str:
    """The company a person named in ``run.payload["number"]``: by its external id, its name, or the shop's own id."""
    number = str(run.payload.get("number") or "").strip()
    if not number:
        raise PayloadError("No company was named.", path="number", next_step="Enter its external id and try again.")
    run.describe(object_type="company", object_id="", object_label=number)
    found = calls.find_companies(run.client, number, or_name=True)
    if len(found) > 1:
        raise RemoteRefused(
            f"Several companies of the shop are called “{number}”.",
            code="several_match",
            next_step="Enter the external id of the one that is meant.",
        )
    if found:
        return _import(run, str(found[0]["id"]))
    if re.fullmatch(r"(?:gid://shopify/Company/)?[0-9]+", number):
        return _import(run, f"gid://shopify/Company/{number.rpartition('/')[2]}")
    raise Skip(f"The shop has no company with the external id or name “{number}”.", code="not_found")


def synchronize_changed(run: Run) -> str:
    """One event for every company changed since the last complete walk. Changes of locations move their company's time
    of change."""

    def pages(start: datetime, end: datetime) -> Iterator[list[Node]]:
        return changed_pages(run.client, "HubCompaniesSince", "companies", start, end)

    def spawn(node: Node) -> None:
        number = plain_id(str(node["id"]))
        payload = {"admin_graphql_api_id": str(node["id"]), "updated_at": str(node["updatedAt"])}
        label = str(node.get("name") or number)
        run.spawn(
            topic="companies/update", object_type="company", object_id=number, object_label=label, payload=payload
        )

    walked = watermarks.walk(run, "companies", pages, spawn, first_days=run.settings.customer_sync_days)
    trigger.pass_on_notes(run)
    return walked.sentence("company", "companies")


def _import(run: Run, gid: str) -> str:
    run.describe(object_type="company", object_id=plain_id(gid))
    node = calls.get_company(run.client, gid)
    trigger.pass_on_notes(run)
    if node is None:
        raise Skip("The shop has no such company: it was deleted.", code="not_found")
    run.describe(object_type="company", object_id=plain_id(gid), object_label=str(node["name"]))
    record = company_record(node, shop_domain=run.settings.shop_domain.lower())
    for member, what in (("locations", "locations"), ("contacts", "contacts")):
        if node[member]["pageInfo"]["hasNextPage"]:
            run.note(member, f"Only the first {calls.MOST_ROWS} {what} of the company were read.")
    if not record.contacts:
        run.note("no_contact", f"Company {record.name} has no contact: nobody can buy for it yet.")
    routes = run.deliver(record)
    return f"Company {record.name} read from the shop and handed to {counted(routes, 'route')}."
