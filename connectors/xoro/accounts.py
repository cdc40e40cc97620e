"""Customer and company of an order, written to Xoro on their own: an event each, with its own outcome, after the order.

Only where “Also write the customer record” is on and each order keeps its own customer. What was written last is
remembered in the connector's directory, kind ``account``: ``object_id`` "<customer|company> <id> <source>", ``data`` the
hash of the body, so that an account that did not change is not written with every order.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from connectors import directory
from connectors.exceptions import HubError, Skip
from connectors.records import Order
from connectors.xoro import refusals
from connectors.xoro.customers import company_body, customer_body
from connectors.xoro.documents import third_party_source

if TYPE_CHECKING:
    from connectors.run import Run

KIND = "account"
TOPIC = "accounts/upsert"


def follow(run: Run, order: Order) -> None:
    """Have customer and company of an order written, each by an event of its own. Never raises what they are about: the
    order is there, and stays there."""
    settings = run.settings
    if not (settings.sync_third_party_customer_company and settings.customer_upsert):
        return
    if settings.customer_mode == "single":
        return
    source = third_party_source(order, settings)
    bodies: list[tuple[str, str, dict[str, Any]]] = []
    try:
        if order.customer and order.customer.id:
            bodies.append(("customer", order.customer.id, customer_body(order, order.customer, settings, source)))
        if order.company:
            bodies.append(("company", order.company.id, company_body(order, order.company, settings, source)))
    except HubError as error:
        run.note("account_not_written", error.sentence)
    for kind, object_id, body in bodies:
        known = directory.by_id(run.connector.pk, KIND, f"{kind} {object_id} {source}")
        if known is not None and known.data.get("hash") == _hash(body):
            continue
        told = {"kind": kind, "id": object_id, "source": source, "body": body, "order_name": order.name}
        label = str(body["CustomerName"])
        run.spawn(topic=TOPIC, object_type=kind, object_id=object_id, object_label=label, payload=told)


def upsert(run: Run) -> str:
    """Looks for the account by its reference and writes it: a second time changes nothing. Raises ``Skip`` for what was
    written since, a manual task where Xoro has no such route, and the errors of the client."""
    told = run.payload
    kind, body, source = told["kind"], dict(told["body"]), told["source"]
    name = body["CustomerName"]
    object_id = f"{kind} {told['id']} {source}"
    hashed = _hash(body)
    known = directory.by_id(run.connector.pk, KIND, object_id)
    if known is not None and known.data.get("hash") == hashed:
        raise Skip(f"{kind.capitalize()} {name} is in Xoro and has not changed.", reason="unchanged", code="unchanged")
    try:
        found = run.client.find_customer(source, body["ThirdPartyRefNo"])
        written = run.client.upsert_customer(body | ({"Id": found.get("Id")} if found else {}))
    except HubError as error:
        if not refusals.has_no_route(error):
            raise
        raise refusals.manual_task(
            f"Xoro has no route for customers: {kind} {name} of order {told['order_name']} was not written.",
            f"Enter {kind} {name} in Xoro, or switch “Also write the customer record” off on the connector's page.",
            error,
        ) from error
    directory.put(
        run.connector.pk, KIND, [directory.Known(key=source, object_id=object_id, data={"hash": hashed, "name": name})]
    )
    verb = "Updated" if found else "Created"
    number = written.get("Id")
    return f"{verb} {kind} {name} in Xoro{f' as customer {number}' if number else ''}."


def _hash(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
