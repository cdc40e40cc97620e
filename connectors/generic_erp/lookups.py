"""The seven live questions of a storefront: from its parameters to the neutral answer, with what the event should say.

What a storefront sees of a failure is decided here and nowhere else: the neutral notice and the fallback, never a word
of the ERP's, never zero tax.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from connectors.base import Answer
from connectors.generic_erp import bodies, outcomes, recent
from connectors.generic_erp.basket import shipping_item, tax_line
from connectors.generic_erp.client import NotFound
from connectors.generic_erp.functions import (
    BALANCE,
    INVOICE,
    INVOICES,
    NEUTRAL_NOTICE,
    NO_SHIPPING_METHOD,
    ORDER,
    ORDERS,
    SHIPPING_METHODS,
    TAXES,
    Function,
    account_number,
    fallback,
)
from connectors.generic_erp.reading import BAD_RESPONSE, PARTIAL, Reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.run import Run

CACHED = "cached"
NOT_FOUND_MESSAGE = "Not found"
EMPTY_MESSAGE = "Nothing found"
KEY_LIMIT = 36  # of the numbers in one list; an event keeps a few more keys than that
FILTERS = ("order_number", "po_number", "status", "keyword", "sort_by", "sort_direction", "page", "per_page")
INVOICE_FILTERS = (*FILTERS, "invoice_number", "payment_state")
# Numbers people quote, the surest first: what does not fit into the limit is left out from the end.
NUMBERS = {
    "orders": ("order_number", "order_id", "po_number", "web_reference"),
    "invoices": ("invoice_number", "invoice_id", "order_number", "po_number"),
}


def look_up_orders(run: Run, params: Mapping[str, Any]) -> Answer:
    """One page of the customer's orders."""
    code = _customer(run, ORDERS, params)
    reading = run.client.list_orders(code, **_reference(params), **_span(params), **_given(params, FILTERS))
    return _listed(run, "orders", reading)


def look_up_invoices(run: Run, params: Mapping[str, Any]) -> Answer:
    """One page of the customer's invoices; ``is_payable`` says whether one may be ticked and paid."""
    code = _customer(run, INVOICES, params)
    reading = run.client.list_invoices(code, **_reference(params), **_span(params), **_given(params, INVOICE_FILTERS))
    return _listed(run, "invoices", reading)


def look_up_order(run: Run, params: Mapping[str, Any]) -> Answer:
    """One order by the id its list gave; 404 where the ERP has none for this customer."""
    return _document(run, ORDER, run.client.get_order, params)


def look_up_invoice(run: Run, params: Mapping[str, Any]) -> Answer:
    """As ``look_up_order``."""
    return _document(run, INVOICE, run.client.get_invoice, params)


def look_up_balance(run: Run, params: Mapping[str, Any]) -> Answer:
    """What the customer owes. An account the ERP does not know has no balance to show: neutral, not an error."""
    code = _customer(run, BALANCE, params)
    found = run.client.get_balance(code, **_reference(params))
    if isinstance(found, NotFound):
        return Answer(
            available=False,
            message=NOT_FOUND_MESSAGE,
            fallback=fallback(BALANCE, run.settings),
            outcome=outcomes.NOT_FOUND,
            sentence=found.sentence,
        )
    _note(run, found)
    return Answer(available=True, data=found.data, sentence=f"ERP answered with the balance of {code}.")


def look_up_taxes(run: Run, params: Mapping[str, Any]) -> Answer:
    """The tax of the basket, one figure. Raises where it is not certain: a failure is never zero."""
    code, lines = _customer(run, TAXES, params), [tax_line(line) for line in params["lines"]]
    body = bodies.taxes(
        customer_code=code, postal_code=params.get("zip"), lines=lines, currency=run.settings.store_currency
    )

    def ask() -> Reading:
        reading: Reading = run.client.get_taxes(code, postal_code=params.get("zip"), lines=lines)
        return reading

    return _recent(run, TAXES, body, ask, f"ERP answered with the tax of {_counted(len(lines), 'line')}.")


def look_up_shipping_methods(run: Run, params: Mapping[str, Any]) -> Answer:
    """What may ship to the address, and at what price; an empty list says that nothing can."""
    code, items = _customer(run, SHIPPING_METHODS, params), [shipping_item(line) for line in params["lines"]]
    address = {name: params.get(name) for name in ("address1", "address2", "address3", "city", "state", "country")}
    address["postal_code"] = params.get("zip")
    body = bodies.shipping_methods(customer_code=code, items=items, currency=run.settings.store_currency, **address)

    def ask() -> Reading:
        reading: Reading = run.client.get_shipping_methods(code, items=items, **address)
        return reading

    return _recent(run, SHIPPING_METHODS, body, ask, "")


def neutral(function: Function) -> Callable[[Any], Answer]:
    """What the storefront gets when the function fails."""

    def answer(settings: Any) -> Answer:
        return Answer(available=False, message=NEUTRAL_NOTICE, fallback=fallback(function, settings))

    return answer


def _customer(run: Run, function: Function, params: Mapping[str, Any]) -> str:
    """The account number to ask about, known to the event from here on. Raises ``Skip`` where there is none."""
    code = account_number(function, run.settings, params.get("customer_code"))
    run.customer = code
    run.describe(object_type="customer", object_id=code, object_label=code)
    return code


def _reference(params: Mapping[str, Any]) -> dict[str, Any]:
    return {"seller_reference": params.get("seller_reference") or None}


def _span(params: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "date_from": params.get("date_from"),
        "date_to": params.get("date_to"),
        "any_date": bool(params.get("any_date")),
    }


def _given(params: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: params[name] for name in names if params.get(name)}


def _note(run: Run, reading: Reading) -> None:
    for note in reading.notes:
        run.note(note.code, note.text)


def _listed(run: Run, noun: str, reading: Reading) -> Answer:
    _note(run, reading)
    rows, page = reading.data[noun], reading.data["page"]
    run.keys(list(_keys(rows, noun))[:KEY_LIMIT])
    of = f" of {page['total']}" if page["total"] is not None else ""
    sentence = f"ERP answered with {len(rows)}{of} {noun} (page {page['current_page']})."
    return Answer(available=True, data=reading.data, message="" if rows else EMPTY_MESSAGE, sentence=sentence)


def _keys(rows: list[dict[str, Any]], noun: str) -> Iterator[tuple[str, str]]:
    """Distinct search keys of the rows: all first numbers, then all second ones, and so on."""
    seen = set()
    for name in NUMBERS[noun]:
        for row in rows:
            pair = (name, row.get(name) or "")
            if pair[1] and pair not in seen:
                seen.add(pair)
                yield pair


def _document(run: Run, function: Function, get: Any, params: Mapping[str, Any]) -> Answer:
    code, document_id, noun = _customer(run, function, params), params["id"], function.missing
    run.describe(object_type=noun, object_id=document_id, object_label=document_id)
    run.keys([(f"{noun}_id", document_id), (f"{noun}_number", document_id)])
    found = get(code, document_id, **_reference(params))
    if isinstance(found, NotFound):
        return Answer(
            available=False,
            message=NOT_FOUND_MESSAGE,
            outcome=outcomes.NOT_FOUND,
            status=404,
            sentence=found.sentence,
        )
    _note(run, found)
    document = found.data[noun]
    run.describe(object_label=document[f"{noun}_number"])
    run.keys(list(_keys([document], f"{noun}s")))
    run.keys([("invoice_id", one) for one in (document.get("invoice_ids") or [])[:10]])
    return Answer(available=True, data=found.data, sentence=f"ERP answered with {noun} {document[f'{noun}_number']}.")


def _recent(run: Run, function: Function, body: dict[str, Any], ask: Callable[[], Reading], sentence: str) -> Answer:
    """The answer of a minute ago to the very same question, or a new one; only a sound one is kept."""
    key = recent.key_of(run.connector.pk, function.name, run.settings, body)
    hit = recent.RECENT.get(key)
    if hit is not None:
        data, age_s = hit
        again = f"The very same was asked {age_s:.0f} s ago; that answer was given again and nothing was asked."
        return Answer(available=True, data=data, message=_empty(function, data), outcome=CACHED, sentence=again)
    reading = ask()
    _note(run, reading)
    if not any(note.code in (BAD_RESPONSE, PARTIAL) for note in reading.notes):
        recent.RECENT.keep(key, reading.data)
    if function is SHIPPING_METHODS:
        count = len(reading.data["shipping_methods"])
        sentence = f"ERP offers {_counted(count, 'shipping method')} for this address."
    return Answer(available=True, data=reading.data, message=_empty(function, reading.data), sentence=sentence)


def _empty(function: Function, data: Mapping[str, Any]) -> str:
    return NO_SHIPPING_METHOD if function is SHIPPING_METHODS and not data["shipping_methods"] else ""


def _counted(count: int, noun: str) -> str:
    return f"{count or 'no'} {noun}{'' if count == 1 else 's'}"
