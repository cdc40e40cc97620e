"""What the provider declares about products."""

from __future__ import annotations

from connectors.base import Accept, Handler, Period, Single, Sync
from connectors.records import Product, Record
from connectors.xoro import days, products, scheduling
from connectors.xoro.product_delivery import accept_product

HANDLERS: dict[str, Handler] = {}
SYNCS: dict[str, Sync] = {
    "products": Sync(
        label="Changed products",
        function=products.synchronize,
        records=Product,
        every=scheduling.every,
        help="Reads every product changed in Xoro since the last time; each has an event of its own.",
    ),
}
SINGLES: dict[str, Single] = {
    "product": Single(
        label="Product",
        function=products.synchronize_product,
        help="Its base part number, its handle, or one of its item numbers.",
    ),
}
PERIODS: dict[str, Period] = {
    "products": Period(
        label="Products changed",
        function=days.bring_products,
        records=Product,
        help="By the day of their last change, as Xoro writes it.",
    ),
}
ACCEPTS: dict[type[Record], Accept] = {
    Product: Accept(function=accept_product, label="Products", max_attempts=12),
}
EMITS: tuple[type[Record], ...] = (Product,)
