"""A payout becomes one bank deposit in Xoro: it moves the payments of orders from undeposited funds to the bank.

Posted only where its lines are the payout to the cent; else the event fails, naming the orders whose payments are missing,
and nothing is written. What Xoro would be sent is kept with the event as a table, whatever the outcome. Where the route is
not confirmed for the tenant (setting *Post by the API*), that table is the whole result, and a person books it.

Xoro has no route that reads bank deposits. A deposit whose answer was lost is looked for in the general ledger by the
payout's number; where that shows nothing, a person decides. A deposit that was made takes its payments off the list, so
that a payout made of payments cannot be deposited twice by accident; one without any is looked for before it is posted.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from connectors.base import Delivered
from connectors.exceptions import (
    ConfigurationError,
    HubError,
    RemoteError,
    RemoteRefused,
    RemoteUnavailable,
    Skip,
    UnconfirmedWrite,
)
from connectors.models import Link, LinkState
from connectors.records import Order, Payout
from connectors.xoro import begun, refusals, undeposited, wire
from connectors.xoro.bankdeposits import deposit_body, review_table
from connectors.xoro.calls import banking
from connectors.xoro.matching import order_digits
from connectors.xoro.payoutfilters import check_payout
from connectors.xoro.payoutlines import PAYMENTS, Plan, plan_of

if TYPE_CHECKING:
    from connectors.run import Run

NOT_TAKEN = frozenset({"status", "trace_id", "summary"})  # of a payout: they move while its deposit stays right
NAMED = 20  # order numbers named in a sentence; the table has them all


def push_payout(run: Run, payout: Payout) -> Delivered:
    """Raises ``Skip`` (filtered, unchanged), ``RemoteRefused`` (does not balance; to be booked by hand; changed after it was
    deposited), ``ConfigurationError``, ``PayloadError``, ``NotDone``, ``UnconfirmedWrite``, and the errors of the client."""
    if run.link is not None and run.link.target_object_id:
        raise _deposited_before(run.link.target_number or run.link.target_object_id, run.link.sent_hash, payout)
    if earlier := begun.finish(run, payout, _fingerprint, partial(_push, run)):
        raise _deposited_before(earlier.target_number, earlier.sent_hash, payout)
    return _push(run, payout)


def _push(run: Run, payout: Payout) -> Delivered:
    check_payout(run, payout)
    if not run.settings.use_bank_deposit_route:
        raise _by_hand(run, payout, "bank deposits are not posted by the API")
    try:
        return _deposit(run, payout)
    except ConfigurationError as error:
        if not refusals.has_no_route(error):
            raise
        raise _by_hand(run, payout, "Xoro does not have the route for it", error) from error


def _deposit(run: Run, payout: Payout) -> Delivered:
    numbers = {order_digits(line.order_name) for line in payout.lines if line.type in PAYMENTS} - {""}
    listing = undeposited.read(run, payout.id, payout.currency, numbers) if numbers else undeposited.NOTHING
    plan = plan_of(payout, listing.payments, run.settings, _stores(run))
    sales_orders = _show(run, payout, plan)
    if run.unfinished_write:
        found = _look(run, payout)
        if found is None:
            raise _unconfirmed(payout, "an earlier attempt sent it and got no answer", plan)
        return found
    _check_balance(payout, plan, sales_orders, is_certain=listing.is_certain)
    earlier = None if plan.has_payments else _look(run, payout)
    delivered = earlier or _post(run, payout, plan)
    undeposited.forget(run, (line.payment.id for line in plan.lines if line.payment))
    return delivered


def _stores(run: Run) -> frozenset[str]:
    settings = run.settings
    return frozenset({run.options.sale_store or settings.sale_store, settings.ship_store} - {""})


def _bank_account(run: Run) -> str:
    account: str = run.options.bank_account or run.settings.payout_bank_account
    return account


def _fingerprint(payout: Payout) -> str:
    return payout.fingerprint(without=NOT_TAKEN)


def _deposited_before(number: str, sent_hash: str, payout: Payout) -> Exception:
    if payout.status in ("failed", "canceled"):
        return RemoteRefused(
            f"Payout {payout.number} is {payout.status} now, after it was deposited in Xoro as {number}.",
            code="failed_after_deposit",
            next_step=f"Void bank deposit {number} in Xoro, then mark this event resolved.",
        )
    if sent_hash == _fingerprint(payout):
        return Skip(
            f"Payout {payout.number} is in Xoro as {number} and has not changed.", reason="unchanged", code="unchanged"
        )
    return RemoteRefused(
        f"Payout {payout.number} has other movements than those deposited in Xoro as {number}.",
        code="change_not_applied",
        next_step=f"Compare bank deposit {number} in Xoro with the payout, correct it there, then mark this event resolved.",
    )


def _show(run: Run, payout: Payout, plan: Plan) -> dict[str, str]:
    """Keeps the review table with the event; returns which of the orders the hub has sent: id to number in Xoro."""
    ids = {one.order_id for one in plan.lines} | {one.order_id for one in plan.unmatched}
    links = Link.objects.filter(
        source=run.the_route.source, target=run.connector, record_kind=Order.kind, source_object_id__in=ids - {""},
        state=LinkState.DELIVERED,
    )  # fmt: skip
    known = {link.source_object_id: link.target_number or link.target_object_id for link in links}
    run.show(review_table(payout, plan, known, bank_account=_bank_account(run)))
    return known


def _by_hand(run: Run, payout: Payout, why: str, error: HubError | None = None) -> Exception:
    """The payout as a table of its movements, each to be found in Xoro by a person."""
    plan = plan_of(payout, None, run.settings, _stores(run))
    _show(run, payout, plan)
    what = f"{len(plan.lines)} lines" + ("" if plan.is_balanced else f", {plan.net - plan.total} not explained")
    return refusals.manual_task(
        f"Payout {payout.number} of {payout.issued_at:%Y-%m-%d} over {payout.net} {payout.currency} is to be booked in Xoro "
        f"by hand: {why} ({what}).",
        "Book the deposit in Xoro after the table under Object Payload.",
        error,
    )


def _check_balance(payout: Payout, plan: Plan, sales_orders: dict[str, str], *, is_certain: bool) -> None:
    """Raises what keeps the deposit from being posted."""
    if plan.is_balanced:
        return
    head = f"Payout {payout.number} over {payout.net} {payout.currency} was not deposited"
    if plan.unmatched:
        named = _named(plan)
        if not is_certain:
            raise RemoteUnavailable(
                f"{head}: Xoro's list of undeposited payments ended with an empty answer, as it also does when Xoro is too "
                f"busy, and it lacks those of {named}.",
                code="uncertain_list",
            )
        unmatched = {one.order_number: one.order_id for one in plan.unmatched if one.order_number}
        absent = [number for number, order_id in unmatched.items() if order_id not in sales_orders]
        where = f" The hub has not sent {_listed(absent)} to Xoro." if absent else ""
        raise RemoteRefused(
            f"{head}: it does not balance, because Xoro has no undeposited payment for {named}.{where}",
            code="unbalanced",
            next_step=f"Import these orders and refunds, or record their payments in Xoro{_or_account(plan)}, then press "
            "Retry. The table under "
            "Object Payload lists every line.",
        )
    if plan.missing:
        wanted = ", ".join(f"“{label}” ({amount})" for label, amount in plan.missing.items())
        raise ConfigurationError(
            f"{head}: no account is set for {wanted}.",
            code="account_missing",
            next_step="Name the account on the connector's page under Payouts, then press Retry.",
        )
    raise RemoteRefused(
        f"{head}: its lines come to {plan.total}, {plan.net - plan.total} differ, more than is a rounding difference.",
        code="unbalanced",
        next_step="Compare the table under Object Payload with the payments in Xoro, correct them there, then press Retry.",
    )


def _or_account(plan: Plan) -> str:
    """Money that was given back has no payment of its own where Xoro pays it from a credit memo."""
    is_refunded = any(one.what == "refund" for one in plan.unmatched)
    return ", or name the account of unmatched refunds in the settings of payouts" if is_refunded else ""


def _named(plan: Plan) -> str:
    rows = (f"{one.amount}; {one.hint}" if one.hint else f"{one.amount}" for one in plan.unmatched)
    return _listed([f"{one.order_number or one.memo} ({row})" for one, row in zip(plan.unmatched, rows, strict=True)])


def _listed(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _post(run: Run, payout: Payout, plan: Plan) -> Delivered:
    body = deposit_body(payout, plan, run.settings, bank_account=_bank_account(run), origin=run.source_connector_slug)
    try:
        document = banking.create_bank_deposit(run.client, body)
    except RemoteRefused as error:
        if error.code == refusals.ANSWER_TOO_LARGE:
            return _look_after(run, payout, plan, error)
        if refusals.is_duplicate(error, run.settings):
            return _duplicate(run, payout, error)
        raise refusals.explained(error) from None
    except RemoteUnavailable as error:
        if error.code in refusals.NOT_DONE:
            raise
        return _look_after(run, payout, plan, error)
    return _posted(run, payout, plan, document)


def _posted(run: Run, payout: Payout, plan: Plan, document: dict[str, Any]) -> Delivered:
    """Reads the answer of a deposit that was accepted; it must be about our payout."""
    header = document.get("BankDepositHeaderObj")
    header = header if isinstance(header, dict) else document
    echoed = wire.identifier(header.get("ThirdPartyRefNo"))
    number = wire.identifier(header.get("DepositNumber") or header.get("TxnNumber"))
    if echoed and echoed != payout.id:
        raise _unconfirmed(payout, f"Xoro accepted it, but answered about {number} with reference {echoed}", plan)
    target_id = wire.identifier(header.get("Id")) or number
    if not target_id:
        found = _look(run, payout)
        if found is None:
            raise _unconfirmed(payout, "Xoro accepted it without naming the document", plan)
        return found
    return _delivered(run, payout, target_id, number or target_id, "Deposited")


def _look_after(run: Run, payout: Payout, plan: Plan, error: RemoteError) -> Delivered:
    """After a write of unknown outcome. Where no answer came at all, the next attempt looks again first."""
    try:
        found = _look(run, payout)
    except HubError as second:
        found = None
        run.note("lookup_failed", second.sentence)
    if found is not None:
        return found
    if error.retry and error.status is None:
        raise error
    raise _unconfirmed(payout, f"posting it got no clear answer ({error.sentence})", plan) from error


def _look(run: Run, payout: Payout) -> Delivered | None:
    """The deposit with the payout's number, by the general ledger: a document with that reference and the payout's amount."""
    day = wire.day_in(payout.issued_at, run.settings.api_time_zone)
    rows, fact = banking.ledger_rows(run.client, payout.number, day)
    number = next(
        (n for row in rows if abs(banking.amount_of(row)) == abs(payout.net) and (n := banking.number_of(row))), ""
    )
    if not number:
        run.note("lookup", f"Looking for payout {payout.number}: {fact}.")
        return None
    run.note("found_existing", f"Payout {payout.number} was in Xoro already: {number}.")
    return _delivered(run, payout, number, number, "Found")


def _duplicate(run: Run, payout: Payout, error: RemoteRefused) -> Delivered:
    found = _look(run, payout)
    if found is not None:
        return found
    raise RemoteRefused(
        f"Xoro refuses payout {payout.number} as a duplicate ({error.sentence}): a deposit with this reference is there.",
        code=error.code,
        next_step=f"Compare the deposit with reference {payout.id} in Xoro with the table under Object Payload, then mark this "
        "event resolved.",
        status=error.status,
        request_id=error.request_id,
    ) from error


def _unconfirmed(payout: Payout, fact: str, plan: Plan) -> UnconfirmedWrite:
    if not plan.has_payments and not plan.unmatched:
        seen = "the general ledger does not show it"
    elif plan.is_balanced:
        seen = "the general ledger does not show it, and its payments are still listed as undeposited"
    else:
        seen = "the general ledger does not show it, but its payments are not listed as undeposited any more"
    return UnconfirmedWrite(
        f"Payout {payout.number} may or may not be deposited in Xoro: {fact}; {seen}.",
        next_step=f"Look in Xoro for a bank deposit over {payout.net} {payout.currency} with reference {payout.id}. If it is "
        "there, mark this event resolved; if not, press Retry.",
    )


def _delivered(run: Run, payout: Payout, target_id: str, number: str, verb: str) -> Delivered:
    run.key("xoro_deposit_number", number)
    sentence = f"{verb} payout {payout.number} over {payout.net} {payout.currency} in Xoro as {number}."
    return Delivered(target_id=target_id, target_number=number, sentence=sentence, sent_hash=_fingerprint(payout))
