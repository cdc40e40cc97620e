"""The hub connects to the internet and to what an operator allowed, and to nothing else."""

from __future__ import annotations

import ipaddress
import socket
import time

import pytest

from connectors import guard


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
     "255.255.255.255",
     "224.0.0.1", "240.0.0.1", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1",
     "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1",
     "2002:7f00:1::", "2002:a00:1::1", "2001:0:7f00:1::", "::7f00:1", "2001:db8::1", "fec0::1"],
)  # fmt: skip
def test_addresses_inside_are_not_public(address):
    assert not guard.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_addresses_of_the_internet_are(address):
    assert guard.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://",
        "gopher://x",
        "http://127.0.0.1:2/",
    ],
)
def test_only_https_is_called(url, settings):
    settings.HUB_ALLOWED_HOSTS_PLAIN = frozenset({"127.0.0.1:1"})
    with pytest.raises(guard.BlockedAddress):
        guard.check_url(url)


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f000001", "127.1", "0177.0.0.1", "localhost", "::1"])
def test_loopback_is_refused_however_it_is_written(host):
    with pytest.raises(OSError) as caught:
        guard.connect(host, 80, 1.0)
    assert isinstance(caught.value, guard.BlockedAddress | guard.NameNotResolved)


def answers(monkeypatch, *addresses: str) -> list[str]:
    asked: list[str] = []

    def getaddrinfo(host, port, *_, **__):
        asked.append(host)
        address = addresses[min(len(asked), len(addresses)) - 1]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def test_a_name_that_resolves_to_a_private_address_is_refused(monkeypatch):
    answers(monkeypatch, "10.0.0.1")
    with pytest.raises(guard.BlockedAddress, match=r"10\.0\.0\.1"):
        guard.connect("rebind.example", 443, 1.0)


def test_the_address_checked_is_the_address_connected_to(monkeypatch):
    """A name that resolves to a public address first and to a private one a moment later gains nothing."""
    asked = answers(monkeypatch, "93.184.216.34", "127.0.0.1")
    places = []

    def connect(self, place):
        places.append(place)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(ConnectionRefusedError):
        guard.connect("rebind.example", 443, 1.0)
    assert (asked, places) == (["rebind.example"], [("93.184.216.34", 443)])


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, 443)) for a in ("8.8.8.8", "192.168.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(guard.BlockedAddress):
        guard.connect("mixed.example", 443, 1.0)


def test_an_allow_listed_place_is_let_through_and_its_neighbour_is_not(settings):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        settings.HUB_ALLOWED_HOSTS_PRIVATE = frozenset({f"127.0.0.1:{port}"})
        guard.connect("127.0.0.1", port, 1.0).close()
        with pytest.raises(guard.BlockedAddress):
            guard.connect("127.0.0.1", port + 1, 1.0)


def test_a_resolver_that_hangs_costs_no_more_than_the_time_out(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(3))
    started = time.monotonic()
    with pytest.raises(guard.NameNotResolved):
        guard.connect("slow.example", 443, 0.2)
    assert time.monotonic() - started < 0.6


def test_many_dead_addresses_share_one_time_out(monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"8.8.8.{n}", 443)) for n in range(10)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    def connect(self, place):
        time.sleep(self.gettimeout())
        raise TimeoutError

    monkeypatch.setattr(socket.socket, "connect", connect)
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        guard.connect("dead.example", 443, 0.3)
    assert time.monotonic() - started < 0.7


@pytest.mark.parametrize("host", ["a" * 70 + ".example", ".example", "nicht.da.invalid"])
def test_a_name_that_cannot_be_resolved_says_so_at_once(host):
    started = time.monotonic()
    with pytest.raises(guard.NameNotResolved):
        guard.connect(host, 443, 5.0)
    assert time.monotonic() - started < 4
