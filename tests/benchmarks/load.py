"""A small load generator: keep-alive sockets, prepared requests, one thread each; it costs as little as Python can."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
import time
import uuid
from collections.abc import Callable

SECRET = "benchmark-secret"
# The remote request of a benchmark: the sandbox ERP's orders of a customer that has none.
ASK = {"customer_code": "SBX-EMPTY", "current_page": "1", "per_page": "20"}
HEADERS = {"X-Erp-Key": "sandbox-key"}


def order_body(number: int) -> bytes:
    """About 2 KB of JSON, as a shop sends it."""
    lines = [
        {"id": 1410000 + n, "sku": f"MUG-{n:03d}", "title": "Mug, blue, 350 ml", "quantity": 2, "price": "26.30",
         "tax_lines": [{"title": "DE VAT", "rate": 0.19, "price": "7.61"}], "properties": []}
        for n in range(9)
    ]  # fmt: skip
    body = {"id": number, "name": f"#EX-{number}", "email": "mira@example.org", "currency": "EUR", "line_items": lines,
            "shipping_address": {"first_name": "Mira", "address1": "Uferweg 9", "zip": "24103", "city": "Kiel"}}  # fmt: skip
    return json.dumps(body).encode()


def delivery(path: str, number: int, topic: str) -> bytes:
    body = order_body(number)
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nX-Bench-Topic: {topic}\r\n"
        f"X-Bench-Delivery: {uuid.uuid4()}\r\nX-Bench-Signature: {digest}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Client:
    """One keep-alive connection."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.socket = self._connect()

    def _connect(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def send(self, request: bytes) -> int:
        """Status of the answer. A connection the server closed is opened anew."""
        for _ in range(2):
            try:
                self.socket.sendall(request)
                return self._read()
            except ConnectionError:
                self.socket = self._connect()
        raise ConnectionError("the server closes every connection")

    def _read(self) -> int:
        data = b""
        while b"\r\n\r\n" not in data:
            part = self.socket.recv(65_536)
            if not part:
                raise ConnectionError
            data += part
        head, _, rest = data.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n")[1:]:
            if line.lower().startswith(b"content-length:"):
                length = int(line[15:])
        while len(rest) < length:
            rest += self.socket.recv(65_536)
        return int(head[9:12])


def hammer(
    port: int, make: Callable[[int], bytes], *, seconds: float, connections: int = 16
) -> tuple[float, dict[int, int]]:
    """(answers a second, answers by status) of ``connections`` clients that each send as fast as they are answered."""
    prepared = [[make(thread * 100_000 + n) for n in range(600)] for thread in range(connections)]
    counts: list[dict[int, int]] = [{} for _ in range(connections)]
    clients = [Client(port) for _ in range(connections)]
    ends_at = time.monotonic() + seconds
    started = time.monotonic()

    def work(index: int) -> None:
        requests, seen = prepared[index], counts[index]
        position = 0
        while time.monotonic() < ends_at:
            request = requests[position] if position < len(requests) else make(index * 100_000 + position)
            status = clients[index].send(request)
            seen[status] = seen.get(status, 0) + 1
            position += 1

    threads = [threading.Thread(target=work, args=(n,)) for n in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - started
    total: dict[int, int] = {}
    for seen in counts:
        for status, count in seen.items():
            total[status] = total.get(status, 0) + count
    return sum(total.values()) / took, total
