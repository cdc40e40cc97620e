"""Talking to Xoro: sales orders, invoices, customers, and what all calls share (``read``, ``write``, ``page``, ``walk`` by
the names of ``routes.py``); the other areas' calls are functions of ``calls/``. Returns plain dicts, knows no model and
no event.

Amounts are ``Decimal`` (the hub's HTTP client parses them so). Every method raises what ``envelope.read`` raises, and
what the HTTP client raises when no answer came.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from connectors.exceptions import ConfigurationError, RemoteTimedOut, RemoteUnavailable
from connectors.http import Http
from connectors.xoro import envelope, wire
from connectors.xoro.paging import Page, walk
from connectors.xoro.routes import ROUTES
from connectors.xoro.settings import XoroSettings, url_problem

CONNECT_TIMEOUT_S = 5.0
REPEAT_AFTER_S = (0.8, 2.0, 4.0)  # pauses before the second, third and fourth try of a read
LEAST_BUDGET_S = 1.0
# Some accounts answer nothing at all unless a status is sent; those of new orders come first.
STATUSES = ("Released", "Open", "Partially Shipped", "Shipped", "Invoiced", "Closed", "Cancelled")


@dataclass(frozen=True)
class Search:
    """What looking up a reference found. ``orders`` are confirmed: reference and source came back as asked.

    ``is_conclusive`` is true only for a match. That nothing matched proves nothing: the answer may be throttling, or
    the tenant may ignore the filter. ``fact`` says in a clause what was seen, ``ignores_filter`` that
    foreign rows came."""

    orders: list[dict[str, Any]] = field(default_factory=list)
    fact: str = ""
    ignores_filter: bool = False

    @property
    def is_conclusive(self) -> bool:
        return bool(self.orders)


class XoroClient:
    """``sleep`` and ``clock`` (seconds) are replaced in tests."""

    def __init__(
        self,
        settings: XoroSettings,
        http: Http,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if problem := url_problem(settings.base_url):
            raise ConfigurationError(f"The API address of Xoro cannot be used. {problem}")
        self.settings = settings
        self.http = http
        self.sleep = sleep
        self.clock = clock
        self.routes = {name: _route(name, settings.routes or {}) for name in ROUTES}
        self._last_call_at: float | None = None

    # Sales orders

    def find_sales_orders(self, source: str, reference: str, *, is_thorough: bool = False) -> Search:
        """Orders that carry this third-party source and reference.

        That the route takes ``third_party_ref_no`` and ``third_party_source`` is documented for invoices only (checked
        2026-11-20), so each row is compared, and reading stops at the first page with a row of another reference.
        ``is_thorough``: ask again with every status, because some accounts answer nothing without one. Raises as every
        read."""
        return self._find("sales_orders", "order", source, reference, ("", *STATUSES) if is_thorough else ("",))

    def find_invoices(self, source: str, reference: str) -> Search:
        """Invoices that carry this third-party source and reference, whatever their status; as ``find_sales_orders``."""
        return self._find("invoices", "invoice", source, reference, ("", *self.settings.invoice_statuses))

    def _find(self, name: str, noun: str, source: str, reference: str, statuses: Sequence[str]) -> Search:
        was_uncertain = False
        for status in statuses:
            asked = {"third_party_ref_no": reference, "third_party_source": source, "status": status}
            for page in self.walk(name, asked):
                matches = [row for row in page.rows if _is_of(row, source, reference)]
                if matches:
                    return Search(matches, f"Xoro has {len(matches)} {noun}(s) with this reference")
                was_uncertain = was_uncertain or not page.is_certain
                if page.rows:
                    fact = f"Xoro answered with {noun}s of other references, so it seems to ignore this filter"
                    return Search([], fact, ignores_filter=True)
        empty = "Xoro answered with nothing, as it also does when it is too busy"
        return Search([], empty if was_uncertain else f"Xoro answered with no {noun}")

    def get_sales_order(self, order_number: str) -> dict[str, Any] | None:
        """One order by its number; ``None`` where Xoro has none of it or answered with another one. Raises
        ``RemoteUnavailable`` where an empty answer proves nothing, besides what a read raises."""
        found = self.read("sales_orders", {"order_number": order_number})
        row = next((row for row in found.rows if wire.document_number(row) == order_number), None)
        if row is None and not found.is_certain:
            raise unsure(f"sales order {order_number}")
        return row

    def first_sales_order(self) -> Page:
        """The cheapest call there is: one released order. For checking that the connection works."""
        return self.page("sales_orders", {"status": "Released", "per_page": 1}, 1)

    # Invoices

    def get_invoices(
        self,
        third_party_customer_id: str = "",
        third_party_company_id: str = "",
        status: str = "",
        page: int = 1,
        budget_s: float | None = None,
    ) -> Page:
        """``GET invoice/getinvoice``: one page as it came, foreign rows included; parameters as documented at
        https://xorosoft.docs.apiary.io/ (checked 2026-11-20). A page may take 45 s."""
        asked = {
            "third_party_customer_id": third_party_customer_id,
            "third_party_company_id": third_party_company_id,
            "status": status,
        }
        return self.page("invoices", asked, page, budget_s)

    # Customers (routes not confirmed by the vendor)

    def find_customer(self, source: str, reference: str) -> dict[str, Any] | None:
        """The customer that carries this source and reference, or ``None`` where none came back."""
        rows = self.read("customers", {"third_party_ref_no": reference, "third_party_source": source}).rows
        found = (row for row in rows if wire.identifier(row.get("ThirdPartyRefNo")) == reference)
        return next((row for row in found if row.get("ThirdPartySource") == source), None)

    def upsert_customer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """``POST customer/create``: creates, or updates the one with the same source and reference."""
        return self.write("create_customer", body)

    # What all of them share

    def walk(self, name: str, params: Mapping[str, Any]) -> Iterator[Page]:
        """All pages of a list of documents, each document once."""
        return walk(partial(self.page, name, params), wire.document_number)

    def page(self, name: str, params: Mapping[str, Any], page: int, budget_s: float | None = None) -> Page:
        """One page of a list, as it came."""
        found = self.read(name, {**params, "page": page}, budget_s)
        return Page(page, found.rows, found.is_certain)

    def write(self, name: str, body: Any) -> dict[str, Any]:
        """One write; the document as answered, empty where the answer names none. Sent once, whatever happens."""
        rows = self._call(name, body=body).rows
        return rows[0] if rows else {}

    def ask(self, name: str) -> None:
        """Whether a route that writes is there, without writing: asked by ``GET``, one that exists answers that it wants
        another method. Raises ``ConfigurationError`` with ``status`` 405 for that, 400 or 404 where there is none."""
        _, path = self.routes[name]
        self._call(name, params={}, route=("GET", path))

    def read(self, name: str, params: Mapping[str, Any], budget_s: float | None = None) -> envelope.Envelope:
        """A read, repeated after 0.8, 2 and 4 s while it fails or looks throttled, within ``budget_s``.

        A timed-out call is not repeated here: it took its two minutes, and the event is retried anyway."""
        deadline = None if budget_s is None else self.clock() + budget_s
        for pause_s in (*REPEAT_AFTER_S, None):
            try:
                found = self._call(name, params=params, deadline=deadline)
            except RemoteTimedOut:
                raise
            except RemoteUnavailable:
                if pause_s is None or not self._has_time(deadline, pause_s):
                    raise
            else:
                if found.is_certain or pause_s is None or not self._has_time(deadline, pause_s):
                    return found
            self.sleep(pause_s)
        raise AssertionError("the last try returns or raises")

    def _has_time(self, deadline: float | None, pause_s: float) -> bool:
        return deadline is None or self.clock() + pause_s + LEAST_BUDGET_S < deadline

    def _call(
        self,
        name: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        deadline: float | None = None,
        route: tuple[str, str] | None = None,
    ) -> envelope.Envelope:
        """One exchange; a call with a body is a write. Raises as ``envelope.read`` and the HTTP client."""
        self._keep_pause()
        method, path = route or self.routes[name]
        read_s = float(self.settings.timeout_s)
        budget_s = CONNECT_TIMEOUT_S + read_s
        if deadline is not None:
            budget_s = max(deadline - self.clock(), LEAST_BUDGET_S)
        try:
            answer = self.http.request(
                method,
                self.settings.base_url.rstrip("/") + "/" + path,
                headers={"Accept": "application/json"},
                params=wire.without_blanks(params or {}) or None,
                json=body,
                auth=(self.settings.api_key, self.settings.api_secret),
                timeout_s=(min(CONNECT_TIMEOUT_S, budget_s), min(read_s, budget_s)),
                budget_s=budget_s,
                write=body is not None,
                max_bytes=20 * 1024 * 1024,  # a page of 100 documents with their 400 members is large
            )
        finally:
            self._last_call_at = self.clock()
        return envelope.read(answer, is_write=body is not None)

    def _keep_pause(self) -> None:
        """Calls in quick succession trip the tenant's throttling."""
        if self._last_call_at is not None:
            missing_s = self.settings.pause_ms / 1000 - (self.clock() - self._last_call_at)
            if missing_s > 0:
                self.sleep(missing_s)


def unsure(what: str) -> RemoteUnavailable:
    """An emptiness that proves nothing; the event waits and asks again."""
    sentence = f"Xoro answered the question for {what} with nothing, as it also does when it is too busy."
    return RemoteUnavailable(sentence, code="throttled")


def _route(name: str, overrides: Mapping[str, str]) -> tuple[str, str]:
    if name not in overrides:
        return ROUTES[name]
    method, _, path = overrides[name].partition(" ")
    return method, path


def _is_of(row: dict[str, Any], source: str, reference: str) -> bool:
    header = wire.header_of(row)
    same_reference = wire.identifier(header.get("ThirdPartyRefNo")) == reference
    return same_reference and wire.identifier(header.get("ThirdPartySource")).casefold() == source.casefold()
