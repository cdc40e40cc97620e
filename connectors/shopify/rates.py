"""The callback of the carrier service: a checkout asks what shipping costs, and is answered within 2.5 seconds.

In this order: what was answered to the very same question minutes ago; the connector that knows the rates, with a limit
of two seconds; the table of rates; HTTP 503, for which the shop shows its backup rates. An empty list says "nothing
ships there" and is never the answer to a trouble of ours. Not for registering the service: that is ``carrier``.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, JsonResponse

from connectors import asking, quotes
from connectors.exceptions import ConfigurationError, HubError, PayloadError, RemoteUnavailable, Skip, WebhookRejected
from connectors.shopify import ratequestion, ratetable
from connectors.shopify.offers import Offer, code_of, distinct, from_kept, rendered, rounded
from connectors.shopify.ratequestion import Question
from connectors.shopify.settings import ShopifySettings

if TYPE_CHECKING:
    from connectors.run import Run

TOPIC = "rates/asked"
CAPABILITY = "shipping_methods"
BUDGET_S = 2.5
SOURCE_S = 2.0
SPARED_S = 0.3  # of the budget: what is left for the table and the answer itself
MOST_OFFERS = 50
TABLE = "table"
CACHED, LIVE, FALLBACK = "cache", "live", "fallback"


@dataclass
class Found:
    """``how``: cache, live, fallback (the other connector did not answer) or table (there is none to ask)."""

    how: str
    offers: Sequence[Offer]
    notes: list[tuple[str, str]] = field(default_factory=list)


def answer(run: Run, request: HttpRequest) -> HttpResponse:
    """The endpoint. Raises ``WebhookRejected`` for a caller that is not the shop, ``PayloadError`` for what cannot be
    read; every other trouble is told by its event and answered by 503."""
    settings: ShopifySettings = run.settings
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    check_sender(run, request)
    off = _why_off(run)
    if off is not None:
        run.fail(off)
        return _backup()
    question = ratequestion.read(request.body)
    key = key_of(settings, question)
    place = question.destination
    run.keys(question.buyer_keys())
    run.describe(object_type=quotes.CART, object_id=key, object_label=f"{place.country} {place.postal_code}".strip())
    try:
        found = find(run, question, key)
    except HubError as error:
        run.fail(error)
        return _backup()
    for code, text in found.notes:
        run.note(code, text)
    is_kept = found.how == CACHED or quotes.keep(
        run.connector.pk, key, _source(settings, found.how), [one.kept() for one in found.offers], question.facts()
    )
    if not is_kept:
        run.note("quote", "The quote could not be kept in time; the codes carry no key.")
    rows = rendered(
        found.offers, key=key if is_kept and settings.rates_quote_key else "", now=datetime.now(UTC), zone=zone_of(run),
        phone_required=settings.rates_phone_required,
    )  # fmt: skip
    run.tell(_sentence(found), found.how)
    return JsonResponse({"rates": rows})


def find(run: Run, question: Question, key: str) -> Found:
    """Offers for a question. Raises ``HubError`` where neither the other connector nor the table has one."""
    settings: ShopifySettings = run.settings
    source = settings.rates_from or TABLE
    age = timedelta(minutes=settings.rates_cache_minutes)
    kept = quotes.fresh(run.connector.pk, key, source, age) if settings.rates_from else None
    if kept is not None:
        return Found(CACHED, [from_kept(row) for row in kept])
    if not settings.rates_from:
        if not settings.rates_table.strip():
            raise ConfigurationError(
                "The checkout asks for rates, and the connector has neither a connector to ask nor a table of rates.",
                next_step="Fill in “Rates from” or “Table of rates” on the connector's page.",
                code="no_source",
            )
        return Found(TABLE, list(_from_table(settings, question)))
    try:
        return _live(run, question)
    except HubError as error:
        offers = list(_from_table(settings, question)) if settings.rates_table.strip() else []
        if not offers:
            raise
        sentence = f"{error.sentence} The table of rates was offered instead."
        return Found(FALLBACK, offers, [(error.code or error.reason, sentence)])


def key_of(settings: ShopifySettings, question: Question) -> str:
    """The quote's key: the same for the same cart and address as long as the settings that make the answer stay."""
    made_by = [settings.rates_from, settings.rates_table, settings.rates_exchange, settings.rates_source_currency]
    return quotes.key_of({**question.facts(), "settings": [*made_by, settings.rates_customer_tag]})


def check_sender(run: Run, request: HttpRequest) -> None:
    """The address holds a secret already; the shop named must be ours, and a signature, where there is one, right.

    Raises ``WebhookRejected``. Whether Shopify signs these calls is not documented: see the setting."""
    settings: ShopifySettings = run.settings
    shop = str(request.headers.get("X-Shopify-Shop-Domain", "")).strip().lower()
    if shop != settings.shop_domain.lower():
        raise WebhookRejected("The rate request names another shop.", code="wrong_shop")
    given = request.headers.get("X-Shopify-Hmac-Sha256", "")
    if not given and not settings.rates_require_signature:
        return
    if not settings.signing_secrets and not settings.rates_require_signature:
        run.note("unverified", "The request was signed, and no API secret key is set to compare the signature with.")
        return
    try:
        digest = base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    right = [hmac.digest(secret.encode(), request.body, "sha256") for secret in settings.signing_secrets]
    if not any([hmac.compare_digest(digest, one) for one in right]):  # noqa: C419 - each compared, in constant time
        raise WebhookRejected("The rate request is not signed by the shop.", code="bad_signature")


def zone_of(run: Run) -> ZoneInfo:
    """The shop's time zone as the carrier service's synchronization found it; UTC until then."""
    try:
        return ZoneInfo(str(run.checkpoint.get("carrier", {}).get("timezone") or "UTC"))
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def _why_off(run: Run) -> Skip | None:
    if not run.settings.offers_rates:
        return Skip("The shop asks for rates, but the function is switched off here.", code="off")
    if not run.connector.is_enabled or run.connector.is_paused:
        state = "paused" if run.connector.is_enabled else "disabled"
        return Skip(f"The connector is {state}; the shop shows its backup rates.", reason=state, code=state)
    return None


def _live(run: Run, question: Question) -> Found:
    """The other connector's rates. Raises ``HubError`` where it has no answer that can be offered."""
    settings: ShopifySettings = run.settings
    asked_in = settings.rates_source_currency or question.currency
    rest_s = (run.ends_at - time.monotonic() if run.ends_at else SOURCE_S + SPARED_S) - SPARED_S
    given = _asked(settings, question, _factor(settings, question.currency, asked_in))
    found = asking.ask(run, settings.rates_from, CAPABILITY, given, budget_s=max(0.1, min(SOURCE_S, rest_s)))
    if not found.available:
        raise RemoteUnavailable(f"“{settings.rates_from}” had no answer ({found.outcome}).", code=found.outcome)
    currency = str(found.data.get("currency") or asked_in)
    factor = _factor(settings, currency, question.currency)
    notes = []
    if currency != question.currency:
        notes.append(
            ("converted", f"Rates in {currency} were converted to {question.currency} by {factor.normalize():f}.")
        )
    offers = [_offer(row, factor, question.currency) for row in found.data["shipping_methods"][:MOST_OFFERS]]
    return Found(LIVE, distinct(offers), notes)


def _asked(settings: ShopifySettings, question: Question, factor: Decimal) -> dict[str, Any]:
    """The question in the form storefronts ask it."""
    lines = []
    for number, item in enumerate(question.items):
        if not item.sku:
            raise PayloadError(
                f"Item {number + 1} of the cart has no SKU: “{settings.rates_from}” cannot be asked about it.",
                path=f"rate.items[{number}].sku",
                code="no_sku",
            )
        price = str((item.price * factor).quantize(Decimal("0.01")))
        lines.append({"sku": item.sku, "quantity": str(item.quantity), "unit_price": price})
    place = question.destination
    prefix = settings.rates_customer_tag
    tagged = [tag[len(prefix) :].strip() for tag in question.tags if prefix and tag.startswith(prefix)]
    given = {
        "customer_code": tagged[0] if tagged else "", "address1": place.address1, "address2": place.address2,
        "city": place.city, "state": place.province, "country": place.country, "zip": place.postal_code,
    }  # fmt: skip
    return {**{name: value for name, value in given.items() if value}, "lines": lines}


def _offer(row: Mapping[str, Any], factor: Decimal, currency: str) -> Offer:
    try:
        label, total = str(row["label"]), Decimal(str(row["total"]))
        on = date.fromisoformat(row["delivery_date"]) if row.get("delivery_date") else None
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise PayloadError("A rate of the other connector cannot be read.", path="shipping_methods") from error
    return Offer(
        name=label, code=code_of(str(row.get("code") or label)), price=rounded(total * factor, currency),
        currency=currency, description=str(row.get("carrier") or ""), on=on,
    )  # fmt: skip


def _factor(settings: ShopifySettings, of: str, to: str) -> Decimal:
    """Raises ``ConfigurationError`` where the administrator gave no exchange rate: nothing is converted in silence."""
    if of == to:
        return Decimal(1)
    listed = ratetable.exchange(settings.rates_exchange)
    if (of, to) in listed:
        return listed[(of, to)]
    if (to, of) in listed:
        return 1 / listed[(to, of)]
    raise ConfigurationError(
        f"The buyer sees {to if to != settings.rates_source_currency else of}, and no exchange rate between {of} and "
        f"{to} is given.",
        next_step="Enter it under “Exchange rates” on the connector's page.",
        code="exchange_rate",
    )


def _from_table(settings: ShopifySettings, question: Question) -> Iterator[Offer]:
    """Rows that fit, the first of each code. Raises ``ConfigurationError`` where rows fit and none is in a currency
    that can be offered."""
    place = question.destination
    seen: set[str] = set()
    missing: ConfigurationError | None = None
    for row in ratetable.rows(settings.rates_table):
        if row.code in seen or not row.fits(
            place.country, place.postal_code, question.grams, question.value, question.currency
        ):
            continue
        try:
            factor = _factor(settings, row.currency, question.currency)
        except ConfigurationError as error:
            missing = missing or error
            continue
        seen.add(row.code)
        price = rounded(row.price * factor, question.currency)
        yield Offer(name=row.name, code=row.code, price=price, currency=question.currency, days=row.days)
    if not seen and missing is not None:
        raise missing


def _source(settings: ShopifySettings, how: str) -> str:
    """Under which name an answer is kept: only an answer of the other connector is given again."""
    return settings.rates_from if how == LIVE else TABLE if how == TABLE else FALLBACK


def _sentence(found: Found) -> str:
    count = len(found.offers)
    offered = f"{count} rate{'' if count == 1 else 's'}" if count else "no rate: nothing ships there"
    origin = {
        CACHED: "as minutes ago", LIVE: "from the other connector", FALLBACK: "from the table, in its place",
        TABLE: "from the table",
    }  # fmt: skip
    return f"Offered {offered}, {origin[found.how]}."


def _backup() -> HttpResponse:
    """For which the shop shows its own backup rates."""
    return JsonResponse({"detail": "No rates at the moment."}, status=503)
