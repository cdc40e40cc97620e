"""The SSRF guard: which addresses the hub may connect to, decided at the very connect.

The address that is checked is the address that is connected to, so a name that resolves differently a moment later
gains nothing. Private, loopback and link-local addresses are refused unless host and port stand on an allow-list.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
import time
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class BlockedAddress(OSError):
    """The host resolves to an address the hub must not connect to."""


class NameNotResolved(OSError):
    """The host name does not resolve, or not in time."""


def is_allowed_here(host: str, port: int) -> bool:
    """Whether an operator allow-listed this host and port (``SANDBOX_URL``, ``HUB_ALLOWED_PRIVATE_HOSTS``)."""
    place = f"{host.lower()}:{port}"
    if settings.HUB_EGRESS_PROXY:
        proxy = urlsplit(settings.HUB_EGRESS_PROXY)
        if place == f"{proxy.hostname}:{proxy.port or (443 if proxy.scheme == 'https' else 80)}":
            return True
    return place in settings.HUB_ALLOWED_HOSTS_PLAIN or place in settings.HUB_ALLOWED_HOSTS_PRIVATE


def is_public(address: Address) -> bool:
    """Whether an address belongs to the internet at large; embedded IPv4 addresses are looked at."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address.sixtofour is not None:
            return is_public(address.sixtofour)
        if address.is_site_local:
            return False
        if address in NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return address.is_global and not address.is_multicast and not address.is_reserved


def check_url(url: str) -> None:
    """Refuse schemes other than https; http only to the sandbox. Raises ``BlockedAddress`` with a sentence."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    is_plain_allowed = parts.scheme == "http" and f"{host}:{port}" in settings.HUB_ALLOWED_HOSTS_PLAIN
    if (parts.scheme == "https" and host) or is_plain_allowed:
        if settings.HUB_EGRESS_PROXY:
            _check_behind_proxy(host, port)
        return
    raise BlockedAddress(f"The address {parts.scheme}://{host} is not https.")


def _check_behind_proxy(host: str, port: int) -> None:
    """The hub connects to the proxy only, so that the address it checks is not the one connected to: what can be seen
    from here is refused here, the rest is the proxy's own rule. A name only the proxy can resolve passes."""
    if is_allowed_here(host, port):
        return
    try:
        found = _resolve(host, port, 2.0)
    except OSError:
        return
    for *_, place in found:
        if not is_public(ipaddress.ip_address(place[0].partition("%")[0])):
            raise BlockedAddress(f"{host} resolves to {place[0]}, an address inside a private network.")


def connect(host: str, port: int, timeout_s: float | None, options: Any = None) -> socket.socket:
    """A connected socket to a permitted address of ``host``. Raises ``BlockedAddress``, ``NameNotResolved``,
    ``OSError``."""
    ends_at = None if timeout_s is None else time.monotonic() + timeout_s
    found = _resolve(host, port, timeout_s)
    if not is_allowed_here(host, port):
        for *_, place in found:
            if not is_public(ipaddress.ip_address(place[0].partition("%")[0])):
                raise BlockedAddress(f"{host} resolves to {place[0]}, an address inside a private network.")
    error: OSError | None = None
    for family, kind, protocol, _, place in found:
        made = socket.socket(family, kind, protocol)
        try:
            # All addresses of a name share one time-out: ten dead ones must not take ten times as long.
            made.settimeout(None if ends_at is None else max(0.01, ends_at - time.monotonic()))
            for option in options or ():
                made.setsockopt(*option)
            made.connect(place)
            return made
        except OSError as failure:
            made.close()
            error = failure
    raise error or NameNotResolved(f"{host} has no address.")


def _resolve(host: str, port: int, timeout_s: float | None) -> list[Any]:
    """``getaddrinfo`` with a time limit: the system's resolver knows none."""
    try:
        ipaddress.ip_address(host)
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except ValueError:
        pass
    answer: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answer.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:  # UnicodeError: a label that is empty or too long
            answer.put(error)

    threading.Thread(target=ask, name="resolver", daemon=True).start()
    try:
        found = answer.get(timeout=timeout_s)
    except queue.Empty:
        raise NameNotResolved(f"The name {host} was not resolved within {timeout_s:g} s.") from None
    if isinstance(found, Exception):
        raise NameNotResolved(f"The name {host} does not resolve.") from found
    return list(found)
