"""The people who buy for a company: customers of the shop who become contacts, with a role at each location."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connectors.exceptions import RemoteRefused
from connectors.records import CompanyAccount, CompanyContact
from connectors.shopify.calls import companies as calls
from connectors.shopify.calls import customers as customer_calls
from connectors.shopify.replies import UserErrors

if TYPE_CHECKING:
    from connectors.run import Run

Node = dict[str, Any]


def settle(run: Run, node: Node, company: CompanyAccount, places: Mapping[str, Node]) -> list[str]:
    """See that every contact of the record is one in the shop; returns what was done, in words. ``places``: the shop's
    locations by the record's external ids. Nobody is removed."""
    if not company.contacts and not node["contacts"]["nodes"]:
        run.note("no_contact", f"Company {company.name} has no contact: nobody can buy for it yet.")
    done = []
    for one in company.contacts:
        if not one.email:
            run.note(
                "contact", f"Contact {_name(one)} of company {company.name} has no e-mail address and was left out."
            )
            continue
        contact = _known(node, one)
        if contact is None:
            contact = _make(run, node, one, company)
            done.append(f"contact {one.email} is new")
        done += _give_roles(run, node, one, contact, places)
    return done


def _known(node: Node, one: CompanyContact) -> str | None:
    wanted = one.email.casefold()
    for contact in node["contacts"]["nodes"]:
        email = (contact["customer"]["defaultEmailAddress"] or {}).get("emailAddress") or ""
        if email.casefold() == wanted:
            return str(contact["id"])
    return None


def _make(run: Run, node: Node, one: CompanyContact, company: CompanyAccount) -> str:
    if node["contacts"]["pageInfo"]["hasNextPage"]:
        raise RemoteRefused(
            f"Company {company.name} has more than {calls.MOST_ROWS} contacts in the shop; the hub does not add to it, "
            "because it cannot see whether a contact is there.",
            code="too_many_contacts",
        )
    customer = customer_calls.find_customer(run.client, {"emailAddress": one.email})
    gid = str(customer["id"]) if customer else _customer(run, one)
    try:
        return calls.assign_contact(run.client, str(node["id"]), gid)
    except UserErrors as error:
        raise RemoteRefused(
            f"Shopify does not make {one.email} a contact of company {company.name}: "
            f"{'; '.join(str(e['message']).rstrip('. ') for e in error.errors)}.",
            next_step="Look at the customer in the shop: it may buy for another company. Then press Retry.",
            code=error.code,
            request_id=error.request_id,
        ) from error


def _customer(run: Run, one: CompanyContact) -> str:
    given = {"email": one.email, "firstName": one.first_name, "lastName": one.last_name, "phone": one.phone}
    wanted = {name: value for name, value in given.items() if value}
    return customer_calls.set_customer(run.client, {"email": one.email}, wanted)


def _give_roles(run: Run, node: Node, one: CompanyContact, contact: str, places: Mapping[str, Node]) -> list[str]:
    """A role at each of the contact's locations where it has none."""
    roles = {str(role["name"]).casefold(): str(role["id"]) for role in node["contactRoles"]["nodes"]}
    role = roles.get(one.role.casefold()) if one.role else str((node["defaultRole"] or {}).get("id") or "")
    if not role:
        known = ", ".join(str(entry["name"]) for entry in node["contactRoles"]["nodes"]) or "none"
        run.note("role", f"Shopify has no role “{one.role}” for {one.email}; it has {known}. No role was given.")
        return []
    given = []
    for external, place in places.items():
        if one.location_ids and external not in one.location_ids:
            continue
        if contact not in {str(entry["companyContact"]["id"]) for entry in place["roleAssignments"]["nodes"]}:
            calls.assign_role(run.client, contact, role, str(place["id"]))
            given.append(f"{one.email} buys for {external}")
    return given


def _name(one: CompanyContact) -> str:
    return f"{one.first_name} {one.last_name}".strip() or one.id or "without a name"
