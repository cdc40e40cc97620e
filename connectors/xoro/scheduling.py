"""When the connector works by itself, what it leaves out, and whom it tells: settings in the hub's own terms.

https://shop-docs.xorosoft.io/getting-started/configuring-settings/import-settings (checked 2026-11-20); pauses, digests
and what is tried again are ours.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from connectors import rerun
from connectors.base import Retries
from connectors.xoro.settings_notifications import DAILY, EACH_RUN
from events.host import MailPolicy
from events.interval import Interval

if TYPE_CHECKING:
    from connectors.run import Run
    from connectors.xoro.settings import XoroSettings

PAUSES_S = (60.0, 300.0, 900.0, 3600.0)
WAVE_REST_S = 300.0
# Failures no batch can mend: a document there contradicts the record, or somebody must act at the other side.
FOR_PEOPLE = frozenset({
    "cancelled_there", "change_not_applied", "credited_by_return", "failed_after_deposit", "gone", "in_warehouse",
    "ended_after_rma", "ended_in_doubt", "manual_task", "memo_short", "no_invoice", "no_order", "not_in_full",
    "unshipped_part", "voided_there",
})  # fmt: skip
DIGEST_AT = 7 * 60  # minute of the day, by the shop's clock
AFTER_RUN = 2  # minutes that the rows of a run are given before they are told of
# What each choice of ``notify_on`` means: kinds of record, which topics of deliveries and syncs begin or end with.
KINDS = {
    "orders": ("order", "order_update", "refund", "refund_request", "return", "gift_card"),
    "fulfillments": (
        "shipment",
        "fulfillment",
        "shipped_order",
        "fulfillment_order",
        "fulfillment_move",
        "fulfillment_progress",
        "hold",
        "hold_release",
    ),
    "products": ("product", "stock", "inventory", "price"),
    "payouts": ("payout",),
}
OF_CONNECTION = frozenset({"unavailable", "timed_out", "unauthorised"})

RETRIES = Retries(pauses_s=PAUSES_S, most=lambda settings: settings.import_max_attempts)


def every(settings: XoroSettings) -> Interval:
    """The rhythm of the scheduler: ``hours:minutes`` at an offset, by the clock of the shop."""
    return Interval(
        minutes=settings.import_every_hours * 60 + settings.import_every_minutes,
        offset=settings.import_offset_minutes,
        zone=settings.import_time_zone,
        is_on=settings.import_enabled,
    )


def every_few_minutes(settings: XoroSettings) -> Interval:
    """When wave errors are looked for, if they are to be tried again by themselves."""
    is_on = settings.import_enabled and settings.rerun_wave_errors
    return Interval(minutes=5, zone=settings.import_time_zone, is_on=is_on)


def every_return(settings: XoroSettings) -> Interval:
    """When returns of Loop are read: with each run of the scheduler, where they are to be."""
    return replace(every(settings), is_on=settings.import_enabled and settings.sync_third_party_returns)


def every_minute_of_returns(settings: XoroSettings) -> Interval:
    """When received returns are looked for, as the vendor's app does: within about a minute."""
    is_on = settings.import_enabled and settings.sync_third_party_returns
    return Interval(minutes=1, zone=settings.import_time_zone, is_on=is_on)


def starts_at(settings: XoroSettings) -> datetime | None:
    """The first moment of the integration's start date in the shop's zone; ``None``: nothing is too old."""
    if settings.import_start_date is None:
        return None
    return datetime.combine(settings.import_start_date, time(), ZoneInfo(settings.import_time_zone)).astimezone(UTC)


def rerun_failed(run: Run) -> str:
    """Every failed transaction nobody resolved, once more with this batch; wave errors have a sync of their own."""
    waves = frozenset(run.settings.wave_error_codes) if run.settings.rerun_wave_errors else frozenset()
    return rerun.failed(run, never=FOR_PEOPLE | waves, batch=run.settings.import_batch_size)


def rerun_waves(run: Run) -> str:
    """Orders whose wave Xoro did not make, some minutes after they failed."""
    return rerun.failed(
        run, codes=run.settings.wave_error_codes, rest_s=WAVE_REST_S, batch=run.settings.import_batch_size
    )


def mail_policy(settings: XoroSettings) -> MailPolicy:
    """A digest with each run, each hour or each day. An account of a topic no choice names goes with the orders."""
    chosen = frozenset(settings.notify_on)

    def wants(topic: str, reason: str) -> bool:
        return cause_of(topic, reason) in chosen

    return MailPolicy(
        receiver=", ".join(settings.notify_recipients),
        digest=_digest(settings),
        least=settings.notify_min_errors,
        wants=wants,
    )


def cause_of(topic: str, reason: str) -> str:
    """Which choice of *Tell about* a failure belongs to, by its topic (``order/deliver``, ``sync:inventory``)."""
    if reason in OF_CONNECTION:
        return "connection"
    words = topic.replace(":", "/").split("/")
    named = {word.rstrip("s") for word in words}
    return next((cause for cause, kinds in KINDS.items() if named & set(kinds)), "orders")


def _digest(settings: XoroSettings) -> Interval:
    zone = settings.import_time_zone
    if settings.notify_mode == DAILY:
        return Interval(minutes=1440, offset=DIGEST_AT, zone=zone)
    minutes = settings.import_every_hours * 60 + settings.import_every_minutes
    if settings.notify_mode == EACH_RUN and minutes:
        return Interval(minutes=minutes, offset=settings.import_offset_minutes + AFTER_RUN, zone=zone)
    return Interval(minutes=60, zone=zone)
