"""What a checkout asks: one parcel from one place to another, read strictly and without the names of people.

https://shopify.dev/docs/api/admin-rest/latest/resources/carrierservice (callback format, checked 2026-11-20).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from connectors.exceptions import PayloadError

MOST_ITEMS = 1_000
MOST_DIGITS = 15
TEXT_LIMIT = 200


@dataclass(frozen=True, kw_only=True)
class Place:
    country: str
    postal_code: str = ""
    province: str = ""
    city: str = ""
    address1: str = ""
    address2: str = ""


@dataclass(frozen=True, kw_only=True)
class Item:
    """``price`` of one unit in the question's currency; ``grams`` of one unit."""

    sku: str
    quantity: int
    grams: int
    price: Decimal
    variant_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Question:
    """``value``: of the goods, after discounts where the shop says them. ``email`` and ``phone`` of the buyer say whose
    question it is, and are no part of what it is known by."""

    origin: Place
    destination: Place
    items: tuple[Item, ...]
    currency: str
    value: Decimal
    customer_id: str = ""
    tags: tuple[str, ...] = ()
    email: str = ""
    phone: str = ""

    @property
    def grams(self) -> int:
        return sum(one.grams * one.quantity for one in self.items)

    def facts(self) -> dict[str, Any]:
        """Everything that may change the answer, as JSON; what it is known by. Names are not part of it."""
        facts: dict[str, Any] = json.loads(json.dumps(asdict(self), default=str))
        return {name: value for name, value in facts.items() if name not in ("email", "phone")}

    def buyer_keys(self) -> list[tuple[str, str]]:
        """By which an erasure finds the question."""
        keys = [("customer_id", self.customer_id), ("email", self.email), ("phone", self.phone)]
        return [(kind, value) for kind, value in keys if value]


def read(body: bytes) -> Question:
    """Raises ``PayloadError`` naming the member that cannot be read."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise PayloadError("The rate request is not JSON.", code="not_json") from error
    rate = _object(_object(given, "").get("rate"), "rate")
    rows = rate.get("items")
    if not isinstance(rows, list) or not rows or len(rows) > MOST_ITEMS:
        raise _odd("rate.items", f"a list of 1 to {MOST_ITEMS} items")
    items = tuple(_item(row, f"rate.items[{number}]") for number, row in enumerate(rows))
    currency = rate.get("currency")
    if not isinstance(currency, str) or len(currency) != 3 or not currency.isascii() or not currency.isupper():
        raise _odd("rate.currency", "a currency of three letters")
    buyer, tags = rate.get("customer"), None
    customer: Mapping[str, Any] = buyer if isinstance(buyer, Mapping) else {}
    if isinstance(customer.get("tags"), list):
        tags = customer["tags"]
    place = _object(rate.get("destination"), "rate.destination")
    return Question(
        origin=_place(rate.get("origin") or {"country": ""}, "rate.origin"),
        destination=_place(place, "rate.destination", needs_country=True),
        items=items,
        currency=currency,
        value=_value(rate.get("order_totals"), items),
        customer_id=_text(customer.get("id")),
        tags=tuple(sorted(_text(one) for one in (tags or [])[:250])),
        email=_text(place.get("email")),
        phone=_text(place.get("phone")),
    )


def _value(totals: Any, items: tuple[Item, ...]) -> Decimal:
    """Of the goods: the order's subtotal less its discount, else the sum of the items."""
    summed = sum((one.price * one.quantity for one in items), Decimal(0))
    if not isinstance(totals, Mapping) or totals.get("subtotal_price") is None:
        return summed
    subtotal = Decimal(_whole(totals["subtotal_price"], "rate.order_totals.subtotal_price"))
    discount = Decimal(_whole(totals.get("discount_amount") or 0, "rate.order_totals.discount_amount"))
    return max(Decimal(0), subtotal - discount) / 100


def _place(given: Any, path: str, *, needs_country: bool = False) -> Place:
    place = _object(given, path)
    country = _text(place.get("country")).upper()
    if needs_country and (len(country) != 2 or not country.isascii() or not country.isalpha()):
        raise _odd(f"{path}.country", "a country of two letters")
    return Place(
        country=country,
        postal_code=_text(place.get("postal_code")),
        province=_text(place.get("province")),
        city=_text(place.get("city")),
        address1=_text(place.get("address1")),
        address2=_text(place.get("address2")),
    )


def _item(given: Any, path: str) -> Item:
    row = _object(given, path)
    quantity = _whole(row.get("quantity"), f"{path}.quantity")
    if not quantity:
        raise _odd(f"{path}.quantity", "at least 1")
    return Item(
        sku=_text(row.get("sku")),
        quantity=quantity,
        grams=_whole(row.get("grams") or 0, f"{path}.grams"),
        price=Decimal(_whole(row.get("price") or 0, f"{path}.price")) / 100,
        variant_id=_text(row.get("variant_id")),
    )


def _whole(value: Any, path: str) -> int:
    """A whole number that is not negative; some members are texts."""
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        value = int(value)
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= MOST_DIGITS:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 10**MOST_DIGITS:
        raise _odd(path, "a whole number, zero or more")
    return value


def _object(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _odd(path or "the request", "an object")
    return value


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return "".join(one if one.isprintable() else " " for one in str(value)[:TEXT_LIMIT]).strip()


def _odd(path: str, expected: str) -> PayloadError:
    return PayloadError(f"The rate request cannot be read: {path} is not {expected}.", path=path, code="rate_request")
