"""Test connection, the probe and the contract check, as an administrator and the ERP's developer see them."""

from __future__ import annotations

import json
import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from connectors import checking, contracts
from connectors.exceptions import ConfigurationError, RemoteUnavailable
from connectors.generic_erp import sandbox as erp_sandbox
from events import bodies
from events.models import Event, RelatedRequest

URLS = [f"{name}_url" for name in erp_sandbox.ROUTES.values()]


def lines_of(connector):
    return {line.name: line for line in checking.check_connector(connector, by="ada").lines}


class TestConnection:
    def test_every_line_passes_against_a_good_erp(self, shop):
        lines = lines_of(shop)
        assert {line.result for line in lines.values()} == {"ok"}
        assert lines["addresses"].sentence.endswith(" can be reached by plain http, as a sandbox may.")
        assert lines["credential"].sentence == "The ERP accepts the credential."
        assert re.fullmatch(r"20 of 2\d orders read\.", lines["orders"].sentence)
        assert lines["order"].sentence == "Order 9431 was read."
        assert re.fullmatch(r"Invoice \d+ was read\.", lines["invoice"].sentence)
        assert lines["balance"].sentence == "The balance was read."
        assert re.fullmatch(r"The tax of a sample basket was read: \d+\.\d\d USD\.", lines["taxes"].sentence)
        assert lines["shipping_methods"].sentence == "3 shipping methods were read for a sample basket."

    def test_it_leaves_an_event_with_its_requests_and_no_secret(self, shop):
        report = checking.check_connector(shop, by="ada")
        event = Event.objects.get(pk=report.event_id)
        assert (event.kind, event.outcome, event.triggered_by) == ("check", "succeeded", "ada")
        methods = list(RelatedRequest.objects.filter(event=event).values_list("method", flat=True))
        assert methods == ["OPTIONS"] + ["POST"] * 8
        assert "sandbox-key" not in str(list(RelatedRequest.objects.values()))

    def test_the_bare_call_to_an_address_carries_no_credential(self, shop, sandbox):
        checking.check_connector(shop, by="ada")
        first = sandbox.log("erp")[0]
        assert (first["method"], first["status"], first["body"]) == ("OPTIONS", 405, "")
        assert "x-erp-key" not in first["headers"]

    def test_a_wrong_token_is_said_once_by_its_own_line(self, install):
        lines = lines_of(install("generic_erp", token="wrong-token"))
        assert lines["addresses"].result == "ok"
        assert lines["credential"].result == "failed"
        assert lines["credential"].sentence == "ERP refused our credentials (401)"
        assert "Key and Token" in lines["credential"].next_step

    def test_a_blank_token_is_said_to_be_blank(self, install, monkeypatch):
        assert lines_of(install("generic_erp", token=""))["credential"].result == "failed"
        monkeypatch.setattr(erp_sandbox.GenericErpSandbox, "_is_authorised", lambda *_: True)
        line = lines_of(install("generic_erp", name="open", token=""))["credential"]
        assert (line.result, line.sentence) == ("ok", "The ERP answers without a credential: Token is blank.")

    def test_without_an_account_number_only_addresses_are_tried(self, install, sandbox):
        lines = lines_of(install("generic_erp", test_customer_code=""))
        assert (lines["credential"].result, lines["addresses"].result) == ("off", "ok")
        assert "Enter an account number for tests" in lines["credential"].sentence
        for name in ("orders", "order", "taxes"):
            assert lines[name].result == "ok"
            assert "only whether the address answers could be checked" in lines[name].sentence
        assert {entry["method"] for entry in sandbox.log("erp")} == {"OPTIONS"}

    def test_a_url_that_leads_nowhere_is_found_without_an_account_number_too(self, install, sandbox):
        url = f"{sandbox.url}/erp/nowhere"
        line = lines_of(install("generic_erp", test_customer_code="", balance_url=url))["balance"]
        assert (line.result, line.sentence) == ("failed", "ERP endpoint not found (404)")
        assert line.next_step == "Correct the URL, then test again."

    def test_an_erp_that_is_not_there_fails_with_what_to_do(self, install, settings):
        settings.HUB_ALLOWED_HOSTS_PLAIN = settings.HUB_ALLOWED_HOSTS_PLAIN | {"127.0.0.1:9"}
        urls = {name: f"http://127.0.0.1:9/{name}" for name in URLS}
        line = lines_of(install("generic_erp", **urls))["addresses"]
        assert (line.result, line.sentence) == ("failed", "127.0.0.1 refused the connection.")
        assert line.next_step

    def test_a_function_that_is_off_is_shown_as_off(self, install):
        lines = lines_of(install("generic_erp", orders_url="", taxes_url=""))
        assert (lines["orders"].result, lines["taxes"].result) == ("off", "off")
        assert lines["order"].result == "off"
        assert lines["order"].sentence == "Not asked: without Orders list URL there is no id to ask for."

    def test_with_every_url_blank_it_says_so(self, install):
        lines = lines_of(install("generic_erp", **dict.fromkeys(URLS, "")))
        assert (lines["addresses"].result, lines["credential"].result) == ("failed", "off")
        assert "every function is off" in lines["addresses"].sentence

    @pytest.mark.parametrize(
        ("customer", "name", "sentence"),
        [
            ("SBX-BADJSON", "orders", "ERP answer is not valid JSON"),
            ("SBX-500", "taxes", "ERP failed (500)"),
            ("NOBODY-1", "balance", "ERP has no account NOBODY-1"),
            ("SBX-NODATA", "shipping_methods", "ERP answer cannot be used: shipping_methods: missing, expected a list"),
        ],
    )
    def test_a_wrong_answer_is_said_by_the_line_of_its_function(self, install, customer, name, sentence):
        line = lines_of(install("generic_erp", test_customer_code=customer))[name]
        assert (line.result, line.sentence) == ("failed", sentence)
        assert line.next_step

    def test_the_probe_asks_one_harmless_question(self, shop, sandbox, install):
        checking.run_probe(shop)
        assert [entry["path"] for entry in sandbox.log("erp")] == ["/orders"]
        checking.run_probe(install("generic_erp", name="no customer", test_customer_code=""))
        assert sandbox.log("erp")[-1]["method"] == "OPTIONS"
        sandbox.post("/erp/_sandbox/down")
        with pytest.raises(RemoteUnavailable):
            checking.run_probe(shop)


class TestContract:
    def test_a_good_erp_follows_it_in_every_endpoint(self, shop):
        rows = shop.provider.contract_check(run_of(shop))
        assert [(row["label"], row["result"], row["deviations"]) for row in rows] == [
            (row["label"], "ok", []) for row in rows
        ]
        assert [row["endpoint"].rpartition("/erp")[2] for row in rows] == list(erp_sandbox.ROUTES)
        assert set(rows[0]) == {"endpoint", "label", "result", "sentence", "next_step", "deviations", "duration_ms"}

    def test_the_first_deviation_of_each_field_is_said_in_words(self, install, monkeypatch):
        original = erp_sandbox.GenericErpSandbox._answer

        def answer(self, function, body):
            reply = original(self, function, body)
            if function == "invoices":
                reply.body["data"][3]["invoice_date"] = "31/02"
                reply.body["data"][4]["invoice_date"] = "31/02"
                reply.body["data"][1]["total"] = None
            if function == "taxes":
                reply.body = {"data": {"salestax_amount": "-1"}}
            return reply

        monkeypatch.setattr(erp_sandbox.GenericErpSandbox, "_answer", answer)
        connector = install("generic_erp")
        report = contracts.check_contract(connector, by="ada")
        rows = {row.endpoint: row for row in report.rows}
        assert (
            'invoices[3].invoice_date: text "31/02", expected ISO date (and 1 more)' in rows["Invoices list"].deviations
        )
        assert "invoices[1].total: missing, expected a decimal number" in rows["Invoices list"].deviations
        assert rows["Checkout taxes"].result == "failed"
        assert rows["Orders list"].result == "ok"
        assert not report.is_ok
        event = Event.objects.get(pk=report.event_id)
        assert (event.topic, event.outcome, event.reason) == ("contract/check", "failed", "payload")
        assert event.sentence.startswith("2 of 7 endpoints leave the contract: Invoices list: invoices[")
        assert RelatedRequest.objects.filter(event=event).count() == 7
        assert json.loads(bodies.read(event.pk, "payload"))["rows"]

    def test_what_is_only_tolerated_is_a_remark(self, install):
        report = contracts.check_contract(install("generic_erp", test_customer_code="SBX-ALIAS"), by="ada")
        assert report.is_ok
        row = next(row for row in report.rows if row.endpoint == "Orders list")
        assert (row.result, row.tone) == ("remarks", "warn")
        assert any("the contract has order_number" in text and text.endswith("(tolerated)") for text in row.deviations)

    def test_a_call_that_fails_ends_nothing_but_its_own_row(self, install, sandbox):
        connector = install("generic_erp")
        sandbox.post("/erp/_sandbox/fault", {"kind": "status", "status": 500, "match": "/orders"})
        rows = {row["label"]: row for row in connector.provider.contract_check(run_of(connector))}
        assert rows["Orders list"]["deviations"] == [{"field": "", "text": "ERP failed (500)", "severity": "error"}]
        assert (rows["Order by id"]["result"], rows["Order by id"]["sentence"]) == (
            "off", "Not asked: the orders list gave no order to ask for."
        )  # fmt: skip
        assert rows["Checkout taxes"]["result"] == "ok"  # with a made-up basket

    def test_a_list_that_names_what_by_id_does_not_know_breaks_it(self, install, sandbox):
        connector = install("generic_erp", order_url=f"{sandbox.url}/erp/nowhere")
        rows = {row["label"]: row for row in connector.provider.contract_check(run_of(connector))}
        assert rows["Order by id"]["deviations"][0]["text"].endswith(", though its own list names it")

    def test_without_an_account_number_it_says_what_is_missing(self, install):
        report = contracts.check_contract(install("generic_erp", test_customer_code=""), by="ada")
        assert not report.is_ok
        assert "no account number for tests" in report.rows[0].sentence

    def test_the_command_prints_what_the_button_shows(self, install):
        install("generic_erp")
        out = StringIO()
        call_command("check_contract", "generic_erp", stdout=out)
        assert "ok       Orders list" in out.getvalue()
        with pytest.raises(CommandError, match="no connector “other”"):
            call_command("check_contract", "other", stdout=out)

    def test_the_command_fails_where_the_contract_is_broken(self, install):
        install("generic_erp", test_customer_code="SBX-NODATA")
        with pytest.raises(CommandError, match="leaves the contract"):
            call_command("check_contract", "generic_erp", stdout=StringIO())

    def test_a_provider_without_one_says_so(self, install):
        with pytest.raises(ConfigurationError, match="has no contract check"):
            contracts.check_contract(install("xoro"), by="ada")


def run_of(connector):
    from connectors.recording import ListRecorder
    from connectors.run import Run

    return Run(connector, None, recorder=ListRecorder("0" * 32))
