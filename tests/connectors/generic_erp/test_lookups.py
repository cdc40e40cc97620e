"""The seven questions of a storefront, answered by the sandbox ERP and written down in the real database."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from connectors.host import retention_days
from connectors.models import Connector
from events import purge
from events.models import Event, Family, Mail

from .asking import FALLBACKS, QUESTIONS, ask, form_of, lookup_of

every_path = pytest.mark.parametrize("path", list(QUESTIONS))


@every_path
def test_it_answers_with_data_and_leaves_an_event_with_its_request(shop, path):
    asked = ask(shop, path)
    assert asked.answer.available
    assert asked.answer.status == 200
    assert (asked.event.outcome, asked.event.reason, asked.event.reason_code) == ("succeeded", "", "")
    assert asked.event.topic == lookup_of(shop, path).topic
    assert asked.event.triggered_by == "shop"
    (request,) = asked.requests
    assert (request.method, request.status, request.state) == ("POST", 200, "answered")
    assert json.loads(asked.body(0, "request"))
    assert json.loads(asked.body(0, "response"))
    assert asked.payload["external_customer_id"] == "BRK-2210"
    assert asked.payload["error"] is None
    assert asked.payload["trace_id"] == asked.event.trace_id
    assert not Mail.objects.exists()


@every_path
def test_a_function_is_on_if_and_only_if_its_url_is_filled_in(install, path):
    connector = install("generic_erp")
    lookup = lookup_of(connector, path)
    name = {"orders/<id>": "order", "invoices/<id>": "invoice"}.get(path, path.replace("-", "_"))
    assert lookup.is_on(connector.load_settings())
    connector.put_settings({**connector.raw_settings(), f"{name}_url": "  "})
    settings = connector.load_settings()
    assert not lookup.is_on(settings)
    assert sum(one.is_on(settings) for one in connector.provider.lookups) == 6


def test_a_list_works_without_its_details_and_the_other_way_round(install):
    connector = install("generic_erp", order_url="")
    assert ask(connector, "orders").answer.available
    assert not lookup_of(connector, "orders/<id>").is_on(connector.load_settings())
    connector = install("generic_erp", name="other", orders_url="")
    assert ask(connector, "orders/<id>").answer.available


def test_support_finds_a_list_by_any_number_in_it(shop):
    asked = ask(shop, "orders", per_page=5)
    row = asked.answer.data["orders"][0]
    assert ("customer_code", "brk-2210") in asked.keys
    assert ("order_number", row["order_number"]) in asked.keys
    assert ("order_id", row["order_id"].lower()) in asked.keys
    assert ("po_number", row["po_number"].lower()) in asked.keys


def test_a_long_list_names_every_order_number_before_anything_else(shop):
    asked = ask(shop, "orders", per_page=500, any_date=True)
    numbers = {row["order_number"] for row in asked.answer.data["orders"]}
    assert len(numbers) == 32
    assert numbers == {value for kind, value in asked.keys if kind == "order_number"}
    assert len(asked.keys) <= 40


def test_support_finds_one_order_by_its_numbers_and_those_of_its_invoices(shop):
    asked = ask(shop, "orders/<id>")
    order = asked.answer.data["order"]
    assert (asked.event.object_type, asked.event.object_id) == ("order", "SO-0009431")
    assert asked.event.object_label == order["order_number"]
    assert {
        ("order_id", "so-0009431"),
        ("order_number", "9431"),
        ("po_number", order["po_number"].lower()),
    } <= asked.keys
    assert all(("invoice_id", one.lower()) in asked.keys for one in order["invoice_ids"])
    assert asked.event.sentence == "ERP answered with order 9431."


@pytest.mark.parametrize(("path", "noun"), [("orders/<id>", "order"), ("invoices/<id>", "invoice")])
def test_a_document_the_erp_does_not_have_is_not_found_and_no_failure(shop, path, noun):
    asked = ask(shop, path, id="1042-77")
    assert (asked.answer.status, asked.answer.available, asked.answer.outcome) == (404, False, "not_found")
    assert asked.answer.message == "Not found"
    assert (asked.event.outcome, asked.event.reason_code) == ("succeeded", "not_found")
    assert asked.event.sentence == asked.payload["error"] == f"ERP has no {noun} 1042-77"
    assert (f"{noun}_id", "1042-77") in asked.keys
    assert not Family.objects.exists()


def test_another_customers_order_is_not_found(shop):
    foreign = ask(shop, "orders", "HAR-3304").answer.data["orders"][0]["order_id"]
    assert ask(shop, "orders/<id>", id=foreign).answer.status == 404


def test_an_account_the_erp_does_not_know_has_no_balance_to_show(shop):
    asked = ask(shop, "balance", "NOBODY-1")
    assert (asked.answer.available, asked.answer.status, asked.answer.message) == (False, 200, "Not found")
    assert asked.answer.fallback == "hide"
    assert (asked.event.outcome, asked.event.reason_code) == ("succeeded", "not_found")
    assert asked.event.sentence == "ERP has no account NOBODY-1"


@every_path
@pytest.mark.parametrize("customer", ["", "   "])
def test_a_customer_without_account_number_is_asked_for_nowhere(shop, sandbox, path, customer):
    asked = ask(shop, path, customer)
    assert (asked.answer.available, asked.answer.status, asked.answer.outcome) == (False, 200, "not_sent")
    assert asked.answer.message == "Information is not available at the moment"
    assert asked.answer.fallback == FALLBACKS[path]
    assert (asked.event.outcome, asked.event.reason) == ("skipped", "not_sent")
    assert asked.event.sentence == asked.payload["error"] == "Customer has no ERP account number"
    assert asked.event.expects_request is False
    assert asked.requests == sandbox.log("erp") == []
    assert not Mail.objects.exists()


def test_a_guest_is_asked_for_by_the_guests_account_at_the_checkout_only(install, sandbox):
    connector = install("generic_erp", guest_customer_code="EXM-1007")
    for path in ("taxes", "shipping-methods"):
        asked = ask(connector, path, "")
        assert asked.answer.available
        assert asked.payload["external_customer_id"] == "EXM-1007"
        assert asked.event.object_id == "EXM-1007"
    assert ask(connector, "orders", "").answer.outcome == "not_sent"


def test_the_shops_own_ids_stay_with_the_event_and_never_reach_the_erp(shop, sandbox):
    for path in QUESTIONS:
        asked = ask(shop, path, account_id="40817", user_id="95502")
        assert asked.payload["related_to"] == {"customer": "40817", "user": "95502"}
    assert asked.requests
    assert not any("40817" in str(entry) or "95502" in str(entry) for entry in sandbox.log("erp"))
    assert ask(shop, "balance").payload["related_to"] == {"customer": None, "user": None}


def test_the_seller_reference_leaves_only_where_the_connector_uses_it(install, sandbox):
    ask(install("generic_erp"), "balance", seller_reference="02")
    ask(install("generic_erp", name="two", use_seller_reference=True), "balance", seller_reference="02")
    sent = [json.loads(entry["body"]) for entry in sandbox.log("erp")]
    assert sent == [{"customer_code": "BRK-2210"}, {"customer_code": "BRK-2210", "seller_reference": "02"}]


def test_nothing_but_the_contract_is_sent(shop, sandbox):
    sandbox.post("/erp/_sandbox/strict", {"strict": True})
    assert all(ask(shop, path).answer.available for path in QUESTIONS)


def test_every_filter_reaches_the_erp(shop, sandbox):
    ask(
        shop, "invoices", date_from="2025-03-01", date_to="2025-08-31T12:00:00Z", invoice_number="44017",
        order_number="9914", po_number="PO-1", status="Open", keyword="toner", payment_state="open", sort_by="due_date",
        sort_direction="asc", page=2, per_page=50,
    )  # fmt: skip
    assert json.loads(sandbox.log("erp")[0]["body"]) == {
        "customer_code": "BRK-2210", "date_from": "2025-03-01T00:00:00Z", "date_to": "2025-08-31T12:00:00Z",
        "invoice_number": "44017", "order_number": "9914", "po_number": "PO-1", "status": "Open", "keyword": "toner",
        "payment_state": "open", "sort_by": "due_date", "sort_direction": "asc", "current_page": "2", "per_page": "50",
    }  # fmt: skip


def test_a_document_known_by_number_is_found_whatever_its_age(shop, sandbox):
    newest = ask(shop, "orders", any_date=True, sort_direction="asc", per_page=1).answer.data["orders"][0]
    assert ask(shop, "orders", order_number=newest["order_number"]).answer.data["orders"] == []
    assert ask(shop, "orders", order_number=newest["order_number"], any_date=True).answer.data["orders"] == [newest]


def test_pages_follow_one_another_to_the_end(shop):
    pages = [ask(shop, "orders", page=number, per_page=10, any_date=True).answer.data for number in (1, 2, 4, 5)]
    assert [len(page["orders"]) for page in pages] == [10, 10, 2, 0]
    assert [page["page"]["has_next"] for page in pages] == [True, True, False, False]
    assert {page["page"]["total"] for page in pages} == {32}


def test_an_empty_list_is_an_answer(shop):
    asked = ask(shop, "orders", "NEW-0001")
    assert (asked.answer.available, asked.answer.message) == (True, "Nothing found")
    assert asked.event.sentence == "ERP answered with 0 of 0 orders (page 1)."


def test_nothing_ships_there_is_an_answer_too(shop):
    asked = ask(shop, "shipping-methods", country="JP")
    assert asked.answer.available
    assert asked.answer.data["shipping_methods"] == []
    assert asked.answer.message == "no shipping method available"
    assert asked.event.sentence == "ERP offers no shipping methods for this address."
    assert asked.answer.fallback == ""


def test_a_connector_that_is_switched_off_asks_nobody(shop, sandbox):
    Connector.objects.filter(pk=shop.pk).update(is_enabled=False)
    shop.refresh_from_db()
    asked = ask(shop, "taxes")
    assert (asked.answer.available, asked.answer.fallback) == (False, "shop_tax")
    assert (asked.event.outcome, asked.event.reason) == ("skipped", "disabled")
    assert sandbox.log("erp") == []


def test_successes_and_failures_are_kept_for_fifteen_days(shop):
    assert retention_days()[shop.pk] == (15, 15)
    Connector.objects.filter(pk=shop.pk).update(retention_failure_days=90)
    assert retention_days()[shop.pk] == (15, 90)


def test_what_is_older_than_fifteen_days_is_purged(shop, monkeypatch):
    monkeypatch.setattr(purge, "close_old_connections", lambda: None)  # the test's own connection must stay
    old, kept = ask(shop, "balance").event, ask(shop, "balance").event
    for event, age in ((old, timedelta(days=15, hours=1)), (kept, timedelta(days=14, hours=23))):
        Event.objects.filter(pk=event.pk).update(finished_at=timezone.now() - age)
    purge.purge()
    assert list(Event.objects.values_list("pk", flat=True)) == [kept.pk]


class TestParameters:
    @pytest.mark.parametrize(
        ("path", "given", "field"),
        [
            ("orders", {"page": 0}, "page"),
            ("orders", {"per_page": 501}, "per_page"),
            ("orders", {"per_page": 0}, "per_page"),
            ("orders", {"sort_by": "balance"}, "sort_by"),
            ("invoices", {"sort_direction": "up"}, "sort_direction"),
            ("invoices", {"payment_state": "unpaid"}, "payment_state"),
            ("orders", {"date_from": "31/02/2025"}, "date_from"),
            ("orders", {"date_from": "0001-01-01"}, "date_from"),
            ("orders", {"date_to": "9999-12-31T23:59:59-12:00"}, "date_to"),
            ("orders", {"date_from": "2025-08-31", "date_to": "2025-08-30"}, "date_from"),
            ("orders", {"date_from": "2025-08-31", "any_date": True}, "any_date"),
            ("orders", {"customer_code": "A\nB"}, "customer_code"),
            ("balance", {"customer_code": "9" * 101}, "customer_code"),
            ("shipping-methods", {"country": "USA"}, "country"),
        ],
    )
    def test_a_bad_one_is_named(self, shop, path, given, field):
        form = form_of(shop, path, **{**QUESTIONS[path], "customer_code": "BRK-2210", **given})
        assert list(form.errors) == [field]

    def test_a_day_stays_a_day_and_a_moment_a_moment(self, shop):
        form = form_of(shop, "orders", date_from="2025-03-01", date_to="2025-03-02T10:00:00+02:00")
        assert form.is_valid()
        assert form.cleaned_data["date_from"] == date(2025, 3, 1)
        assert form.cleaned_data["date_to"] == datetime(2025, 3, 2, 8, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("path", "lines", "fields"),
        [
            ("taxes", None, ["lines"]),
            ("taxes", [], ["lines"]),
            ("taxes", {"sku": "A"}, ["lines"]),
            ("taxes", "A", ["lines"]),
            ("taxes", [{"sku": "A", "line_amount": "1"}] * 501, ["lines"]),
            ("taxes", ["A"], ["lines[0]"]),
            ("taxes", [{"sku": "A", "line_amount": "1"}, {"sku": " "}], ["lines[1].sku", "lines[1].line_amount"]),
            ("taxes", [{"sku": "A", "line_amount": "1,50"}], ["lines[0].line_amount"]),
            ("taxes", [{"sku": "A", "line_amount": "-1"}], ["lines[0].line_amount"]),
            ("taxes", [{"sku": "A", "line_amount": True}], ["lines[0].line_amount"]),
            ("taxes", [{"sku": "A", "line_amount": float("nan")}], ["lines[0].line_amount"]),
            ("taxes", [{"sku": "A", "line_amount": 1e300}], ["lines[0].line_amount"]),
            ("taxes", [{"sku": "A", "line_amount": "9" * 13}], ["lines[0].line_amount"]),
            ("taxes", [{"sku": 5, "line_amount": "1"}], ["lines[0].sku"]),
            ("taxes", [{"sku": "A", "line_amount": "1", "colour": "red"}], ["lines[0].colour"]),
            ("shipping-methods", [{"sku": "A", "quantity": "0", "unit_price": "1"}], ["lines[0].quantity"]),
            ("shipping-methods", [{"sku": "A", "quantity": "1"}], ["lines[0].unit_price"]),
        ],
    )
    def test_a_bad_line_is_named_down_to_its_member(self, shop, path, lines, fields):
        form = form_of(shop, path, **{**QUESTIONS[path], "lines": lines})
        assert list(form.errors) == fields
        assert all(form.errors.get_json_data()[name][0]["message"] for name in fields)

    @pytest.mark.parametrize("amount", ["41.50", 41.5, "041.5"])
    def test_an_amount_may_be_text_or_a_number(self, shop, sandbox, amount):
        ask(shop, "taxes", lines=[{"sku": "A", "line_amount": amount}])
        assert json.loads(sandbox.log("erp")[-1]["body"])["request"]["lines"][0]["line_amount"] == "41.50"

    def test_what_was_asked_is_readable_in_the_event(self, shop):
        asked = ask(shop, "taxes").payload["asked"]
        assert asked["lines"] == [
            {"sku": "PAPER-A4-80", "line_amount": "41.50"}, {"sku": "TONER-77K", "line_amount": "189.00"}
        ]  # fmt: skip
