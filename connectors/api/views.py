"""``/api/v1/connectors/<connector>/<lookup>``: a storefront's live question, and what all views of the API share.

The rules: no address is told apart from somebody else's; what the caller did wrong is said field by field; whatever
goes wrong behind the hub, or in it, is the neutral answer. A shop's page never breaks because an ERP, or this hub, did.
"""

from __future__ import annotations

import json
from typing import Any

import structlog
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from connectors import lookups
from connectors.api import questions
from connectors.api.keys import ApiClient, ApiKeyAuthentication
from connectors.api.problems import Problem, not_found, problem_of, response_of
from connectors.api.reading import json_object
from connectors.api.throttles import KeyThrottle
from connectors.base import Answer, Lookup
from connectors.exceptions import ConfigurationError
from connectors.models import Connector
from connectors.registry import UnknownProvider

log = structlog.get_logger(__name__)

NOT_AVAILABLE = "This information is not available at the moment."
NO_SUCH_CONNECTOR = "There is no such connector, or not for this key."


class AlwaysJson(BaseContentNegotiation):
    """There is one form of answer; what the caller says he would like changes nothing, and is no error."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class ApiView(APIView):
    """Base of the API's views: authenticated, throttled by key, never cached, JSON only."""

    authentication_classes: Any = [ApiKeyAuthentication]
    permission_classes = [IsAuthenticated]
    throttle_classes = [KeyThrottle]
    content_negotiation_class = AlwaysJson
    http_method_names = ["get", "post"]

    @property
    def default_response_headers(self) -> dict[str, str]:
        return {"Vary": "Authorization, Cookie"}

    def http_method_not_allowed(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        allowed = ", ".join(name.upper() for name in self.http_method_names if hasattr(self, name))
        raise questions.wrong_method(allowed)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        final = super().finalize_response(request, response, *args, **kwargs)
        final["Cache-Control"] = "no-store"
        return final


def no_such_address(request: HttpRequest) -> HttpResponse:
    """The answer of every address below ``/api/`` that does not exist."""
    return response_of(not_found(), request)


class LookupView(ApiView):
    """Live lookups of whatever provider the connector has; the addresses are those its provider declares."""

    schema = None  # documented lookup by lookup, from what the providers declare: see ``schema.py``

    def get(self, request: Request, connector: str, path: str) -> HttpResponse:
        return self._answer(request, "GET", connector, path)

    def post(self, request: Request, connector: str, path: str) -> HttpResponse:
        return self._answer(request, "POST", connector, path)

    def http_method_not_allowed(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return self._answer(request, str(request.method), kwargs["connector"], kwargs["path"])

    def _answer(self, request: Request, method: str, slug: str, path: str) -> HttpResponse:
        client: ApiClient = request.user  # type: ignore[assignment]
        connector = connector_of(client, slug)
        lookup, ids = questions.match(_lookups_of(connector), method, path)
        if not _is_on(connector, lookup):
            raise Problem(404, "function_off", f"“{lookup.label}” is switched off for this connector.")
        params = _params(request._request, lookup, ids)
        return _ask(request._request, connector, lookup, params, asked_by=str(client))

    def handle_exception(self, exc: Exception) -> Any:
        """What the caller did wrong is a problem. Anything else is ours: the shop gets the neutral answer."""
        problem = problem_of(exc)
        if problem.status < 500:
            return super().handle_exception(exc)
        return _envelope(Answer(available=False, message=NOT_AVAILABLE), None)


def connector_of(client: ApiClient, slug: str) -> Connector:
    """The key's connector of that name. Raises the same ``Problem`` for an unknown and for somebody else's."""
    found = Connector.objects.filter(slug=slug, api_keys=client.key).first()
    if found is None:
        raise not_found(NO_SUCH_CONNECTOR)
    return found


def _lookups_of(connector: Connector) -> tuple[Lookup, ...]:
    try:
        return tuple(connector.provider.lookups)
    except UnknownProvider:
        log.error("connector_without_provider", connector=connector.slug, provider=connector.provider_slug)
        return ()


def _is_on(connector: Connector, lookup: Lookup) -> bool:
    try:
        return lookup.is_on(connector.load_settings())
    except ConfigurationError:
        return True  # unreadable settings are the neutral answer's business, which also tells support


def _params(request: HttpRequest, lookup: Lookup, ids: dict[str, str]) -> dict[str, Any]:
    if lookup.method == "GET":
        return questions.checked(lookup.params, questions.from_query(request.GET, lookup.params), path=ids)
    if request.GET:
        return questions.checked(questions.Nothing, dict.fromkeys(request.GET))
    return questions.checked(lookup.params, json_object(request), is_json=True, path=ids)


def _ask(
    request: HttpRequest, connector: Connector, lookup: Lookup, params: dict[str, Any], *, asked_by: str
) -> HttpResponse:
    event_id: int | None = None
    try:
        found, event_id = lookups.answer(connector, lookup, params, asked_by=asked_by)
        if found.status == 404:
            detail = found.message or "There is no such object."
            return response_of(Problem(404, "not_found", detail, event_id=_text(event_id)), request)
        return _envelope(found, event_id)
    except Exception:  # whatever it is, it is not the shopper's
        log.exception("lookup_not_answered", connector=connector.slug, topic=lookup.topic)
        return _envelope(_neutral(connector, lookup), event_id)


def _neutral(connector: Connector, lookup: Lookup) -> Answer:
    """The lookup's own neutral answer (it knows the fallback), or the hub's where even that fails."""
    try:
        return lookup.neutral(connector.load_settings())
    except Exception:  # settings that do not load, a bug in the provider: the shopper still gets a neutral answer
        log.exception("neutral_answer_failed", topic=lookup.topic)
        return Answer(available=False, message=NOT_AVAILABLE)


def _envelope(found: Answer, event_id: int | None) -> HttpResponse:
    """The neutral form, rendered here and now, so that what cannot be rendered is caught like any other fault."""
    members = {
        "available": found.available,
        "data": found.data if found.available else None,
        "message": found.message,
        "fallback": found.fallback,
        "event_id": _text(event_id),
    }
    body = json.dumps(members, cls=DjangoJSONEncoder, allow_nan=False)  # a Decimal becomes text
    return HttpResponse(body, content_type="application/json")


def _text(event_id: int | None) -> str | None:
    return None if event_id is None else str(event_id)
