"""The three duties the law gives an app: tell what is held about a person, erase a person, erase a shop.

https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance (checked 2026-11-20). Answered at the door, done
here, due within 30 days. Every sentence left behind is without personal data. Who asks is proven by the signature; for
which shop, by ``guarding.py`` and by the body itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from connectors import erasure
from connectors.exceptions import ConfigurationError, PayloadError, Skip, WaitFor
from events import alerts
from events.erasure import erase_own

if TYPE_CHECKING:
    from connectors.run import Run

DUE = timedelta(days=30)
WAIT_S = 3600.0  # before events that are still at work are looked at again


def tell_held(run: Run) -> str:
    """``customers/data_request``: list what the hub holds about the person as this event's object, and tell whoever
    reads the connector's mail. The shop's owner hands it over; the hub has no way to the person."""
    payload = _payload(run)
    number = _text(_member(payload, "data_request").get("id")) or str(run.the_event.pk)
    due = _note_due(run)
    person = _person(payload, "orders_requested")
    found = erasure.held(run.connector, person, but=run.the_event.pk)
    run.keys(person)  # the list is about the person too: a later erasure finds it
    events, ledger = len(found["events"]), len(found["ledger"])
    if not events and not ledger:
        return f"Request {number}: the hub holds nothing about this person. Nothing is to be handed over."
    run.show(json.dumps(found, default=str, ensure_ascii=False).encode())
    sentence = (
        f"Request {number}: a customer of {run.settings.shop_domain} asks what is held about him. The hub holds {events} "
        f"events and {ledger} rows of its ledger; the list stands on event {run.the_event.pk}."
    )
    step = f"Give the list to the shop's owner by {due}; the events named in it hold the payloads themselves."
    run.warn(f"data_request:{number}", sentence, step)
    alerts.inform(run.connector.pk, run.the_event, sentence, step)
    return sentence


def erase_customer(run: Run) -> str:
    """``customers/redact``: erase the person from every event of this connector and from what came of them. Raises
    ``WaitFor`` while some of them are still at work."""
    payload = _payload(run)
    due = _note_due(run)
    done = run.erase(_person(payload, "orders_to_redact"))
    if done.unfinished:
        raise WaitFor(
            f"{done.events} events were erased; {done.unfinished} are still at work and are erased once they have ended.",
            next_step=f"Resolve what waits under Events, then press Retry; the erasure is due by {due}.",
            code="unfinished_events",
            retry_after_s=WAIT_S,
        )
    _forget_request(run)
    return f"The personal data of one customer was erased from {done.events} events."


def erase_shop(run: Run) -> str:
    """``shop/redact``: erase everything the hub keeps for this connector. Only where the connector is disabled: Shopify
    sends this 48 hours after the app was removed, and a live connector is not emptied by a message."""
    _payload(run)
    due = _note_due(run)
    if run.connector.is_enabled:
        step = "If the shop is really gone, disable this connector and press Retry on the event; then all is erased."
        sentence = (
            f"Shopify asked to erase all data of {run.settings.shop_domain}, but this connector is enabled: nothing was "
            f"erased. Due by {due}: event {run.the_event.pk}."
        )
        run.warn("shop_redact", sentence, step)
        alerts.inform(run.connector.pk, run.the_event, sentence, step)
        return sentence
    shop = run.settings.shop_domain
    done = erasure.everything(run.connector, but=run.the_event.pk)
    _forget_request(run)
    left = f" {done.unfinished} unfinished ones go with their retention." if done.unfinished else ""
    return f"Everything the hub kept for {shop} was erased: {done.events} events and all that lay beside them.{left}"


def _payload(run: Run) -> Mapping[str, Any]:
    """The body, once it names this connector's shop. Raises ``PayloadError``, ``ConfigurationError``, ``Skip`` where
    the request was erased with what it asked to erase."""
    if not run.body and run.the_event.payload_size:
        raise Skip("This request was fulfilled, and its own contents were erased with the rest.", code="erased")
    payload = run.payload
    if not isinstance(payload, Mapping) or not _text(payload.get("shop_domain")):
        raise PayloadError("The request does not say which shop it is about.", path="shop_domain")
    named = _text(payload["shop_domain"])
    if named.lower() != run.settings.shop_domain.lower():
        raise ConfigurationError(
            f"This request is about the shop {named}, but the connector is for {run.settings.shop_domain}: nothing was "
            "told and nothing erased.",
            next_step="Compare the app's configuration file with this connector's address, then mark the event resolved.",
            code="wrong_shop",
        )
    return payload


def _person(payload: Mapping[str, Any], orders: str) -> list[tuple[str, str]]:
    """The search keys that lead to a person."""
    customer = _member(payload, "customer")
    numbers = payload.get(orders)
    keys = [(kind, _text(customer.get(name))) for kind, name in
            (("customer_id", "id"), ("email", "email"), ("phone", "phone"))]  # fmt: skip
    # A person looked up by hand was named by what somebody typed.
    keys += [("customer_number", value) for _, value in keys]
    keys += [("order_id", _text(one)) for one in (numbers if isinstance(numbers, list) else ())]
    found = [(kind, value) for kind, value in keys if value]
    if not found:
        raise PayloadError("The request names no customer.", path="customer")
    return found


def _member(payload: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = payload.get(name)
    return value if isinstance(value, Mapping) else {}


def _note_due(run: Run) -> str:
    due = (run.the_event.received_at + DUE).strftime("%Y-%m-%d")
    run.note("due", f"Due by {due}, 30 days after the request.")
    return due


def _forget_request(run: Run) -> None:
    """The request itself named the person."""
    run.describe(object_label="")
    erase_own(run.the_event.pk)


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
