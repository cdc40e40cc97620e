"""What is asked of every delivery before its handler runs: that it is from this connector's shop, and speaks its version.

An app's secret is the same in every shop that has the app: the signature, checked at the door, does not tell shops apart.
Not for events the hub made itself: those have no headers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from connectors.base import Handler
from connectors.exceptions import ConfigurationError
from connectors.shopify import webhooks
from connectors.shopify.subscriptions import warn_version

if TYPE_CHECKING:
    from connectors.run import Run


def guarded(handlers: Mapping[str, Handler]) -> dict[str, Handler]:
    """The same handlers, none of which runs for another shop's delivery."""
    return {topic: replace(one, function=_guarded(one.function)) for topic, one in handlers.items()}


def _guarded(function: Callable[[Run], str | None]) -> Callable[[Run], str | None]:
    def handle(run: Run) -> str | None:
        check(run)
        return function(run)

    return handle


def check(run: Run) -> None:
    """Raises ``ConfigurationError`` where the delivery names another shop; warns of another API version."""
    named = run.headers.get(webhooks.SHOP, "")
    if named and named.lower() != run.settings.shop_domain.lower():
        raise ConfigurationError(
            f"This delivery comes from the shop {named}, but the connector is for {run.settings.shop_domain}.",
            next_step=f"Remove this connector's address from the webhooks of {named}, then mark the event resolved.",
            code="wrong_shop",
        )
    version = run.headers.get(webhooks.API_VERSION, "")
    if version and version != run.settings.api_version:
        run.note(
            "payload_version", f"The delivery came in API version {version}; the object is read by the API anyway."
        )
        warn_version(run, version)
