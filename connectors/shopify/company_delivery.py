"""Companies into a shop: found by the ledger or by their external id, made once, changed where something differs.

No write here may be repeated blindly. Each attempt reads the company first and sends only what is missing or other, so
that one whose answer was lost goes on where it was; an external id is unique, so that nothing is made twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connectors import directory
from connectors.base import Delivered
from connectors.directory import Known
from connectors.exceptions import ConfigurationError, MappingMissing, RemoteRefused, Skip, UnconfirmedWrite, WaitFor
from connectors.records import CompanyAccount, CompanyLocation
from connectors.shopify import company_contacts, price_lists
from connectors.shopify import company_inputs as inputs
from connectors.shopify.account_options import CompanyOptions
from connectors.shopify.calls import companies as calls
from connectors.shopify.client import plain_id
from connectors.shopify.replies import UserErrors

if TYPE_CHECKING:
    from connectors.run import Run

Node = dict[str, Any]
PAYMENT_TERMS = "payment_terms"  # mapping kind
COMPANY = "company"  # directory: external id to the company the hub made
PAUSES_S = (1.0, 2.0, 4.0)  # between two looks for what was made just now
INDEX_S = 10.0  # until the shop's search surely knows what was made just now


def accept_company(run: Run, company: CompanyAccount) -> Delivered:
    """Make the company, or change what differs, with its locations and contacts. Raises ``Skip`` (unchanged, not
    there), ``PayloadError``, ``ConfigurationError`` (payment terms without mapping, a shop without B2B), ``WaitFor``,
    ``RemoteRefused`` (an external id that is taken) and the errors of the client."""
    options: CompanyOptions = run.options
    inputs.check(company)
    sent_hash = _fingerprint(company, options)
    if run.link is not None and run.link.sent_hash == sent_hash:
        raise Skip(
            f"Company {company.name} is in {run.connector} already; nothing that is sent changed.",
            reason="unchanged",
            code="unchanged",
        )
    try:
        sentence, gid = _deliver(run, company, options)
    except ConfigurationError as error:
        raise _without_b2b(run, error) from error
    return Delivered(
        target_id=plain_id(gid), target_number=inputs.external_id(company), sentence=sentence, sent_hash=sent_hash
    )


def _fingerprint(company: CompanyAccount, options: CompanyOptions) -> str:
    """Hash of what the options let through."""
    sent = json.loads(company.to_json())
    for name in ("id", "updated_at", "raw", "source", *(() if options.makes_contacts else ("contacts",))):
        sent.pop(name, None)
    left_out = {"tax_id", "is_tax_exempt", "tax_exemptions"} if not options.sends_tax_settings else set()
    left_out |= set() if options.sends_payment_terms else {"payment_terms"}
    left_out |= set() if options.assigns_catalogs else {"price_group"}
    for one in sent["locations"]:
        for name in left_out:
            one.pop(name, None)
    return hashlib.sha256(json.dumps(sent, sort_keys=True).encode()).hexdigest()


def _deliver(run: Run, company: CompanyAccount, options: CompanyOptions) -> tuple[str, str]:
    terms = _payment_terms(run, company, options)
    gid = _find(run, company)
    is_new = gid is None
    if gid is None:
        if not options.creates:
            raise Skip(f"The shop has no company {company.name}, and the route makes none.", code="not_there")
        gid = _create(run, company, options, terms)
    node = calls.get_company(run.client, gid)
    if node is None:
        sentence = f"Company {company.name} was deleted in the shop just now."
        raise RemoteRefused(sentence, code="not_found", next_step="Press Retry: the company is then made anew.")
    done = _settle(run, node, company, options, terms)
    if is_new:
        return f"Company {company.name} was made in the shop.", gid
    what = f"changed in the shop: {', '.join(done)}" if done else "is in the shop as it should be"
    return f"Company {company.name} {what}.", gid


def _payment_terms(run: Run, company: CompanyAccount, options: CompanyOptions) -> dict[str, str]:
    """Template id by the record's name of terms. Raises ``MappingMissing``."""
    names = {one.payment_terms for one in company.locations if one.payment_terms} if options.sends_payment_terms else ()
    if not names:
        return {}
    known = calls.payment_terms(run.client)
    found = {}
    for name in sorted(names):
        theirs = run.map(PAYMENT_TERMS, name, default=name)
        if theirs not in known:
            listed = ", ".join(sorted(known))
            raise MappingMissing(
                PAYMENT_TERMS, name, sentence=f"Shopify knows no payment terms “{theirs}”; it knows {listed}."
            )
        found[name] = known[theirs]
    return found


def _find(run: Run, company: CompanyAccount) -> str | None:
    """By the ledger, by what the hub kept when it made the company, else by the shop's search. Raises
    ``UnconfirmedWrite`` where an earlier attempt may have made it and the search lists none."""
    external = inputs.external_id(company)
    kept = [run.link.target_object_id] if run.link is not None else []
    kept += [plain_id(one.object_id) for one in directory.find(run.connector.pk, COMPANY, [external]).get(external, [])]
    for number in dict.fromkeys(kept):
        gid = f"gid://shopify/Company/{number}"
        if calls.get_company(run.client, gid) is not None:
            return gid
        directory.forget(run.connector.pk, COMPANY, [gid])
        run.note("deleted_in_shop", "The company the hub wrote before is not in the shop any more.")
    for pause_s in (*PAUSES_S, None):
        found = calls.find_companies(run.client, external)
        if found or not run.unfinished_write:
            break
        if pause_s is None:
            raise UnconfirmedWrite(
                f"An earlier attempt to make company {company.name} got no answer, and the shop lists no company with "
                f"the external id “{external}”.",
                code="unconfirmed",
            )
        run.client.sleep(pause_s)
    if len(found) > 1:
        raise RemoteRefused(
            f"Several companies of the shop have the external id “{external}”: "
            f"{', '.join(str(one['name']) for one in found)}. None was changed.",
            code="several_match",
        )
    return str(found[0]["id"]) if found else None


def _create(run: Run, company: CompanyAccount, options: CompanyOptions, terms: Mapping[str, str]) -> str:
    first = company.locations[0] if company.locations else None
    location = _location_input(company, first, options, terms) if first is not None else None
    try:
        gid = calls.create_company(run.client, inputs.company_input(company), location)
        directory.put(run.connector.pk, COMPANY, [Known(key=inputs.external_id(company), object_id=gid)])
        return gid
    except UserErrors as error:
        if error.codes != {"TAKEN"}:
            raise
        if any("companyLocation" in (one.get("field") or ()) for one in error.errors):
            raise _taken(company, first) from error
        # Made by an attempt whose answer was lost, or by somebody else just now: the search will find it.
        raise WaitFor(
            f"The shop has a company with the external id “{inputs.external_id(company)}” that its search does not "
            "list yet.",
            code=f"company:{inputs.external_id(company)}",
            retry_after_s=INDEX_S,
        ) from error


def _location_input(
    company: CompanyAccount, one: CompanyLocation, options: CompanyOptions, terms: Mapping[str, str]
) -> Node:
    template = terms.get(one.payment_terms, "")
    return inputs.location_input(company, one, terms=template, sends_tax=options.sends_tax_settings)


def _settle(
    run: Run, node: Node, company: CompanyAccount, options: CompanyOptions, terms: Mapping[str, str]
) -> list[str]:
    """Send what differs; returns what was done, in words."""
    done: list[str] = []
    gid = str(node["id"])
    if changes := inputs.company_changes(node, company):
        calls.update_company(run.client, gid, changes)
        done.append("its name and note")
    places: dict[str, Node] = {}
    for one in company.locations:
        place = _place(node, company, one)
        if place is None:
            _check_all_read(node, company)
            created = _create_location(run, gid, company, one, _location_input(company, one, options, terms))
            place = {
                "id": created,
                "roleAssignments": {"nodes": []},
                "catalogs": {"nodes": []},
                "currency": one.currency,
            }
            done.append(f"location {one.name} is new")
        elif _change_location(run, place, company, one, options, terms):
            done.append(f"location {one.name}")
        places[inputs.location_external_id(company, one)] = place
        if options.assigns_catalogs and one.price_group and (said := _give_catalog(run, place, one)):
            done.append(said)
    if options.makes_contacts:
        done += company_contacts.settle(run, node, company, places)
    return done


def _place(node: Node, company: CompanyAccount, one: CompanyLocation) -> Node | None:
    """The shop's location of one of the record: by external id, else by name where it has no external id yet."""
    nodes: list[Node] = node["locations"]["nodes"]
    external = inputs.location_external_id(company, one)
    by_id = next((place for place in nodes if place["externalId"] == external), None)
    return by_id or next((p for p in nodes if not p["externalId"] and p["name"] == one.name), None)


def _check_all_read(node: Node, company: CompanyAccount) -> None:
    if node["locations"]["pageInfo"]["hasNextPage"]:
        raise RemoteRefused(
            f"Company {company.name} has more than {calls.MOST_ROWS} locations in the shop; the hub does not add to it, "
            "because it cannot see whether a location is there.",
            code="too_many_locations",
        )


def _create_location(run: Run, gid: str, company: CompanyAccount, one: CompanyLocation, given: Node) -> str:
    try:
        return calls.create_location(run.client, gid, given)
    except UserErrors as error:
        if "TAKEN" in error.codes:
            raise _taken(company, one) from error
        raise


def _taken(company: CompanyAccount, one: CompanyLocation | None) -> RemoteRefused:
    external = inputs.location_external_id(company, one) if one else inputs.external_id(company)
    return RemoteRefused(
        f"The number {external} of location {one.name if one else ''} of company {company.name} belongs to a location of "
        "another company in the shop.",
        next_step="Correct the external id there or at the source, then press Retry.",
        code="TAKEN",
    )


def _change_location(
    run: Run, place: Node, company: CompanyAccount, one: CompanyLocation, options: CompanyOptions,
    terms: Mapping[str, str],
) -> bool:  # fmt: skip
    gid, is_changed = str(place["id"]), False
    if changes := inputs.location_changes(place, company, one, terms=terms.get(one.payment_terms, "")):
        calls.update_location(run.client, gid, changes)
        is_changed = True
    for address, kinds in inputs.address_changes(place, one):
        calls.assign_address(run.client, gid, address, kinds)
        is_changed = True
    if options.sends_tax_settings and (tax := inputs.tax_changes(place, one)):
        calls.set_tax(run.client, gid, **tax)
        is_changed = True
    return is_changed


def _give_catalog(run: Run, place: Node, one: CompanyLocation) -> str:
    """See that the location buys at the list of its price group."""
    currency = one.currency or str(place["currency"] or "")
    if not currency:
        run.note("catalog", f"Location {one.name} has no currency: no price list was given to it.")
        return ""
    catalogs = {str(entry["id"]) for entry in place["catalogs"]["nodes"]}
    return price_lists.give_to_location(run, one.price_group, currency, str(place["id"]), one.name, catalogs)


def _without_b2b(run: Run, error: ConfigurationError) -> ConfigurationError:
    """A shop that does not sell to companies answers as if a scope were missing: ask which of the two it is."""
    if error.code != "access_denied":
        return error
    scopes = set(run.client.ping()["scopes"])
    if not scopes & {"write_customers", "write_companies"}:
        return error
    return ConfigurationError(
        "The shop does not sell to companies: its plan has no B2B, or B2B is switched off.",
        next_step="Ask the merchant to switch B2B on or to change the plan; switch the route off until then.",
        code="no_b2b",
        request_id=error.request_id,
    )
