"""Seeds of what came back and what was paid out: an order, shipped, partly refunded and returned days ago, a payout and a
gift card. Their ids are fixed, so that samples can name them. One shop opens with them, the other gets them on call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connectors.sandbox import Reply
from connectors.shopify.sandbox.giftcards import issue
from connectors.shopify.sandbox.merchant import ship_order
from connectors.shopify.sandbox.orders import Shop, stamp
from connectors.shopify.sandbox.payouts import add_payout
from connectors.shopify.sandbox.refunds import refund_by_sku
from connectors.shopify.sandbox.returnbooks import REASONS
from connectors.shopify.sandbox.returns import return_by_sku
from connectors.shopify.sandbox.sales import place_order
from connectors.shopify.sandbox.shops import COUNTY_TAX, GERMAN_TAX, LUMEN, OUTLET, SPOKANE

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox

DAY_S = 86_400.0
REFUND, RETURN, CARD = 1_000, 2_000, 3_000  # how far their ids lie behind their order's
SCOPES = (
    "write_orders",
    "write_returns",
    "write_customers",
    "write_gift_cards",
    "write_gift_card_transactions",
    "read_shopify_payments_accounts",
    "read_shopify_payments_payouts",
)
MIRA = {"id": 7_002_001, "first_name": "Mira", "last_name": "Vogt", "email": "mira@example.org"}
DANA = {"id": 7_710_042_000, "first_name": "Dana", "last_name": "Reyes", "email": "dana@example.com"}
SEEDS: Mapping[str, Mapping[str, Any]] = {
    OUTLET: {"order": 5_512_300_700_001, "number": 2_001, "customer": MIRA, "tax": GERMAN_TAX, "payout": 77_102_233},
    LUMEN: {"order": 6_900_100_200_001, "number": 2_101, "customer": DANA, "tax": COUNTY_TAX, "payout": 77_102_244,
            "address": SPOKANE, "changed_minutes_ago": 30},
}  # fmt: skip


def seed(shops: Mapping[str, Shop], now: float, *domains: str) -> None:
    """Add the seeds to these shops, and scopes and reasons to all; ids of objects made later are the same as without
    them."""
    for domain, plan in SEEDS.items():
        shop = shops[domain]
        shop.scopes += [one for one in SCOPES if one not in shop.scopes]
        _reasons(shop)
        if domain in domains:
            next_id = shop.next_id
            _order_with_a_way_back(shop, plan, now)
            shop.next_id = next_id


def _control(sandbox: ShopifySandbox, wish: dict[str, Any]) -> Reply:
    """``{"shop"}``: the seeds in a shop that opens without them."""
    seed(sandbox.shops, sandbox.now(), wish.get("shop", OUTLET))
    return Reply(body={"ok": True})


def _reasons(shop: Shop) -> None:
    for place, (handle, name) in enumerate(REASONS.items(), 1):
        gid = f"gid://shopify/ReturnReasonDefinition/{place}"
        shop.table("ReturnReasonDefinition")[gid] = {"id": gid, "handle": handle, "name": name, "deleted": False}


def _order_with_a_way_back(shop: Shop, plan: Mapping[str, Any], now: float) -> None:
    wish = {
        "id": plan["order"], "number": plan["number"], "customer": plan["customer"], "tax": plan["tax"],
        "address": plan.get("address"), "minutes_ago": 6 * 24 * 60,
        "lines": [{"sku": "MUG-RED-350", "quantity": 3}, {"sku": "LMP-OAK-S"}],
        "shipping": {"title": "Standard", "code": "STANDARD", "price": "4.00"},
    }  # fmt: skip
    first = shop.next_id = int(plan["order"])
    order = place_order(shop, wish, now)
    ship_order(shop, order, now - 5 * DAY_S)
    lines = [{"sku": "MUG-RED-350", "quantity": 1, "restock": "RETURN", "reason": "wrong-item", "note": "was blue"}]
    shop.next_id = first + RETURN - 1
    return_by_sku(shop, order, {"lines": lines}, now - 4 * DAY_S)
    shop.next_id = first + REFUND - 1
    refund = refund_by_sku(shop, order, {"lines": lines, "note": "chipped"}, now - 3 * DAY_S)
    if plan.get("changed_minutes_ago"):
        order["updatedAt"] = stamp(now - plan["changed_minutes_ago"] * 60)
    charge = {"type": "CHARGE", "amount": order["totalPriceSet"]["shopMoney"]["amount"], "fee": "4.20",
              "order": order["name"]}  # fmt: skip
    back = {"type": "REFUND", "amount": f"-{refund['totalRefundedSet']['shopMoney']['amount']}", "order": order["name"]}
    fee = {"type": "ADJUSTMENT", "amount": "-1.50", "reason": "platform fee", "orders": {order["name"]: "-1.50"}}
    add_payout(shop, {"id": plan["payout"], "lines": [charge, back, fee], "days_ago": 2}, now)
    customer = f"gid://shopify/Customer/{plan['customer']['id']}"
    money = {"amount": "25.00", "currencyCode": shop.currency}
    shop.next_id = first + CARD - 1
    issue(shop, {"initialAmount": money, "code": "seed7k2m9q4x", "customerId": customer}, now - 2 * DAY_S)


CONTROLS = {"way_back": _control}
