"""Importing one payment of a shop as a deposit on its order's documents: an event of its own, with its own outcome.

``POST deposit/import`` is our assumption: a tenant without it makes each deposit a task for a person, named in full. Xoro
lists no deposits, so that after a lost answer the payments no bank deposit took yet are looked through; where those say
nothing, a person decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from connectors.exceptions import HubError, NotDone, RemoteRefused, RemoteUnavailable, Skip, UnconfirmedWrite, WaitFor
from connectors.xoro import deposits, refusals, undeposited
from connectors.xoro.creditables import has_left
from connectors.xoro.deposits import OWN, TOPIC, WITH_ORDER, known_payments, remember_done, rest_of, take_off, way_of
from connectors.xoro.documents import SALES_ORDER, Document, documents_of, part_reference
from connectors.xoro.matching import order_digits
from connectors.xoro.moneys import ZERO, allocate, smallest_unit
from connectors.xoro.wire import day_in, has_status, header_of, number, us_date, without_blanks
from events.models import RelatedRequest, RequestState

if TYPE_CHECKING:
    from connectors.run import Run
    from connectors.xoro.settings import XoroSettings

INVOICE_PAUSE_S = 6 * 3600.0  # between two looks for the invoice of an order whose payment follows it


def import_deposit(run: Run) -> str:
    """One payment to its order's documents, in proportion to their totals. Raises ``Skip`` (in Xoro already; money paid
    back for goods that are invoiced), ``WaitFor`` (its order), ``NotDone`` (its invoice, however long that takes; a long
    list that goes on), a manual task where Xoro has no route for deposits, ``UnconfirmedWrite``, and the errors of the
    client."""
    told = run.payload
    source, order_id, amount = told["source"], told["order_id"], Decimal(told["amount"])
    what = f"{abs(amount)} {told['currency']} of order {told['order_name']}"
    run.key("order_id", order_id)
    run.key("order_name", told["order_name"])
    if not run.settings.record_payments:
        raise Skip(f"{what} are not recorded: “Record payments” is off.", reason="filtered", code="record_payments")
    documents = documents_of(run, source, order_id)
    if not documents:
        raise WaitFor(f"Order {told['order_name']} is not in Xoro yet.", code=f"order:{order_id}", retry_after_s=600)
    _check_kind(documents, amount, what)
    known = known_payments(run, source, order_id).get(told["payment_id"], {})
    _check_invoice(run, documents, amount, what, off=known.get("off", ""))
    if known.get("less"):
        amount = rest_of(known)
        run.note("paid_back_before", f"Of {what} only {amount} are left: the rest was paid back before the invoice.")
    done = set(known.get("done", []))
    wanted = _wanted(documents, told["payment_id"], amount, told["currency"])
    left = [row for row in wanted if row[0] not in done]
    if not amount:
        raise Skip(f"{what} were paid back before the invoice.", reason="filtered", code="post_ship_payment")
    if not left:
        raise Skip(f"{what} are in Xoro already.", reason="unchanged", code="unchanged")
    is_in_doubt = run.unfinished_write and not deposits.was_imported_since(run, told, run.unfinished_write_at)
    for reference, document, share in left:
        if is_in_doubt and not _is_there(run, told, documents, share, reference):
            raise _unconfirmed(told, document, reference, share, what)
        if not is_in_doubt:
            _write(run, told, document, reference, share, what)
        is_in_doubt = False  # the one whose answer was lost is the first that is not known to be done
        done.add(reference)
        remember_done(run, told, sorted(done))
    numbers = ", ".join(document.number for _, document, _ in wanted)
    verb = "deposited on" if amount > ZERO else "taken off the deposit of"
    return f"{what} were {verb} {numbers}."


def _check_kind(documents: Sequence[Document], amount: Decimal, what: str) -> None:
    """Deposits are of sales orders: a payment that comes after an invoice without one is a person's to enter."""
    invoices = [one.number for one in documents if one.kind != SALES_ORDER]
    if invoices and amount > ZERO:
        numbers = " and ".join(invoices)
        raise refusals.manual_task(
            f"{what} were received after {numbers} was created, and deposits are taken on sales orders only.",
            f"Enter the payment on {numbers} in Xoro.",
        )


def _wanted(
    documents: Sequence[Document], payment_id: str, amount: Decimal, currency: str
) -> list[tuple[str, Document, Decimal]]:
    """(reference, document, share) of each document that takes some of the money. What comes in goes to those that live."""
    is_alive = any(not one.is_cancelled for one in documents)
    kept_out = is_alive and amount > ZERO
    weights = [ZERO if kept_out and one.is_cancelled else Decimal(one.total or "0") for one in documents]
    shares = allocate(amount, weights, smallest_unit(currency))
    rows = []
    for index, (one, share) in enumerate(zip(documents, shares, strict=True)):
        reference = payment_id if index == 0 else part_reference(payment_id, one.part or str(index))
        if share:
            rows.append((reference, one, share))
    return rows


def _check_invoice(run: Run, documents: Sequence[Document], amount: Decimal, what: str, *, off: str) -> None:
    """``off``: the payment that money paid back was taken off already, before an invoice existed."""
    follows = run.settings.post_ship_payment
    if amount > ZERO and not follows:
        return
    numbers = ", ".join(one.number for one in documents)
    if follows and all(one.is_cancelled for one in documents):
        raise Skip(
            f"{what} were not recorded: {numbers} was cancelled before an invoice, which payments follow.",
            reason="filtered",
            code="post_ship_payment",
        )
    if off:
        raise Skip(f"{what} were taken off payment {off} already.", reason="unchanged", code="unchanged")
    is_invoiced = any(is_invoiced_order(run, one, is_sent_back=amount < ZERO and not follows) for one in documents)
    if amount < ZERO and is_invoiced:
        raise Skip(
            f"{what} were paid back after {numbers} was invoiced: the refund's credit memo books that.",
            reason="filtered",
            code="invoiced",
        )
    if follows and not is_invoiced:
        if amount < ZERO and (payment := take_off(run, run.payload)):
            raise Skip(
                f"{what} were paid back before the invoice: payment {payment} is recorded without them.",
                reason="filtered",
                code="post_ship_payment",
            )
        raise NotDone(
            f"{what} are recorded once the invoice of {numbers} exists: payments follow shipping.",
            code=f"invoice:{documents[0].number}",
            retry_after_s=INVOICE_PAUSE_S,
        )


def is_invoiced_order(run: Run, document: Document, *, is_sent_back: bool = False) -> bool:
    """Whether an invoice that counts exists for a document of an order; an invoice is one itself. ``is_sent_back``: before
    money is taken off a deposit, an empty answer is no proof (the tenant may be busy, or hide paid invoices), and the sales
    order is asked whether anything has left: that is the credit memo's to book. Raises as every read."""
    if document.kind != SALES_ORDER:
        return True
    rows = run.client.read("invoices", {"so_number": document.number}).rows
    if is_sent_back and not rows:
        order = run.client.get_sales_order(document.number)
        return order is not None and has_left(order)
    alive = [row for row in rows if not has_status(row, run.settings.void_statuses)]
    return any(header_of(row).get("SoNumber") == document.number for row in alive)


def _write(run: Run, told: dict[str, Any], document: Document, reference: str, share: Decimal, what: str) -> None:
    body = _body(run.settings, told, document, reference, share)
    try:
        run.client.write("create_deposit", body)
    except RemoteRefused as error:
        if not refusals.is_duplicate(error, run.settings):
            raise refusals.explained(error) from error
        run.note("found_existing", f"Xoro has a deposit with reference {reference} already.")
    except RemoteUnavailable as error:
        if error.code in refusals.NOT_DONE or error.status is None:
            raise  # certainly not done, or looked for by the next attempt
        raise UnconfirmedWrite(
            f"Whether {what} are deposited on {document.number} in Xoro is not known: {error.sentence}",
            next_step=f"Look on {document.number} in Xoro for a deposit with reference {reference}. If it is there, mark "
            "this event resolved; if not, press Retry.",
        ) from error
    except HubError as error:
        if not refusals.has_no_route(error):
            raise
        verb = "Take" if share > ZERO else "Give back"
        raise refusals.manual_task(
            f"Xoro has no route for deposits: {what} are not on sales order {document.number}.",
            f"{verb} a customer deposit of {abs(share)} {told['currency']} with reference {reference} on sales order "
            f"{document.number} in Xoro.",
            error,
        ) from error


def _body(
    settings: XoroSettings, told: dict[str, Any], document: Document, reference: str, share: Decimal
) -> dict[str, Any]:
    way = way_of(told["gateway"], settings)
    at = datetime.fromisoformat(told["at"]).astimezone(UTC)
    single = settings.customer_mode == "single"
    members = {
        "ThirdPartyRefNo": reference,
        "ThirdPartySource": told["source"],
        "SoNumber": document.number,
        "CustomerName": settings.customer_name if single else told["customer_name"],
        "StoreName": settings.sale_store,
        "Amount": number(share),
        "DepositDate": us_date(day_in(at, settings.api_time_zone)),
        "PaymentMethodName": way.method,
        "DepositAccountName": way.account,
        "LiabilityAccountName": settings.liability_account,
        "CurrencyCode": told["currency"],
        "RefNo": told["ref_no"],
    }
    return without_blanks(members)


def _is_there(run: Run, told: dict[str, Any], documents: Sequence[Document], share: Decimal, reference: str) -> bool:
    """After a lost answer: Xoro lists no deposits, but payments that no bank deposit took yet. One more of this order
    and amount there than others of the order can be is this one; fewer prove nothing. Raises ``NotDone`` while a long
    list is read."""
    number_of_order = order_digits(told["ref_no"])
    try:
        kind = f"deposit:{reference}"
        listed = undeposited.read(run, kind, told["currency"], {number_of_order} - {""}).payments
    except NotDone:
        raise
    except HubError as error:
        run.note("lookup_failed", error.sentence)
        return False
    same = [row for row in listed if row.cheque_no == told["ref_no"] and row.amount == share]
    others = _known_shares(run, told, documents).count(share) + _others_in_doubt(run, told, documents, share)
    if len(same) > others:
        run.note("found_existing", f"Xoro lists a payment of {share} for order {told['order_name']}: {reference}.")
        return True
    return False


def _others_in_doubt(run: Run, told: dict[str, Any], documents: Sequence[Document], share: Decimal) -> int:
    """Other payments of the order whose import got no answer, and that have a share of the same amount: what is listed
    may be theirs."""
    open_ids = [
        one["id"]
        for one in known_payments(run, told["source"], told["order_id"]).values()
        if one["state"] == OWN and one["id"] != told["payment_id"]
        and share in {s for r, _, s in _wanted(documents, one["id"], rest_of(one), told["currency"]) if r not in one["done"]}
    ]  # fmt: skip
    if not open_ids:
        return 0
    unanswered = RelatedRequest.objects.filter(
        Q(state__in=(RequestState.SENT, RequestState.NO_ANSWER)) | Q(status__gte=500), is_write=True,
        event__connector_id=run.connector.pk, event__topic=TOPIC, event__object_id__in=open_ids,
    )  # fmt: skip
    return unanswered.values("event_id").distinct().count()


def _known_shares(run: Run, told: dict[str, Any], documents: Sequence[Document]) -> list[Decimal]:
    """What each document of the order took of the payments that are known to be done: those that went along with the
    order as one sum, those of their own, and the parts of this one that are."""
    along, found = ZERO, []
    for one in known_payments(run, told["source"], told["order_id"]).values():
        amount = rest_of(one) if one.get("less") else Decimal(one["amount"])
        if one["state"] == WITH_ORDER:
            along += amount
            continue
        rows = _wanted(documents, one["id"], amount, told["currency"])
        found += [share for reference, _, share in rows if reference in one["done"]]
    return found + [share for _, _, share in _wanted(documents, "", along, told["currency"])]


def _unconfirmed(
    told: dict[str, Any], document: Document, reference: str, share: Decimal, what: str
) -> UnconfirmedWrite:
    return UnconfirmedWrite(
        f"Whether {what} are deposited on {document.number} in Xoro is not known: an earlier attempt sent it and got "
        "no answer, and Xoro lists no deposits by reference.",
        next_step=f"Look on {document.number} in Xoro for a deposit of {share} {told['currency']} with reference "
        f"{reference}. If it is there, mark this event resolved; if not, press Retry.",
    )
