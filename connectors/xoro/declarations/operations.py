"""What the provider declares about its own work: what failed is tried again with each batch."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.base import Sync
from connectors.xoro import scheduling

SYNCS: Mapping[str, Sync] = {
    "failed": Sync(
        label="Failed transactions",
        function=scheduling.rerun_failed,
        every=scheduling.every,
        help="Tries every failed transaction again that nobody resolved, as each scheduled run does.",
    ),
    "waves": Sync(
        label="Wave errors",
        function=scheduling.rerun_waves,
        every=scheduling.every_few_minutes,
        help="Tries orders again whose wave Xoro did not make, some minutes after they failed.",
    ),
}
