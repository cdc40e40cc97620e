"""Judging a reply of the Admin API, layer by layer, in the order the vendor's answers have to be read.

1. HTTP status, 2. top-level ``errors`` by ``extensions.code``, 3. ``userErrors`` of a mutation; then warnings about the
search string. Source: https://shopify.dev/docs/api/admin-graphql/2026-10#status_and_error_codes, checked 2026-11-20.
Not for sending or repeating calls: that is the client's.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from connectors.exceptions import (
    ConfigurationError,
    HubError,
    PayloadError,
    RemoteRefused,
    RemoteUnauthorised,
    RemoteUnavailable,
)
from connectors.http import HttpAnswer


class UserErrors(RemoteRefused):
    """A mutation was understood and declined: ``errors`` are its user errors, each with ``field`` (path as texts),
    ``message`` and, where the type has one, ``code``."""

    def __init__(self, sentence: str, errors: Sequence[Mapping[str, Any]], **more: Any) -> None:
        super().__init__(sentence, **more)
        self.errors = [dict(one) for one in errors]

    @property
    def codes(self) -> set[str]:
        return {str(one.get("code") or "") for one in self.errors}


HOUR_S = 3600.0
SUSPICIOUS_PAUSE_S = 60.0  # HTTP 430 names no time
MOST_POINTS = 1000  # one operation may ask for
START_RATE = 50.0  # points per second where a reply does not say
UNREADABLE = (KeyError, IndexError, TypeError, AttributeError, ValueError, ArithmeticError)
SCOPE = re.compile(r"\b(?:read|write)_[a-z_]+\b")


@contextmanager
def promised_shape(what: str) -> Iterator[None]:
    """``PayloadError`` where reading an answer trips over members that are other than the schema promises. Only around
    reading: what the hub itself does wrong elsewhere must stay visible as such."""
    try:
        yield
    except UNREADABLE as error:
        detail = (
            f"“{error.args[0]}” is missing"
            if isinstance(error, KeyError) and error.args
            else "a member is of a wrong kind"
        )
        raise PayloadError(
            f"Shopify's answer about {what} does not have the shape its schema promises: {detail}.",
            next_step="Look at the answer under Related Requests; press Retry, or report it with this event's number.",
            code="shape",
        ) from error


def raise_for_status(answer: HttpAnswer) -> None:
    """Layer 1. Returns for HTTP 200; raises ``RemoteUnauthorised`` for 401 and 403, ``RemoteUnavailable`` for what
    passes by itself (402 and 423 in an hour), ``ConfigurationError`` for a wrong address, else ``RemoteRefused``."""
    status = answer.status
    if status == 200:
        return
    more: dict[str, Any] = {"status": status, "request_id": answer.request_id, "code": f"http_{status}"}
    if status == 401:
        raise RemoteUnauthorised("Shopify does not accept the access token: wrong, expired or revoked.", **more)
    if status == 403:
        raise RemoteUnauthorised(
            "Shopify refuses the call: the app lacks a scope, or the shop's plan lacks the function.",
            next_step="Compare the app's scopes with the connection test, correct them in Shopify, then press Retry.",
            **more,
        )
    if status == 402:
        raise RemoteUnavailable(
            "The shop is frozen: its owner has to pay a bill at Shopify.",
            next_step="Ask the shop's owner. The hub tries again every hour.",
            retry_after_s=HOUR_S,
            closes_lane=True,
            **more,
        )
    if status == 423:
        raise RemoteUnavailable(
            "Shopify has locked the shop.",
            next_step="Ask the shop's owner or Shopify's support. The hub tries again every hour.",
            retry_after_s=HOUR_S,
            closes_lane=True,
            **more,
        )
    if status == 429:
        sentence = "Shopify takes no more calls for the moment (HTTP 429)."
        raise RemoteUnavailable(sentence, retry_after_s=retry_after_s(answer.headers), **{**more, "code": "throttled"})
    if status == 430:
        sentence = "Shopify holds this address for suspicious and blocks its calls for the moment (HTTP 430)."
        raise RemoteUnavailable(sentence, retry_after_s=SUSPICIOUS_PAUSE_S, **{**more, "code": "throttled"})
    if status >= 500:
        sentence = f"Shopify has a fault on its side (HTTP {status})."
        raise RemoteUnavailable(sentence, retry_after_s=retry_after_s(answer.headers), **more)
    if status == 404 or 300 <= status < 400:
        raise ConfigurationError(
            f"There is no shop, or no such API version, at this address (HTTP {status}).",
            next_step="Correct shop domain and API version on the connector's page, then press Retry.",
            **more,
        )
    raise RemoteRefused(f"Shopify could not read the hub's request (HTTP {status}).", **more)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds Shopify asks to wait, a decimal number; ``None`` where it does not say."""
    try:
        seconds = float(headers.get("retry-after", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds < 86_400 else None


def throttle_pause_s(reply: Mapping[str, Any]) -> float | None:
    """Seconds until the bucket holds what the refused call costs, with up to 20 % jitter; ``None``: not throttled.
    At least 1 s. https://shopify.dev/docs/api/usage/limits (checked 2026-11-20)."""
    if not any(_code(error) == "THROTTLED" for error in _errors(reply)):
        return None
    cost = (reply.get("extensions") or {}).get("cost") or {}
    status = cost.get("throttleStatus") or {}
    missing = float(cost.get("requestedQueryCost") or 0) - float(status.get("currentlyAvailable") or 0)
    rate = float(status.get("restoreRate") or 0) or START_RATE
    return max(1.0, missing / rate) * (1 + random.random() * 0.2)


def requested_cost(reply: Mapping[str, Any], learn: Callable[[int], object]) -> None:
    """Hand on what the call asked of the bucket, where the reply says it."""
    with suppress(*UNREADABLE):
        requested = int(reply["extensions"]["cost"]["requestedQueryCost"])
        if 0 < requested <= MOST_POINTS:
            learn(requested)


def raise_for_errors(reply: Mapping[str, Any], operation: str, *, request_id: str = "") -> None:
    """Layers 2 and 3 and the search warnings. ``data`` may be there beside an error: it is never used by halves.

    Raises ``ConfigurationError`` naming the scope, ``RemoteUnavailable``, ``RemoteRefused``, ``PayloadError``.
    """
    errors = _errors(reply)
    if errors:
        # What an administrator can repair comes first, what passes by itself last.
        first = min(errors, key=lambda error: RANK.get(_code(error), 1))
        raise _top_level_error(first, operation, request_id)
    data = reply.get("data")
    if not isinstance(data, Mapping):
        raise PayloadError("Shopify's answer holds neither data nor an error.", path="data", request_id=request_id)
    for name, member in data.items():
        _raise_for_user_errors(name, member, request_id)
    for search in (reply.get("extensions") or {}).get("search") or ():
        for warning in search.get("warnings") or ():
            text = warning.get("message") or warning.get("code")
            raise PayloadError(
                f"Shopify left out part of the filter of {operation} ({text}): its answer covers other objects.",
                next_step="This is a fault of the hub. Report it with this event.",
                path="extensions.search",
                code=str(warning.get("code") or "search_warning"),
                request_id=request_id,
            )


RANK = {"ACCESS_DENIED": 0, "INTERNAL_SERVER_ERROR": 2, "THROTTLED": 3}  # anything else: 1


def _top_level_error(error: Mapping[str, Any], operation: str, request_id: str) -> HubError:
    code = _code(error)
    message = str(error.get("message") or "no message").rstrip(". ")
    place = ".".join(str(part) for part in error.get("path") or ())
    if code == "ACCESS_DENIED":
        return _access_denied(error, place or operation, message, request_id)
    if code == "INTERNAL_SERVER_ERROR":
        return RemoteUnavailable(f"Shopify has a fault on its side: {message}.", code=code, request_id=request_id)
    if code == "SHOP_INACTIVE":
        return RemoteRefused(
            "The shop is closed or paused.",
            next_step="Ask the shop's owner, then press Retry.",
            code=code,
            request_id=request_id,
        )
    where = f" at {place}" if place else ""
    return RemoteRefused(f"Shopify refused {operation}{where}: {message}.", code=code, request_id=request_id)


def _access_denied(error: Mapping[str, Any], place: str, message: str, request_id: str) -> ConfigurationError:
    required = str((error.get("extensions") or {}).get("requiredAccess") or "")
    scopes = list(dict.fromkeys(SCOPE.findall(required) or SCOPE.findall(message)))
    if scopes:
        named = " or ".join(scopes)
        return ConfigurationError(
            f"The app may not read {place}: it lacks the scope {named}.",
            next_step=f"Give the app the scope {named} in Shopify, test the connection, then press Retry.",
            code="access_denied",
            request_id=request_id,
        )
    return ConfigurationError(
        f"The app may not read {place}: {message}.",
        next_step="Give the app access to it in Shopify (scopes and protected customer data), then press Retry.",
        code="access_denied",
        request_id=request_id,
    )


def _raise_for_user_errors(name: str, member: Any, request_id: str) -> None:
    if not isinstance(member, Mapping):
        return
    for key, user_errors in member.items():
        if key.lower().endswith("usererrors") and user_errors:
            texts = []
            for error in user_errors:
                where = ".".join(error.get("field") or ())
                texts.append(f"{where}: {error['message']}" if where else str(error["message"]))
            code = str(user_errors[0].get("code") or "user_error")
            raise UserErrors(
                f"Shopify declined {name}: {'; '.join(texts)}", user_errors, code=code, request_id=request_id
            )


def _errors(reply: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    errors = reply.get("errors") or []
    if isinstance(errors, str):  # the form of some refusals before GraphQL is reached
        return [{"message": errors}]
    return [error if isinstance(error, Mapping) else {"message": str(error)} for error in errors]


def _code(error: Mapping[str, Any]) -> str:
    return str((error.get("extensions") or {}).get("code") or "unknown")
