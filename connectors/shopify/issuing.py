"""Gift cards another system issues in the shop, tops up, draws on and switches off.

No such write is idempotent at Shopify. The hub chooses the code before the call and keeps it encrypted until the card is
found: a repeat with the same code can make no second card. Each movement carries the mark of its document (``marks.py``)
and is looked for before it is made. Not for reading cards: that is ``giftcards.py``.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms

from connectors import vault
from connectors.base import Delivered
from connectors.exceptions import PayloadError, RemoteRefused, RemoteUnavailable, Skip
from connectors.records import GiftCard, GiftCardTransaction
from connectors.schema import setting
from connectors.shopify.calls import giftcards as calls
from connectors.shopify.client import plain_id
from connectors.shopify.marks import has_mark, mark, marked
from connectors.shopify.moneys import amount_of, time_of
from connectors.shopify.phrases import counted
from connectors.shopify.replies import UserErrors, promised_shape
from connectors.shopify.trigger import pass_on_notes

if TYPE_CHECKING:
    from connectors.run import Run

Node = Mapping[str, Any]
LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # none that are taken for another
CODE_LENGTH = 16
NOTE_LENGTH = 255
A_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class IssueOptions:
    """What an administrator chooses on a route that issues gift cards in a shop."""

    only_customers: bool = setting(
        forms.BooleanField(
            label="Only for known customers",
            required=False,
            initial=True,
            help_text="Shopify sends the code to the customer of the card, and shows it to nobody else. A card without "
            "a customer is refused, because its code would reach nobody.",
        )
    )


def put_gift_card(run: Run, card: GiftCard) -> Delivered:
    """Issues the card, or finds the one that was issued for this record; then makes the movements it lacks.

    Raises ``PayloadError`` (no customer, other currency), ``Skip`` (switched off before it was issued),
    ``RemoteRefused`` (declined by Shopify), ``RemoteUnavailable`` while a card that exists is not listed yet, and the
    errors of the client."""
    own_mark = mark(run.source_connector_slug, card.id)
    number = run.link.target_object_id if run.link is not None else _issued(run, card, own_mark)
    gid = calls.gift_card_gid(number)
    node = calls.get_gift_card(run.client, gid, moves=True)
    pass_on_notes(run)
    if node is None:
        raise RemoteRefused(
            f"Gift card {number}, which was issued for {card.number}, is not in the shop any more.",
            code="not_found",
            next_step="Look for the card in the shop's admin, then mark this event resolved.",
        )
    with promised_shape("a gift card"):
        if node["balance"]["currencyCode"] != card.currency:
            raise PayloadError(
                f"Gift card {card.number} is in {card.currency}, in the shop it is in "
                f"{node['balance']['currencyCode']}.",
                path="currency",
            )
        is_enabled, last, balance = bool(node["enabled"]), str(node["lastCharacters"]), amount_of(node["balance"])
        notes = [str(one["note"] or "") for one in node["transactions"]["nodes"]]
    moved = _move(run, card, gid, notes)
    if not card.is_enabled and is_enabled:
        calls.switch_off(run.client, gid)
    balance += sum((one.amount for one in moved), Decimal(0))
    if balance != card.balance and card.is_enabled:
        text = f"The shop's balance is {balance} {card.currency}, the sender's {card.balance} {card.currency}."
        run.note("balance_differs", f"{text} What was spent in the shop may not be known there yet.")
    state = "" if card.is_enabled else ", switched off"
    return Delivered(
        target_id=number,
        target_number=f"…{last}",
        sentence=f"Gift card {card.number} is …{last} in the shop, balance {balance} {card.currency}{state}; "
        f"{counted(len(moved), 'movement')} made.",
    )


def _issued(run: Run, card: GiftCard, own_mark: str) -> str:
    """The number of the card in the shop: found, or issued now."""
    name = _vault_name(run, card)
    kept = vault.read(run.connector, name)
    values = dict(kept.values) if kept is not None else {}
    if values.get("number"):
        return str(values["number"])
    begun_at = datetime.fromisoformat(values["at"]) if values.get("at") else run.now
    number = _found(run, own_mark, min(begun_at, card.created_at or begun_at) - A_DAY)
    if not number:
        _check(run, card)
        if not values:
            values = {"code": _new_code(), "at": run.now.isoformat()}
            vault.write(run.connector, name, vault.Grant(values=values))
        run.redactor.learn([values["code"]])  # it is money: whoever reads the request must not be able to spend it
        number = _create(run, card, own_mark, str(values["code"]))
    # The code has done its work; the number stays, in case the ledger is lost.
    vault.write(run.connector, name, vault.Grant(values={"number": number}))
    return number


def _check(run: Run, card: GiftCard) -> None:
    if not card.is_enabled:
        raise Skip(f"Gift card {card.number} was switched off before it was issued in the shop.", code="disabled")
    if not card.customer_id and (run.options is None or run.options.only_customers):
        raise PayloadError(
            f"Gift card {card.number} names no customer: Shopify would tell its code to nobody.",
            path="customer_id",
            next_step="Have the sender name the shop's customer, or clear “Only for known customers” on the route.",
        )


def _found(run: Run, own_mark: str, since: datetime) -> str:
    """A card issued for this record. A card cannot have been changed for the last time before its record was made, so
    the walk through the last changes ends there. Not by search: an index lags behind."""
    for node in calls.newest_changes(run.client):
        with promised_shape("a gift card"):
            if time_of(node["updatedAt"]) < since:
                return ""
            if has_mark(node["note"], own_mark):
                return plain_id(node["id"])
    return ""


def _create(run: Run, card: GiftCard, own_mark: str, code: str) -> str:
    wish: dict[str, Any] = {
        "initialAmount": {"amount": f"{card.initial_value:f}", "currencyCode": card.currency},
        "code": code,
        "note": marked(card.note or card.number, own_mark, longest=NOTE_LENGTH),
    }
    if card.expires_on is not None:
        wish["expiresOn"] = card.expires_on.isoformat()
    if card.customer_id:
        wish["customerId"] = f"gid://shopify/Customer/{plain_id(card.customer_id) or card.customer_id}"
    try:
        made = calls.create(run.client, wish)
    except UserErrors as error:
        if "TAKEN" in error.codes:
            raise RemoteUnavailable(
                f"Gift card {card.number} was issued by an earlier try, and the shop does not list it yet.",
                code="not_listed",
                retry_after_s=10,
            ) from error
        raise _declined(f"Shopify declined to issue gift card {card.number}", error) from error
    return plain_id(made["id"])


def _move(run: Run, card: GiftCard, gid: str, notes: list[str]) -> list[GiftCardTransaction]:
    """The movements the shop's card lacks, oldest first; returns those made now."""
    moved = []
    for one in card.transactions:
        own_mark = mark(run.source_connector_slug, one.id)
        if not one.amount or any(has_mark(note, own_mark) for note in notes):
            continue
        note = marked(one.note or card.number, own_mark, longest=NOTE_LENGTH)
        try:
            calls.move(run.client, gid, one.amount, card.currency, note)
        except UserErrors as error:
            what = f"Shopify declined to move {one.amount} {card.currency} on gift card {card.number}"
            raise _declined(what, error) from error
        moved.append(one)
    return moved


def _declined(what: str, error: UserErrors) -> RemoteRefused:
    texts = "; ".join(str(one.get("message")) for one in error.errors)
    return RemoteRefused(
        f"{what}: {texts}",
        code=error.code,
        request_id=error.request_id,
        next_step="Compare the card in the shop with the sender's. Correct what Shopify names, then press Retry.",
    )


def _vault_name(run: Run, card: GiftCard) -> str:
    return "gift_card:" + hashlib.sha256(f"{run.source_connector_slug}:{card.id}".encode()).hexdigest()[:40]


def _new_code() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
