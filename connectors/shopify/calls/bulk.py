"""Bulk operations: a place for a file, a mutation run for each of its lines, a query over everything, and how far it is.

https://shopify.dev/docs/api/usage/bulk-operations/imports and .../queries (API 2026-10, checked 2026-11-20). Not for
what stands in the files: see ``bulk.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.exceptions import NotDone
from connectors.shopify.documents import document
from connectors.shopify.replies import UserErrors, promised_shape

if TYPE_CHECKING:
    from connectors.shopify.client import ShopifyClient

Node = dict[str, Any]
BUSY = frozenset({"OPERATION_IN_PROGRESS", "LIMIT_REACHED"})
BUSY_PAUSE_S = 60.0


@dataclass(frozen=True)
class Target:
    """Where a file goes. ``fields`` come before it, in this order; ``path`` is what Shopify calls it afterwards."""

    url: str
    fields: list[tuple[str, str]]
    path: str


def stage(client: ShopifyClient, filename: str) -> Target:
    """A place for one file of variables. HubStage."""
    wish = {"resource": "BULK_MUTATION_VARIABLES", "filename": filename, "mimeType": "text/jsonl", "httpMethod": "POST"}
    payload = client.change("HubStage", {"input": [wish]})
    with promised_shape("an upload"):
        [target] = payload["stagedTargets"]
        fields = [(str(one["name"]), str(one["value"])) for one in target["parameters"]]
        return Target(str(target["url"]), fields, dict(fields)["key"])


def run_mutation(client: ShopifyClient, name: str, path: str, identifier: str) -> str:
    """Run the mutation of a document for each line of an uploaded file; the global id of the operation.
    ``identifier``: 10 to 255 characters. Raises ``NotDone`` where as many run already as Shopify allows."""
    variables = {"mutation": document(name), "path": path, "client": identifier}
    return _started(client, "HubBulkMutation", variables)


def run_query(client: ShopifyClient, name: str) -> str:
    """Have the query of a document answered for everything there is; the global id of the operation. Raises
    ``NotDone``."""
    return _started(client, "HubBulkQuery", {"query": document(name)})


def _started(client: ShopifyClient, name: str, variables: dict[str, Any]) -> str:
    try:
        payload = client.change(name, variables)
    except UserErrors as error:
        if error.codes & BUSY:
            raise NotDone(
                "The shop works on as many bulk operations as Shopify allows at once; the hub waits for its turn.",
                code="bulk_busy", retry_after_s=BUSY_PAUSE_S,
            ) from error  # fmt: skip
        raise
    with promised_shape("a bulk operation"):
        return str(payload["bulkOperation"]["id"])


def operation(client: ShopifyClient, gid: str) -> Node | None:
    """Status, counts and addresses of one operation; ``None`` where Shopify knows it no more. HubBulk."""
    node: Node | None = client.execute("HubBulk", {"id": gid})["bulkOperation"]
    if node is not None:
        with promised_shape("a bulk operation"):
            _ = (node["status"], node["errorCode"], node["url"], node["partialDataUrl"], int(node["objectCount"]))
    return node
