"""What an answer means: the classification table, and the hub's own words for each outcome.

No public article lists status codes or an error body for this app; only "any HTTP error or timeout is an error, hidden
from the shopper, mailed" is documented (articles 7282926 and 7059050, reference checked 2026-11-20). The table is ours.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

from connectors.generic_erp.functions import TAXES, Function
from connectors.generic_erp.values import printable

SUCCESS = "success"
NOT_FOUND = "not_found"
NOT_SENT = "not_sent"
REJECTED = "rejected"
AUTH = "auth"
THROTTLED = "throttled"
ERP_ERROR = "erp_error"
BAD_RESPONSE = "bad_response"
ERP_DOWN = "erp_down"
UNREACHABLE = "unreachable"

MESSAGE_LIMIT = 250  # characters
PAUSE_LIMIT_S = 60.0
PAUSE_UNSAID_S = 5.0  # of an ERP that asks to slow down without saying for how long
MASK = "***"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """``hub_outcome`` and ``hub_reason`` are the event's words; the finer word stays as its reason code."""

    name: str
    hub_outcome: str
    hub_reason: str = ""
    is_mailed: bool = True


OUTCOMES: dict[str, Outcome] = {
    outcome.name: outcome
    for outcome in (
        Outcome(name=SUCCESS, hub_outcome="succeeded", is_mailed=False),
        Outcome(name=NOT_FOUND, hub_outcome="succeeded", is_mailed=False),
        Outcome(name=NOT_SENT, hub_outcome="skipped", is_mailed=False),
        Outcome(name=REJECTED, hub_outcome="failed", hub_reason="refused"),
        Outcome(name=ERP_ERROR, hub_outcome="failed", hub_reason="refused"),
        Outcome(name=AUTH, hub_outcome="failed", hub_reason="unauthorised"),
        Outcome(name=BAD_RESPONSE, hub_outcome="failed", hub_reason="payload"),
        Outcome(name=THROTTLED, hub_outcome="failed", hub_reason="unavailable"),
        Outcome(name=ERP_DOWN, hub_outcome="failed", hub_reason="unavailable"),
        Outcome(name=UNREACHABLE, hub_outcome="failed", hub_reason="unavailable"),
    )
}


_SHOW = "Show the request and its answer, under Related Requests, to the developer of the ERP's API."
NEXT_STEPS = {
    REJECTED: _SHOW,
    ERP_ERROR: _SHOW,
    AUTH: "Enter a valid Key and Token on the connector's page, then test the connection.",
    BAD_RESPONSE: (
        "Run the contract check and show what it finds to the developer of the ERP's API. What is only named "
        "differently can be put into the field map."
    ),
    THROTTLED: "Nothing to do now: the hub waits as long as the ERP asks. If it lasts, ask for a higher limit.",
    ERP_DOWN: "Ask the ERP's operator. Shoppers get the neutral answer until it works again.",
    UNREACHABLE: (
        "Check the address in the connector's settings and whether the ERP is up. Shoppers get the neutral answer till "
        "it can be reached."
    ),
}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """``sentence`` is for support, empty on success; ``parsed`` the answer's JSON, where it is a success."""

    outcome: str
    sentence: str = ""
    parsed: Any = None


def classify(
    status: int, content: bytes, *, function: Function, subject: str = "", secrets: Sequence[str] = ()
) -> Verdict:
    """The verdict on a complete HTTP answer. ``subject`` is what was asked for (order id, account number)."""
    if status in (200, 201):
        return _classify_success(status, content, function, secrets)
    outcome, sentence = _classify_failure(status, content, function, subject, secrets)
    return Verdict(outcome=outcome, sentence=masked(sentence, secrets)[:MESSAGE_LIMIT])


def _classify_success(status: int, content: bytes, function: Function, secrets: Sequence[str]) -> Verdict:
    if not content.strip():
        return Verdict(outcome=BAD_RESPONSE, sentence=f"ERP answer is empty ({status})")
    try:
        answer = parsed(content)
    except ValueError:
        return Verdict(outcome=BAD_RESPONSE, sentence="ERP answer is not valid JSON")
    if not isinstance(answer, dict | list):
        return Verdict(outcome=BAD_RESPONSE, sentence="ERP answer is neither a JSON object nor a list")
    # A tax beside an error is not believed even where it is a number: it could be the zero of a failed calculation.
    if has_error(answer) and (function is TAXES or not has_data(answer)):
        return Verdict(outcome=ERP_ERROR, sentence=error_sentence(answer, secrets))
    return Verdict(outcome=SUCCESS, parsed=answer)


def _classify_failure(
    status: int, content: bytes, function: Function, subject: str, secrets: Sequence[str]
) -> tuple[str, str]:
    if status in (404, 410):
        if function.missing:
            return NOT_FOUND, f"ERP has no {function.missing} {printable(subject)}".rstrip()
        return REJECTED, f"ERP endpoint not found ({status})"
    if status in (401, 403):
        return AUTH, f"ERP refused our credentials ({status})"
    if status == 429:
        return THROTTLED, "ERP asked us to slow down"
    if status >= 500:
        return ERP_DOWN, f"ERP failed ({status})"
    if status >= 400:
        return REJECTED, message_of(content, secrets) or f"ERP rejected the request ({status})"
    if status >= 300:
        return REJECTED, "ERP endpoint redirects"
    return BAD_RESPONSE, f"ERP answer is empty ({status})" if not content.strip() else f"ERP answered with {status}"


def parsed(content: bytes) -> Any:
    """JSON with decimal fractions. Raises ``ValueError`` for what is none, ``NaN`` and ``Infinity`` included."""
    try:
        return json.loads(content.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_refuse)
    except (RecursionError, ArithmeticError) as error:
        raise ValueError("not JSON of any reasonable kind") from error


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def has_error(answer: Any) -> bool:
    return isinstance(answer, Mapping) and bool(answer.get("error") or answer.get("errors"))


DATA_MEMBERS = ("data", "orders", "order", "invoices", "invoice", "items", "balance", "shipping_methods")
BARE_MEMBERS = ("order_id", "invoice_id", "id", "total_balance", "total_due", "salestax_amount")


def has_data(answer: Any) -> bool:
    """Whether anything usable stands beside an error, so that partial success keeps its data."""
    if not isinstance(answer, Mapping):
        return bool(answer)
    if any(answer.get(name) not in (None, "") for name in BARE_MEMBERS):
        return True
    return any(isinstance(answer.get(name), dict | list) and answer[name] for name in DATA_MEMBERS)


def error_sentence(answer: Any, secrets: Sequence[str] = ()) -> str:
    """The ERP's own words of an error in a successful answer."""
    return _message(answer, secrets) or "ERP reported an error without a message"


def message_of(content: bytes, secrets: Sequence[str] = ()) -> str:
    """The ERP's own words in an error body, or ``""``: masked, on one line, at most 250 characters."""
    try:
        return _message(parsed(content), secrets)
    except ValueError:
        return ""


def _message(answer: Any, secrets: Sequence[str]) -> str:
    if not isinstance(answer, Mapping):
        return ""
    error, errors = answer.get("error"), answer.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    candidates = (
        error.get("message") if isinstance(error, Mapping) else None,
        error,
        answer.get("message"),
        first.get("message") if isinstance(first, Mapping) else None,
        first,
        answer.get("detail"),
        answer.get("title"),
    )
    for candidate in candidates:
        if isinstance(candidate, str) and printable(candidate):
            # Masked before it is cut, or the first half of a credential could be left standing at the end.
            return masked(printable(candidate), secrets)[:MESSAGE_LIMIT]
    return ""


def masked(text: str, secrets: Sequence[str]) -> str:
    """``text`` without any of ``secrets`` (longest first)."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


def pause_s(retry_after: str | None, now: datetime | None = None) -> float | None:
    """Seconds to leave the endpoint alone, from ``Retry-After`` as seconds or HTTP date, at most 60. None: not said."""
    text = (retry_after or "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), PAUSE_LIMIT_S)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    seconds = (until - (now or datetime.now(UTC))).total_seconds()
    return min(max(seconds, 0.0), PAUSE_LIMIT_S)
