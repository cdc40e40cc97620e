"""Payouts of Shopify Payments with their movements. Payouts of other payment providers are not in this API.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/ShopifyPaymentsPayout (checked 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.exceptions import PayloadError, Skip
from connectors.shopify.calls.pages import check_texts
from connectors.shopify.client import WALK_LIMIT, ShopifyClient, next_page
from connectors.shopify.replies import promised_shape

Node = dict[str, Any]


def payouts(client: ShopifyClient, filter_: str) -> Iterator[Node]:
    """Payouts that fit a search string, the newest first. HubPayouts. Raises ``Skip`` where the shop does not use
    Shopify Payments."""
    after = None
    while True:
        account = _account(client, "HubPayouts", {"filter": filter_, "after": after})
        with promised_shape("payouts"):
            found = account["payouts"]["nodes"]
            for one in found:
                check_texts(one, "status", "issuedAt")
                _ = int(one["legacyResourceId"])
            after = next_page(account["payouts"])
        yield from found
        if after is None:
            return


def payout_lines(client: ShopifyClient, payout_id: str) -> list[Node]:
    """Every movement of one payout, its own transfer included, by 250. HubPayoutLines."""
    lines: list[Node] = []
    after = None
    while True:
        account = _account(client, "HubPayoutLines", {"filter": f"payments_transfer_id:'{payout_id}'", "after": after})
        with promised_shape("the movements of a payout"):
            page = account["balanceTransactions"]
            after = next_page(page)
            lines += page["nodes"]
        if after is None:
            return lines
        if len(lines) > WALK_LIMIT:
            raise PayloadError("A payout has more movements than Shopify lists.", path="balanceTransactions")


def _account(client: ShopifyClient, name: str, variables: Node) -> Node:
    data = client.execute(name, variables)
    with promised_shape("the payments account"):
        account: Node | None = data["shopifyPaymentsAccount"]
    if account is None:
        raise Skip(
            "The shop does not use Shopify Payments, so it has no payouts here.", reason="filtered", code="no_payments"
        )
    return account
