"""What a storefront may ask: one form for each lookup. Filters and limits are those of the contract's requests."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

from connectors.generic_erp import basket, bodies

CODE_LIMIT = 100  # characters
PAGE_LIMIT = 1_000_000
YEARS = range(1900, 2201)
BASKET_HELP = "The basket, at least one line and at most 500; amounts are decimal texts."
_clean = RegexValidator(r"^[^\x00-\x1f\x7f]*\Z", "No control characters.", code="control")


def _text(help_text: str, limit: int = CODE_LIMIT, *, required: bool = False) -> forms.CharField:
    return forms.CharField(required=required, max_length=limit, validators=[_clean], help_text=help_text)


def _choice(choices: tuple[str, ...], help_text: str) -> forms.ChoiceField:
    return forms.ChoiceField(
        required=False, choices=[(one, one) for one in choices], initial=choices[0], help_text=help_text
    )


class MomentField(forms.CharField):
    """A day (the store's) or a point in time, ISO 8601; without an offset UTC."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        try:
            moment: date = date.fromisoformat(text) if len(text) <= len("2025-03-01") else datetime.fromisoformat(text)
        except ValueError:
            moment = date.min
        if moment.year not in YEARS:
            raise ValidationError("Give an ISO date such as 2025-03-01 or 2025-03-01T00:00:00Z.", code="date")
        return moment

    def run_validators(self, value: Any) -> None:
        """``to_python`` has checked all there is."""


class CustomerForm(forms.Form):
    """Who asks. A customer without account number is no error: the answer is neutral and nobody is called."""

    customer_code = _text("The customer's account number in the ERP. Blank: the neutral answer, no call.")
    account_id = _text("The shop's own id of the account; kept with the event, never sent to the ERP.")
    user_id = _text("The shop's own id of the person; kept with the event, never sent to the ERP.")


class ReferringForm(CustomerForm):
    seller_reference = _text("The second ERP key; sent only where the connector uses it.")


class DocumentForm(ReferringForm):
    """One order or invoice; its id is part of the address."""


class BalanceForm(ReferringForm):
    """What the customer owes."""


class ListForm(ReferringForm):
    date_from = MomentField(required=False, max_length=40, help_text="First day or moment; default six months ago.")
    date_to = MomentField(required=False, max_length=40, help_text="Last day or moment, included; default now.")
    any_date = forms.BooleanField(required=False, help_text="True: whatever its age, for a document known by number.")
    order_number = _text("Exactly this order number.")
    po_number = _text("Exactly this purchase order number, case ignored.")
    status = _text("Exactly this status, in the ERP's own words, case ignored.")
    keyword = _text("Part of an order, purchase order or item number.")
    sort_direction = _choice(bodies.SORT_DIRECTIONS, "Default desc.")
    page = forms.IntegerField(
        required=False, initial=1, min_value=1, max_value=PAGE_LIMIT, help_text="From 1. Default 1."
    )
    per_page = forms.IntegerField(
        required=False, initial=bodies.PER_PAGE, min_value=1, max_value=bodies.PER_PAGE_LIMIT,
        help_text=f"Entries a page, 1 to {bodies.PER_PAGE_LIMIT}. Default {bodies.PER_PAGE}.",
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("date_from"), cleaned.get("date_to")
        if cleaned.get("any_date") and (first or last):
            self.add_error("any_date", ValidationError("Give dates or any_date, not both.", code="both"))
        if first and last and _day(first) > _day(last):
            self.add_error("date_from", ValidationError("date_from must not be after date_to.", code="order"))
        return cleaned


class OrdersForm(ListForm):
    sort_by = _choice(bodies.ORDER_SORTS, "Default order_date.")


class InvoicesForm(ListForm):
    """Dates are invoice dates."""

    invoice_number = _text("Exactly this invoice number.")
    payment_state = _choice(bodies.PAYMENT_STATES, "Default all.")
    sort_by = _choice(bodies.INVOICE_SORTS, "Default invoice_date.")


class TaxesForm(basket.BasketForm, CustomerForm):
    zip = _text("Postal code of the delivery address.", 20)
    lines = basket.LinesField(
        members=basket.TAX_LINES,
        required_members=("sku", "line_amount"),
        help_text=f"{BASKET_HELP} Members: sku, line_amount (the whole line after its discount, before tax).",
    )


class ShippingMethodsForm(basket.BasketForm, CustomerForm):
    address1 = _text("First street line of the delivery address.", 200)
    address2 = _text("Second line.", 200)
    address3 = _text("Third line.", 200)
    city = _text("City.")
    state = _text("State or region code, such as OR.")
    country = forms.RegexField(r"^[A-Za-z]{2}\Z", help_text="Two letters, ISO 3166-1 alpha-2, such as US.")
    zip = _text("Postal code.", 20)
    lines = basket.LinesField(
        members=basket.SHIPPING_LINES,
        required_members=("sku", "quantity", "unit_price"),
        help_text=f"{BASKET_HELP} Members: sku, quantity, uom, unit_price, line_amount (else quantity × unit_price).",
    )


def _day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment
