"""The tolerant reader: one walk over an answer that serves both the shopper and the contract check.

It finds wrappers, aliases and field-map overrides, converts each value and keeps what it noticed. What is critical
raises ``PayloadError`` at once, unless the reader collects (contract check): then everything is written down and
reading goes on with ``None``. Tolerance: "not all response fields are required", articles 8016865 and 6995799
(reference checked 2026-11-20); wrappers and alias lists are ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from connectors.exceptions import PayloadError
from connectors.generic_erp import fieldmap, shapes, values
from connectors.generic_erp.shapes import Member
from connectors.generic_erp.values import Unreadable

if TYPE_CHECKING:
    from connectors.generic_erp.settings import GenericErpSettings

TOLERANCE = Decimal("0.01")  # major units; sums may differ by this much without being noted

UNREADABLE_OWNER = "\x00"  # no account number: a record that names its owner illegibly is nobody's

# Codes of notes on an event.
BAD_RESPONSE = "bad_response"  # a failure, were the rest not usable: foreign rows, an invoice without balance
UNREADABLE = "unreadable"  # an optional member was there but could not be read
INCONSISTENT = "inconsistent"  # figures of one answer contradict each other
CURRENCY = "currency"  # not the store's currency
PARTIAL = "partial"  # data came together with an error message
FORM = "form"  # tolerated difference of form; only the contract check shows these


class Note(NamedTuple):
    code: str
    text: str


class Reading(NamedTuple):
    """``data`` is ready for JSON: money and quantities are decimal text, times ISO text, absent members ``None``."""

    data: dict[str, Any]
    notes: list[Note]


@dataclass(frozen=True)
class Finding:
    """Something noticed at ``path`` (in our words). ``is_error``: the contract is broken, not just stretched."""

    code: str
    path: str
    text: str
    is_error: bool

    @property
    def sentence(self) -> str:
        return f"{self.path}: {self.text}" if self.path else self.text

    @property
    def field(self) -> str:
        """The path without positions: the same mistake in row 3 and row 4 is one mistake."""
        return re.sub(r"\[\d+\]", "[]", self.path)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the request said, as far as the answer is judged by it. ``basket_total`` in the store's currency."""

    customer_code: str
    document_id: str = ""
    page: int = 1
    per_page: int = 20
    basket_total: Decimal | None = None


@dataclass(frozen=True)
class Place:
    """Where a value stands: in our words, in the ERP's answer, and as a key of the field map."""

    ours: str
    wire: str
    mapped: str = ""

    def member(self, name: str, key: str) -> Place:
        return Place(
            f"{self.ours}.{name}" if self.ours else name,
            f"{self.wire}.{key}" if self.wire else key,
            f"{self.mapped}.{name}" if self.mapped else name,
        )

    def item(self, index: int) -> Place:
        return Place(f"{self.ours}[{index}]", f"{self.wire}[{index}]", self.mapped)


class Reader:
    """Reads one answer. ``section`` is the function's name: the head of our paths and of its field-map keys."""

    def __init__(
        self, section: str, settings: GenericErpSettings, *, collects: bool = False, now: datetime | None = None
    ) -> None:
        self.section = section
        self.settings = settings
        self.field_map: Mapping[str, str] = settings.field_map or {}
        self.collects = collects
        self.now = now or datetime.now(UTC)
        self.findings: list[Finding] = []

    @property
    def today(self) -> date:
        """The store's day."""
        return self.now.astimezone(self.settings.zone).date()

    @property
    def notes(self) -> list[Note]:
        """What an event should say, one note per field however many rows had it."""
        kept = [finding for finding in self.findings if finding.code != FORM]
        firsts: dict[tuple[str, str], list[Finding]] = {}
        for finding in kept:
            firsts.setdefault((finding.code, finding.field), []).append(finding)
        return [
            Note(code, group[0].sentence + (f" (and {len(group) - 1} more)" if len(group) > 1 else ""))
            for (code, _), group in firsts.items()
        ]

    def note(self, code: str, path: str, text: str, *, is_error: bool = False) -> None:
        self.findings.append(Finding(code, path, text, is_error))

    def fail(self, place: Place, text: str) -> None:
        """A critical fault. Raises ``PayloadError`` unless this reader collects."""
        finding = Finding(BAD_RESPONSE, place.ours, text, is_error=True)
        if not self.collects:
            raise PayloadError(finding.sentence, path=place.wire, code=BAD_RESPONSE)
        self.findings.append(finding)

    def rows(self, answer: Any, names: Sequence[str]) -> tuple[list[Any], Place]:
        """The rows of a list answer: below ``data``, below one of ``names``, or a bare array."""
        found, wire = self._contained(answer, names, list)
        place = Place(self.section, wire)
        if found is None:
            self.fail(place, f"{_absent(answer, wire)}, expected a list")
            return [], place
        return found, place

    def single(self, answer: Any, names: Sequence[str]) -> tuple[dict[str, Any], Place]:
        """The one record of an answer: below ``data``, below one of ``names``, or the bare object."""
        found, wire = self._contained(answer, names, dict)
        place = Place(self.section, wire)
        if found is None:
            self.fail(place, f"{_absent(answer, wire)}, expected an object")
            return {}, place
        return found, place

    def _contained(self, answer: Any, names: Sequence[str], kind: type) -> tuple[Any, str]:
        expression = fieldmap.expression_for(self.field_map, self.section, "")
        if expression is not None:
            try:
                found = fieldmap.find(expression, answer)
            except Unreadable:
                found = None
            return (found if isinstance(found, kind) else None), expression
        if isinstance(answer, kind) and kind is list:
            self.note(FORM, self.section, "a bare list, the contract has it under data")
            return answer, ""
        if not isinstance(answer, dict):
            return None, ""
        outer, prefix = answer, ""
        if isinstance(answer.get("data"), dict) and (kind is list or _has(answer["data"], names, kind)):
            outer, prefix = answer["data"], "data."
        elif answer.get("data") is not None:
            return (answer["data"] if isinstance(answer["data"], kind) else None), "data"
        for name in names:
            if isinstance(outer.get(name), kind):
                self.note(FORM, self.section, f"found under {prefix}{name}, the contract has it under data")
                return outer[name], prefix + name
        if kind is list:
            return None, "data"
        self.note(FORM, self.section, "a bare object, the contract has it under data")
        return answer, ""

    def record(self, raw: Any, members: Sequence[Member], place: Place) -> dict[str, Any] | None:
        """One record, every member present in the result; ``None`` where it is no object and the reader collects."""
        if not isinstance(raw, dict):
            self.fail(place, f"{values.described(raw)}, expected an object")
            return None
        read: dict[str, Any] = {}
        for member in members:
            read[member.name] = self._member(raw, member, place, read)
        return read

    def _member(self, raw: dict[str, Any], member: Member, place: Place, siblings: Mapping[str, Any]) -> Any:
        value, at = None, place.member(member.name, member.name)
        problem = f"missing, expected {values.EXPECTED[member.kind]}"
        try:
            value, at = self._find(raw, member, place)
            if value is not None:
                return self._converted(value, member, at)
        except Unreadable as error:
            problem = f"{error}, expected {values.EXPECTED[member.kind]}"
            value = error
        if member.is_critical and member.or_else:
            self.note(UNREADABLE if value else FORM, at.ours, f"{problem}; {member.or_else} is shown instead")
            return siblings.get(member.or_else)
        if member.survives:
            self.note(BAD_RESPONSE, at.ours, problem, is_error=True)
        elif member.is_critical:
            self.fail(at, problem)
        elif value is not None:
            self.note(UNREADABLE, at.ours, problem)
            if member.is_owner:
                return UNREADABLE_OWNER
        return None

    def _find(self, raw: dict[str, Any], member: Member, place: Place) -> tuple[Any, Place]:
        """The raw value by field map, name or alias, first hit wins; blank text counts as absent."""
        mapped = f"{place.mapped}.{member.name}" if place.mapped else member.name
        expression = fieldmap.expression_for(self.field_map, self.section, mapped)
        if expression is not None:
            at = place.member(member.name, expression)
            return _present(fieldmap.find(expression, raw)), at
        for key in (member.name, *member.aliases):
            value = _present(raw.get(key))
            if value is not None:
                at = place.member(member.name, key)
                if key != member.name:
                    self.note(FORM, at.ours, f"found as {key}, the contract has {member.name}")
                return value, at
        return None, place.member(member.name, member.name)

    def _converted(self, raw: Any, member: Member, at: Place) -> Any:
        if member.kind == shapes.RECORD:
            if not isinstance(raw, dict):
                raise Unreadable(values.described(raw))
            return self.record(raw, member.members, at)
        if member.kind == shapes.RECORDS:
            if not isinstance(raw, list):
                raise Unreadable(values.described(raw))
            strays = [one for one in raw if not isinstance(one, dict)]
            if strays and not member.is_critical:
                raise Unreadable(f"a list with {values.described(strays[0])} in it")
            records = [self.record(one, member.members, at.item(index)) for index, one in enumerate(raw)]
            return [record for record in records if record is not None]
        value, remark = values.READERS[member.kind](raw, member)
        if remark:
            self.note(FORM, at.ours, remark)
        return value

    def is_foreign(self, record: Mapping[str, Any], asked: Asked) -> bool:
        """Whether a record says that it belongs to another customer. One that says nothing is trusted."""
        owner = record.get("customer_code")
        return bool(owner) and owner != asked.customer_code.strip()

    def currency_of(self, record: Mapping[str, Any]) -> str:
        return record.get("currency") or self.settings.store_currency


def rendered(record: Mapping[str, Any], members: Sequence[Member], currency: str) -> dict[str, Any]:
    """A read record ready for JSON; members keep the order of their shape."""
    return {member.name: _rendered(record[member.name], member, currency) for member in members}


def _rendered(value: Any, member: Member, currency: str) -> Any:
    if value is None:
        return None
    if member.kind == shapes.RECORD:
        return rendered(value, member.members, currency)
    if member.kind == shapes.RECORDS:
        return [rendered(one, member.members, currency) for one in value]
    if member.kind == shapes.MONEY:
        return values.money_text(value, currency)
    if member.kind == shapes.QUANTITY:
        return values.quantity_text(value)
    if member.kind in (shapes.MOMENT, shapes.DAY):
        return values.moment_text(value)
    return value


def _present(raw: Any) -> Any:
    return None if isinstance(raw, str) and not raw.strip() else raw


def _has(outer: Mapping[str, Any], names: Sequence[str], kind: type) -> bool:
    return any(isinstance(outer.get(name), kind) for name in names)


def _absent(answer: Any, wire: str) -> str:
    """What stands where the rows or the record should."""
    if isinstance(answer, dict):
        found = answer.get("data")
        return values.described(found) if found is not None and wire == "data" else "missing"
    return values.described(answer)
