"""Seeds of shipping: an order the app itself holds, and a second place that keeps stock without shipping online orders.
Their ids are fixed, so that samples can name them.
"""

from __future__ import annotations

from connectors.shopify.sandbox.catalogue import QUANTITIES, add_location
from connectors.shopify.sandbox.holds import add_hold
from connectors.shopify.sandbox.orders import Shop
from connectors.shopify.sandbox.routing import fulfillment_orders_of
from connectors.shopify.sandbox.sales import place_order
from connectors.shopify.sandbox.shops import COUNTY_TAX, SPOKANE

ORDER, NUMBER, PLACE = 6_900_100_200_002, 2_102, 61_002
DAY_S = 86_400.0


def seed(shop: Shop, now: float) -> None:
    """Add them; ids of objects made later are the same as without them."""
    next_id = shop.next_id
    shop.next_id = ORDER
    place = add_location(shop, "Tacoma", {"city": "Tacoma", "zip": "98402", "countryCode": "US"}, number=PLACE)
    place["fulfillsOnlineOrders"] = False
    for item in shop.table("InventoryItem"):
        shop.stock[item, place["id"]] = {**dict.fromkeys(QUANTITIES, 0), "available": 25}
    customer = {"id": 7_710_042_000, "first_name": "Dana", "last_name": "Reyes", "email": "dana@example.com"}
    wish = {"id": ORDER, "number": NUMBER, "customer": customer, "tax": COUNTY_TAX, "address": SPOKANE,
            "lines": [{"sku": "MUG-BLU-350"}], "minutes_ago": 6 * 24 * 60}  # fmt: skip
    order = place_order(shop, wish, now)
    hold = {"reason": "AWAITING_PAYMENT", "reasonNotes": "credit check", "handle": "hub-credit"}
    add_hold(shop, fulfillment_orders_of(shop, order)[0], hold, now - 5 * DAY_S)
    shop.next_id = next_id
