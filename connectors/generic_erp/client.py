"""The HTTP client of the contract: one method per endpoint, each a ``POST`` of a JSON object to the configured URL.

Method and headers: articles 7011969, 7210105, 7925260 and 7930420; of the by-id endpoints only the method is inferred
(reference checked 2026-11-20). All calls are reads, so the one narrow retry is safe. Knows no Django model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from connectors.exceptions import (
    ConfigurationError,
    HubError,
    PayloadError,
    RemoteError,
    RemoteRefused,
    RemoteTimedOut,
    RemoteUnauthorised,
    RemoteUnavailable,
)
from connectors.generic_erp import bodies, outcomes
from connectors.generic_erp.answers import read_answer
from connectors.generic_erp.auth import auth_headers, credential_texts
from connectors.generic_erp.forms import ID_PLACEHOLDER
from connectors.generic_erp.functions import (
    BALANCE,
    INVOICE,
    INVOICES,
    ORDER,
    ORDERS,
    SHIPPING_METHODS,
    TAXES,
    Function,
)
from connectors.generic_erp.outcomes import Verdict
from connectors.generic_erp.reading import Asked, Reading

if TYPE_CHECKING:
    from connectors.generic_erp.settings import GenericErpSettings
    from connectors.http import Http, HttpAnswer

RETRY_STATUSES = frozenset({502, 503, 504})
RETRY_PAUSE_S = 0.25
RESPONSE_LIMIT_BYTES = 5 * 1024 * 1024
REACH_S = 10.0
REACH_LIMIT_BYTES = 64 * 1024
CHECK_URL = "Correct the address of this function in the connector's settings, then test the connection."


@dataclass(frozen=True)
class NotFound:
    """The ERP has no such order, invoice or account: a good answer, not a failure. ``sentence`` is for support."""

    sentence: str


class GenericErpClient:
    """Methods return a ``Reading`` (``data``, ``notes``), by-id and balance also ``NotFound``, or raise a ``HubError``
    whose ``code`` is the finer outcome: rejected, auth, erp_error, bad_response, throttled, erp_down, unreachable."""

    def __init__(self, settings: GenericErpSettings, http: Http) -> None:
        self.settings = settings
        self.http = http

    def list_orders(
        self,
        customer_code: str,
        *,
        seller_reference: str | None = None,
        date_from: datetime | date | None = None,
        date_to: datetime | date | None = None,
        any_date: bool = False,
        page: int = 1,
        per_page: int = bodies.PER_PAGE,
        **filters: Any,
    ) -> Reading:
        """One page of orders; ``filters`` as in ``bodies.orders``. Article 7011969."""
        span = bodies.Span(start=date_from, end=date_to, is_open=any_date)
        now, reference = datetime.now(UTC), self._reference(seller_reference)
        body = bodies.orders(
            customer_code=customer_code, now=now, zone=self.settings.zone, reference=reference, span=span,
            page=page, per_page=per_page, **filters,
        )  # fmt: skip
        return self._page(ORDERS, body)

    def get_order(
        self, customer_code: str, order_id: str, *, seller_reference: str | None = None
    ) -> Reading | NotFound:
        """One order by the id its list gave. Article 7011969."""
        reference = self._reference(seller_reference)
        body = bodies.order(customer_code=customer_code, order_id=order_id, reference=reference)
        return self._one(ORDER, body, order_id)

    def list_invoices(
        self,
        customer_code: str,
        *,
        seller_reference: str | None = None,
        date_from: datetime | date | None = None,
        date_to: datetime | date | None = None,
        any_date: bool = False,
        page: int = 1,
        per_page: int = bodies.PER_PAGE,
        **filters: Any,
    ) -> Reading:
        """One page of invoices; ``filters`` as in ``bodies.invoices``. Article 7011969."""
        span = bodies.Span(start=date_from, end=date_to, is_open=any_date)
        now, reference = datetime.now(UTC), self._reference(seller_reference)
        body = bodies.invoices(
            customer_code=customer_code, now=now, zone=self.settings.zone, reference=reference, span=span,
            page=page, per_page=per_page, **filters,
        )  # fmt: skip
        return self._page(INVOICES, body)

    def get_invoice(
        self, customer_code: str, invoice_id: str, *, seller_reference: str | None = None
    ) -> Reading | NotFound:
        """One invoice by the id its list gave. Article 7011969."""
        reference = self._reference(seller_reference)
        body = bodies.invoice(customer_code=customer_code, invoice_id=invoice_id, reference=reference)
        return self._one(INVOICE, body, invoice_id)

    def get_balance(self, customer_code: str, *, seller_reference: str | None = None) -> Reading | NotFound:
        """What the customer owes. Article 7210105."""
        body = bodies.balance(customer_code=customer_code, reference=self._reference(seller_reference))
        answer = self.ask(BALANCE, body, subject=customer_code)
        return (
            answer if isinstance(answer, NotFound) else self.read(BALANCE, answer, Asked(customer_code=customer_code))
        )

    def get_taxes(self, customer_code: str, *, postal_code: str | None, lines: Sequence[bodies.TaxLine]) -> Reading:
        """The tax of the basket. Article 7925260."""
        currency = self.settings.store_currency
        body = bodies.taxes(customer_code=customer_code, postal_code=postal_code, lines=lines, currency=currency)
        total = sum((line.amount for line in lines), Decimal(0))
        return self.read(TAXES, self.ask(TAXES, body), Asked(customer_code=customer_code, basket_total=total))

    def get_shipping_methods(
        self, customer_code: str, *, items: Sequence[bodies.ShippingItem], **address: str | None
    ) -> Reading:
        """What may ship to an address, and its price; ``address`` as in ``bodies``. Article 7930420."""
        body = bodies.shipping_methods(
            customer_code=customer_code,
            items=items,
            currency=self.settings.store_currency,
            **address,
        )
        return self.read(SHIPPING_METHODS, self.ask(SHIPPING_METHODS, body), Asked(customer_code=customer_code))

    def ask(self, function: Function, body: dict[str, Any], *, subject: str = "") -> Any:
        """The parsed JSON of a successful answer, or ``NotFound``; raises as all methods do, except for what only
        reading finds out. ``subject``: the id or account number asked for, also put where the URL says ``{id}``."""
        secrets = credential_texts(self.settings)
        url = self._address(function, subject)
        if url is None:
            return NotFound(f"ERP has no {function.missing} {subject}")
        answer = self._post(function, url, body)
        verdict = outcomes.classify(answer.status, answer.content, function=function, subject=subject, secrets=secrets)
        if verdict.outcome == outcomes.SUCCESS:
            return verdict.parsed
        if verdict.outcome == outcomes.NOT_FOUND:
            return NotFound(verdict.sentence)
        raise _failure(verdict, answer)

    def read(self, function: Function, answer: Any, asked: Asked) -> Reading:
        return read_answer(function, answer, asked, self.settings)

    def reach(self, function: Function) -> int:
        """The status of a bare OPTIONS: whether name, connection and TLS work, with no credential and no body sent."""
        url = (self._address(function, "0") or "").strip()
        connect_s = float(self.settings.connect_timeout_s)
        try:
            answer = self.http.request("OPTIONS", url, timeout_s=(connect_s, REACH_S), max_bytes=REACH_LIMIT_BYTES)
        except RemoteError as error:
            if error.code == "too_large":
                return error.status or 200
            raise _unanswered(error, int(REACH_S), credential_texts(self.settings)) from error
        return answer.status

    def _page(self, function: Function, body: dict[str, Any]) -> Reading:
        page, per_page = int(body["current_page"]), int(body["per_page"])
        asked = Asked(customer_code=body["customer_code"], page=page, per_page=per_page)
        return self.read(function, self.ask(function, body), asked)

    def _one(self, function: Function, body: dict[str, Any], document_id: str) -> Reading | NotFound:
        answer = self.ask(function, body, subject=document_id)
        if isinstance(answer, NotFound):
            return answer
        return self.read(function, answer, Asked(customer_code=body["customer_code"], document_id=document_id))

    def _reference(self, value: str | None) -> bodies.SellerReference:
        return bodies.SellerReference(is_used=self.settings.use_seller_reference, value=value)

    def _address(self, function: Function, subject: str) -> str | None:
        """The URL to call, ``None`` where the id cannot stand in it. Raises ``ConfigurationError`` where it is off."""
        url = function.url(self.settings).strip()
        if not url:
            raise ConfigurationError(f"{function.label} is off: its URL is not filled in.", code="function_off")
        if not function.is_by_id or ID_PLACEHOLDER not in url:
            return url
        if not subject.strip("."):
            # "." and ".." survive percent-encoding and would climb to another path of the ERP.
            return None
        return url.replace(ID_PLACEHOLDER, quote(subject, safe=""))

    def _post(self, function: Function, url: str, body: dict[str, Any]) -> HttpAnswer:
        connect_s, read_s = self.settings.connect_timeout_s, function.read_timeout_s(self.settings)
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            **auth_headers(self.settings),
        }
        try:
            return self.http.request(
                "POST",
                url,
                headers=headers,
                json=body,
                timeout_s=(float(connect_s), float(read_s)),
                budget_s=float(connect_s + read_s),
                retry_statuses=RETRY_STATUSES,
                retry_pause_s=RETRY_PAUSE_S,
                max_bytes=RESPONSE_LIMIT_BYTES,
            )
        except RemoteError as error:
            raise _unanswered(error, read_s, credential_texts(self.settings)) from error


def _unanswered(error: RemoteError, read_s: int, secrets: Sequence[str]) -> HubError:
    """No complete answer: the hub's finer classes become the contract's outcomes."""
    more: dict[str, Any] = {"request_id": error.request_id, "status": error.status}
    sentence = outcomes.masked(error.sentence, secrets)
    next_step = outcomes.NEXT_STEPS[outcomes.UNREACHABLE]
    if isinstance(error, RemoteTimedOut):
        # "Timed out" is a reason of its own elsewhere; here it is one way of being unreachable.
        sentence = f"ERP did not answer within {read_s} s"
        return RemoteUnavailable(sentence, code=outcomes.UNREACHABLE, next_step=next_step, **more)
    if isinstance(error, RemoteUnavailable):
        if error.next_step != RemoteUnavailable.default_next_step:
            next_step = error.next_step
        return RemoteUnavailable(sentence, code=outcomes.UNREACHABLE, next_step=next_step, **more)
    if error.code == "too_large":
        more["next_step"] = outcomes.NEXT_STEPS[outcomes.BAD_RESPONSE]
        return PayloadError("ERP answer is larger than 5 MiB", code=outcomes.BAD_RESPONSE, **more)
    return RemoteRefused(sentence, code=outcomes.REJECTED, next_step=CHECK_URL, **more)


def _failure(verdict: Verdict, answer: HttpAnswer) -> HubError:
    """The error of an answer that is no success."""
    more: dict[str, Any] = {"code": verdict.outcome, "request_id": answer.request_id, "status": answer.status}
    more["next_step"] = outcomes.NEXT_STEPS[verdict.outcome]
    if verdict.outcome == outcomes.BAD_RESPONSE:
        return PayloadError(verdict.sentence, **more)
    if verdict.outcome == outcomes.AUTH:
        return RemoteUnauthorised(verdict.sentence, **more)
    if verdict.outcome == outcomes.THROTTLED:
        pause = outcomes.pause_s(answer.headers.get("retry-after"))
        pause = outcomes.PAUSE_UNSAID_S if pause is None else pause
        return RemoteUnavailable(verdict.sentence, retry_after_s=pause, **more)
    if verdict.outcome == outcomes.ERP_DOWN:
        return RemoteUnavailable(verdict.sentence, **more)
    if answer.status in (404, 410) or 300 <= answer.status < 400:
        more["next_step"] = CHECK_URL
    return RemoteRefused(verdict.sentence, **more)
