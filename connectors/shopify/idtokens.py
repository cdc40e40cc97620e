"""ID tokens: who is in front of a page inside the shop's admin, or behind a call of an extension.

https://shopify.dev/docs/apps/build/authentication-authorization/session-tokens (API 2026-10, checked 2026-11-20): a JWT,
HS256 with the app's secret, good for one minute. Read here with the standard library: one fixed algorithm and six claims
need no further dependency, and a token that names any other algorithm is refused before anything else is looked at.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import SplitResult, urlsplit

from connectors.exceptions import WebhookRejected

LEEWAY_S = 10.0
LONGEST = 8_192  # characters


def claims(token: str, *, client_id: str, secrets: Iterable[str], shop: str, now: float) -> dict[str, Any]:
    """The claims of a token that was made for this app in this shop and is good now. Raises ``WebhookRejected``."""
    parts = token.split(".")
    if len(token) > LONGEST or len(parts) != 3 or not client_id:
        raise _wrong()
    if _object(parts[0]).get("alg") != "HS256":
        raise _wrong()
    signed = f"{parts[0]}.{parts[1]}".encode("ascii", "replace")
    given = _bytes(parts[2])
    matches = [hmac.compare_digest(hmac.digest(one.encode(), signed, hashlib.sha256), given) for one in secrets if one]
    if not any(matches):
        raise _wrong()
    found = _object(parts[1])  # read only once it is known who wrote it
    issuer, for_shop = _address(found, "iss"), _address(found, "dest")
    is_timely = _time(found, "nbf") - LEEWAY_S <= now < _time(found, "exp") + LEEWAY_S
    is_ours = found.get("aud") == client_id and for_shop.scheme == "https"
    is_shop = bool(for_shop.hostname) and for_shop.hostname == issuer.hostname == shop.lower()
    if not (is_timely and is_ours and is_shop):
        raise _wrong()
    return found


def _time(found: dict[str, Any], name: str) -> float:
    value = found.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _wrong()
    try:
        return float(value)
    except OverflowError:  # a whole number of hundreds of digits
        raise _wrong() from None


def _address(found: dict[str, Any], name: str) -> SplitResult:
    try:
        return urlsplit(str(found.get(name, "")))
    except ValueError:
        raise _wrong() from None


def _object(part: str) -> dict[str, Any]:
    try:
        value = json.loads(_bytes(part))
    except (ValueError, RecursionError):
        raise _wrong() from None
    if not isinstance(value, dict):
        raise _wrong()
    return value


def _bytes(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _wrong() from None


def _wrong() -> WebhookRejected:
    return WebhookRejected("The ID token does not prove who asks.", code="bad_signature")
