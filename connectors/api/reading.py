"""Reading what a caller sent, with a bound on everything: a JSON body, or the parameters of a query.

Not left to REST framework's parsers: they read a body whole whatever its size, take the last of two members with the
same name, and see nothing at all in a body sent in chunks.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.request import UnreadablePostError

from connectors.api.problems import CODES, FieldError, Problem

CHUNK = 64 * 1024
JSON_TYPE = re.compile(r"application/(?:[\w.-]+\+)?json")
SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def check_announced_size(request: HttpRequest) -> None:
    """Raise the 413 of a body that says itself that it is too large, before any of it is read."""
    try:
        announced = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise Problem(400, "bad_request", "Content-Length is not a number.") from None
    if announced > settings.API_MAX_BODY_BYTES:
        raise _too_large()


def _too_large() -> Problem:
    return Problem(413, "too_large", f"The body is larger than {settings.API_MAX_BODY_BYTES:,} bytes.")


def read_body(request: HttpRequest) -> bytes:
    """The body, at most ``API_MAX_BODY_BYTES`` of it, also where it comes in chunks. Raises ``Problem``."""
    check_announced_size(request)
    source: Any = request
    if not request.META.get("CONTENT_LENGTH") and "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        # Django takes a missing Content-Length for an empty body; a server that ends the stream itself says so.
        if not request.META.get("wsgi.input_terminated"):
            raise Problem(411, "length_required", CODES["length_required"][1])
        source = request.META["wsgi.input"]
    parts: list[bytes] = []
    size = 0
    try:
        while chunk := source.read(CHUNK):
            size += len(chunk)
            if size > settings.API_MAX_BODY_BYTES:
                raise _too_large()
            parts.append(chunk)
    except (UnreadablePostError, OSError) as error:
        raise Problem(400, "bad_request", "The body broke off.") from error
    return b"".join(parts)


def json_object(request: HttpRequest) -> dict[str, Any]:
    """The body as a JSON object; an empty body is an empty object. Raises ``Problem``."""
    body = read_body(request)
    if not body.strip():
        return {}
    media_type = (request.content_type or "").lower()
    if not JSON_TYPE.fullmatch(media_type):
        detail = f"Send application/json, not {media_type[:80] or 'a body without Content-Type'}."
        raise Problem(415, "unsupported_media_type", detail)
    try:
        found = json.loads(body, object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_finite)
        if SURROGATE.search(body):
            json.dumps(found, ensure_ascii=False).encode()  # half a character can neither be stored nor sent on
    except _Twice as error:
        raise Problem(400, "malformed_json", str(error), errors=[FieldError(error.name, str(error), "twice")]) from None
    except json.JSONDecodeError as error:
        detail = f"The body is not valid JSON: {error.msg}, line {error.lineno}, column {error.colno}."
        raise Problem(400, "malformed_json", detail) from None
    except (ValueError, RecursionError):
        raise Problem(400, "malformed_json", "The body is not JSON that can be read.") from None
    if not isinstance(found, dict):
        raise Problem(400, "not_an_object", CODES["not_an_object"][1])
    return found


class _Twice(ValueError):
    """A member named twice in one object."""

    def __init__(self, name: str) -> None:
        super().__init__(f"“{name[:80]}” is there more than once.")
        self.name = name[:80]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        raise _Twice(next(name for name, _ in pairs if name in seen or seen.add(name)))  # type: ignore[func-returns-value]
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number too large for JSON readers")
    return value
