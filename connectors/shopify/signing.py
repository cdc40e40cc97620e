"""Signed query strings: proof that an address was opened from within Shopify (install, admin links, app pages).

https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant (API 2026-10,
checked 2026-11-20). Shopify's own libraries spell the signed text in two ways; both need the secret, and either counts.
Not for deliveries: those sign their raw body, see ``webhooks.py``.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import parse_qsl, quote

from connectors.exceptions import WebhookRejected

Pairs = Sequence[tuple[str, str]]

CHANGING_MAX_AGE_S = 90  # of an address that changes data; what Shopify's JavaScript library allows
READING_MAX_AGE_S = 24 * 3600  # of one that only shows something; what its Python library allows
SHOP_DOMAIN = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]*\.myshopify\.com", re.ASCII)
UNSIGNED = frozenset({"hmac", "signature"})
STAMP = re.compile(r"[0-9]{1,15}", re.ASCII)


def is_shop_domain(text: str) -> bool:
    """Whether a text has the form of a shop's permanent name: nothing else may become part of an address."""
    return SHOP_DOMAIN.fullmatch(text) is not None


def is_signed_query(pairs: Pairs, secrets: Iterable[str], now: float, max_age_s: float) -> bool:
    """Whether a query carries exactly one right ``hmac`` and one ``timestamp`` no older (or newer) than ``max_age_s``
    seconds. ``pairs``: decoded names and values in the order given; ``secrets``: all that count, empty ones never do.
    """
    given = [value for name, value in pairs if name == "hmac"]
    stamps = [value for name, value in pairs if name == "timestamp"]
    if len(given) != 1 or len(stamps) != 1 or not STAMP.fullmatch(stamps[0]):
        return False
    if abs(now - int(stamps[0])) > max_age_s:
        return False
    digest = given[0].lower().encode("utf-8", "surrogatepass")
    expected = [
        query_digest(pairs, secret, spelling).encode() for secret in secrets if secret for spelling in SPELLINGS
    ]
    # Every one is compared, so that the time taken says nothing about which one was right.
    return sum(hmac.compare_digest(digest, one) for one in expected) > 0


def pairs_of(query: str, *, most: int) -> list[tuple[str, str]]:
    """Decoded names and values of a raw query, in the order given. Raises ``WebhookRejected`` where there are more than
    ``most``: nothing Shopify sends has as many."""
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=most)
    except ValueError as error:
        raise WebhookRejected("The address has more parts than any of Shopify's.", code="bad_signature") from error


def query_digest(pairs: Pairs, secret: str, spelling: Callable[[Pairs], str]) -> str:
    """The hex HMAC-SHA256 of a query in one spelling; ``hmac`` and ``signature`` are left out."""
    signed = [(name, value) for name, value in pairs if name not in UNSIGNED]
    return hmac.new(secret.encode(), spelling(signed).encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def plain(pairs: Pairs) -> str:
    """As Shopify's Python library spells it: only delimiters escaped, a repeated ``ids[]`` as ``ids=["1", "2"]``."""
    lists: dict[str, list[str]] = {}
    texts: list[tuple[str, str]] = []
    for name, value in pairs:
        if name.endswith("[]"):
            lists.setdefault(name.rstrip("[]"), []).append(value)
        else:
            texts.append((name, value))
    texts += [(name, json.dumps(values)) for name, values in lists.items()]
    escaped = [
        f"{name.replace('%', '%25').replace('=', '%3D')}={value.replace('%', '%25')}".replace("&", "%26")
        for name, value in texts
    ]
    return "&".join(sorted(escaped))


def encoded(pairs: Pairs) -> str:
    """As Shopify's JavaScript library spells it: percent-encoded, a repeated ``ids[]`` kept as given."""
    by_name = sorted(pairs, key=lambda pair: pair[0])  # stable: values of one name keep their order
    return "&".join(f"{_percent(name)}={_percent(value)}" for name, value in by_name)


def _percent(text: str) -> str:
    return quote(text, safe="!*'()", errors="surrogatepass")


SPELLINGS: tuple[Callable[[Pairs], str], ...] = (plain, encoded)
