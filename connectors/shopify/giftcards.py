"""Gift cards: polled, because no topic tells of them. New cards and changed balances, each read by an event of its own.

Not for issuing cards: that is ``issuing.py``. The code of a card is never read: Shopify shows it once, to its maker.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from connectors.exceptions import PayloadError, Skip
from connectors.records import GiftCard, GiftCardTransaction
from connectors.shopify import days
from connectors.shopify.calls import giftcards as calls
from connectors.shopify.client import WALK_LIMIT, plain_id
from connectors.shopify.marks import marked_reference
from connectors.shopify.moneys import amount_of, optional_time, time_of
from connectors.shopify.phrases import counted, short
from connectors.shopify.replies import promised_shape
from connectors.shopify.trigger import OVERLAP, pass_on_notes, window

if TYPE_CHECKING:
    from connectors.run import Run

Node = Mapping[str, Any]
KINDS = {
    "GiftCardCreditTransaction": "credit",
    "GiftCardDebitTransaction": "debit",
    "GiftCardCashOutTransaction": "cash_out",
}


def synchronize_gift_cards(run: Run) -> str:
    """One event for every gift card that is new or changed since the last complete walk, the newest change first.

    ``run.checkpoint``: ``gift_cards`` with ``until`` and ``seen`` (id to time of change in the overlap). There is no
    filter by time of change: the walk ends at the first card that is older."""
    if not run.is_routed(GiftCard):
        raise Skip(f"No route takes gift cards from {run.connector}: nothing was read.", reason="not_routed")
    kept = run.checkpoint.get("gift_cards") or {}
    before: Mapping[str, str] = kept.get("seen") or {}
    start, end = window(kept.get("until"), timedelta(days=run.settings.gift_card_days))
    seen: dict[str, str] = {}
    walked = 0
    for walked, node in enumerate(calls.newest_changes(run.client), 1):  # noqa: B007  (counted to the end)
        number, changed = plain_id(node["id"]), str(node["updatedAt"])
        with promised_shape("a gift card"):
            changed_at = datetime.fromisoformat(changed)
            if changed_at < start:
                break
        if number not in seen and before.get(number) != changed:
            _spawn(run, node)
        seen[number] = changed
    if walked >= WALK_LIMIT:
        text = f"More than {WALK_LIMIT} gift cards changed: Shopify lists no more, the older ones were not read."
        run.note("walk_limit", text)
    known = {number: changed for number, changed in seen.items() if datetime.fromisoformat(changed) >= end - OVERLAP}
    fresh = sum(before.get(number) != changed for number, changed in seen.items())
    run.save_checkpoint(gift_cards={"until": end.isoformat(), "seen": known})
    pass_on_notes(run)
    cards = counted(fresh, "gift card is new or changed", "gift cards are new or changed")
    return f"{cards} since {short(start)} UTC; each has an event of its own."


def synchronize_issued(run: Run) -> str:
    """One event for every gift card made on the days of ``run.days``, in the shop's time zone."""
    filter_ = calls.created_between(*days.stretch(run, *run.days))
    expected = calls.count(run.client, filter_)
    count = days.hand_on(run, calls.newest_changes(run.client, filter_), lambda node: _spawn(run, node), expected)
    if count >= WALK_LIMIT:
        run.note("walk_limit", f"Shopify lists no more than {WALK_LIMIT} gift cards; bring in fewer days at once.")
    return days.sentence(run, count, "gift card was made", "gift cards were made")


def count_issued(run: Run, first: date, last: date) -> int:
    """How many gift cards that are, as far as the shop counts (10,000)."""
    return calls.count(run.client, calls.created_between(*days.stretch(run, first, last)))


def _spawn(run: Run, node: Node) -> None:
    number = plain_id(node["id"])
    run.spawn(
        topic="single:gift_card", object_type="gift_card", object_id=number,
        object_label=f"…{node['lastCharacters']}", payload={"number": number},
    )  # fmt: skip


def synchronize_gift_card(run: Run) -> str:
    """The gift card whose number in Shopify, or whose last characters, a person entered as ``run.payload["number"]``.
    Raises ``Skip`` (none; several; what ``run.deliver`` skips) and what a call raises."""
    given = str(run.payload.get("number") or "").strip()
    gid = _named(run, given)
    moves = run.settings.gift_card_transactions
    node = calls.get_gift_card(run.client, gid, moves=moves) if gid else None
    pass_on_notes(run)
    if node is None:
        sentence = f"The shop has no gift card “{given}”. Enter its number in Shopify, or its last four characters."
        raise Skip(sentence, reason="filtered", code="not_found")
    record = gift_card_record(node, shop_domain=run.settings.shop_domain.lower())
    run.describe(object_type="gift_card", object_id=record.id, object_label=f"…{record.last_characters}")
    routes = run.deliver(record)
    return (
        f"Gift card …{record.last_characters} with a balance of {record.balance} {record.currency} handed to "
        f"{counted(routes, 'route')}."
    )


def _named(run: Run, given: str) -> str:
    number = plain_id(given) or given
    if re.fullmatch(r"\d{5,20}", number):
        return calls.gift_card_gid(number)
    if not re.fullmatch(r"[A-Za-z0-9]{4}", given):
        return ""
    since = datetime.now(UTC) - timedelta(days=run.settings.gift_card_days)
    found = []
    for node in calls.newest_changes(run.client):
        with promised_shape("a gift card"):
            if datetime.fromisoformat(node["updatedAt"]) < since:
                break
        if node["lastCharacters"].lower() == given.lower():
            found.append(str(node["id"]))
    if len(found) > 1:
        raise Skip(
            f"{len(found)} gift cards end in “{given}”: {', '.join(plain_id(one) for one in found)}. Enter one of these "
            "numbers.",
            reason="filtered",
            code="ambiguous",
        )
    return found[0] if found else ""


def gift_card_record(node: Node, *, shop_domain: str) -> GiftCard:
    """The record of one card as HubGiftCard gives it. Raises ``PayloadError`` where a member is missing."""
    with promised_shape("a gift card"):
        order, customer = node["order"] or {}, node["customer"] or {}
        if node["balance"]["currencyCode"] != node["initialValue"]["currencyCode"]:
            raise PayloadError("A gift card has its value and its balance in two currencies.", path="giftCard.balance")
        record = GiftCard(
            id=plain_id(node["id"]),
            number=node["lastCharacters"],
            updated_at=time_of(node["updatedAt"]),
            source=shop_domain,
            last_characters=node["lastCharacters"],
            masked_code=node["maskedCode"],
            reference=marked_reference(node["note"] or ""),
            initial_value=amount_of(node["initialValue"]),
            balance=amount_of(node["balance"]),
            currency=node["balance"]["currencyCode"],
            is_enabled=_flag(node["enabled"]),
            created_at=time_of(node["createdAt"]),
            expires_on=date.fromisoformat(node["expiresOn"]) if node["expiresOn"] else None,
            deactivated_at=optional_time(node["deactivatedAt"]),
            customer_id=plain_id(customer.get("id")),
            customer_name=(customer or order.get("customer") or {}).get("displayName") or "",
            order_id=plain_id(order.get("id")),
            order_name=order.get("name") or "",
            note=node["note"] or "",
            transactions=tuple(_transaction(one) for one in (node.get("transactions") or {}).get("nodes", ())),
            raw=node,
        )
        record.check()
        return record


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("neither true nor false")
    return value


def _transaction(node: Node) -> GiftCardTransaction:
    """Shopify shows a debit as a negative amount; a positive one of that kind is turned round."""
    kind = KINDS[node["__typename"]]
    given = amount_of(node["amount"])
    return GiftCardTransaction(
        id=plain_id(node["id"]),
        amount=given if kind == "credit" else -abs(given),
        kind=kind,
        note=node["note"] or "",
        at=time_of(node["processedAt"]),
    )
