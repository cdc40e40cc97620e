"""A real HTTP server with every fault a remote system has, on plain sockets: what it sends is what a test says.

The path chooses the fault (``/slow``, ``/drip-headers``, ``/drip-body``, ``/endless``, ``/redirect``, ``/status/500``,
``/throttled``, ``/reset``, ``/bomb``, ``/huge-headers``, ``/not-utf8``, ``/short``, ``/cookie``, ``/silent``); anything
else is answered well.
"""

from __future__ import annotations

import datetime
import gzip
import ipaddress
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection_number: int


class Remote:
    """``url`` and ``place`` (host:port) say where; ``received`` is the journal; ``before_answer`` runs in the server's
    thread once a request is complete; ``answers`` maps a path to (status, body, headers)."""

    def __init__(self, certificate: Path | None = None) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.place = f"127.0.0.1:{self.port}"
        self.is_tls = certificate is not None
        self.url = f"{'https' if self.is_tls else 'http'}://{self.place}"
        self.context: ssl.SSLContext | None = None
        if certificate is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate)
        self.is_closed = False
        self.connections = 0
        self.reset()
        threading.Thread(target=self._accept, daemon=True).start()

    def reset(self) -> None:
        self.received: list[Received] = []
        self.before_answer: Callable[[Received], None] | None = None
        self.answers: dict[str, tuple[int, object, dict[str, str]]] = {}

    def close(self) -> None:
        self.is_closed = True
        self.listener.close()

    def _accept(self) -> None:
        while not self.is_closed:
            try:
                made, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(made, self.connections), daemon=True).start()

    def _serve(self, made: socket.socket, number: int) -> None:
        try:
            if self.context is not None:
                made = self.context.wrap_socket(made, server_side=True)
            with made:
                stream = made.makefile("rb")
                while (request := _read(stream, number)) is not None:
                    self.received.append(request)
                    if self.before_answer is not None:
                        self.before_answer(request)
                    if not self._answer(made, request):
                        return
        except OSError:
            pass

    def _answer(self, made: socket.socket, request: Received) -> bool:
        """Answer one request; true where the connection stays open."""
        path = request.path.partition("?")[0]
        if path in self.answers:
            return _send(made, *self.answers[path])
        fault = FAULTS.get("/" + path.strip("/").partition("/")[0])
        if fault is not None:
            return fault(made, request)
        return _send(made, 200, {"id": "R1", "path": path}, {"X-Request-Id": "vendor-1"})


def _read(stream, number: int) -> Received | None:  # type: ignore[no-untyped-def]
    first = stream.readline()
    if not first.strip():
        return None
    method, path, _ = first.decode("latin-1").split(" ", 2)
    headers: dict[str, str] = {}
    while line := stream.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return Received(method, path, headers, stream.read(int(headers.get("content-length", 0))), number)


def _send(made: socket.socket, status: int, body: object, headers: dict[str, str] | None = None) -> bool:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    all_headers = {"Content-Type": "application/json", "Content-Length": str(len(content)), **(headers or {})}
    head = f"HTTP/1.1 {status} X\r\n" + "".join(f"{k}: {v}\r\n" for k, v in all_headers.items()) + "\r\n"
    made.sendall(head.encode("latin-1") + content)
    return True


DRIP_S = 0.2


def _slow(made: socket.socket, request: Received) -> bool:
    time.sleep(5)
    return _send(made, 200, {})


def _silent(made: socket.socket, request: Received) -> bool:
    time.sleep(60)
    return False


def _drip(made: socket.socket, content: bytes) -> bool:
    for byte in content:
        made.sendall(bytes([byte]))
        time.sleep(DRIP_S)
    return False


def _drip_headers(made: socket.socket, request: Received) -> bool:
    return _drip(made, b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 600 + b"\r\n\r\n")


def _drip_body(made: socket.socket, request: Received) -> bool:
    made.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 600\r\n\r\n")
    return _drip(made, b"a" * 600)


def _endless(made: socket.socket, request: Received) -> bool:
    made.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    for _ in range(100_000):
        made.sendall(b"x" * 65536)
    return False


def _redirect(made: socket.socket, request: Received) -> bool:
    return _send(made, 302, b"", {"Location": "http://127.0.0.1:1/inside"})


def _status(made: socket.socket, request: Received) -> bool:
    return _send(made, int(request.path.partition("?")[0].rpartition("/")[2]), {"error": "as asked"})


def _throttled(made: socket.socket, request: Received) -> bool:
    return _send(made, 429, {"error": "slow down"}, {"Retry-After": "7"})


def _reset(made: socket.socket, request: Received) -> bool:
    made.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
    time.sleep(0.05)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    made.close()
    return False


def _bomb(made: socket.socket, request: Received) -> bool:
    return _send(made, 200, _bomb_body(), {"Content-Encoding": "gzip"})


def _bomb_body() -> bytes:
    return gzip.compress(b"\0" * (200 * 1024 * 1024), 9)


def _huge_headers(made: socket.socket, request: Received) -> bool:
    made.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in range(20_000):
        made.sendall(b"X-Header-%d: %s\r\n" % (number, b"v" * 1000))
    made.sendall(b"Content-Length: 2\r\n\r\n{}")
    return False


def _not_utf8(made: socket.socket, request: Received) -> bool:
    return _send(made, 200, b'{"name": "\xff\xfe\x00"}', {"X-Odd": "\xff\xfe"})


def _short(made: socket.socket, request: Received) -> bool:
    made.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"a": 1}')
    return False


def _cookie(made: socket.socket, request: Received) -> bool:
    return _send(made, 200, {}, {"Set-Cookie": "session=abc; Path=/"})


FAULTS: dict[str, Callable[[socket.socket, Received], bool]] = {
    "/slow": _slow, "/silent": _silent, "/drip-headers": _drip_headers, "/drip-body": _drip_body,
    "/endless": _endless, "/redirect": _redirect, "/status": _status, "/throttled": _throttled, "/reset": _reset,
    "/bomb": _bomb, "/huge-headers": _huge_headers, "/not-utf8": _not_utf8, "/short": _short, "/cookie": _cookie,
}  # fmt: skip


def self_signed(path: Path) -> Path:
    """A certificate nobody signed, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path
