"""Companies of a sandbox shop that sells to companies: read, made and changed, with locations, contacts and roles.

Those of orders are companies from their first order on. External ids are unique in a shop. A shop on the plan Starter
does not sell to companies. https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Company (checked 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphql import GraphQLError

from connectors.shopify.sandbox.account_payloads import company_payload, location_payload
from connectors.shopify.sandbox.customers import customers_of
from connectors.shopify.sandbox.engine import Call, number_of, page
from connectors.shopify.sandbox.orders import Node, Shop, stamp
from connectors.shopify.sandbox.products import searched
from connectors.shopify.sandbox.variant_inputs import tell

SORTS = {"UPDATED_AT": "updatedAt", "CREATED_AT": "createdAt", "ID": "id", "NAME": "name"}
TEXTS: dict[str, Callable[[Node], list[str]]] = {
    "id": lambda one: [one["id"].rpartition("/")[2]],
    "name": lambda one: [one["name"]],
    "external_id": lambda one: [one["externalId"] or ""],
}
ROLES = ("Location admin", "Ordering only")
TERMS = (("Due on receipt", "RECEIPT", None), ("Net 15", "NET", 15), ("Net 30", "NET", 30), ("Net 60", "NET", 60))
SCOPE = ("write_customers", "write_companies")


def companies_of(shop: Shop) -> dict[str, Node]:
    """All companies, those of orders placed meanwhile among them."""
    table = shop.table("Company")
    seen = shop.table("Serial").setdefault("orders with companies", {"next": 0})
    for order in list(shop.orders.values())[seen["next"] :]:
        entity = order["purchasingEntity"]
        if entity and entity["__typename"] == "PurchasingCompany" and entity["company"]["id"] not in table:
            _adopt(shop, entity, order)
    seen["next"] = len(shop.orders)
    return table


def _adopt(shop: Shop, entity: Mapping[str, Any], order: Mapping[str, Any]) -> None:
    company = new_company(shop, entity["company"], order["createdAt"], gid=entity["company"]["id"])
    given = {**entity["location"], "shippingAddress": _place(shop, order["shippingAddress"] or {})}
    new_location(shop, company, given, order["createdAt"], gid=entity["location"]["id"])
    if order["customer"] and entity.get("contact"):
        add_contact(shop, company, order["customer"]["id"], gid=entity["contact"]["id"])


def new_company(shop: Shop, given: Mapping[str, Any], moment: str, *, gid: str = "") -> Node:
    roles = [{"id": f"gid://shopify/CompanyContactRole/{shop.take_id()}", "name": name} for name in ROLES]
    company: Node = {
        "id": gid or f"gid://shopify/Company/{shop.take_id()}",
        "name": given["name"],
        "externalId": given.get("externalId") or None,
        "note": given.get("note"),
        "customerSince": given.get("customerSince") or moment,
        "createdAt": moment,
        "updatedAt": moment,
        "contactRoles": roles,
        "defaultRole": roles[1],
        "mainContactId": None,
    }
    shop.table("Company")[company["id"]] = company
    return company


def new_location(
    shop: Shop, company: Mapping[str, Any], given: Mapping[str, Any], moment: str, *, gid: str = ""
) -> Node:
    shipping = given.get("shippingAddress")
    billing = shipping if given.get("billingSameAsShipping") else given.get("billingAddress")
    location: Node = {
        "id": gid or f"gid://shopify/CompanyLocation/{shop.take_id()}",
        "companyId": company["id"],
        "name": given.get("name") or (shipping or {}).get("address1") or company["name"],
        "externalId": given.get("externalId") or None,
        "phone": given.get("phone"),
        "locale": given.get("locale") or "en",
        "currency": shop.currency,
        "createdAt": moment,
        "updatedAt": moment,
        "shippingAddress": _place(shop, shipping) if shipping else None,
        "billingAddress": _place(shop, billing) if billing else None,
        "taxSettings": {
            "taxRegistrationId": given.get("taxRegistrationId"),
            "taxExempt": bool(given.get("taxExempt")),
            "taxExemptions": list(given.get("taxExemptions") or ()),
        },
        "buyerExperienceConfiguration": None,
        "roles": [],
    }
    set_terms(location, given)
    shop.table("CompanyLocation")[location["id"]] = location
    return location


def set_terms(location: Node, given: Mapping[str, Any]) -> None:
    terms = given.get("buyerExperienceConfiguration")
    if terms is None:
        return
    template = next((one for one in templates() if one["id"] == terms.get("paymentTermsTemplateId")), None)
    location["buyerExperienceConfiguration"] = {
        "checkoutToDraft": bool(terms.get("checkoutToDraft")),
        "payNowOnly": template is None,
        "editableShippingAddress": bool(terms.get("editableShippingAddress")),
        "paymentTermsTemplate": template,
    }


def _place(shop: Shop, given: Mapping[str, Any]) -> Node:
    names = ("address1", "address2", "city", "zip", "phone")
    person = f"{given.get('firstName') or ''} {given.get('lastName') or ''}".strip()
    return {
        "id": f"gid://shopify/CompanyAddress/{shop.take_id()}",
        "recipient": given.get("recipient") or given.get("company") or person or None,
        "countryCode": given.get("countryCode") or given.get("countryCodeV2") or "US",
        "zoneCode": given.get("zoneCode") or given.get("provinceCode"),
        **{name: given.get(name) or None for name in names},
        "address1": given.get("address1") or "",
    }


def set_address(shop: Shop, location: Node, given: Mapping[str, Any], kinds: list[str]) -> Node:
    address = _place(shop, given)
    for kind in kinds:
        location["shippingAddress" if kind == "SHIPPING" else "billingAddress"] = address
    return address


def add_contact(shop: Shop, company: Node, customer_id: str, *, gid: str = "", title: str | None = None) -> Node:
    contact: Node = {
        "id": gid or f"gid://shopify/CompanyContact/{shop.take_id()}",
        "companyId": company["id"],
        "customerId": customer_id,
        "title": title,
    }
    shop.table("CompanyContact")[contact["id"]] = contact
    company["mainContactId"] = company["mainContactId"] or contact["id"]
    return contact


def templates() -> list[Node]:
    return [
        {
            "id": f"gid://shopify/PaymentTermsTemplate/{number}",
            "name": name,
            "paymentTermsType": kind,
            "dueInDays": days,
        }
        for number, (name, kind, days) in enumerate(TERMS, 1)
    ]


def check_sells_to_companies(call: Call) -> None:
    """Raises what the vendor answers a shop whose plan has no B2B."""
    if call.shop.plan == "Starter":
        required = (
            "`write_customers` or `write_companies` access scope. Also: The shop must have access to B2B features."
        )
        raise GraphQLError(
            f"Access denied. Required access: {required}",
            extensions={"code": "ACCESS_DENIED", "requiredAccess": required},
        )


def touch_company(call: Call, company: Node, topic: str = "companies/update") -> None:
    company["updatedAt"] = max(stamp(call.now), company["updatedAt"])
    tell(call, topic, company_payload(call.shop, company))


def touch_location(call: Call, location: Node, topic: str = "company_locations/update") -> None:
    location["updatedAt"] = max(stamp(call.now), location["updatedAt"])
    company = call.shop.table("Company")[location["companyId"]]
    tell(call, topic, location_payload(call.shop, company, location))
    touch_company(call, company)


def _company(call: Call, info: Any, id: str) -> Any:
    check_sells_to_companies(call)
    number_of(id, "Company")
    return companies_of(call.shop).get(id)


def _companies(
    call: Call, info: Any, query: str = "", sortKey: str = "ID", reverse: bool = False, **paging: Any
) -> Any:
    check_sells_to_companies(call)
    rows = searched(call, info, list(companies_of(call.shop).values()), query or "", TEXTS)
    member = SORTS[sortKey]
    rows.sort(key=lambda row: (row[member], row["id"]), reverse=reverse)
    return page(rows, f"companies {query} {sortKey}", lambda row: [row[member], row["id"]], reverse=reverse, **paging)


def _of(kind: str) -> Callable[..., Any]:
    """The rows of a company, by paging."""

    def read(call: Call, source: Node, info: Any, **paging: Any) -> Any:
        rows = [one for one in call.shop.table(kind).values() if one["companyId"] == source["id"]]
        return page(rows, f"{source['id']}.{kind}", lambda row: [row["id"]], **paging)

    return read


def _roles(call: Call, source: Node, info: Any, **paging: Any) -> Any:
    return page(source["roles"], f"{source['id']}.roles", lambda row: [row["id"]], **paging)


def _catalogs(call: Call, source: Node, info: Any, **paging: Any) -> Any:
    rows = [one for one in call.shop.table("Catalog").values() if source["id"] in one["locations"]]
    return page(rows, f"{source['id']}.catalogs", lambda row: [row["id"]], **paging)


def _main_contact(call: Call, source: Node, info: Any) -> Any:
    return call.shop.table("CompanyContact").get(source.get("mainContactId") or "")


def _customer(call: Call, source: Node, info: Any) -> Any:
    """A contact of an order brings its customer along."""
    return source.get("customer") or customers_of(call.shop)[source["customerId"]]


QUERIES: dict[str, Callable[..., Any]] = {
    "company": _company,
    "companies": _companies,
    "paymentTermsTemplates": lambda call, info, **unused: templates(),
}
FIELDS: dict[tuple[str, str], Callable[..., Any]] = {
    ("Company", "locations"): _of("CompanyLocation"),
    ("Company", "contacts"): _of("CompanyContact"),
    ("Company", "mainContact"): _main_contact,
    ("CompanyContact", "company"): lambda call, source, info: companies_of(call.shop)[source["companyId"]],
    ("CompanyContact", "customer"): _customer,
    ("CompanyLocation", "roleAssignments"): _roles,
    ("CompanyLocation", "catalogs"): _catalogs,
}
SCOPED: dict[tuple[str, str], str | tuple[str, ...]] = {
    ("QueryRoot", "company"): ("read_customers", "read_companies"),
    ("QueryRoot", "companies"): ("read_customers", "read_companies"),
    ("QueryRoot", "paymentTermsTemplates"): "read_payment_terms",
}
