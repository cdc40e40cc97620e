"""Payouts into the sandbox over HTTP: one bank deposit each, only where it balances, whatever goes wrong."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors import known
from connectors.models import Connector, DirectoryEntry, Link, Route
from connectors.records import Payout, PayoutLine
from connectors.xoro import bankdeposits, undeposited
from events import bodies, outcomes
from events.drain import Drainer
from events.models import Event, Kind, Outcome, Reason
from events.record import New, record

pytestmark = pytest.mark.django_db(transaction=True)

IMPORT = "/api/xerp/bankdeposit/import"
LIST = "/api/xerp/payment/getundeposited"
LEDGER = "/api/xerp/accounting/getgltransactions"


def line(amount: str, order: str = "", *, type: str = "charge", fee: str = "0", **more: Any) -> PayoutLine:
    given = {
        "id": f"{type} {amount} {order}", "type": type, "order_name": f"#{order}" if order else "",
        "order_id": f"61{order}" if order else "", "currency": "USD", "amount": Decimal(amount), "fee": Decimal(fee),
        "net": Decimal(amount) - Decimal(fee),
    }  # fmt: skip
    return PayoutLine(**given | more)


PAID, BACK = line("120.00", "1901", fee="3.78"), line("-20.00", "1901", type="refund")


def payout(*lines: PayoutLine, **changes: Any) -> Payout:
    members: dict[str, Any] = {
        "id": "771", "number": "771", "source": "lumen-goods.example", "gateway": "shopify_payments",
        "issued_at": datetime(2026, 3, 12, tzinfo=UTC), "status": "paid", "type": "deposit", "currency": "USD",
        "net": sum((one.net for one in lines), Decimal(0)), "lines": lines,
    }  # fmt: skip
    return Payout(**members | changes)


class Stage:
    """A shop's payouts routed into one tenant."""

    def __init__(self, sandbox: Any, install: Callable[..., Connector]) -> None:
        self.sandbox = sandbox
        self.shop = install("shopify", name="Lumen Goods")
        self.erp = install("xoro", name="Xoro")
        self.route = Route.objects.create(source=self.shop, target=self.erp, record_kind="payout", options={})

    def set(self, **settings: Any) -> None:
        self.erp.put_settings({**self.erp.settings, **self.secrets(), **settings})
        self.erp.save()
        known.forget()

    def secrets(self) -> dict[str, str]:
        loaded = self.erp.load_settings()
        return {"api_key": loaded.api_key, "api_secret": loaded.api_secret}

    def send(self, one: Payout) -> Event:
        made = record(
            New(
                kind=Kind.DELIVERY, topic="payout/deliver", connector_id=self.erp.pk, connector_name="Xoro",
                provider="xoro", max_attempts=8, object_type="payout", object_id=one.id, object_label=one.number,
                route_id=self.route.pk, payload=one.to_json(), is_supersedable=True,
                lock_key=f"route{self.route.pk}:payout:{one.id}",
            )
        )  # fmt: skip
        return self.go_on(made.event_id)

    def go_on(self, event_id: int) -> Event:
        """The next attempt at once, however long the event was to wait."""
        Event.objects.filter(pk=event_id, outcome=Outcome.WAITING).update(outcome=Outcome.QUEUED, due_at=None)
        Drainer(0).run()
        return Event.objects.get(pk=event_id)

    def fault(self, kind: str, match: str = "/", **more: Any) -> None:
        self.sandbox.post("/xoro/_sandbox/fault", {"kind": kind, "match": match, **more})

    def books(self, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.sandbox.get("/xoro/_sandbox/books")[name]
        return found

    def deposits(self) -> list[dict[str, Any]]:
        return self.books("bank_deposits")

    def posts(self) -> int:
        return len([one for one in self.sandbox.log("xoro") if one["path"] == IMPORT])

    def sandbox_call(self, method: str, route: str) -> dict[str, Any]:
        address = f"{self.sandbox.url}/xoro/api/xerp/{route}"
        answer = requests.request(method, address, auth=("sandbox-key", "sandbox-secret"), timeout=10)
        found: dict[str, Any] = answer.json()
        return found

    def payment(self, number: str, amount: float, **more: Any) -> None:
        self.sandbox.post("/xoro/_sandbox/payment", {"ChequeNo": number, "Amount": amount, **more})


@pytest.fixture
def stage(sandbox, install) -> Stage:
    return Stage(sandbox, install)


SAMPLES = Path(__file__).parents[3] / "connectors" / "xoro" / "samples"


def sample(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return found


def table(event: Event) -> list[list[str]]:
    content = bodies.read(event.pk, "object", event.received_at)
    assert content is not None
    return list(csv.reader(io.StringIO(content.decode())))


def test_a_balanced_payout_becomes_one_bank_deposit_and_takes_its_payments(stage):
    event = stage.send(payout(PAID, BACK, line("-2.00", type="adjustment"), line("-10.00", type="reserved_funds")))
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert event.sentence == "Deposited payout 771 over 84.22 USD in Xoro as MAIN-B000001."
    [deposit] = stage.deposits()
    header, lines = deposit["BankDepositHeaderObj"], deposit["BankDepositDetailArr"]
    assert (header["ThirdPartyRefNo"], header["ThirdPartySource"]) == ("771", "https://lumen-goods.example-Demo")
    assert (header["DepositToAccntName"], header["TotalAmount"], header["TxnDate"]) == (
        "Bank Checking",
        84.22,
        "3/12/2026",
    )
    assert [(one["Amount"], one["DepositFromAccntName"], one["LinkedFlag"]) for one in lines] == [
        (120, "Undeposited Funds", True),
        (-20, "Undeposited Funds", True),
        (-2, "Payment Fees", False),
        (-10, "Payout Reserve", False),
        (-3.78, "Payment Fees", False),
    ]
    assert all(row["IsDeposited"] for row in stage.books("payments"))
    assert Link.objects.get().target_number == "MAIN-B000001"
    assert DirectoryEntry.objects.count() == 0


def test_a_payout_whose_order_is_not_there_is_not_posted_and_names_the_order(stage):
    event = stage.send(payout(PAID, BACK, line("55.00", "2207"), line("-5.00", "2208", type="refund")))
    assert (event.outcome, event.reason, event.reason_code) == (Outcome.FAILED, Reason.REFUSED, "unbalanced")
    assert "no undeposited payment for 2207 (55.00), 2208 (-5.00)" in event.sentence
    assert "The hub has not sent 2207, 2208 to Xoro." in event.sentence
    assert "press Retry" in event.next_step
    assert stage.posts() == 0 and stage.deposits() == []


def test_once_its_order_is_there_the_same_event_succeeds(stage):
    event = stage.send(payout(PAID, BACK, line("55.00", "2207")))
    assert event.outcome == Outcome.FAILED
    stage.payment("2207", 55.0)
    outcomes.retry([event.pk], by="sam")
    event = stage.go_on(event.pk)
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert len(stage.deposits()) == 1


def test_an_order_that_is_there_without_its_payment_is_not_said_to_be_missing(stage):
    Link.objects.create(
        source=stage.shop, target=stage.erp, record_kind="order", source_object_id="612207", target_object_id="7",
        target_number="MAIN-S000009", state="delivered",
    )  # fmt: skip
    event = stage.send(payout(PAID, BACK, line("55.00", "2207")))
    assert "2207 (55.00)" in event.sentence and "has not sent" not in event.sentence
    assert [
        "4",
        "Not matched",
        "2207",
        "MAIN-S000009",
        "55.00",
        "",
        "charge #2207: no undeposited payment in Xoro",
    ] in (table(event))


def test_a_dispute_and_its_fee_have_lines_of_their_own(stage):
    event = stage.send(payout(PAID, BACK, line("-30.00", "1901", type="dispute_withdrawal", fee="15.00")))
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    lines = stage.deposits()[0]["BankDepositDetailArr"]
    assert {one["DepositFromAccntName"]: one["Amount"] for one in lines[2:]} == {
        "Disputes": -30,
        "Payment Fees": -18.78,
    }
    assert "dispute withdrawal #1901" in [one["Memo"] for one in lines]


def test_a_cent_of_difference_goes_to_the_rounding_account(stage):
    stage.payment("2207", 54.99)
    event = stage.send(payout(PAID, BACK, line("55.00", "2207")))
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    lines = stage.deposits()[0]["BankDepositDetailArr"]
    assert [(one["Amount"], one["DepositFromAccntName"]) for one in lines][-1] == (0.01, "Penny Rounding")


def test_a_withdrawal_is_a_negative_deposit(stage):
    event = stage.send(payout(BACK, type="withdrawal"))
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert stage.deposits()[0]["BankDepositHeaderObj"]["TotalAmount"] == -20


def test_a_payout_in_a_currency_without_decimals_is_posted_in_whole_units(stage):
    stage.payment("2207", 6780, CurrencyCode="JPY")
    event = stage.send(payout(line("6780", "2207", fee="244", currency="JPY"), currency="JPY"))
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert stage.deposits()[0]["BankDepositHeaderObj"]["TotalAmount"] == 6536


def test_payments_of_another_currency_are_not_taken(stage):
    stage.payment("2207", 55.0, CurrencyCode="CAD")
    event = stage.send(payout(line("55.00", "2207")))
    assert event.reason_code == "unbalanced", event.sentence
    assert stage.posts() == 0


@pytest.mark.parametrize(
    ("changes", "settings", "code"),
    [
        ({}, {"payouts_enabled": False}, "payouts_enabled"),
        ({"gateway": "paypal"}, {}, "payout_gateway"),
        ({"status": "scheduled"}, {}, "payout_not_final"),
        ({"status": "failed"}, {}, "payout_failed"),
        ({"status": "canceled"}, {}, "payout_failed"),
        ({}, {"payout_currency": "CAD"}, "payout_currency"),
        ({}, {"payout_from": "2026-03-13"}, "before_start"),
        ({}, {"import_start_date": "2026-03-13"}, "before_start"),
        ({"lines": (), "net": Decimal(0)}, {}, "payout_empty"),
        ({"lines": (replace(PAID, is_test=True),), "net": PAID.net}, {}, "payout_test"),
    ],
)
def test_what_is_not_sent_says_which_setting_or_fact_keeps_it(stage, changes, settings, code):
    stage.set(**settings)
    event = stage.send(payout(PAID, BACK, **changes))
    assert (event.outcome, event.reason, event.reason_code) == (Outcome.SKIPPED, Reason.FILTERED, code), event.sentence
    assert stage.posts() == 0


def test_the_first_day_is_one_of_the_shops_own_time_zone(stage):
    stage.set(payout_from="2026-03-12", import_time_zone="America/Toronto")
    event = stage.send(payout(PAID, BACK))  # midnight UTC is the evening before in Toronto
    assert event.reason_code == "before_start" and "is of 2026-03-11" in event.sentence


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"net": Decimal("1.00")}, "its 2 movements come to 96.22"),
        ({"lines": (replace(PAID, currency="EUR"), BACK)}, "movements in EUR"),
        ({"lines": (replace(PAID, is_test=True), BACK)}, "1 test movements among real ones"),
    ],
)
def test_a_payout_that_contradicts_itself_fails_before_any_call(stage, changes, what):
    event = stage.send(payout(PAID, BACK, **changes))
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.PAYLOAD)
    assert what in event.sentence
    assert stage.sandbox.log("xoro") == []


def test_where_the_route_is_off_a_person_gets_a_table_and_no_call_is_made(stage):
    stage.set(use_bank_deposit_route=False)
    event = stage.send(payout(PAID, BACK, line("-30.00", "1901", type="dispute_withdrawal")))
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "manual_task")
    assert "to be booked in Xoro by hand" in event.sentence and "Object Payload" in event.next_step
    assert stage.sandbox.log("xoro") == []
    rows = table(event)
    assert ["Payout", "771"] in rows and ["Deposit to", "Bank Checking"] in rows and ["Balance", "in balance"] in rows
    assert ["1", "Payment", "1901", "not sent by the hub", "120.00", "Undeposited Funds", "charge #1901"] in rows
    assert ["4", "Fees", "", "", "-3.78", "Payment Fees", "Fees of one movement"] in rows
    assert outcomes.resolve([event.pk], by="sam", note="booked") == 1


def test_an_account_that_was_renamed_names_it_and_what_to_do(stage):
    stage.fault("renamed_account", account="Payment Fees")
    event = stage.send(payout(PAID, BACK))
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.REFUSED)
    assert "Account not found: Payment Fees" in event.sentence
    assert "select it again on the connector's page" in event.next_step
    assert stage.deposits() == []


def test_an_account_that_is_not_set_is_asked_for(stage):
    stage.set(reserve_account="")
    event = stage.send(payout(PAID, BACK, line("-10.00", type="reserved_funds")))
    assert (event.outcome, event.reason, event.reason_code) == (Outcome.FAILED, Reason.CONFIGURATION, "account_missing")
    assert "“Reserve account” (-10.00)" in event.sentence
    assert stage.posts() == 0


def test_a_lost_answer_makes_no_second_deposit(stage):
    stage.fault("lost_answer", IMPORT)
    event = stage.send(payout(PAID, BACK))
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert event.sentence == "Found payout 771 over 96.22 USD in Xoro as MAIN-B000001."
    assert stage.posts() == len(stage.deposits()) == 1


def test_a_lost_answer_that_cannot_be_looked_up_is_left_to_a_person(stage):
    stage.fault("lost_answer", IMPORT)
    stage.fault("throttle", LEDGER, times=50)
    event = stage.send(payout(PAID, BACK))
    assert event.outcome == Outcome.WAITING, event.sentence
    event = stage.go_on(event.pk)
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.UNCONFIRMED_WRITE), event.sentence
    assert "its payments are not listed as undeposited any more" in event.sentence
    assert "reference 771" in event.next_step
    assert stage.posts() == len(stage.deposits()) == 1


@pytest.mark.parametrize("more", [("-2.00", "2.00"), ("-2.00",)], ids=["the same sum", "another sum"])
def test_movements_that_changed_while_nobody_knew_of_the_deposit_are_left_to_a_person(stage, more):
    stage.fault("lost_answer", IMPORT)
    stage.fault("throttle", LEDGER, times=50)
    assert stage.send(payout(PAID, BACK)).outcome == Outcome.WAITING
    stage.sandbox.post("/xoro/_sandbox/clear_faults")
    event = stage.send(payout(PAID, BACK, *(line(amount, type="adjustment") for amount in more)))
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "change_not_applied"), event.sentence
    assert "has other movements than those deposited in Xoro as MAIN-B000001" in event.sentence
    assert stage.posts() == len(stage.deposits()) == 1
    event = stage.send(payout(PAID, BACK))
    assert (event.outcome, event.reason) == (Outcome.SKIPPED, Reason.UNCHANGED), event.sentence


def test_an_unconfirmed_deposit_that_is_not_there_is_posted_after_a_persons_retry(stage):
    stage.fault("http500_always", IMPORT)
    stage.fault("throttle", LEDGER, times=50)
    event = stage.send(payout(PAID, BACK))
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.UNCONFIRMED_WRITE), event.sentence
    assert "its payments are still listed as undeposited" in event.sentence
    assert stage.posts() == 1
    stage.sandbox.post("/xoro/_sandbox/reset")
    outcomes.retry([event.pk], by="sam")
    event = stage.go_on(event.pk)
    assert event.outcome == Outcome.SUCCEEDED, event.sentence


def test_a_duplicate_that_xoro_refuses_is_found_and_adopted(stage):
    stage.send(payout(PAID, BACK))
    Link.objects.all().delete()
    stage.payment("1901", 120.0)
    stage.payment("1901", -20.0)
    event = stage.send(payout(PAID, BACK))
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert event.sentence.startswith("Found payout 771") and len(stage.deposits()) == 1


def test_a_payout_of_fees_alone_is_looked_for_before_it_is_posted(stage):
    only = payout(line("-12.00", type="adjustment"))
    stage.send(only)
    Link.objects.all().delete()
    event = stage.send(only)
    assert event.sentence == "Found payout 771 over -12.00 USD in Xoro as MAIN-B000001."
    assert stage.posts() == 1


def test_the_same_payout_again_is_unchanged_and_asks_nobody(stage):
    stage.send(payout(PAID, BACK))
    before = len(stage.sandbox.log("xoro"))
    event = stage.send(payout(PAID, BACK, trace_id="late trace"))
    assert (event.outcome, event.reason) == (Outcome.SKIPPED, Reason.UNCHANGED)
    assert len(stage.sandbox.log("xoro")) == before


def test_a_payout_that_failed_after_it_was_deposited_asks_for_a_void(stage):
    stage.send(payout(PAID, BACK))
    event = stage.send(payout(PAID, BACK, status="failed"))
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "failed_after_deposit")
    assert "Void bank deposit MAIN-B000001" in event.next_step


def test_movements_that_changed_after_the_deposit_are_left_to_a_person(stage):
    stage.send(payout(PAID, BACK))
    event = stage.send(payout(PAID))
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "change_not_applied")
    assert len(stage.deposits()) == 1


def test_an_empty_list_that_may_be_throttling_is_not_taken_for_missing_payments(stage):
    stage.fault("throttle", LIST, times=20)
    event = stage.send(payout(PAID, BACK))
    assert (event.outcome, event.reason_code) == (Outcome.WAITING, "uncertain_list"), event.sentence
    stage.sandbox.post("/xoro/_sandbox/reset")
    event = stage.go_on(event.pk)
    assert event.outcome == Outcome.SUCCEEDED, event.sentence


def test_a_list_of_2449_payments_behind_a_lying_page_count_is_read_to_its_end_in_parts(stage):
    stage.payment("7", 1.0, count=2447)
    stage.payment("2207", 55.0)
    stage.fault("overlap_pages", LIST)
    stage.fault("low_total_pages", LIST)
    event = stage.send(payout(PAID, BACK, line("55.00", "2207")))
    rounds = 1
    while event.outcome == Outcome.WAITING and rounds < 20:
        assert event.reason == Reason.DEPENDENCY, event.sentence
        event = stage.go_on(event.pk)
        rounds += 1
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    reads = [one for one in stage.sandbox.log("xoro") if one["path"] == LIST]
    assert rounds == -(-len(reads) // undeposited.PAGES_AT_ONCE)
    assert event.attempts == 1
    assert DirectoryEntry.objects.count() == 0


def test_five_thousand_movements_are_one_deposit(stage):
    stage.payment("31", 9.5, count=4998)
    lines = [line("9.50", "31", id=str(n), fee="0.30") for n in range(4998)]
    event = stage.send(payout(PAID, BACK, *lines))
    for _ in range(20):
        event = stage.go_on(event.pk) if event.outcome == Outcome.WAITING else event
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    [deposit] = stage.deposits()
    assert len(deposit["BankDepositDetailArr"]) == 5001
    assert deposit["BankDepositHeaderObj"]["TotalAmount"] == float(Decimal("96.22") + 4998 * Decimal("9.20"))


def test_a_key_without_the_banking_permission_waits_and_names_the_permission(stage):
    key = {"sandbox-key": {"secret": "sandbox-secret", "scopes": ["orders"]}}
    stage.sandbox.post("/xoro/_sandbox/config", {"keys": key})
    event = stage.send(payout(PAID, BACK))
    assert (event.outcome, event.reason_code) == (Outcome.WAITING, "permission_or_fault")
    assert "lacks the permission" in event.sentence


@pytest.mark.parametrize("route", ["bankdeposit/import", "payment/getundeposited"])
def test_a_tenant_without_the_route_makes_it_a_task_for_a_person(stage, route):
    stage.sandbox.post("/xoro/_sandbox/config", {"routes_disabled": [route]})
    event = stage.send(payout(PAID, BACK))
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "manual_task")
    assert "Xoro does not have the route for it (3 lines)" in event.sentence
    assert ["1", "Payment", "1901", "not sent by the hub", "120.00", "Undeposited Funds", "charge #1901"] in table(
        event
    )
    assert [row["IsDeposited"] for row in stage.books("payments")] == [False, False]


def test_the_documents_in_the_samples_are_what_is_sent_and_answered(stage):
    """What the samples show is what the sandbox takes and gives, but for ids, numbers and moments."""
    made = Payout.from_json((SAMPLES / "payout.json").read_bytes())
    listed = stage.sandbox_call("GET", "payment/getundeposited?currency_code=USD")
    assert listed["Data"] == sample("payment_getundeposited_response")["Data"]
    assert stage.send(made).outcome == Outcome.SUCCEEDED
    sent = next(one for one in stage.sandbox.log("xoro") if one["path"] == IMPORT)
    assert json.loads(sent["body"]) == sample("bankdeposit_import_request")
    assert stage.deposits() == [sample("bankdeposit_import_response")["Data"]]
    ledger = "accounting/getgltransactions?start_date=2026-03-11&end_date=2026-03-13&ref_numbers=77102266"
    assert stage.sandbox_call("GET", ledger)["Data"] == sample("accounting_getgltransactions_response")["Data"]


def test_two_payouts_never_take_one_payment(stage):
    stage.payment("2207", 55.0)
    assert stage.send(payout(line("55.00", "2207"))).outcome == Outcome.SUCCEEDED
    second = stage.send(payout(line("55.00", "2207"), id="772", number="772"))
    assert second.reason_code == "unbalanced" and len(stage.deposits()) == 1


def test_a_payout_that_reads_a_long_list_in_parts_does_not_take_what_another_took_meanwhile(stage):
    stage.payment("1777", 50.0)
    for number in range(2000, 2012):
        stage.payment(str(number), 5.0)
    stage.sandbox.post("/xoro/_sandbox/config", {"page_size": 2})
    first = stage.send(payout(line("50.00", "1777"), id="801", number="801"))
    assert first.outcome == Outcome.WAITING and "pages read so far" in first.sentence
    stage.sandbox.post("/xoro/_sandbox/config", {"page_size": 100})
    second = stage.send(payout(line("50.00", "1777"), id="802", number="802"))
    second = Event.objects.filter(pk=second.pk).get()
    assert second.outcome == Outcome.SUCCEEDED, second.sentence
    first = stage.go_on(first.pk)
    assert (first.outcome, first.reason_code) == (Outcome.FAILED, "unbalanced"), first.sentence
    assert stage.posts() == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"), ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"), ("@SUM(1)", "'@SUM(1)"),
        (" =1", "' =1"), ("\t=1", "'\t=1"), ("+1", "+1"), ("-12.50", "-12.50"), ("charge #EX-1", "charge #EX-1"),
    ],
)  # fmt: skip
def test_no_text_of_the_table_is_a_formula_to_a_sheet(text, shown):
    assert bankdeposits._plain(text) == shown


def test_the_table_is_downloaded_as_one(stage, admin_client):
    event = stage.send(payout(line("64.50", "2041")))
    answer = admin_client.get(f"/admin/events/event/{event.pk}/body/object/")
    assert answer["Content-Disposition"] == f'attachment; filename="event-{event.pk}-object.csv"'
    assert answer.content.decode().startswith("Payout,771\n")


def test_the_table_is_drawn_on_the_page_with_what_keeps_it_from_balancing_first(stage, admin_client):
    stage.payment("2041", 64.50)
    event = stage.send(payout(line("64.50", "2041", fee="1.05"), line("12.00", "2042")))
    assert event.reason_code == "unbalanced", event.sentence
    shown = admin_client.get(f"/admin/events/event/{event.pk}/change/").text
    body = shown[shown.index("<tbody>") : shown.index("</tbody>")]
    assert body.index("Not matched") < body.index("2041")
    assert '<span class="pill pill--bad">Not matched</span>' in body and '<td class="num">12.00</td>' in body
    assert '<span class="pill pill--warn">not sent by the hub</span>' in body
    assert '<span class="pill pill--bad">12.00 not explained by the lines</span>' in shown
    assert "1 of 3 rows needs attention and stands first." in shown
