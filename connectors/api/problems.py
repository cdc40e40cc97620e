"""Errors of the API: ``application/problem+json`` as in RFC 9457, whatever went wrong and wherever.

Members: ``type``, ``title``, ``status``, ``detail``, ``instance``, ``code`` (for programs), ``request_id`` (also in
the header ``X-Request-Id`` and in every log line), and ``errors`` where single fields are at fault. Never a traceback,
never the text of an exception nobody expected.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from typing import Any
from urllib.parse import quote

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from rest_framework import exceptions

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_DATABASE_S = 10


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field; ``field`` is empty where the request as a whole is meant."""

    field: str
    message: str
    code: str = "invalid"


class Problem(Exception):
    """An answer other than success, with everything it says. ``more`` are extension members."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.more = more


# Every code with its status and what it means to a caller: the docs page and the OpenAPI document list them.
CODES: dict[str, tuple[int, str]] = {
    "bad_request": (400, "The request cannot be understood."),
    "malformed_json": (400, "The body is not valid JSON, or names a member twice."),
    "not_an_object": (400, "The body is JSON, but not an object."),
    "invalid": (400, "One or more fields are wrong; errors names each of them."),
    "unauthenticated": (401, "No API key was sent, or the key is unknown or revoked."),
    "forbidden": (403, "This key or person may not do that."),
    "not_found": (404, "There is no such address, connector or object, or not for this key."),
    "function_off": (404, "The function is switched off in the connector's settings."),
    "method_not_allowed": (405, "The address exists, but not for this method; see the header Allow."),
    "not_retryable": (409, "The event is not in a state in which it can be retried."),
    "length_required": (411, "The body came in chunks through a server that cannot tell where they end."),
    "too_large": (413, "The body is larger than the hub takes."),
    "unsupported_media_type": (415, "The body is not application/json."),
    "too_many_requests": (429, "The key's calls of this minute are used up; see the header Retry-After."),
    "internal_error": (500, "The hub has a bug; give request_id to whoever runs it."),
    "unavailable": (503, "The hub's database does not answer; see the header Retry-After."),
}
# The code of an error that came as a bare status.
_BY_STATUS = {status: code for code, (status, _) in reversed(CODES.items())} | {404: "not_found", 400: "bad_request"}


def invalid(*errors: FieldError) -> Problem:
    """The 400 that names fields."""
    names = [error.field for error in errors if error.field]
    detail = errors[0].message if not names else f"Not usable: {', '.join(dict.fromkeys(names))}."
    return Problem(400, "invalid", detail, errors=errors)


def not_found(detail: str = "There is no such address.") -> Problem:
    return Problem(404, "not_found", detail)


def response_of(problem: Problem, request: HttpRequest) -> HttpResponse:
    """The response that says it."""
    code = problem.code
    body: dict[str, Any] = {
        "type": f"{settings.HUB_BASE_URL}/api/docs/#problem-{code}",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "instance": quote(request.path, safe="/:@!$&'()*+,;=~-._"),
        "code": code,
        "request_id": structlog.contextvars.get_contextvars().get("request_id", ""),
    }
    if problem.errors:
        body["errors"] = [{"field": e.field, "message": e.message, "code": e.code} for e in problem.errors]
    response = HttpResponse(json.dumps(body | problem.more), status=problem.status, content_type=MEDIA_TYPE)
    response["Cache-Control"] = "no-store"
    for name, value in problem.headers.items():
        response[name] = value
    return response


def of_status(status: int) -> Problem:
    """The problem of an answer of which only the status is known."""
    code = _BY_STATUS.get(status) or ("internal_error" if status >= 500 else "bad_request")
    return Problem(status, code, CODES[code][1])


def handler(error: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """REST framework's exception handler: every exception of a view becomes a problem."""
    return response_of(problem_of(error), context["request"])


def problem_of(error: Exception) -> Problem:
    """What to tell the caller about an exception. What nobody expected is logged, and named by its request id only."""
    for kinds, make in _KNOWN:
        if isinstance(error, kinds):
            known: Problem = make(error)
            return known
    if isinstance(error, (DatabaseError, InterfaceError)):
        log.exception("api_database_error")
        headers = {"Retry-After": str(RETRY_DATABASE_S)}
        return Problem(503, "unavailable", CODES["unavailable"][1], headers=headers)
    log.exception("api_bug", error=type(error).__name__)
    return of_status(500)


def _unauthenticated(error: Any) -> Problem:
    headers = {"WWW-Authenticate": str(getattr(error, "auth_header", "") or "Bearer")}
    is_missing = isinstance(error, exceptions.NotAuthenticated)
    detail = "Send an API key in the header Authorization: Bearer hub_..." if is_missing else str(error.detail)
    return Problem(401, "unauthenticated", detail, headers=headers)


def _throttled(error: Any) -> Problem:
    wait_s = max(1, ceil(error.wait or 1))
    detail = f"This key's calls are used up; ask again in {wait_s} s."
    return Problem(429, "too_many_requests", detail, headers={"Retry-After": str(wait_s)})


def _framework(error: Any) -> Problem:
    status = int(error.status_code)
    # The framework coerces a missing log-in to 403 where no authenticator names a scheme; ours always does.
    code = _BY_STATUS.get(status, "bad_request" if status < 500 else "internal_error")
    return Problem(status, code, str(error.detail) if isinstance(error.detail, str) else CODES[code][1])


_KNOWN: tuple[tuple[Any, Any], ...] = (
    (Problem, lambda error: error),
    ((exceptions.NotAuthenticated, exceptions.AuthenticationFailed), _unauthenticated),
    (exceptions.Throttled, _throttled),
    (exceptions.APIException, _framework),
    (Http404, lambda error: not_found()),
    (PermissionDenied, lambda error: of_status(403)),
    (RequestDataTooBig, lambda error: of_status(413)),
    ((SuspiciousOperation, UnreadablePostError), lambda error: of_status(400)),
)
