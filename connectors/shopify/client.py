"""One shop's Admin API: one method per document used, plain dicts out, every error as the hub knows it.

Not for sending: that is ``channel.py``; nor for judging what an order means: that is ``translation.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from connectors.exceptions import PayloadError, RemoteRefused, RemoteUnavailable
from connectors.shopify import tokens
from connectors.shopify.channel import Channel
from connectors.shopify.health import Health
from connectors.shopify.pacing import TURNS, Pace
from connectors.shopify.replies import promised_shape
from events.models import Priority

if TYPE_CHECKING:
    from connectors.run import Run

RESTARTS = 3  # of a read whose order changed between two pages
WALK_LIMIT = 24_750  # a connection can be walked to 25,000 objects; 99 full pages
LISTED = ("id", "legacyResourceId", "name", "createdAt", "updatedAt")
Node = dict[str, Any]


class ShopifyClient(Channel):
    """What the hub asks of a shop: see ``Channel`` for what it is made with."""

    def ping(self) -> Node:
        """``{"shop": {...}, "scopes": [...]}``: who we are talking to and what the app may do. HubShop."""
        data = self.execute("HubShop", {})
        with promised_shape("the shop"):
            handles = [str(scope["handle"]) for scope in data["currentAppInstallation"]["accessScopes"]]
            return {"shop": data["shop"], "scopes": sorted(handles)}

    def get_order(self, gid: str, **more: Any) -> Node | None:
        """One order with all its lines in ``lineItems.nodes``; ``None`` where the shop has none by this id. ``more``:
        further variables of the document (which metafields).

        HubOrder, then HubOrderLines by 100. Raises ``RemoteUnavailable`` where the order changes faster than it can
        be read: pages of two states are never mixed."""
        for _ in range(RESTARTS + 1):
            order = self._order("HubOrder", {"id": gid, **more})
            if order is None or self._add_lines(order):
                return order
        raise RemoteUnavailable("The order changes while it is being read.", code="changing", retry_after_s=30)

    def _add_lines(self, order: Node) -> bool:
        """True once every line is there; false where the order changed meanwhile."""
        while (after := next_page(order["lineItems"])) is not None:
            page = self._order("HubOrderLines", {"id": order["id"], "after": after})
            if page is None or page["updatedAt"] != order["updatedAt"]:
                return False
            page["lineItems"]["nodes"] = [*order["lineItems"]["nodes"], *page["lineItems"]["nodes"]]
            order["lineItems"] = page["lineItems"]
        return True

    def _order(self, name: str, variables: dict[str, Any]) -> Node | None:
        """``order`` of a document's answer; where lines were asked for, they are a page of nodes."""
        data = self.execute(name, variables)
        with promised_shape("an order"):
            order: Node | None = data["order"]
            if order is not None:
                _ = (order["id"], order["updatedAt"], "lineItems" in order and next_page(order["lineItems"]))
        return order

    def get_order_money(self, gid: str) -> Node | None:
        """``updatedAt`` and ``transactions`` of one order; ``None`` where the shop has none. HubOrderMoney."""
        return self._order("HubOrderMoney", {"id": gid})

    def count_orders(self, start: datetime, end: datetime, *, by: str = "updated") -> int:
        """How many orders were ``updated`` or ``created`` from ``start`` to before ``end``; the shop counts to 10,000.
        HubOrdersCount."""
        filter_ = f"{by}_at:>={quoted(zulu(start))} AND {by}_at:<{quoted(zulu(end))}"
        with promised_shape("a count of orders"):
            return int(self.execute("HubOrdersCount", {"filter": filter_})["ordersCount"]["count"])

    def orders_since(self, start: datetime, end: datetime, *, by: str = "updated") -> Iterator[list[Node]]:
        """Pages of orders ``updated`` or ``created`` from ``start`` to before ``end``, oldest first: id,
        legacyResourceId, name, createdAt, updatedAt. HubOrdersSince.

        A walk longer than Shopify allows, or one whose cursor is not known any more, starts again at the last time seen,
        so that an order may come twice."""
        after, walked, restarts, last = None, 0, 0, start
        while True:
            filter_ = f"{by}_at:>={quoted(zulu(start))} AND {by}_at:<{quoted(zulu(end))}"
            variables = {"filter": filter_, "after": after, "sort": f"{by.upper()}_AT"}
            try:
                data = self.execute("HubOrdersSince", variables)
            except RemoteRefused as error:
                if after is None or "cursor" not in error.sentence.lower() or restarts == RESTARTS:
                    raise
                start, after, walked, restarts = last, None, 0, restarts + 1
                continue
            with promised_shape("orders"):
                nodes = [{name: str(node[name]) for name in LISTED} for node in data["orders"]["nodes"]]
                after = next_page(data["orders"])
                last = datetime.fromisoformat(nodes[-1][f"{by}At"]) if nodes else last
            yield nodes
            if after is None:
                return
            walked += len(nodes)
            if walked >= WALK_LIMIT:
                if last <= start:
                    raise PayloadError("More orders changed in one second than Shopify lists.", path="orders")
                start, after, walked = last, None, 0


def connect(run: Run) -> ShopifyClient:
    """The client of one run: with the vault of its connector, its warnings, and the turn of its event."""
    if not run.connector.pk:
        return ShopifyClient(run.settings, run.http)
    priority = run.event.priority if run.event is not None else Priority.BUYER  # somebody waits for the answer
    return ShopifyClient(
        run.settings,
        run.http,
        token_store=tokens.Vault(run.connector),
        pace=Pace(run.connector.pk, TURNS[priority], ends_at=run.ends_at),
        health=Health(run.connector.pk, run.warn, run.clear),
        unfinished_at=lambda: run.unfinished_write_at,
    )


def next_page(connection: Node) -> str | None:
    """Where the next page of a connection begins, ``None`` at its end."""
    after = str(connection["pageInfo"]["endCursor"]) if connection["pageInfo"]["hasNextPage"] else None
    if not isinstance(connection["nodes"], list):
        raise TypeError("nodes are no list")
    return after


def order_gid(number: str | int) -> str:
    """The global id of an order from the number in webhooks, admin addresses and ``legacyResourceId``."""
    return f"gid://shopify/Order/{number}"


def plain_id(gid: str | None) -> str:
    """The number at the end of a global id: ``gid://shopify/Company/330045`` gives ``330045``."""
    return (gid or "").partition("?")[0].rpartition("/")[2]


def quoted(value: str) -> str:
    """A value for a search string. https://shopify.dev/docs/api/usage/search-syntax (checked 2026-11-20)."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def zulu(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
