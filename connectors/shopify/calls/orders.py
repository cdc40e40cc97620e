"""Calls about one order, and about finding one: reading its state, marking it, and the changes an app may make.

Every change is safe against a lost answer in one of three ways: it converges (tags, metafields, note, closing), the
shop refuses it the second time (cancelling, marking as paid), or what is there is looked at first (capturing).
https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Order (checked 2026-11-20). Not for what they are good for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.exceptions import RemoteRefused, RemoteUnavailable, UnconfirmedWrite
from connectors.shopify.client import order_gid, quoted
from connectors.shopify.replies import UserErrors, promised_shape

if TYPE_CHECKING:
    from connectors.shopify.client import ShopifyClient

Node = dict[str, Any]
ORDER_ID = re.compile(r"(?:gid://shopify/Order/)?(\d{9,20})\Z")
POLLS, POLL_S = 10, 1.0  # of a cancellation's job, before the event is left for later
LONGEST_NOTE = 5_000
LONGEST_STAFF_NOTE = 255
STATE_MEMBERS = (
    "id", "legacyResourceId", "name", "updatedAt", "closed", "cancelledAt", "displayFinancialStatus", "canMarkAsPaid",
    "tags", "transactions", "metafields", "note", "totalCapturableSet",
)  # fmt: skip


def read_state(client: ShopifyClient, gid: str, namespace: str = "$app:erp") -> Node | None:
    """What a change has to know of an order first; ``None`` where the shop has none. HubOrderState."""
    data = client.execute("HubOrderState", {"id": gid, "namespace": namespace})
    with promised_shape("an order"):
        order: Node | None = data["order"]
        if order is not None:
            _check_state(order)
    return order


def _check_state(order: Node) -> None:
    """Raises ``KeyError`` or ``TypeError`` where a member that is used is missing or of a wrong kind."""
    missing = [name for name in STATE_MEMBERS if name not in order]
    if missing:
        raise KeyError(missing[0])
    texts = [order["id"], order["legacyResourceId"], order["name"], order["updatedAt"], *order["tags"]]
    for node in order["metafields"]["nodes"]:
        texts += [node["key"], node["value"], node["compareDigest"]]
    for row in order["transactions"]:
        texts += [row["id"], row["kind"], row["status"]]
    if not all(isinstance(text, str) for text in texts) or not isinstance(order["note"], str | None):
        raise TypeError("a member of the order's state is no text")


def find_order(client: ShopifyClient, text: str) -> Node | None:
    """The order a person means by ``text``: its name, its number without prefix or suffix, its confirmation number, or
    its id. ``None`` where there is none, or the index does not know it yet. HubOrderState, HubOrderByName."""
    wanted = text.strip()
    if match := ORDER_ID.match(wanted):
        order = read_state(client, order_gid(match[1]))
        if order is not None:
            return order
    bare = wanted.lstrip("#")
    terms = [f"name:{quoted(bare)}", f"name:{quoted('#' + bare)}", f"confirmation_number:{quoted(bare)}"]
    data = client.execute("HubOrderByName", {"filter": " OR ".join(terms)})
    with promised_shape("orders of a name"):
        nodes: list[Node] = data["orders"]["nodes"]
        for node in nodes:
            if node["name"].lstrip("#").casefold() == bare.casefold():
                return node
        others = (str(node["number"]) == bare or node["confirmationNumber"] == bare.upper() for node in nodes)
        return next((node for node, is_meant in zip(nodes, others, strict=True) if is_meant), None)


def find_by_document(client: ShopifyClient, namespace: str, key: str, value: str) -> Node | None:
    """The order whose metafield of the type ``id`` has this value. HubOrderByErpId."""
    identifier = {"customId": {"namespace": namespace, "key": key, "value": value}}
    found: Node | None = client.execute("HubOrderByErpId", {"identifier": identifier})["orderByIdentifier"]
    return found


def add_tags(client: ShopifyClient, gid: str, tags: Sequence[str]) -> str:
    """Adds tags beside those that are there; returns the order's new time of change. HubTagAdd: converges."""
    return _changed_at(client.change("HubTagAdd", {"id": gid, "tags": list(tags)})["node"])


def remove_tags(client: ShopifyClient, gid: str, tags: Sequence[str]) -> str:
    """Takes tags away; returns the order's new time of change. HubTagRemove: converges."""
    return _changed_at(client.change("HubTagRemove", {"id": gid, "tags": list(tags)})["node"])


def set_metafields(client: ShopifyClient, entries: Sequence[Mapping[str, Any]]) -> list[Node]:
    """Sets at most 25 metafields, all or none. Raises ``RemoteUnavailable`` (``stale``) where another wrote one of them
    meanwhile. HubMetafieldsSet: converges."""
    try:
        rows: list[Node] = client.change("HubMetafieldsSet", {"metafields": [dict(one) for one in entries]})[
            "metafields"
        ]
    except UserErrors as error:
        if "STALE_OBJECT" in error.codes:
            text = "A metafield of the order was changed by somebody else meanwhile."
            raise RemoteUnavailable(text, code="stale", retry_after_s=2) from error
        raise
    return rows


def define_order_id(client: ShopifyClient, namespace: str, key: str) -> None:
    """Makes the definition by which orders are found by a document's id; one that is there already is fine.
    HubMetafieldDefinition."""
    definition: Node = {"name": "ERP order id", "namespace": namespace, "key": key, "type": "id", "ownerType": "ORDER"}
    if namespace.startswith("$app"):
        definition["access"] = {"admin": "MERCHANT_READ"}
    try:
        client.change("HubMetafieldDefinition", {"definition": definition})
    except UserErrors as error:
        if error.codes != {"TAKEN"}:
            raise


def append_note(client: ShopifyClient, state: Mapping[str, Any], text: str) -> bool:
    """Adds a paragraph to an order's note unless it is there already: whether it was added. HubOrderNote: converges."""
    note = str(state["note"] or "")
    if text.strip() in note:
        return False
    whole = f"{note.rstrip()}\n{text.strip()}".strip()
    if len(whole) > LONGEST_NOTE:
        raise RemoteRefused(
            f"The note of order {state['name']} would have more than {LONGEST_NOTE} characters.",
            code="note_too_long",
            next_step="Shorten the order's note in the shop, then press Retry.",
        )
    client.change("HubOrderNote", {"input": {"id": state["id"], "note": whole}})
    return True


def cancel(
    client: ShopifyClient, state: Mapping[str, Any], *, reason: str, restock: bool, refund: bool, note: str
) -> bool:
    """Cancels an order and waits for the job: false where it was cancelled already. Raises ``RemoteRefused`` where the
    shop declines, ``RemoteUnavailable`` (``cancelling``) while the job goes on. HubOrderCancel: refused a second time."""
    if state["cancelledAt"]:
        return False
    wish = {
        "orderId": state["id"],
        "reason": reason.upper(),
        "restock": restock,
        "method": {"originalPaymentMethodsRefund": True} if refund else None,
        "note": note[:LONGEST_STAFF_NOTE] or None,
    }
    try:
        payload = client.change("HubOrderCancel", wish)
    except UserErrors as error:
        if _is_cancelled(client, str(state["id"])):
            return False
        if "already been cancelled" in error.sentence:  # no code tells this from other reasons
            raise _cancelling(state) from error
        raise _declined(state, "cancel", error) from error
    with promised_shape("the job of a cancellation"):
        job = dict(payload["job"])
    for _ in range(POLLS):
        if job["done"]:
            break
        client.sleep(POLL_S)
        job = client.execute("HubJob", {"id": job["id"]})["job"] or job
    if not _is_cancelled(client, str(state["id"])):
        raise _cancelling(state)
    return True


def mark_paid(client: ShopifyClient, state: Mapping[str, Any]) -> bool:
    """Enters a payment by hand of what is outstanding: false where the order is paid already. Raises ``RemoteRefused``
    where it may not be marked. HubMarkPaid: refused a second time."""
    if state["displayFinancialStatus"] in ("PAID", "PARTIALLY_REFUNDED", "REFUNDED"):
        return False
    if not state["canMarkAsPaid"]:
        raise RemoteRefused(
            f"Order {state['name']} cannot be marked as paid: it is {_words(state['displayFinancialStatus'])}.",
            code="not_markable",
            next_step="Look at the order's payments in the shop; capture an authorization there.",
        )
    try:
        client.change("HubMarkPaid", {"id": state["id"]})
    except UserErrors as error:
        after = read_state(client, str(state["id"]))
        if after is not None and after["displayFinancialStatus"] == "PAID":
            return False
        raise _declined(state, "mark as paid", error) from error
    return True


def capture(client: ShopifyClient, state: Mapping[str, Any], amount: Decimal | None, *, in_doubt: bool) -> bool:
    """Captures an authorized payment, all that is left of it or ``amount`` in the buyer's currency: false where nothing
    is left. ``in_doubt``: an earlier attempt may have captured; then a capture of the same amount counts as this one, and
    where there is none ``UnconfirmedWrite`` is raised. HubCapture: never sent twice on suspicion."""
    with promised_shape("an order's payments"):
        capturable = Decimal(str(state["totalCapturableSet"]["presentmentMoney"]["amount"]))
        rows: list[Node] = [one for one in state["transactions"] if one["status"] == "SUCCESS"]
        promise = next((one for one in rows if one["kind"] == "AUTHORIZATION"), None)
        captures = [
            Decimal(str(one["amountSet"]["presentmentMoney"]["amount"])) for one in rows if one["kind"] == "CAPTURE"
        ]
        is_foreign = state["presentmentCurrencyCode"] != state["currencyCode"]
    if in_doubt and captures and (amount is None or amount in captures):
        return False
    if promise is None or capturable <= 0:
        return False
    if in_doubt:
        raise UnconfirmedWrite(
            f"Whether the payment of order {state['name']} was captured is not known.", code="capture"
        )
    wish: Node = {"id": state["id"], "parentTransactionId": promise["id"], "amount": str(amount or capturable)}
    if is_foreign:
        wish["currency"] = state["presentmentCurrencyCode"]
    try:
        client.change("HubCapture", {"input": wish})
    except UserErrors as error:
        raise _declined(state, "capture the payment of", error) from error
    return True


def close(client: ShopifyClient, state: Mapping[str, Any]) -> bool:
    """Archives an order: false where it is archived. HubOrderClose: converges."""
    if state["closed"]:
        return False
    client.change("HubOrderClose", {"id": state["id"]})
    return True


def _cancelling(state: Mapping[str, Any]) -> RemoteUnavailable:
    text = f"The shop is still cancelling order {state['name']}."
    return RemoteUnavailable(text, code="cancelling", retry_after_s=30)


def _is_cancelled(client: ShopifyClient, gid: str) -> bool:
    after = read_state(client, gid)
    return after is not None and after["cancelledAt"] is not None


def _declined(state: Mapping[str, Any], what: str, error: UserErrors) -> RemoteRefused:
    said = "; ".join(str(one.get("message") or "no reason") for one in error.errors)
    return RemoteRefused(
        f"Shopify declined to {what} order {state['name']}: {said}.",
        code=error.code,
        next_step="Look at the order in the shop, correct the cause, then press Retry.",
        request_id=error.request_id,
    )


def _changed_at(node: Node | None) -> str:
    with promised_shape("a tagged order"):
        if node is None:
            raise KeyError("node")
        return str(node["updatedAt"])


def _words(state: str | None) -> str:
    return (state or "unpaid").lower().replace("_", " ")
