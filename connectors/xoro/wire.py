"""How Xoro writes values: dates, numbers, ids. Formats as seen in answers of the tenants of several clients
(https://xorosoft.docs.apiary.io/, checked 2026-11-20, states none of them)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from connectors.exceptions import PayloadError

NO_DATE = date(1, 1, 1)
CENT = Decimal("0.01")
# By hand: the names of ``strftime`` depend on the machine's language.
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
HEADERS = ("SoEstimateHeader", "invoiceHeader", "InvoiceHeader", "creditMemoHeader", "CreditMemoHeader")
LINES = (
    "SoEstimateItemLineArr", "invoiceItemLineArr", "InvoiceItemLineArr", "creditMemoItemLineArry",
    "creditMemoItemLineArr",
)  # fmt: skip
# A credit memo names its invoice too: its own number comes first.
NUMBERS = ("CreditMemoNumber", "OrderNumber", "InvoiceNumber", "Id")


def day_in(moment: datetime, zone: str) -> date:
    """The calendar day of an aware moment in the tenant's zone."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(ZoneInfo(zone)).date()


def us_date(day: date, plus_days: int = 0) -> str:
    """``MM/DD/YYYY``."""
    return (day + timedelta(days=plus_days)).strftime("%m/%d/%Y")


def long_date(moment: datetime, zone: str) -> str:
    """``07 March, 2026 04:15:30``: how credit memos are dated, in the tenant's zone, by a clock of 24 hours."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    there = aware.astimezone(ZoneInfo(zone))
    return f"{there:%d} {MONTHS[there.month - 1]}, {there:%Y %H:%M:%S}"


def iso_date(value: Any, path: str = "") -> str | None:
    """``03/09/2026`` or ``03/09/2026 10:02:11 AM`` or an ISO date as ``2026-03-09``; ``01/01/0001`` and blanks are no
    date. The day is taken as written, never moved through a time zone. Raises ``PayloadError``."""
    written = str(value or "").strip().replace("T", " ").split(" ")[0]
    if not written:
        return None
    for form in ("%m/%d/%Y", "%Y-%m-%d"):
        try:
            day = datetime.strptime(written, form).date()  # noqa: DTZ007  (a day, taken as written)
        except ValueError:
            continue
        return None if day == NO_DATE else day.isoformat()
    raise PayloadError(f"Xoro sent “{written}” where a date belongs.", path=path)


def number(value: Decimal) -> int | float:
    """A JSON number whose text is the decimal's own (up to 15 digits, more than any amount has)."""
    return int(value) if value == value.to_integral_value() else float(value)


def decimal(value: Any, path: str = "") -> Decimal:
    """A number of an answer. Raises ``PayloadError``."""
    try:
        found = Decimal(str(value if value not in (None, "") else 0))
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise PayloadError(f"Xoro sent “{value}” where a number belongs.", path=path)
    return found


def money(value: Any, path: str = "") -> str:
    """An amount of an answer as a decimal string with at least two places."""
    amount = decimal(value, path)
    rounded = amount.quantize(CENT)
    return str(rounded) if rounded == amount else format(amount.normalize(), "f")


def quantity(value: Any, path: str = "") -> str:
    """A quantity of an answer as a decimal string without needless zeros."""
    return format(decimal(value, path).normalize(), "f")


def identifier(value: Any) -> str:
    """An id as text: Xoro answers ids as strings, whole numbers or numbers with a fraction of zero."""
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, (float, Decimal)):
        return str(int(value)) if value == int(value) else str(value)
    return str(value).strip()


def without_blanks(members: Mapping[str, Any]) -> dict[str, Any]:
    """Only what says something: no ``None``, no empty text, no empty list. ``False`` and 0 stay."""
    return {
        name: value
        for name, value in members.items()
        if value is not None and not (isinstance(value, str | list) and not value)
    }


def header_of(row: Any) -> dict[str, Any]:
    """The header of a document row, however the answer spells it."""
    header: dict[str, Any] = _member(row, HEADERS, {})
    return header


def lines_of(row: Any) -> list[dict[str, Any]]:
    """The lines of a document row, however the answer spells it."""
    lines: list[Any] = _member(row, LINES, [])
    return [line for line in lines if isinstance(line, dict)]


def has_status(row: Any, statuses: Iterable[str]) -> bool:
    """Whether a document is in one of these statuses, whatever their case."""
    status = identifier(header_of(row).get("StatusName")).casefold()
    return status in {one.casefold() for one in statuses}


def document_number(row: Any) -> str:
    """What tells a document apart from all others of its kind: its number, else its id."""
    header = header_of(row)
    return next((number for name in NUMBERS if (number := identifier(header.get(name)))), "")


def _member(row: Any, names: tuple[str, ...], otherwise: Any) -> Any:
    for name in names:
        if isinstance(row, dict) and isinstance(row.get(name), type(otherwise)):
            return row[name]
    return otherwise


def local_moment(value: Any, path: str = "") -> datetime | None:
    """A date-time of an answer as it stands there, without a zone: ``03/09/2026 10:02:11 AM``, ``03/09/2026 22:02:11``,
    or ISO. Blanks and ``01/01/0001`` are none. Raises ``PayloadError``."""
    written = " ".join(str(value or "").strip().removesuffix("Z").replace("T", " ").partition(".")[0].split())
    for form in ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"):
        try:
            moment = datetime.strptime(written, form)  # noqa: DTZ007  (as written)
        except ValueError:
            continue
        return None if moment.date() == NO_DATE else moment
    if not written:
        return None
    raise PayloadError(f"Xoro sent “{written}” where a time belongs.", path=path)


def moment_in(moment: datetime, zone: str) -> datetime:
    """A moment of an answer, which is meant in the tenant's zone, as an aware one."""
    return moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def look_back(moment: datetime, minutes: int, zone: str) -> datetime:
    """So many minutes before a moment as an answer writes it, written the same way, by the clock of the tenant's zone. In
    the hour that such a clock shows twice an hour more: what was written the second time may look older than it is."""
    tenant = ZoneInfo(zone)
    found = (moment.replace(tzinfo=tenant).astimezone(UTC) - timedelta(minutes=minutes)).astimezone(tenant)
    repeated = max(_repeated(moment, tenant), _repeated(found.replace(tzinfo=None), tenant))
    return found.replace(tzinfo=None, fold=0) - repeated


def _repeated(moment: datetime, zone: ZoneInfo) -> timedelta:
    """How much of the clock is shown twice around a moment; nothing nearly always."""
    first, second = (moment.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    return max(first - second, timedelta())
