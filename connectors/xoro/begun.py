"""What an earlier version of an object began and nobody learnt the end of.

A worker may die over a write, and by the time the hub looks for its effect a newer version of the object is there. What is
found was made of the earlier one: it is finished and remembered as that, and only then compared with the newer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from connectors.base import Delivered
from connectors.records import Record

if TYPE_CHECKING:
    from connectors.run import Run

R = TypeVar("R", bound=Record)


def finish(run: Run, one: R, meaning: Callable[[R], str], push: Callable[[R], Delivered]) -> Delivered | None:
    """Finishes and remembers what a version with another ``meaning`` began; ``None`` where none did. Raises what ``push``
    raises."""
    earlier = run.begun(type(one))
    if earlier is None or meaning(earlier) == meaning(one):
        return None
    delivered = push(earlier)
    run.remember(earlier, delivered.target_id, delivered.target_number, delivered.sent_hash)
    return delivered
