"""Payments that come after the order: each a deposit of its own, once; and those that went along with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.exceptions import NotDone, RemoteRefused, RemoteUnavailable, Skip, UnconfirmedWrite, WaitFor
from connectors.xoro.depositimport import _known_shares, import_deposit
from connectors.xoro.deposits import OWN, WITH_ORDER, known_payments, note_payments, remember_done
from connectors.xoro.documents import Document, third_party_source
from connectors.xoro.orders import push_order
from tests.connectors.xoro.cast import FakeRun, Tenant, after, make_order, make_payment, sent

pytestmark = pytest.mark.django_db

TOPIC = "deposits/import"
IMPORT = "/api/xerp/deposit/import"
SEARCH = "/api/xerp/salesorder/getsalesorder"
UNPAID = make_order(payments=(), financial_status="pending")
PAID = make_order()
PAYPAL = [{"gateway": "paypal", "account": "PayPal", "method": "PayPal"}]


def amounts(tenant: Tenant) -> list[float]:
    return [one["Amount"] for one in tenant.sandbox.books.deposits]


def imports(tenant: Tenant) -> list[dict[str, Any]]:
    return [one["json"] for one in tenant.writes() if one["url"].endswith("deposit/import")]


def pay(tenant: Tenant, asked: FakeRun, **changes: Any) -> str:
    """Runs the events of payments a push asked for."""
    sentences = []
    for told in asked.told(TOPIC):
        run = tenant.run(**changes)
        run.payload = told
        sentences.append(import_deposit(run))
    return " ".join(sentences)


def test_an_order_sent_unpaid_gets_its_deposit_when_it_is_paid(tenant: Tenant) -> None:
    run = sent(tenant, UNPAID)
    assert amounts(tenant) == []
    assert "67.80 USD is imported by an event of its own" in push_order(run, PAID).sentence
    assert pay(tenant, run) == "67.80 USD of order #2041 were deposited on MAIN-S000001."
    [body] = imports(tenant)
    assert body["ThirdPartyRefNo"] == "9001"
    assert (body["SoNumber"], body["RefNo"], body["Amount"]) == ("MAIN-S000001", "2041", 67.8)
    assert (body["DepositAccountName"], body["LiabilityAccountName"]) == ("Undeposited Funds", "Customer Deposits")
    assert amounts(tenant) == [67.8]


def test_a_payment_is_asked_for_once_and_taken_once(tenant: Tenant) -> None:
    run = sent(tenant, UNPAID)
    delivered = push_order(run, PAID)
    again = after(tenant, delivered)
    with pytest.raises(Skip, match="has not changed"):
        push_order(again, PAID)
    pay(tenant, run)
    with pytest.raises(Skip, match="are in Xoro already"):
        pay(tenant, run)
    assert amounts(tenant) == [67.8]


def test_part_payments_are_deposits_of_their_own(tenant: Tenant) -> None:
    first = make_payment("20.00", id="1")
    run = sent(tenant, make_order(payments=(first,), financial_status="partially_paid"))
    assert amounts(tenant) == [20.0]
    push_order(run, make_order(payments=(first, make_payment("47.80", id="2"))))
    pay(tenant, run)
    assert amounts(tenant) == [20.0, 47.8]


def test_money_paid_back_before_shipping_is_a_negative_deposit(tenant: Tenant) -> None:
    run = sent(tenant, PAID)
    push_order(run, make_order(payments=(*PAID.payments, make_payment("10.00", id="9002", kind="refund"))))
    assert pay(tenant, run) == "10.00 USD of order #2041 were taken off the deposit of MAIN-S000001."
    assert amounts(tenant) == [67.8, -10.0]


def test_money_paid_back_after_the_invoice_is_left_to_the_credit_memo(tenant: Tenant) -> None:
    run = sent(tenant, PAID)
    tenant.control("ship", order_number="MAIN-S000001")
    push_order(run, make_order(payments=(*PAID.payments, make_payment("10.00", id="9002", kind="refund"))))
    with pytest.raises(Skip, match="the refund's credit memo books that") as skip:
        pay(tenant, run)
    assert skip.value.code == "invoiced"
    assert imports(tenant) == []


def test_a_busy_xoro_is_not_taken_for_an_order_without_an_invoice(tenant: Tenant) -> None:
    run = sent(tenant, PAID)
    tenant.control("ship", order_number="MAIN-S000001")
    push_order(run, make_order(payments=(*PAID.payments, make_payment("10.00", id="9002", kind="refund"))))
    tenant.fault("throttle", "/api/xerp/invoice/getinvoice", times=4)
    tenant.fault("throttle", SEARCH, times=4)
    with pytest.raises(RemoteUnavailable) as busy:
        pay(tenant, run)
    assert busy.value.code == "throttled"
    tenant.fault("throttle", "/api/xerp/invoice/getinvoice", times=4)
    with pytest.raises(Skip, match="the refund's credit memo books that"):
        pay(tenant, run)
    assert imports(tenant) == []


def test_where_emptiness_always_looks_like_throttling_the_sales_order_says_whether_it_left(tenant: Tenant) -> None:
    tenant.control("config", empty_as_false=True)
    run = sent(tenant, PAID)
    push_order(run, make_order(payments=(*PAID.payments, make_payment("10.00", id="9002", kind="refund"))))
    pay(tenant, run)
    assert amounts(tenant) == [67.8, -10.0]


def test_a_payment_after_shipping_pays_the_invoice(tenant: Tenant) -> None:
    run = sent(tenant, UNPAID)
    tenant.control("ship", order_number="MAIN-S000001")
    push_order(run, PAID)
    pay(tenant, run)
    assert tenant.sandbox.books.invoices[0]["invoiceHeader"]["StatusName"] == "Paid"


@pytest.mark.parametrize("kind", ["authorization", "void"])
def test_what_moved_no_money_is_no_deposit(tenant: Tenant, kind: str) -> None:
    run = sent(tenant, UNPAID)
    with pytest.raises(Skip):
        push_order(run, make_order(payments=(make_payment("67.80", kind=kind),)))
    assert run.spawned == []


def test_no_payment_is_recorded_where_that_is_off(tenant: Tenant) -> None:
    run = sent(tenant, UNPAID, record_payments=False)
    with pytest.raises(Skip):
        push_order(run, PAID)
    assert (run.spawned, amounts(tenant)) == ([], [])


def test_switching_records_off_stops_payments_that_wait(tenant: Tenant) -> None:
    run = sent(tenant, UNPAID)
    push_order(run, PAID)
    with pytest.raises(Skip, match="“Record payments” is off"):
        pay(tenant, run, record_payments=False)


def test_a_gateway_has_the_account_and_method_of_its_row(tenant: Tenant) -> None:
    run = sent(tenant, UNPAID, gateway_map=PAYPAL)
    push_order(run, make_order(payments=(make_payment("67.80", gateway="paypal"),)))
    pay(tenant, run, gateway_map=PAYPAL)
    [body] = imports(tenant)
    assert (body["DepositAccountName"], body["PaymentMethodName"]) == ("PayPal", "PayPal")


def test_a_new_order_takes_the_money_of_one_account_along_and_the_rest_follows(tenant: Tenant) -> None:
    payments = (make_payment("60.00", id="1"), make_payment("7.80", id="2", gateway="paypal"))
    run = tenant.run(gateway_map=PAYPAL)
    push_order(run, make_order(payments=payments))
    assert amounts(tenant) == [60.0]
    pay(tenant, run, gateway_map=PAYPAL)
    assert [one["DepositAccountName"] for one in tenant.sandbox.books.deposits] == ["Undeposited Funds", "PayPal"]
    assert amounts(tenant) == [60.0, 7.8]


def test_with_payment_after_shipping_the_payment_waits_for_the_invoice(tenant: Tenant) -> None:
    follows = {"post_ship_payment": True}
    first = tenant.run(**follows)
    push_order(first, PAID)
    assert amounts(tenant) == []
    with pytest.raises(NotDone, match="once the invoice of MAIN-S000001 exists"):
        pay(tenant, first, **follows)
    tenant.control("ship", order_number="MAIN-S000001")
    pay(tenant, first, **follows)
    assert amounts(tenant) == [67.8]


def test_money_paid_back_before_the_invoice_its_payment_follows_is_taken_off_it(tenant: Tenant) -> None:
    first = tenant.run(post_ship_payment=True)
    again = after(tenant, push_order(first, PAID), post_ship_payment=True)
    back = make_payment("10.00", id="9002", kind="refund")
    push_order(again, make_order(payments=(*PAID.payments, back)))
    with pytest.raises(Skip, match="payment 9001 is recorded without them"):
        pay(tenant, again, post_ship_payment=True)
    with pytest.raises(WaitFor, match="once the invoice of MAIN-S000001 exists"):
        pay(tenant, first, post_ship_payment=True)
    tenant.control("ship", order_number="MAIN-S000001")
    with pytest.raises(Skip, match="taken off payment 9001 already"):
        pay(tenant, again, post_ship_payment=True)
    pay(tenant, first, post_ship_payment=True)
    assert amounts(tenant) == [57.8]


def test_a_payment_that_went_back_whole_before_the_invoice_is_not_recorded(tenant: Tenant) -> None:
    first = tenant.run(post_ship_payment=True)
    again = after(tenant, push_order(first, PAID), post_ship_payment=True)
    push_order(again, make_order(payments=(*PAID.payments, make_payment("67.80", id="9002", kind="refund"))))
    with pytest.raises(Skip, match="payment 9001 is recorded without them"):
        pay(tenant, again, post_ship_payment=True)
    tenant.control("ship", order_number="MAIN-S000001")
    with pytest.raises(Skip, match=r"are in Xoro already|paid back"):
        pay(tenant, first, post_ship_payment=True)
    assert amounts(tenant) == []


def test_a_payment_another_attempt_leaves_behind_is_imported_on_its_own(tenant: Tenant) -> None:
    """The first attempt noted both payments and sent nothing; by the second one they go to two accounts."""
    order = make_order(payments=(make_payment("7.80", id="1", gateway="paypal"), make_payment("60.00", id="2")))
    with pytest.raises(RemoteRefused, match="Account not found"):
        push_order(tenant.run(liability_account="Nowhere"), order)
    run = tenant.run(gateway_map=PAYPAL)
    push_order(run, order)
    pay(tenant, run, gateway_map=PAYPAL)
    assert amounts(tenant) == [7.8, 60.0]


def test_a_tenant_without_the_route_makes_it_a_persons_task(tenant: Tenant) -> None:
    run = sent(tenant, UNPAID)
    push_order(run, PAID)
    tenant.control("config", routes_disabled=["deposit/import"])
    with pytest.raises(RemoteRefused) as refused:
        pay(tenant, run)
    assert refused.value.code == "manual_task"
    assert "Take a customer deposit of 67.80 USD with reference 9001 on sales order MAIN-S000001" in (
        refused.value.next_step
    )


def test_a_renamed_account_names_itself_until_it_is_selected_again(tenant: Tenant) -> None:
    run = sent(tenant, UNPAID)
    push_order(run, PAID)
    tenant.fault("renamed_account", account="Customer Deposits")
    with pytest.raises(RemoteRefused, match="Account not found: Customer Deposits") as refused:
        pay(tenant, run)
    assert "select it again on the connector's page, then press Retry" in refused.value.next_step
    tenant.sandbox.books.accounts.add("Deposits 2")
    pay(tenant, run, liability_account="Deposits 2")
    assert amounts(tenant) == [67.8]


def in_doubt(tenant: Tenant, asked: FakeRun) -> FakeRun:
    """The attempt after the one whose answer was lost."""
    tenant.fault("lost_answer", IMPORT)
    with pytest.raises(RemoteUnavailable):
        pay(tenant, asked)
    run = tenant.run()
    run.unfinished_write, run.payload = True, asked.told(TOPIC)[0]
    return run


def test_a_lost_answer_is_looked_for_among_the_undeposited_payments_however_many_there_are(tenant: Tenant) -> None:
    asked = sent(tenant, UNPAID)
    push_order(asked, PAID)
    tenant.control("payment", ChequeNo="1900", Amount=67.8, count=300)
    tenant.control("config", page_size=50)
    run = in_doubt(tenant, asked)
    with pytest.raises(NotDone, match="5 pages read so far"):
        import_deposit(run)
    import_deposit(run)
    assert "Xoro lists a payment of 67.80" in run.notes["found_existing"]
    assert (amounts(tenant), len(imports(tenant))) == ([67.8], 1)


def test_a_part_of_a_split_order_that_went_along_is_not_taken_for_a_later_payment(tenant: Tenant) -> None:
    """100.00 went along, 60.00 of it with one part; a later payment of 60.00 whose answer was lost is not that one."""
    documents = [Document(reference="1", id="1", number="A", total="60"), Document(reference="1-2", id="2", number="B",
                 part="2", total="40")]  # fmt: skip
    run = tenant.run()
    note_payments(run, "shop", "1", [make_payment("100.00", id="1"), make_payment("100.00", id="2")], WITH_ORDER)
    note_payments(run, "shop", "1", [make_payment("150.00", id="3")], OWN)
    remember_done(run, {"payment_id": "4", "amount": "50.00", "source": "shop", "order_id": "1"}, ["4"])
    told = {"source": "shop", "order_id": "1", "currency": "USD"}
    assert sorted(_known_shares(run, told, documents)) == [Decimal("30"), Decimal("80"), Decimal("120")]


def test_a_lost_answer_nobody_can_look_up_is_a_persons_to_decide(tenant: Tenant) -> None:
    asked = sent(tenant, UNPAID)
    push_order(asked, PAID)
    run = in_doubt(tenant, asked)
    tenant.sandbox.books.payments.clear()
    with pytest.raises(UnconfirmedWrite, match="Xoro lists no deposits by reference") as doubt:
        import_deposit(run)
    assert "reference 9001" in doubt.value.next_step
    assert len(imports(tenant)) == 1


def test_a_person_who_says_it_is_not_there_cannot_make_it_twice(tenant: Tenant) -> None:
    asked = sent(tenant, UNPAID)
    push_order(asked, PAID)
    run = in_doubt(tenant, asked)
    run.unfinished_write = False  # Retry by hand
    import_deposit(run)
    assert "already" in run.notes["found_existing"]
    assert amounts(tenant) == [67.8]


def test_a_payment_of_an_order_an_older_hub_sent_is_not_taken_twice(tenant: Tenant) -> None:
    early = make_payment("20.00", id="1", processed_at=datetime(2026, 3, 7, 18, 31, tzinfo=UTC))
    run = sent(tenant, make_order(payments=(early,)))
    from tests.connectors.xoro.cast import forget

    forget()
    late = make_payment("47.80", id="2", processed_at=datetime.now(UTC) + timedelta(minutes=1))
    push_order(run, make_order(payments=(early, late)))
    assert [told["payment_id"] for told in run.told(TOPIC)] == ["2"]
    known = known_payments(run, third_party_source(PAID, run.settings), PAID.id)
    assert {name: one["state"] for name, one in known.items()} == {"1": "with_order", "2": "own"}


def test_what_was_paid_between_two_attempts_follows_on_its_own(tenant: Tenant) -> None:
    first = make_order(payments=(make_payment("20.00", id="1"),))
    tenant.fault("lost_answer", "/api/xerp/salesorder/create")
    run = tenant.run()
    push_order(run, first)
    assert amounts(tenant) == [20.0]
    late = replace(first, payments=(*first.payments, make_payment("47.80", id="2")))
    again = tenant.run()
    again.unfinished_write = True
    push_order(again, late)
    assert [told["payment_id"] for told in again.told(TOPIC)] == ["2"]
    pay(tenant, again)
    assert amounts(tenant) == [20.0, 47.8]


def test_a_deposit_of_an_adopted_order_that_differs_is_said(tenant: Tenant) -> None:
    from tests.connectors.xoro.cast import forget

    push_order(tenant.run(), UNPAID)
    forget()
    again = tenant.run()
    push_order(again, PAID)
    assert "shows no deposit on MAIN-S000001, and the shop received 67.8" in again.notes["deposit_differs"]
    assert (amounts(tenant), again.spawned) == ([], [])


def test_a_payment_in_yen_has_no_cents(tenant: Tenant) -> None:
    lines = (replace(PAID.lines[0], unit_price=Decimal("5500"), taxes=()),)
    order = make_order(
        currency="JPY", lines=lines, shipping_lines=(), total=Decimal("5500"), total_tax=Decimal(0), payments=()
    )
    run = sent(tenant, order)
    push_order(run, replace(order, payments=(make_payment("5500"),)))
    pay(tenant, run)
    assert [(one["Amount"], one["CurrencyCode"]) for one in imports(tenant)] == [(5500, "JPY")]
