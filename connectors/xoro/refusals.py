"""What Xoro's refusals mean: duplicates, unknown items, wave errors, names that were changed, routes a tenant lacks.

The codes are the connector's settings, because the vendor publishes none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from connectors.exceptions import ConfigurationError, HubError, RemoteRefused, RemoteUnauthorised, WaitFor

if TYPE_CHECKING:
    from connectors.records import Order
    from connectors.run import Run
    from connectors.xoro.settings import XoroSettings

# Codes of failures after which a write certainly was not done: it never left, or Xoro said that it did nothing.
NOT_DONE = frozenset({"dns", "connect", "tls", "throttled"})
NEVER_DONE = (RemoteRefused, RemoteUnauthorised, ConfigurationError, WaitFor)  # errors after which it was not either
ANSWER_TOO_LARGE = "too_large"  # of the HTTP client: the write was done, only its answer was not read
NO_ROUTE = "route"  # of the envelope: 400, 404 or 405
RENAMED = re.compile(r"\b(account|store|location|customer|carrier|term)s? not found", re.IGNORECASE)


def is_duplicate(error: RemoteRefused, settings: XoroSettings) -> bool:
    return error.code in settings.duplicate_codes or "duplicate" in error.sentence.lower()


def is_wave_error(error: RemoteRefused, settings: XoroSettings) -> bool:
    return error.code in settings.wave_error_codes


def has_no_route(error: HubError) -> bool:
    return isinstance(error, ConfigurationError) and error.code == NO_ROUTE


def named_skus(error: RemoteRefused, skus: Iterable[str], settings: XoroSettings) -> frozenset[str]:
    """The SKUs a refusal names as unknown."""
    if error.code not in settings.unknown_item_codes:
        return frozenset()
    return frozenset(sku for sku in skus if re.search(rf"(?<![\w-]){re.escape(sku)}(?![\w-])", error.sentence))


def explained(error: RemoteRefused) -> RemoteRefused:
    """The same refusal, saying what to do about a name Xoro does not know."""
    if found := RENAMED.search(error.sentence):
        error.next_step = (
            f"The {found[1].lower()} has another name in Xoro now, or none: select it again on the connector's page, "
            "then press Retry."
        )
    return error


def wave_failure(error: RemoteRefused, what: str, settings: XoroSettings) -> RemoteRefused:
    """A wave that could not be made: run again some minutes later where the connector says so, by the vendor's code; else
    left to a person."""
    is_rerun = settings.rerun_wave_errors and settings.import_enabled
    later = "The hub runs it again in a few minutes. If it lasts, make" if is_rerun else "Make"
    return RemoteRefused(
        f"Xoro could not make a wave for {what}: {error.sentence}",
        code=error.code,
        next_step=f"{later} stock or payment good in Xoro, then press Retry.",
        status=error.status,
        request_id=error.request_id,
    )


def manual_task(sentence: str, next_step: str, error: HubError | None = None) -> RemoteRefused:
    """What the tenant has no route for: a task for a person, named in full."""
    return RemoteRefused(
        sentence,
        code="manual_task",
        next_step=f"{next_step} Then mark this event resolved.",
        status=error.status if error else None,
        request_id=error.request_id if error else "",
    )


def unknown_skus_of(run: Run, order: Order, error: RemoteRefused) -> frozenset[str]:
    """The SKUs of the order that a refusal names as unknown, where the default SKU may stand in. A refusal says that
    nothing was created, so that sending again is safe; asking for each item first could take throttling for absence."""
    settings = run.settings
    named = named_skus(error, {line.sku for line in order.lines if line.sku}, settings)
    if settings.use_default_sku_if_unknown and settings.default_sku:
        return named
    if error.code in settings.unknown_item_codes:
        error.next_step = "Create the item in Xoro or allow the default SKU on the connector's page, then press Retry."
    return frozenset()
