"""The lines of *Test connection*: every address, the credential, and one real question to each function.

Each is a harmless read for the customer named in the settings; without one only the addresses are tried.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from connectors.base import Check
from connectors.exceptions import ConfigurationError, HubError, RemoteRefused, RemoteUnauthorised, Skip
from connectors.generic_erp.client import NotFound
from connectors.generic_erp.functions import FUNCTIONS, TAXES, Function
from connectors.generic_erp.outcomes import AUTH, NEXT_STEPS
from connectors.generic_erp.trial import NO_CUSTOMER, Trial

if TYPE_CHECKING:
    from connectors.generic_erp.settings import GenericErpSettings
    from connectors.run import Run

ENTER_CUSTOMER = "Enter an account number for tests on the connector's page, then test again."
# What one test has learnt so far: ids and a basket are read once.
_trials: WeakKeyDictionary[Run, Trial] = WeakKeyDictionary()


def trial_of(run: Run) -> Trial:
    return _trials.setdefault(run, Trial(run.client))


def functions_on(settings: GenericErpSettings) -> list[Function]:
    return [function for function in FUNCTIONS if function.is_on(settings)]


def check_addresses(run: Run) -> str:
    """Name, connection and TLS of every host, once each."""
    hosts: dict[str, Function] = {}
    for function in functions_on(run.settings):
        hosts.setdefault(urlsplit(function.url(run.settings)).netloc, function)
    if not hosts:
        raise ConfigurationError(
            "No URL is filled in, so that every function is off.",
            next_step="Enter the URL of at least one function on the connector's page.",
        )
    for function in hosts.values():
        run.client.reach(function)
    is_plain = any(function.url(run.settings).startswith("http:") for function in hosts.values())
    return f"{', '.join(hosts)} can be reached{' by plain http, as a sandbox may' if is_plain else ' with TLS'}."


def check_credential(run: Run) -> str:
    """Any answer but 401 and 403 shows that the ERP knows the credential."""
    trial = trial_of(run)
    function, question = _first(trial)
    try:
        run.client.ask(function, question.body, subject=question.subject)
    except RemoteUnauthorised as error:
        raise RemoteUnauthorised(error.sentence, code=AUTH, next_step=NEXT_STEPS[AUTH]) from error
    except HubError as error:
        if error.status is None:
            raise
        return f"The ERP did not refuse the credential, but {function.label} failed: see its own line."
    if not run.settings.token:
        return "The ERP answers without a credential: Token is blank."
    return "The ERP accepts the credential."


def check_function(function: Function) -> Callable[[Run], str]:
    """The function is asked, and its answer read as it would be for a shopper."""

    def check(run: Run) -> str:
        trial = trial_of(run)
        if not trial.code:
            status = run.client.reach(function)
            if status in (404, 410):
                raise RemoteRefused(f"ERP endpoint not found ({status})", next_step="Correct the URL, then test again.")
            return f"The address answers ({status}). {NO_CUSTOMER}"
        question = trial.question(function)
        answer = run.client.ask(function, question.body, subject=question.subject)
        if isinstance(answer, NotFound):
            raise RemoteRefused(f"{answer.sentence}{_although(function)}", next_step=_missing_step(function))
        reading = run.client.read(function, answer, question.asked)
        trial.learn(function, answer, question.asked)
        for note in reading.notes:
            run.note(note.code, note.text)
        count = len(reading.notes)
        remarks = f" {count} {'remark' if count == 1 else 'remarks'}: {reading.notes[0].text}" if count else ""
        return f"{_found(function, reading.data)}{remarks}"

    return check


def probe(run: Run) -> object:
    """Whether the ERP works again: the first function that can be asked, or else its address."""
    trial = Trial(run.client)
    if not trial.code:
        return [run.client.reach(function) for function in functions_on(run.settings)[:1]]
    function, question = _first(trial)
    return run.client.ask(function, question.body, subject=question.subject)


def _first(trial: Trial) -> tuple[Function, Any]:
    """The first function that needs nothing from another one. Raises ``Skip`` where there is none."""
    for function in functions_on(trial.settings):
        try:
            return function, trial.question(function)
        except Skip as skip:
            if not trial.code:
                raise Skip(skip.sentence, code=skip.code) from skip
    raise Skip("Not checked: no function is on that can be asked without an id.", code="nothing_to_ask")


def _found(function: Function, data: dict[str, Any]) -> str:
    if "page" in data:
        rows, total = data[function.name], data["page"]["total"]
        return f"{len(rows)}{f' of {total}' if total is not None else ''} {function.name} read."
    if function.missing == "account":
        return "The balance was read."
    if function.missing:
        return f"{function.missing.capitalize()} {data[function.missing][f'{function.missing}_number']} was read."
    if function is TAXES:
        return f"The tax of a sample basket was read: {data['salestax_amount']} {data['currency']}."
    count = len(data["shipping_methods"])
    return f"{count} shipping {'method was' if count == 1 else 'methods were'} read for a sample basket."


def _although(function: Function) -> str:
    return ", though its own list names it" if function.is_by_id else ""


def _missing_step(function: Function) -> str:
    if function.is_by_id:
        return "Show this to the developer of the ERP's API: by-id must know every id its list gives."
    return "Correct the account number for tests, or show this to the developer of the ERP's API."


CHECKS = (
    Check(name="addresses", label="DNS, connection and TLS", function=check_addresses),
    Check(
        name="credential",
        label="Credential",
        function=check_credential,
        applies=lambda settings: bool(settings.test_customer_code) and bool(functions_on(settings)),
        off=f"Not checked. {ENTER_CUSTOMER}",
    ),
    *(
        Check(
            name=function.name,
            label=function.label,
            function=check_function(function),
            applies=function.is_on,
            off="Off: its URL is not filled in.",
        )
        for function in FUNCTIONS
    ),
)
