"""Links into the shop's own admin."""

from __future__ import annotations

from connectors.shopify.pages import object_url
from connectors.shopify.settings import ShopifySettings

SHOP = ShopifySettings(shop_domain="example-outlet.myshopify.com", access_token="shpat_1")


def test_an_order_a_product_and_a_customer_have_their_page():
    base = "https://admin.shopify.com/store/example-outlet"
    assert object_url(SHOP, "order", "5512") == f"{base}/orders/5512"
    assert object_url(SHOP, "product", "gid://shopify/Product/88") == f"{base}/products/88"
    assert object_url(SHOP, "customer", "7") == f"{base}/customers/7"


def test_what_has_no_page_has_no_link():
    assert object_url(SHOP, "cart", "5512") == ""
    assert object_url(SHOP, "order", "#EX-2041") == ""
    assert object_url(SHOP, "order", "1/../../evil?x=") == ""


def test_a_sandbox_has_none():
    sandbox = ShopifySettings(shop_domain="example.myshopify.com", access_token="x", base_url="http://127.0.0.1:1/s")
    assert object_url(sandbox, "order", "5512") == ""
