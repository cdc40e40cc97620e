"""Access tokens: the permanent one of the settings, one of 24 hours by client credentials, or one of an hour that an
installation brought and a refresh token renews. What was granted is kept encrypted and shared by all processes.

https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens (client credentials, authorization code,
refresh; API 2026-10, checked 2026-11-20). A refresh token can be used once: it is written down that it is on its way
before it leaves. Not for the pages of an installation: those are ``oauth.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from connectors import vault
from connectors.exceptions import PayloadError, RemoteUnauthorised, RemoteUnavailable
from connectors.http import Http, HttpAnswer
from connectors.models import Connector
from connectors.shopify import replies
from connectors.shopify.settings import INSTALL, TOKEN, ShopifySettings
from connectors.vault import Grant

NAME = "access"
DEFAULT_LIFE_S = 86_399.0
REFRESH_LIFE_S = 90 * 86_400.0
LONGEST_LIFE_S = 400 * 86_400.0  # whatever an answer says
RENEW_PART = 0.9  # of its life: a token is renewed when less than a tenth is left
AGAIN_S = 60.0  # after a renewal that failed while the token is still good
WRONG_APP = frozenset({"invalid_client", "shop_not_permitted", "application_cannot_be_found"})
REINSTALL = "Open the connector's page, and press “Install in the shop” under Access, as a person who may install apps."


class Store(Protocol):
    """Where what was granted is kept, and who of several may renew it: see ``vault``."""

    def read(self) -> Grant | None: ...
    def write(self, grant: Grant) -> None: ...
    def forget(self) -> None: ...
    def mark_started(self) -> None: ...
    def renew(self, is_good: Callable[[Grant | None], bool], fetch: Callable[[Grant | None], Grant]) -> Grant: ...


class Vault:
    """The grant of one connector, kept in the hub's vault."""

    def __init__(self, connector: Connector) -> None:
        self.connector = connector

    def read(self) -> Grant | None:
        return vault.read(self.connector, NAME)

    def write(self, grant: Grant) -> None:
        vault.write(self.connector, NAME, grant)

    def forget(self) -> None:
        vault.forget(self.connector, NAME)

    def mark_started(self) -> None:
        vault.mark_started(self.connector, NAME)

    def renew(self, is_good: Callable[[Grant | None], bool], fetch: Callable[[Grant | None], Grant]) -> Grant:
        return vault.renew(self.connector, NAME, is_good, fetch)


class Memory:
    """A grant kept as long as its client: for one that belongs to no connector."""

    def __init__(self) -> None:
        self.grant: Grant | None = None

    def read(self) -> Grant | None:
        return self.grant

    def write(self, grant: Grant) -> None:
        self.grant = grant

    def forget(self) -> None:
        self.grant = None

    def mark_started(self) -> None:
        if self.grant is not None:
            self.grant = replace(self.grant, was_interrupted=True)

    def renew(self, is_good: Callable[[Grant | None], bool], fetch: Callable[[Grant | None], Grant]) -> Grant:
        if self.grant is None or not is_good(self.grant):
            self.grant = fetch(self.grant)
        return self.grant


def access(settings: ShopifySettings, http: Http, store: Store, now: Callable[[], float], refused: str = "") -> Grant:
    """What to send: the kept grant while it is good and not the ``refused`` token, else a renewed one.

    Raises ``RemoteUnauthorised`` where Shopify gives none (code ``needs_install`` where a person has to install the app
    again), and what a call raises."""
    if settings.way == TOKEN:
        return Grant(values={"access_token": settings.access_token}, renew_at=0.0)

    def is_good(grant: Grant | None) -> bool:
        return (
            grant is not None
            and _is_usable(grant, settings, refused)
            and (not grant.renew_at or now() < grant.renew_at)
        )

    def fetch(kept: Grant | None) -> Grant:
        if settings.way == INSTALL:
            return _refresh(settings, http, store, now, kept)
        return _ask(settings, http, now, {"grant_type": "client_credentials"})

    kept = store.read()
    if kept is not None and is_good(kept):
        return kept
    try:
        return store.renew(is_good, fetch)
    except RemoteUnavailable:  # the last tenth of its life is there for this
        if kept is None or not _is_usable(kept, settings, refused) or now() >= kept.expires_at:
            raise
        return replace(kept, renew_at=min(now() + AGAIN_S, kept.expires_at))


def exchange(settings: ShopifySettings, http: Http, code: str, now: Callable[[], float]) -> Grant:
    """The first grant of an installation. Raises ``RemoteUnauthorised`` and what a call raises."""
    return _ask(settings, http, now, {"code": code, "expiring": "1"})


def _refresh(
    settings: ShopifySettings, http: Http, store: Store, now: Callable[[], float], kept: Grant | None
) -> Grant:
    """The next pair. The old refresh token is used up by being sent: where the answer was lost it is tried once more,
    and refused it is given up, because nothing but a new installation helps then."""
    if kept is None or not _is_of(kept, settings) or not kept.values.get("refresh_token"):
        raise RemoteUnauthorised(
            "The hub has no access to the shop: the app is not installed there, or has to be installed again.",
            next_step=REINSTALL,
            code="needs_install",
        )
    if now() >= float(kept.values.get("refresh_expires_at") or 0):
        store.forget()
        raise RemoteUnauthorised(
            "The hub's access to the shop has expired: it was not used for 90 days.",
            next_step=REINSTALL,
            code="needs_install",
        )
    store.mark_started()
    form = {"grant_type": "refresh_token", "refresh_token": str(kept.values["refresh_token"])}
    try:
        return _ask(settings, http, now, form)
    except RemoteUnauthorised as error:
        if error.code in WRONG_APP:
            raise
        store.forget()
        why = " An earlier renewal was interrupted before its answer was kept." if kept.was_interrupted else ""
        raise RemoteUnauthorised(
            f"Shopify does not renew the hub's access to the shop; the app has to be installed again.{why}",
            next_step=REINSTALL,
            code="needs_install",
            status=error.status,
            request_id=error.request_id,
        ) from error


def _is_of(grant: Grant, settings: ShopifySettings) -> bool:
    """Whether it was granted for this shop, app and way: settings may have changed since."""
    return grant.values.get("of") == _of(settings)


def _of(settings: ShopifySettings) -> str:
    return f"{settings.way} {settings.admin_url} {settings.client_id}"


def _is_usable(grant: Grant, settings: ShopifySettings, refused: str) -> bool:
    token = grant.values.get("access_token")
    return bool(token) and token != refused and _is_of(grant, settings)


def _ask(settings: ShopifySettings, http: Http, now: Callable[[], float], more: Mapping[str, str]) -> Grant:
    form = {"client_id": settings.client_id, "client_secret": settings.client_secret, **more}
    url = f"{settings.admin_url}/oauth/access_token"
    answer = http.request("POST", url, headers={"Accept": "application/json"}, data=form)
    if answer.status in {400, 401, 403}:
        raise _refusal(answer)
    replies.raise_for_status(answer)
    body: Any = answer.json()
    if not isinstance(body, dict) or not isinstance(body.get("access_token"), str) or not body["access_token"]:
        raise PayloadError("Shopify's answer holds no access token.", path="access_token")
    with replies.promised_shape("an access token"):
        life_s = _seconds(body.get("expires_in"), 0.0 if settings.way == INSTALL else DEFAULT_LIFE_S)
        refresh_life_s = _seconds(body.get("refresh_token_expires_in"), REFRESH_LIFE_S)
    values = {"of": _of(settings), "access_token": body["access_token"], "scope": str(body.get("scope") or "")}
    if isinstance(body.get("refresh_token"), str):
        values |= {"refresh_token": body["refresh_token"], "refresh_expires_at": now() + refresh_life_s}
    if not life_s:  # an app whose tokens never end
        return Grant(values=values)
    return Grant(values=values, renew_at=now() + life_s * RENEW_PART, expires_at=now() + life_s)


def _seconds(given: Any, default: float) -> float:
    return min(max(float(given), 0.0), LONGEST_LIFE_S) if given is not None else default


def _refusal(answer: HttpAnswer) -> RemoteUnauthorised:
    try:
        body = answer.json()
    except PayloadError:
        body = None
    body = body if isinstance(body, dict) else {}
    code = str(body.get("error") or f"http_{answer.status}")
    next_step = ""
    if code == "shop_not_permitted":
        next_step = (
            "Install the app on this shop; app and shop must belong to the same organisation at Shopify. For a shop "
            "of another organisation choose “Install in the shop” as the way in."
        )
    return RemoteUnauthorised(
        f"Shopify gave no access token: {body.get('error_description') or code}.",
        next_step=next_step,
        code=code,
        status=answer.status,
        request_id=answer.request_id,
    )
