"""Applying an ``OrderUpdate`` to an order of the shop, each part once however often it is tried.

The order's state is read first: what is done already is not done again. Parts that can be refused come last, so that a
note that explains a cancellation is there before it. Not for what the hub writes onto orders by itself: that is
``writeback.py``.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors import directory
from connectors.base import Delivered
from connectors.directory import Known
from connectors.exceptions import PayloadError, RemoteRefused
from connectors.records import OrderUpdate
from connectors.shopify.calls import orders as calls
from connectors.shopify.client import order_gid

if TYPE_CHECKING:
    from connectors.run import Run

CAPTURED = "captured"  # directory: amounts taken, by the wish they were taken for
REASONS = frozenset({"customer", "declined", "fraud", "inventory", "other", "staff"})


def apply_update(run: Run, wish: OrderUpdate) -> Delivered:
    """Do what is wished and was not done. Raises ``PayloadError`` (it names no order, or no known reason),
    ``RemoteRefused`` (no such order; the shop declines), ``UnconfirmedWrite`` (a capture of unknown outcome)."""
    if wish.cancellation is not None and wish.cancellation.reason not in REASONS:
        raise PayloadError(
            f"“{wish.cancellation.reason}” is no reason to cancel that Shopify knows.",
            path="cancellation.reason",
            next_step=f"Use one of {', '.join(sorted(REASONS))}.",
        )
    state = _find(run, wish)
    number, name = str(state["legacyResourceId"]), str(state["name"])
    run.key("order_id", number)
    run.key("order_name", name)
    done = _mark(run, state, wish) + _money(run, state, wish)
    if wish.cancellation is not None:
        how = wish.cancellation
        is_new = calls.cancel(
            run.client, state, reason=how.reason, restock=how.restock, refund=how.refund, note=how.note
        )
        done.append("cancelled" if is_new else "was cancelled already")
    if wish.is_closed and calls.close(run.client, state):
        done.append("closed")
    sentence = f"Order {name}: {', '.join(done)}." if done else f"Order {name} is as wished already."
    return Delivered(target_id=number, target_number=name, sentence=sentence)


def _find(run: Run, wish: OrderUpdate) -> dict[str, Any]:
    gid = ""
    if wish.order_id:
        gid = wish.order_id if wish.order_id.startswith("gid://") else order_gid(wish.order_id)
    elif wish.order_name:
        found = calls.find_order(run.client, wish.order_name)
        gid = str(found["id"]) if found else ""
    else:
        raise PayloadError(f"{wish.label} {wish.number} names no order.", path="order_id")
    state = calls.read_state(run.client, gid, run.settings.metafield_namespace) if gid else None
    if state is None:
        raise RemoteRefused(
            f"The shop has no order {wish.order_name or wish.order_id}.",
            code="not_found",
            next_step="Correct the order's number at the source, or mark this event resolved where it was deleted.",
        )
    return state


def _mark(run: Run, state: dict[str, Any], wish: OrderUpdate) -> list[str]:
    """Tags and note."""
    done, gid = [], str(state["id"])
    held = {tag.casefold() for tag in state["tags"]}
    if missing := [tag for tag in wish.add_tags if tag.casefold() not in held]:
        calls.add_tags(run.client, gid, missing)
        done.append(f"tagged {', '.join(missing)}")
    if gone := [tag for tag in wish.remove_tags if tag.casefold() in held]:
        calls.remove_tags(run.client, gid, gone)
        done.append(f"without the tags {', '.join(gone)}")
    if wish.note and calls.append_note(run.client, state, wish.note):
        done.append("note added")
    return done


def _money(run: Run, state: dict[str, Any], wish: OrderUpdate) -> list[str]:
    """Payment by hand and capture."""
    done = []
    if wish.is_paid:
        done.append("marked as paid" if calls.mark_paid(run.client, state) else "was paid already")
    if wish.capture is not None and _is_captured(run, wish):
        done.append("payment was captured already")
    elif wish.capture is not None or wish.capture_all:
        is_new = calls.capture(run.client, state, wish.capture, in_doubt=run.unfinished_write)
        if wish.capture is not None and run.connector.pk:
            amount = Known(key=_wish_key(run, wish), object_id=_wish_key(run, wish), data={"amount": str(wish.capture)})
            directory.put(run.connector.pk, CAPTURED, [amount])
        done.append("payment captured" if is_new else "nothing was left to capture")
    return done


def _is_captured(run: Run, wish: OrderUpdate) -> bool:
    """Whether an amount was taken for this wish: what is left could be taken again, and the order does not say for what
    it was. Raises ``RemoteRefused`` where it was another amount."""
    known = directory.by_id(run.connector.pk, CAPTURED, _wish_key(run, wish)) if run.connector.pk else None
    if known is None:
        return False
    if Decimal(known.data["amount"]) != wish.capture:
        raise RemoteRefused(
            f"{wish.label} {wish.number} asks to capture {wish.capture}, but {known.data['amount']} was captured for it.",
            code="change_not_applied",
            next_step="Send a further amount as an order update of its own, or mark this event resolved.",
        )
    return True


def _wish_key(run: Run, wish: OrderUpdate) -> str:
    return hashlib.sha256(f"{run.source_connector_slug}:{wish.id}".encode()).hexdigest()
