"""The channel to one shop's Admin API: a document goes out in its turn and with a valid token, ``data`` comes back.

Every call takes its turn at the shop's points (``pacing.py``), is repeated only where that does no harm
(``repeats.py``), and every error becomes the hub's own (``replies.py``). Not for what to ask: that is ``client.py`` and
``calls``.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Self

from connectors.budgets import BudgetSpent
from connectors.exceptions import PayloadError, RemoteUnauthorised, RemoteUnavailable
from connectors.http import NEVER_LEFT, Http, HttpAnswer
from connectors.shopify import cost, repeats, replies, settling, tokens
from connectors.shopify.documents import document
from connectors.shopify.health import Health
from connectors.shopify.pacing import STOCK, Pace
from connectors.shopify.replies import promised_shape
from connectors.shopify.settings import TOKEN, ShopifySettings
from connectors.vault import Grant

TRIES = 8  # of a throttled call, before the event goes back to the queue
LONGEST_WAIT_S = 30.0  # for one call altogether: a worker is not kept asleep longer
TIMEOUT_S = (3.0, 20.0)  # connect, read
Node = dict[str, Any]


class Channel:
    """``pace``: the shared turn at the shop's points, ``health``: where warnings go, ``unfinished_at``: when an earlier
    attempt sent a write of unknown outcome; a client of its own has none of these.
    ``notes``: remarks by code that are no errors. ``served_version`` and ``clock_skew_s`` (ours minus theirs, whole
    seconds) are those of the last answer."""

    def __init__(
        self,
        settings: ShopifySettings,
        http: Http,
        *,
        token_store: tokens.Store | None = None,
        pace: Pace | None = None,
        health: Health | None = None,
        unfinished_at: Callable[[], datetime | None] = lambda: None,
        sleep: Callable[[float], object] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self.http = http
        self.token_store: tokens.Store = token_store or tokens.Memory()
        self.pace = pace
        self.health = health
        self.unfinished_at = unfinished_at
        self.sleep = sleep
        self.now = now
        self.notes: dict[str, str] = {}
        self.served_version = ""
        self.clock_skew_s: float | None = None
        self._grant: Grant | None = None

    def as_stock(self) -> Self:
        """The same client at the turn of figures: before bulk work, behind what happens in the shop."""
        one = copy.copy(self)
        one.pace = self.pace.at(STOCK) if self.pace is not None else None
        return one

    def change(self, name: str, variables: dict[str, Any], *, key: str = "") -> Node:
        """The payload of the one mutation of a document; recorded before it leaves. ``key``: its idempotency key, where
        the document has one. Raises ``replies.UserErrors`` where Shopify declines, and what ``execute`` raises; a lost
        answer is ``RemoteTimedOut`` or ``RemoteUnavailable``, and the caller looks whether the write took effect."""
        data = self.execute(name, variables, write=True, key=key)
        with promised_shape(name):
            payload: Node | None = next(iter(data.values()), None)
            if payload is None:
                raise KeyError(name)
        return payload

    def execute(self, name: str, variables: dict[str, Any], *, write: bool = False, key: str = "") -> Node:
        """``data`` of one document. A throttled call waits for its points and is sent again, ``TRIES`` times and
        ``LONGEST_WAIT_S`` at most; then ``BudgetSpent``, with the time to wait.

        A write that must not be done twice (``repeats``) is never sent again here: where the answer leaves open what
        became of it the exchange is recorded as one without an answer, and ``RemoteUnavailable`` is raised. Nor does it
        leave while a write of an earlier attempt may still be done, for it may be the same: ``NotDone`` (``settling``)."""
        may_repeat = repeats.may_repeat(name, variables, key)
        if not may_repeat:
            self._settle(name)
        waited = 0.0
        for attempt in range(1, TRIES + 1):
            answer, reply = self._post(name, variables, write=write, key=key)
            with promised_shape(name):
                pause_s = replies.throttle_pause_s(reply)
            if pause_s is None:
                try:
                    with promised_shape(name):
                        replies.raise_for_errors(reply, name, request_id=answer.request_id)
                except RemoteUnavailable as error:
                    self._doubt(may_repeat, answer, error.sentence)
                    raise
                data: Node = reply["data"]
                return data
            sentence = f"The shop's points for API calls are used up: {name} was throttled"
            if not may_repeat:
                self._doubt(may_repeat, answer, f"{sentence}; whether it was done is not promised.")
                raise RemoteUnavailable(
                    f"{sentence}. Before it is sent again the hub looks whether it was done.",
                    code="THROTTLED", retry_after_s=pause_s, request_id=answer.request_id,
                )  # fmt: skip
            if attempt == TRIES or waited + pause_s > self._patience_s():
                break
            self.sleep(pause_s)
            waited += pause_s
        raise BudgetSpent(
            f"{sentence} {attempt} times in {waited:.0f} s.",
            next_step="Nothing to do: the event runs as soon as enough points have come back.",
            code="THROTTLED",
            retry_after_s=pause_s,
            request_id=answer.request_id,
        )

    def _settle(self, name: str) -> None:
        sent_at = self.unfinished_at()
        if sent_at is not None:
            sentence = f"Shopify may still do what an earlier attempt sent without an answer; {name} waits for that."
            settling.check(sent_at, datetime.fromtimestamp(self.now(), UTC), sentence)

    def _patience_s(self) -> float:
        ends_at = self.pace.ends_at if self.pace is not None else None
        return LONGEST_WAIT_S if ends_at is None else min(LONGEST_WAIT_S, ends_at - time.monotonic())

    def _doubt(self, may_repeat: bool, answer: HttpAnswer, why: str) -> None:
        if not may_repeat:
            self.http.doubt(answer.request_id, why)

    def _post(self, name: str, variables: dict[str, Any], *, write: bool, key: str) -> tuple[HttpAnswer, Node]:
        """One document sent, with a token renewed once where Shopify refuses it. Raises by HTTP status."""
        try:
            answer, reply = self._send(name, variables, self._token(), write=write, key=key)
            if answer.status == 401 and self.settings.way != TOKEN:
                answer, reply = self._send(name, variables, self._token(refused=self._token()), write=write, key=key)
            replies.raise_for_status(answer)
        except RemoteUnauthorised as error:
            if self.health is not None and error.status != 403:
                self.health.refused(error)
            raise
        except RemoteUnavailable as error:
            if self.health is not None and error.closes_lane:
                self.health.blocked(error)
            raise
        self._remember(name, answer)
        if reply is None:
            raise PayloadError("Shopify's answer is not a JSON object.", request_id=answer.request_id)
        return answer, reply

    def _token(self, refused: str = "") -> str:
        """The token to send, asked of the store once in a run and where it must be renewed."""
        grant = self._grant
        if grant is None or refused or (grant.renew_at and self.now() >= grant.renew_at):
            self._grant = grant = tokens.access(self.settings, self.http, self.token_store, self.now, refused)
        return str(grant.values["access_token"])

    def _send(
        self, name: str, variables: dict[str, Any], token: str, *, write: bool, key: str
    ) -> tuple[HttpAnswer, Node | None]:
        """One call within the shop's points; the reply parsed where there is one."""
        points = cost.expected(name, variables)
        if self.pace is not None:
            self.pace.take(points, self.sleep)
        spent: float = points
        reply: Node | None = None
        try:
            answer = self.http.request(
                "POST",
                f"{self.settings.admin_url}/api/{self.settings.api_version}/graphql.json",
                headers={"Accept": "application/json", "X-Shopify-Access-Token": token},
                json={"query": document(name), "operationName": name, "variables": variables},
                timeout_s=TIMEOUT_S,
                write=write,
                idempotency_key=key,
            )
            spent = points if answer.status >= 500 else 0.0  # else nothing was executed
            if answer.status == 200:
                parsed = answer.json()
                reply = parsed if isinstance(parsed, dict) else None
        except RemoteUnavailable as error:
            spent = 0.0 if error.code in NEVER_LEFT else points
            raise
        finally:
            if self.pace is not None and reply is None:
                self.pace.give_back(points, spent=spent)
        if reply is not None:
            replies.requested_cost(reply, lambda requested: cost.learn(name, variables, requested))
            if self.pace is not None:
                self.pace.settle(points, reply)
        return answer, reply

    def _remember(self, name: str, answer: HttpAnswer) -> None:
        asked, served = self.settings.api_version, answer.headers.get("x-shopify-api-version", "")
        self.served_version = served
        if served and served != asked:
            self.notes["version_fallback"] = (
                f"Shopify answered with API version {served} instead of {asked}, which it does not serve."
            )
        deprecated = answer.headers.get("x-shopify-api-deprecated-reason", "")
        if deprecated:
            self.notes["deprecated"] = f"Shopify says that the call used something deprecated: {deprecated}"
        if self.health is not None:
            self.health.served(asked, served)
            self.health.deprecated(name, deprecated)
            self.health.works()
        try:
            theirs = parsedate_to_datetime(answer.headers.get("date", ""))
        except ValueError:
            self.clock_skew_s = None
        else:
            self.clock_skew_s = round(self.now() - theirs.timestamp())
