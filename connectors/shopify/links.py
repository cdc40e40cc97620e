"""“Synchronize” on the order and product pages of the shop's admin: a link opens a question, its answer queues one event
for each chosen object, and a page shows how far exactly these are.

https://shopify.dev/docs/apps/build/admin/actions-blocks (API 2026-10, checked 2026-11-20). Opening an address changes
nothing: browsers open addresses on their own. What is on the pages is about the chosen objects only, and holds no
personal data. Who asks: ``visitors.py``; the addresses to enter at Shopify: ``appfile.py``.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.core.signing import SignatureExpired
from django.http import HttpRequest, HttpResponse, JsonResponse

from connectors.base import Endpoint
from connectors.exceptions import ConfigurationError, PayloadError, WebhookRejected
from connectors.shopify import signing, visitors
from connectors.shopify.signing import CHANGING_MAX_AGE_S
from connectors.syncing import Chosen, start_selection
from events import progress

if TYPE_CHECKING:
    from connectors.run import Run

MOST_IDS = 250
QUESTION_MAX_AGE_S = 600  # between a question and its answer
PROGRESS_MAX_AGE_S = 24 * 3600
NUMBER = re.compile(r"[0-9]{1,20}", re.ASCII)
GID = re.compile(r"gid://shopify/(Order|Product|ProductVariant|Customer|Company)/([0-9]{1,20})", re.ASCII)
ID_NAMES = ("id", "ids[]", "ids")
MOST_BODY = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A kind of object one can choose in the shop: its name in global ids, and the topic whose handler reads it."""

    gid: str
    kind: str
    topic: str


ORDER = Resource(gid="Order", kind="order", topic="orders/updated")
PRODUCT = Resource(gid="Product", kind="product", topic="products/update")
CUSTOMER = Resource(gid="Customer", kind="customer", topic="customers/update")
COMPANY = Resource(gid="Company", kind="company", topic="companies/update")
PEOPLE = frozenset({CUSTOMER.kind, COMPANY.kind})  # named by number only: the page's address is all its proof
RESOURCES = {one.gid: one for one in (ORDER, PRODUCT, CUSTOMER, COMPANY)}


def chosen_ids(pairs: Sequence[tuple[str, str]], resource: Resource) -> list[str]:
    """The numbers chosen, each once: ``id``, ``ids[]`` and ``ids``, as numbers or global ids. Raises ``PayloadError``."""
    found: dict[str, None] = {}
    for value in (part.strip() for name, given in pairs if name in ID_NAMES for part in given.split(",")):
        whole = GID.fullmatch(value)
        if whole is not None and whole[1] == resource.gid:
            found[whole[2]] = None
        elif NUMBER.fullmatch(value):
            found[value] = None
        else:
            raise PayloadError(
                f"This is no {resource.kind} of the shop.",
                path="ids",
                next_step=f"Go back to the {resource.kind} in the shop's admin and press Synchronize there.",
            )
    if not found:
        raise PayloadError(f"No {resource.kind} was chosen.", path="ids")
    if len(found) > MOST_IDS:
        raise PayloadError(f"At most {MOST_IDS} can be sent at once; {len(found)} were chosen.", path="ids")
    return list(found)


def ask_or_send(resource: Resource, run: Run, request: HttpRequest) -> HttpResponse:
    """GET asks, POST queues. Raises ``WebhookRejected`` for whoever proves nothing."""
    if request.method == "POST":
        return _send(resource, run, request)
    if request.method not in ("GET", "HEAD"):
        return _refused(run, "This page is opened or sent, nothing else.", status=405)
    visitor = visitors.proven(run, request, max_age_s=CHANGING_MAX_AGE_S)
    pairs = signing.pairs_of(request.META.get("QUERY_STRING", ""), most=600)
    try:
        ids = chosen_ids(pairs, resource)
        _check_ready(run, resource)
    except (PayloadError, ConfigurationError) as error:
        return _refused(run, error.sentence, next_step=error.next_step, is_embedded=visitor.is_embedded)
    question = {"ids": ids, "key": secrets.token_hex(8), "by": visitor.name, "kind": resource.kind}
    context = {
        "question": visitors.sealed(run, "question", question),
        "action": f"?{urlencode(visitor.kept)}" if visitor.kept else "?",
        "count": len(ids),
        "kind": resource.kind,
        "connector": run.connector.name,
        "targets": run.targets_of(resource.kind),
    }
    return visitors.page(run, "confirm", context, is_embedded=visitor.is_embedded)


def _send(resource: Resource, run: Run, request: HttpRequest) -> HttpResponse:
    try:
        given = visitors.unsealed(run, "question", request.POST.get("question", ""), max_age_s=QUESTION_MAX_AGE_S)
    except SignatureExpired:
        return _refused(run, "This page was open for too long. Nothing was sent; open the link in the shop again.")
    if given["kind"] != resource.kind:
        raise WebhookRejected("The page was made for another kind of object.", code="bad_signature")
    try:
        _check_ready(run, resource)
    except ConfigurationError as error:
        return _refused(run, error.sentence, next_step=error.next_step)
    event_id = _start(run, resource, given["ids"], key=given["key"], by=given["by"])
    kept = {name: value for name, value in request.GET.items() if name in ("shop", "host", "embedded", "locale")}
    response = HttpResponse(status=303)
    address = progress_path(run, event_id)
    response["Location"] = f"{address}&{urlencode(kept)}" if kept else address
    response["Cache-Control"] = "no-store"
    return response


def _check_ready(run: Run, resource: Resource) -> None:
    """Raises ``ConfigurationError`` where a choice would come to nothing."""
    if not run.connector.is_enabled:
        raise ConfigurationError(
            f"{run.connector} is switched off in the hub; nothing was sent.",
            next_step="Ask the hub's administrator to enable it, then open the link again.",
        )
    if resource.topic not in run.connector.provider.handlers:
        raise ConfigurationError(f"This hub does not take over a {resource.kind} from the shop.", next_step="")


def _start(run: Run, resource: Resource, ids: Sequence[str], *, key: str, by: str) -> int:
    chosen = [
        Chosen(object_id=one, payload={"id": one, "admin_graphql_api_id": f"gid://shopify/{resource.gid}/{one}"})
        for one in ids
    ]
    return start_selection(run.connector, resource.topic, resource.kind, chosen, key=key, by=by)


def progress_path(run: Run, event_id: int) -> str:
    """Where exactly this choice is shown, for a day; on whatever host the hub was opened."""
    sealed = visitors.sealed(run, "progress", event_id)
    return f"/hooks/{run.connector.webhook_token}/progress?{urlencode({'of': sealed})}"


def show_progress(run: Run, request: HttpRequest) -> HttpResponse:
    """How far one choice is. Raises ``WebhookRejected`` for an address this hub did not make."""
    try:
        event_id = visitors.unsealed(run, "progress", request.GET.get("of", ""), max_age_s=PROGRESS_MAX_AGE_S)
    except SignatureExpired:
        return _refused(run, "This page was good for a day. The events themselves stand in the hub.", status=410)
    found = progress.of(event_id, run.connector.pk)
    if found is None:
        return _refused(run, "The hub does not keep these events any more.", status=410)
    kind = found.event.topic.partition(":")[2]
    context = {
        "progress": found, "kind": kind, "address": request.get_full_path(), "connector": run.connector.name,
        "is_private": kind in PEOPLE,
    }  # fmt: skip
    is_embedded = request.GET.get("embedded") == "1"
    return visitors.page(run, "progress", context, is_embedded=is_embedded)


def take_action(run: Run, request: HttpRequest) -> HttpResponse:
    """The call of an admin action extension: ``{"ids": [global ids of one kind]}`` with an ID token; 202 and the event.
    No cookie is involved, so that any origin may ask."""
    response = _action(run, request)
    response["Access-Control-Allow-Origin"] = "*"
    response["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
    response["Access-Control-Allow-Methods"] = "POST, OPTIONS"
    response["Access-Control-Expose-Headers"] = "X-Shopify-Retry-Invalid-Session-Request"
    response["Access-Control-Max-Age"] = "600"
    response["Cache-Control"] = "no-store"
    return response


def _action(run: Run, request: HttpRequest) -> HttpResponse:
    if request.method == "OPTIONS":
        return HttpResponse(status=204)
    if request.method != "POST":
        return _said(405, "Actions are posted.")
    try:
        staff = str(visitors.told_by_token(run, request).get("sub") or "")
    except WebhookRejected as rejected:
        response = _said(401, rejected.sentence)
        response["X-Shopify-Retry-Invalid-Session-Request"] = "1"  # the frame fetches a new token and asks once more
        return response
    try:
        resource, ids = _asked(request.body[: MOST_BODY + 1])
        _check_ready(run, resource)
    except PayloadError as error:
        return _said(400, error.sentence)
    except ConfigurationError as error:
        return _said(409, error.sentence)
    by = f"Shopify admin, staff {staff}" if staff else "Shopify admin"
    event_id = _start(run, resource, ids, key=secrets.token_hex(8), by=by)
    here = run.connector.webhook_url.partition("/hooks/")[0]
    return JsonResponse({"event_id": event_id, "progress": here + progress_path(run, event_id)}, status=202)


def _asked(body: bytes) -> tuple[Resource, list[str]]:
    """Raises ``PayloadError``."""
    try:
        given: Any = json.loads(body) if len(body) <= MOST_BODY else None
    except (ValueError, RecursionError):
        given = None
    ids = given.get("ids") if isinstance(given, dict) else None
    if not isinstance(ids, list) or not all(isinstance(one, str) and GID.fullmatch(one) for one in ids):
        raise PayloadError("“ids” is a list of global ids of orders, products, customers or companies.", path="ids")
    kinds = {one.split("/")[3] for one in ids}
    resource = RESOURCES.get(next(iter(kinds))) if len(kinds) == 1 else None
    if resource is None:
        raise PayloadError("Choose objects of one kind: orders, products, customers or companies.", path="ids")
    return resource, chosen_ids([("ids", one) for one in ids], resource)


def _said(status: int, text: str) -> HttpResponse:
    return JsonResponse({"detail": text}, status=status)


def _refused(
    run: Run, sentence: str, *, next_step: str = "", status: int = 400, is_embedded: bool = False
) -> HttpResponse:
    context = {"sentence": sentence, "next_step": next_step}
    return visitors.page(run, "refused", context, status=status, is_embedded=is_embedded)


def _link(resource: Resource, label: str) -> Endpoint:
    function: Callable[[Run, HttpRequest], HttpResponse] = partial(ask_or_send, resource)
    return Endpoint(function=function, label=label)


ENDPOINTS = {
    "sync-order": _link(ORDER, "Link on an order's page"),
    "sync-orders": _link(ORDER, "Link on chosen orders"),
    "sync-product": _link(PRODUCT, "Link on a product's page"),
    "sync-products": _link(PRODUCT, "Link on chosen products"),
    "progress": Endpoint(function=show_progress, label="Progress of a choice"),
    "actions-sync": Endpoint(function=take_action, label="Action in the shop's admin"),
}
