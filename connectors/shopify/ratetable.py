"""The table of shipping rates an administrator writes: what is offered where the back office does not answer in time,
or where there is none to ask.

One rate a line, its columns separated by ``|``::

    DE, AT | 20*, 21* | 0-30 kg | Standard | STANDARD | 4.95 EUR | 2-4
    *      | *        | 50- EUR | Free of charge | FREE | 0 EUR | 3-5

Country and postal code may be ``*``; the condition may be blank, by weight (kg) or by the value of the goods, from
included, to excluded. Not for exchange of currencies: amounts are as written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

COLUMNS = ("country", "postal code", "condition", "name", "code", "price", "days")
LINE_LIMIT = 500
CODE = re.compile(r"[A-Z0-9_-]{1,40}")
CONDITION = re.compile(r"(\d+(?:\.\d+)?)\s*-\s*(\d+(?:\.\d+)?)?\s*(kg|[A-Z]{3})")
PRICE = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*([A-Z]{3})")
DAYS = re.compile(r"(\d{1,2})(?:\s*-\s*(\d{1,2}))?")
RATE = re.compile(r"([A-Z]{3})\s+([A-Z]{3})\s+(\d{1,9}(?:\.\d{1,9})?)")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line. Empty ``countries`` or ``postal_codes``: everywhere. ``unit``: ``kg``, a currency, or empty."""

    countries: frozenset[str] = frozenset()
    postal_codes: tuple[str, ...] = ()
    unit: str = ""
    low: Decimal = Decimal(0)
    high: Decimal | None = None
    name: str
    code: str
    price: Decimal
    currency: str
    days: tuple[int, int] | None = None

    def fits(self, country: str, postal_code: str, grams: int, value: Decimal, currency: str) -> bool:
        """Whether the rate is for this parcel; ``value`` of the goods in ``currency``."""
        if self.countries and country not in self.countries:
            return False
        plain = _plain(postal_code)
        if self.postal_codes and not any(_is_of(plain, one) for one in self.postal_codes):
            return False
        if not self.unit:
            return True
        if self.unit not in ("kg", currency):
            return False
        measured = Decimal(grams) / 1000 if self.unit == "kg" else value
        return self.low <= measured and (self.high is None or measured < self.high)


@lru_cache(maxsize=64)
def rows(text: str) -> tuple[Row, ...]:
    """The table. Raises ``ValidationError`` that names the line and what is wrong with it."""
    found: list[Row] = []
    for number, line in _lines(text):
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) != len(COLUMNS):
            raise _wrong(number, f"has {len(cells)} columns instead of {len(COLUMNS)} ({' | '.join(COLUMNS)})")
        found.append(_row(number, cells))
    return tuple(found)


@lru_cache(maxsize=64)
def exchange(text: str) -> dict[tuple[str, str], Decimal]:
    """Factors by (from, to), one ``USD EUR 0.92`` a line. Raises ``ValidationError``."""
    found: dict[tuple[str, str], Decimal] = {}
    for number, line in _lines(text):
        match = RATE.fullmatch(line.strip())
        factor = Decimal(match[3]) if match else Decimal(0)
        if match is None or not factor or match[1] == match[2]:
            raise _wrong(number, "is not two currencies and a factor, such as “USD EUR 0.92”")
        found[(match[1], match[2])] = factor
    return found


class TableField(forms.CharField):
    """The table as text, refused with the number of the line that is wrong."""

    widget = forms.Textarea(attrs={"rows": 6, "spellcheck": "false"})

    def clean(self, value: Any) -> str:
        text = str(super().clean(value) or "")
        rows(text)
        return text


class ExchangeField(forms.CharField):
    """Exchange rates as text."""

    widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})

    def clean(self, value: Any) -> str:
        text = str(super().clean(value) or "")
        exchange(text)
        return text


def _lines(text: str) -> list[tuple[int, str]]:
    found = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip() and not line.startswith("#")]
    if len(found) > LINE_LIMIT:
        raise ValidationError(f"At most {LINE_LIMIT} lines.", code="too_many")
    return found


def _row(number: int, cells: list[str]) -> Row:
    country, postal, condition, name, code, price, days = cells
    countries = [] if country in ("", "*") else [one.strip().upper() for one in country.split(",")]
    if not all(re.fullmatch(r"[A-Z]{2}", one) for one in countries):
        raise _wrong(number, f"names no country: “{country}”; give two letters such as DE, several with commas, or *")
    postal_codes = [] if postal in ("", "*") else [one.strip().upper() for one in postal.split(",")]
    if not all(re.fullmatch(r"[A-Z0-9 -]+\*?", one) for one in postal_codes):
        raise _wrong(number, f"has an odd postal code: “{postal}”; give 20095, or 20* for all that begin so")
    amount = PRICE.fullmatch(price)
    if amount is None:
        raise _wrong(number, f"has no price: “{price}”; give an amount and its currency, such as 4.95 EUR")
    if not name or len(name) > 100:
        raise _wrong(number, "has no name, or one of more than 100 characters")
    if not CODE.fullmatch(code):
        raise _wrong(number, f"has no usable code: “{code}”; give capital letters, digits, - and _, at most 40")
    unit, low, high = _condition(number, condition)
    return Row(
        countries=frozenset(countries), postal_codes=tuple(_plain(one) for one in postal_codes), unit=unit, low=low,
        high=high, name=name, code=code, price=Decimal(amount[1]), currency=amount[2], days=_days(number, days),
    )  # fmt: skip


def _condition(number: int, text: str) -> tuple[str, Decimal, Decimal | None]:
    if text in ("", "*"):
        return "", Decimal(0), None
    match = CONDITION.fullmatch(text)
    try:
        low, high = (Decimal(match[1]), Decimal(match[2]) if match[2] else None) if match else (None, None)
    except InvalidOperation:
        low = None
    if match is None or low is None or (high is not None and high <= low):
        raise _wrong(number, f"has an odd condition: “{text}”; give 0-30 kg, or 50- EUR, or leave it blank")
    return match[3], low, high


def _days(number: int, text: str) -> tuple[int, int] | None:
    if text in ("", "*"):
        return None
    match = DAYS.fullmatch(text)
    if match is None or int(match[2] or match[1]) < int(match[1]):
        raise _wrong(number, f"has odd days: “{text}”; give 2, or 2-4, or leave them blank")
    return int(match[1]), int(match[2] or match[1])


def _plain(postal_code: str) -> str:
    return re.sub(r"[\s-]", "", postal_code.upper())


def _is_of(postal_code: str, pattern: str) -> bool:
    if pattern.endswith("*"):
        return postal_code.startswith(pattern[:-1])
    return postal_code == pattern


def _wrong(number: int, what: str) -> ValidationError:
    return ValidationError(f"Line {number} {what}.", code="line")
