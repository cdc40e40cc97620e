"""One shop's Admin API: one method per document used, plain dicts out, every error as the hub knows it.

Not for judging what an order means: that is ``translation.py``. Nothing here writes to the shop.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from connectors.exceptions import PayloadError, RemoteUnavailable
from connectors.http import Http, HttpAnswer
from connectors.shopify import replies, tokens
from connectors.shopify.documents import document
from connectors.shopify.replies import promised_shape
from connectors.shopify.settings import ShopifySettings

TRIES = 8  # of a throttled call, before the event goes back to the queue
LONGEST_WAIT_S = 30.0  # for one call altogether: a worker is not kept asleep longer
RESTARTS = 3  # of a read whose order changed between two pages
WALK_LIMIT = 24_750  # a connection can be walked to 25,000 objects; 99 full pages
TIMEOUT_S = (3.0, 20.0)  # connect, read
LISTED = ("id", "legacyResourceId", "name", "updatedAt")
Node = dict[str, Any]


class ShopifyClient:
    """``notes``: remarks by code that are no errors, e.g. that another API version answered. ``served_version`` and
    ``clock_skew_s`` (ours minus theirs, whole seconds) are those of the last answer."""

    def __init__(
        self,
        settings: ShopifySettings,
        http: Http,
        *,
        token_store: tokens.TokenStore | None = None,
        sleep: Callable[[float], object] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self.http = http
        self.token_store = tokens.IN_PROCESS if token_store is None else token_store
        self.sleep = sleep
        self.now = now
        self.notes: dict[str, str] = {}
        self.served_version = ""
        self.clock_skew_s: float | None = None

    def ping(self) -> Node:
        """``{"shop": {...}, "scopes": [...]}``: who we are talking to and what the app may do. HubShop."""
        data = self.execute("HubShop", {})
        with promised_shape("the shop"):
            handles = [str(scope["handle"]) for scope in data["currentAppInstallation"]["accessScopes"]]
            return {"shop": data["shop"], "scopes": sorted(handles)}

    def get_order(self, gid: str) -> Node | None:
        """One order with all its lines in ``lineItems.nodes``; ``None`` where the shop has none by this id.

        HubOrder, then HubOrderLines by 100. Raises ``RemoteUnavailable`` where the order changes faster than it can
        be read: pages of two states are never mixed."""
        for _ in range(RESTARTS + 1):
            order = self._order("HubOrder", {"id": gid})
            if order is None or self._add_lines(order):
                return order
        raise RemoteUnavailable("The order changes while it is being read.", code="changing", retry_after_s=30)

    def _add_lines(self, order: Node) -> bool:
        """True once every line is there; false where the order changed meanwhile."""
        while (after := _next_page(order["lineItems"])) is not None:
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
                _ = (order["id"], order["updatedAt"], "lineItems" in order and _next_page(order["lineItems"]))
        return order

    def get_order_money(self, gid: str) -> Node | None:
        """``updatedAt`` and ``transactions`` of one order; ``None`` where the shop has none. HubOrderMoney."""
        return self._order("HubOrderMoney", {"id": gid})

    def find_order_by_name(self, name: str) -> Node | None:
        """The newest order of exactly this name, with or without its "#"; ``None`` where the index knows none.

        HubOrderByName. An order placed seconds ago may not be in the index yet."""
        bare = name.strip().removeprefix("#")
        filter_ = f"name:{quoted(bare)} OR name:{quoted('#' + bare)}"
        data = self.execute("HubOrderByName", {"filter": filter_})
        wanted = {bare.casefold(), f"#{bare}".casefold()}
        with promised_shape("orders of a name"):
            return next((node for node in data["orders"]["nodes"] if node["name"].casefold() in wanted), None)

    def orders_since(self, start: datetime, end: datetime) -> Iterator[list[Node]]:
        """Pages of orders with ``start <= updatedAt < end``, oldest change first: id, legacyResourceId, name,
        updatedAt. HubOrdersSince.

        A walk longer than Shopify allows starts again at the last time seen, so that an order may come twice."""
        after, walked = None, 0
        while True:
            filter_ = f"updated_at:>={quoted(zulu(start))} AND updated_at:<{quoted(zulu(end))}"
            data = self.execute("HubOrdersSince", {"filter": filter_, "after": after})
            with promised_shape("orders"):
                nodes = [{name: str(node[name]) for name in LISTED} for node in data["orders"]["nodes"]]
                after = _next_page(data["orders"])
            yield nodes
            if after is None:
                return
            walked += len(nodes)
            if walked >= WALK_LIMIT:
                last = datetime.fromisoformat(nodes[-1]["updatedAt"])
                if last <= start:
                    raise PayloadError("More orders changed in one second than Shopify lists.", path="orders")
                start, after, walked = last, None, 0

    def change(self, name: str, variables: dict[str, Any], *, key: str = "") -> Node:
        """The payload of the one mutation of a document; recorded before it leaves. ``key``: its idempotency key, where
        the document has one. Raises ``replies.UserErrors`` where Shopify declines, and what ``execute`` raises; a lost
        answer is ``RemoteTimedOut`` or ``RemoteUnavailable``, and the caller looks whether the write took effect."""
        data = self.execute(name, variables, write=True, key=key)
        with promised_shape(name):
            payload: Node = next(iter(data.values()))
            if payload is None:
                raise KeyError(name)
        return payload

    def execute(self, name: str, variables: dict[str, Any], *, write: bool = False, key: str = "") -> Node:
        """``data`` of one document. A throttled call waits for its points and is sent again, ``TRIES`` times and
        ``LONGEST_WAIT_S`` at most; then ``RemoteUnavailable`` with the time to wait."""
        waited = 0.0
        for attempt in range(1, TRIES + 1):
            answer = self._post(name, variables, write=write, key=key)
            reply = answer.json()
            if not isinstance(reply, dict):
                raise PayloadError("Shopify's answer is not a JSON object.", request_id=answer.request_id)
            with promised_shape(name):
                pause_s = replies.throttle_pause_s(reply)
                if pause_s is None:
                    replies.raise_for_errors(reply, name, request_id=answer.request_id)
            if pause_s is None:
                data: Node = reply["data"]
                return data
            if attempt == TRIES or waited + pause_s > LONGEST_WAIT_S:
                break
            self.sleep(pause_s)
            waited += pause_s
        raise RemoteUnavailable(
            f"The shop's points for API calls are used up: {name} was throttled {attempt} times in {waited:.0f} s.",
            code="THROTTLED",
            retry_after_s=pause_s,
            request_id=answer.request_id,
        )

    def _post(self, name: str, variables: dict[str, Any], *, write: bool, key: str) -> HttpAnswer:
        """One document sent, with a token renewed once where Shopify refuses it. Raises by HTTP status."""
        answer = self._send(name, variables, write=write, key=key)
        if answer.status == 401 and tokens.forget(self.settings, self.token_store):
            answer = self._send(name, variables, write=write, key=key)
        replies.raise_for_status(answer)
        self._remember(answer)
        return answer

    def _send(self, name: str, variables: dict[str, Any], *, write: bool, key: str) -> HttpAnswer:
        token = tokens.access_token(self.settings, self.http, self.token_store, self.now)
        return self.http.request(
            "POST",
            f"{self.settings.admin_url}/api/{self.settings.api_version}/graphql.json",
            headers={"Accept": "application/json", "X-Shopify-Access-Token": token},
            json={"query": document(name), "operationName": name, "variables": variables},
            timeout_s=TIMEOUT_S,
            write=write,
            idempotency_key=key,
        )

    def _remember(self, answer: HttpAnswer) -> None:
        asked, served = self.settings.api_version, answer.headers.get("x-shopify-api-version", "")
        self.served_version = served
        if served and served != asked:
            self.notes["version_fallback"] = (
                f"Shopify answered with API version {served} instead of {asked}, which it does not serve."
            )
        deprecated = answer.headers.get("x-shopify-api-deprecated-reason", "")
        if deprecated:
            self.notes["deprecated"] = f"Shopify says that the call used something deprecated: {deprecated}"
        try:
            theirs = parsedate_to_datetime(answer.headers.get("date", ""))
        except ValueError:
            self.clock_skew_s = None
        else:
            self.clock_skew_s = round(self.now() - theirs.timestamp())


def _next_page(connection: Node) -> str | None:
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
