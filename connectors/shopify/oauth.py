"""Installing the app in a shop from the hub: the browser goes to Shopify, comes back with a code, the hub has access.

https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant (API 2026-10,
checked 2026-11-20). Shop and app are the connector's settings and never the caller's; what returns must be signed by
Shopify, come from that shop, and belong to the browser that left minutes ago. Only the vault changes.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from django.core import signing as django_signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from connectors import lanes, vault
from connectors.base import Endpoint
from connectors.exceptions import HubError, WebhookRejected
from connectors.shopify import installation, scopes, shop, signing, tokens
from connectors.shopify.health import ACCESS
from connectors.shopify.settings import INSTALL, WAY_LABELS

if TYPE_CHECKING:
    from connectors.models import Connector
    from connectors.run import Run

START, RETURN = "install", "installed"
STATE_S = 600  # for reading the consent page
SALT = "shopify-install"
COOKIE = "hub-install"
CODE = re.compile(r"[\x21-\x7e]{1,512}", re.ASCII)


def start(run: Run, request: HttpRequest) -> HttpResponse:
    """Send the browser to the shop's consent page, with a state only this browser can bring back."""
    connector, settings = run.connector, run.settings
    if settings.way != INSTALL:
        return _page(
            409,
            f"{connector} gets in by the way “{WAY_LABELS[settings.way]}”, which needs no installation from here. To "
            f"install, choose the way “{WAY_LABELS[INSTALL]}” in its settings first.",
        )
    if request.method != "GET":
        return _page(405, "An installation begins with a page that is opened.")
    state = secrets.token_urlsafe(24)
    query = urlencode(
        {
            "client_id": settings.client_id,
            "scope": ",".join(scopes.to_ask(scopes.used_by(connector, settings), settings.scopes_besides)),
            "redirect_uri": return_url(connector),
            "state": state,
        }
    )
    response = HttpResponseRedirect(f"{settings.admin_url}/oauth/authorize?{query}")
    response.set_cookie(
        COOKIE,
        _signer().sign(f"{connector.uid}.{state}"),
        max_age=STATE_S,
        path=_path(connector),
        secure=connector.webhook_url.startswith("https://"),
        httponly=True,
        samesite="Lax",  # it has to come along when Shopify sends the browser back
    )
    response["Referrer-Policy"] = "no-referrer"
    return response


def finish(run: Run, request: HttpRequest) -> HttpResponse:
    """What Shopify sent the browser back with: checked, the code exchanged, the grant kept.

    Raises ``WebhookRejected`` where Shopify did not sign it, lately, for this shop."""
    connector, settings = run.connector, run.settings
    pairs = signing.pairs_of(request.META.get("QUERY_STRING", ""), most=50)
    own = (settings.client_secret, settings.previous_webhook_secret)
    is_signed = signing.is_signed_query(pairs, own, time.time(), signing.CHANGING_MAX_AGE_S)
    asked = dict(pairs)
    if request.method != "GET" or settings.way != INSTALL or not is_signed:
        raise WebhookRejected("The return of an installation is not signed by Shopify.", code="bad_signature")
    domain = asked.get("shop", "")
    if not signing.is_shop_domain(domain) or domain.lower() != settings.shop_domain.lower():
        raise WebhookRejected("The return of an installation is of another shop.", code="wrong_shop")
    if not _is_expected(connector, request, asked.get("state", "")):
        return _page(
            403,
            "This installation was not started from this browser, was finished already, or took longer than ten "
            f"minutes. Start it again from the page of {connector} in the hub.",
        )
    code = asked.get("code", "")
    if not CODE.fullmatch(code):
        return _page(400, "Shopify sent no code. Start the installation again from the connector's page in the hub.")
    run.redactor.learn([code])
    try:
        tokens.Vault(connector).write(tokens.exchange(settings, run.http, code, time.time))
        shop.look(run)
    except HubError as error:
        run.fail(error)
        run.warn(ACCESS, error.sentence, error.next_step)
        return _page(502, f"{run.redactor.text(error.sentence)} {run.redactor.text(error.next_step)}")
    run.clear(ACCESS)
    installation.installed_again(run)
    lanes.works_again(connector.pk)
    run.tell(f"The app is installed in {settings.shop_domain}; the hub has access.")
    response = HttpResponseRedirect(f"{connector.admin_path()}?tab=overview")
    response.delete_cookie(COOKIE, path=_path(connector))
    return response


def start_url(connector: Connector) -> str:
    """Where a person begins; as secret as the connector's webhook address."""
    return f"{connector.webhook_url}/{START}"


def return_url(connector: Connector) -> str:
    """Where Shopify sends the browser back: to be entered as a redirection URL of the app in the Dev Dashboard."""
    return f"{connector.webhook_url}/{RETURN}"


def _is_expected(connector: Connector, request: HttpRequest, state: str) -> bool:
    """Whether this browser started just this, a short while ago, and nobody finished it."""
    try:
        kept = _signer().unsign(request.COOKIES.get(COOKIE, ""), max_age=STATE_S)
    except django_signing.BadSignature:
        return False
    if not hmac.compare_digest(kept.encode(), f"{connector.uid}.{state}".encode("utf-8", "surrogatepass")):
        return False
    return vault.once(connector, f"install:{hashlib.sha256(state.encode()).hexdigest()[:40]}", STATE_S)


def _signer() -> django_signing.TimestampSigner:
    return django_signing.TimestampSigner(salt=SALT)


def _path(connector: Connector) -> str:
    return urlsplit(connector.webhook_url).path + "/"


def _page(status: int, text: str) -> HttpResponse:
    return HttpResponse(text + "\n", status=status, content_type="text/plain; charset=utf-8")


ENDPOINTS = {
    START: Endpoint(function=start, label="Install in the shop"),
    RETURN: Endpoint(function=finish, label="Return of an installation", topic="app/installed", budget_s=25.0),
}
