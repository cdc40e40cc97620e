"""Who opens one of the hub's pages from within a shop's admin, and the frame these pages are shown in.

Proven by a signed query or an ID token, never by a cookie: frames have none.
https://shopify.dev/docs/apps/build/authentication-authorization/set-embedded-app-authorization (checked 2026-11-20).
"""

from __future__ import annotations

import base64
import binascii
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core import signing as sealing
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from connectors.exceptions import WebhookRejected
from connectors.shopify import idtokens, signing

if TYPE_CHECKING:
    from connectors.run import Run

ADMIN_HOST = re.compile(r"admin\.shopify\.com/store/[a-zA-Z0-9_-]+|[a-zA-Z0-9][a-zA-Z0-9_-]*\.myshopify\.com/admin")
APP_BRIDGE = "https://cdn.shopify.com/shopifycloud/app-bridge.js"


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """``staff``: the number of the person at Shopify, empty where only the address was signed. ``kept``: parameters
    without which a frame forgets whose it is."""

    staff: str
    is_embedded: bool
    host: str
    kept: dict[str, str]

    @property
    def name(self) -> str:
        return f"Shopify admin, staff {self.staff}" if self.staff else "Shopify admin"


def proven(run: Run, request: HttpRequest, *, max_age_s: float) -> Visitor:
    """Raises ``WebhookRejected`` unless the address was signed for this connector's shop within ``max_age_s``, or an ID
    token says so."""
    pairs = signing.pairs_of(request.META.get("QUERY_STRING", ""), most=600)
    given = dict(pairs)
    shop = run.settings.shop_domain
    named = [value.lower() for name, value in pairs if name == "shop"]
    staff = ""
    if signing.is_signed_query(pairs, run.settings.signing_secrets, time.time(), max_age_s):
        if named != [shop.lower()]:
            raise WebhookRejected("The address was signed for another shop.", code="bad_signature")
    else:
        staff = str(told_by_token(run, request, given.get("id_token", "")).get("sub") or "")
        if named and named != [shop.lower()]:
            raise WebhookRejected("The ID token is of another shop than the address.", code="bad_signature")
    kept: dict[str, str] = {name: given[name] for name in ("shop", "host", "embedded", "locale") if name in given}
    host = admin_address(given.get("host", ""))
    return Visitor(staff=staff, is_embedded=given.get("embedded") == "1", host=host, kept=kept)


def told_by_token(run: Run, request: HttpRequest, token: str = "") -> dict[str, Any]:
    """The claims of the ID token in the query or the header. Raises ``WebhookRejected``."""
    bearer = request.headers.get("Authorization", "")
    token = token or (bearer[7:].strip() if bearer.startswith("Bearer ") else "")
    if not token:
        raise WebhookRejected("Neither a signed address nor an ID token proves who asks.", code="bad_signature")
    return idtokens.claims(
        token,
        client_id=run.settings.client_id,
        secrets=run.settings.signing_secrets,
        shop=run.settings.shop_domain,
        now=time.time(),
    )


def admin_address(host: str) -> str:
    """The shop's admin from the ``host`` parameter (Base64); empty where it is none: nobody is sent anywhere else."""
    try:
        text = base64.b64decode(host + "=" * (-len(host) % 4), altchars=b"-_").decode("ascii")
    except (binascii.Error, ValueError):
        return ""
    return text if ADMIN_HOST.fullmatch(text) else ""


def sealed(run: Run, what: str, content: Any) -> str:
    """Content only this connector of this hub can have made."""
    return sealing.dumps(content, salt=f"{what}:{run.connector.uid}", compress=True)


def unsealed(run: Run, what: str, text: str, *, max_age_s: int) -> Any:
    """Raises ``WebhookRejected``; ``sealing.SignatureExpired`` where it is true but too old."""
    try:
        return sealing.loads(text, salt=f"{what}:{run.connector.uid}", max_age=max_age_s)
    except sealing.SignatureExpired:
        raise
    except sealing.BadSignature as error:
        raise WebhookRejected("The page was not made by this hub.", code="bad_signature") from error


def page(
    run: Run, template: str, context: dict[str, Any], *, status: int = 200, is_embedded: bool = False
) -> HttpResponse:
    """A page that only this shop's admin may frame, and that loads nothing but its own style and script."""
    client_id = run.settings.client_id if is_embedded else ""
    whole = {"shop": run.settings.shop_domain, "client_id": client_id, "app_bridge": APP_BRIDGE, **context}
    response = HttpResponse(render_to_string(f"shopify/{template}.html", whole), status=status)
    shop, bridge = run.settings.shop_domain.lower(), " https://cdn.shopify.com" if client_id else ""
    response["Content-Security-Policy"] = (
        f"default-src 'none'; script-src 'self'{bridge}; style-src 'self'; img-src 'self' data:; connect-src 'self'"
        f"{' https://*.shopify.com' if client_id else ''}; form-action 'self'; base-uri 'none'; "
        f"frame-ancestors https://{shop} https://admin.shopify.com;"
    )
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Content-Type-Options"] = "nosniff"
    return response
