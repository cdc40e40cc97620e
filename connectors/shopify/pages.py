"""Where an object is shown in the shop's own admin. Addresses as the admin uses them (checked 2026-11-20): not part of
the API, so nothing but a link for people depends on them."""

from __future__ import annotations

from connectors.shopify.settings import ShopifySettings

FOLDERS = {
    "order": "orders",
    "draft_order": "draft_orders",
    "product": "products",
    "customer": "customers",
    "company": "companies",
    "gift_card": "gift_cards",
    "payout": "payments/payouts",
}


def object_url(settings: ShopifySettings, object_type: str, object_id: str) -> str:
    """The page of an object by its plain or global id; empty for a kind the admin has no page of, and in a sandbox."""
    number = object_id.rpartition("/")[2]
    folder = FOLDERS.get(object_type)
    if settings.base_url or not folder or not number.isascii() or not number.isdecimal():
        return ""
    shop = settings.shop_domain.removesuffix(".myshopify.com")
    return f"https://admin.shopify.com/store/{shop}/{folder}/{number}"
