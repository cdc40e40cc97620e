"""From a payout and the undeposited payments of Xoro to the lines of one bank deposit: pure arithmetic, no call.

A payment of an order takes the undeposited row whose cheque number is the order's number; fees, disputes, reserves and
adjustments are lines of their own; what no row explains is named, never absorbed. The matching is the one seen at work
in a public client; which account takes what: https://shop-docs.xorosoft.io/getting-started/configuring-settings/payouts
(checked 2026-11-20).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connectors.records import Payout, PayoutLine
from connectors.xoro.matching import Payment, match, order_digits
from connectors.xoro.moneys import ZERO, smallest_unit
from connectors.xoro.settings import XoroSettings

BALANCED = Decimal("0.01")  # lines and payout differ by less
PAYMENTS = frozenset({"charge", "refund", "refund_failure"})  # movements that settle a payment of an order
RETRIED = re.compile(r"^transfer")  # an earlier payout that came back: nobody knows whether that one was deposited


@dataclass(frozen=True, kw_only=True)
class DepositLine:
    """One line of the deposit. ``payment``: the undeposited row it takes, else it is a plain amount on ``account``."""

    what: str  # Payment, Fees, Dispute, Reserve, Adjustment, Refund, Rounding
    amount: Decimal
    account: str
    order_number: str = ""
    order_id: str = ""
    memo: str = ""
    payment: Payment | None = None


@dataclass(frozen=True, kw_only=True)
class Unmatched:
    """A movement nothing in Xoro stands for. ``hint``: what came near."""

    amount: Decimal
    what: str
    order_number: str = ""
    order_id: str = ""
    memo: str = ""
    hint: str = ""


@dataclass
class Plan:
    """``missing``: label of a setting without which a line has no account -> what it would take."""

    net: Decimal
    currency: str
    lines: list[DepositLine] = field(default_factory=list)
    unmatched: list[Unmatched] = field(default_factory=list)
    missing: dict[str, Decimal] = field(default_factory=dict)

    @property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines), ZERO)

    @property
    def is_balanced(self) -> bool:
        return (
            not self.unmatched
            and not self.missing
            and abs(self.total - self.net) < min(BALANCED, smallest_unit(self.currency))
        )

    @property
    def has_payments(self) -> bool:
        return any(line.payment for line in self.lines)


def plan_of(payout: Payout, payments: Sequence[Payment] | None, settings: XoroSettings, stores: frozenset[str]) -> Plan:
    """The deposit of a payout. ``payments`` ``None``: Xoro was not asked, each payment is a line to be found by hand.
    ``stores``: names of the stores whose payments are preferred where a number is there twice."""
    plan = Plan(payout.net, payout.currency.upper())
    own = settings.payout_type_accounts
    settled = [one for one in payout.lines if one.type in PAYMENTS and one.type not in own and one.amount]
    if payments is None:
        plan.lines += [_by_hand(one, settings.payment_account) for one in settled]
    else:
        _take(plan, settled, payments, settings, stores)
    for one in payout.lines:
        if (one.type not in PAYMENTS or one.type in own) and one.amount:
            _add(plan, one, settings)
    _add_fees(plan, payout, settings)
    _round(plan, settings)
    return plan


def _take(
    plan: Plan, settled: list[PayoutLine], payments: Sequence[Payment], settings: XoroSettings, stores: frozenset[str]
) -> None:
    limit = smallest_unit(plan.currency) * settings.payout_rounding_limit
    found = match(settled, payments, limit=limit, stores=stores)
    for line, payment in found.pairs:
        plan.lines.append(
            DepositLine(
                what="Payment", amount=payment.amount, account=payment.account or settings.payment_account,
                order_number=order_digits(line.order_name), order_id=line.order_id,
                memo=line.order_name or line.type, payment=payment,
            )
        )  # fmt: skip
    for line, hint in found.unmatched:
        refund = settings.payout_refund_account if line.type == "refund" else ""
        if refund:
            plan.lines.append(_plain(line, "Refund", refund))
        else:
            plan.unmatched.append(
                Unmatched(
                    amount=line.amount, what=line.type, order_number=order_digits(line.order_name),
                    order_id=line.order_id, memo=_words(line), hint=hint,
                )
            )  # fmt: skip


def _by_hand(line: PayoutLine, account: str) -> DepositLine:
    return _plain(line, "Payment", account)


def _plain(line: PayoutLine, what: str, account: str) -> DepositLine:
    number = order_digits(line.order_name)
    return DepositLine(
        what=what, amount=line.amount, account=account, order_number=number, order_id=line.order_id, memo=_words(line)
    )


def _add(plan: Plan, line: PayoutLine, settings: XoroSettings) -> None:
    """A movement that is no payment of an order, on the account of its kind."""
    what, account, label = _account(line, settings)
    if not account:
        plan.missing[label] = plan.missing.get(label, ZERO) + line.amount
    plan.lines.append(_plain(line, what, account))


def _account(line: PayoutLine, settings: XoroSettings) -> tuple[str, str, str]:
    """(what, account, label of the setting that names it)."""
    own = (settings.payout_type_accounts).get(line.type)
    if own:
        return "Adjustment", own, "Accounts by type of movement"
    words = f"{line.type} {line.source_type}"
    if ("dispute" in words or "chargeback" in words) and "fee" not in line.type:
        return "Dispute", settings.dispute_account, "Dispute account"
    if "reserve" in words:
        return "Reserve", settings.reserve_account, "Reserve account"
    if RETRIED.match(line.type):
        return "Retried payout", "", f"Accounts by type of movement (“{line.type}”)"
    return "Adjustment", settings.payout_fee_account, "Fee and adjustment account"


def _add_fees(plan: Plan, payout: Payout, settings: XoroSettings) -> None:
    if not payout.fees:
        return
    count = sum(1 for line in payout.lines if line.fee)
    plan.lines.append(
        DepositLine(
            what="Fees",
            amount=-payout.fees,
            account=settings.payout_fee_account,
            memo="Fees of one movement" if count == 1 else f"Fees of {count} movements",
        )
    )
    if not settings.payout_fee_account:
        plan.missing["Fee and adjustment account"] = -payout.fees


def _round(plan: Plan, settings: XoroSettings) -> None:
    """The difference of cents, where all that is left is one."""
    gap = plan.net - plan.total
    limit = smallest_unit(plan.currency) * settings.payout_rounding_limit
    if not gap or plan.unmatched or abs(gap) > limit:
        return
    if settings.rounding_account:
        plan.lines.append(
            DepositLine(what="Rounding", amount=gap, account=settings.rounding_account, memo="Rounding difference")
        )
    else:
        plan.missing["Penny rounding account"] = gap


def _words(line: PayoutLine) -> str:
    parts: list[Any] = [line.type.replace("_", " "), line.reason]
    parts.append(line.order_name or ", ".join(one.order_name for one in line.orders))
    return " ".join(str(part) for part in parts if part)
