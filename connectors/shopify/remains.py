"""What a deleted connector leaves behind in its shop, and how it is taken away before. Told from what the hub keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from connectors.shopify import carrier, watched
from connectors.shopify.phrases import counted

if TYPE_CHECKING:
    from connectors.run import Run


def leaves(run: Run) -> Sequence[str]:
    """A sentence each, with what to do."""
    return [*_service(run), *_subscriptions(run)]


def _service(run: Run) -> Sequence[str]:
    if not carrier.is_registered(run):
        return ()
    return (
        f"The carrier service “{run.settings.rates_name}”: checkouts go on asking an address that does not answer any "
        "more, and show the shop's backup rates. To have it removed, clear “Offer shipping rates at checkout” and run "
        "“Carrier service” before you delete the connector, or remove the app from the shop.",
    )


def _subscriptions(run: Run) -> Sequence[str]:
    count = sum(1 for one in watched.known(run).values() if one.get("is_present"))
    if not count:
        return ()
    return (
        f"{counted(count, 'webhook subscription')}: the shop goes on sending, is answered 404, and gives up by itself "
        "after some days. To end that at once, remove the app from the shop.",
    )
