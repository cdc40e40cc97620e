"""Taking secrets out of whatever is written down: by declared values and by header names, at write time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus, urlsplit, urlunsplit

MASK = "***"
SECRET_HEADERS = frozenset(
    {
        "authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "api-key", "x-auth-token",
        "x-shopify-access-token", "x-shopify-hmac-sha256", "www-authenticate",
    }
)  # fmt: skip
SECRET_MEMBERS = ("access_token", "refresh_token", "client_secret")  # answers that hand out new secrets
SHORTEST_SECRET = 4  # characters; replacing shorter ones would mangle texts and hide nothing


class Redactor:
    """Knows one connector's secrets. ``headers`` names further headers whose values are secret."""

    def __init__(self, secrets: Iterable[str] = (), headers: Iterable[str] = ()) -> None:
        forms: set[str] = set()
        for secret in secrets:
            if len(secret) >= SHORTEST_SECRET:
                forms |= {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}
        self._forms = sorted(forms, key=len, reverse=True)
        self._bytes = [form.encode() for form in self._forms]
        self._headers = SECRET_HEADERS | {name.lower() for name in headers}

    def text(self, value: str) -> str:
        for form in self._forms:
            if form in value:
                value = value.replace(form, MASK)
        return value

    def body(self, content: bytes) -> bytes:
        for form in self._bytes:
            if form in content:
                content = content.replace(form, MASK.encode())
        if any(name.encode() in content for name in SECRET_MEMBERS):
            content = _without_new_secrets(content)
        return content

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {k: MASK if k.lower() in self._headers else self.text(v) for k, v in headers.items()}

    def url(self, url: str) -> str:
        """Without user and password, and without known secrets anywhere."""
        parts = urlsplit(url)
        if "@" in parts.netloc:
            parts = parts._replace(netloc=f"{MASK}@{parts.netloc.rpartition('@')[2]}")
        return self.text(urlunsplit(parts))


def _without_new_secrets(content: bytes) -> bytes:
    """Mask the members of a token answer: its values are secrets nobody has declared yet."""
    try:
        parsed = json.loads(content)
    except ValueError:
        return content
    if not isinstance(parsed, dict) or not any(name in parsed for name in SECRET_MEMBERS):
        return content
    return json.dumps({k: MASK if k in SECRET_MEMBERS else v for k, v in parsed.items()}).encode()
