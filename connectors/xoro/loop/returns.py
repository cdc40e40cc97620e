"""The way of one return: authorised in Xoro, received, processed or flagged in Loop, its money booked. Each event takes it
as far as it goes, and what was done is never done again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from connectors.exceptions import RemoteRefused, RemoteUnavailable, Skip, UnconfirmedWrite
from connectors.xoro import refusals
from connectors.xoro.loop import memory as remembering
from connectors.xoro.loop import money, twins
from connectors.xoro.loop.client import LoopClient
from connectors.xoro.loop.memory import Memory, recall
from connectors.xoro.loop.reading import CLOSED, ENDED, LoopReturn
from connectors.xoro.loop.rmas import authorise, source_of, units_of
from connectors.xoro.scheduling import starts_at
from connectors.xoro.settings_returns import LOOP

if TYPE_CHECKING:
    from connectors.run import Run
    from connectors.xoro.settings import XoroSettings

PROCESS, FLAG = "process", "flag"


def is_on(settings: XoroSettings) -> bool:
    """Whether returns of Loop are read at all."""
    return settings.return_source == LOOP and bool(settings.sync_third_party_returns)


def ask_for(run: Run, return_id: str, label: str) -> None:
    """An event that takes the return further."""
    run.spawn(
        topic="single:return",
        object_type="return",
        object_id=return_id,
        object_label=label,
        payload={"number": return_id},
    )


def bring_return(run: Run) -> str:
    """The return whose id, address or order number is ``run.payload["number"]``.

    Raises ``Skip`` (none; switched off; too old; ended), ``RemoteRefused`` (somebody must act in Loop), and what each step
    raises."""
    check_on(run)
    given = str(run.payload.get("number") or "").strip()
    loop = client_of(run)
    one = _find(loop, given)
    run.describe(object_type="return", object_id=one.id, object_label=one.name)
    run.keys([("loop_return_id", one.id), ("order_id", one.order_id), ("order_number", one.order_name.lstrip("#"))])
    memory = recall(run, one.id)
    _check_wanted(run, one, memory)
    if one.state in ENDED:
        raise _ended(run, one, memory)
    if not one.lines and not memory.rma:
        raise Skip(f"Return {one.name} has no goods that come back.", reason="filtered", code="no_goods")
    is_expected_by_none = memory.stage == remembering.EXPECTED and not memory.asn
    may_be_authorised = memory.rma or memory.stage == remembering.SENDING
    credited = [] if may_be_authorised else twins.credited(run, source_of(run), one)
    if credited:
        run.note(
            "goods_by_refund", f"Return {one.name}: its goods came back with {', '.join(credited)}; no RMA was made."
        )
    elif memory.stage in (remembering.NEW, remembering.SENDING) or is_expected_by_none:
        memory = authorise(run, one, memory)
    if memory.stage == remembering.RECEIVED:
        memory = _tell(run, loop, one, replace(memory, wanted=units_of(run, one)))
    if one.state != CLOSED and credited:
        return f"Return {one.name} needs no RMA: its goods came back with {', '.join(credited)}."
    if one.state != CLOSED:
        _check_unedited(run, one, memory)
        return _told(one, memory)
    if run.unfinished_write and not memory.memos:
        # The write without an answer was another one: it must not make the memos look doubtful.
        ask_for(run, one.id, one.name)
        return f"Return {one.name} is closed in Loop; its money is booked by an event of its own."
    return money.book(run, one, memory)


def client_of(run: Run) -> LoopClient:
    """Of the connector's settings."""
    return LoopClient(run.settings, run.http)


def check_on(run: Run) -> None:
    """Raises ``Skip`` where returns of Loop are not read."""
    settings = run.settings
    if settings.return_source != LOOP:
        raise Skip("No return is read: the return source is not Loop.", reason="filtered", code="return_source")
    if not settings.sync_third_party_returns:
        raise Skip(
            "No return of Loop is read: “Synchronize its returns” is off.",
            reason="filtered",
            code="sync_third_party_returns",
        )


def _find(loop: LoopClient, given: str) -> LoopReturn:
    """By the last part of the return's address, its id, or the number of its order. Raises ``Skip`` where there is none."""
    number = urlsplit(given.strip()).path.rstrip("/").rpartition("/")[2] if "/" in given else given.strip()
    found = loop.get(return_id=number) if number.isascii() and number.isdigit() else None
    if found is None and number:
        found = loop.get(order_name=number if number.startswith("#") else f"#{number}")
    if found is None:
        raise Skip(
            f"Loop has no return “{given}”. Enter its id, its address in Loop, or the number of its order.",
            reason="filtered",
            code="not_found",
        )
    return found


def _check_wanted(run: Run, one: LoopReturn, memory: Memory) -> None:
    first = starts_at(run.settings)
    if first is None or one.created_at >= first or run.forced_by or memory.rma:
        return
    raise Skip(
        f"Return {one.name} of {one.created_at:%Y-%m-%d %H:%M} UTC is older than the start of the integration "
        f"({first:%Y-%m-%d %H:%M} UTC) and was left out.",
        reason="filtered",
        code="before_start",
    )


def _check_unedited(run: Run, one: LoopReturn, memory: Memory) -> None:
    """Raises ``RemoteRefused`` where Loop has other goods than those that were authorised and are on their way."""
    units = units_of(run, one)
    if memory.stage != remembering.EXPECTED or units == memory.wanted:
        return
    now, then = (", ".join(f"{count} {sku}" for sku, count in goods.items()) for goods in (units, memory.wanted))
    raise RemoteRefused(
        f"Return {one.name} was edited in Loop after it was authorised in Xoro as {memory.rma}: it has {now or 'no goods'} now, "
        f"and {memory.rma} has {then}.",
        code="change_not_applied",
        next_step=f"Correct RMA {memory.rma} and ASN {memory.asn or 'of it'} in Xoro, then mark this event resolved.",
    )


def _ended(run: Run, one: LoopReturn, memory: Memory) -> Exception:
    is_in_doubt = memory.stage == remembering.SENDING
    if not (memory.rma or is_in_doubt) or memory.told:
        return Skip(f"Return {one.name} was {one.state} in Loop: nothing comes back.", reason="filtered", code="ended")
    remembering.keep(run, replace(memory, stage=remembering.TOLD, told=one.state))
    if is_in_doubt:
        return RemoteRefused(
            f"Return {one.name} was {one.state} in Loop, and whether it was authorised in Xoro before is not known.",
            code="ended_in_doubt",
            next_step=f"Look in Xoro for an RMA with third-party reference {one.id}. If it is there, void it and close its "
            "ASN; then mark this event resolved.",
        )
    return RemoteRefused(
        f"Return {one.name} was {one.state} in Loop after it was authorised in Xoro as {memory.rma}.",
        code="ended_after_rma",
        next_step=f"Void RMA {memory.rma} and close ASN {memory.asn or 'of it'} in Xoro, then mark this event resolved.",
    )


def _tell(run: Run, loop: LoopClient, one: LoopReturn, memory: Memory) -> Memory:
    """Asks Loop to process what was received in full, or to have a person look at it. Raises ``RemoteRefused`` then: somebody
    must act in Loop."""
    is_full = memory.is_received_in_full
    if one.state == CLOSED:
        return remembering.keep(run, replace(memory, stage=remembering.TOLD, told=CLOSED))
    wanted = PROCESS if is_full else FLAG
    # Another event's write without an answer is known by what is remembered alone.
    if run.unfinished_write or (memory.asking and run.the_event.retried_at is None):
        if not run.unfinished_write and remembering.seen_to(run, one.id, remembering.LOOP_IN_DOUBT):
            return remembering.keep(run, replace(memory, stage=remembering.TOLD, told=memory.asking, asking=""))
        raise _unconfirmed(one, memory.asking or wanted)
    remembering.keep(run, replace(memory, asking=wanted))
    try:
        (loop.process if is_full else loop.flag)(one.id)
    except RemoteUnavailable as error:
        if error.code == "unclear":
            raise _unconfirmed(one, wanted) from error
        if error.code in refusals.NOT_DONE:
            remembering.keep(run, replace(memory, asking=""))
        raise
    except refusals.NEVER_DONE as error:
        remembering.keep(run, replace(memory, asking=""))
        if isinstance(error, RemoteRefused):
            error.next_step = f"Look at return {one.id} in Loop and process it there, then mark this event resolved."
        raise
    told = remembering.keep(run, replace(memory, stage=remembering.TOLD, told=wanted, asking=""))
    if not is_full:
        raise RemoteRefused(
            f"Return {one.name} was not received in full ({memory.missing}); it is flagged in Loop, and somebody must act "
            "there.",
            code="not_in_full",
            next_step=f"Decide on return {one.id} in Loop: process it or edit it there. Its money is booked once Loop has "
            "closed it. Then mark this event resolved.",
        )
    return told


def _told(one: LoopReturn, memory: Memory) -> str:
    if memory.stage == remembering.SENDING:
        return (
            f"Whether return {one.name} is in Xoro was left to a person, who sees to its goods; its money is booked once "
            "Loop has closed it."
        )
    if memory.stage == remembering.EXPECTED:
        return f"Return {one.name} is authorised in Xoro as {memory.rma}; its goods are expected by ASN {memory.asn or '-'}."
    if memory.told == PROCESS:
        return f"Return {one.name} was received in full ({memory.rma}); Loop processes it."
    return f"Return {one.name} waits for a decision in Loop; it was received in part ({memory.missing})."


def _unconfirmed(one: LoopReturn, what: str) -> UnconfirmedWrite:
    return UnconfirmedWrite(
        f"Whether Loop was asked to {what} return {one.name} is not known: no answer came, and the return is {one.state}.",
        code=remembering.LOOP_IN_DOUBT,
        next_step=f"Look at return {one.id} in Loop. If it is {'closed' if what == PROCESS else 'flagged'}, mark this event "
        "resolved; if not, press Retry.",
    )
