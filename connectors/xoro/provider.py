"""The declaration of Xoro ERP, put together from ``declarations/``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.base import Budget, Provider, SandboxSpec
from connectors.xoro import sandbox, scheduling
from connectors.xoro.assumptions import ASSUMPTIONS
from connectors.xoro.checks import CHECKS
from connectors.xoro.client import XoroClient
from connectors.xoro.declarations import catalogue, loop, operations, orders, payouts, returns, shipping, stock
from connectors.xoro.direction import may_change
from connectors.xoro.names import NAMES
from connectors.xoro.settings import XoroSettings

if TYPE_CHECKING:
    from connectors.run import Run

AREAS = (orders, shipping, returns, payouts, loop, catalogue, stock, operations)


def _merged(name: str) -> dict[Any, Any]:
    """One table of all areas."""
    return {key: one for area in AREAS for key, one in getattr(area, name, {}).items()}


def _listed(name: str) -> tuple[Any, ...]:
    """One list of all areas."""
    return tuple(one for area in AREAS for one in getattr(area, name, ()))


def probe(run: Run) -> object:
    """Whether Xoro works again: one released order."""
    return run.client.first_sales_order()


provider = Provider(
    slug="xoro",
    label="Xoro ERP",
    description="Takes orders, refunds, gift cards and payouts; gives shipments, stock, products and invoices.",
    documentation="https://xorosoft.docs.apiary.io/",
    settings=XoroSettings,
    client=XoroClient,
    checks=(*CHECKS, *_listed("CHECKS")),
    probe=probe,
    handlers=_merged("HANDLERS"),
    spawns=_merged("SPAWNS"),
    syncs=_merged("SYNCS"),
    singles=_merged("SINGLES"),
    emits=_listed("EMITS"),
    accepts=_merged("ACCEPTS"),
    lookups=_listed("LOOKUPS"),
    panels=_listed("PANELS"),
    assumptions=ASSUMPTIONS,
    names=NAMES,
    mappings=_listed("MAPPINGS"),
    may_change=may_change,
    retries=scheduling.RETRIES,
    starts_at=scheduling.starts_at,
    mail_policy=scheduling.mail_policy,
    budget=Budget(concurrency=1, per_second=4, rests=True),  # calls side by side trip the tenant's throttling
    pace=lambda settings: 1000 / settings.pause_ms if settings.pause_ms else 0,
    sandbox=SandboxSpec(prefix="xoro", application=sandbox.application, settings=sandbox.settings_for),
)
