"""Shipping rates as the checkout takes them: amounts in its subunits, codes that stay, delivery dates in its format.

https://shopify.dev/docs/api/admin-rest/latest/resources/carrierservice (callback format, checked 2026-11-20).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.quotes import KEY_LENGTH

WITHOUT_SUBUNITS = frozenset("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split())  # ISO 4217
QUOTE_MARK = "~"  # between the code of a service and the key of the quote it was chosen from
CODE_LIMIT = 40
NAME_LIMIT = 100
FIRST_HOUR, LAST_HOUR = time(12, 0), time(18, 0)
SATURDAY = 5


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One rate. ``price`` in ``currency``; ``days`` are working days from today, ``on`` a certain day."""

    name: str
    code: str
    price: Decimal
    currency: str
    description: str = ""
    days: tuple[int, int] | None = None
    on: date | None = None

    def kept(self) -> dict[str, Any]:
        """In the form that is kept and read again by ``from_kept``."""
        return {
            **asdict(self),
            "price": str(self.price),
            "days": list(self.days) if self.days else None,
            "on": self.on.isoformat() if self.on else None,
        }


def from_kept(row: Mapping[str, Any]) -> Offer:
    return Offer(
        name=row["name"],
        code=row["code"],
        price=Decimal(row["price"]),
        currency=row["currency"],
        description=row.get("description") or "",
        days=tuple(row["days"]) if row.get("days") else None,
        on=date.fromisoformat(row["on"]) if row.get("on") else None,
    )


def rounded(amount: Decimal, currency: str) -> Decimal:
    """To the smallest amount a buyer can be charged. A third digit (KWD) is rounded away: the checkout takes two."""
    step = Decimal(1) if currency in WITHOUT_SUBUNITS else Decimal("0.01")
    return amount.quantize(step, ROUND_HALF_UP)


def subunits(amount: Decimal, currency: str) -> str:
    """A hundredfold, also for currencies without subunits."""
    return str(int(rounded(amount, currency) * 100))


def code_of(label: str) -> str:
    """A code made of a name, the same for the same name."""
    plain = re.sub(r"[^A-Z0-9]+", "_", label.upper()).strip("_")
    if not plain:
        return f"RATE_{hashlib.sha256(label.encode()).hexdigest()[:8].upper()}"
    return (
        plain if len(plain) <= CODE_LIMIT else f"{plain[:31]}_{hashlib.sha256(label.encode()).hexdigest()[:8].upper()}"
    )


def split_code(code: str) -> tuple[str, str]:
    """(code, quote key) of a shipping line's code; the key is empty where the code carries none."""
    plain, _, key = code.rpartition(QUOTE_MARK)
    is_key = plain and len(key) == KEY_LENGTH and key.isascii() and key.isalnum()
    return (plain, key) if is_key else (code, "")


def distinct(offers: Iterable[Offer]) -> list[Offer]:
    """Two names that make the same code are told apart by their names, whatever the order they come in."""
    rows = list(offers)
    codes = [one.code for one in rows]
    return [
        replace(one, code=f"{one.code[:31]}_{hashlib.sha256(one.name.encode()).hexdigest()[:8].upper()}")
        if codes.count(one.code) > 1
        else one
        for one in rows
    ]


def rendered(
    offers: Iterable[Offer], *, key: str, now: datetime, zone: ZoneInfo, phone_required: bool
) -> list[dict[str, Any]]:
    """The list ``rates`` of the answer. ``key``: added to each code, where there is one."""
    rows = []
    for one in offers:
        row: dict[str, Any] = {
            "service_name": one.name[:NAME_LIMIT],
            "description": one.description or _in_words(one),
            "service_code": f"{one.code}{QUOTE_MARK}{key}" if key else one.code,
            "currency": one.currency,
            "total_price": subunits(one.price, one.currency),
            "phone_required": phone_required,
        }
        span = _span(one, now.astimezone(zone).date())
        if span is not None:
            row["min_delivery_date"] = _moment(span[0], FIRST_HOUR, zone)
            row["max_delivery_date"] = _moment(span[1], LAST_HOUR, zone)
        rows.append(row)
    return rows


def _in_words(one: Offer) -> str:
    if one.days is None:
        return ""
    first, last = one.days
    return f"{last} working day{'' if last == 1 else 's'}" if first == last else f"{first}-{last} working days"


def _span(one: Offer, today: date) -> tuple[date, date] | None:
    if one.on is not None:
        return (one.on, one.on) if one.on >= today else None
    return (_after(today, one.days[0]), _after(today, one.days[1])) if one.days else None


def _after(day: date, working_days: int) -> date:
    while working_days > 0 or day.weekday() >= SATURDAY:
        day += timedelta(days=1)
        working_days -= day.weekday() < SATURDAY
    return day


def _moment(day: date, hour: time, zone: ZoneInfo) -> str:
    return datetime.combine(day, hour, zone).strftime("%Y-%m-%d %H:%M:%S %z")
