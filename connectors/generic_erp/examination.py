"""The contract check as it is run: every configured endpoint is called, and its answer held against the contract.

``contract`` judges an answer; this module asks for it. Also the preview of a field map on an answer stored earlier.
"""

from __future__ import annotations

import json
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.base import Preview
from connectors.exceptions import ConfigurationError, HubError, Skip
from connectors.generic_erp import outcomes
from connectors.generic_erp.answers import READERS, read_answer
from connectors.generic_erp.auth import credential_texts
from connectors.generic_erp.client import NotFound
from connectors.generic_erp.contract import ERROR, check_answer
from connectors.generic_erp.functions import FUNCTIONS, SHIPPING_METHODS, TAXES, Function
from connectors.generic_erp.reading import FORM, Asked, Reader
from connectors.generic_erp.trial import Trial

if TYPE_CHECKING:
    from connectors.generic_erp.settings import GenericErpSettings
    from connectors.run import Run

SHOW_DEVIATIONS = (
    "Show this to the developer of the ERP's API. What is only named differently can be put into the field map."
)
MADE_UP = "The basket was made up, because no order of the test customer could be read: the ERP may not know its item."


def check_contract(run: Run) -> list[dict[str, Any]]:
    """A row for each of the seven functions; see ``connectors.contracts``. Raises ``ConfigurationError``
    where there is nobody to ask for."""
    trial = Trial(run.client)
    if not trial.code:
        raise ConfigurationError(
            "The contract cannot be checked: no account number for tests is entered.",
            next_step="Enter the account number of a customer with orders and invoices on the connector's page.",
        )
    return [_row(run, trial, function) for function in FUNCTIONS]


def _row(run: Run, trial: Trial, function: Function) -> dict[str, Any]:
    row: dict[str, Any] = {
        "endpoint": function.url(run.settings), "label": function.label, "result": "off", "sentence": "",
        "next_step": "", "deviations": [], "duration_ms": 0,
    }  # fmt: skip
    if not function.is_on(run.settings):
        return {**row, "sentence": "Off: its URL is not filled in."}
    try:
        question = trial.question(function)
    except Skip as skip:
        return {**row, "sentence": skip.sentence}
    started = time.monotonic()
    try:
        answer = run.client.ask(function, question.body, subject=question.subject)
        took = int((time.monotonic() - started) * 1000)
    except HubError as error:
        took = int((time.monotonic() - started) * 1000)
        is_made_up = function in (TAXES, SHIPPING_METHODS) and trial.is_basket_made_up
        hint = f" {MADE_UP}" if is_made_up and error.code == outcomes.REJECTED else ""
        next_step = SHOW_DEVIATIONS if error.code == outcomes.BAD_RESPONSE else error.next_step
        return {**row, **_failure(error.sentence + hint, next_step), "duration_ms": took}
    if isinstance(answer, NotFound):
        although = ", though its own list names it" if function.is_by_id else ""
        failure = _failure(answer.sentence + although, outcomes.NEXT_STEPS[outcomes.REJECTED])
        return {**row, **failure, "duration_ms": took}
    found = check_answer(function, answer, question.asked, run.settings)
    trial.learn(function, answer, question.asked)
    deviations = [{"field": d.path, "text": d.as_dict()["sentence"], "severity": d.level} for d in found]
    result = "ok" if not found else "failed" if any(d.level == ERROR for d in found) else "remarks"
    next_step = SHOW_DEVIATIONS if result == "failed" else ""
    return {**row, "result": result, "deviations": deviations, "duration_ms": took, "next_step": next_step}


def _failure(sentence: str, next_step: str) -> dict[str, Any]:
    deviation = {"field": "", "text": sentence, "severity": ERROR}
    return {"result": "failed", "deviations": [deviation], "next_step": next_step}


def preview_answer(settings: GenericErpSettings, topic: str, request: bytes, answer: bytes) -> Preview:
    """What the reader makes of a stored answer with these settings: the data, remarks, and every error that would have
    made the answer unusable. Raises nothing: an answer that is not JSON is an error like any other."""
    function = next(one for one in FUNCTIONS if one.topic == topic)
    try:
        parsed = outcomes.parsed(answer)
    except ValueError:
        return Preview(errors=["ERP answer is not valid JSON"], is_usable=False)
    asked = _asked(function, request)
    try:
        read_answer(function, parsed, asked, settings)
        is_usable = True
    except HubError:
        is_usable = False
    reader = Reader(function.name, settings, collects=True)
    data = READERS[function.name](reader, parsed, asked)
    secrets = credential_texts(settings)
    errors = [outcomes.masked(one.sentence, secrets) for one in reader.findings if one.is_error]
    remarks = [
        outcomes.masked(one.sentence, secrets) for one in reader.findings if not one.is_error and one.code != FORM
    ]
    if outcomes.has_error(parsed):
        remarks.insert(0, f"The answer carries an error: {outcomes.error_sentence(parsed, secrets)}")
    notes, faults = list(dict.fromkeys(remarks)), list(dict.fromkeys(errors))
    return Preview(data=data, is_usable=is_usable, notes=notes, errors=faults)


def _asked(function: Function, request: bytes) -> Asked:
    """What the stored request asked for, as far as an answer is judged by it."""
    try:
        body = json.loads(request, parse_float=Decimal)
        if function is TAXES:
            head, lines = body["request"]["header"], body["request"]["lines"]
            total = sum((Decimal(line["line_amount"]) for line in lines), Decimal(0))
            return Asked(customer_code=head["customer_code"], basket_total=total)
        return Asked(
            customer_code=body["customer_code"],
            document_id=body.get(f"{function.missing}_id", ""),
            page=int(body.get("current_page", 1)),
            per_page=int(body.get("per_page", 20)),
        )
    except (ValueError, KeyError, TypeError, ArithmeticError):
        return Asked(customer_code="")
