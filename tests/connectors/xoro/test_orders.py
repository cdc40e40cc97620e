"""Pushing orders into the sandbox: each arrives once, whatever goes wrong."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connectors.exceptions import (
    ConfigurationError,
    PayloadError,
    RemoteRefused,
    RemoteTimedOut,
    RemoteUnauthorised,
    RemoteUnavailable,
    Skip,
    UnconfirmedWrite,
    WaitFor,
)
from connectors.xoro.client import STATUSES
from connectors.xoro.orders import push_order
from connectors.xoro.salesorders import sales_order
from connectors.xoro.sandbox import salesorders
from tests.connectors.xoro.cast import (
    FakeRun,
    Tenant,
    forget,
    link,
    make_line,
    make_order,
    make_payment,
    scripted_client,
)

pytestmark = pytest.mark.django_db

CREATE = "/api/xerp/salesorder/create"
SEARCH = "/api/xerp/salesorder/getsalesorder"


def test_it_creates_a_sales_order(tenant: Tenant, run: FakeRun) -> None:
    delivered = push_order(run, make_order())
    header = tenant.orders()[0]
    assert (delivered.target_number, delivered.target_id) == ("MAIN-S000001", "70000")
    assert "MAIN-S000001" in delivered.sentence
    assert (header["RefNo"], header["ThirdPartyRefNo"], header["StatusName"]) == ("2041", "6120045512001", "Released")
    assert header["TotalAmount"] == 67.80
    deposits = [(deposit["OrderNumber"], deposit["Amount"]) for deposit in tenant.sandbox.books.deposits]
    assert deposits == [("MAIN-S000001", 67.8)]
    assert run.notes == {}
    assert run.keys == {"xoro_order_number": "MAIN-S000001", "xoro_order_id": "70000"}


def test_it_looks_before_it_writes(tenant: Tenant, run: FakeRun) -> None:
    push_order(run, make_order())
    assert [call["write"] for call in tenant.http.calls] == [False, True]


def test_an_unchanged_order_is_skipped_without_a_call(tenant: Tenant, run: FakeRun) -> None:
    order = make_order()
    push_order(run, order)
    again = tenant.run()
    again.link = link(order)
    calls = len(tenant.http.calls)
    with pytest.raises(Skip, match="MAIN-S000123 and has not changed") as skip:
        push_order(again, order)
    assert skip.value.reason == "unchanged"
    assert len(tenant.http.calls) == calls


def test_an_order_is_skipped_where_importing_orders_is_off(tenant: Tenant) -> None:
    with pytest.raises(Skip, match="“Import orders” is off") as skip:
        push_order(tenant.run(orders_enabled=False), make_order())
    assert (skip.value.reason, skip.value.code) == ("filtered", "orders_enabled")
    assert tenant.http.calls == []


def test_a_document_that_is_there_is_adopted(tenant: Tenant, run: FakeRun) -> None:
    first = push_order(run, make_order())
    forget()
    again = tenant.run()
    second = push_order(again, make_order())
    assert second.target_id == first.target_id
    assert "found_existing" in again.notes
    assert len(tenant.orders()) == 1


def test_of_several_documents_the_living_one_is_adopted(tenant: Tenant) -> None:
    def row(number: str, status: str) -> dict:
        header = {
            "OrderNumber": number,
            "StatusName": status,
            "ThirdPartyRefNo": 6120045512001,
            "ThirdPartySource": "https://lumen-goods.example-Demo",
        }
        return {"SoEstimateHeader": header}

    rows = [row("MAIN-S000001", "Cancelled"), row("MAIN-S000002", "Released")]
    client = scripted_client((200, {"Result": True, "ErrorCode": 0, "Data": rows}))
    run = FakeRun(client.settings, client)
    assert push_order(run, make_order()).target_number == "MAIN-S000002"
    assert "MAIN-S000001, MAIN-S000002" in run.notes["found_existing"]


def test_a_lost_answer_makes_no_second_order(tenant: Tenant, run: FakeRun) -> None:
    tenant.fault("lost_answer", CREATE)
    delivered = push_order(run, make_order())
    assert delivered.target_number == "MAIN-S000001"
    assert "found_existing" in run.notes
    assert len(tenant.orders()) == len(tenant.writes()) == 1


def test_a_lost_answer_that_cannot_be_looked_up_is_retried_and_found_later(tenant: Tenant, run: FakeRun) -> None:
    tenant.fault("lost_answer", CREATE)
    tenant.fault("ignore_filters", SEARCH)
    tenant.control("config", page_size=1)  # the first page shows somebody else's order only
    salesorders.create(tenant.sandbox, _foreign_body(run))
    with pytest.raises(RemoteUnavailable, match="connection broke"):
        push_order(run, make_order())
    tenant.sandbox.faults.clear()
    retry = tenant.run()
    retry.unfinished_write = True
    assert push_order(retry, make_order()).target_number == "MAIN-S000002"
    assert len(tenant.orders()) == 2
    assert len(tenant.writes()) == 1


def test_a_timed_out_create_is_not_repeated(tenant: Tenant) -> None:
    tenant.fault("slow:1.3", CREATE)
    run = tenant.run(timeout_s=1)
    assert push_order(run, make_order()).target_number == "MAIN-S000001"
    assert len(tenant.writes()) == len(tenant.orders()) == 1


def test_after_a_lost_write_an_empty_search_never_creates_again(tenant: Tenant, run: FakeRun) -> None:
    run.unfinished_write = True
    with pytest.raises(UnconfirmedWrite) as unconfirmed:
        push_order(run, make_order())
    assert "an earlier attempt sent it and got no answer" in unconfirmed.value.sentence
    assert "Xoro answered with no order" in unconfirmed.value.sentence
    assert tenant.writes() == []


@pytest.mark.parametrize(("trap", "fact"), [("throttle", "too busy"), ("ignore_filters", "ignore this filter")])
def test_after_a_lost_write_an_inconclusive_search_never_creates_again(
    tenant: Tenant, run: FakeRun, trap: str, fact: str
) -> None:
    salesorders.create(tenant.sandbox, _foreign_body(run))
    tenant.fault(trap, SEARCH, times=99)
    run.unfinished_write = True
    with pytest.raises(UnconfirmedWrite, match=fact):
        push_order(run, make_order())
    assert tenant.writes() == []


def test_after_a_lost_write_every_status_is_searched(tenant: Tenant, run: FakeRun) -> None:
    run.unfinished_write = True
    with pytest.raises(UnconfirmedWrite):
        push_order(run, make_order())
    assert [call["params"].get("status") for call in tenant.http.calls] == [None, *STATUSES]


def test_on_a_first_attempt_an_empty_search_may_create(tenant: Tenant, run: FakeRun) -> None:
    tenant.control("config", empty_as_false=True)
    assert push_order(run, make_order()).target_number == "MAIN-S000001"
    assert tenant.pauses == [0.8, 2.0, 4.0]


def test_where_the_filter_is_ignored_the_first_attempt_creates_with_a_note(tenant: Tenant, run: FakeRun) -> None:
    salesorders.create(tenant.sandbox, _foreign_body(run))
    tenant.fault("ignore_filters", SEARCH)
    assert push_order(run, make_order()).target_number == "MAIN-S000002"
    assert "only Xoro itself can refuse a duplicate" in run.notes["lookup_inconclusive"]


def test_a_duplicate_that_xoro_refuses_is_looked_up_and_adopted(tenant: Tenant, run: FakeRun) -> None:
    push_order(run, make_order())
    forget()
    tenant.fault("throttle", SEARCH, times=4)
    again = tenant.run()
    assert push_order(again, make_order()).target_number == "MAIN-S000001"
    assert "found_existing" in again.notes
    assert len(tenant.orders()) == 1


def test_a_duplicate_that_cannot_be_found_is_refused_with_both_facts(tenant: Tenant, run: FakeRun) -> None:
    push_order(run, make_order())
    forget()
    tenant.fault("throttle", SEARCH, times=99)
    with pytest.raises(RemoteRefused, match=r"Duplicate third party reference.*too busy") as refused:
        push_order(tenant.run(), make_order())
    assert refused.value.code == "1005"


def test_a_500_on_the_write_is_looked_up_and_then_left_to_a_person(tenant: Tenant, run: FakeRun) -> None:
    tenant.fault("http500_once", CREATE)
    with pytest.raises(UnconfirmedWrite, match="no clear answer") as unconfirmed:
        push_order(run, make_order())
    assert "Xoro answered with no order" in unconfirmed.value.sentence
    assert len(tenant.writes()) == 1


def test_a_500_on_the_write_and_on_the_search_names_both() -> None:
    answers = [
        (200, {"Result": True, "ErrorCode": 0, "Data": []}),
        (502, ""),
        *[(500, {"Message": "An error has occurred."})] * 4,
    ]
    client = scripted_client(*answers)
    with pytest.raises(UnconfirmedWrite, match=r"HTTP 502.*HTTP 500"):
        push_order(FakeRun(client.settings, client), make_order())


def test_a_throttled_write_was_not_done_and_is_retried_later(tenant: Tenant, run: FakeRun) -> None:
    tenant.fault("throttle", CREATE)
    with pytest.raises(RemoteUnavailable) as busy:
        push_order(run, make_order())
    assert (busy.value.code, busy.value.retry) == ("throttled", True)
    assert len(tenant.writes()) == 1
    assert tenant.orders() == []


def test_a_write_that_never_left_is_retried_without_a_search() -> None:
    empty = (200, {"Result": True, "ErrorCode": 0, "Data": []})
    client = scripted_client(empty, RemoteUnavailable("No such host.", code="dns"))
    with pytest.raises(RemoteUnavailable, match="No such host"):
        push_order(FakeRun(client.settings, client), make_order())
    assert len(client.http.calls) == 2


def test_a_login_page_instead_of_an_answer_to_the_write_is_looked_up(tenant: Tenant, run: FakeRun) -> None:
    tenant.fault("non_json", CREATE)
    with pytest.raises(UnconfirmedWrite, match="not JSON"):
        push_order(run, make_order())


def test_an_answer_about_another_order_is_not_taken_for_ours() -> None:
    empty = (200, {"Result": True, "ErrorCode": 0, "Data": []})
    other = {"SoEstimateHeader": {"OrderNumber": "MAIN-S000009", "ThirdPartyRefNo": "99"}}
    client = scripted_client(empty, (200, {"Result": True, "ErrorCode": 0, "Data": other}))
    with pytest.raises(UnconfirmedWrite, match="MAIN-S000009 with reference 99"):
        push_order(FakeRun(client.settings, client), make_order())


def test_a_success_without_a_document_is_looked_up() -> None:
    empty = (200, {"Result": True, "ErrorCode": 0, "Data": []})
    client = scripted_client(empty, (200, {"Result": True, "ErrorCode": 0, "Data": None}), *[empty] * 8)
    with pytest.raises(UnconfirmedWrite, match="without naming the document"):
        push_order(FakeRun(client.settings, client), make_order())


def test_a_reference_that_is_not_repeated_is_only_noted() -> None:
    empty = (200, {"Result": True, "ErrorCode": 0, "Data": []})
    made = {"SoEstimateHeader": {"OrderNumber": "MAIN-S000009", "TotalAmount": 67.79}}
    client = scripted_client(empty, (200, {"Result": True, "ErrorCode": 0, "Data": made}))
    run = FakeRun(client.settings, client)
    assert push_order(run, make_order()).target_id == "MAIN-S000009"
    assert set(run.notes) == {"reference_not_echoed", "total_differs"}


@pytest.mark.parametrize("total", ["n/a", "1e999999", {"amount": 1}])
def test_a_total_nobody_can_read_does_not_undo_the_memory_of_what_was_created(total) -> None:
    empty = (200, {"Result": True, "ErrorCode": 0, "Data": []})
    made = {"SoEstimateHeader": {"OrderNumber": "MAIN-S000009", "TotalAmount": total}}
    client = scripted_client(empty, (200, {"Result": True, "ErrorCode": 0, "Data": made}))
    run = FakeRun(client.settings, client)
    assert push_order(run, make_order()).target_id == "MAIN-S000009"
    assert "total_unreadable" in run.notes


def test_an_unknown_sku_fails_named(tenant: Tenant, run: FakeRun) -> None:
    with pytest.raises(RemoteRefused, match="Item not found: NOPE-1") as refused:
        push_order(run, make_order(lines=(make_line(sku="NOPE-1"),)))
    assert refused.value.code == "1002"
    assert "default SKU" in refused.value.next_step
    assert tenant.orders() == []


def test_the_default_sku_stands_in_for_unknown_ones_where_allowed(tenant: Tenant) -> None:
    run = tenant.run(default_sku="HUB-DEFAULT", use_default_sku_if_unknown=True)
    lines = (make_line(sku="NOPE-1"), make_line(id="2", sku="NOPE-2", taxes=()), make_line(id="3", taxes=()))
    push_order(run, make_order(lines=lines, total=Decimal("177.80")))
    sent = [line["ItemNumber"] for line in tenant.sandbox.books.orders[0]["SoEstimateItemLineArr"]]
    assert sent == ["HUB-DEFAULT", "HUB-DEFAULT", "LMP-OAK-S"]
    assert "HUB-DEFAULT stands in" in run.notes["default_sku"]
    assert len(tenant.orders()) == 1


def test_an_unknown_default_sku_fails_instead_of_turning_in_circles(tenant: Tenant) -> None:
    run = tenant.run(default_sku="NOPE-DEFAULT", use_default_sku_if_unknown=True)
    with pytest.raises(RemoteRefused, match="Item not found: NOPE-DEFAULT"):
        push_order(run, make_order(lines=(make_line(sku="NOPE-1"),)))


def test_a_renamed_account_fails_until_it_is_set_right(tenant: Tenant, run: FakeRun) -> None:
    tenant.fault("renamed_account", account="Customer Deposits")
    with pytest.raises(RemoteRefused, match="Account not found: Customer Deposits") as refused:
        push_order(run, make_order())
    assert refused.value.code == "1004"
    tenant.sandbox.books.accounts.add("Deposits 2")
    push_order(tenant.run(liability_account="Deposits 2"), make_order())
    assert len(tenant.orders()) == 1


def test_an_unknown_store_fails_named(tenant: Tenant) -> None:
    with pytest.raises(RemoteRefused, match="Store not found: Nowhere"):
        push_order(tenant.run(sale_store="Nowhere"), make_order())


def test_a_missing_permission_fails_before_anything_is_written(tenant: Tenant) -> None:
    tenant.control("config", keys={"narrow": {"secret": "s", "scopes": ["invoices"]}})
    with pytest.raises(RemoteUnavailable, match="lacks the permission"):
        push_order(tenant.run(api_key="narrow", api_secret="s"), make_order())
    assert tenant.writes() == []


def test_a_wrong_key_stops_at_once(tenant: Tenant) -> None:
    with pytest.raises(RemoteUnauthorised):
        push_order(tenant.run(api_secret="wrong"), make_order())
    assert len(tenant.http.calls) == 1


def test_a_filtered_order_is_skipped_without_a_call(tenant: Tenant) -> None:
    run = tenant.run(exclude_tags=["gift"])
    with pytest.raises(Skip) as skip:
        push_order(run, make_order())
    assert (skip.value.reason, skip.value.code) == ("filtered", "exclude_tags")
    assert tenant.http.calls == []


def test_an_order_that_does_not_add_up_makes_no_call(tenant: Tenant, run: FakeRun) -> None:
    with pytest.raises(PayloadError, match="does not add up"):
        push_order(run, make_order(total=Decimal("67.81")))
    assert tenant.http.calls == []


def test_a_tip_without_sku_fails_and_names_the_setting(tenant: Tenant) -> None:
    run = tenant.run(tips_enabled=False)
    with pytest.raises(ConfigurationError, match=r"tip of 5.00 USD"):
        push_order(run, make_order(tip=Decimal("5.00"), total=Decimal("72.80")))


def test_gift_card_money_is_noted(run: FakeRun) -> None:
    payments = (make_payment("60.00"), make_payment("7.80", gateway="gift_card"))
    push_order(run, make_order(payments=payments))
    assert run.notes == {"gift_card_payment": "7.80 USD paid by gift card are not part of the deposit."}


def test_customers_are_not_written_unless_asked(tenant: Tenant, run: FakeRun) -> None:
    push_order(run, make_order())
    assert [call["url"].rsplit("/", 1)[1] for call in tenant.writes()] == ["create"]


def test_a_lookup_that_times_out_is_an_ordinary_time_out(tenant: Tenant) -> None:
    tenant.fault("slow:1.3", SEARCH)
    with pytest.raises(RemoteTimedOut):
        push_order(tenant.run(timeout_s=1), make_order())
    assert tenant.writes() == []


def _foreign_body(run: FakeRun) -> dict:
    return sales_order(make_order(id="1", number="1", name="#1"), run.settings, run.options)


AUTO_WAVE = {"auto_wave": True, "lock_wave": True}


def test_an_order_whose_wave_cannot_be_made_is_there_and_says_why(tenant: Tenant) -> None:
    tenant.control("stock", sku="LMP-OAK-S", store="EAST WAREHOUSE", available=0)
    run = tenant.run(**AUTO_WAVE)
    assert push_order(run, make_order()).target_number == "MAIN-S000001"
    assert "MAIN-S000001 is in Xoro without a wave" in run.notes["wave_error"]
    assert "Insufficient inventory to create wave" in run.notes["wave_error"]


def test_orders_are_released_at_once_or_left_open(tenant: Tenant) -> None:
    push_order(tenant.run(auto_release=False), make_order())
    push_order(tenant.run(), make_order(id="2", number="2042", name="#2042"))
    assert [one["StatusName"] for one in tenant.orders()] == ["Open", "Released"]


def test_waves_are_locked_where_the_connector_says_so(tenant: Tenant) -> None:
    push_order(tenant.run(**AUTO_WAVE), make_order())
    assert tenant.orders()[0]["AutoLockWave"] is True
    push_order(tenant.run(lock_wave=True), make_order(id="2", number="2042", name="#2042"))
    assert "AutoLockWave" not in tenant.orders()[1]


@pytest.mark.parametrize("import_enabled", [True, False])
def test_a_refused_wave_keeps_the_code_by_which_it_is_run_again(import_enabled: bool) -> None:
    empty = (200, {"Result": True, "ErrorCode": 0, "Data": []})
    refusal = (200, {"Result": False, "ErrorCode": 1010, "Message": "Payment terms not met", "Data": None})
    client = scripted_client(empty, refusal, *[empty] * 8, import_enabled=import_enabled)
    with pytest.raises(RemoteRefused, match="could not make a wave for order #2041: Payment terms not met") as refused:
        push_order(FakeRun(client.settings, client), make_order())
    assert refused.value.code == "1010"
    assert ("runs it again in a few minutes" in refused.value.next_step) is import_enabled


def refused(code: int, message: str) -> tuple[int, dict]:
    return 200, {"Result": False, "ErrorCode": code, "Message": message, "Data": None}


EMPTY = (200, {"Result": True, "ErrorCode": 0, "Data": []})
FOUND = {
    "OrderNumber": "MAIN-S000009",
    "StatusName": "Released",
    "ThirdPartyRefNo": "6120045512001",
    "ThirdPartySource": "https://lumen-goods.example-Demo",
}


@pytest.mark.parametrize(("codes", "is_adopted"), [(["77"], True), (["1005"], False)])
def test_which_code_means_a_duplicate_is_the_tenants_to_say(codes: list[str], is_adopted: bool) -> None:
    found = (200, {"Result": True, "ErrorCode": 0, "Data": [{"SoEstimateHeader": FOUND}]})
    client = scripted_client(EMPTY, refused(77, "Known already"), found, duplicate_codes=codes)
    run = FakeRun(client.settings, client)
    if is_adopted:
        assert push_order(run, make_order()).target_number == "MAIN-S000009"
    else:
        with pytest.raises(RemoteRefused, match="Known already"):
            push_order(run, make_order())


@pytest.mark.parametrize(("codes", "is_replaced"), [(["78"], True), (["1002"], False)])
def test_which_code_means_an_unknown_item_is_the_tenants_to_say(codes: list[str], is_replaced: bool) -> None:
    made = (200, {"Result": True, "ErrorCode": 0, "Data": {"SoEstimateHeader": FOUND}})
    allowed = {"default_sku": "HUB-DEFAULT", "use_default_sku_if_unknown": True, "unknown_item_codes": codes}
    client = scripted_client(EMPTY, refused(78, "No such product: LMP-OAK-S"), made, **allowed)
    run = FakeRun(client.settings, client)
    if is_replaced:
        push_order(run, make_order())
        assert client.http.calls[-1]["json"]["SoEstimateItemLineArr"][0]["ItemNumber"] == "HUB-DEFAULT"
    else:
        with pytest.raises(RemoteRefused, match="No such product"):
            push_order(run, make_order())


@pytest.mark.parametrize(("codes", "is_of_a_wave"), [(["79"], True), (["1007"], False)])
def test_which_code_means_a_wave_error_is_the_tenants_to_say(codes: list[str], is_of_a_wave: bool) -> None:
    client = scripted_client(EMPTY, refused(79, "Nothing to pick"), *[EMPTY] * 8, wave_error_codes=codes)
    with pytest.raises(RemoteRefused) as failed:
        push_order(FakeRun(client.settings, client), make_order())
    assert ("could not make a wave for order #2041" in failed.value.sentence) is is_of_a_wave


def test_the_shops_payment_terms_are_translated_or_the_connectors_count(tenant: Tenant) -> None:
    run = tenant.run(payment_terms="Due on receipt")
    run.terms = {"Net 30": "Net 30"}
    push_order(run, make_order(payment_terms="Net 30"))
    push_order(run, make_order(id="2", number="2042", name="#2042", payment_terms="Net 99"))
    push_order(run, make_order(id="3", number="2043", name="#2043"))
    assert [one["PaymentTermsName"] for one in tenant.orders()] == ["Net 30", "Due on receipt", "Due on receipt"]


def test_a_gift_card_that_was_bought_is_no_revenue(tenant: Tenant) -> None:
    cards = {
        "gift_cards_enabled": True,
        "gift_card_sku": "GIFT-CARD",
        "gift_card_liability_account": "Gift Card Liability",
    }
    card = make_line(id="9", sku="GC-50", is_gift_card=True, unit_price=Decimal("50.00"), taxes=())
    order = make_order(lines=(make_line(), card), total=Decimal("117.80"))
    push_order(tenant.run(**cards), order)
    sent = [line["ItemNumber"] for line in tenant.sandbox.books.orders[0]["SoEstimateItemLineArr"]]
    assert sent == ["LMP-OAK-S", "GIFT-CARD"]


def test_an_order_paid_by_a_gift_card_waits_for_the_card(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def missing(run: FakeRun, order: object, payment: object) -> str:
        asked.append(payment)
        raise WaitFor("The card is fetched first.", code="gift_card:1")

    monkeypatch.setattr("connectors.xoro.cardpayments.ensure_card", missing)
    payments = (make_payment("60.00"), make_payment("7.80", id="2", gateway="gift_card", is_gift_card=True))
    with pytest.raises(WaitFor, match="fetched first"):
        push_order(tenant.run(), make_order(payments=payments))
    assert [one.id for one in asked] == ["2"]
    assert tenant.writes() == []


def test_the_buyers_amounts_are_wanted_with_multi_currency_support(tenant: Tenant) -> None:
    wants = {"third_party_multi_currency": True, "default_currency": "CAD"}
    order = make_order(other_currency="CAD", exchange_rate=Decimal("1.36"))
    push_order(tenant.run(**wants), order)
    header = tenant.orders()[0]
    assert (header["CurrencyCode"], header["ExchangeRate"]) == ("USD", 1.36)
    shops = make_order(id="2", currency="CAD", other_currency="USD")
    with pytest.raises(ConfigurationError, match="wants the buyer's, USD") as wrong:
        push_order(tenant.run(**wants), shops)
    assert wrong.value.code == "third_party_multi_currency"


def test_the_parts_of_a_bundle_name_it(tenant: Tenant, run: FakeRun) -> None:
    parts = tuple(
        make_line(id=str(n), sku=sku, taxes=(), bundle_id="7", bundle_title="Desk set", unit_price=Decimal("27.50"))
        for n, sku in enumerate(("LMP-OAK-S", "MUG-BLU-350"))
    )
    push_order(run, make_order(lines=parts))
    assert [line["Notes"] for line in tenant.sandbox.books.orders[0]["SoEstimateItemLineArr"]] == [
        "Bundle: Desk set"
    ] * 2


def test_five_hundred_lines_are_one_order(tenant: Tenant, run: FakeRun) -> None:
    lines = tuple(make_line(id=str(n), unit_price=Decimal("1.00"), taxes=()) for n in range(500))
    push_order(run, make_order(lines=lines, total=Decimal("512.80")))
    assert len(tenant.sandbox.books.orders[0]["SoEstimateItemLineArr"]) == 500
