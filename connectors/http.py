"""The one HTTP client of the hub (interface; filled in by the next commits)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class HttpAnswer:
    """A complete answer of a remote system. ``headers`` have lower-case names; ``duration_ms`` is whole milliseconds."""

    status: int
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    request_id: str = ""
    duration_ms: int = 0

    def json(self) -> Any:
        """Parsed body, numbers with a fraction as ``Decimal``. Raises ``PayloadError``."""
        raise NotImplementedError


class Http(Protocol):
    """What a provider's client is given. Raises ``RemoteUnavailable`` (``code`` dns, connect, tls, reset),
    ``RemoteTimedOut``, ``RemoteRefused`` (``code`` blocked_address, too_large); any status, redirects included, is
    returned: judging it is the client's business (``raise_for_status`` knows the usual reading)."""

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        data: bytes | Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout_s: tuple[float, float] = (3.0, 10.0),  # connect, read
        budget_s: float | None = None,  # everything together; default: connect + read
        write: bool = False,  # changes something at the far end: recorded before it leaves
        idempotency_key: str = "",
        retry_statuses: frozenset[int] = frozenset(),  # repeat once at once for these and for failed connects (reads)
        retry_pause_s: float = 0.25,
        max_bytes: int = 5 * 1024 * 1024,
    ) -> HttpAnswer: ...
