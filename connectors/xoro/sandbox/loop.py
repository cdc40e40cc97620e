"""A stand-in for Loop below ``/loop/api/v1/``: returns listed, read, processed and flagged, as its documentation says
(https://docs.loopreturns.com/api-reference/latest, checked 2026-11-30). What it does in the background it does at once,
unless ``POST /_sandbox/loop_config`` says ``{"is_queued": true}``; then ``POST /_sandbox/loop_work`` does it.

Control: ``loop_return`` makes a return (``id``, ``order_id``, ``order_name``, ``lines`` of ``sku``, ``price``, ...; ``refund``,
``gift_card``, ``gift_card_order_name``, ``exchange_credit_total``, ``exchange_order_name``: what processing will give;
``hides_refunds``: it is not named then), ``loop_edit`` gives it other ``lines``, ``loop_state`` sets its state.
One return is there from the beginning; its order is placed and shipped in Xoro when it is first asked for, so that a fresh
tenant has none.
"""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from connectors.sandbox import Reply, Request
from connectors.xoro.sandbox import salesorders, warehouse

if TYPE_CHECKING:
    from connectors.xoro.sandbox.books import Books
    from connectors.xoro.sandbox.server import XoroSandbox

PREFIX = "/loop/api/v1/"
TOKEN = "sandbox-loop-token"
SHOP = "lumen-goods.example"
RETURN = {
    "id": 37_603_922, "order_id": "6120045511985", "order_name": "#1985", "refund": "58.30", "lines": [
        {"sku": "LMP-OAK-S", "title": "Oak lamp S", "price": "55.00", "tax": "3.30", "reason": "Too small"},
    ],
}  # fmt: skip
ORDER = {
    "SoEstimateHeader": {
        "ThirdPartyRefNo": "6120045511985", "ThirdPartySource": f"https://{SHOP}-Demo", "RefNo": "1985",
        "SaleStoreName": "Main Store", "StoreName": "EAST WAREHOUSE", "CurrencyCode": "USD", "CustomerName": "Ada Brook",
        "OrderDate": "03/01/2026", "DateToBeShipped": "03/02/2026", "AutoReleaseSalesOrder": True,
    },
    "SoEstimateItemLineArr": [
        {"ItemNumber": "LMP-OAK-S", "ItemIdentifierCode": 1, "UnitPrice": 55.0, "Qty": 1,
         "TaxItems": [{"Name": "State Tax", "Rate": 6.0, "RateType": "percentage"}]},
    ],
}  # fmt: skip
LONGEST_DAYS = 120
DEFAULT_STATES = ("open", "closed", "expired")
CARD_ORDER = ("gift_card_order_id", "gift_card_order_name")  # not every shop of Loop's has them
PROMISED = ("refund", "gift_card", "exchange_credit_total", "exchange_order_name")


def seed(books: Books) -> None:
    _add(books, RETURN)


def answer(sandbox: XoroSandbox, request: Request) -> Reply:
    """What Loop answers; ``Reply`` for every path below its prefix."""
    if request.headers.get("x-authorization") != TOKEN:
        return Reply(401, {"errors": "Unauthorized."})
    call = request.path.removeprefix(PREFIX)
    if call == "warehouse/return/details" and request.method == "GET":
        return _details(sandbox, request.query)
    _place_order(sandbox)
    if call == "warehouse/return/list" and request.method == "GET":
        return _list(sandbox, request)
    parts = call.split("/")
    if request.method == "POST" and len(parts) == 4 and parts[:2] == ["warehouse", "return"]:
        one = _by_id(sandbox.books, parts[2])
        if one is None:
            return _declined("No return found with this ID.", "NOT_FOUND")
        if parts[3] == "process":
            return _process(sandbox, one)
        if parts[3] == "flag":
            one["is_flagged"] = True
            return Reply(body="true", headers={"Content-Type": "application/json"})
    return Reply(404, {"error": {"code": "NOT_FOUND", "message": "The requested resource could not be found."}})


def _process(sandbox: XoroSandbox, one: dict[str, Any]) -> Reply:
    if one["state"] != "open":
        return _declined(f"Return is {one['state']} and therefore cannot be processed.", "UNPROCESSABLE_RETURN")
    if one["is_flagged"]:
        return _declined("Return is open and therefore cannot be processed.", "UNPROCESSABLE_FLAGGED_RETURN")
    one["process_count"] += 1
    if not sandbox.books.loop_is_queued:
        _finish(sandbox.books, one)
    return Reply(body="true", headers={"Content-Type": "application/json"})


def _finish(books: Books, one: dict[str, Any]) -> None:
    shown = one["shown"]
    shown |= {name: one["promised"][name] for name in PROMISED}
    shown |= one["card_order"]
    if float(shown["refund"] or 0) and not one["hides_refunds"]:
        refund = {"gateway": "card", "amount": shown["refund"], "currency": shown["currency"]}
        shown["refunds"] = [{**refund, "provider_refund_id": f"881{shown['id']}"}]
    _move(books, one, "closed")


def _move(books: Books, one: dict[str, Any], state: str) -> None:
    one["state"] = one["shown"]["state"] = state
    one["shown"]["updated_at"] = _stamp(books.now())


def _list(sandbox: XoroSandbox, request: Request) -> Reply:
    query, books = request.query, sandbox.books
    try:
        first, last = (datetime.fromisoformat(query[name]) for name in ("from", "to"))
    except (KeyError, ValueError):
        return Reply(422, {"message": "The given data was invalid.", "errors": {"from": ["is not a date"]}})
    if last - first > timedelta(days=LONGEST_DAYS):
        return Reply(422, {"message": "The given data was invalid.", "errors": {"to": ["range exceeds 120 days"]}})
    by = query.get("filter") or "created_at"
    states = (query["state"],) if query.get("state") else DEFAULT_STATES
    rows = [one["shown"] for one in books.loop_returns if one["state"] in states]
    rows = [row for row in rows if str(first) <= row[by] <= str(last)]
    size = min(int(query.get("pageSize") or 100), 750)
    start = int(base64.b64decode(query["cursor"])) if query.get("cursor") else 0
    if query.get("paginate") != "true":
        return Reply(body=rows)
    more = base64.b64encode(str(start + size).encode()).decode() if start + size < len(rows) else ""
    url = f"{request.base_url}{request.path}?cursor={more}" if more else None
    return Reply(body={"returns": rows[start : start + size], "nextPageUrl": url, "previousPageUrl": None})


def _details(sandbox: XoroSandbox, query: dict[str, str]) -> Reply:
    rows = [one["shown"] for one in sandbox.books.loop_returns]
    if query.get("return_id"):
        found = next((row for row in rows if str(row["id"]) == query["return_id"]), None)
    else:
        name = query.get("order_name", "")
        found = next((row for row in reversed(rows) if row["order_name"] == name), None)
    if found is None:
        return Reply(body={"error": {"message": "No return found."}})
    if found["provider_order_id"] == RETURN["order_id"]:
        _place_order(sandbox)
    return Reply(body=found)


def _declined(message: str, code: str) -> Reply:
    """Loop declines with HTTP 200."""
    return Reply(body={"errors": {"message": message, "code": code}})


def _by_id(books: Books, return_id: Any) -> dict[str, Any] | None:
    return next((one for one in books.loop_returns if str(one["shown"]["id"]) == str(return_id)), None)


def _add(books: Books, wish: dict[str, Any]) -> dict[str, Any]:
    stamp = _stamp(books.now() - timedelta(minutes=5))
    shown = {
        "id": wish.get("id") or 40_000_000 + len(books.loop_returns), "state": wish.get("state", "open"),
        "created_at": wish.get("created_at", stamp), "updated_at": stamp, "order_id": "98766312",
        "order_name": wish["order_name"], "order_number": wish["order_name"].lstrip("#"),
        "provider_order_id": wish["order_id"], "currency": wish.get("currency", "USD"), "customer": "ada@example.com",
        "multi_currency": False, "refund": None, "refunds": [], "gift_card": None, "exchange_credit_total": None,
        "exchange_order_name": None, "line_items": _lines(wish["lines"]),
    }  # fmt: skip
    promised = {name: wish.get(name) for name in PROMISED}
    one = {"shown": shown, "state": shown["state"], "promised": promised, "is_flagged": False, "process_count": 0,
           "hides_refunds": bool(wish.get("hides_refunds")),
           "card_order": {name: wish[name] for name in CARD_ORDER if wish.get(name)}}  # fmt: skip
    books.loop_returns.append(one)
    return one


def _lines(wishes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "line_item_id": 293_000_000 + number, "provider_line_item_id": int(line.get("order_line_id", 14_400 + number)),
            "sku": line["sku"], "title": line.get("title", line["sku"]), "price": line.get("price", "10.00"),
            "discount": "0.00", "tax": line.get("tax", "0.00"), "return_reason": line.get("reason", "Changed my mind"),
            "outcome": line.get("outcome", "default"),
        }
        for number, line in enumerate(wishes)
    ]  # fmt: skip


def _place_order(sandbox: XoroSandbox) -> None:
    books = sandbox.books
    if (f"https://{SHOP}-Demo", str(RETURN["order_id"])) not in books.orders_by_identity:
        made = salesorders.create(sandbox, ORDER)
        warehouse.ship(books, books.order(made["SoEstimateHeader"]["OrderNumber"]))


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def make(sandbox: XoroSandbox, given: Any) -> Any:
    return {"id": str(_add(sandbox.books, given)["shown"]["id"])}


def set_state(sandbox: XoroSandbox, given: Any) -> Any:
    one = _by_id(sandbox.books, given["id"])
    if one is None:
        return {"ok": False}
    if given["state"] == "closed":
        _finish(sandbox.books, one)
    else:
        _move(sandbox.books, one, given["state"])
    return {"ok": True}


def edit(sandbox: XoroSandbox, given: Any) -> Any:
    one = _by_id(sandbox.books, given["id"])
    if one is None:
        return {"ok": False}
    one["shown"] |= {"line_items": _lines(given["lines"]), "updated_at": _stamp(sandbox.books.now())}
    return {"ok": True}


def configure(sandbox: XoroSandbox, given: Any) -> Any:
    sandbox.books.loop_is_queued = bool(given.get("is_queued"))
    return {"ok": True}


def work(sandbox: XoroSandbox, given: Any) -> Any:
    waiting = [one for one in sandbox.books.loop_returns if one["state"] == "open" and one["process_count"]]
    for one in waiting:
        _finish(sandbox.books, one)
    return {"finished": len(waiting)}


CONTROL = {
    "POST /_sandbox/loop_return": make,
    "POST /_sandbox/loop_edit": edit,
    "POST /_sandbox/loop_state": set_state,
    "POST /_sandbox/loop_config": configure,
    "POST /_sandbox/loop_work": work,
}
SEED = seed
