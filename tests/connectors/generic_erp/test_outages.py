"""Every way an ERP can fail: what the shopper sees, what support reads, what is mailed, what is stored."""

from __future__ import annotations

import json
import time

import pytest
from django.db import connection

from connectors import breakers, budgets
from connectors.generic_erp.functions import NEUTRAL_NOTICE
from connectors.generic_erp.outcomes import OUTCOMES
from events import bodies
from events.models import Event, Family, Mail, RelatedRequest

from .asking import FALLBACKS, QUESTIONS, ask

every_path = pytest.mark.parametrize("path", list(QUESTIONS))
FAULTS = {  # account number: (outcome, status, sentence)
    "SBX-401": ("auth", 401, "ERP refused our credentials (401)"),
    "SBX-422": ("rejected", 422, "customer_code is blocked for web access"),
    "SBX-429": ("throttled", 429, "ERP asked us to slow down"),
    "SBX-500": ("erp_down", 500, "ERP failed (500)"),
    "SBX-503": ("erp_down", 503, "ERP failed (503)"),
    "SBX-HTML": ("bad_response", 200, "ERP answer is not valid JSON"),
    "SBX-BADJSON": ("bad_response", 200, "ERP answer is not valid JSON"),
    "SBX-NODATA": ("bad_response", 200, ""),
    "SBX-ERR200": ("erp_error", 200, "Unexpected condition in ledger module"),
    "SBX-REDIR": ("rejected", 302, "ERP endpoint redirects"),
}


def stored_texts() -> str:
    """Everything written down: rows, headers, bodies, mails."""
    rows = [str(row) for model in (Event, RelatedRequest, Family, Mail) for row in model.objects.values()]
    with connection.cursor() as cursor:
        cursor.execute("SELECT encoding, content FROM events_body")
        rows += [
            bodies.unpacked(encoding, content).decode("utf-8", "replace") for encoding, content in cursor.fetchall()
        ]
    return "\n".join(rows)


@every_path
@pytest.mark.parametrize("customer", list(FAULTS))
def test_a_failure_is_neutral_outside_and_plain_inside(shop, sandbox, customer, path):
    code, status, sentence = FAULTS[customer]
    asked = ask(shop, path, customer)
    # The shopper's side: never a word of the ERP's, and the fallback of the function.
    assert (asked.answer.available, asked.answer.data, asked.answer.status) == (False, None, 200)
    assert (asked.answer.message, asked.answer.fallback) == (NEUTRAL_NOTICE, FALLBACKS[path])
    # Support's side.
    expected = OUTCOMES[code]
    assert (asked.event.outcome, asked.event.reason) == (expected.hub_outcome, expected.hub_reason)
    assert asked.event.reason_code == code
    assert asked.event.sentence == asked.payload["error"]
    assert asked.event.sentence == sentence or (not sentence and asked.event.sentence)
    assert asked.event.next_step
    assert [request.status for request in asked.requests] == [status] * len(asked.requests)
    assert len(asked.requests) == (2 if status == 503 else 1)
    assert len(sandbox.log("erp")) == len(asked.requests)
    # Mail: one, about this family, without body or credential.
    assert expected.is_mailed
    family = Family.objects.get()
    mail = Mail.objects.get()
    assert (family.topic, family.sentence) == (asked.event.topic, asked.event.sentence)
    assert (mail.kind, mail.sender, mail.receiver) == ("first", "hub@example.com", "support@example.com")
    assert asked.event.sentence in mail.text
    assert str(asked.event.pk) in mail.text
    assert "sandbox-key" not in stored_texts()


@every_path
def test_a_404_on_every_route_is_not_found_or_a_wrong_address(shop, path):
    asked = ask(shop, path, "SBX-404")
    if path in ("orders/<id>", "invoices/<id>", "balance"):
        assert (asked.event.outcome, asked.event.reason_code) == ("succeeded", "not_found")
        assert not Mail.objects.exists()
        return
    assert (asked.event.outcome, asked.event.reason, asked.event.reason_code) == ("failed", "refused", "rejected")
    assert asked.event.sentence == "ERP endpoint not found (404)"
    assert asked.answer.fallback == FALLBACKS[path]
    assert Mail.objects.count() == 1


@every_path
def test_a_hiccup_is_asked_again_once_and_both_requests_are_kept(shop, path):
    asked = ask(shop, path, "SBX-FLAKY")
    assert asked.answer.available
    assert asked.event.outcome == "succeeded"
    assert [request.status for request in asked.requests] == [503, 200]
    assert len({request.pk for request in asked.requests}) == 2
    assert not Mail.objects.exists()


def test_a_slow_erp_ends_within_its_time(install, sandbox):
    connector = install("generic_erp", connect_timeout_s=1, **dict.fromkeys(
        (f"{name}_read_timeout_s" for name in ("orders", "balance", "taxes")), 1))  # fmt: skip
    sandbox.post("/erp/_sandbox/slow", {"delay_s": 6})
    for path in ("orders", "balance", "taxes"):
        started = time.monotonic()
        asked = ask(connector, path, "SBX-SLOW")
        assert time.monotonic() - started < 2.5
        assert (asked.event.outcome, asked.event.reason, asked.event.reason_code) == (
            "failed",
            "unavailable",
            "unreachable",
        )
        assert asked.event.sentence == "ERP did not answer within 1 s"
        (request,) = asked.requests  # no second try: the time is used up
        assert (request.status, request.state) == (None, "no_answer")
        assert asked.answer.fallback == FALLBACKS[path]
    assert Family.objects.count() == 3
    assert Mail.objects.count() == 1  # one system that is away is one story, however many functions notice


def test_an_erp_that_drops_the_connection_is_unreachable(shop, sandbox):
    sandbox.post("/erp/_sandbox/fault", {"kind": "drop", "match": "/customers", "times": 2})
    asked = ask(shop, "balance")
    assert (asked.event.reason, asked.event.reason_code) == ("unavailable", "unreachable")
    assert asked.answer.fallback == "hide"


def test_nobody_follows_a_redirect(shop, sandbox):
    asked = ask(shop, "orders", "SBX-REDIR")
    assert [(one.status, one.endpoint) for one in asked.requests] == [(302, f"{sandbox.url}/erp/orders")]


def test_an_address_inside_the_network_is_refused_at_the_call(shop, settings):
    settings.HUB_ALLOWED_HOSTS_PRIVATE = frozenset()
    shop.settings["orders_url"] = "https://10.0.0.8/orders"
    shop.save()
    asked = ask(shop, "orders")
    # The form refuses it; a row written otherwise is refused when it is loaded.
    assert (asked.event.outcome, asked.event.reason) == ("failed", "configuration")
    assert asked.requests == []
    assert not asked.answer.available


def test_a_failed_tax_is_never_zero(install):
    for policy in ("shop_tax", "block"):
        connector = install("generic_erp", name=policy, tax_failure_policy=policy)
        for customer in (*FAULTS, "SBX-404"):
            asked = ask(connector, "taxes", customer)
            assert (asked.answer.available, asked.answer.data) == (False, None)
            assert asked.answer.fallback == policy


def test_a_failed_shipping_lookup_falls_back_as_set(install):
    connector = install("generic_erp", shipping_failure_policy="block")
    assert ask(connector, "shipping-methods", "SBX-500").answer.fallback == "block"


def test_a_zero_tax_is_an_answer_where_the_erp_says_so(shop):
    assert ask(shop, "taxes", "EXM-1007").answer.data == {"salestax_amount": "0.00", "currency": "USD"}


def test_an_empty_erp_is_no_failure(shop):
    assert ask(shop, "orders", "SBX-EMPTY").answer.message == "Nothing found"
    assert ask(shop, "balance", "SBX-EMPTY").answer.data["balance"]["total_balance"] == "0.00"
    assert ask(shop, "shipping-methods", "SBX-EMPTY").answer.message == "no shipping method available"
    assert not Event.objects.exclude(outcome="succeeded").exists()


@pytest.mark.parametrize("customer", ["SBX-ALIAS", "SBX-STRNUM"])
def test_an_odd_erp_is_read_like_any_other(shop, customer):
    for path in QUESTIONS:
        asked = ask(shop, path, customer)
        assert asked.answer.available
        assert asked.notes == []


@pytest.mark.parametrize("noun", ["orders", "invoices"])
def test_a_record_of_somebody_else_is_dropped_and_reported(shop, noun):
    asked = ask(shop, noun, "SBX-OTHER")
    assert asked.answer.available
    assert {row["customer_code"] for row in asked.answer.data[noun]} == {"SBX-OTHER"}
    assert asked.event.outcome == "succeeded"
    assert asked.event.notes[0]["code"] == "bad_response"
    assert "belongs to another customer, dropped" in asked.notes[0]
    assert not Mail.objects.exists()


class FakeErp:
    """One answer for everything, over the hub's own HTTP client: what no switch of the sandbox sends."""

    def __init__(self, monkeypatch, body, status=200, **headers):
        from connectors.http import HttpAnswer, HttpClient

        answer = HttpAnswer(status, json.dumps(body).encode(), headers)
        monkeypatch.setattr(HttpClient, "request", lambda *args, **more: answer)


def test_an_invoice_without_balance_is_shown_and_cannot_be_paid(shop, monkeypatch):
    row = {"invoice_id": "I1", "invoice_number": "1", "invoice_date": "2025-08-20", "total": "10.00", "currency": "USD"}
    FakeErp(monkeypatch, {"data": [row, {**row, "invoice_id": "I2", "balance": "10.00"}], "total": 2})
    asked = ask(shop, "invoices")
    first, second = asked.answer.data["invoices"]
    assert (first["payment_state"], first["is_payable"]) == ("unknown", False)
    assert (second["payment_state"], second["is_payable"]) == ("open", True)
    assert asked.event.notes[0]["code"] == "bad_response"
    assert asked.notes[0].startswith("invoices[0].balance: missing")


@pytest.mark.parametrize("amount", [None, "", -1, "n/a", 1000, True, [], {}])
def test_a_tax_that_makes_no_sense_is_a_failure(shop, monkeypatch, amount):
    FakeErp(monkeypatch, {"data": {"salestax_amount": amount}})
    asked = ask(shop, "taxes")
    assert (asked.answer.data, asked.answer.fallback) == (None, "shop_tax")
    assert asked.event.reason_code == "bad_response"


class TestPauses:
    def test_an_erp_that_asks_for_time_gets_it_for_that_function_only(self, shop, sandbox):
        ask(shop, "orders", "SBX-429")
        assert 6 < budgets.paused_for_s(shop.pk, name="lookup:erp.orders.list") <= 7
        asked = ask(shop, "orders")
        assert (asked.event.outcome, asked.event.reason_code) == ("failed", "throttled")
        assert asked.requests == []
        assert asked.event.expects_request is False
        assert "asked us to slow down" in asked.event.sentence
        assert len(sandbox.log("erp")) == 1
        assert ask(shop, "balance").answer.available
        assert Mail.objects.count() == 1  # the same cause: no second mail

    @pytest.mark.parametrize(("retry_after", "pause"), [("3600", 60), ("2", 2), ("", 5), ("soon", 5), ("0", 0)])
    def test_a_pause_lasts_as_asked_and_a_minute_at_most(self, shop, sandbox, retry_after, pause):
        fault = {"kind": "status", "status": 429, "match": "/customers"}
        sandbox.post("/erp/_sandbox/fault", {**fault, **({"retry_after": retry_after} if retry_after else {})})
        ask(shop, "balance")
        assert pause - 1 <= budgets.paused_for_s(shop.pk, name="lookup:erp.ar_balance.get") <= pause

    def test_an_erp_that_stays_down_is_not_asked_for_every_shopper(self, shop, sandbox):
        for _ in range(breakers.OPENS_AFTER):
            ask(shop, "balance", "SBX-500")
        asked = ask(shop, "balance")
        assert (asked.event.reason, asked.event.reason_code) == ("unavailable", "breaker_open")
        assert asked.requests == []
        assert ask(shop, "orders").answer.available
        assert Mail.objects.count() == 1

    def test_it_says_when_it_works_again(self, shop):
        ask(shop, "balance", "SBX-500")
        assert ask(shop, "balance").answer.available
        assert list(Mail.objects.order_by("pk").values_list("kind", flat=True)) == ["first", "recovery"]


class TestSecrets:
    @pytest.mark.parametrize(
        ("settings", "header"),
        [
            ({"key": "X-Erp-Key", "token": "s3cr3t-8842"}, "X-Erp-Key"),
            ({"key": "Authorization", "token": "s3cr3t-8842"}, "Authorization"),
            ({"key": "", "token": "Bearer s3cr3t-8842"}, "Authorization"),
            ({"key": "hub-user", "token": "s3cr3t-8842", "auth_mode": "basic"}, "Authorization"),
        ],
    )
    def test_no_form_of_the_credential_is_written_anywhere(self, install, sandbox, monkeypatch, settings, header):
        from connectors.generic_erp import auth, outcomes
        from connectors.generic_erp import sandbox as erp_sandbox

        connector = install("generic_erp", **settings)
        loaded = connector.load_settings()
        value = auth.auth_headers(loaded)[header]
        sandbox.post("/erp/_sandbox/auth", {"name": header, "value": value})
        pair = auth.basic_credential(settings["key"] or "x", settings["token"])
        # An ERP that echoes what it was sent, in a header, a body and an error message.
        message = f"no access with s3cr3t-8842 ({value}, {pair if settings.get('auth_mode') else ''})"
        echo = erp_sandbox.Reply(422, {"error": {"message": message}}, {"X-Seen": value})
        original = erp_sandbox.GenericErpSandbox._fault_of
        monkeypatch.setattr(
            erp_sandbox.GenericErpSandbox,
            "_fault_of",
            lambda self, code: echo if code == "ECHO" else original(self, code),
        )
        asked = ask(connector, "orders", "ECHO")
        assert ask(connector, "balance").answer.available
        assert asked.event.sentence.startswith("no access with ***")
        assert asked.requests[0].request_headers[header] == "***"
        assert b"***" in asked.body(0, "response")
        written = stored_texts()
        assert "s3cr3t-8842" not in written
        assert value.partition(" ")[2] not in written or header == "X-Erp-Key"
        assert outcomes.MASK in written

    def test_another_header_than_the_credentials_is_kept(self, shop):
        (request,) = ask(shop, "orders").requests
        assert request.request_headers["X-Erp-Key"] == "***"
        assert request.request_headers["Content-Type"] == request.request_headers["Accept"] == "application/json"
        assert request.request_headers["X-Request-Id"] == str(request.pk)
