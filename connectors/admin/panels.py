"""The parts of a connector's page only its provider can fill. One that breaks says so in its place; the others stand.

Each is drawn from what the hub keeps: a remote call is refused, and a query has a limit of time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from django.db import connection, transaction

from connectors.base import Cell, Panel, Provider, Table, Text
from connectors.exceptions import ConfigurationError, HubError
from connectors.models import Connector
from connectors.registry import UnknownProvider
from connectors.run import Run

log = structlog.get_logger(__name__)

ROWS_SHOWN = 500
PATIENCE_MS = 3000
TONES = {"good": "ok", "warn": "warn", "bad": "bad"}


@dataclass(frozen=True)
class ShownTable:
    title: str
    columns: list[str]
    rows: list[list[dict[str, Any]]]
    empty: str
    is_cut: bool = False

    @property
    def has_head(self) -> bool:
        return any(self.columns)

    text: str = ""  # to be copied; then there are no rows


@dataclass
class ShownPanel:
    """``problem``: the sentence in place of its tables."""

    name: str
    label: str
    help: str
    syncs: list[dict[str, str]] = field(default_factory=list)
    tables: list[ShownTable] = field(default_factory=list)
    problem: str = ""


def shown(connector: Connector, provider: Provider | None, *, sees_addresses: bool = True) -> list[ShownPanel]:
    """Every panel of the connector, in the order its provider declares them. Who may not see its inbound addresses sees
    none here either: they are as good as a password in part."""
    if provider is None or not provider.panels:
        return []
    try:
        run = Run(connector, None)
    except ConfigurationError as error:
        return [_empty(panel, provider, error.sentence) for panel in provider.panels]
    run.ends_at = 0.0  # whatever would be sent from here has run out of time before it leaves
    panels = [_panel(run, panel, provider) for panel in provider.panels]
    if sees_addresses:
        return panels
    # The one before works for some days more.
    secrets = [one for one in (connector.webhook_token, connector.previous_webhook_token) if one]
    return [_without(secrets, panel) for panel in panels]


def left_behind(connector: Connector) -> list[str]:
    """What stays in the remote system when the connector is deleted, in its provider's words."""
    try:
        leaves = connector.provider.leaves
        if leaves is None:
            return []
        run = Run(connector, None)
        run.ends_at = 0.0
        with _in_time():
            return [run.redactor.text(one) for one in leaves(run)]
    except (UnknownProvider, HubError):  # a connector nobody can use any more is deleted all the same
        return []
    except Exception:  # a provider's bug keeps nobody from deleting; the page says that something could not be told
        log.exception("remains_not_told", connector_id=connector.pk)
        return ["What stays in the remote system could not be told; the hub's log says why."]


@contextmanager
def _in_time() -> Iterator[None]:
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = {PATIENCE_MS}")
            yield
    finally:
        if connection.in_atomic_block:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = DEFAULT")


def _without(secrets: list[str], panel: ShownPanel) -> ShownPanel:
    for secret in secrets:
        for cell in (cell for table in panel.tables for row in table.rows for cell in row):
            cell["text"] = cell["text"].replace(secret, "…")
            if secret in cell["href"]:
                cell["href"] = ""
        panel.tables = [replace(table, text=table.text.replace(secret, "…")) for table in panel.tables]
        panel.problem = panel.problem.replace(secret, "…")
    return panel


def _panel(run: Run, panel: Panel, provider: Provider) -> ShownPanel:
    made = _empty(panel, provider)
    try:
        with _in_time():
            made.tables = [_table(one) for one in panel.function(run)]
    except HubError as error:
        made.problem = run.redactor.text(error.sentence)
    except Exception:  # one panel's bug or slow query takes no page away
        log.exception("panel_failed", connector_id=run.connector.pk, panel=panel.name)
        made.problem = "This part could not be drawn. The hub's log says why; the rest of the page is complete."
    return made


def _empty(panel: Panel, provider: Provider, problem: str = "") -> ShownPanel:
    syncs = [{"name": name, "label": provider.syncs[name].label} for name in panel.syncs if name in provider.syncs]
    return ShownPanel(panel.name, panel.label, panel.help, syncs, problem=problem)


def _table(table: Table | Text) -> ShownTable:
    if isinstance(table, Text):
        return ShownTable(table.title, [], [], "", text=table.content)
    rows = [[_cell(one) for one in row] for row in table.rows[:ROWS_SHOWN]]
    empty = table.empty or "There is nothing here."
    return ShownTable(table.title, list(table.columns), rows, empty, len(table.rows) > ROWS_SHOWN)


def _cell(one: str | Cell) -> dict[str, Any]:
    cell = one if isinstance(one, Cell) else Cell(text=str(one))
    href = cell.href if cell.href.startswith(("https://", "http://", "/", "?", "#")) else ""
    return {
        "text": cell.text,
        "tone": TONES.get(cell.tone, ""),
        "href": href,
        "is_outside": href.startswith("http"),
        "at": cell.at,
    }
