"""The sandbox's way in: consent page, codes, tokens that end, refresh tokens good for one use, token exchange.

https://shopify.dev/docs/apps/build/authentication-authorization (API 2026-10, checked 2026-11-20). Written down here
without the hub's own signing, so that one checks the other.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from connectors.sandbox import Reply, Request
from connectors.shopify.sandbox.orders import Shop

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox

DAY_TOKEN_S = 86_399
HOUR_TOKEN_S = 3_600
REFRESH_S = 7_776_000
CODE_S = 60.0
LEEWAY_S = 10.0
FOR_EVER = float("inf")
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
OFFLINE = "urn:shopify:params:oauth:token-type:offline-access-token"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
Form = dict[str, str]


def is_valid(sandbox: ShopifySandbox, shop: Shop, token: str) -> bool:
    """Whether a call may be made with this token now."""
    if token == shop.access_token:
        return shop.is_installed
    return shop.tokens.get(token, 0) > sandbox.now()


def revoke(shop: Shop) -> None:
    """The app is uninstalled: everything it was granted is dead at once."""
    shop.is_installed = False
    shop.tokens.clear()
    shop.table("code").clear()
    shop.table("refresh").clear()


def token(sandbox: ShopifySandbox, shop: Shop, request: Request) -> Reply:
    """``POST admin/oauth/access_token``: every grant the vendor knows."""
    form = _form(request)
    app = next((one for one in sandbox.shops.values() if one.client_id == form.get("client_id")), None)
    if app is None or not hmac.compare_digest(app.client_secret, form.get("client_secret", "")):
        return refused("invalid_client", "Client id and client secret do not belong together.")
    grant = GRANTS.get(form.get("grant_type", "code" if "code" in form else ""))
    if grant is None:
        return refused("unsupported_grant_type", "The grant type is not supported.")
    if app is not shop:
        return refused("shop_not_permitted", "The app is not installed on this shop.")
    return grant(sandbox, shop, form)


def _client_credentials(sandbox: ShopifySandbox, shop: Shop, form: Form) -> Reply:
    if not shop.is_installed:
        return refused("shop_not_permitted", "The app is not installed on this shop.")
    return Reply(body={**_access(sandbox, shop, DAY_TOKEN_S), "expires_in": DAY_TOKEN_S})


def _code(sandbox: ShopifySandbox, shop: Shop, form: Form) -> Reply:
    known = shop.table("code").pop(form.get("code", ""), None)
    if known is None or known["ends"] < sandbox.now():
        return refused("invalid_request", "The authorization code was not found or was already used.")
    shop.is_installed = True
    shop.scopes = known["scopes"] or shop.scopes
    return _offline(sandbox, shop, form)


def _refresh(sandbox: ShopifySandbox, shop: Shop, form: Form) -> Reply:
    known = shop.table("refresh").pop(form.get("refresh_token", ""), None)
    if known is None or known["ends"] < sandbox.now():
        return refused("invalid_grant", "The refresh token is invalid, expired or was used already.")
    return _offline(sandbox, shop, {"expiring": "1"})


def _exchange(sandbox: ShopifySandbox, shop: Shop, form: Form) -> Reply:
    given = form.get("subject_token", "")
    if form.get("subject_token_type") == OFFLINE:
        if shop.tokens.get(given) != FOR_EVER and given != shop.access_token:
            return refused("invalid_subject_token", "The token cannot be exchanged.")
        shop.tokens.pop(given, None)
        return _offline(sandbox, shop, {"expiring": "1"})
    if form.get("subject_token_type") != ID_TOKEN or not _is_id_token(given, shop, sandbox.now()):
        return refused("invalid_subject_token", "The subject token is invalid or has expired.")
    return _offline(sandbox, shop, form)


GRANTS: dict[str, Callable[[ShopifySandbox, Shop, Form], Reply]] = {
    "client_credentials": _client_credentials,
    "code": _code,
    "authorization_code": _code,
    "refresh_token": _refresh,
    EXCHANGE: _exchange,
}


def _offline(sandbox: ShopifySandbox, shop: Shop, form: Form) -> Reply:
    """A token that never ends or, asked for, one of an hour with what renews it."""
    if form.get("expiring") != "1":
        return Reply(body=_access(sandbox, shop, FOR_EVER))
    renewing = f"shprt_{secrets.token_hex(16)}"
    shop.table("refresh")[renewing] = {"ends": sandbox.now() + REFRESH_S}
    return Reply(
        body={
            **_access(sandbox, shop, HOUR_TOKEN_S),
            "expires_in": HOUR_TOKEN_S,
            "refresh_token": renewing,
            "refresh_token_expires_in": REFRESH_S,
        }
    )


def _access(sandbox: ShopifySandbox, shop: Shop, life_s: float) -> dict[str, Any]:
    made = f"shpat_{secrets.token_hex(16)}"
    shop.tokens[made] = sandbox.now() + life_s
    return {"access_token": made, "scope": ",".join(shop.scopes)}


def authorize(sandbox: ShopifySandbox, shop: Shop, request: Request) -> Reply:
    """``GET admin/oauth/authorize``: the page that asks the merchant; with ``auto=1`` he has agreed already."""
    asked = request.query
    back = asked.get("redirect_uri", "")
    if asked.get("client_id") != shop.client_id:
        return Reply(400, "Oauth error invalid_request: no app with this client id is known.")
    if urlsplit(back).scheme not in {"http", "https"} or not urlsplit(back).netloc or urlsplit(back).fragment:
        return Reply(400, "Oauth error invalid_request: the redirect_uri is not whitelisted.")
    if asked.get("auto") != "1":
        again = html.escape("?" + urlencode({**asked, "auto": "1"}))
        wanted = "".join(f"<li>{html.escape(one)}</li>" for one in _scopes(asked))
        return Reply(
            body=f"<!doctype html><title>Install app</title><h1>Install app in {html.escape(shop.name)}?</h1>"
            f'<p>It asks for:</p><ul>{wanted}</ul><p><a href="{again}">Install</a></p>'
        )
    code = secrets.token_hex(16)
    shop.table("code")[code] = {"ends": sandbox.now() + CODE_S, "scopes": _scopes(asked)}
    place = base64.b64encode(f"admin.shopify.com/store/{shop.domain.partition('.')[0]}".encode()).decode().rstrip("=")
    pairs = {
        "code": code, "host": place, "shop": shop.domain, "state": asked.get("state", ""),
        "timestamp": str(int(sandbox.now())),
    }  # fmt: skip
    text = "&".join(f"{name}={quote(value)}" for name, value in sorted(pairs.items())).replace("/", "%2F")
    digest = hmac.new(shop.client_secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    join = "&" if urlsplit(back).query else "?"
    return Reply(302, "", {"Location": f"{back}{join}{urlencode({**pairs, 'hmac': digest})}"})


def refused(code: str, description: str) -> Reply:
    """How the vendor declines to give a token."""
    return Reply(400, {"error": code, "error_description": description})


def _scopes(asked: Form) -> list[str]:
    return [one.strip() for one in asked.get("scope", "").split(",") if one.strip()]


def _form(request: Request) -> Form:
    """The fields of the call, sent as a form or as JSON."""
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            body = request.json()
        except ValueError:
            body = None
        return {name: str(value) for name, value in body.items()} if isinstance(body, dict) else {}
    return {name: values[0] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}


def _is_id_token(text: str, shop: Shop, now: float) -> bool:
    """An ID token of the admin for this app and shop: HS256 with the client secret, life one minute."""
    try:
        head, claims, given = text.split(".")
        digest = hmac.new(shop.client_secret.encode(), f"{head}.{claims}".encode(), hashlib.sha256).digest()
        told = json.loads(_base64(claims))
        return (
            hmac.compare_digest(digest, _base64(given))
            and json.loads(_base64(head)).get("alg") == "HS256"
            and told["aud"] == shop.client_id
            and told["dest"] == f"https://{shop.domain}"
            and told["nbf"] - LEEWAY_S <= now <= told["exp"] + LEEWAY_S
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def _base64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
