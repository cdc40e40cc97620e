"""Every row of the classification table, the message order, masking, and the pause of a throttled endpoint."""

from datetime import UTC, datetime

import pytest

from connectors.generic_erp import outcomes
from connectors.generic_erp.functions import BALANCE, FUNCTIONS, INVOICE, ORDER, ORDERS, TAXES
from connectors.generic_erp.outcomes import OUTCOMES, classify, pause_s

EMPTY_LIST = b'{"data": [], "total": 0}'
BY_ID = [
    (ORDER, "1042-77", "ERP has no order 1042-77"),
    (INVOICE, "7", "ERP has no invoice 7"),
    (BALANCE, "BRK-2210", "ERP has no account BRK-2210"),
]
OTHERS = [function for function in FUNCTIONS if not function.missing]


@pytest.mark.parametrize("status", [200, 201])
def test_it_takes_valid_json_for_a_success(status):
    verdict = classify(status, EMPTY_LIST, function=ORDERS)
    assert (verdict.outcome, verdict.sentence, verdict.parsed) == ("success", "", {"data": [], "total": 0})


@pytest.mark.parametrize(
    ("status", "content", "sentence"),
    [
        (200, b"<html></html>", "ERP answer is not valid JSON"),
        (200, b'{"data": [', "ERP answer is not valid JSON"),
        (200, b'{"data": NaN}', "ERP answer is not valid JSON"),
        (200, b"\xff\xfe", "ERP answer is not valid JSON"),
        (200, b"[" * 100_000, "ERP answer is not valid JSON"),
        (200, b"", "ERP answer is empty (200)"),
        (200, b"  \n", "ERP answer is empty (200)"),
        (200, b'"ok"', "ERP answer is neither a JSON object nor a list"),
        (200, b"null", "ERP answer is neither a JSON object nor a list"),
        (204, b"", "ERP answer is empty (204)"),
        (202, b"{}", "ERP answered with 202"),
    ],
)
def test_it_calls_what_is_no_answer_a_bad_response(status, content, sentence):
    verdict = classify(status, content, function=ORDERS)
    assert (verdict.outcome, verdict.sentence) == ("bad_response", sentence)


@pytest.mark.parametrize(
    "content",
    [
        b'{"error": {"code": "x", "message": "Ledger is closed"}}',
        b'{"error": "Ledger is closed", "data": []}',
        b'{"errors": ["Ledger is closed"], "data": null}',
        b'{"errors": [{"message": "Ledger is closed"}], "orders": []}',
    ],
)
def test_it_finds_an_error_in_a_successful_answer(content):
    verdict = classify(200, content, function=ORDERS)
    assert (verdict.outcome, verdict.sentence) == ("erp_error", "Ledger is closed")


@pytest.mark.parametrize(
    "content", [b'{"error": null, "data": []}', b'{"errors": [], "data": []}', b'{"error": "x", "data": [{}]}']
)
def test_it_keeps_an_answer_whose_error_is_empty_or_that_has_data(content):
    assert classify(200, content, function=ORDERS).outcome == "success"


def test_it_believes_no_tax_that_comes_with_an_error():
    content = b'{"data": {"salestax_amount": 0}, "error": "Tax service is down"}'
    assert classify(200, content, function=TAXES).outcome == "erp_error"


@pytest.mark.parametrize("status", [400, 409, 415, 422, 405])
def test_it_calls_a_declined_request_rejected(status):
    assert classify(status, b"", function=ORDERS).sentence == f"ERP rejected the request ({status})"
    verdict = classify(status, b'{"error": {"message": "No such filter"}}', function=ORDERS)
    assert (verdict.outcome, verdict.sentence) == ("rejected", "No such filter")


@pytest.mark.parametrize("status", [401, 403])
def test_it_calls_refused_credentials_auth(status):
    verdict = classify(status, b'{"error": "bad key"}', function=ORDERS)
    assert (verdict.outcome, verdict.sentence) == ("auth", f"ERP refused our credentials ({status})")


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize(("function", "subject", "sentence"), BY_ID)
def test_it_calls_a_missing_document_not_found(status, function, subject, sentence):
    verdict = classify(status, b"", function=function, subject=subject)
    assert (verdict.outcome, verdict.sentence) == ("not_found", sentence)


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize("function", OTHERS, ids=lambda function: function.name)
def test_it_calls_a_missing_endpoint_rejected(status, function):
    verdict = classify(status, b'{"error": "x"}', function=function)
    assert (verdict.outcome, verdict.sentence) == ("rejected", f"ERP endpoint not found ({status})")


@pytest.mark.parametrize("status", [301, 302, 304, 307, 308])
def test_it_follows_no_redirect(status):
    verdict = classify(status, b"", function=TAXES)
    assert (verdict.outcome, verdict.sentence) == ("rejected", "ERP endpoint redirects")


def test_it_knows_throttling_from_failure():
    assert classify(429, b"", function=TAXES).sentence == "ERP asked us to slow down"
    assert classify(429, b"", function=TAXES).outcome == "throttled"
    for status in (500, 502, 503, 504, 599):
        verdict = classify(status, b"<h1>oops</h1>", function=TAXES)
        assert (verdict.outcome, verdict.sentence) == ("erp_down", f"ERP failed ({status})")


@pytest.mark.parametrize(
    ("name", "hub_outcome", "hub_reason", "is_mailed"),
    [
        ("success", "succeeded", "", False),
        ("not_found", "succeeded", "", False),
        ("not_sent", "skipped", "", False),
        ("rejected", "failed", "refused", True),
        ("erp_error", "failed", "refused", True),
        ("auth", "failed", "unauthorised", True),
        ("bad_response", "failed", "payload", True),
        ("throttled", "failed", "unavailable", True),
        ("erp_down", "failed", "unavailable", True),
        ("unreachable", "failed", "unavailable", True),
    ],
)
def test_it_translates_each_outcome_into_the_hubs_words(name, hub_outcome, hub_reason, is_mailed):
    outcome = OUTCOMES[name]
    assert (outcome.hub_outcome, outcome.hub_reason, outcome.is_mailed) == (hub_outcome, hub_reason, is_mailed)


def test_it_looks_for_the_message_in_the_agreed_order():
    body = {
        "error": {"message": "1"},
        "message": "3",
        "errors": [{"message": "4"}],
        "detail": "6",
        "title": "7",
    }
    assert outcomes._message(body, ()) == "1"
    assert outcomes._message({**body, "error": "2"}, ()) == "2"
    assert outcomes._message({**body, "error": {"message": 5}}, ()) == "3"
    del body["error"], body["message"]
    assert outcomes._message(body, ()) == "4"
    assert outcomes._message({**body, "errors": ["5"]}, ()) == "5"
    assert outcomes._message({**body, "errors": []}, ()) == "6"
    assert outcomes._message({"title": "7"}, ()) == "7"
    assert outcomes._message({"detail": " "}, ()) == ""


def test_it_cuts_cleans_and_masks_the_erps_words():
    body = ('{"message": "Bad\\u0000 to\\u202eken\\n s3cr3t ' + "x" * 400 + '"}').encode()
    sentence = classify(422, body, function=ORDERS, secrets=["s3cr3t"]).sentence
    assert sentence.startswith("Bad token  *** xxx")
    assert len(sentence) == 250


def test_it_masks_before_it_cuts():
    body = ('{"message": "' + "x" * 247 + 's3cr3t"}').encode()
    assert classify(422, body, function=ORDERS, secrets=["s3cr3t"]).sentence.endswith("x***")


def test_it_masks_an_id_that_is_a_secret():
    assert classify(404, b"", function=ORDER, subject="s3cr3t", secrets=["s3cr3t"]).sentence == "ERP has no order ***"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("3600", 60),
        ("9" * 400, 60),
        ("0", 0),
        ("Thu, 21 Aug 2025 08:00:30 GMT", 30),
        ("Thu, 21 Aug 2025 09:00:00 GMT", 60),
        ("Thu, 21 Aug 2025 07:00:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("", None),
        (None, None),
    ],
)
def test_it_reads_retry_after_as_seconds_or_date_up_to_a_minute(header, seconds):
    assert pause_s(header, datetime(2025, 8, 21, 8, tzinfo=UTC)) == seconds
