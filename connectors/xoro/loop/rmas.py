"""The return authorisation of a return of Loop, made once and only once: look, write, look after a lost answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.exceptions import (
    ConfigurationError,
    HubError,
    PayloadError,
    RemoteError,
    RemoteRefused,
    RemoteUnavailable,
    UnconfirmedWrite,
    WaitFor,
)
from connectors.xoro import refusals, wire
from connectors.xoro.calls import rmas as calls
from connectors.xoro.calls.invoices import invoices_by
from connectors.xoro.client import unsure
from connectors.xoro.documents import SALES_ORDER, Document, documents_of
from connectors.xoro.loop import memory as remembering
from connectors.xoro.loop.memory import Memory
from connectors.xoro.loop.reading import LoopReturn, ReturnedLine

if TYPE_CHECKING:
    from connectors.run import Run

DISPLAY_NAME = "Loop Returns"
VOIDED = frozenset({"Void", "Cancelled"})


def source_of(run: Run) -> str:
    """Which shop the returns are of, in Xoro's own spelling."""
    return f"https://{run.settings.loop_shop}-{run.settings.account_name}"


def authorise(run: Run, one: LoopReturn, memory: Memory) -> Memory:
    """The RMA and its ASN, made or found; remembered. Not where it is in doubt and a person has seen to that. Raises
    ``WaitFor`` while the order is not in Xoro,
    ``ConfigurationError``, a manual task where Xoro has no such route, ``UnconfirmedWrite``, the errors of the client."""
    source = source_of(run)
    found = calls.find_rmas(run.client, source, one.id)
    if found.rows:
        return _adopt(run, one, memory, found.rows)
    if run.unfinished_write or (memory.stage == remembering.SENDING and not run.the_event.retried_at):
        seen = None if run.unfinished_write else remembering.seen_to(run, one.id, remembering.RMA_IN_DOUBT)
        if seen is not None:
            run.note(
                "rma_by_hand",
                f"Whether it was authorised was left open, and resolved by {seen.resolved_by} (event {seen.pk}).",
            )
            return memory
        raise _unconfirmed(one, "an earlier attempt sent it and got no answer", found.fact)
    body = _body(run, one, source)
    # With its goods: a refund of the shop must not bring them in as well meanwhile.
    remembering.keep(
        run, replace(memory, stage=remembering.SENDING, order_name=one.order_name, wanted=units_of(run, one))
    )
    try:
        row = calls.create_rma(run.client, body)
    except RemoteRefused as error:
        if error.code == refusals.ANSWER_TOO_LARGE:
            return _look_after(run, one, memory, error)
        remembering.keep(run, memory)
        if refusals.is_duplicate(error, run.settings):
            return _duplicate(run, one, memory, error)
        raise refusals.explained(error) from None
    except refusals.NEVER_DONE as error:
        remembering.keep(run, memory)
        if refusals.has_no_route(error):
            raise _by_hand(one, error) from error
        raise
    except RemoteUnavailable as error:
        if error.code in refusals.NOT_DONE:
            remembering.keep(run, memory)
            raise
        return _look_after(run, one, memory, error)
    return _made(run, one, memory, row)


def _made(run: Run, one: LoopReturn, memory: Memory, row: dict[str, Any]) -> Memory:
    header = calls.rma_header(row)
    echoed = wire.identifier(header.get("ThirdPartyRefNo"))
    if echoed and echoed != one.id:
        raise _unconfirmed(one, "Xoro accepted it", f"the answer is about reference {echoed}")
    if not wire.identifier(header.get("RmaNumber")):
        found = calls.find_rmas(run.client, source_of(run), one.id)
        if not found.rows:
            raise _unconfirmed(one, "Xoro accepted it without naming the document", found.fact)
        return _adopt(run, one, memory, found.rows)
    return _kept(run, one, memory, header)


def _adopt(run: Run, one: LoopReturn, memory: Memory, rows: Sequence[Mapping[str, Any]]) -> Memory:
    alive = [header for row in rows if (header := calls.rma_header(row)).get("StatusName") not in VOIDED]
    if not alive:
        raise RemoteRefused(
            f"The RMA of return {one.name} was voided in Xoro; no other was made beside it.",
            code="voided_there",
            next_step="Make the RMA in Xoro by hand, if it is wanted, then mark this event resolved.",
        )
    if not memory.rma:
        run.note("found_existing", f"Return {one.name} was in Xoro already: {alive[0].get('RmaNumber')}.")
    return _kept(run, one, memory, alive[0])


def _kept(run: Run, one: LoopReturn, memory: Memory, header: Mapping[str, Any]) -> Memory:
    rma, asn = wire.identifier(header.get("RmaNumber")), wire.identifier(header.get("AsnNumber"))
    run.key("xoro_rma", rma)
    if asn:
        run.key("xoro_asn", asn)
    else:
        run.note("no_asn", f"Xoro names no ASN for {rma} yet; without one nobody knows when its goods are received.")
    made = replace(
        memory, stage=remembering.EXPECTED, order_name=one.order_name, rma=rma, asn=asn,
        since=memory.since or _made_on(header), wanted=memory.wanted or units_of(run, one),
    )  # fmt: skip
    return remembering.keep(run, made)


def units_of(run: Run, one: LoopReturn) -> dict[str, str]:
    """Units that come back by SKU, as Loop has them now."""
    units: dict[str, Decimal] = {}
    for line in one.lines:
        sku = _sku(run, one, line)
        units[sku] = units.get(sku, Decimal(0)) + line.quantity
    return {sku: f"{count.normalize():f}" for sku, count in units.items()}


def _made_on(header: Mapping[str, Any]) -> str:
    """The day in Xoro's own time, empty where it cannot be read: the document is there all the same."""
    try:
        return wire.iso_date(header.get("CreateDttm")) or ""
    except PayloadError:
        return ""


def _look_after(run: Run, one: LoopReturn, memory: Memory, error: RemoteError) -> Memory:
    """After a write whose outcome is unknown. Where no answer came at all, the next attempt looks again first."""
    try:
        found = calls.find_rmas(run.client, source_of(run), one.id)
    except HubError as second:
        found = calls.Found(fact=second.sentence)
    if found.rows:
        return _adopt(run, one, memory, found.rows)
    if error.retry and error.status is None:
        raise error
    raise _unconfirmed(one, f"sending it got no clear answer ({error.sentence})", found.fact) from error


def _duplicate(run: Run, one: LoopReturn, memory: Memory, error: RemoteRefused) -> Memory:
    found = calls.find_rmas(run.client, source_of(run), one.id)
    if found.rows:
        return _adopt(run, one, memory, found.rows)
    raise RemoteRefused(
        f"Xoro refuses the RMA of return {one.name} as a duplicate ({error.sentence}); looking for the other: {found.fact}.",
        code=error.code,
        next_step=f"Find the RMA with reference {one.id} in Xoro, then mark this event resolved.",
        status=error.status,
        request_id=error.request_id,
    ) from error


def _body(run: Run, one: LoopReturn, source: str) -> dict[str, Any]:
    """Names as those of credit memos: the vendor's own are not public."""
    settings = run.settings
    document = _document(run, one, source)
    header = {
        "ThirdPartyRefNo": one.id,
        "ThirdPartySource": source,
        "ThirdPartyDisplayName": DISPLAY_NAME,
        "RefNo": one.order_name.lstrip("#"),
        "SoNumber": document.number if document.kind == SALES_ORDER else "",
        "InvoiceNumber": "" if document.kind == SALES_ORDER else document.number,
        "CustomerName": _customer(run, document),
        "StoreName": settings.return_store or settings.ship_store,
        "SaleStoreName": settings.sale_store,
        "CurrencyCode": one.currency or settings.default_currency,
        "TxnDate": wire.us_date(wire.day_in(one.created_at, settings.api_time_zone)),
    }
    lines = [
        {
            "ItemNumber": _sku(run, one, line),
            "Description": line.title,
            "ReturnNotes": line.reason,
            "Qty": wire.number(line.quantity),
            "ThirdPartyRefNo2": line.order_line_id or line.id,
        }
        for line in one.lines
    ]
    return {"rmaHeader": wire.without_blanks(header), "rmaItemLineArr": [wire.without_blanks(line) for line in lines]}


def _document(run: Run, one: LoopReturn, source: str) -> Document:
    alive = [document for document in documents_of(run, source, one.order_id) if not document.is_cancelled]
    if not alive:
        raise WaitFor(
            f"Return {one.name} waits: the order is not in Xoro.",
            code=f"order:{one.order_name}",
            next_step="Bring the order in, then press Retry. An order from before the integration needs its RMA by hand.",
        )
    if len(alive) > 1:
        numbers = ", ".join(document.number for document in alive)
        run.note("split_order", f"Order {one.order_name} is {numbers} in Xoro; the RMA names {alive[0].number}.")
    return alive[0]


def _customer(run: Run, document: Document) -> str:
    """The customer of the document: Loop knows an e-mail address only."""
    settings = run.settings
    if settings.customer_mode == "single":
        return str(settings.customer_name)
    if document.kind == SALES_ORDER:
        row = run.client.get_sales_order(document.number) or {}
    else:
        rows, is_certain = invoices_by(run.client, "invoice_number", document.number)
        if not rows and not is_certain:
            raise unsure(f"invoice {document.number}")
        row = rows[0] if rows else {}
    return str(wire.header_of(row).get("CustomerName") or "")


def _sku(run: Run, one: LoopReturn, line: ReturnedLine) -> str:
    sku = line.sku or str(run.settings.return_sku)
    if not sku:
        raise ConfigurationError(
            f"Return {one.name} has a line without SKU (“{line.title}”), and no return SKU is set.",
            code="return_sku",
            next_step="Set the return SKU on the connector's page, then press Retry.",
        )
    return sku


def _by_hand(one: LoopReturn, error: HubError) -> Exception:
    listed = ", ".join(f"{line.quantity.normalize():f} {line.sku or line.title}" for line in one.lines)
    return refusals.manual_task(
        f"Xoro has no route for RMAs: return {one.name} ({listed}) was not authorised.",
        f"Make the RMA for {listed} in Xoro and process the return in Loop once it is received.",
        error,
    )


def _unconfirmed(one: LoopReturn, write_fact: str, lookup_fact: str) -> UnconfirmedWrite:
    return UnconfirmedWrite(
        f"The RMA of return {one.name} may or may not be in Xoro: {write_fact}; looking for its reference {one.id}: "
        f"{lookup_fact}.",
        code=remembering.RMA_IN_DOUBT,
        next_step=f"Look in Xoro for an RMA with third-party reference {one.id}. If it is there, mark this event resolved; if "
        "not, press Retry. Resolved means that a person sees to its goods: a refund of them is credited as money alone.",
    )
