"""What a run knows of earlier writes for its object whose outcome nobody learnt."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError as InvalidRecord

from connectors.records import Record
from events import bodies
from events.exchanges import Unfinished, unfinished_write

if TYPE_CHECKING:
    from connectors.models import Link
    from events.models import Event

R = TypeVar("R", bound=Record)


class Doubts:
    """A part of ``Run``, whose event and row of the ledger it reads."""

    if TYPE_CHECKING:
        event: Event | None

        @property
        def the_event(self) -> Event: ...

        @cached_property
        def link(self) -> Link | None: ...

    @property
    def unfinished_write(self) -> bool:
        """Whether an earlier attempt for this object at this target sent a write of unknown outcome."""
        return self.unfinished_write_at is not None

    @property
    def unfinished_write_at(self) -> datetime | None:
        """When the last such write left: it may still be done, so that not finding its effect proves nothing yet."""
        return self._unfinished.at if self._unfinished is not None else None

    @property
    def unfinished_write_by_other(self) -> bool:
        """Whether another event for this object sent such a write, and did not come to write the ledger: what is there may
        be another version of the object than the ledger knows, and than this event carries."""
        if self._unfinished is None:
            return False
        in_ledger = self.link.last_event_id if self.link is not None else None
        return bool(self._unfinished.event_ids - {self.the_event.pk, in_ledger})

    @cached_property
    def _unfinished(self) -> Unfinished | None:
        return unfinished_write(self.event) if self.event is not None else None

    def begun(self, record_type: type[R]) -> R | None:
        """The version of the object that such a write was made of, where that was another event's: what is found at the
        target says what that version said, and so does what this event itself may have written to finish it. ``None``:
        there is no such write, or its record is not kept any more."""
        if self._unfinished is None or self._unfinished.other_event_id is None:
            return None
        try:
            earlier: R = record_type.from_json(bodies.read(self._unfinished.other_event_id, "payload") or b"")
        except InvalidRecord:
            return None
        return earlier
