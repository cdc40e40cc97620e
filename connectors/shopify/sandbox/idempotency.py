"""The sandbox's ``@idempotent``: which mutations ask for a key, and what a key that was used before leads to.

A key belongs to one app and shop and lives 24 hours of the sandbox's clock. Not for other ways of repeating a write.
https://shopify.dev/docs/api/usage/idempotent-requests (API 2026-04 and later, checked 2026-11-20).
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError, get_directive_values, get_named_type

if TYPE_CHECKING:
    from connectors.shopify.sandbox.engine import Call

LIFE_S = 86_400
# Seventeen by the vendor's count: these and inventorySetScheduledChanges, which is gone since 2026-07.
KEYED = frozenset({
    "inventoryActivate", "inventoryAdjustQuantities", "inventoryMoveQuantities", "inventorySetOnHandQuantities",
    "inventorySetQuantities", "inventoryShipmentAddItems", "inventoryShipmentCreate", "inventoryShipmentCreateInTransit",
    "inventoryShipmentReceive", "inventoryTransferCreate", "inventoryTransferCreateAsReadyToShip",
    "inventoryTransferDuplicate", "inventoryTransferSetItems", "locationActivate", "locationDeactivate", "refundCreate",
})  # fmt: skip
MESSAGES = {
    "IDEMPOTENCY_KEY_PARAMETER_MISMATCH": "The same idempotency key cannot be used with different operation parameters.",
    "IDEMPOTENCY_CONCURRENT_REQUEST": "A request with this idempotency key is being processed.",
    "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED": "A previous request with this idempotency key failed. Retry with a new "
    "idempotency key.",
}


def given_key(info: Any) -> str:
    """The key of the directive on this field, empty where there is none. Raises the vendor's ``BAD_REQUEST`` where this
    mutation asks for one."""
    directive = info.schema.get_directive("idempotent")
    values = get_directive_values(directive, info.field_nodes[0], info.variable_values)
    key = str((values or {}).get("key") or "")
    if not key.strip() and (values is not None or info.field_name in KEYED):
        raise GraphQLError(
            "The @idempotent directive is required for this mutation but was not provided.",
            extensions={"code": "BAD_REQUEST"},
        )
    return key


def once(call: Call, info: Any, key: str, arguments: Mapping[str, Any], run: Callable[[], Any]) -> Any:
    """What the mutation answers: of its first run where this key ran before with the same arguments.

    A run that ended in user errors or an error leaves a key that is used up: its repeat is told so."""
    known = call.shop.table("IdempotencyKey")
    for old in list(itertools.takewhile(lambda one: known[one]["ends_at"] <= call.now, known)):
        del known[old]
    digest = hashlib.sha256(json.dumps([info.field_name, arguments], sort_keys=True, default=str).encode()).hexdigest()
    call.keys.append(key)
    entry = known.get(key)
    if entry is not None:
        if entry["digest"] != digest:
            return _refusal(info, "IDEMPOTENCY_KEY_PARAMETER_MISMATCH")
        if entry["busy_until"] > call.now:
            return _refusal(info, "IDEMPOTENCY_CONCURRENT_REQUEST")
        return entry["payload"] if entry["payload"] else _refusal(info, "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED")
    # Noted before it runs: a run that breaks leaves the key used up.
    known[key] = entry = {"digest": digest, "ends_at": call.now + LIFE_S, "busy_until": 0.0, "payload": None}
    payload = run()
    if not payload.get("userErrors"):
        entry["payload"] = payload
    return payload


def keep_busy(call: Call, seconds: float) -> None:
    """The keys of this call count as still under way for so long: its answer is late."""
    for key in call.keys:
        if entry := call.shop.table("IdempotencyKey").get(key):
            entry["busy_until"] = call.now + seconds


def _refusal(info: Any, code: str) -> dict[str, Any]:
    fields = get_named_type(info.return_type).fields
    return {**dict.fromkeys(fields), "userErrors": [{"field": None, "message": MESSAGES[code], "code": code}]}
