"""Workers die over bank deposits, or meet at one payout: each payout is deposited once."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.models import Link
from connectors.records import Payout
from events import outcomes
from tests.connectors.xoro.credit_cast import Books
from tests.connectors.xoro.test_payouts import BACK, PAID, line, payout
from tests.killing.crash import Crash, said, told

pytestmark = pytest.mark.django_db(transaction=True)

DEPOSIT = "bankdeposit/import"


def give(books: Books, one: Payout) -> int:
    return books.give(one, is_supersedable=True)


def deposits(books: Books) -> list[dict[str, Any]]:
    return [one["BankDepositHeaderObj"] for one in books.books("bank_deposits")]


def assert_once(books: Books, crash: Crash, net: float) -> None:
    """One deposit, of all payments, and the ledger names it."""
    [made] = deposits(books)
    assert (made["ThirdPartyRefNo"], made["TotalAmount"]) == ("771", net)
    assert crash.posts(DEPOSIT) == 1
    assert all(row["IsDeposited"] for row in books.books("payments"))
    assert Link.objects.get(record_kind="payout").target_number == made["DepositNumber"]


def test_a_payout_is_deposited_once(books: Books, crash: Crash, moment: str) -> None:
    given = give(books, payout(PAID, BACK))
    crash.at(DEPOSIT, moment)
    crash.recover()
    assert told(given) == ("succeeded", ""), said(given)
    assert_once(books, crash, 96.22)
    again = give(books, payout(PAID, BACK))
    crash.drain()
    assert told(again) == ("skipped", "unchanged"), said(again)
    assert_once(books, crash, 96.22)


def test_a_payout_of_fees_alone_is_deposited_once(books: Books, crash: Crash) -> None:
    given = give(books, payout(line("-2.00", type="adjustment")))
    crash.at(DEPOSIT)
    crash.recover()
    assert told(given) == ("succeeded", ""), said(given)
    assert [one["TotalAmount"] for one in deposits(books)] == [-2.0] and crash.posts(DEPOSIT) == 1


def test_a_deposit_that_never_reached_xoro_waits_for_a_person_and_is_made_by_his_retry(
    books: Books, crash: Crash
) -> None:
    given = give(books, payout(PAID, BACK))
    crash.at(DEPOSIT, is_lost=True)
    crash.recover()
    assert told(given) == ("failed", "unconfirmed_write"), said(given)
    assert deposits(books) == []
    outcomes.retry([given], by="ada")
    crash.drain()
    assert told(given) == ("succeeded", ""), said(given)
    assert len(deposits(books)) == 1


def test_a_second_worker_leaves_a_payout_alone_that_another_one_deposits(books: Books, crash: Crash) -> None:
    first = give(books, payout(PAID, BACK))
    with crash.busy(DEPOSIT):
        second = give(books, payout(PAID, BACK, trace_id="T1"))
        crash.workers.start().wait()
        assert told(second)[0] == "queued"
    crash.drain()
    assert (told(first)[0], told(second)) == ("succeeded", ("skipped", "unchanged")), (said(first), said(second))
    assert_once(books, crash, 96.22)


def test_a_payout_whose_contents_changed_while_nobody_knew_of_its_deposit_is_left_to_a_person(
    books: Books, crash: Crash, moment: str
) -> None:
    give(books, payout(PAID, BACK))
    crash.at(DEPOSIT, moment)
    second = give(books, payout(PAID, BACK, line("-2.00", type="adjustment")))
    crash.recover()
    assert len(deposits(books)) == crash.posts(DEPOSIT) == 1
    assert told(second)[0] == "failed", said(second)


def test_a_payout_of_the_same_sum_with_other_movements_is_left_to_a_person_too(books: Books, crash: Crash) -> None:
    give(books, payout(PAID, BACK))
    crash.at(DEPOSIT)
    second = give(books, payout(PAID, BACK, line("-2.00", type="adjustment"), line("2.00", type="reserved_funds")))
    crash.recover()
    assert len(deposits(books)) == crash.posts(DEPOSIT) == 1
    assert told(second)[0] == "failed", said(second)
