"""Talking to Loop. Facts about its API, and how sure they are: the package's text.

Every method raises what ``raise_for_status`` raises, ``RemoteRefused`` for what Loop declines, ``RemoteUnavailable`` for
what is no answer of Loop's, and ``PayloadError``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from connectors.exceptions import PayloadError, RemoteRefused, RemoteUnauthorised, RemoteUnavailable
from connectors.http import Http, HttpAnswer, raise_for_status
from connectors.xoro.loop import reading
from connectors.xoro.loop.reading import Listed, LoopReturn

if TYPE_CHECKING:
    from connectors.xoro.settings import XoroSettings

PAGE_SIZE = 100
MAX_PAGES = 200
LONGEST_RANGE = timedelta(days=119)  # Loop refuses more than 120 days
STATES = ("", "review", "cancelled")  # without a state: open, closed and expired ones
ABSENT = re.compile(r"\bno return|not found", re.IGNORECASE)
KEY_STEP = (
    "Make an API key of scope Returns in Loop under Settings, Developer tools, enter it on the connector's page, then press "
    "Retry."
)


class LoopClient:
    def __init__(self, settings: XoroSettings, http: Http) -> None:
        self.settings = settings
        self.http = http

    def changed(self, first: datetime, last: datetime, *, by: str = "updated_at") -> Iterator[Listed]:
        """Returns changed (or ``created_at``) between two moments, each once, whatever their state."""
        seen: set[str] = set()
        while first < last:
            until = min(last, first + LONGEST_RANGE)
            for state in STATES:
                for one in self._walk({"from": _stamp(first), "to": _stamp(until), "filter": by, "state": state}):
                    if one.id not in seen:
                        seen.add(one.id)
                        yield one
            first = until

    def get(self, return_id: str = "", order_name: str = "") -> LoopReturn | None:
        """One return by its id, else by the name of its order; ``None`` where Loop has none, or answered another."""
        asked = {"return_id": return_id} if return_id else {"order_name": order_name}
        try:
            answer = self._call("details", params=asked)
        except RemoteRefused as error:
            if error.status == 404 or (error.code == "refused" and ABSENT.search(error.sentence)):
                return None
            raise
        found = reading.loop_return(answer)
        if (return_id and found.id != return_id) or (order_name and not _is_same(found.order_name, order_name)):
            return None
        return found

    def process(self, return_id: str) -> None:
        """Have Loop fulfil what is left of a return. It is queued: the return is closed once that is done."""
        self._act("process", return_id)

    def flag(self, return_id: str) -> None:
        """Have a person in Loop look at a return."""
        self._act("flag", return_id)

    def ping(self, day: datetime) -> None:
        """The cheapest call there is."""
        self._call("list", params={"from": _stamp(day), "to": _stamp(day), "paginate": "true", "pageSize": 1})

    def _walk(self, asked: Mapping[str, Any]) -> Iterator[Listed]:
        params = {**asked, "paginate": "true", "pageSize": PAGE_SIZE}
        for _ in range(MAX_PAGES):
            answer = self._call("list", params=params)
            rows = answer.get("returns") if isinstance(answer, dict) else answer
            if not isinstance(rows, list):
                raise PayloadError("Loop's answer has no list “returns”.", path="returns", code="shape")
            for one in rows:
                yield reading.listed(one)
            url = answer.get("nextPageUrl") if isinstance(answer, dict) else None
            if not rows or not url:
                return
            params = {**params, **_next(url)}
        raise RemoteUnavailable(f"Loop's list of returns does not end after {MAX_PAGES} pages.", code="endless")

    def _act(self, name: str, return_id: str) -> None:
        answer = self._call(name, return_id=return_id, write=True)
        if answer not in (True, "true"):
            raise RemoteUnavailable(
                f"Loop answered {name} of return {return_id} with neither yes nor no.", code="unclear"
            )

    def _call(
        self, name: str, *, params: Mapping[str, Any] | None = None, return_id: str = "", write: bool = False
    ) -> Any:
        method, path = self.settings.loop_route(name)
        answer = self.http.request(
            method,
            self.settings.loop_url.rstrip("/") + "/" + path.replace("{id}", return_id),
            headers={"Accept": "application/json", "X-Authorization": self.settings.return_token},
            params={key: value for key, value in (params or {}).items() if value not in ("", None)} or None,
            timeout_s=(5.0, 30.0),
            write=write,
        )
        return self._read(answer, write=write)

    def _read(self, answer: HttpAnswer, *, write: bool) -> Any:
        try:
            raise_for_status(answer, "Loop")
        except RemoteUnauthorised as error:
            error.next_step = KEY_STEP
            raise
        try:
            content = answer.json()
        except PayloadError:
            self._doubt(answer, write)
            raise RemoteUnavailable("Loop answered with something that is not JSON.", code="not_json") from None
        if isinstance(content, dict) and (told := content.get("errors") or content.get("error")):
            sentence, code = _said(told)
            raise RemoteRefused(
                f"Loop declined: {sentence}", code=code, status=answer.status, request_id=answer.request_id
            )
        if write and content not in (True, "true"):
            self._doubt(answer, write)
        return content

    def _doubt(self, answer: HttpAnswer, write: bool) -> None:
        """An answer to a write that says nothing counts as none: the next attempt looks first."""
        if write:
            self.http.doubt(answer.request_id, "Loop's answer does not say whether it was done.")


def _said(told: Any) -> tuple[str, str]:
    """(sentence, code) of whatever Loop puts into its errors."""
    if isinstance(told, list):
        told = told[0] if told else ""
    if isinstance(told, dict):
        message, code = told.get("message"), told.get("code")
        return (str(message)[:300] if message else "it gave no reason."), (code if isinstance(code, str) else "refused")
    return (told[:300] if isinstance(told, str) and told else "it gave no reason."), "refused"


def _next(url: Any) -> dict[str, str]:
    """What the link to the next page asks, such as its cursor: where it leads to is never followed. Raises
    ``PayloadError``, because a list that goes on unread would lose returns."""
    try:
        asked = dict(parse_qsl(urlsplit(url).query)) if isinstance(url, str) else {}
    except ValueError:
        asked = {}
    if not asked:
        raise PayloadError(
            "Loop's answer names a next page that cannot be asked for.", path="nextPageUrl", code="shape"
        )
    return asked


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def _is_same(one: str, other: str) -> bool:
    return one.lstrip("#").casefold() == other.lstrip("#").casefold()
