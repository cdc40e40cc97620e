"""Single values of the contract, read tolerantly and written one way. Money is ``Decimal``, never a binary float.

Each reader returns the value and a remark (empty where the value had exactly the contract's form), or raises
``Unreadable`` with words for what was found. Rules: article 6995799 for dates and paging, 7925260 and 7930420 for money
as number and as text (reference checked 2026-11-20); tolerance beyond them is ours.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import urlsplit

from connectors.generic_erp import shapes
from connectors.generic_erp.shapes import Member

DECIMAL_TEXT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
DATE_TEXT = re.compile(r"\d{4}-\d{2}-\d{2}|\d{8}", re.ASCII)
CANONICAL_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)
UNIX_TEXT = re.compile(r"\d{9,10}", re.ASCII)
UNIX_LIMIT_S = 10_000_000_000  # the year 2286; what is larger was meant as milliseconds
WHOLE_DIGITS = 15  # more than any amount has; "1E+999999" must not become a megabyte of zeros
FRACTION_DIGITS = 10
SHOWN_CHARACTERS = 40

# ISO 4217 currencies whose minor unit is not a hundredth.
CURRENCY_DIGITS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
}

EXPECTED = {
    shapes.ID: "text",
    shapes.TEXT: "text",
    shapes.MONEY: "a decimal number",
    shapes.QUANTITY: "a decimal number",
    shapes.COUNT: "a whole number",
    shapes.MOMENT: "ISO date",
    shapes.DAY: "ISO date",
    shapes.CURRENCY: "a currency code",
    shapes.LINK: "a web address",
    shapes.HTTPS_LINK: "an https address",
    shapes.TEXTS: "a list of texts",
    shapes.RECORD: "an object",
    shapes.RECORDS: "a list",
}


class Unreadable(ValueError):
    """``str()`` says what was found, for people: ``text "31/02"``."""


def described(raw: Any) -> str:
    """What a JSON value is, in words, cut for display."""
    if raw is None:
        return "null"
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, str):
        shown = printable(raw)
        return f'text "{shown[:SHOWN_CHARACTERS]}{"…" if len(shown) > SHOWN_CHARACTERS else ""}"'
    if isinstance(raw, int | float | Decimal):
        return f"number {str(raw)[:SHOWN_CHARACTERS]}"
    return "a list" if isinstance(raw, list) else "an object"


def printable(text: str) -> str:
    """One line without control, formatting and broken characters: safe in a log, a mail and a database."""
    spaced = re.sub(r"[\t\r\n]+", " ", text)
    return "".join(c for c in spaced if unicodedata.category(c) not in ("Cc", "Cf", "Cs")).strip()


def decimal_value(raw: Any) -> Decimal:
    """Any reasonable spelling of a decimal number. No thousands marks, no currency signs: they are ambiguous."""
    if isinstance(raw, bool):
        raise Unreadable(described(raw))
    if isinstance(raw, str) and DECIMAL_TEXT.fullmatch(raw.strip()):
        number = Decimal(raw.strip())
    elif isinstance(raw, int | Decimal):
        number = Decimal(raw)
    elif isinstance(raw, float):  # only a field map's own function makes one: its shortest spelling is what was meant
        number = Decimal(repr(raw))
    else:
        raise Unreadable(described(raw))
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or number.adjusted() >= WHOLE_DIGITS or exponent < -FRACTION_DIGITS - WHOLE_DIGITS:
        raise Unreadable(described(raw))
    return number if number else Decimal(0).scaleb(exponent)  # no negative zero


def _decimal(raw: Any, member: Member) -> tuple[Decimal, str]:
    number = decimal_value(raw)
    if member.is_number and isinstance(raw, str):
        return number, f"{described(raw)}, the contract has a number"
    if not member.is_number and not isinstance(raw, str):
        return number, f"{described(raw)}, the contract has decimal text"
    return number, ""


def _count(raw: Any, member: Member) -> tuple[int, str]:
    number = decimal_value(raw)
    if number < 0 or number != number.to_integral_value():
        raise Unreadable(described(raw))
    return int(number), "" if isinstance(raw, int) else f"{described(raw)}, the contract has a whole number"


def clean_text(raw: Any) -> str:
    """Text trimmed and storable: neither NUL nor half a surrogate pair survives a database."""
    if isinstance(raw, bool) or not isinstance(raw, str | int | Decimal):
        raise Unreadable(described(raw))
    text = raw if isinstance(raw, str) else format(decimal_value(raw), "f")
    return text.replace("\x00", "").encode("utf-8", "replace").decode().strip()


def _text(raw: Any, member: Member) -> tuple[str, str]:
    return clean_text(raw), "" if isinstance(raw, str) else f"{described(raw)}, the contract has text"


def _currency(raw: Any, member: Member) -> tuple[str, str]:
    text = clean_text(raw)
    if not isinstance(raw, str):
        raise Unreadable(described(raw))
    is_canonical = re.fullmatch(r"[A-Z]{3}", text)
    return text.upper(), "" if is_canonical else f"{described(raw)}, the contract has a code such as USD"


def moment_value(raw: Any) -> datetime | date:
    """ISO 8601 with or without offset (none means UTC), a date alone, or Unix seconds. Points in time come out in UTC.

    A date alone stays a date: midnight would be a guess that a time zone turns into the day before.
    """
    try:
        if isinstance(raw, int | Decimal) and not isinstance(raw, bool):
            # The range first: a whole number as large as 1E+999999999 would be a gigabyte of digits.
            if not 0 < raw < UNIX_LIMIT_S or raw != int(raw):
                raise Unreadable(described(raw))
            return datetime.fromtimestamp(int(raw), UTC)
        if not isinstance(raw, str):
            raise Unreadable(described(raw))
        text = raw.strip()
        if DATE_TEXT.fullmatch(text):
            return date.fromisoformat(text)
        if UNIX_TEXT.fullmatch(text):
            return datetime.fromtimestamp(int(text), UTC)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except Unreadable:
        raise
    except (ValueError, OverflowError, ArithmeticError):
        raise Unreadable(described(raw)) from None


def _moment(raw: Any, member: Member) -> tuple[datetime | date, str]:
    moment = moment_value(raw)
    is_canonical = isinstance(raw, str) and (
        CANONICAL_MOMENT.fullmatch(raw)
        or (member.kind == shapes.DAY and not isinstance(moment, datetime) and "-" in raw)
    )
    return moment, "" if is_canonical else f"{described(raw)}, the contract has the form 2025-08-19T14:22:05Z"


def _link(raw: Any, member: Member) -> tuple[str, str]:
    # A link is shown to a shopper: anything but a web address (javascript:, data:) must not get through.
    schemes = ("https",) if member.kind == shapes.HTTPS_LINK else ("https", "http")
    if not isinstance(raw, str) or printable(raw) != raw.strip():
        raise Unreadable(described(raw))
    try:
        parts = urlsplit(raw.strip())
    except ValueError:
        raise Unreadable(described(raw)) from None
    if parts.scheme not in schemes or not parts.hostname:
        raise Unreadable(described(raw))
    return raw.strip(), ""


def _texts(raw: Any, member: Member) -> tuple[list[str], str]:
    if not isinstance(raw, list):
        raise Unreadable(described(raw))
    texts = [clean_text(one) for one in raw]
    others = [one for one in raw if not isinstance(one, str)]
    return [text for text in texts if text], f"{described(others[0])}, the contract has text" if others else ""


READERS: dict[str, Callable[[Any, Member], tuple[Any, str]]] = {
    shapes.ID: _text,
    shapes.TEXT: _text,
    shapes.MONEY: _decimal,
    shapes.QUANTITY: _decimal,
    shapes.COUNT: _count,
    shapes.MOMENT: _moment,
    shapes.DAY: _moment,
    shapes.CURRENCY: _currency,
    shapes.LINK: _link,
    shapes.HTTPS_LINK: _link,
    shapes.TEXTS: _texts,
}


def currency_digits(currency: str) -> int:
    return CURRENCY_DIGITS.get(currency, 2)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Half up to the currency's digits, as money is rounded on paper."""
    return amount.quantize(Decimal(1).scaleb(-currency_digits(currency)), ROUND_HALF_UP)


def money_text(amount: Decimal, currency: str) -> str:
    """Decimal text with at least the currency's digits; a finer price keeps its own. Never rounds."""
    digits = currency_digits(currency)
    whole, _, fraction = format(amount, "f").partition(".")
    fraction = fraction.rstrip("0").ljust(digits, "0")
    return f"{whole}.{fraction}" if fraction else whole


def quantity_text(quantity: Decimal) -> str:
    """Decimal text without idle zeros: ``5``, ``2.5``."""
    return money_text(quantity, "JPY")


def moment_text(moment: datetime | date) -> str:
    """``2025-08-19T14:22:05Z``, or ``2025-08-19`` where the ERP named only a day."""
    if isinstance(moment, datetime):
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
    return moment.isoformat()


def calendar_day(moment: datetime | date, zone: tzinfo) -> date:
    """The day meant by a due date. Midnight UTC is how ERPs write a day, so it is not moved into the store's zone."""
    if not isinstance(moment, datetime):
        return moment
    at = moment.astimezone(UTC)
    is_day = (at.hour, at.minute, at.second) == (0, 0, 0)
    return at.date() if is_day else at.astimezone(zone).date()
