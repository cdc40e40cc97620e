"""What the provider declares about products, SKUs, prices, customers and companies."""

from __future__ import annotations

from connectors.base import Accept, Handler, Single, Sync
from connectors.records import Product, Record
from connectors.shopify import products, skus
from connectors.shopify.product_delivery import accept_product
from connectors.shopify.product_options import ProductOptions

HANDLERS = {
    "products/create": Handler(function=products.import_product, label="Product made", reads_current_state=True),
    "products/update": Handler(function=products.import_product, label="Product changed", reads_current_state=True),
    "products/delete": Handler(function=products.product_deleted, label="Product deleted"),
    "inventory_items/create": Handler(function=skus.refresh_item, label="SKU made", reads_current_state=True),
    "inventory_items/update": Handler(function=skus.refresh_item, label="SKU changed", reads_current_state=True),
    "inventory_items/delete": Handler(function=skus.forget_item, label="SKU deleted"),
}

SYNCS = {
    "products": Sync(
        label="Changed products",
        function=products.synchronize_changed,
        help="Reads every product changed since the last time, and the SKUs of their variants.",
    ),
}

SINGLES = {
    "product": Single(
        label="Product",
        function=products.synchronize_product,
        help="Its handle, title, id, or one of its SKUs.",
    ),
}

EMITS: tuple[type[Record], ...] = (Product,)

ACCEPTS: dict[type[Record], Accept] = {
    Product: Accept(function=accept_product, options=ProductOptions, label="Product", max_attempts=20),
}
