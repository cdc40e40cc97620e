"""Sending one document of an order, sales order or invoice, so that it arrives once and only once.

Xoro has no idempotency keys, may lose an answer after the write, and a search that finds nothing proves nothing. Hence:
look before the first write; after a write of unknown outcome never write again on an empty answer, but let a person
decide. Some accounts answer a search nothing at all unless a status is sent: until one proved to answer without, each look
asks with every status (the proof is kept for a day, in the connector's memory).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from connectors.exceptions import (
    HubError,
    NotDone,
    RemoteError,
    RemoteRefused,
    RemoteUnavailable,
    UnconfirmedWrite,
)
from connectors.records import Order
from connectors.xoro import documents, refusals, remarks, wire
from connectors.xoro.client import Search
from connectors.xoro.documents import INVOICE, SALES_ORDER, Document, third_party_source
from connectors.xoro.equality import MONEY, REPLACING, is_same
from connectors.xoro.parts import Part
from connectors.xoro.salesorders import invoice_of, sales_order

if TYPE_CHECKING:
    from connectors.run import Run

PROOF = "found_without_status_at"
NO_PROOF = "not_found_without_status_at"
PROOF_HOLDS = timedelta(days=1)
SETTLES_S = 60.0  # how long beyond the time-out Xoro may still be at a call
PAYMENT_TERMS = "payment_terms"  # the mapping
NOUNS = {SALES_ORDER: "sales order", INVOICE: "invoice"}


@dataclass(frozen=True, kw_only=True)
class Sending:
    """One document to be sent. ``deposit``: the members that take money along."""

    order: Order
    part: Part
    kind: str = SALES_ORDER
    deposit: Mapping[str, Any]

    @property
    def reference(self) -> str:
        return self.part.reference

    @property
    def taken(self) -> str:
        """The amount it takes along; empty where there is none."""
        return str(self.deposit.get("DepositAmount", ""))

    @property
    def what(self) -> str:
        part = "" if self.reference == self.order.id else f" (part {self.reference})"
        return f"order {self.order.name}{part}"


def body_of(run: Run, one: Sending, unknown_skus: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The body of the document. Raises ``PayloadError`` and ``ConfigurationError``."""
    named = one.order.payment_terms
    body = sales_order(
        one.order,
        run.settings,
        run.options,
        origin=run.source_connector_slug,
        unknown_skus=unknown_skus,
        part=one.part,
        deposit=one.deposit,
        terms=run.map(PAYMENT_TERMS, named, default="") if named else "",
    )
    return invoice_of(body) if one.kind == INVOICE else body


def body_hash(body: Mapping[str, Any]) -> str:
    """What the document says, money taken along left out: that is taken once."""
    header, lines = wire.header_of(body), wire.lines_of(body)
    kept = {name: value for name, value in header.items() if name not in MONEY | REPLACING}
    return hashlib.sha256(json.dumps([kept, lines], sort_keys=True).encode()).hexdigest()


def send(run: Run, one: Sending, *, in_doubt: bool, known: Document | None = None) -> Document:
    """The document of a part: created, or the one that is there. ``in_doubt``: an earlier attempt may have created it.
    ``known``: what an earlier attempt had found.
    Raises ``UnconfirmedWrite``, ``RemoteRefused`` and the errors of the client."""
    search = look(run, one, is_thorough=in_doubt)
    if search.is_conclusive:
        return _adopt(run, one, search, is_ours=in_doubt or run.unfinished_write_by_other, known=known)
    if in_doubt:
        check_settled(run, one.what)
        raise _unconfirmed(one, "an earlier attempt sent it and got no answer", search.fact)
    if search.ignores_filter:
        run.note("lookup_inconclusive", f"{search.fact}; only Xoro itself can refuse a duplicate.")
    return _create(run, one)


def check_settled(run: Run, what: str) -> None:
    """Another version of an order was sent a moment ago: its call may still be under way, so that not finding it proves
    nothing yet. Raises ``NotDone`` until then. (A further attempt of one event comes after its pause anyway.)"""
    if not run.unfinished_write_by_other or run.unfinished_write_at is None:
        return
    left_s = (run.unfinished_write_at - run.now).total_seconds() + run.settings.timeout_s + SETTLES_S
    if left_s > 0:
        raise NotDone(
            f"An earlier version of {what} may still be on its way into Xoro: it was sent, no answer came, and it is not "
            "found yet. The hub looks again.",
            code="settling",
            retry_after_s=min(left_s, SETTLES_S),
        )


def look(run: Run, one: Sending, *, is_thorough: bool) -> Search:
    """Whether the document is there, by source and reference."""
    source = third_party_source(one.order, run.settings)
    if one.kind == INVOICE:
        found: Search = run.client.find_invoices(source, one.reference)
        return found
    is_thorough = is_thorough or not _has(run, PROOF)
    found = run.client.find_sales_orders(source, one.reference, is_thorough=is_thorough)
    return found


def _has(run: Run, name: str) -> bool:
    try:
        return bool(run.now - datetime.fromisoformat(str(run.checkpoint.get(name, ""))) < PROOF_HOLDS)
    except (ValueError, TypeError):
        return False


def _learn(run: Run, one: Sending) -> None:
    """An order that was created a moment ago is there: whether a search without a status finds it says what the account
    needs. Once a day; that it cannot be found out changes nothing."""
    if one.kind != SALES_ORDER or _has(run, PROOF) or _has(run, NO_PROOF):
        return
    try:
        search = run.client.find_sales_orders(third_party_source(one.order, run.settings), one.reference)
    except HubError:
        return
    run.save_checkpoint(**{PROOF if search.is_conclusive else NO_PROOF: run.now.isoformat()})


def _create(run: Run, one: Sending) -> Document:
    unknown_skus: frozenset[str] = frozenset()
    hashed = body_hash(body_of(run, one))
    while True:  # ends: each round finds one more unknown SKU, or leaves
        body = body_of(run, one, unknown_skus)
        try:
            row = run.client.write("create_invoice" if one.kind == INVOICE else "create_sales_order", body)
        except RemoteRefused as error:
            if error.code == refusals.ANSWER_TOO_LARGE:
                return _look_after(run, one, error)
            if refusals.is_duplicate(error, run.settings):
                return _adopt_duplicate(run, one, error)
            if refusals.is_wave_error(error, run.settings):
                return _after_wave_error(run, one, error)
            more = refusals.unknown_skus_of(run, one.order, error) - unknown_skus
            if not more:
                raise refusals.explained(error) from error
            unknown_skus |= more
            stand_in = run.settings.default_sku
            run.note("default_sku", f"Xoro does not know {', '.join(sorted(more))}: {stand_in} stands in.")
        except RemoteUnavailable as error:
            if error.code in refusals.NOT_DONE:
                raise
            return _look_after(run, one, error)
        else:
            return _created(run, one, row, hashed)


def _created(run: Run, one: Sending, row: dict[str, Any], hashed: str) -> Document:
    """Reads the answer of a successful create; it must be about our order."""
    echoed = wire.identifier(wire.header_of(row).get("ThirdPartyRefNo"))
    number = wire.document_number(row)
    if echoed and echoed != one.reference:
        raise _unconfirmed(one, "Xoro accepted it", f"the answer is about {number} with reference {echoed}")
    if not number:
        search = look(run, one, is_thorough=True)
        if search.is_conclusive:
            return _adopt(run, one, search)
        raise _unconfirmed(one, "Xoro accepted it without naming the document", search.fact)
    if not echoed:
        run.note("reference_not_echoed", f"Xoro created {number} without repeating our reference {one.reference}.")
    made = keep(run, one, row, hashed, deposit=one.taken)
    _learn(run, one)
    return made


def keep(run: Run, one: Sending, row: dict[str, Any], hashed: str, *, deposit: str) -> Document:
    """Writes down what the document is: the hub's own figures where Xoro may repeat none. ``deposit``: the money that went
    along with it."""
    read = documents.read_row(row, one.kind)
    remarks.total(run, one, read.number, wire.header_of(row).get("TotalAmount"))
    remarks.waves(run, one, read.number, row)
    share = one.part.order
    made = replace(
        read,
        reference=one.reference,
        store=one.part.place.store or run.options.ship_store or run.settings.ship_store,
        store_location=one.part.place.store_location,
        part=one.part.key,
        lines={line.id: str(line.quantity) for line in share.lines},
        total=str(share.total),
        body_hash=hashed,
        deposit=deposit,
    )
    run.key("xoro_order_number", made.number)
    run.key("xoro_order_id", made.id)
    documents.remember(run, third_party_source(one.order, run.settings), one.order.id, [made])
    return made


def _look_after(run: Run, one: Sending, error: RemoteError) -> Document:
    """After a create whose outcome is unknown: adopt what is found. Where no answer came at all the attempt may be
    repeated later, because ``run.unfinished_write`` then makes it look first; an answer that says nothing ends here."""
    try:
        search = look(run, one, is_thorough=True)
        fact = search.fact
    except HubError as second:
        search, fact = Search(), second.sentence
    if search.is_conclusive:
        return _adopt(run, one, search)
    if error.retry and error.status is None:
        raise error
    raise _unconfirmed(one, f"sending it got no clear answer ({error.sentence})", fact) from error


def _adopt_duplicate(run: Run, one: Sending, error: RemoteRefused) -> Document:
    search = look(run, one, is_thorough=True)
    if search.is_conclusive:
        return _adopt(run, one, search)
    raise RemoteRefused(
        f"Xoro refuses {one.what} as a duplicate ({error.sentence}); looking for the other one: {search.fact}.",
        code=error.code,
        next_step=f"Find the document with reference {one.reference} in Xoro, then mark this event resolved.",
        status=error.status,
        request_id=error.request_id,
    ) from error


def _after_wave_error(run: Run, one: Sending, error: RemoteRefused) -> Document:
    """A tenant may have created the order all the same; then the wave alone is missing."""
    search = look(run, one, is_thorough=True)
    if not search.is_conclusive:
        raise refusals.wave_failure(error, one.what, run.settings) from error
    run.note("wave_error", f"Xoro made no wave for {one.what}: {error.sentence}")
    return _adopt(run, one, search)


def _adopt(run: Run, one: Sending, search: Search, *, is_ours: bool = False, known: Document | None = None) -> Document:
    """Takes a document that is there for ours, the first that is not cancelled; where all are, a person decides.
    ``is_ours``: a write of the hub's own whose answer was lost made it, maybe of another version of the order; where it says
    something else, whoever asked changes it."""
    alive = [found for found in search.orders if wire.header_of(found).get("StatusName") != "Cancelled"]
    numbers = ", ".join(wire.document_number(found) for found in search.orders)
    if not alive:
        raise RemoteRefused(
            f"Order {one.order.name} is in Xoro as {numbers}, which was cancelled there; nothing was created beside it.",
            code="cancelled_there",
            next_step=f"Re-open {numbers} in Xoro, or enter the order there by hand; then mark this event resolved.",
        )
    run.note("found_existing", f"Order {one.order.name} was in Xoro already: {numbers}.")
    body, given = body_of(run, one), wire.header_of(alive[0]).get("DepositAmount")
    is_right = is_ours and is_same(alive[0], body)
    if known is None or known.deposit != one.taken:  # one that was replaced has it without saying so
        remarks.deposit(run, one, alive[0])
    if not run.unfinished_write_by_other:
        remarks.difference(run, one, alive[0], body)
    return keep(
        run, one, alive[0], body_hash(body) if is_right else "", deposit=one.taken if given is None else str(given)
    )


def _unconfirmed(one: Sending, write_fact: str, lookup_fact: str) -> UnconfirmedWrite:
    return UnconfirmedWrite(
        f"Order {one.order.name} may or may not be in Xoro: {write_fact}; looking for its reference {one.reference}: "
        f"{lookup_fact}.",
        next_step=f"Look in Xoro for the third-party reference {one.reference}. If the order is there, mark this event "
        "resolved; if not, press Retry.",
    )
