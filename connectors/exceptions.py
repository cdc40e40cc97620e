"""Everything that can go wrong while talking to a remote system, as one tree.

HubError                     carries: sentence, next step, reason, finer reason code, whether a retry may help
├── ConfigurationError       an administrator must act; never retried by itself
│   └── MappingMissing       a code has no mapping; names kind and value
├── PayloadError             they sent what we cannot read; names the path; never retried
├── WebhookRejected          the sender did not prove who he is, or sent what no one may send
├── UnconfirmedWrite         a write may or may not have happened; a person decides
├── LeaseLost            another worker has the event by now: nothing may be written any more
├── WaitFor                  not a failure: something must be there first (names the object)
│   └── NotDone              long work put down for a while: the remote is still at it, or others had to wait
└── RemoteError              the remote system; carries the request id of its RelatedRequest
    ├── RemoteUnavailable    no answer, 429, 5xx: retried, honours ``retry_after_s``
    │   └── RemoteTimedOut   no answer within the budget
    ├── RemoteRefused        4xx or a business error: understood and declined, never retried
    └── RemoteUnauthorised   401 or 403: never retried, an administrator must act
Skip                         not an error: deliberately nothing to do

Anything else that escapes a handler is a bug: the event fails with reason ``bug`` and keeps the traceback.
"""

from __future__ import annotations

from typing import ClassVar


class HubError(Exception):
    """Root. ``sentence`` is for people, complete, without secrets; ``next_step`` says what to do about it.
    ``closes_lane``: every other event of the connector would meet the same until ``retry_after_s`` is over; they wait,
    and this one's attempt does not count."""

    reason: ClassVar[str] = "bug"
    retry: ClassVar[bool] = False
    default_next_step: ClassVar[str] = ""

    def __init__(
        self,
        sentence: str,
        *,
        next_step: str = "",
        code: str = "",
        retry_after_s: float | None = None,
        request_id: str = "",
        status: int | None = None,
        closes_lane: bool = False,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.next_step = next_step or self.default_next_step
        self.code = code
        self.retry_after_s = retry_after_s
        self.request_id = request_id
        self.status = status
        self.closes_lane = closes_lane


class ConfigurationError(HubError):
    reason = "configuration"
    default_next_step = "Correct the connector's settings, test the connection, then press Retry."


class MappingMissing(ConfigurationError):
    """``kind`` and ``value`` name what has no mapping."""

    reason = "mapping_missing"

    def __init__(self, kind: str, value: str, *, sentence: str = "") -> None:
        super().__init__(
            sentence or f"No {kind.replace('_', ' ')} mapping for “{value}”.",
            next_step="Add the mapping, then press Retry.",
            code=kind,
        )
        self.kind = kind
        self.value = value


class PayloadError(HubError):
    """``path`` names the member that could not be read, e.g. ``data[3].invoice_date``."""

    reason = "payload"
    default_next_step = "Show the payload to the sender's developer, or press Retry once it has been corrected there."

    def __init__(self, sentence: str, *, path: str = "", **more: object) -> None:
        super().__init__(sentence, **more)  # type: ignore[arg-type]
        self.path = path


class WebhookRejected(HubError):
    """``code`` is one of ``bad_signature``, ``too_large``, ``not_json``, ``unknown_connector``."""

    reason = "rejected"


class UnconfirmedWrite(HubError):
    reason = "unconfirmed_write"
    default_next_step = (
        "Look in the target system whether the document exists. If it does, mark this event resolved; if not, Retry."
    )


class LeaseLost(HubError):
    """Its outcome is never written: the lease that fences the write fences the outcome as well."""

    reason = "worker_lost"


class WaitFor(HubError):
    """Something else must happen first; ``code`` names the object, e.g. ``order:5512``."""

    reason = "dependency"
    retry = True


class NotDone(WaitFor):
    """Work that goes on: the event waits ``retry_after_s`` and runs again, as often as it takes."""


class RemoteError(HubError):
    reason = "refused"


class RemoteUnavailable(RemoteError):
    reason = "unavailable"
    retry = True
    default_next_step = (
        "Nothing to do now: the hub tries again by itself. If it lasts, ask the remote system's operator."
    )


class RemoteTimedOut(RemoteUnavailable):
    reason = "timed_out"


class RemoteRefused(RemoteError):
    reason = "refused"
    default_next_step = "Read the answer under Related Requests, correct the cause, then press Retry."


class RemoteUnauthorised(RemoteError):
    reason = "unauthorised"
    default_next_step = "Enter valid credentials on the connector's page, test the connection, then press Retry."


class Skip(Exception):
    """Deliberately nothing to do. ``reason`` is one of the skip reasons of an event."""

    def __init__(self, sentence: str, *, reason: str = "filtered", code: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.reason = reason
        self.code = code
