"""The declaration of Xoro ERP, put together from ``declarations/``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.areas import listed, merged
from connectors.base import Budget, Provider, SandboxSpec
from connectors.xoro import bankdeposits, sandbox, scheduling
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
    checks=(*CHECKS, *listed(AREAS, "CHECKS")),
    probe=probe,
    handlers=merged(AREAS, "HANDLERS"),
    spawns=merged(AREAS, "SPAWNS"),
    syncs=merged(AREAS, "SYNCS"),
    singles=merged(AREAS, "SINGLES"),
    periods=merged(AREAS, "PERIODS"),
    emits=listed(AREAS, "EMITS"),
    accepts=merged(AREAS, "ACCEPTS"),
    lookups=listed(AREAS, "LOOKUPS"),
    panels=listed(AREAS, "PANELS"),
    assumptions=ASSUMPTIONS,
    names=NAMES,
    mappings=listed(AREAS, "MAPPINGS"),
    may_change=may_change,
    retries=scheduling.RETRIES,
    tones=bankdeposits.TONES,
    starts_at=scheduling.starts_at,
    mail_policy=scheduling.mail_policy,
    budget=Budget(concurrency=1, per_second=4, rests=True),  # calls side by side trip the tenant's throttling
    pace=lambda settings: 1000 / settings.pause_ms if settings.pause_ms else 0,
    sandbox=SandboxSpec(prefix="xoro", application=sandbox.application, settings=sandbox.settings_for),
)
