"""Pushing an order into Xoro, so that it arrives once and only once.

Xoro has no idempotency keys, may lose an answer after the write, and a search that finds nothing proves nothing. Hence:
look before the first write; after a write of unknown outcome never write again on an empty answer, but let a person
decide. Changes to an order that is already there are not applied yet.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from connectors.base import Delivered
from connectors.exceptions import (
    HubError,
    PayloadError,
    RemoteError,
    RemoteRefused,
    RemoteUnavailable,
    Skip,
    UnconfirmedWrite,
)
from connectors.records import Order
from connectors.xoro import documents, wire
from connectors.xoro.client import Search
from connectors.xoro.customers import company_body, customer_body
from connectors.xoro.documents import third_party_source
from connectors.xoro.filters import check_filters
from connectors.xoro.salesorders import gift_card_paid, sales_order

if TYPE_CHECKING:
    from connectors.models import Link
    from connectors.run import Run

# Codes of failures after which a write certainly was not done: it never left, or Xoro said that it did nothing.
NOT_DONE = frozenset({"dns", "connect", "tls", "throttled"})
# Members of an order that move while Xoro's sales order stays right: a later payment or shipment is no change of it.
NOT_TAKEN = frozenset({"financial_status", "fulfillment_status", "risk", "payments", "tags", "processed_at"})
ANSWER_TOO_LARGE = "too_large"  # of the HTTP client: the write was done, only its answer was not read


def push_order(run: Run, order: Order) -> Delivered:
    """Creates the sales order, or finds the one that is there. Raises ``Skip`` (unchanged, filtered), ``PayloadError``,
    ``ConfigurationError``, ``UnconfirmedWrite`` and the errors of the client."""
    if run.link is not None and run.link.target_object_id:
        raise _sent_before(run.link, order)
    check_filters(order, run.settings)
    _body(run, order)  # what cannot be translated fails before any call
    search = _search(run, order, is_thorough=run.unfinished_write)
    if search.is_conclusive:
        delivered = _adopt(run, order, search)
    elif run.unfinished_write:
        raise _unconfirmed(order, "an earlier attempt sent it and got no answer", search.fact)
    else:
        if search.ignores_filter:
            run.note("lookup_inconclusive", f"{search.fact}; only Xoro itself can refuse a duplicate.")
        delivered = _create(run, order)
    if paid := gift_card_paid(order):
        run.note("gift_card_payment", f"{paid} {order.currency} paid by gift card are not part of the deposit.")
    _upsert_customers(run, order)
    return delivered


def _fingerprint(order: Order) -> str:
    return order.fingerprint(without=NOT_TAKEN)


def _sent_before(link: Link, order: Order) -> Exception:
    number = link.target_number or link.target_object_id
    if link.sent_hash == _fingerprint(order):
        return Skip(
            f"Order {order.name} is in Xoro as {number} and has not changed.", reason="unchanged", code="unchanged"
        )
    what = "was cancelled" if order.cancelled_at else "changed"
    return RemoteRefused(
        f"Order {order.name} {what} after it was sent to Xoro as {number}; changes are not applied yet.",
        code="change_not_applied",
        next_step=f"Make the change in sales order {number} in Xoro, then mark this event resolved.",
    )


def _body(run: Run, order: Order, unknown_skus: frozenset[str] = frozenset()) -> dict[str, Any]:
    origin = run.source_connector_slug
    return sales_order(order, run.settings, run.options, origin=origin, unknown_skus=unknown_skus)


def _search(run: Run, order: Order, *, is_thorough: bool) -> Search:
    source = third_party_source(order, run.settings)
    search: Search = run.client.find_sales_orders(source, order.id, is_thorough=is_thorough)
    return search


def _create(run: Run, order: Order) -> Delivered:
    unknown_skus: frozenset[str] = frozenset()
    while True:  # ends: each round finds one more unknown SKU, or leaves
        try:
            document = run.client.create_sales_order(_body(run, order, unknown_skus))
        except RemoteRefused as error:
            if error.code == ANSWER_TOO_LARGE:
                return _look_after(run, order, error)
            if _is_duplicate(run, error):
                return _adopt_duplicate(run, order, error)
            more = _named_as_unknown(run, order, error) - unknown_skus
            if not more:
                raise
            unknown_skus |= more
            run.note(
                "default_sku", f"Xoro does not know {', '.join(sorted(more))}: {run.settings.default_sku} stands in."
            )
        except RemoteUnavailable as error:
            if error.code in NOT_DONE:
                raise
            return _look_after(run, order, error)
        else:
            return _created(run, order, document)


def _created(run: Run, order: Order, document: dict[str, Any]) -> Delivered:
    """Reads the answer of a successful create; it must be about our order."""
    header = wire.header_of(document)
    echoed = wire.identifier(header.get("ThirdPartyRefNo"))
    number = wire.document_number(document)
    if echoed and echoed != order.id:
        raise _unconfirmed(order, "Xoro accepted it", f"the answer is about {number} with reference {echoed}")
    if not number:
        search = _search(run, order, is_thorough=True)
        if search.is_conclusive:
            return _adopt(run, order, search)
        raise _unconfirmed(order, "Xoro accepted it without naming the document", search.fact)
    if not echoed:
        run.note("reference_not_echoed", f"Xoro created {number} without repeating our reference {order.id}.")
    return _delivered(run, order, document, "Created")


def _look_after(run: Run, order: Order, error: RemoteError) -> Delivered:
    """After a create whose outcome is unknown: adopt what is found. Where no answer came at all the attempt may be
    repeated later, because ``run.unfinished_write`` then makes it look first; an answer that says nothing ends here."""
    try:
        search = _search(run, order, is_thorough=True)
        fact = search.fact
    except HubError as second:
        search, fact = Search(), second.sentence
    if search.is_conclusive:
        return _adopt(run, order, search)
    if error.retry and error.status is None:
        raise error
    raise _unconfirmed(order, f"sending it got no clear answer ({error.sentence})", fact) from error


def _adopt_duplicate(run: Run, order: Order, error: RemoteRefused) -> Delivered:
    search = _search(run, order, is_thorough=True)
    if search.is_conclusive:
        return _adopt(run, order, search)
    raise RemoteRefused(
        f"Xoro refuses order {order.name} as a duplicate ({error.sentence}); looking for the other one: {search.fact}.",
        code=error.code,
        next_step=f"Find the order with reference {order.id} in Xoro, then mark this event resolved.",
        status=error.status,
        request_id=error.request_id,
    ) from error


def _adopt(run: Run, order: Order, search: Search) -> Delivered:
    """Takes an order that is there for ours, the first that is not cancelled; where all are, a person decides."""
    alive = [found for found in search.orders if wire.header_of(found).get("StatusName") != "Cancelled"]
    numbers = ", ".join(wire.document_number(found) for found in search.orders)
    if not alive:
        raise RemoteRefused(
            f"Order {order.name} is in Xoro as {numbers}, which was cancelled there; nothing was created beside it.",
            code="cancelled_there",
            next_step=f"Re-open {numbers} in Xoro, or enter the order there by hand; then mark this event resolved.",
        )
    run.note("found_existing", f"Order {order.name} was in Xoro already: {numbers}.")
    return _delivered(run, order, alive[0], "Found")


def _delivered(run: Run, order: Order, document: dict[str, Any], verb: str) -> Delivered:
    header = wire.header_of(document)
    number = wire.document_number(document)
    target_id = wire.identifier(header.get("Id")) or number
    run.key("xoro_order_number", number)
    run.key("xoro_order_id", target_id)
    _compare_totals(run, order, number, header.get("TotalAmount"))
    made = replace(documents.read_row(document), reference=order.id)
    documents.remember(run, third_party_source(order, run.settings), order.id, [made])
    sentence = f"{verb} sales order {number} in Xoro for order {order.name}."
    return Delivered(target_id=target_id, target_number=number, sentence=sentence, sent_hash=_fingerprint(order))


def _compare_totals(run: Run, order: Order, number: str, total: Any) -> None:
    """A remark, never a failure: the document is there, and the ledger must hear of it."""
    try:
        if total is None or wire.decimal(total, "TotalAmount") == order.total:
            return
        run.note(
            "total_differs",
            f"Xoro's total of {number} is {wire.money(total)} instead of {order.total} {order.currency}.",
        )
    except (PayloadError, ArithmeticError) as error:
        run.note("total_unreadable", f"Xoro's total of {number} cannot be read: {error}")


def _unconfirmed(order: Order, write_fact: str, lookup_fact: str) -> UnconfirmedWrite:
    return UnconfirmedWrite(
        f"Order {order.name} may or may not be in Xoro: {write_fact}; looking for its reference {order.id}: "
        f"{lookup_fact}.",
        next_step=f"Look in Xoro for the third-party reference {order.id}. If the order is there, mark this event "
        "resolved; if not, press Retry.",
    )


def _is_duplicate(run: Run, error: RemoteRefused) -> bool:
    return error.code in run.settings.duplicate_codes or "duplicate" in error.sentence.lower()


def _named_as_unknown(run: Run, order: Order, error: RemoteRefused) -> frozenset[str]:
    """The SKUs of the order that a refusal names as unknown, where the default SKU may stand in. A refusal says that
    nothing was created, so that sending again is safe; asking for each item first could take throttling for absence."""
    if error.code not in run.settings.unknown_item_codes:
        return frozenset()
    skus = {line.sku for line in order.lines if line.sku}
    named = frozenset(sku for sku in skus if re.search(rf"(?<![\w-]){re.escape(sku)}(?![\w-])", error.sentence))
    if run.settings.use_default_sku_if_unknown and run.settings.default_sku:
        return named
    error.next_step = "Create the item in Xoro or allow the default SKU on the connector's page, then press Retry."
    return frozenset()


def _upsert_customers(run: Run, order: Order) -> None:
    """Customer and company on their own, after the order is there. A failure never touches the order."""
    settings = run.settings
    if not settings.customer_upsert or settings.customer_mode == "single":
        return
    source = third_party_source(order, settings)
    bodies = []
    if order.customer:
        bodies.append(customer_body(order, order.customer, settings, source))
    if order.company:
        bodies.append(company_body(order, order.company, settings, source))
    for body in bodies:
        try:
            known = run.client.find_customer(source, body["ThirdPartyRefNo"])
            if known:
                body["Id"] = known.get("Id")
            run.client.upsert_customer(body)
        except HubError as error:
            run.note("customer_upsert_failed", f"{body['CustomerName']} was not written to Xoro: {error.sentence}")
