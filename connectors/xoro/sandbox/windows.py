"""What every list can be narrowed by: when a document was made and changed, and its id."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from connectors.xoro.sandbox.clock import Clock

WINDOWS = {
    "created_at_min": ("CreateDttm", 1),
    "created_at_max": ("CreateDttm", -1),
    "updated_at_min": ("ModifyDttm", 1),
    "updated_at_max": ("ModifyDttm", -1),
}


def within(rows: Iterable[Any], header: str, query: dict[str, str], clock: Clock) -> list[Any]:
    """Rows within every window asked for, both ends included, in the tenant's own time; ``header``: the member that
    holds the document's. A moment that cannot be read is ignored without a word, as unknown parameters are."""
    bounds = []
    for name, (member, sign) in WINDOWS.items():
        moment = clock.read(query.get(name, ""))
        if moment is not None:
            bounds.append((member, sign, moment.strftime("%Y%m%d%H%M%S")))
    since = query.get("since_id", "")
    least = int(since) if since.isdigit() else None
    return [
        row
        for row in rows
        if (least is None or row[header]["Id"] > least)
        and all(_is_in(sortable(row[header][member]), sign, bound) for member, sign, bound in bounds)
    ]


def sortable(stamp: str) -> str:
    """``03/09/2026 10:02:11 PM`` as ``20260309220211``. By slices: a large tenant compares ten thousand of them."""
    hour = int(stamp[11:13]) % 12 + (12 if stamp.endswith("PM") else 0)
    return f"{stamp[6:10]}{stamp[:2]}{stamp[3:5]}{hour:02d}{stamp[14:16]}{stamp[17:19]}"


def _is_in(value: str, sign: int, bound: str) -> bool:
    return value >= bound if sign > 0 else value <= bound
