"""The directory of a shop's whole assortment: every variant with its SKU, read by one bulk query.

Once a night, and by hand. What changes meanwhile is kept fresh by deliveries (``skus.py``); a row that is older than
what they brought does not undo it. Not for asking about a few SKUs: that is a search (``skufinder.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from connectors import directory
from connectors.directory import Known
from connectors.exceptions import RemoteRefused, RemoteUnavailable
from connectors.shopify import bulk
from connectors.shopify.calls import bulk as calls
from connectors.shopify.replies import promised_shape
from connectors.shopify.skus import VARIANT, entry

if TYPE_CHECKING:
    from connectors.run import Run

QUERY = "HubVariantsInBulk"
UNDER_WAY = "assortment"  # checkpoint: the operation, when it was started
COMPLETE_AT = "assortment_at"  # checkpoint: when the directory was complete last
Node = dict[str, Any]


def is_known(run: Run) -> bool:
    """Whether the directory was complete once."""
    return bool(run.checkpoint.get(COMPLETE_AT))


def synchronize(run: Run) -> str:
    """Read every variant of the shop. Raises ``NotDone`` while Shopify collects them, ``RemoteUnavailable`` where it
    gives up."""
    under_way = run.checkpoint.get(UNDER_WAY)
    if not under_way:
        under_way = _start(run)
    node = bulk.over(run, under_way["operation"], "the list of all its variants")
    if node is None or node["status"] != "COMPLETED":
        run.save_checkpoint(**{UNDER_WAY: None, bulk.WAITS: None})
        reason = str(node["errorCode"] or node["status"]).lower() if node else "unknown"
        raise RemoteUnavailable(f"Shopify gave up listing the shop's variants ({reason}).", code="bulk_failed")
    try:
        count = directory.put(run.connector.pk, VARIANT, _known(run, node), newest_by="updated_at")
    except RemoteRefused:  # the address of the result has expired: the next attempt asks anew
        run.save_checkpoint(**{UNDER_WAY: None, bulk.WAITS: None})
        raise
    began = datetime.fromisoformat(under_way["started_at"])
    gone = directory.forget_unseen(run.connector.pk, VARIANT, began)
    run.save_checkpoint(**{UNDER_WAY: None, bulk.WAITS: None, COMPLETE_AT: began.isoformat()})
    return _told(run, count, gone)


def _start(run: Run) -> dict[str, str]:
    began = directory.clock()
    gid = calls.run_query(run.client, QUERY)
    under_way = {"operation": gid, "started_at": began.isoformat()}
    run.save_checkpoint(**{UNDER_WAY: under_way, bulk.WAITS: {gid: run.the_event.pk}})
    return under_way


def _known(run: Run, node: Node) -> Iterator[Known]:
    expected = int(node["objectCount"])
    if node["url"] is None:
        return
    for done, row in enumerate(bulk.rows(run, node["url"]), 1):
        with promised_shape("a variant"):
            item = row["inventoryItem"]
            yield entry(
                row["sku"], str(row["id"]), str(item["id"]), str(row["product"]["id"]), tracked=bool(item["tracked"]),
                updated_at=str(row["updatedAt"]),
            )  # fmt: skip
        if done % directory.BLOCK == 0:
            run.progress(done, expected)


def _told(run: Run, count: int, gone: int) -> str:
    doubles = directory.doubles(run.connector.pk, VARIANT)
    without = directory.count_key(run.connector.pk, VARIANT, "")
    if doubles:
        names = ", ".join(key for key, _ in doubles[:5])
        many = f" and {len(doubles) - 5:,} more" if len(doubles) > 5 else ""
        run.note("sku_twice", f"SKUs that more than one variant has: {names}{many}.")
    parts = [f"The shop has {count:,} variant{'' if count == 1 else 's'}"]
    parts += [f"{without:,} without a SKU"] if without else []
    parts += [f"{len(doubles):,} SKU{'' if len(doubles) == 1 else 's'} used more than once"] if doubles else []
    parts += [f"{gone:,} {'is' if gone == 1 else 'are'} gone"] if gone else []
    return ", ".join(parts) + "."
