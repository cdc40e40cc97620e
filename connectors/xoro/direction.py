"""The direction of products, which is fixed once products were sent: the other side's would be written over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connectors.records import Product
from connectors.routing import was_moved
from connectors.xoro.settings_products import DIRECTIONS

if TYPE_CHECKING:
    from connectors.models import Connector


def may_change(connector: Connector, old: Any, new: Any) -> Mapping[str, str]:
    """See ``Provider.may_change``."""
    if old.product_direction == new.product_direction or not was_moved(connector.pk, Product.kind):
        return {}
    said = dict(DIRECTIONS)[old.product_direction]
    return {
        "product_direction": f"Products were sent already, so that the direction stays “{said}”. To turn it round, install "
        "a further connector for this tenant."
    }
