"""Customers into a shop: found by the ledger, by e-mail or by the other system's id; lists are read, merged, written.

``customerSet`` replaces whole lists: what is there is read first, and only what differs is sent, so that a repeated
attempt writes nothing twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connectors.base import Delivered
from connectors.exceptions import PayloadError, RemoteRefused, Skip
from connectors.records import Address, CustomerAccount
from connectors.shopify.account_options import CustomerOptions
from connectors.shopify.calls import customers as calls
from connectors.shopify.client import plain_id
from connectors.shopify.definitions import NAMESPACE, NOT_DEFINED, ensure_defined
from connectors.shopify.replies import UserErrors

if TYPE_CHECKING:
    from connectors.run import Run

Node = dict[str, Any]
ADDRESS = {  # member of an address to that of Shopify's input and answer
    "first_name": ("firstName", "firstName"), "last_name": ("lastName", "lastName"), "company": ("company", "company"),
    "address1": ("address1", "address1"), "address2": ("address2", "address2"), "city": ("city", "city"),
    "region_code": ("provinceCode", "provinceCode"), "postal_code": ("zip", "zip"),
    "country_code": ("countryCode", "countryCodeV2"), "phone": ("phone", "phone"),
}  # fmt: skip


def accept_customer(run: Run, customer: CustomerAccount) -> Delivered:
    """Make the customer, or change what differs. Raises ``Skip`` (unchanged, not there), ``PayloadError`` (nothing to
    find it by), ``RemoteRefused`` (e-mail or phone of another customer) and the errors of the client."""
    options: CustomerOptions = run.options
    wanted = wanted_customer(customer, options)
    sent_hash = hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()
    if run.link is not None and run.link.sent_hash == sent_hash:
        raise Skip(
            f"Customer {customer.name} is in {run.connector} already; nothing that is sent changed.",
            reason="unchanged",
            code="unchanged",
        )
    known = _find(run, customer, options)
    if known is None:
        if not options.creates:
            raise Skip(f"The shop has no customer {customer.name}, and the route makes none.", code="not_there")
        gid = _write(run, customer, _identifier(run, customer, options), wanted)
        sentence = f"Customer {customer.name} was made in the shop."
    else:
        gid = str(known["id"])
        changes = _changes(run, known, wanted, options)
        if changes:
            _write(run, customer, {"id": gid}, changes)
        sentence = f"Customer {customer.name} {'was changed' if changes else 'is as it should be'} in the shop."
    number = customer.email or customer.phone or plain_id(gid)
    return Delivered(target_id=plain_id(gid), target_number=number, sentence=sentence, sent_hash=sent_hash)


def wanted_customer(customer: CustomerAccount, options: CustomerOptions) -> Node:
    """What the record says in Shopify's words; members it does not know are left out."""
    wanted: Node = {}
    for name, value in (
        ("email", customer.email), ("phone", customer.phone), ("firstName", customer.first_name),
        ("lastName", customer.last_name), ("locale", customer.locale), ("note", customer.note),
    ):  # fmt: skip
        if value:
            wanted[name] = value
    if customer.tags:
        wanted["tags"] = sorted({tag.strip() for tag in customer.tags if tag.strip()}, key=str.casefold)
    if customer.addresses:
        wanted["addresses"] = [address_input(one) for one in customer.addresses]
    if options.sends_tax_exemption and customer.is_tax_exempt is not None:
        wanted["taxExempt"] = customer.is_tax_exempt
        wanted["taxExemptions"] = sorted(customer.tax_exemptions)
    return wanted


def address_input(one: Address) -> Node:
    return {theirs: value for ours, (theirs, _) in ADDRESS.items() if (value := getattr(one, ours))}


def _find(run: Run, customer: CustomerAccount, options: CustomerOptions) -> Node | None:
    if run.link is not None and run.link.target_object_id:
        found = calls.find_customer(run.client, {"id": f"gid://shopify/Customer/{run.link.target_object_id}"})
        if found is not None:
            return found
        run.note("deleted_in_shop", "The customer the hub wrote before is not in the shop any more.")
    if options.match_by == "custom_id":
        try:
            return calls.find_customer(run.client, {"customId": _custom_id(run, customer)})
        except RemoteRefused as error:
            if error.code != NOT_DEFINED:
                raise
            return None
    if customer.email:
        return calls.find_customer(run.client, {"emailAddress": customer.email})
    if customer.phone:
        return calls.find_customer(run.client, {"phoneNumber": customer.phone})
    raise PayloadError(
        f"Customer {customer.name or customer.number} has neither e-mail address nor phone number to find it by.",
        path="email",
        next_step="Add one at the source, or let the route find customers by id.",
    )


def _custom_id(run: Run, customer: CustomerAccount) -> Node:
    if not customer.id:
        raise PayloadError(f"Customer {customer.name} has no id.", path="id")
    return {"namespace": NAMESPACE, "key": run.settings.customer_key, "value": customer.id}


def _identifier(run: Run, customer: CustomerAccount, options: CustomerOptions) -> Node:
    """By which a repeated write meets the customer it has made."""
    if options.match_by == "custom_id":
        custom = _custom_id(run, customer)
        ask = lambda: calls.find_customer(run.client, {"customId": custom})  # noqa: E731
        ensure_defined(run.client, "CUSTOMER", custom["key"], "Customer id in the other system", ask)
        return {"customId": custom}
    return {"email": customer.email} if customer.email else {"phone": customer.phone}


def _changes(run: Run, known: Mapping[str, Any], wanted: Node, options: CustomerOptions) -> Node:
    """What is to be sent so that the customer is as wanted; lists merged with what is there."""
    have = {
        "email": (known["defaultEmailAddress"] or {}).get("emailAddress"),
        "phone": (known["defaultPhoneNumber"] or {}).get("phoneNumber"),
        "taxExemptions": sorted(known["taxExemptions"]),
        **{name: known[name] for name in ("firstName", "lastName", "locale", "note", "taxExempt")},
    }
    changes = {name: wanted[name] for name in have if name in wanted and wanted[name] != have[name]}
    tags = {tag.casefold(): tag for tag in ([] if options.replaces_tags else known["tags"])}
    tags |= {tag.casefold(): tag for tag in wanted.get("tags", ()) if tag.casefold() not in tags}
    if "tags" in wanted and set(tags) != {tag.casefold() for tag in known["tags"]}:
        changes["tags"] = sorted(tags.values(), key=str.casefold)
    addresses = _addresses(run, known, wanted, options)
    return changes if addresses is None else {**changes, "addresses": addresses}


def _addresses(run: Run, known: Mapping[str, Any], wanted: Node, options: CustomerOptions) -> list[Node] | None:
    """The whole list as it is to be, ``None`` where it is so already or cannot be merged safely."""
    if "addresses" not in wanted:
        return None
    nodes = known["addressesV2"]["nodes"]
    there = [{theirs: node[read] for theirs, read in ADDRESS.values() if node[read]} for node in nodes]
    if options.replaces_addresses:
        return wanted["addresses"] if wanted["addresses"] != there else None
    missing = [one for one in wanted["addresses"] if one not in there]
    if missing and len(nodes) >= calls.MOST_ADDRESSES:
        run.note("addresses", f"The customer has {len(nodes)} addresses or more; none was added.")
        return None
    return [*there, *missing] if missing else None


def _write(run: Run, customer: CustomerAccount, identifier: Node, given: Node) -> str:
    try:
        return calls.set_customer(run.client, identifier, given)
    except UserErrors as error:
        if "TAKEN" in error.codes:
            fields = {str(part) for one in error.errors for part in one.get("field") or ()}
            what = "phone number" if "phone" in fields else "e-mail address"
            raise RemoteRefused(
                f"The {what} of customer {customer.name or customer.email} belongs to another customer of the shop.",
                next_step="Merge the two customers in the shop or correct the record; then press Retry.",
                code="TAKEN",
                request_id=error.request_id,
            ) from error
        raise
