"""Access tokens by the client credentials grant: fetched, kept until nine tenths of their life are over, renewed.

https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/client-credentials-grant
(API 2026-10, checked 2026-11-20). Several tokens of one app may be valid at once, so that two workers who renew at the
same moment do no harm.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any, TypedDict

from connectors.exceptions import PayloadError, RemoteUnauthorised
from connectors.http import Http
from connectors.shopify import replies
from connectors.shopify.settings import ShopifySettings

DEFAULT_LIFE_S = 86_399


class Token(TypedDict):
    access_token: str
    renew_at: float  # epoch seconds


TokenStore = MutableMapping[str, Token]

IN_PROCESS: TokenStore = {}  # what a client uses that is given no other store: every process fetches its own token


def access_token(settings: ShopifySettings, http: Http, store: TokenStore, now: Callable[[], float]) -> str:
    """The token to send: the permanent one of the settings, or a valid one of the store, or a fresh one.

    Raises ``RemoteUnauthorised`` where Shopify gives none, and what a call raises."""
    if settings.access_token:
        return settings.access_token
    kept = store.get(_key(settings))
    if kept is not None and now() < kept["renew_at"]:
        return kept["access_token"]
    fresh = _fetch(settings, http, now)
    store[_key(settings)] = fresh
    return fresh["access_token"]


def forget(settings: ShopifySettings, store: TokenStore) -> bool:
    """Drop a token Shopify has refused. True where a fresh one can be had, so that another try makes sense."""
    store.pop(_key(settings), None)
    return not settings.access_token


def _key(settings: ShopifySettings) -> str:
    return f"{settings.admin_url} {settings.client_id}"


def _fetch(settings: ShopifySettings, http: Http, now: Callable[[], float]) -> Token:
    form = {
        "grant_type": "client_credentials",
        "client_id": settings.client_id,
        "client_secret": settings.client_secret,
    }
    url = f"{settings.admin_url}/oauth/access_token"
    answer = http.request("POST", url, headers={"Accept": "application/json"}, data=form)
    if answer.status in {400, 401, 403}:
        raise _refusal(answer)
    replies.raise_for_status(answer)
    body: Any = answer.json()
    if not isinstance(body, dict) or not isinstance(body.get("access_token"), str):
        raise PayloadError("Shopify's answer holds no access token.", path="access_token")
    life_s = float(body.get("expires_in") or DEFAULT_LIFE_S)
    return {"access_token": body["access_token"], "renew_at": now() + life_s * 0.9}


def _refusal(answer: Any) -> RemoteUnauthorised:
    try:
        body = answer.json()
    except PayloadError:
        body = None
    body = body if isinstance(body, dict) else {}
    code = str(body.get("error") or f"http_{answer.status}")
    next_step = ""
    if code == "shop_not_permitted":
        next_step = "Install the app on this shop; app and shop must belong to the same organisation at Shopify."
    return RemoteUnauthorised(
        f"Shopify gave no access token: {body.get('error_description') or code}.",
        next_step=next_step,
        code=code,
        status=answer.status,
        request_id=answer.request_id,
    )
