"""Bulk operations as work that is put down and goes on: files to and from disk, a look now and then, a signal when done.

An event that waits for an operation holds no worker: it is looked at again after ten seconds, later every minute, and
at once when ``bulk_operations/finish`` arrives. Files travel to and from hosts that must not see the access token.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from connectors import figures
from connectors.exceptions import NotDone, PayloadError, RemoteRefused, RemoteUnavailable
from connectors.http import Form
from connectors.shopify.calls import bulk as calls
from events.outcomes import wake

if TYPE_CHECKING:
    from connectors.run import Run

Node = dict[str, Any]
OVER = frozenset({"COMPLETED", "FAILED", "CANCELED", "EXPIRED"})
EARLY_S, EARLY_PAUSE_S, LATE_PAUSE_S = 300.0, 10.0, 60.0
LARGEST_FILE = 95 * 1024 * 1024  # Shopify takes 100 MB
LARGEST_RESULT = 4 * 1024**3
LONGEST_LINE = 5 * 1024 * 1024
TRANSFER_S = 420.0  # for one file, in either direction
WAITS = "bulk_waits"  # checkpoint: operation to the event that waits for it, where no batch says so


def file() -> BinaryIO:
    """A file that is gone with the block that uses it."""
    return tempfile.TemporaryFile()


def upload(run: Run, content: BinaryIO, filename: str) -> str:
    """Bring a file to Shopify; what it is called there. A refused or lost upload is repeated with another place."""
    target = calls.stage(run.client, filename)
    form = Form(target.fields, content, filename=filename, kind="text/jsonl")
    answer = run.http.request("POST", target.url, data=form, timeout_s=(5.0, 60.0), budget_s=TRANSFER_S)
    if answer.status not in (200, 201, 204):
        raise RemoteUnavailable(
            f"The place Shopify gave for the file did not take it (HTTP {answer.status}).",
            code="upload", status=answer.status, request_id=answer.request_id,
        )  # fmt: skip
    return target.path


def over(run: Run, gid: str, what: str) -> Node | None:
    """The operation, once it is over; ``None`` where Shopify knows it no more. Raises ``NotDone`` while it runs."""
    node = calls.operation(run.client, gid)
    if node is None or node["status"] in OVER:
        return node
    count = int(node["objectCount"])
    so_far = f", {count:,} done so far" if count else ""
    raise NotDone(
        f"Shopify works on {what} ({node['status'].lower()}{so_far}); the hub looks again by itself.",
        code="bulk_running", retry_after_s=_pause_s(str(node["createdAt"])),
    )  # fmt: skip


def _pause_s(created_at: str) -> float:
    age_s = (datetime.now(UTC) - datetime.fromisoformat(created_at)).total_seconds()
    return EARLY_PAUSE_S if age_s < EARLY_S else LATE_PAUSE_S


def rows(run: Run, url: str) -> Iterator[Node]:
    """Every line of a result file. It is read to disk first: what is done with a row may take as long as it likes.
    Raises ``RemoteRefused`` (code ``result_gone``) where the address has expired, ``PayloadError``."""
    with file() as kept:
        answer = run.http.request(
            "GET", url, timeout_s=(5.0, 60.0), budget_s=TRANSFER_S, max_bytes=LARGEST_RESULT, into=kept
        )
        if answer.status >= 500:
            raise RemoteUnavailable(f"Shopify's result file cannot be read for the moment (HTTP {answer.status}).",
                                    code="result", status=answer.status, request_id=answer.request_id)  # fmt: skip
        if answer.status != 200:
            raise RemoteRefused(f"Shopify's result file cannot be read any more (HTTP {answer.status}).",
                                code="result_gone", status=answer.status, request_id=answer.request_id)  # fmt: skip
        kept.seek(0)
        while line := kept.readline(LONGEST_LINE):
            yield _row(line)


def _row(line: bytes) -> Node:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise PayloadError("A line of Shopify's result file is not JSON.", code="shape") from error
    if not isinstance(row, dict):
        raise PayloadError("A line of Shopify's result file is not a JSON object.", code="shape")
    return row


def finished(run: Run) -> str:
    """``bulk_operations/finish``: have whoever waits for the operation go on at once."""
    gid = str(run.payload.get("admin_graphql_api_id") or "") if isinstance(run.payload, dict) else ""
    if not gid:
        raise PayloadError("The delivery does not say which bulk operation it is about.", path="admin_graphql_api_id")
    number = gid.rpartition("/")[2]
    run.describe(object_type="bulk_operation", object_id=number, object_label=number)
    waiting = figures.events_of(gid)
    waits = run.checkpoint.get(WAITS) or {}
    if gid in waits:
        waiting.add(int(waits[gid]))
    count = wake(sorted(waiting))
    return f"Bulk operation {number} is over; {'what waited for it goes on' if count else 'nothing waits for it'}."
