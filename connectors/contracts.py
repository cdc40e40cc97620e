"""Contract check: a provider calls each configured endpoint and says, in words, where an answer leaves the contract.

Like a connection test it leaves an event, with the requests it made. A provider's ``contract_check`` returns a row for
each endpoint: ``endpoint`` (its address), ``label``, ``result`` (ok, remarks, failed, off), ``sentence`` and
``next_step`` where there is something to say, ``deviations`` (``field``, ``text``, ``severity``: error or remark) and
``duration_ms``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from connectors.checking import new_trace
from connectors.exceptions import ConfigurationError, HubError
from connectors.models import Connector
from connectors.recording import ListRecorder
from connectors.run import Run
from events import exchanges
from events.models import Event, Kind, Outcome, Priority, Reason
from events.record import New, record

BUDGET_S = 120.0
TONES = {
    "ok": "ok", "passed": "ok", "pass": "ok", "off": "idle", "skipped": "idle", "remark": "warn", "remarks": "warn",
    "warning": "warn",
}  # fmt: skip
KNOWN = {"function", "label", "result", "level", "deviations", "path", "sentence", "duration_ms", "next_step"}


@dataclass(frozen=True)
class Row:
    """One endpoint, or one deviation of it. ``tone`` ok, warn, bad or idle; ``more`` is whatever else was said."""

    endpoint: str
    result: str
    tone: str
    sentence: str = ""
    next_step: str = ""
    deviations: list[str] = field(default_factory=list)
    duration_ms: int | None = None
    more: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class ContractReport:
    rows: list[Row]
    event_id: int

    @property
    def is_ok(self) -> bool:
        return all(row.tone != "bad" for row in self.rows)


def check_contract(connector: Connector, *, by: str) -> ContractReport:
    """Run the provider's contract check and record it. Raises ``ConfigurationError`` where there is none or the
    settings do not load."""
    check = connector.provider.contract_check
    if check is None:
        raise ConfigurationError(f"{connector.provider.label} has no contract check.")
    started = time.monotonic()
    trace_id = new_trace()
    recorder = ListRecorder(trace_id=trace_id)
    run = Run(connector, None, recorder=recorder, budget_s=BUDGET_S)
    try:
        rows = [_row(one, run) for one in check(run)]
    except HubError as error:
        rows = [Row("", "failed", "bad", run.redactor.text(error.sentence), run.redactor.text(error.next_step))]
    bad = [row for row in rows if row.tone == "bad"]
    with transaction.atomic():
        made = record(
            New(
                kind=Kind.CHECK,
                topic="contract/check",
                connector_id=connector.pk,
                connector_name=connector.name,
                provider=connector.provider_slug,
                outcome=Outcome.FAILED if bad else Outcome.SUCCEEDED,
                reason=Reason.PAYLOAD if bad else "",
                priority=Priority.MANUAL,
                sentence=_summary(rows, bad),
                next_step="Show the deviations to the developer of the remote system." if bad else "",
                triggered_by=by,
                trace_id=trace_id,
                payload=json.dumps({"rows": [vars(row) for row in rows]}).encode(),
                expects_request=bool(recorder.exchanges),
            )
        )
        event = Event.objects.only("received_at").get(pk=made.event_id)
        exchanges.write_all(made.event_id, event.received_at, recorder.exchanges)
        took_ms = int((time.monotonic() - started) * 1000)
        Event.objects.filter(pk=made.event_id).update(notes=run.notes, duration_ms=took_ms, attempts=1)
    return ContractReport(rows, made.event_id)


def _summary(rows: list[Row], bad: list[Row]) -> str:
    if not rows:
        return "No endpoint is configured, so there was nothing to check."
    asked = [row for row in rows if row.tone != "idle"]
    if not asked:
        return "No endpoint could be asked, so nothing was checked."
    if not bad:
        return f"All {len(asked)} endpoints that were asked follow the contract."
    first = bad[0].deviations[0] if bad[0].deviations else bad[0].sentence
    where = f"{bad[0].endpoint}: " if bad[0].endpoint else ""
    return f"{len(bad)} of {len(asked)} endpoints leave the contract: {where}{first}"


def _row(one: Mapping[str, Any], run: Run) -> Row:
    text = run.redactor.text
    result = str(one.get("result") or one.get("level") or "ok")
    deviations = [text(_deviation(d)) for d in one.get("deviations") or ()]
    sentence = text(": ".join(str(one[k]) for k in ("path", "sentence") if one.get(k)))
    hidden = KNOWN if one.get("label") else KNOWN | {"endpoint"}
    return Row(
        endpoint=str(one.get("label") or one.get("endpoint") or one.get("function") or ""),
        result=result,
        tone=TONES.get(result.lower(), "bad"),
        sentence=sentence,
        next_step=text(str(one.get("next_step") or "")),
        deviations=deviations,
        duration_ms=one.get("duration_ms"),
        more=[(k.replace("_", " "), text(str(v))) for k, v in one.items() if k not in hidden and v not in (None, "")],
    )


def _deviation(one: Any) -> str:
    if not isinstance(one, Mapping):
        return str(one)
    if one.get("text"):
        return f"{one['text']}{' (tolerated)' if one.get('severity') == 'remark' else ''}"
    return ": ".join(str(one[key]) for key in ("path", "sentence") if one.get(key)) or str(dict(one))
