"""The remote system of the process tests: a real HTTP server in the test's own process, with its own journal."""

from __future__ import annotations

import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Remote:
    """Knows ``/things/<key>``: GET finds it (200) or not (404), POST makes it and is counted in ``writes``.

    ``hold(key)``: the POST of that key is done and journalled, its answer kept back until ``release``; the same for
    GET of ``/slow/<key>``.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.writes: Counter[str] = Counter()
        self.arrived: dict[str, threading.Event] = {}
        self.held: dict[str, threading.Event] = {}
        self.callers: dict[str, int] = {}  # the port a key was asked for from: tells which process did
        remote = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                kind, key = remote.place(self.path)
                remote.callers[key] = self.client_address[1]
                if kind == "slow":
                    remote.arrive(key)
                    remote.wait(key)
                with remote.lock:
                    is_there = kind == "slow" or key == "probe" or remote.writes[key] > 0
                self.answer(200 if is_there else 404)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                _, key = remote.place(self.path)
                with remote.lock:
                    remote.writes[key] += 1
                remote.arrive(key)
                remote.wait(key)
                self.answer(201)

            def answer(self, status: int) -> None:
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", "2")
                    self.end_headers()
                    self.wfile.write(b"{}")
                except OSError:
                    self.close_connection = True  # whoever asked was killed

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_: object) -> None:
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @staticmethod
    def place(path: str) -> tuple[str, str]:
        _, kind, key = path.split("/", 2)
        return kind, key

    def _arrival(self, key: str) -> threading.Event:
        with self.lock:
            return self.arrived.setdefault(key, threading.Event())

    def arrive(self, key: str) -> None:
        self._arrival(key).set()

    def wait_for(self, key: str, seconds: float = 15.0) -> None:
        """Until the write of ``key`` has arrived (its answer may still be held)."""
        assert self._arrival(key).wait(seconds), f"the remote never heard of {key}"

    def hold(self, key: str) -> None:
        with self.lock:
            self.held[key] = threading.Event()

    def release(self, key: str) -> None:
        with self.lock:
            held = self.held.pop(key, None)
        if held is not None:
            held.set()

    def wait(self, key: str) -> None:
        with self.lock:
            held = self.held.get(key)
        if held is not None:
            held.wait(30)

    def close(self) -> None:
        for key in list(self.held):
            self.release(key)
        self.server.shutdown()
        self.server.server_close()
