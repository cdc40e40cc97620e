"""What Xoro is told about the customer and the company of an order: in the order itself, and in the optional upsert.

Fields of the order header and of the customer object: as seen in use; the effect of the two third-party ids:
https://shop-docs.xorosoft.io/getting-started/configuring-settings/orders/general/general-advanced-settings
(checked 2026-11-20). The customer routes are not confirmed by the vendor, hence off by default.
"""

from __future__ import annotations

from typing import Any

from connectors.exceptions import PayloadError
from connectors.records import Address, Company, Customer, Order
from connectors.xoro.settings import XoroSettings
from connectors.xoro.wire import without_blanks


def customer_members(order: Order, settings: XoroSettings) -> dict[str, Any]:
    """Header members that say who buys. In single mode only the two ids tell customers apart: names, e-mail and phone
    of a buyer must not overwrite those of the fixed customer. Raises ``PayloadError`` where nobody can be named."""
    members: dict[str, Any] = {}
    if settings.sync_third_party_customer_company:
        members["ThirdPartyCustomerId"] = order.customer.id if order.customer else ""
        members["ThirdPartyCompanyId"] = order.company.id if order.company else ""
    if settings.customer_mode == "single":
        return {**members, "CustomerName": settings.customer_name}
    customer = order.customer or Customer(id="")
    members["CustomerName"] = customer_name(order)
    members["CustomerEmailMain"] = customer.email or order.email
    members["CustomerMainPhone"] = _phone(order)
    if settings.sync_third_party_customer_company:
        members["CustomerFirstName"] = customer.first_name
        members["CustomerLastName"] = customer.last_name
        members["CustomerTags"] = ",".join(customer.tags)
        members["IsCustomerTaxExempt"] = customer.is_tax_exempt or None
    return members


def customer_name(order: Order) -> str:
    """The buyer's name, else that of the addresses, else the e-mail address, by which guests are told apart, else the
    company's."""
    people: list[Customer | Address | None] = [order.customer, order.billing_address, order.shipping_address]
    for person in people:
        if person is not None:
            name = " ".join(part for part in (person.first_name, person.last_name) if part) or person.name
            if name:
                return name
    if order.email:
        return order.email
    if order.company and order.company.name:
        return order.company.name
    raise PayloadError(
        f"Order {order.name} names no customer: no name, no address, no e-mail address.",
        path="customer",
        next_step="Add a customer to the order in the shop, or let all orders go to one fixed Xoro customer.",
    )


def address_members(order: Order) -> dict[str, Any]:
    """``BillTo…`` and ``ShipTo…`` members of the order header."""
    company = order.company.name if order.company else ""
    return {
        **_header_address("BillTo", order.billing_address, order.email, company),
        **_header_address("ShipTo", order.shipping_address, order.email, company),
    }


def _header_address(prefix: str, address: Address | None, email: str, company: str) -> dict[str, Any]:
    if address is None:
        return {f"{prefix}CompanyName": company}
    has_parts = address.first_name or address.last_name
    members = {
        "FirstName": address.first_name,
        "LastName": address.last_name,
        "Name": "" if has_parts else address.name,
        "CompanyName": address.company or company,
        "Addr": address.address1,
        "Addr2": address.address2,
        "City": address.city,
        "State": address.region_code or address.region,
        "Country": address.country_code or address.country,
        "ZpCode": address.postal_code,
        "PhoneNumber": address.phone,
        "Email": email,
    }
    return {prefix + name: value for name, value in members.items()}


def customer_body(order: Order, customer: Customer, settings: XoroSettings, source: str) -> dict[str, Any]:
    """The upsert of the customer, found again by his shop id."""
    return without_blanks(
        {
            **_shared(order, settings, source),
            "ThirdPartyRefNo": customer.id,
            "CustomerName": customer_name(order),
            "FirstName": customer.first_name,
            "LastName": customer.last_name,
            "EmailMain": customer.email,
            "MainPhone": _phone(order),
            "Tags": ",".join(customer.tags),
            "IsTaxableFlag": not customer.is_tax_exempt,
            "BillToAddrList": _address_rows(order.billing_address, order.email),
            "ShipToAddrList": _address_rows(order.shipping_address, order.email),
        }
    )


def company_body(order: Order, company: Company, settings: XoroSettings, source: str) -> dict[str, Any]:
    """The upsert of the company, found again by its external id (else its shop id), with the buying location as
    ship-to address."""
    return without_blanks(
        {
            **_shared(order, settings, source),
            "ThirdPartyRefNo": company.external_id or company.id,
            "CustomerName": company.name,
            "CompanyName": company.name,
            "ShipToAddrList": _address_rows(order.shipping_address, order.email, company.location_name),
        }
    )


def _shared(order: Order, settings: XoroSettings, source: str) -> dict[str, Any]:
    return {
        "ThirdPartySource": source,
        "CurrencyCode": order.currency or settings.default_currency,
        "DefaultAccountReceivableName": settings.receivable_account,
    }


def _address_rows(address: Address | None, email: str, name: str = "") -> list[dict[str, Any]]:
    """A customer's address rows; the postal code has another name here than on orders."""
    if address is None:
        return []
    row = {
        "DefaultFlag": True,
        "FirstName": address.first_name,
        "LastName": address.last_name,
        "Name": name or address.name,
        "CompanyName": address.company,
        "Addr": address.address1,
        "Addr2": address.address2,
        "City": address.city,
        "State": address.region_code or address.region,
        "PostalZipCode": address.postal_code,
        "Country": address.country,
        "CountryCode": address.country_code,
        "Email": email,
        "PhoneNumber": address.phone,
    }
    return [without_blanks(row)]


def _phone(order: Order) -> str:
    people = (order.customer, order, order.billing_address, order.shipping_address)
    return next((person.phone for person in people if person is not None and person.phone), "")
