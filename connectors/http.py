"""The one HTTP client of the hub, on ``requests``.

Time-outs and a total budget always, a size cap, no redirects, the SSRF guard, TLS verified, every exchange recorded
(writes before they leave), secrets redacted as they are written, ``X-Request-Id`` and W3C ``traceparent`` out, the
vendor's request id kept. Judging a status is the provider client's business; ``raise_for_status`` knows the usual
reading.
"""

from __future__ import annotations

import json as jsonlib
import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, BinaryIO, Protocol
from urllib.parse import urlsplit

import requests
import urllib3
from django.conf import settings
from django.db import connection, transaction

from connectors import guard, transport
from connectors.answers import HttpAnswer, raise_for_status, retry_after_s
from connectors.exceptions import ConfigurationError, RemoteRefused, RemoteTimedOut, RemoteUnavailable
from connectors.multipart import Form
from connectors.redaction import Redactor
from events.exchanges import Exchange
from events.models import RequestState

__all__ = ["Form", "Http", "HttpAnswer", "HttpClient", "Recorder", "dump_json", "raise_for_status", "retry_after_s"]

MAX_BYTES = 5 * 1024 * 1024
CHUNK = 64 * 1024
SHOWN_BYTES = 2000  # of a body that goes into a file, kept for people
NEVER_LEFT = frozenset({"dns", "connect", "tls", "url", "blocked_address"})  # codes: nothing reached the far end
VENDOR_REQUEST_ID_HEADERS = ("x-request-id", "x-correlation-id", "x-amzn-requestid", "request-id")


class Http(Protocol):
    """What a provider's client is given. Raises ``RemoteUnavailable`` (``code`` dns, connect, tls, reset),
    ``RemoteTimedOut`` (``code`` timeout), ``RemoteRefused`` (``code`` blocked_address, too_large); any status,
    redirects included, is returned."""

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        data: bytes | Mapping[str, str] | Form | None = None,
        auth: tuple[str, str] | None = None,
        timeout_s: tuple[float, float] = (3.0, 10.0),  # connect, read
        budget_s: float | None = None,  # everything together; default: connect + read
        write: bool = False,  # changes something at the far end: recorded before it leaves
        idempotency_key: str = "",
        retry_statuses: frozenset[int] = frozenset(),  # repeat once at once for these and for failed connects (reads)
        retry_pause_s: float = 0.25,
        max_bytes: int = MAX_BYTES,
        into: BinaryIO | None = None,  # a good answer's body goes there, not into ``content``: for large files
    ) -> HttpAnswer: ...

    def doubt(self, request_id: str, why: str) -> None:
        """An answered write whose answer leaves open what became of it: from now on it counts as not answered."""


class Recorder(Protocol):
    """Where exchanges go: to the database at once (jobs), or into a list written later (lookups)."""

    attempt: int
    trace_id: str

    def begin(self, exchange: Exchange) -> None: ...
    def complete(self, exchange: Exchange) -> None: ...
    def record(self, exchange: Exchange) -> None: ...
    def doubt(self, request_id: str, why: str) -> None: ...


class HttpClient:
    """See ``Http``. ``spend`` is called before each request (rate budget), ``rest`` after it; ``ends_at`` is a monotonic
    time that no request of this run may pass."""

    def __init__(
        self,
        recorder: Recorder,
        redactor: Redactor,
        *,
        spend: Callable[[], None] | None = None,
        rest: Callable[[], None] | None = None,
        ends_at: float | None = None,
    ) -> None:
        self.recorder = recorder
        self.redactor = redactor
        self.spend = spend
        self.rest = rest
        self.ends_at = ends_at
        self.request_count = 0

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        data: bytes | Mapping[str, str] | Form | None = None,
        auth: tuple[str, str] | None = None,
        timeout_s: tuple[float, float] = (3.0, 10.0),
        budget_s: float | None = None,
        write: bool = False,
        idempotency_key: str = "",
        retry_statuses: frozenset[int] = frozenset(),
        retry_pause_s: float = 0.25,
        max_bytes: int = MAX_BYTES,
        into: BinaryIO | None = None,
    ) -> HttpAnswer:
        _refuse_inside_transactions()
        sent_headers = {"Accept": "application/json", **(headers or {})}
        if json is not None:
            data = dump_json(json)
            sent_headers.setdefault("Content-Type", "application/json")
        if isinstance(data, Form):
            sent_headers["Content-Type"] = data.content_type
        prepared = _prepared(
            requests.Request(method, url, headers=sent_headers, params=params, data=data, auth=auth)  # type: ignore[arg-type]
        )
        may_repeat = bool(retry_statuses) and not write
        ends_at = time.monotonic() + (budget_s if budget_s is not None else sum(timeout_s))
        while True:
            ends_at += self._take_turn()
            if self.ends_at is not None:
                ends_at = min(ends_at, self.ends_at)
            try:
                answer = self._once(
                    prepared, timeout_s, ends_at,
                    write=write, idempotency_key=idempotency_key, max_bytes=max_bytes, into=into,
                )  # fmt: skip
            except RemoteUnavailable as error:
                if not (may_repeat and error.code in {"connect", "dns"} and _time_left(ends_at, retry_pause_s)):
                    raise
            else:
                if not (may_repeat and answer.status in retry_statuses and _time_left(ends_at, retry_pause_s)):
                    return answer
            finally:
                if self.rest is not None:
                    self.rest()
            may_repeat = False
            time.sleep(retry_pause_s)

    def doubt(self, request_id: str, why: str) -> None:
        self.recorder.doubt(request_id, self.redactor.text(why))

    def _take_turn(self) -> float:
        """Wait for the rate budget; returns the seconds that took, which are not the remote's fault."""
        if self.spend is None:
            return 0.0
        started = time.monotonic()
        self.spend()
        return time.monotonic() - started

    def _once(
        self,
        prepared: requests.PreparedRequest,
        timeout_s: tuple[float, float],
        ends_at: float,
        *,
        write: bool,
        idempotency_key: str,
        max_bytes: int,
        into: BinaryIO | None,
    ) -> HttpAnswer:
        request_id = uuid.uuid4()
        prepared.headers["X-Request-Id"] = str(request_id)
        prepared.headers["traceparent"] = f"00-{self.recorder.trace_id}-{secrets.token_hex(8)}-01"
        prepared.headers["User-Agent"] = f"IntegrationHub/{settings.VERSION}"
        body = prepared.body.shown() if isinstance(prepared.body, Form) else prepared.body or b""
        sent = {name: str(value) for name, value in prepared.headers.items()}
        self.redactor.learn_sent(sent)
        exchange = Exchange(
            id=request_id,
            attempt=self.recorder.attempt,
            method=str(prepared.method),
            endpoint=self.redactor.url(str(prepared.url)),
            requested_at=datetime.now(UTC),
            is_write=write,
            idempotency_key=idempotency_key,
            request_headers=self.redactor.headers(sent),
            request_body=self.redactor.body(body.encode() if isinstance(body, str) else body),
        )
        if write:
            self.recorder.begin(exchange)
        self.request_count += 1
        started = time.monotonic()
        try:
            answer = self._send(
                prepared, timeout_s, ends_at, exchange,
                max_bytes=max_bytes, into=into, request_id=str(request_id), started=started,
            )  # fmt: skip
        finally:
            exchange.duration_ms = int((time.monotonic() - started) * 1000)
            if write:
                self.recorder.complete(exchange)
            else:
                self.recorder.record(exchange)
        return answer

    def _send(
        self,
        prepared: requests.PreparedRequest,
        timeout_s: tuple[float, float],
        ends_at: float,
        exchange: Exchange,
        *,
        max_bytes: int,
        into: BinaryIO | None,
        request_id: str,
        started: float,
    ) -> HttpAnswer:
        host = urlsplit(str(prepared.url)).hostname or ""
        budget = max(0.05, ends_at - started)
        connect_s, read_s = min(timeout_s[0], budget), min(timeout_s[1], budget)
        exchange.state = RequestState.NO_ANSWER
        with transport.within(budget) as call:
            try:
                guard.check_url(str(prepared.url))
                with transport.session().send(
                    prepared, stream=True, allow_redirects=False, timeout=(connect_s, read_s),
                    proxies=transport.session().proxies,
                ) as response:  # fmt: skip
                    content, size, is_cut = _read(response, max_bytes, into if response.status_code < 300 else None)
            except Exception as error:  # whatever a transport raises becomes one of ours; a bug is raised again
                raised = _explain(error, host, min(budget, sum(timeout_s)), call.has_timed_out, call.has_sent)
                raised.request_id = request_id
                if raised.code in NEVER_LEFT or not call.has_sent:
                    exchange.state = RequestState.NOT_SENT
                exchange.error = self.redactor.text(raised.sentence)
                raise raised from error
        if call.has_timed_out:
            late = RemoteTimedOut(
                f"{host} did not answer within {_seconds(budget)}.", code="timeout", request_id=request_id
            )
            exchange.error = late.sentence
            raise late
        exchange.state = RequestState.ANSWERED
        exchange.status = response.status_code
        exchange.response_headers = self.redactor.headers(dict(response.headers))
        exchange.response_size = size
        exchange.response_body = self.redactor.body(content)
        given = {name.lower(): value for name, value in response.headers.items()}
        exchange.vendor_request_id = next((given[name] for name in VENDOR_REQUEST_ID_HEADERS if name in given), "")
        if is_cut:
            sentence = f"The answer of {host} is larger than {max_bytes // (1024 * 1024)} MiB."
            exchange.error = sentence
            raise RemoteRefused(
                sentence, code="too_large", request_id=request_id, status=response.status_code,
                next_step="Ask the remote system's developer to send less at once.",
            )  # fmt: skip
        took = int((time.monotonic() - started) * 1000)
        return HttpAnswer(response.status_code, content, given, request_id, took)


def _read(response: requests.Response, max_bytes: int, into: BinaryIO | None) -> tuple[bytes, int, bool]:
    """The body up to ``max_bytes``, or its beginning where it goes into a file; its size; whether there was more. A
    compressed body counts unpacked."""
    parts: list[bytes] = []
    size = 0
    for chunk in response.iter_content(CHUNK):
        if into is not None and size + len(chunk) <= max_bytes:
            into.write(chunk)
            parts = parts or [chunk[:SHOWN_BYTES]]
        elif size + len(chunk) > max_bytes:
            parts.append(chunk[: max_bytes - size] if into is None else b"")
            return b"".join(parts), max_bytes, True
        else:
            parts.append(chunk)
        size += len(chunk)
    return b"".join(parts), size, False


TIMEOUTS = (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)
BAD_ADDRESS = (
    requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidHeader, urllib3.exceptions.LocationValueError, UnicodeError,
)  # fmt: skip


def _explain(error: Exception, host: str, seconds: float, has_timed_out: bool, has_sent: bool) -> Any:
    """The hub's error for whatever a transport raises: one sentence for people, a code for decisions. Where nothing was
    sent (``has_sent``), nothing can have happened at the far end."""
    chain = list(_causes(error))
    if isinstance(error, BAD_ADDRESS):
        return ConfigurationError(f"“{host}” is not an address the hub can call.", code="url")
    if not has_timed_out and any(
        isinstance(e, requests.ConnectTimeout | urllib3.exceptions.ConnectTimeoutError) for e in chain
    ):
        return RemoteUnavailable(f"{host} could not be reached in time.", code="connect")
    if has_timed_out or any(isinstance(e, TIMEOUTS) for e in chain):
        return RemoteTimedOut(f"{host} did not answer within {_seconds(seconds)}.", code="timeout")
    for one in chain:
        if isinstance(one, guard.BlockedAddress):
            return RemoteRefused(
                str(one), code="blocked_address",
                next_step="If this address is meant, ask the operator to add host:port to HUB_ALLOWED_PRIVATE_HOSTS.",
            )  # fmt: skip
        if isinstance(one, guard.NameNotResolved):
            return RemoteUnavailable(str(one), code="dns", next_step="Check the host name in the connector's settings.")
    if not has_sent and any(isinstance(e, OSError) and "SSL" in type(e).__name__ for e in chain):
        return RemoteUnavailable(
            f"The secure connection to {host} failed: {_certificate(chain)}.", code="tls",
            next_step="Have the certificate of that host corrected.",
        )  # fmt: skip
    if isinstance(error, requests.ConnectionError) and any(isinstance(e, ConnectionRefusedError) for e in chain):
        return RemoteUnavailable(f"{host} refused the connection.", code="connect")
    if not has_sent and isinstance(error, requests.RequestException | urllib3.exceptions.HTTPError | OSError):
        return RemoteUnavailable(f"{host} could not be reached.", code="connect")
    if isinstance(error, requests.RequestException | urllib3.exceptions.HTTPError | OSError):
        return RemoteUnavailable(f"{host} closed the connection before the answer was complete.", code="reset")
    raise error


def _prepared(request: requests.Request) -> requests.PreparedRequest:
    """The request as it will leave. An address or header that cannot be sent lies in the settings, not in the code."""
    try:
        return request.prepare()
    except requests.exceptions.InvalidHeader as error:
        raise ConfigurationError("A header of the request cannot be sent: its name or value is not allowed.",
                                 code="header") from error  # fmt: skip
    except (requests.RequestException, urllib3.exceptions.HTTPError, UnicodeError) as error:
        place = str(request.url).partition("?")[0].rpartition("@")[2][:200]
        raise ConfigurationError(f"“{place}” is not an address the hub can call.", code="url") from error


def _refuse_inside_transactions() -> None:
    """A remote call while a transaction is open would hold locks for as long as the remote likes. ``durable`` knows the
    one block that is allowed: the one a test case wraps around a whole test."""
    if connection.in_atomic_block and getattr(settings, "HUB_FORBID_CALLS_IN_TRANSACTIONS", True):
        with transaction.atomic(durable=True):
            pass


def _causes(error: BaseException | None) -> Any:
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        one = waiting.pop()
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]


def _certificate(chain: list[BaseException]) -> str:
    for one in chain:
        said = getattr(one, "verify_message", "")
        if said:
            return str(said)
    return "its certificate or protocol is not acceptable"


def _seconds(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".") + " s"


def _time_left(ends_at: float, pause_s: float) -> bool:
    return time.monotonic() + pause_s + 0.2 < ends_at


LARGEST_EXPONENT = 30


def dump_json(value: Any) -> bytes:
    """JSON bytes; a ``Decimal`` becomes the number it is written as."""
    return jsonlib.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_number).encode()


def _number(value: Any) -> Any:
    if isinstance(value, Decimal):
        # A number a remote sent may be 1e999999: writing that out would take all memory.
        if not value.is_finite() or abs(value.adjusted()) > LARGEST_EXPONENT:
            raise ValueError("The number is too large to be sent.")
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} is no JSON")
