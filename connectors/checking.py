"""Test connection: a provider's checks one after another, as a table for people and as an event for the record."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction

from connectors import budgets, naming
from connectors.base import Check
from connectors.exceptions import HubError, Skip
from connectors.host import health_worked
from connectors.models import Connector
from connectors.recording import ListRecorder
from connectors.run import Run
from events import exchanges
from events.models import Event, Kind, Outcome, Priority, Reason
from events.record import New, record

OPEN_ENDED = ("unchecked", "unsure")
COMPARE = "Compare the spelling with the remote system's own pages."  # nobody but a person can
BUDGET_S = 60.0  # of all checks together: an administrator waits


@dataclass(frozen=True)
class Line:
    """One line of the table. ``result`` is ok, failed, off (does not apply), unchecked (nobody can tell) or unsure (looked
    for and not seen, which proves nothing); ``duration_ms`` whole milliseconds."""

    name: str
    label: str
    result: str
    sentence: str
    next_step: str = ""
    duration_ms: int = 0


@dataclass(frozen=True)
class Report:
    """What a connection test found; ``event_id`` leads to its requests."""

    lines: list[Line]
    event_id: int

    @property
    def is_ok(self) -> bool:
        return all(line.result != "failed" for line in self.lines)


def check_connector(connector: Connector, *, by: str) -> Report:
    """Run every check of the connector's provider and record the test as an event. Raises nothing a remote causes."""
    started = time.monotonic()
    recorder = ListRecorder(trace_id="")
    try:
        run = Run(connector, None, recorder=recorder, budget_s=BUDGET_S)
    except HubError as error:
        lines = [Line("settings", "Settings", "failed", error.sentence, error.next_step)]
        return Report(lines, _record(connector, lines, recorder, notes=[], started=started, by=by))
    new = new_trace()
    recorder.trace_id = new
    lines = [_line(run, check) for check in (*connector.provider.checks, *naming.checks_of(connector))]
    if not lines:
        lines = [Line("none", "Checks", "off", f"{connector.provider.label} declares no checks.")]
    made = _record(connector, lines, recorder, notes=run.notes, started=started, by=by, trace_id=new)
    report = Report(lines, made)
    if report.is_ok and connector.pk:
        health_worked(connector.pk)
        budgets.resume(connector.pk)
    return report


def new_trace() -> str:
    return secrets.token_hex(16)


def _line(run: Run, check: Check) -> Line:
    if not check.applies(run.settings):
        return Line(check.name, check.label, "off", check.off)
    started = time.monotonic()
    try:
        sentence, result, next_step = check.function(run), "ok", ""
    except Skip as skip:
        is_open = skip.code in OPEN_ENDED
        sentence, result, next_step = skip.sentence, skip.code if is_open else "off", COMPARE if is_open else ""
    except HubError as error:
        sentence, result, next_step = error.sentence, "failed", error.next_step
    except Exception as error:  # a bug in one check must not hide the others' results
        sentence, result = f"The check itself failed ({type(error).__name__}).", "failed"
        next_step = "Report this to the hub's developers."
    took = int((time.monotonic() - started) * 1000)
    return Line(check.name, check.label, result, run.redactor.text(sentence), run.redactor.text(next_step), took)


def _record(
    connector: Connector,
    lines: list[Line],
    recorder: ListRecorder,
    *,
    notes: list[dict[str, Any]],
    started: float,
    by: str,
    trace_id: str = "",
) -> int:
    failures = [line for line in lines if line.result == "failed"]
    took_ms = int((time.monotonic() - started) * 1000)
    with transaction.atomic():
        made = record(
            New(
                kind=Kind.CHECK,
                topic="connection/test",
                connector_id=connector.pk,
                connector_name=connector.name,
                provider=connector.provider_slug,
                outcome=Outcome.FAILED if failures else Outcome.SUCCEEDED,
                reason=Reason.CONFIGURATION if failures else "",
                priority=Priority.MANUAL,
                sentence=(
                    f"{len(failures)} of {len(lines)} checks failed: {failures[0].sentence}"
                    if failures
                    else _passed(lines)
                ),
                next_step=failures[0].next_step if failures else "",
                triggered_by=by,
                trace_id=trace_id or new_trace(),
                payload=json.dumps({"checks": [asdict(line) for line in lines]}).encode(),
                expects_request=bool(recorder.exchanges),
            )
        )
        event = Event.objects.only("received_at").get(pk=made.event_id)
        exchanges.write_all(made.event_id, event.received_at, recorder.exchanges)
        Event.objects.filter(pk=made.event_id).update(notes=notes, duration_ms=took_ms, attempts=1)
    return made.event_id


def _passed(lines: list[Line]) -> str:
    unknown = sum(line.result in OPEN_ENDED for line in lines)
    kinds = "1 kind" if unknown == 1 else f"{unknown} kinds"
    more = f" Of {kinds} of names nobody can tell for sure." if unknown else ""
    return f"All {len(lines) - unknown} checks passed.{more}"


def run_probe(connector: Connector, recorder: ListRecorder | None = None) -> None:
    """The provider's harmless call, or its first applicable check. Raises ``HubError`` where it fails. Where there is
    nothing to ask, the next event is the probe."""
    recorder = recorder or ListRecorder(trace_id="")
    recorder.trace_id = new_trace()
    run = Run(connector, None, recorder=recorder, budget_s=20.0)
    provider = connector.provider
    calls: list[Callable[[Run], object]] = [provider.probe] if provider.probe is not None else []
    calls = calls or [check.function for check in provider.checks if check.applies(run.settings)]
    for call in calls:
        try:
            call(run)
        except Skip:  # switched off after all: ask the next one
            continue
        except HubError as error:
            error.sentence = run.redactor.text(error.sentence)
            raise
        return
