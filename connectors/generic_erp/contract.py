"""The contract check for the ERP's developer: every deviation of an answer from the contract, in words.

It is the shopper's own reader, told to write everything down and go on, so that what the check passes is what the shop
can show. Pure functions over parsed JSON; asking the ERP is the caller's business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from connectors.generic_erp import outcomes
from connectors.generic_erp.answers import READERS
from connectors.generic_erp.auth import credential_texts
from connectors.generic_erp.functions import FUNCTIONS, Function
from connectors.generic_erp.reading import FORM, Asked, Finding, Reader

if TYPE_CHECKING:
    from connectors.generic_erp.settings import GenericErpSettings

ERROR = "error"
REMARK = "remark"


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """The first deviation of one field. ``level``: ``error`` breaks the contract, ``remark`` is tolerated.

    ``count``: how many times the field deviates in this way.
    """

    function: str
    level: str
    path: str
    sentence: str
    count: int = 1

    def as_dict(self) -> dict[str, str]:
        more = f" (and {self.count - 1} more)" if self.count > 1 else ""
        return {"function": self.function, "level": self.level, "path": self.path, "sentence": self.sentence + more}


def check_answer(
    function: Function, answer: Any, asked: Asked, settings: GenericErpSettings, *, now: datetime | None = None
) -> list[Deviation]:
    """The deviations of one parsed answer, errors first; empty where it follows the contract to the letter."""
    reader = Reader(function.name, settings, collects=True, now=now)
    if outcomes.has_error(answer):
        message = outcomes.error_sentence(answer)
        reader.note(outcomes.ERP_ERROR, "error", f"a successful answer with an error message: {message}", is_error=True)
    READERS[function.name](reader, answer, asked)
    return _firsts(function, reader.findings, credential_texts(settings))


def check_all(
    ask: Callable[[Function], tuple[Any, Asked]], settings: GenericErpSettings, *, now: datetime | None = None
) -> Mapping[str, list[Deviation]]:
    """Every function that is on, by name. ``ask`` makes the call and returns the parsed answer with what was asked.

    What ``ask`` raises is not caught: whether a failed call ends the check is for the caller to say.
    """
    found = {}
    for function in FUNCTIONS:
        if function.is_on(settings):
            answer, asked = ask(function)
            found[function.name] = check_answer(function, answer, asked, settings, now=now)
    return found


def _firsts(function: Function, findings: list[Finding], secrets: list[str]) -> list[Deviation]:
    groups: dict[tuple[str, bool, bool], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.field, finding.is_error, finding.code == FORM), []).append(finding)
    deviations = [
        Deviation(
            function=function.name,
            level=ERROR if group[0].is_error else REMARK,
            path=group[0].path,
            sentence=outcomes.masked(group[0].sentence, secrets),
            count=len(group),
        )
        for group in groups.values()
    ]
    return sorted(deviations, key=lambda deviation: deviation.level != ERROR)
