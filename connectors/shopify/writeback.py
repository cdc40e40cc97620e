"""What is written onto an order of the shop once its record became a document elsewhere, or did not: tag, metafields.

By the connector's settings; an event of its own, so that nothing of it undoes the delivery. What is there already is not
written again, and what is written is remembered, so that the shop's news of it are known again. Not for changing an
order: that is ``changes.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from connectors.exceptions import ConfigurationError, PayloadError, Skip
from connectors.shopify import echoes
from connectors.shopify.calls import orders as calls
from connectors.shopify.client import order_gid
from connectors.shopify.settings_orders import ORDER_ID_KEY, OrderSettings

if TYPE_CHECKING:
    from connectors.run import Run

Node = dict[str, Any]
TEXT, TIME, ID = "single_line_text_field", "date_time", "id"
WARNING = "write_back"


def wants(settings: OrderSettings, is_delivered: bool) -> bool:
    """Whether anything is to be written onto an order after this outcome."""
    return settings.writes_after(is_delivered)


def acknowledge_order(run: Run) -> str:
    """``order/delivered`` and ``order/failed``. Raises ``Skip`` (nothing to write; no such order; no scope to write, which
    is warned of on the connector's page), and what a call raises."""
    told = run.payload
    if not isinstance(told, Mapping) or not str(told.get("source_id") or "").isdigit():
        raise PayloadError("The acknowledgement names no order of the shop.", path="source_id")
    gid = order_gid(str(told["source_id"]))
    try:
        sentence = _write(run, gid, told)
    except ConfigurationError as error:
        if error.code != "access_denied":
            raise
        step = f"{error.next_step} Or switch off what is written onto orders in the connector's settings."
        run.warn(WARNING, f"Nothing can be written onto orders of the shop: {error.sentence}", step)
        raise Skip(error.sentence, reason="filtered", code="no_scope") from error
    run.clear(WARNING)
    return sentence


def _write(run: Run, gid: str, told: Mapping[str, Any]) -> str:
    settings, client = run.settings, run.client
    if settings.writes_order_id and told["is_delivered"]:
        _define_once(run)
    state = calls.read_state(client, gid, settings.metafield_namespace)
    if state is None:
        raise Skip("The shop has no such order any more: nothing was written.", reason="filtered", code="not_found")
    run.describe(object_type="order", object_id=str(told["source_id"]), object_label=str(state["name"]))
    number, changed_at, done = str(told["source_id"]), str(state["updatedAt"]), []
    entries = list(_changed_entries(settings, state, told))
    if entries:
        calls.set_metafields(client, [{**entry, "ownerId": gid} for entry in entries])
        changed_at, done = "", [f"metafields {', '.join(entry['key'] for entry in entries)}"]
    wanted, unwanted = _tags(settings, bool(told["is_delivered"]))
    held = {tag.casefold() for tag in state["tags"]}
    if unwanted and unwanted.casefold() in held:
        changed_at = calls.remove_tags(client, gid, [unwanted])
        done.append(f"without the tag {unwanted}")
    if wanted and wanted.casefold() not in held:
        changed_at = calls.add_tags(client, gid, [wanted])
        done.append(f"tag {wanted}")
    if not changed_at:  # metafieldsSet does not say when the order changed
        after = calls.read_state(client, gid, settings.metafield_namespace)
        changed_at = str(after["updatedAt"]) if after else ""
    echoes.wrote(run, number, changed_at)
    if not done:
        raise Skip(f"Order {state['name']} says all of it already.", reason="unchanged", code="unchanged")
    return f"Order {state['name']} now tells of {told.get('target_name') or told['target']}: {'; '.join(done)}."


def _tags(settings: OrderSettings, is_delivered: bool) -> tuple[str, str]:
    """(the tag to have, the tag not to have)."""
    if is_delivered:
        return settings.tag_delivered, settings.tag_failed
    return settings.tag_failed, ""


def _changed_entries(settings: OrderSettings, state: Node, told: Mapping[str, Any]) -> Iterator[Node]:
    """The metafields that say something else than what is there, each with the digest of what it replaces: where
    somebody else writes meanwhile, nothing is overwritten."""
    there = {node["key"]: node for node in state["metafields"]["nodes"]}
    for key, kind, value in _values(settings, told):
        known = there.get(key)
        if known is None or known["value"] != value:
            yield {
                "namespace": settings.metafield_namespace,
                "key": key,
                "type": kind,
                "value": value,
                "compareDigest": known["compareDigest"] if known else None,
            }


def _values(settings: OrderSettings, told: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(key, type, value) of what an order is to say after a delivery; nothing after a failure, which has its tag."""
    if not told["is_delivered"]:
        return
    if settings.writes_metafields:
        if settings.key_number and told.get("target_number"):
            yield settings.key_number, TEXT, str(told["target_number"])
        if settings.key_state:
            yield settings.key_state, TEXT, "imported"
        if settings.key_time:
            yield settings.key_time, TIME, str(told["at"])
    if settings.writes_order_id and told.get("target_id"):
        yield ORDER_ID_KEY, ID, str(told["target_id"])


def _define_once(run: Run) -> None:
    namespace = run.settings.metafield_namespace
    if run.checkpoint.get("order_id_defined") != namespace:
        calls.define_order_id(run.client, namespace, ORDER_ID_KEY)
        run.save_checkpoint(order_id_defined=namespace)
