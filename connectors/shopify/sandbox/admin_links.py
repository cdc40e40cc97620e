"""Addresses as the shop's admin opens them: signed in either spelling, with or without an ID token.

Control: ``POST /_sandbox/admin-link`` with ``{"shop", "url", "ids": [...], "as": "ids[]", "id_token": bool, "hmac": bool,
"spelling": "plain" or "encoded", "age": seconds, "embedded": bool, "secret_of": domain}`` answers ``url`` and the token.
https://shopify.dev/docs/apps/build/admin/actions-blocks (checked 2026-11-20).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from connectors.sandbox import Reply
from connectors.shopify.sandbox.orders import Shop
from connectors.shopify.sandbox.shops import OUTLET

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox

TOKEN_LIFE_S = 60
STAFF = "5001"
UNESCAPED = "!*'()"  # what encodeURIComponent leaves alone, besides letters, digits and -_.~
Pairs = list[tuple[str, str]]


def id_token(shop: Shop, now: float, *, secret: str = "", **changes: Any) -> str:
    """A token as the admin gives it to a page: HS256, one minute. ``changes`` replace claims."""
    claims = {
        "iss": f"https://{shop.domain}/admin", "dest": f"https://{shop.domain}", "aud": shop.client_id, "sub": STAFF,
        "exp": int(now) + TOKEN_LIFE_S, "nbf": int(now), "iat": int(now), "jti": str(uuid.uuid4()), "sid": "sandbox",
    }  # fmt: skip
    parts = [_part({"alg": "HS256", "typ": "JWT"}), _part({**claims, **changes})]
    digest = hmac.digest((secret or shop.client_secret).encode(), ".".join(parts).encode(), hashlib.sha256)
    return ".".join([*parts, base64.urlsafe_b64encode(digest).decode().rstrip("=")])


def signed(pairs: Pairs, secret: str, spelling: str) -> str:
    """The query hmac as one of the vendor's two libraries makes it."""
    if spelling == "encoded":
        ordered = sorted(pairs, key=lambda pair: pair[0])
        text = "&".join(f"{quote(name, safe=UNESCAPED)}={quote(value, safe=UNESCAPED)}" for name, value in ordered)
    else:
        lists: dict[str, list[str]] = {}
        for name, value in pairs:
            if name.endswith("[]"):
                lists.setdefault(name[:-2], []).append(value)
        texts = [(name, value) for name, value in pairs if not name.endswith("[]")]
        texts += [(name, "[" + ", ".join(f'"{one}"' for one in values) + "]") for name, values in lists.items()]
        escaped = [(name.replace("%", "%25").replace("=", "%3D").replace("&", "%26"),
                    value.replace("%", "%25").replace("&", "%26")) for name, value in texts]  # fmt: skip
        text = "&".join(sorted(f"{name}={value}" for name, value in escaped))
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")


def _link(sandbox: ShopifySandbox, wish: dict[str, Any]) -> Reply:
    shop = sandbox.shops[wish.get("shop", OUTLET)]
    signer = sandbox.shops[wish.get("secret_of", shop.domain)]
    # Real time: the hub, which judges the age, does not follow the sandbox's clock.
    now = time.time() - float(wish.get("age", 0))
    ids = [str(one) for one in wish.get("ids", [])]
    name = wish.get("as") or ("id" if len(ids) == 1 else "ids[]")
    store = shop.domain.partition(".")[0]
    host = base64.b64encode(f"admin.shopify.com/store/{store}".encode()).decode().rstrip("=")
    pairs: Pairs = [("shop", shop.domain), ("host", host), ("locale", "en"), ("timestamp", str(int(now)))]
    pairs += [(name, one) for one in ids]
    token = id_token(shop, now, secret=signer.client_secret)
    if wish.get("embedded", True):
        pairs += [("embedded", "1"), ("session", "0f9d")]
    if wish.get("id_token"):
        pairs.append(("id_token", token))
    if wish.get("hmac", True):
        pairs.append(("hmac", signed(pairs, signer.client_secret, wish.get("spelling", "encoded"))))
    return Reply(body={"url": f"{wish['url']}?{urlencode(pairs)}", "id_token": token})


CONTROLS: dict[str, Callable[..., Reply]] = {"admin-link": _link}
