"""What Loop says of a return, with its members checked: of the kind they should be, or ``PayloadError`` that names them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.exceptions import PayloadError

OPEN, CLOSED = "open", "closed"
ENDED = frozenset({"cancelled", "canceled", "expired"})
REFUND, CREDIT, EXCHANGE = "refund", "credit", "exchange"
ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class ReturnedLine:
    """Units of one order line that come back. ``value``: of all of them, tax included; ``outcome``: what the buyer gets for
    them, empty where the line does not say."""

    id: str
    order_line_id: str
    sku: str
    title: str
    quantity: Decimal
    value: Decimal
    reason: str = ""
    outcome: str = ""


@dataclass(frozen=True, kw_only=True)
class LoopRefund:
    id: str  # of the refund in the shop, empty where Loop does not say
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class LoopReturn:
    id: str
    state: str
    order_id: str  # the shop's own
    order_name: str
    currency: str
    created_at: datetime
    updated_at: datetime
    lines: tuple[ReturnedLine, ...] = ()
    refund: Decimal = ZERO
    refunds: tuple[LoopRefund, ...] = ()
    gift_card: Decimal = ZERO
    exchange: Decimal = ZERO  # what of the return's value went into the exchange
    exchange_order: str = ""
    card_order_id: str = ""  # of the order the gift card was made by, where Loop says so
    card_order_name: str = ""

    @property
    def name(self) -> str:
        return f"{self.id} of order {self.order_name}"


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A row of the list: enough to know whether the return is news."""

    id: str
    order_name: str
    version: str  # changes whenever Loop changed the return


def listed(node: Any) -> Listed:
    """Its id is all that must be there: what else is wrong is the matter of the return's own event."""
    return Listed(
        id=identifier(node, "id"),
        order_name=_optional(node, "order_name"),
        version=f"{_optional(node, 'state').lower()} {_optional(node, 'updated_at')}",
    )


def loop_return(node: Any) -> LoopReturn:
    exchanges = _rows(node, "exchanges") if isinstance(node, dict) and node.get("exchanges") else []
    order = next((name for one in exchanges if (name := _optional(one, "exchange_order_name"))), "")
    return LoopReturn(
        id=identifier(node, "id"),
        state=text(node, "state").lower(),
        order_id=identifier(node, "provider_order_id"),
        order_name=text(node, "order_name"),
        currency=_optional(node, "currency").upper(),
        created_at=moment(node, "created_at"),
        updated_at=moment(node, "updated_at"),
        lines=tuple(_line(one) for one in _rows(node, "line_items")),
        refund=amount(node, "refund"),
        refunds=tuple(
            LoopRefund(id=_optional(one, "provider_refund_id"), amount=amount(one, "amount"))
            for one in (_rows(node, "refunds") if node.get("refunds") else [])
        ),
        gift_card=amount(node, "gift_card"),
        exchange=amount(node, "exchange_credit_total"),
        exchange_order=_optional(node, "exchange_order_name") or order,
        card_order_id=_optional(node, "gift_card_order_id"),
        card_order_name=_optional(node, "gift_card_order_name"),
    )


def _line(node: Any) -> ReturnedLine:
    quantity = amount(node, "quantity") if isinstance(node, dict) and node.get("quantity") else Decimal(1)
    if quantity <= 0:
        raise _unreadable("line_items.quantity", "a positive number")
    value = amount(node, "price") - amount(node, "discount") + amount(node, "tax")
    return ReturnedLine(
        id=identifier(node, "line_item_id"),
        order_line_id=_optional(node, "provider_line_item_id"),
        sku=_optional(node, "sku"),
        title=_optional(node, "title"),
        quantity=quantity,
        value=value * quantity,
        reason=_optional(node, "return_reason"),
        outcome=_optional(node, "outcome").lower(),
    )


def identifier(node: Any, name: str) -> str:
    found = _optional(node, name)
    if not re.fullmatch(r"[0-9A-Za-z_-]{1,60}", found):
        raise _unreadable(name, "an id")
    return found


def text(node: Any, name: str) -> str:
    found = _optional(node, name)
    if not found:
        raise _unreadable(name, "a text")
    return found


def amount(node: Any, name: str) -> Decimal:
    """Nothing is zero: Loop leaves out what does not apply."""
    value = node.get(name) if isinstance(node, dict) else None
    if value in (None, ""):
        return ZERO
    try:
        found = Decimal(str(value)) if isinstance(value, str | int | Decimal) and not isinstance(value, bool) else None
    except InvalidOperation:
        found = None
    if found is None or not found.is_finite() or abs(found.adjusted()) > 15:
        raise _unreadable(name, "an amount")
    return found


def moment(node: Any, name: str) -> datetime:
    """With or without a zone; without one it is UTC."""
    try:
        found = datetime.fromisoformat(text(node, name))
    except ValueError as error:
        raise _unreadable(name, "a time") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _rows(node: Any, name: str) -> list[Any]:
    found = node.get(name) if isinstance(node, dict) else None
    if not isinstance(found, list):
        raise _unreadable(name, "a list")
    return found


def _optional(node: Any, name: str) -> str:
    """A text or a whole number as text; what is neither says nothing."""
    value = node.get(name) if isinstance(node, dict) else None
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).strip()[:200]


def _unreadable(name: str, kind: str) -> PayloadError:
    return PayloadError(f"Loop's answer has no readable “{name}”: {kind} was expected.", path=name, code="shape")
