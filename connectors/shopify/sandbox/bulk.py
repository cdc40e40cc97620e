"""Bulk operations of the sandbox: mutations run line by line by the real engine, queries over whole connections.

CREATED, RUNNING, COMPLETED over the sandbox's clock; lines in shuffled order; five of a kind at once; the topic
``bulk_operations/finish``. https://shopify.dev/docs/api/usage/bulk-operations/queries (checked 2026-11-20).

``POST /_sandbox/bulk``: ``{"shop", "error_code", "after_lines", "bad_request", "wait_s"}`` for the next operation: it
fails there, its mutations are refused for want of a key, or it takes so long to begin.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    execute_sync,
    parse,
    validate,
)

from connectors.sandbox import Reply
from connectors.shopify.sandbox.bulk_query import problem_of, rows_of
from connectors.shopify.sandbox.engine import SCHEMA, Call, error_of, number_of, resolve
from connectors.shopify.sandbox.orders import Node, Shop, stamp
from connectors.shopify.sandbox.shops import OUTLET
from connectors.shopify.sandbox.subscriptions import emit

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox

AT_ONCE = 5
OPEN = ("CREATED", "RUNNING", "CANCELING")
BEGINS_AFTER_S = 1.0
STEP_LINES, STEP_S = 40, 0.02  # lines of one step, and the pause to the next
STEP_ROWS = 20_000


@dataclass
class Work:
    """What an operation still has to do: a step answers whether it is finished."""

    node: Node
    result: Path
    token: str
    wish: Mapping[str, Any]
    call: Callable[[], Call]
    step: Callable[[Work], bool] = field(default=lambda work: True)


def _run_mutation(
    call: Call, info: Any, mutation: str, stagedUploadPath: str, clientIdentifier: str | None = None,
    groupObjects: bool = True,
) -> Any:  # fmt: skip
    refused = _refusal(call, "MUTATION") or _mutation_problem(mutation)
    if clientIdentifier is not None and not 10 <= len(clientIdentifier) <= 255:
        refused = _error("INVALID_MUTATION", "Client identifier must have between 10 and 255 characters.")
    file = call.here.depot.uploaded(stagedUploadPath, call.now)
    if refused is None and file is None:
        refused = _error("NO_SUCH_FILE", "The JSONL file could not be found. Try uploading the file again.")
    if refused is not None or file is None:
        return {"bulkOperation": None, "userErrors": [refused]}
    lines = file.read_bytes().splitlines()
    places = [place for place, line in enumerate(lines) if line.strip()]
    if not places:
        return {"bulkOperation": None, "userErrors": [_error("INVALID_STAGED_UPLOAD_FILE", "The file is empty.")]}
    random.Random(0).shuffle(places)
    document = parse(mutation)

    def step(work: Work) -> bool:
        made = work.call()
        with work.result.open("ab") as out:
            for place in places[:STEP_LINES]:
                out.write(_line(made, document, lines[place], place, work.wish))
                _count(work.node)
        del places[:STEP_LINES]
        return not places

    return _start(call, "MUTATION", step, mutation)


def _line(call: Call, document: DocumentNode, line: bytes, place: int, wish: Mapping[str, Any]) -> bytes:
    """The result of one line, by the same engine a call goes through; it costs no points."""
    answer: dict[str, Any]
    try:
        variables = json.loads(line)
        if wish.get("bad_request"):
            text = "The @idempotent directive is required for this mutation but was not provided."
            raise GraphQLError(text, extensions={"code": "BAD_REQUEST"})
        result = execute_sync(SCHEMA, document, context_value=call, root_value={}, variable_values=variables,
                         field_resolver=resolve)  # fmt: skip
        answer = {"data": result.data}
        if result.errors:
            answer["errors"] = [error_of(one) for one in result.errors]
    except ValueError:
        answer = {"errors": [{"message": "Invalid JSON", "extensions": {"code": "BAD_REQUEST"}}]}
    except GraphQLError as error:
        answer = {"errors": [error_of(error)]}
    return json.dumps({**answer, "__lineNumber": place}, default=str).encode() + b"\n"


def _mutation_problem(text: str) -> Node | None:
    try:
        document = parse(text)
    except GraphQLError as error:
        return _error("INVALID_MUTATION", f"Failed to parse the mutation - {error.message}")
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    if len(operations) != 1 or operations[0].operation != OperationType.MUTATION:
        return _error("INVALID_MUTATION", "Invalid operation type. Only `mutation` operations are supported.")
    fields = [one for one in operations[0].selection_set.selections if isinstance(one, FieldNode)]
    if len(fields) != 1:
        return _error("INVALID_MUTATION", "You must specify a single top level mutation.")
    if "bulkOperation" in fields[0].name.value:
        return _error("INVALID_MUTATION", "You cannot use bulk mutations in a bulk mutation.")
    invalid = validate(SCHEMA, document)
    return _error("INVALID_MUTATION", invalid[0].message) if invalid else None


def _run_query(call: Call, info: Any, query: str, groupObjects: bool = False) -> Any:
    refused = _refusal(call, "QUERY")
    problem = problem_of(query)
    if refused is None and problem:
        refused = _error("INVALID", problem)
    if refused is not None:
        return {"bulkOperation": None, "userErrors": [refused]}
    rows: list[Iterator[Node]] = []

    def step(work: Work) -> bool:
        if not rows:
            rows.append(rows_of(work.call(), query))
        with work.result.open("ab") as out:
            for _ in range(STEP_ROWS):
                row = next(rows[0], None)
                if row is None:
                    return True
                out.write(json.dumps(row, default=str).encode() + b"\n")
                _count(work.node, is_root="__parentId" not in row)
        return False

    return _start(call, "QUERY", step, query)


def _count(node: Node, *, is_root: bool = True) -> None:
    node["objectCount"] = str(int(node["objectCount"]) + 1)
    node["rootObjectCount"] = str(int(node["rootObjectCount"]) + is_root)


def _refusal(call: Call, kind: str) -> Node | None:
    running = [one for one in _table(call.shop).values() if one["type"] == kind and one["status"] in OPEN]
    if len(running) < AT_ONCE:
        return None
    text = f"A bulk {kind.lower()} operation for this app and shop is already in progress: {running[0]['id']}."
    return _error("OPERATION_IN_PROGRESS", text)


def _error(code: str, message: str) -> Node:
    return {"field": None, "message": message, "code": code}


def _start(call: Call, kind: str, step: Callable[[Work], bool], text: str) -> Node:
    sandbox, shop = call.here, call.shop
    wish = shop.table("BulkWish").pop("next", {})
    node: Node = {
        "id": f"gid://shopify/BulkOperation/{shop.take_id()}", "type": kind, "status": "CREATED", "errorCode": None,
        "createdAt": stamp(call.now), "completedAt": None, "objectCount": "0", "rootObjectCount": "0",
        "fileSize": None, "url": None, "partialDataUrl": None, "query": text,
    }  # fmt: skip
    _table(shop)[node["id"]] = node
    token, result = sandbox.depot.new_result(call.now)

    def fresh() -> Call:
        return Call(shop, sandbox.now(), call.resolvers, sandbox, sandbox.index_lag_s)

    work = Work(node, result, token, wish, fresh, step)
    sandbox.schedule(float(wish.get("wait_s", BEGINS_AFTER_S)), partial(_go_on, sandbox, shop, work))
    return {"bulkOperation": dict(node), "userErrors": []}


def _go_on(sandbox: ShopifySandbox, shop: Shop, work: Work) -> None:
    node = work.node
    with sandbox.lock:
        if node["status"] == "CANCELING":
            _end(sandbox, shop, work, "CANCELED")
            return
        node["status"] = "RUNNING"
        fails_after = work.wish.get("after_lines")
        if work.wish.get("error_code") and int(node["objectCount"]) >= int(fails_after or 0):
            node["errorCode"] = work.wish["error_code"]
            _end(sandbox, shop, work, "FAILED")
        elif work.step(work):
            _end(sandbox, shop, work, "COMPLETED")
        else:
            sandbox.schedule(STEP_S, partial(_go_on, sandbox, shop, work))


def _end(sandbox: ShopifySandbox, shop: Shop, work: Work, status: str) -> None:
    node = work.node
    url = f"{sandbox.base_url}/results/{work.token}.jsonl" if work.result.exists() else None
    node.update(status=status, completedAt=stamp(sandbox.now()))
    if url is not None:
        node["fileSize"] = str(work.result.stat().st_size)
        node["url" if status == "COMPLETED" else "partialDataUrl"] = url
    emit(sandbox, shop, "bulk_operations/finish", {
        "admin_graphql_api_id": node["id"], "completed_at": node["completedAt"], "created_at": node["createdAt"],
        "error_code": node["errorCode"], "status": status.lower(), "type": node["type"].lower(),
    })  # fmt: skip


def _cancel(call: Call, info: Any, id: str) -> Any:
    number_of(id, "BulkOperation")
    node = _table(call.shop).get(id)
    if node is None or node["status"] not in OPEN:
        text = "Bulk operation does not exist" if node is None else "Bulk operation is not running"
        return {"bulkOperation": None, "userErrors": [{"field": ["id"], "message": text}]}
    node["status"] = "CANCELING"
    return {"bulkOperation": node, "userErrors": []}


def _table(shop: Shop) -> dict[str, Node]:
    return shop.table("BulkOperation")


def _operation(call: Call, info: Any, id: str) -> Any:
    number_of(id, "BulkOperation")
    return _table(call.shop).get(id)


def _wish(sandbox: ShopifySandbox, wish: dict[str, Any]) -> Reply:
    sandbox.shops[wish.get("shop", OUTLET)].table("BulkWish")["next"] = wish
    return Reply(body={"ok": True})


QUERIES: dict[str, Callable[..., Any]] = {"bulkOperation": _operation}
MUTATIONS: dict[str, Callable[..., Any]] = {
    "bulkOperationRunMutation": _run_mutation,
    "bulkOperationRunQuery": _run_query,
    "bulkOperationCancel": _cancel,
}
CONTROLS = {"bulk": _wish}
