"""Judging what Xoro answered: the envelope around every answer, and everything that may come instead of one.

Not for repeating calls: that is ``client.py``. Meaning of each form: seen in use by public clients; the vendor's pages
(https://xorosoft.docs.apiary.io/, checked 2026-11-20) do not state it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.exceptions import (
    ConfigurationError,
    PayloadError,
    RemoteRefused,
    RemoteUnauthorised,
    RemoteUnavailable,
)
from connectors.http import HttpAnswer, retry_after_s

PERMISSION_FAULT = "An error has occurred."
KEY_STEP = (
    "Check API key and secret on the connector's page and that the private app in Xoro is active, then press Retry."
)
PERMISSION_STEP = (
    "Nothing to do now: the hub tries again by itself. If it lasts, give the private app in Xoro the permission for "
    "this kind of document."
)


@dataclass(frozen=True)
class Envelope:
    """An answer that is none of the errors. ``is_certain`` is false where the emptiness may be throttling."""

    data: Any
    message: str = ""
    is_certain: bool = True

    @property
    def rows(self) -> list[dict[str, Any]]:
        """``Data`` as a list of objects: Xoro answers one object where it could answer a list of one."""
        if isinstance(self.data, dict):
            return [self.data] if self.data else []
        return [row for row in self.data if isinstance(row, dict)] if isinstance(self.data, list) else []


def read(answer: HttpAnswer, *, is_write: bool) -> Envelope:
    """The envelope of an answer. Raises ``RemoteUnauthorised``, ``ConfigurationError`` (a wrong route),
    ``RemoteUnavailable`` (``code`` throttled, server_error, permission_or_fault, not_json, no_envelope) or
    ``RemoteRefused`` with the vendor's code and message. A write that looks throttled is ``RemoteUnavailable``:
    ``Result: false`` says that it was not done."""
    if not 200 <= answer.status < 300:
        raise _http_error(answer)
    try:
        content = answer.json()
    except PayloadError:
        raise _unavailable(answer, "not_json", "Xoro answered with something that is not JSON.") from None
    if not isinstance(content, dict) or "Result" not in content:
        raise _unavailable(answer, "no_envelope", "Xoro answered JSON without its usual envelope.")
    data, message, code = content.get("Data"), _said(content), _code(content)
    if not is_write and data is not None and not isinstance(data, dict | list):
        raise _unavailable(answer, "no_envelope", "Xoro answered with data that are neither a list nor an object.")
    if content["Result"] is True and code == "0":
        return Envelope(data, message)
    says_nothing = not data and code == "0"
    if says_nothing and not is_write:
        return Envelope(data, message, is_certain=False)
    if says_nothing and not message:
        raise _unavailable(answer, "throttled", "Xoro refused the call without a reason, as it does when too busy.")
    raise RemoteRefused(
        _refusal(message, code),
        code=code,
        status=answer.status,
        request_id=answer.request_id,
    )


def _refusal(message: str, code: str) -> str:
    """The vendor's own sentence where it is one."""
    if " " in message:
        return message
    said = f"saying “{message}”" if message else "and no message"
    return f"Xoro refused the call with error code {code} {said}."


def _code(content: dict[str, Any]) -> str:
    code = content.get("ErrorCode") or 0
    return str(code).strip() if isinstance(code, str | int | Decimal) else "unreadable"


def _said(content: dict[str, Any]) -> str:
    """The vendor's message; what is no text says nothing to people."""
    message = content.get("Message")
    return message.strip() if isinstance(message, str) else ""


def _http_error(answer: HttpAnswer) -> Exception:
    status, message = answer.status, _message(answer)
    known: dict[str, Any] = {"status": status, "request_id": answer.request_id}
    if status in (401, 403):
        return RemoteUnauthorised(f"Xoro does not accept the API key (HTTP {status}).", next_step=KEY_STEP, **known)
    if 300 <= status < 400:
        if "login" in answer.headers.get("location", "").lower():
            step = "Check the API address (the common host, not the tenant's own) and the API key."
            return RemoteUnauthorised("Xoro sent the call to its login page.", code="login", next_step=step, **known)
        return ConfigurationError(f"Xoro answered with a redirect (HTTP {status}): the API address is wrong.", **known)
    if status in (400, 404, 405):
        meaning = {400: "cannot read this call", 404: "does not know this route", 405: "wants another method"}[status]
        return ConfigurationError(
            f"Xoro {meaning} (HTTP {status}){': ' + message if message else '.'}",
            code="route",
            next_step="Correct the route under “Other routes” on the connector's page, or ask Xoro for the routes.",
            **known,
        )
    if status == 429:
        return _unavailable(answer, "throttled", "Xoro asks for fewer calls (HTTP 429).")
    if status == 500 and message == PERMISSION_FAULT:
        sentence = (
            "Xoro answered “An error has occurred.” (HTTP 500): a passing fault, or the API key lacks the permission "
            "for this kind of document."
        )
        return _unavailable(answer, "permission_or_fault", sentence, PERMISSION_STEP)
    if status >= 500:
        return _unavailable(answer, "server_error", f"Xoro is out of order (HTTP {status}).")
    return RemoteRefused(f"Xoro refused the call (HTTP {status}){': ' + message if message else '.'}", **known)


def _message(answer: HttpAnswer) -> str:
    try:
        content = answer.json()
    except PayloadError:
        return ""
    return _said(content)[:500] if isinstance(content, dict) else ""


def _unavailable(answer: HttpAnswer, code: str, sentence: str, next_step: str = "") -> RemoteUnavailable:
    return RemoteUnavailable(
        sentence,
        code=code,
        next_step=next_step,
        status=answer.status,
        request_id=answer.request_id,
        retry_after_s=retry_after_s(answer),
    )
