"""Orders: imported one by one because the shop told us, or by number because a person asked.

A delivery is a trigger only: the order is read from the shop and handed on whole, or not at all; what counts is the state
read, whatever came first. Not for translating it (``translation.py``), nor for walking many (``walks.py``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from connectors.exceptions import PayloadError, RemoteRefused, RemoteUnavailable, Skip, WaitFor
from connectors.records import Order
from connectors.shopify import echoes
from connectors.shopify.calls import orders as calls
from connectors.shopify.client import ShopifyClient, order_gid
from connectors.shopify.origins import with_origins
from connectors.shopify.payments import gift_cards_named
from connectors.shopify.phrases import counted
from connectors.shopify.replies import promised_shape
from connectors.shopify.settings_orders import ORDER_ID_KEY
from connectors.shopify.translation import order_record

if TYPE_CHECKING:
    from connectors.run import Run

READS = 3  # of an order whose payments were read in another state than its lines
ORDER_GID = re.compile(rb'"admin_graphql_api_(?:order_)?id"\s*:\s*"(gid:\\?/\\?/shopify\\?/Order\\?/\d+)"')


def import_order(run: Run) -> str:
    """``orders/create``, ``orders/updated``, ``orders/risk_assessment_changed``: read the order named by ``run.payload``
    and hand it to its routes.

    Raises ``Skip`` (not found; test order; nothing left of it; the hub's own write; what ``run.deliver`` skips),
    ``WaitFor`` (its risk is being assessed), ``ConfigurationError`` naming a missing scope, ``PayloadError``, and what a
    call raises."""
    return _import(run, named_order(run), knows_echoes=True)


def named_order(run: Run) -> str:
    """Which order the delivery is about. Of one too large to keep only the beginning is there: the id stands in it."""
    try:
        payload = run.payload
    except PayloadError:
        if found := ORDER_GID.search(run.body):
            return found[1].decode().replace("\\/", "/")
        raise
    if isinstance(payload, Mapping):
        edit = payload.get("order_edit")
        number = edit.get("order_id") if isinstance(edit, Mapping) else payload.get("order_id") or payload.get("id")
        gid = payload.get("admin_graphql_api_order_id") or payload.get("admin_graphql_api_id")
        if gid or number:
            return str(gid) if gid else order_gid(str(number))
    raise PayloadError("The delivery does not say which order it is about.", path="id")


def synchronize_order(run: Run) -> str:
    """The order a person named in ``run.payload["number"]``: by name, number, confirmation number or id, or by the id of
    the document it became where that is written onto orders. Raises as ``import_order`` does."""
    number = str(run.payload.get("number") or "").strip()
    if not number.strip("#"):
        raise PayloadError("No order number was given.", path="number", next_step="Enter the number and try again.")
    run.describe(object_type="order", object_id="", object_label=number)
    found = calls.find_order(run.client, number)
    if found is None and run.settings.writes_order_id:
        found = calls.find_by_document(run.client, run.settings.metafield_namespace, ORDER_ID_KEY, number)
    if found is None:
        raise Skip(
            f"The shop lists no order named “{number}”. Enter the name as the shop shows it, like #EX-2041; an order "
            "placed seconds ago may not be listed yet.",
            reason="filtered",
            code="not_found",
        )
    return _import(run, str(found["id"]), knows_echoes=False)


def forget_order(run: Run) -> str:
    """``orders/delete``: say what the order had become. Raises ``RemoteRefused`` where documents were made of it: no
    deletion is passed on, a person decides."""
    number = named_order(run).rpartition("/")[2]
    run.describe(object_type="order", object_id=number)
    documents = run.documents(Order, number)
    if not documents:
        return "The order was deleted in the shop; nothing had been made of it elsewhere."
    named = ", ".join(f"{document or 'a document'} in {target}" for target, document in documents)
    raise RemoteRefused(
        f"The order was deleted in the shop after it had become {named}. Deletions are not passed on.",
        code="deleted",
        next_step=f"Cancel or delete {named}, then mark this event resolved.",
    )


def _import(run: Run, gid: str, *, knows_echoes: bool) -> str:
    order = _read_order(run, gid)
    with promised_shape("an order"):
        number, name, is_test = str(order["legacyResourceId"]), str(order["name"]), bool(order["test"])
    # Described before it is translated, so that an order that cannot be translated is found by its name.
    run.describe(object_type="order", object_id=number, object_label=name)
    if is_test and not run.settings.import_test_orders:
        raise Skip(f"Order {name} is a test order.", reason="filtered", code="test_order")
    if knows_echoes and echoes.is_echo(run, order):
        sentence = f"Order {name} has not changed but for what the hub itself wrote onto it."
        raise Skip(sentence, reason="unchanged", code="own_write")
    order, money = _with_money(run, order)
    remarks: dict[str, str] = {}
    record = order_record(
        order,
        money,
        shop_domain=run.settings.shop_domain.lower(),
        presentment=run.settings.use_presentment_currency,
        tax_tolerance=run.settings.tax_tolerance,
        notes=remarks,
    )
    if run.settings.reads_locations:
        record = with_origins(run.client, record, gid)
    # A tag of the hub's own is no news to a target: an order must not look changed for having been delivered.
    record = replace(record, tags=echoes.without_own(record.tags, run.settings))
    for code, sentence in {**run.client.notes, **remarks}.items():
        run.note(code, sentence)
    run.keys(record.search_keys())
    for last in gift_cards_named(money):
        run.note("gift_card", f"A part was paid with the gift card ending in {last}, by the payment's receipt.")
    if not record.lines and not run.documents(Order, record.id):  # where it was handed on before, its targets must hear
        sentence = f"Every unit of order {record.name} was removed or refunded: nothing is left to hand over."
        raise Skip(sentence, reason="filtered", code="nothing_left")
    _wait_for_risk(run, record)
    routes = run.deliver(record)
    echoes.handed_over(run, order)
    return f"Order {record.name} read from the shop and handed to {counted(routes, 'route')}."


def _wait_for_risk(run: Run, record: Order) -> None:
    """Raises ``WaitFor`` while the shop assesses the risk, not longer than the connector says. The shop tells when it is
    done (``orders/risk_assessment_changed``), and that event hands the order over."""
    if record.risk != "pending" or not run.settings.wait_for_risk or record.cancelled_at is not None:
        return
    left = record.created_at + timedelta(minutes=run.settings.risk_wait_minutes) - shop_time(run.client)
    if left > timedelta():
        raise WaitFor(
            f"The shop is still assessing the risk of order {record.name}; it is handed over as soon as that is done, or "
            f"{run.settings.risk_wait_minutes} minutes after it was placed.",
            code=f"risk:{record.id}",
            retry_after_s=left.total_seconds() + 1,
        )
    run.note("risk_pending", f"The risk of order {record.name} was still not assessed when it was handed over.")


def shop_time(client: ShopifyClient) -> datetime:
    """Now by the shop's clock, as its last answer told it; by our own before the first."""
    return datetime.now(UTC) - timedelta(seconds=client.clock_skew_s or 0)


def _read_order(run: Run, gid: str) -> dict[str, Any]:
    settings = run.settings
    order = run.client.get_order(
        gid,
        namespace=settings.metafield_namespace,
        more=settings.more_metafields or None,
        hasMore=bool(settings.more_metafields),
    )
    if order is None:
        raise _not_found()
    return dict(order)


def _with_money(run: Run, order: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The order and its payments in one state. Raises ``Skip`` where it was deleted meanwhile."""
    for _ in range(READS):
        money = run.client.get_order_money(order["id"])
        if money is None:
            raise _not_found()
        if money["updatedAt"] == order["updatedAt"]:
            return order, money
        order = _read_order(run, order["id"])
    raise RemoteUnavailable("The order changes while it is being read.", code="changing", retry_after_s=30)


def _not_found() -> Skip:
    return Skip(
        "The shop has no such order: it was deleted, or it is older than 60 days and the app lacks the scope "
        "read_all_orders.",
        reason="filtered",
        code="not_found",
    )
