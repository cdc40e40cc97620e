"""Products Shopify makes in the background: the operation is written down, and asked for until it is complete.

https://shopify.dev/docs/api/admin-graphql/2026-10/queries/productOperation (checked 2026-11-20).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors import directory
from connectors.directory import Known
from connectors.exceptions import RemoteRefused, WaitFor
from connectors.records import Product
from connectors.shopify.calls import products as calls
from connectors.shopify.replies import UserErrors

if TYPE_CHECKING:
    from connectors.run import Run

OPERATION = "product_operation"  # directory: route and product to the operation
PAUSES_S = (1.0, 2.0, 4.0)  # within one attempt; then the event waits
LATER_S = 20.0
Node = dict[str, Any]


def remember(run: Run, record: Product, gid: str, content: str) -> None:
    """``content``: fingerprint of what the operation was given."""
    directory.put(run.connector.pk, OPERATION, [Known(key=_key(run, record), object_id=gid, data={"content": content})])


def outcome(run: Run, record: Product, content: str) -> tuple[Node, bool] | None:
    """What an operation of an earlier attempt made, and whether it was given this content: a newer version of the record
    may have come meanwhile. ``None`` where none was begun, or where one of other content failed. Raises as ``wait``."""
    known = _known(run, record)
    if not known:
        return None
    is_same = known[0].data.get("content") == content
    try:
        return wait(run, record), is_same
    except RemoteRefused:
        if is_same:
            raise
        return None


def wait(run: Run, record: Product) -> Node:
    """The product (``id``, ``updatedAt``) once the operation is complete. Raises ``WaitFor`` while it is not, and
    ``RemoteRefused`` where it failed: the next attempt then begins anew."""
    [known, *_] = _known(run, record)
    for pause_s in (*PAUSES_S, None):
        try:
            operation = calls.get_operation(run.client, known.object_id)
        except UserErrors as error:
            _forget(run, known)
            raise RemoteRefused(
                f"Shopify could not make product {record.name}: {'; '.join(str(e['message']) for e in error.errors)}.",
                code=next(iter(error.codes), "") or "job_error",
                request_id=error.request_id,
            ) from error
        if operation is None or operation["status"] == "COMPLETE":
            break
        if pause_s is None:
            raise WaitFor(
                f"Shopify is still making product {record.name} with its {len(record.variants)} variants.",
                code=f"product_operation:{known.object_id.rpartition('/')[2]}",
                retry_after_s=LATER_S,
            )
        run.client.sleep(pause_s)
    _forget(run, known)
    product: Node | None = operation["product"] if operation is not None else None
    if product is None:
        raise RemoteRefused(
            f"Shopify ended making product {record.name} without a product and without a reason.",
            next_step="Press Retry: the product is looked for, and made if it is not there.",
            code="job_error",
        )
    return product


def _key(run: Run, record: Product) -> str:
    return f"{run.the_event.route_id}:{record.id}"


def _known(run: Run, record: Product) -> list[Known]:
    key = _key(run, record)
    return directory.find(run.connector.pk, OPERATION, [key]).get(key, [])


def _forget(run: Run, known: Known) -> None:
    directory.forget(run.connector.pk, OPERATION, [known.object_id])
