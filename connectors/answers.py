"""What a remote answered: status, content, headers, and the usual reading of them."""

from __future__ import annotations

import email.utils
import json as jsonlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors.exceptions import PayloadError, RemoteRefused, RemoteUnauthorised, RemoteUnavailable


@dataclass(frozen=True)
class HttpAnswer:
    """A complete answer of a remote system. ``headers`` have lower-case names; ``duration_ms`` is whole
    milliseconds."""

    status: int
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    request_id: str = ""
    duration_ms: int = 0

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """Parsed body, numbers with a fraction as ``Decimal``. Raises ``PayloadError``."""
        try:
            return jsonlib.loads(self.content, parse_float=Decimal, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise PayloadError(
                "The answer is not valid JSON.", request_id=self.request_id, status=self.status
            ) from error


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


def retry_after_s(answer: HttpAnswer, *, longest_s: float = 3600.0) -> float | None:
    """Seconds of a Retry-After header (a number or an HTTP date), ``None`` where there is none to be read."""
    given = answer.headers.get("retry-after", "").strip()
    if not given:
        return None
    try:
        seconds = float(given)
    except ValueError:
        try:
            until = email.utils.parsedate_to_datetime(given)
        except (TypeError, ValueError):
            return None
        # A date without a zone is UTC: HTTP knows no other.
        seconds = ((until if until.tzinfo else until.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds()
    if math.isnan(seconds):
        return None
    return min(max(seconds, 0.0), longest_s)


def raise_for_status(answer: HttpAnswer, who: str) -> HttpAnswer:
    """The usual reading of a status: 2xx passes, everything else raises; ``who`` is the remote system's name."""
    status = answer.status
    more: dict[str, Any] = {"status": status, "request_id": answer.request_id}
    if 200 <= status < 300:
        return answer
    if status in (401, 403):
        raise RemoteUnauthorised(f"{who} refused our credentials ({status}).", code=str(status), **more)
    if status == 429:
        raise RemoteUnavailable(
            f"{who} asked us to slow down.", code="throttled", retry_after_s=retry_after_s(answer), **more
        )
    if status >= 500:
        raise RemoteUnavailable(
            f"{who} failed ({status}).", code=str(status), retry_after_s=retry_after_s(answer), **more
        )
    if 300 <= status < 400:
        raise RemoteRefused(f"{who} redirects ({status}); the hub follows no redirects.", code="redirect", **more)
    raise RemoteRefused(f"{who} refused the request ({status}).", code=str(status), **more)
