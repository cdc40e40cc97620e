"""Returns that end without goods: declined before they were approved, cancelled before anything was processed.

Another system's word is carried to the shop where the shop's return is still at the step before; where it ended
otherwise there, a person decides. Not for what happens to goods: that is ``warehousereturns.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connectors.exceptions import RemoteRefused
from connectors.records import Return
from connectors.shopify.calls import returns as calls
from connectors.shopify.returns import STATUSES

if TYPE_CHECKING:
    from connectors.run import Run

Node = Mapping[str, Any]
DECLINED, CANCELLED = "declined", "cancelled"
# https://shopify.dev/docs/api/admin-graphql/2026-10/enums/ReturnDeclineReason (checked 2026-11-20)
REASONS = frozenset({"FINAL_SALE", "RETURN_PERIOD_ENDED", "OTHER"})
NOTE_LENGTH = 500


def end(run: Run, record: Return, node: Node) -> str:
    """Bring the shop's return to the end the record has; returns what was done in words. Raises ``RemoteRefused`` where
    it ended otherwise there, and ``UserErrors`` where Shopify declines."""
    gid, status = str(node["id"]), str(node["status"])
    if record.status == DECLINED and status == "REQUESTED":
        calls.decline_return(run.client, gid, reason=_reason(run, record), note=record.decline_note[:NOTE_LENGTH])
        return "declined"
    if record.status == CANCELLED and status == "OPEN":
        calls.cancel_return(run.client, gid)
        return "cancelled"
    check_same(record, node)
    return "nothing to do"


def check_same(record: Return, node: Node) -> None:
    """For a return that has ended there or here. Raises ``RemoteRefused`` where the two say different things."""
    theirs = STATUSES.get(str(node["status"]), str(node["status"]).lower())
    if theirs != record.status:
        raise RemoteRefused(
            f"Return {record.number} is {record.status}, but {node['name']} in the shop is {theirs}.",
            code="state",
            next_step="Bring the return in the shop's admin to the same state, then mark this event resolved.",
        )


def _reason(run: Run, record: Return) -> str:
    reason = record.decline_reason.upper()
    if reason in REASONS:
        return reason
    if reason:
        run.note("reason", f"Shopify knows no reason “{record.decline_reason}” to decline a return: it says “other”.")
    return "OTHER"
