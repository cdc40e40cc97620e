"""The hub's own writes onto orders, known again when the shop tells of them.

Each tag or metafield the hub writes moves the order's ``updatedAt`` and makes the shop say that it changed. What is kept
of an order: the fingerprint of its content as it was handed over (without the hub's own marks), and the time of change
that the hub's last write left. Where both are met again, nothing has happened but that write. Not a ledger: forgetting
it costs one read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from connectors import directory
from connectors.directory import Known
from connectors.records import Order
from connectors.shopify.settings_orders import ORDER_ID_KEY, OrderSettings

if TYPE_CHECKING:
    from connectors.run import Run

KIND = "handed_order"
KEPT = timedelta(days=60)  # older orders are not read without a scope of their own


def content_of(order: Mapping[str, Any], settings: OrderSettings) -> str:
    """Fingerprint of HubOrder's answer, without the time of change and what the hub itself writes onto orders."""
    keys = {*settings.metafield_keys, ORDER_ID_KEY}
    rest = {name: value for name, value in order.items() if name not in ("updatedAt", "metafields", "more", "tags")}
    rest["tags"] = sorted(without_own(order["tags"], settings))
    fields = [node for name in ("metafields", "more") for node in (order.get(name) or {"nodes": ()})["nodes"]]
    rest["metafields"] = [
        [node["namespace"], node["key"], node["value"]]
        for node in fields
        if node["key"] not in keys or not _is_own(node["namespace"], settings.metafield_namespace)
    ]
    return hashlib.sha256(json.dumps(rest, sort_keys=True, default=str).encode()).hexdigest()


def without_own(tags: Collection[str], settings: OrderSettings) -> tuple[str, ...]:
    """The tags that others gave an order."""
    return tuple(tag for tag in tags if tag.casefold() not in settings.own_tags)


def _is_own(namespace: str, ours: str) -> bool:
    """Shopify answers ``app--300111--erp`` for ``$app:erp``."""
    if ours.startswith("$app"):
        end = ours.removeprefix("$app").removeprefix(":")
        return namespace == ours or (namespace.startswith("app--") and namespace.endswith(f"--{end}" if end else ""))
    return namespace == ours


def is_echo(run: Run, order: Mapping[str, Any]) -> bool:
    """Whether this state of the order is the one handed over, but for the hub's own last write; and every route has
    delivered it."""
    number = str(order["legacyResourceId"])
    known = _known(run, number)
    if known is None or known.data.get("own") != order["updatedAt"]:
        return False
    if known.data.get("content") != content_of(order, run.settings) or not run.is_delivered(Order, number):
        return False
    if known.data.get("seen") != order["updatedAt"]:
        _keep(run, number, {**known.data, "seen": order["updatedAt"]})
    return True


def handed_over(run: Run, order: Mapping[str, Any]) -> None:
    """The order was given to its routes as it is now."""
    if run.connector.pk and run.settings.writes_after(True):
        number = str(order["legacyResourceId"])
        before = _known(run, number)
        own = before.data.get("own", "") if before else ""
        _keep(run, number, {"content": content_of(order, run.settings), "own": own})


def wrote(run: Run, number: str, updated_at: str) -> None:
    """The hub's own write left this time of change."""
    before = _known(run, number)
    _keep(run, number, {**(before.data if before else {}), "own": updated_at})


def known_echoes(run: Run, nodes: Collection[Mapping[str, Any]]) -> set[str]:
    """Of the orders a walk met: those whose time of change is that of the hub's own write, looked at already."""
    if not run.connector.pk or not run.settings.writes_after(True):
        return set()
    found = directory.find(run.connector.pk, KIND, [str(node["legacyResourceId"]) for node in nodes])
    seen = {number: rows[0].data.get("seen") for number, rows in found.items()}
    echoes = {str(n["legacyResourceId"]) for n in nodes if seen.get(str(n["legacyResourceId"])) == n["updatedAt"]}
    return {number for number in echoes if run.is_delivered(Order, number)}


def forget_old(run: Run) -> None:
    """What is known of orders too old to change is of no use any more."""
    if run.connector.pk:
        directory.forget_unseen(run.connector.pk, KIND, run.now - KEPT)


def _known(run: Run, number: str) -> Known | None:
    return directory.by_id(run.connector.pk, KIND, number) if run.connector.pk else None


def _keep(run: Run, number: str, data: dict[str, Any]) -> None:
    if run.connector.pk:
        directory.put(run.connector.pk, KIND, [Known(key=number, object_id=number, data=data)])
