"""Returns: booked by their refund, or, where there is none, by themselves; never by both."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connectors.models import DirectoryEntry, Link
from connectors.records import Disposition, ExchangeLine, ReturnLine
from tests.connectors.xoro.credit_cast import IMPORT, LINE_ID, ORDER_ID, SEARCH, SKU, Books, make_refund, make_return

pytestmark = pytest.mark.django_db(transaction=True)
OTHER_LAMP = ExchangeLine(id="1", sku="LMP-OAK-M", title="Oak lamp M", quantity=Decimal(1))


def line(kind: str = "restocked", number: str = "701") -> ReturnLine:
    put_away = Disposition(id=number, kind=kind, quantity=Decimal(1))
    return ReturnLine(id="1", order_line_id=LINE_ID, sku=SKU, quantity=Decimal(1), dispositions=(put_away,))


def test_an_exchange_is_credited_at_the_value_of_its_goods(books: Books):
    books.order()
    before = books.stock()
    event = books.push(make_return(exchange_lines=(OTHER_LAMP,)))
    assert event.outcome == "succeeded", event.sentence
    header, lines = books.memo()
    assert (header["ThirdPartyRefNo"], header["InvoiceNumber"]) == ("return-33100450020", "MAIN-I000001")
    assert (header["TotalAmount"], len(lines)) == (58.3, 1)
    assert "ThirdPartyTotalRefundAmount" not in header
    assert books.stock()["AvailableQty"] == before["AvailableQty"] + 1


def test_goods_sent_back_for_nothing_are_credited_at_nothing(books):
    books.order()
    books.push(make_return())
    header, lines = books.memo()
    assert header["TotalAmount"] == 0
    assert [(one["ItemNumber"], one["TotalAmount"]) for one in lines] == [(SKU, 58.3), ("HUB-FEE", -58.3)]


def test_goods_that_cannot_be_sold_again_are_not_available(books):
    books.order()
    before = books.stock()
    books.push(make_return(lines=(line("not_restocked"),), exchange_lines=(OTHER_LAMP,)))
    assert books.stock()["NotAvailableQty"] == before["NotAvailableQty"] + 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"status": "open"}, "not_closed"),
        ({"status": "requested"}, "not_closed"),
        ({"status": "declined"}, "declined"),
        ({"status": "cancelled"}, "cancelled"),
        ({"refund_ids": ("881",)}, "refunded"),
        ({"lines": (line("missing"),)}, "empty"),
        ({"lines": ()}, "empty"),
        ({"created_at": datetime(2025, 12, 1, tzinfo=UTC)}, "before_start"),
    ],
)
def test_a_return_that_books_nothing_says_why(books, changes, code):
    books.order()
    event = books.push(make_return(**changes))
    assert (event.outcome, event.reason, event.reason_code) == ("skipped", "filtered", code), event.sentence
    assert books.memos() == []


def test_a_return_that_loop_handles_is_left_to_loop_even_before_the_hub_has_read_it(books):
    books.order()
    made = books.control("loop_return", order_id=ORDER_ID, order_name="#2041", lines=[{"sku": SKU}])["id"]
    event = books.push(make_return(exchange_lines=(OTHER_LAMP,)))
    assert (event.outcome, event.reason_code) == ("skipped", "return_source"), event.sentence
    assert f"is return {made} of Loop" in event.sentence and books.memos() == []


def test_a_return_of_other_goods_or_of_another_shop_than_loops_is_booked(books):
    books.order()
    books.control("loop_return", order_id=ORDER_ID, order_name="#2041", lines=[{"sku": "MUG-BLU-350"}])
    assert books.push(make_return(exchange_lines=(OTHER_LAMP,))).outcome == "succeeded"


def test_with_the_setting_off_a_return_without_refund_is_left_out(books):
    books.set(returns_without_refund=False)
    books.order()
    assert books.push(make_return()).reason_code == "returns_without_refund"


def test_a_return_whose_refund_is_booked_names_the_memo(books):
    books.order()
    books.push(make_refund(return_id="33100450020"))
    event = books.push(make_return())
    assert (event.outcome, event.reason_code) == ("skipped", "refunded")
    assert "MAIN-C000001" in event.sentence
    assert len(books.memos()) == 1


def test_a_refund_of_goods_their_return_has_credited_is_left_to_a_person(books):
    books.order()
    books.push(make_return(exchange_lines=(OTHER_LAMP,)))
    event = books.push(make_refund(return_id="33100450020", return_name="#2041-R1"))
    assert (event.outcome, event.reason_code) == ("failed", "credited_by_return")
    assert "MAIN-C000001 to 58.30 USD" in event.next_step
    assert len(books.memos()) == 1


def test_a_return_that_is_told_again_is_unchanged(books):
    books.order()
    books.push(make_return(exchange_lines=(OTHER_LAMP,)))
    event = books.push(make_return(exchange_lines=(OTHER_LAMP,), decline_note="x", refund_ids=("882",)))
    assert (event.outcome, event.reason) == ("skipped", "unchanged")


def test_more_goods_put_away_later_fail_named(books):
    books.order()
    books.push(make_return())
    event = books.push(make_return(lines=(line(), line("restocked", "702"))))
    assert (event.outcome, event.reason_code) == ("failed", "change_not_applied")
    assert len(books.memos()) == 1


def test_a_return_before_its_order_waits_and_names_it(books):
    event = books.push(make_return())
    assert (event.outcome, event.reason, event.reason_code) == ("waiting", "dependency", "order:#2041")


def test_a_return_of_an_old_order_is_a_credit_without_an_invoice(books):
    old = datetime(2025, 12, 1, tzinfo=UTC)
    event = books.push(make_return(order_created_at=old, order_id="1", customer_name="Ada Brook"))
    assert event.outcome == "succeeded", event.sentence
    assert "InvoiceNumber" not in books.memo()[0]


def test_a_return_the_hub_forgot_is_found(books):
    books.order()
    books.push(make_return())
    Link.objects.filter(record_kind="return").delete()
    DirectoryEntry.objects.filter(kind="credit_memos").delete()
    assert books.push(make_return()).outcome == "succeeded"
    assert len(books.memos()) == 1


def test_goods_put_away_while_nobody_knew_of_the_memo_are_left_to_a_person(books):
    books.order()
    books.fault("lost_answer", IMPORT)
    books.fault("throttle", SEARCH, times=99)
    assert books.push(make_return()).outcome == "waiting"
    books.control("clear_faults")
    event = books.push(make_return(lines=(line("not_restocked"),)))
    assert (event.outcome, event.reason_code) == ("failed", "change_not_applied"), event.sentence
    assert len(books.memos()) == len(books.sent()) == 1
    event = books.push(make_return())
    assert (event.outcome, event.reason) == ("skipped", "unchanged"), event.sentence


def test_goods_whose_memo_of_the_return_is_in_doubt_are_not_credited_by_a_refund(books):
    books.order()
    books.fault("lost_answer", IMPORT)
    books.fault("throttle", SEARCH, times=99)
    event = books.again(books.push(make_return()))
    assert (event.outcome, event.reason) == ("failed", "unconfirmed_write"), event.sentence
    refund = books.push(make_refund(return_id="33100450020", return_name="#2041-R1"))
    assert refund.outcome == "waiting" and "#2041-R1" in refund.sentence, refund.sentence
    books.control("clear_faults")
    refund = books.again(refund)
    assert (refund.outcome, refund.reason_code) == ("failed", "credited_by_return"), refund.sentence
    assert len(books.memos()) == len(books.sent()) == 1
