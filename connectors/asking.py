"""One connector asks another what that one answers to storefronts, found by what it answers and never by its name.

A checkout that asks for rates is served by whichever connector knows them. Not for jobs: what may wait is an event.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.db import DatabaseError, InterfaceError

from connectors import lookups
from connectors.api.problems import Problem
from connectors.api.questions import checked
from connectors.base import Answer, Lookup
from connectors.exceptions import ConfigurationError, RemoteUnavailable
from connectors.models import Connector
from connectors.run import Run

AT_ONCE = 3  # questions to one connector in one web process: a slow one must leave threads for the other askers
WAIT_S = 0.3  # for a place, where the questions under way have only just been asked
SLOW_S = 0.5  # a question under way for longer: whoever waits behind it would wait in vain


class _Gate:
    """Who asks one connector at the moment, by the time he began."""

    def __init__(self) -> None:
        self.began: list[float] = []
        self.condition = threading.Condition()

    def enter(self) -> float | None:
        """The time a place was taken, to be given back; ``None`` where there is none in time."""
        ends_at = time.monotonic() + WAIT_S
        with self.condition:
            while len(self.began) >= AT_ONCE:
                rest_s = ends_at - time.monotonic()
                if rest_s <= 0 or time.monotonic() - self.began[0] > SLOW_S:
                    return None
                self.condition.wait(rest_s)
            now = time.monotonic()
            self.began.append(now)
            return now

    def leave(self, began: float) -> None:
        with self.condition:
            self.began.remove(began)
            self.condition.notify()


_gates: dict[int, _Gate] = {}
_gates_guard = threading.Lock()


@contextmanager
def _place(connector: Connector) -> Iterator[None]:
    """Raises ``RemoteUnavailable`` (busy) where too many ask already."""
    with _gates_guard:
        gate = _gates.setdefault(connector.pk, _Gate())
    began = gate.enter()
    if began is None:
        raise RemoteUnavailable(f"{connector} answers too slowly at the moment; it was not asked.", code="busy")
    try:
        yield
    finally:
        gate.leave(began)


def able(capability: str) -> list[Connector]:
    """Connectors whose provider answers such questions, in order of name."""
    return [one for one in Connector.objects.order_by("name") if _lookup(one, capability) is not None]


def ask(run: Run, slug: str, capability: str, given: Mapping[str, Any], *, budget_s: float) -> Answer:
    """The other connector's neutral answer to ``given``, the parameters as a storefront would post them.

    It is an event of that connector, written after the answer of ``run`` has left and hung below the event of ``run``: it
    holds what that one holds of a person, and is erased with it. Raises ``ConfigurationError`` where
    no such connector is, or it does not answer such questions, ``RemoteUnavailable`` (busy) where it is not asked because
    questions before this one are still waiting; ``available`` false says that it could not answer."""
    try:
        connector = Connector.objects.filter(slug=slug).first()
    except (DatabaseError, InterfaceError) as error:
        raise RemoteUnavailable("The hub's own database did not answer in time.", code="database") from error
    if connector is None:
        raise ConfigurationError(f"There is no connector “{slug}”.", code="no_source")
    lookup = _lookup(connector, capability)
    if lookup is None:
        raise ConfigurationError(f"{connector} does not answer such questions ({capability}).", code="no_source")
    if not lookup.is_on(connector.load_settings()):
        raise ConfigurationError(f"{lookup.label} is switched off at {connector}.", code="function_off")
    try:
        params = checked(lookup.params, given, is_json=True)
    except Problem as problem:
        wrong = "; ".join(f"{one.field}: {one.message}" for one in problem.errors)
        raise ConfigurationError(f"{connector} cannot be asked this ({wrong}).", code="not_askable") from problem
    shorter = replace(lookup, budget_s=min(lookup.budget_s, budget_s))
    with _place(connector):
        found, _ = lookups.answer(connector, shorter, params, asked_by=str(run.connector), later=run.afterwards.append)
    return found


def _lookup(connector: Connector, capability: str) -> Lookup | None:
    try:
        declared = connector.provider.lookups
    except LookupError:
        return None
    return next((one for one in declared if one.capability == capability), None)
