"""Taking secrets out of whatever is written down: by declared values and by header names, at write time."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus, urlsplit, urlunsplit

MASK = "***"
SECRET_HEADERS = frozenset(
    {
        "authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "api-key", "x-auth-token",
        "x-shopify-access-token", "x-shopify-hmac-sha256", "www-authenticate",
    }
)  # fmt: skip
# Whatever calls itself so is no longer anybody's to read, declared or not.
SECRET_HEADER = re.compile(r"token|secret|passw|api-?key|authorization|cookie|hmac|signature", re.IGNORECASE)
SECRET_MEMBERS = ("access_token", "refresh_token", "client_secret", "id_token")  # answers that hand out new secrets
_NAMES = "|".join(SECRET_MEMBERS)
# By pattern and not by parsing: nested, cut off or not quite JSON, the value goes all the same.
_IN_JSON = re.compile(rb'("(?:%s)"\s*:\s*)"(?:[^"\\]|\\.)*"?' % _NAMES.encode())
_IN_FORM = re.compile(rb"((?:^|[?&])(?:%s)=)[^&\s#]*" % _NAMES.encode())
URL_SAFE = "!#$%&'()*+,/:;=?@[]~"  # what an address keeps of a value nobody had encoded
SHORTEST_SECRET = 4  # characters; replacing shorter ones would mangle texts and hide nothing
SHORTEST_BASE64 = 8  # characters of base64 that are sure to stem from the secret; fewer match by chance


class Redactor:
    """Knows one connector's secrets. ``headers`` names further headers whose values are secret."""

    def __init__(self, secrets: Iterable[str] = (), headers: Iterable[str] = ()) -> None:
        self._headers = SECRET_HEADERS | {name.lower() for name in headers}
        self._known: set[str] = set()
        self._forms: list[str] = []
        self._bytes: list[bytes] = []
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Take out these too from now on."""
        new = {secret for secret in secrets if len(secret) >= SHORTEST_SECRET} - self._known
        if not new:
            return
        self._known |= new
        self._forms = sorted(
            {*self._forms, *(form for secret in new for form in _forms(secret))}, key=len, reverse=True
        )
        self._bytes = [form.encode("utf-8", "surrogatepass") for form in self._forms]

    def learn_sent(self, headers: Mapping[str, str]) -> None:
        """Learn a request's credentials: a session's token or a pair in base64 is no setting, and a careless remote
        repeats it in its answer all the same."""
        self.learn(value.rpartition(" ")[2] for name, value in headers.items() if self.is_secret_header(name))

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
            content = _IN_FORM.sub(rb"\1***", _IN_JSON.sub(rb'\1"***"', content))
        return content

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {k: MASK if self.is_secret_header(k) else self.text(v) for k, v in headers.items()}

    def is_secret_header(self, name: str) -> bool:
        return name.lower() in self._headers or is_secret_header(name)

    def url(self, url: str) -> str:
        """Without user and password, and without known secrets anywhere."""
        parts = urlsplit(url)
        if "@" in parts.netloc:
            parts = parts._replace(netloc=f"{MASK}@{parts.netloc.rpartition('@')[2]}")
        shown = self.text(urlunsplit(parts))
        return _IN_FORM.sub(rb"\1***", shown.encode("utf-8", "replace")).decode()


def is_secret_header(name: str) -> bool:
    """Whether a header's value is not to be kept, whoever sent it."""
    return name.lower() in SECRET_HEADERS or SECRET_HEADER.search(name) is not None


def _forms(secret: str) -> set[str]:
    """The ways in which a secret is written: as it is, percent-encoded, in JSON or HTML, and inside base64."""
    plain = json.dumps(secret, ensure_ascii=False)[1:-1]
    ascii_only = json.dumps(secret)[1:-1]
    forms = {
        secret, quote(secret, safe=""), quote(secret), quote_plus(secret), quote(secret, safe=URL_SAFE),
        quote(secret, safe="!'()*"), plain, ascii_only, html.escape(secret),
        html.escape(secret, quote=False), plain.replace("/", "\\/"), ascii_only.replace("/", "\\/"), repr(secret)[1:-1],
    }  # fmt: skip
    # Some write percent-encoding and unicode escapes the other way round.
    forms |= {re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), form) for form in tuple(forms) if "%" in form}
    escaped = [form for form in forms if "\\u" in form]
    forms |= {re.sub(r"\\u[0-9a-f]{4}", lambda found: "\\u" + found[0][2:].upper(), form) for form in escaped}
    return {form for form in forms | _base64_forms(secret.encode("utf-8", "surrogatepass")) if form}


def _base64_forms(secret: bytes) -> set[str]:
    """What base64 of ``<anything><secret><anything>`` surely holds, for each of the three positions the secret may
    have: ``user:secret`` of basic authentication is one of them."""
    forms: set[str] = set()
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + secret).decode().rstrip("=")
        first = (offset * 8 + 5) // 6  # characters that bits of the neighbours take part in are left out
        last = (offset + len(secret)) * 8 // 6
        sure = encoded[first:last]
        if len(sure) >= SHORTEST_BASE64:
            forms |= {sure, sure.replace("+", "-").replace("/", "_"), quote(sure, safe="")}
    return forms
