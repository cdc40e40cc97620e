"""A gate in front of the sandbox: the next call of a kind is done there, and its answer kept back until it is let go."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from connectors.sandbox import Application, Environ, StartResponse

PATIENCE_S = 60.0


@dataclass
class Held:
    """One call that is kept back. ``path``: how its path ends; ``says``: what its body has to contain; ``skips``: how many
    such calls pass before; ``is_lost``: it never gets through, as of a client that dies before it has sent all of it."""

    path: str
    says: bytes
    skips: int
    is_lost: bool
    arrived: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> None:
        """Until the call has come, and was done at the sandbox where it is not to be lost."""
        assert self.arrived.wait(PATIENCE_S), f"nobody called {self.path} {self.says.decode()}"

    def release(self) -> None:
        self.released.set()


class Gate:
    def __init__(self, application: Application) -> None:
        self.application = application
        self._guard = threading.Lock()
        self._held: list[Held] = []

    @contextmanager
    def hold(self, path: str, *, says: str = "", skips: int = 0, is_lost: bool = False) -> Iterator[Held]:
        """Keeps back the answer of the next such call; it goes out at the end at the latest."""
        held = Held(path, says.encode(), skips, is_lost)
        with self._guard:
            self._held.append(held)
        try:
            yield held
        finally:
            with self._guard:
                self._held = [one for one in self._held if one is not held]
            held.release()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not self._held or "/_sandbox/" in environ.get("PATH_INFO", ""):
            return self.application(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        held = self._taken(environ["PATH_INFO"], body)
        if held is None:
            return self.application(environ, start_response)
        told: list[Any] = []
        if held.is_lost:
            held.arrived.set()
            held.released.wait(PATIENCE_S)
            raise ConnectionResetError("the call was lost")
        content = list(self.application(environ, lambda *given: told.append(given)))
        held.arrived.set()
        held.released.wait(PATIENCE_S)
        start_response(*told[0])
        return content

    def _taken(self, path: str, body: bytes) -> Held | None:
        with self._guard:
            for held in self._held:
                if not path.endswith(held.path) or held.says not in body or held.arrived.is_set():
                    continue
                if held.skips:
                    held.skips -= 1
                    return None
                self._held.remove(held)
                return held
        return None
