"""What is fixed once something was sent: the direction of products, because the other side's would be written over, and
the account name, because every document carries it in its reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connectors.records import GiftCard, Order, Payout, Product, Refund, Return
from connectors.routing import was_moved
from connectors.xoro.settings_products import DIRECTIONS

if TYPE_CHECKING:
    from connectors.models import Connector

REFERENCED = (Order, Refund, Return, GiftCard, Payout)


def may_change(connector: Connector, old: Any, new: Any) -> Mapping[str, str]:
    """See ``Provider.may_change``."""
    found: dict[str, str] = {}
    if old.product_direction != new.product_direction and was_moved(connector.pk, Product.kind):
        said = dict(DIRECTIONS)[old.product_direction]
        found["product_direction"] = (
            f"Products were sent already, so that the direction stays “{said}”. To turn it round, install a further "
            "connector for this tenant."
        )
    if old.account_name != new.account_name and any(was_moved(connector.pk, one.kind) for one in REFERENCED):
        found["account_name"] = (
            f"Documents were sent already and are found again by “{old.account_name}”, so that it stays. For another name, "
            "install a further connector."
        )
    return found
