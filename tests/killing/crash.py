"""The exact moment: a worker is killed when the sandbox has done a call, or has answered it, and the hub knows it not yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from connectors.models import DirectoryEntry
from events.models import Event, Outcome, RelatedRequest, RequestState
from tests.killing.workers import Worker, Workers, forgetting, until

UNANSWERED, UNREMEMBERED = "done and not answered", "answered and not remembered"
MOMENTS = (UNANSWERED, UNREMEMBERED)


class Crash:
    def __init__(self, sandbox: Any, workers: Workers) -> None:
        self.sandbox, self.workers = sandbox, workers

    def at(self, path: str, moment: str = UNANSWERED, **which: Any) -> None:
        """A worker does what is due until it has sent such a call (``which``: as ``Gate.hold``); then it is killed."""
        with self.sandbox.gate.hold(path, **which) as held:
            worker = self.workers.start()
            held.wait()
            if moment == UNANSWERED:
                worker.kill()
                return
            with forgetting() as end:
                held.release()
                until(_is_answered, "the answer was written down")
                worker.kill()
                end()

    @contextmanager
    def asleep(self, path: str, **which: Any) -> Iterator[None]:
        """While it lasts a worker that sent such a call sleeps, as on a machine that hangs; then it goes on, with the answer,
        and does not know that its event was taken back."""
        with self.sandbox.gate.hold(path, **which) as held:
            worker = self.workers.start()
            held.wait()
            worker.stop()
        yield
        worker.go_on()
        worker.wait()

    @contextmanager
    def busy(self, path: str, **which: Any) -> Iterator[Worker]:
        """While it lasts a worker waits for the answer of such a call."""
        with self.sandbox.gate.hold(path, **which) as held:
            worker = self.workers.start()
            held.wait()
            yield worker
            held.release()
            worker.wait()

    def recover(self) -> None:
        self.workers.recover()

    def drain(self) -> None:
        self.workers.drain()

    def later(self) -> None:
        """Minutes pass: what was sent without an answer is certainly done or not, and whoever waits looks again."""
        ago = timedelta(minutes=5)
        RelatedRequest.objects.update(requested_at=F("requested_at") - ago)
        for row in DirectoryEntry.objects.filter(kind="shipment_under_way"):
            row.data["at"] = (datetime.fromisoformat(row.data["at"]) - ago).isoformat()
            row.save()
        Event.objects.filter(outcome=Outcome.WAITING).update(outcome=Outcome.QUEUED, due_at=None)
        self.drain()

    def posts(self, path: str, *, says: str = "", prefix: str = "xoro") -> int:
        """How often the hub sent such a write, whatever came of it."""
        sent = [one for one in self.sandbox.log(prefix) if one["method"] == "POST" and one["path"].endswith(path)]
        return len([one for one in sent if says in one["body"]])


def _is_answered() -> bool:
    return not RelatedRequest.objects.filter(is_write=True, state=RequestState.SENT).exists()


def told(event_id: int) -> tuple[str, str]:
    """What became of an event: outcome and reason."""
    event = Event.objects.get(pk=event_id)
    return str(event.outcome), str(event.reason)


def said(event_id: int) -> str:
    event = Event.objects.get(pk=event_id)
    return f"{event.sentence} {event.next_step} {event.notes}"
