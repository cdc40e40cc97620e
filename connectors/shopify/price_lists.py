"""Price lists of customer groups: one for each group and currency, named ``ERP <group> <currency>``, made or adopted by
that name; and the catalogues by which a company's locations get them.

Which plans may have how many catalogues Shopify does not document: it is tried, and what Shopify says is shown.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import TYPE_CHECKING

from connectors import directory
from connectors.directory import Known
from connectors.exceptions import RemoteRefused
from connectors.shopify.calls import prices as calls
from connectors.shopify.replies import UserErrors, promised_shape

if TYPE_CHECKING:
    from connectors.run import Run

LIST = "price_list"  # directory: name to list, with its currency and catalogue
# Codes of a catalogue that is refused because of what the shop has bought or holds already, not because of a mistake.
PLAN_CODES = frozenset({
    "B2B_CATALOG_LIMIT_REACHED", "COMPANY_LOCATION_CATALOG_STATUS_PLAN", "CONTEXT_CATALOG_LIMIT_REACHED",
    "UNPERMITTED_ENTITLEMENTS_DIRECT_CATALOG_ASSIGNMENT", "UNPERMITTED_ENTITLEMENTS_MARKET_CATALOGS",
})  # fmt: skip
PLAN_SAYS = "the shop's plan does not allow it"
ASSIGNED = "CONTEXT_ALREADY_ASSIGNED_TO_CATALOG"


def list_name(group: str, currency: str) -> str:
    return f"ERP {group} {currency}"


def find_list(run: Run, group: str, currency: str) -> Known | None:
    """The list of a group and currency as the hub knows it, else as the shop has it. Raises ``RemoteRefused`` where a
    list of that name is in another currency."""
    name = list_name(group, currency)
    known = directory.find(run.connector.pk, LIST, [name]).get(name, [])
    if not known:
        read = [
            Known(key=one["name"], object_id=one["id"],
                  data={"currency": one["currency"], "catalog": (one["catalog"] or {}).get("id", "")})
            for one in calls.price_lists(run.client)
        ]  # fmt: skip
        directory.put(run.connector.pk, LIST, read)
        known = [one for one in read if one.key == name]
    if not known:
        return None
    if known[0].data.get("currency") != currency:
        raise RemoteRefused(
            f"The shop's price list “{name}” is in {known[0].data.get('currency')}, not in {currency}.",
            next_step="Rename that list in the shop; the hub then makes one of its own.",
            code="list_currency",
        )
    return known[0]


def ensure_list(run: Run, group: str, currency: str) -> Known:
    """The list of a group and currency, made where the shop has none. Raises ``UserErrors`` where Shopify declines."""
    found = find_list(run, group, currency)
    if found is None:
        name = list_name(group, currency)
        gid = calls.create_list(run.client, name, currency)
        found = Known(key=name, object_id=gid, data={"currency": currency, "catalog": ""})
        directory.put(run.connector.pk, LIST, [found])
    return found


def forget_list(run: Run, gid: str) -> None:
    """The shop has no such list any more: it is looked for, or made, the next time."""
    directory.forget(run.connector.pk, LIST, [gid])


def give_to_location(
    run: Run, group: str, currency: str, location_id: str, name: str, catalogs: Collection[str]
) -> str:
    """See that a company's location buys at the list of its group; returns a sentence where that was new. ``name``: of
    the location, ``catalogs``: those it has already.

    Never fails a company: what stands in the way, as the shop's plan, becomes the note ``catalog``."""
    try:
        found = ensure_list(run, group, currency)
    except RemoteRefused as error:
        run.note("catalog", f"Location {name} does not buy at “{list_name(group, currency)}”: {error.sentence}")
        return ""
    if str(found.data.get("catalog") or "no catalogue") in catalogs:
        return ""
    if refusal := _refused_before(run, found):
        run.note("catalog", f"Location {name} does not buy at “{found.key}”: {refusal}")
        return ""
    try:
        _assign(run, found, location_id)
    except UserErrors as error:
        if error.codes == {ASSIGNED}:
            return ""
        texts = "; ".join(str(one["message"]).rstrip(". ") for one in error.errors)
        is_plan = bool(error.codes & PLAN_CODES)
        refusal = f"{PLAN_SAYS if is_plan else 'Shopify declined it'} ({texts})."
        if is_plan:
            _remember(run, found, refusal=refusal, plan=_plan(run))
        run.note("catalog", f"Location {name} does not buy at “{found.key}”: {refusal}")
        return ""
    _check_price(run, found, location_id, name)
    return f"location {name} buys at “{found.key}”"


def _assign(run: Run, found: Known, location_id: str) -> None:
    catalog = str(found.data.get("catalog") or "")
    if not catalog:  # an attempt whose answer was lost, or somebody in the shop, may have made one
        read = (one for one in calls.price_lists(run.client) if one["id"] == found.object_id)
        catalog = next((str((one["catalog"] or {}).get("id", "")) for one in read), "")
        if not catalog:
            _remember(run, found, catalog=calls.create_catalog(run.client, found.key, found.object_id, location_id))
            return
        _remember(run, found, catalog=catalog)
    calls.assign_catalog(run.client, catalog, location_id)


def _remember(run: Run, found: Known, **more: str) -> None:
    kept = {name: value for name, value in found.data.items() if name not in ("refusal", "plan")}
    known = Known(key=found.key, object_id=found.object_id, data={**kept, **more})
    directory.put(run.connector.pk, LIST, [known])


def _refused_before(run: Run, found: Known) -> str:
    """What Shopify said when the plan did not allow it, as long as the shop is on that plan: asked again it would say
    the same."""
    refusal = str(found.data.get("refusal") or "")
    return refusal if refusal and found.data.get("plan") == _plan(run) else ""


def _plan(run: Run) -> str:
    shop = run.client.ping()["shop"]
    with promised_shape("the shop"):
        return str(shop["plan"]["publicDisplayName"])


def _check_price(run: Run, found: Known, location_id: str, name: str) -> None:
    """A catalogue may be there and another one win: ask what the location really pays for one thing of the list."""
    one = calls.first_price(run.client, found.object_id)
    if one is None:
        return
    paid = calls.location_price(run.client, str(one["variant"]["id"]), location_id)
    wanted = one["price"]
    if paid is None or Decimal(str(paid["amount"])) != Decimal(str(wanted["amount"])):
        shown = f"{paid['amount']} {paid['currencyCode']}" if paid else "nothing"
        run.note(
            "location_price",
            f"Location {name} pays {shown} for SKU {one['variant']['sku']}, though the list “{found.key}” says "
            f"{wanted['amount']} {wanted['currencyCode']}: another catalogue may be in force.",
        )
