"""Form fields of the settings: endpoint address, header name and value, field map, time zone.

They refuse at the form what would only fail, or leak, at the first call. The address a name resolves to is checked by
the hub's HTTP client at each call; here only what can be seen in the text.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django import forms
from django.conf import settings as django_settings
from django.core.exceptions import ValidationError

from connectors import guard
from connectors.generic_erp import fieldmap

ID_PLACEHOLDER = "{id}"
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token of RFC 9110, section 5.6.2
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
RESERVED_HEADERS = frozenset(
    {
        "content-type",
        "accept",
        "host",
        "content-length",
        "connection",
        "transfer-encoding",
        "user-agent",
        "x-request-id",
        "cookie",
    }
)
DEFAULT_PORTS = {"https": 443, "http": 80}


class CredentialField(forms.CharField):
    """Key or token: trimmed text without control characters, because a line break would start another header."""

    def to_python(self, value: Any) -> str:
        # Before trimming, or a pasted line break at the end would pass unseen while one in the middle does not.
        text = str(value) if value is not None else ""
        if CONTROL.search(text.strip(" ")):
            raise ValidationError("Remove line breaks and other control characters.", code="control")
        return str(super().to_python(value) or "")


class EndpointField(forms.CharField):
    """An absolute address: https, or http where ``HUB_ALLOWED_HOSTS_PLAIN`` names its host and port.

    ``by_id``: the text ``{id}`` may stand for the percent-encoded id, in path or query.
    """

    def __init__(self, *, by_id: bool = False, **more: Any) -> None:
        self.by_id = by_id
        super().__init__(required=False, max_length=2000, **more)

    def to_python(self, value: Any) -> str:
        text = str(super().to_python(value) or "")
        if text:
            check_address(text, by_id=self.by_id)
        return text


def check_address(address: str, *, by_id: bool = False) -> None:
    """Raise ``ValidationError`` with a sentence for an address the hub must not call."""
    if CONTROL.search(address) or " " in address or "\\" in address:
        raise ValidationError("Remove spaces, backslashes and control characters from the address.", code="characters")
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise ValidationError("This is not a valid address.", code="address") from None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise ValidationError("Enter an absolute address that starts with https://.", code="address")
    if "@" in parts.netloc:
        raise ValidationError("Enter user name and password as Key and Token, not in the address.", code="userinfo")
    if parts.fragment:
        raise ValidationError("Remove the part from # on: it is never sent.", code="fragment")
    _check_placeholder(address, parts, by_id=by_id)
    if f"{parts.hostname}:{port or DEFAULT_PORTS[parts.scheme]}" in plain_hosts():
        return
    if parts.scheme != "https":
        raise ValidationError("Only https:// is allowed: the request carries a credential.", code="plain")
    if is_internal(parts.hostname) and not guard.is_allowed_here(parts.hostname, port or DEFAULT_PORTS["https"]):
        raise ValidationError(
            "This address is inside a private network; ask for it to be allow-listed.", code="internal"
        )


def _check_placeholder(address: str, parts: SplitResult, *, by_id: bool) -> None:
    rest = address.replace(ID_PLACEHOLDER, "")
    if "{" in rest or "}" in rest:
        raise ValidationError(f"The only placeholder is {ID_PLACEHOLDER}.", code="placeholder")
    if rest != address and not by_id:
        raise ValidationError(f"{ID_PLACEHOLDER} is only for addresses that read one object.", code="placeholder")
    if ID_PLACEHOLDER in parts.netloc:
        raise ValidationError(f"{ID_PLACEHOLDER} must stand behind the host name.", code="placeholder")


def plain_hosts() -> frozenset[str]:
    """``host:port`` pairs that may be called by plain http and inside a private network, from the environment."""
    return frozenset(getattr(django_settings, "HUB_ALLOWED_HOSTS_PLAIN", frozenset()))


def is_internal(host: str) -> bool:
    """Whether the host is, as written, an address or a name that never leaves the own machine or network."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        # 127.1, 0x7f000001 and 2130706433 are loopback to a resolver though not to ``ipaddress``; no public host name
        # ends in a number.
        return bool(re.fullmatch(r"(0x[0-9a-f]*|\d+)", name.rpartition(".")[2]))
    mapped = getattr(address, "ipv4_mapped", None)
    return not (mapped or address).is_global or (mapped or address).is_multicast


class FieldMapField(forms.JSONField):
    """A JSON object: our field -> JMESPath expression over the ERP's answer. Nothing filled in reads as ``None``."""

    def clean(self, value: Any) -> dict[str, str] | None:
        given = super().clean(value)
        if given is None:
            return None
        if not isinstance(given, Mapping):
            raise ValidationError('Enter a JSON object, such as {"orders.order_number": "docNo"}.', code="object")
        problems = fieldmap.problems(given)
        if problems:
            raise ValidationError(problems, code="field_map")
        return dict(given) or None


def header_name_problem(name: str) -> str:
    """Why ``name`` cannot be the name of the credential's header, or ``""``."""
    if not HEADER_NAME.fullmatch(name):
        return "Key is not a valid header name: use letters, digits and hyphens, no spaces or colon."
    if name.lower() in RESERVED_HEADERS:
        return f"Key must not be {name}: that header is set by the hub itself."
    return ""
