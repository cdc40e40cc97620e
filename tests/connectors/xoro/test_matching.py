"""Which undeposited payment a movement of a payout takes, and what becomes of the rest."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.records import Payout, PayoutLine
from connectors.xoro.matching import Payment, match, order_digits
from connectors.xoro.payoutlines import Plan, plan_of
from tests.connectors.xoro.cast import make_settings

CENTS = Decimal("0.05")


def line(amount: str, order: str = "#1901", *, type: str = "charge", fee: str = "0", **more: Any) -> PayoutLine:
    net = Decimal(amount) - Decimal(fee)
    name = f"{type} {amount} {order}"
    return PayoutLine(
        **{"id": name, "type": type, "order_name": order, "order_id": f"61{order_digits(order)}", "currency": "USD"} | more,
        amount=Decimal(amount), fee=Decimal(fee), net=net,
    )  # fmt: skip


def payment(amount: str, cheque_no: str = "1901", *, id: str = "", store: str = "Main Store") -> Payment:
    return Payment(
        id=id or f"{cheque_no}/{amount}", cheque_no=cheque_no, amount=Decimal(amount), account="Undeposited Funds",
        store=store,
    )  # fmt: skip


def payout(*lines: PayoutLine, net: str = "", **changes: Any) -> Payout:
    members: dict[str, Any] = {
        "id": "771", "number": "771", "source": "lumen-goods.example", "gateway": "shopify_payments",
        "issued_at": datetime(2026, 3, 12, tzinfo=UTC), "status": "paid", "type": "deposit", "currency": "USD",
    }  # fmt: skip
    total = Decimal(net) if net else sum((one.net for one in lines), Decimal(0))
    return Payout(**members | changes, net=total, lines=lines)


def planned(record: Payout, payments: list[Payment] | None, **settings: Any) -> Plan:
    return plan_of(record, payments, make_settings(**settings), frozenset({"Main Store"}))


def amounts(plan: Plan) -> dict[str, str]:
    return {one.what: str(one.amount) for one in plan.lines}


def pairs(lines: list[PayoutLine], payments: list[Payment], **more: Any) -> list[tuple[str, str]]:
    found = match(lines, payments, limit=CENTS, **more)
    return [(str(one.amount), row.id) for one, row in found.pairs]


def test_a_payment_is_found_by_the_digits_of_the_orders_number():
    assert pairs([line("67.80", "#EX-2041")], [payment("67.80", "2041"), payment("67.80", "204")]) == [
        ("67.80", "2041/67.80")
    ]


def test_equal_amounts_of_another_order_are_no_match():
    found = match([line("67.80", "#1902")], [payment("67.80", "1901")], limit=CENTS)
    assert found.pairs == []
    assert [one.order_name for one, _ in found.unmatched] == ["#1902"]


def test_no_payment_is_used_twice():
    found = match([line("10.00", id="a"), line("10.00", id="b")], [payment("10.00")], limit=CENTS)
    assert len(found.pairs) == len(found.unmatched) == 1


def test_a_refund_takes_the_negative_row_and_never_the_payment():
    rows = [payment("20.00"), payment("-20.00")]
    assert pairs([line("-20.00", type="refund")], rows) == [("-20.00", "1901/-20.00")]
    found = match([line("-20.00", type="refund")], rows[:1], limit=CENTS)
    assert found.pairs == [] and len(found.unmatched) == 1


def test_of_several_rows_of_an_order_the_equal_ones_come_first_then_the_nearest():
    rows = [payment("30.02"), payment("12.00"), payment("30.00")]
    assert set(pairs([line("30.00"), line("30.01", id="second")], rows)) == {
        ("30.00", "1901/30.00"),
        ("30.01", "1901/30.02"),
    }


def test_two_captures_take_one_payment_of_the_same_sum():
    found = match([line("30.00"), line("40.00")], [payment("70.00")], limit=CENTS)
    assert [row.id for _, row in found.pairs] == ["1901/70.00"]
    assert found.unmatched == []


def test_one_charge_takes_the_payments_of_every_part_of_a_split_order():
    rows = [payment("50.00", store="Main Store"), payment("17.80", store="EAST WAREHOUSE")]
    assert [row for _, row in pairs([line("67.80")], rows)] == ["1901/17.80", "1901/50.00"]


def test_an_order_that_came_after_part_of_it_was_paid_back_has_one_payment_for_both():
    lines = [line("175.26"), line("-26.30", type="refund")]
    found = match(lines, [payment("148.96")], limit=CENTS)
    assert [row.id for _, row in found.pairs] == ["1901/148.96"] and found.unmatched == []
    assert match(lines, [payment("175.26")], limit=CENTS).unmatched == [(lines[1], "")]


def test_a_number_two_shops_have_is_taken_from_the_own_store():
    rows = [payment("67.80", id="theirs", store="WEB STORE"), payment("67.80", id="ours")]
    assert pairs([line("67.80")], rows, stores=frozenset({"Main Store"})) == [("67.80", "ours")]


def test_what_is_not_near_is_named_with_what_came_nearest():
    found = match([line("67.80")], [payment("60.00")], limit=CENTS)
    assert [hint for _, hint in found.unmatched] == ["the nearest undeposited payment is 60.00"]


def test_a_payment_is_not_named_as_near_to_money_given_back():
    found = match([line("-20.00", type="refund")], [payment("120.00")], limit=CENTS)
    assert [hint for _, hint in found.unmatched] == [""]


def test_five_thousand_movements_of_one_order_are_matched_in_no_time():
    lines = [line(f"{n}.00", id=str(n)) for n in range(1, 5001)]
    rows = [payment(f"{n}.00") for n in range(5000, 0, -1)]
    started = time.process_time()
    found = match(lines, rows, limit=CENTS)
    assert len(found.pairs) == 5000 and found.unmatched == []
    assert time.process_time() - started < 2


def test_a_balanced_payout_has_its_fees_on_a_line_of_their_own():
    plan = planned(payout(line("120.00", fee="3.78"), line("-20.00", type="refund", fee="-0.50")),
                   [payment("120.00"), payment("-20.00")])  # fmt: skip
    assert plan.is_balanced
    assert [(one.what, str(one.amount), one.account) for one in plan.lines] == [
        ("Payment", "120.00", "Undeposited Funds"),
        ("Payment", "-20.00", "Undeposited Funds"),
        ("Fees", "-3.28", "Payment Fees"),
    ]


@pytest.mark.parametrize(
    ("type", "what", "account"),
    [
        ("dispute_withdrawal", "Dispute", "Disputes"),
        ("chargeback_hold", "Dispute", "Disputes"),
        ("chargeback_fee", "Adjustment", "Payment Fees"),
        ("reserved_funds", "Reserve", "Payout Reserve"),
        ("adjustment", "Adjustment", "Payment Fees"),
        ("something_new", "Adjustment", "Payment Fees"),
    ],
)
def test_each_movement_goes_to_the_account_of_its_kind(type, what, account):
    plan = planned(payout(line("120.00"), line("-30.00", type=type)), [payment("120.00")])
    assert plan.is_balanced
    assert [(one.what, one.account) for one in plan.lines] == [("Payment", "Undeposited Funds"), (what, account)]


def test_an_account_of_its_own_takes_a_type_of_movement():
    record = payout(line("120.00"), line("-8.00", "", type="shipping_label"))
    plan = planned(record, [payment("120.00")], payout_type_accounts={"shipping_label": "Shipping Expense"})
    assert plan.lines[1].account == "Shipping Expense"


def test_a_payout_that_came_back_needs_an_account_named_for_it():
    plan = planned(payout(line("120.00"), line("50.00", "", type="transfer_failure")), [payment("120.00")])
    assert not plan.is_balanced
    assert list(plan.missing) == ["Accounts by type of movement (“transfer_failure”)"]


def test_a_cent_goes_to_the_rounding_account():
    plan = planned(payout(line("67.80")), [payment("67.79")])
    assert plan.is_balanced
    assert amounts(plan) == {"Payment": "67.79", "Rounding": "0.01"}


def test_cents_without_an_account_or_beyond_the_limit_do_not_balance():
    assert planned(payout(line("67.80")), [payment("67.79")], rounding_account="").missing == {
        "Penny rounding account": Decimal("0.01")
    }
    many = [line("10.00", f"#{n}") for n in range(10)]
    plan = planned(payout(*many), [payment("9.98", str(n)) for n in range(10)])
    assert plan.unmatched == [] and not plan.is_balanced
    assert plan.net - plan.total == Decimal("0.20")


@pytest.mark.parametrize(("limit", "is_balanced"), [(0, False), (1, False), (2, True)])
def test_how_many_cents_are_a_rounding_difference_is_a_setting(limit, is_balanced):
    two = payout(line("10.00", "#1"), line("10.00", "#2"))
    rows = [payment("9.99", "1"), payment("9.99", "2")]
    assert planned(two, rows, payout_rounding_limit=limit).is_balanced is is_balanced


def test_an_unmatched_amount_is_never_absorbed():
    plan = planned(payout(line("120.00"), line("0.02", "#1902")), [payment("120.00")])
    assert not plan.is_balanced
    assert [one.order_number for one in plan.unmatched] == ["1902"]
    assert "Rounding" not in amounts(plan)


def test_unmatched_movements_that_cancel_each_other_out_do_not_balance_either():
    plan = planned(
        payout(line("120.00"), line("55.00", "#1902"), line("-55.00", "#1902", type="refund")), [payment("120.00")]
    )
    assert plan.total == plan.net and len(plan.unmatched) == 2
    assert not plan.is_balanced


def test_a_refund_without_a_row_goes_to_its_account_only_where_one_is_named():
    record = payout(line("120.00"), line("-20.00", type="refund"))
    assert not planned(record, [payment("120.00")]).is_balanced
    plan = planned(record, [payment("120.00")], payout_refund_account="Refund Offset")
    assert plan.is_balanced and plan.lines[1].account == "Refund Offset"


def test_a_currency_without_decimals_rounds_by_whole_units():
    record = payout(line("6780", currency="JPY"), currency="JPY")
    assert amounts(planned(record, [payment("6778")])) == {"Payment": "6778", "Rounding": "2"}
    assert planned(record, [payment("6770")]).unmatched


def test_a_withdrawal_is_a_negative_deposit():
    record = payout(line("10.00"), line("-50.00", type="refund"), type="withdrawal")
    plan = planned(record, [payment("10.00"), payment("-50.00")])
    assert plan.is_balanced and plan.net == Decimal("-40.00")


def test_a_charge_without_an_order_is_named_by_what_it_is():
    plan = planned(payout(replace(line("5.00"), order_name="", order_id="")), [])
    assert [(one.order_number, one.memo) for one in plan.unmatched] == [("", "charge")]


def test_without_a_list_of_payments_each_is_a_line_to_be_found_by_hand():
    plan = planned(payout(line("120.00", fee="3.78")), None)
    assert plan.is_balanced and not plan.has_payments
    assert [(one.what, one.order_number) for one in plan.lines] == [("Payment", "1901"), ("Fees", "")]
