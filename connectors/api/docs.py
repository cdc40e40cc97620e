"""``/api/schema/``, and ``/api/docs/``: the same for people.

The page is our own. Swagger UI and Redoc write styles into the page, which the hub's content policy forbids (both were
tried in a browser: ``tests/connectors/api/test_docs_in_a_browser.py`` keeps the policy on this one).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import slugify
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer2, OpenApiYamlRenderer
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from connectors import registry
from connectors.api.fields import Schema, sample_of
from connectors.api.problems import CODES

_made: dict[tuple[int, ...], dict[str, Any]] = {}


def document() -> dict[str, Any]:
    """The OpenAPI document; made once for a set of providers, which only changes in tests."""
    key = tuple(id(provider) for provider in registry.all_providers())
    if key not in _made:
        _made.clear()
        _made[key] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return _made[key]


class SchemaView(APIView):
    """The OpenAPI document: JSON, or YAML with ``?format=yaml``. It names providers, not who is connected."""

    schema = None
    renderer_classes = [OpenApiJsonRenderer2, OpenApiYamlRenderer]
    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]
    http_method_names = ["get", "head"]

    def get(self, request: Request) -> Response:
        return Response(document())


@dataclass(frozen=True)
class Row:
    """A parameter or a member, as a line of a table."""

    name: str
    kind: str
    description: str
    is_required: bool
    where: str = ""


@dataclass
class Section:
    """One operation on the page."""

    anchor: str
    method: str
    path: str
    tag: str
    summary: str
    description: str
    curl: str
    parameters: list[Row]
    bodies: list[tuple[str, list[Row]]]
    answers: list[tuple[str, str]] = field(default_factory=list)
    members: list[Row] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    schema = document()
    sections = [
        _section(schema, path, method, operation)
        for path, item in schema["paths"].items()
        for method, operation in item.items()
    ]
    groups = [(tag, [s for s in sections if s.tag == tag]) for tag in ("Lookups", "Events")]
    neutral = schema["components"]["schemas"]["NeutralAnswer"]
    found = {
        "groups": groups,
        "envelope": _rows(schema, neutral),
        "codes": [(code, status, text) for code, (status, text) in CODES.items()],
        "rate": settings.API_RATE_PER_MINUTE,
        "body_limit": settings.API_MAX_BODY_BYTES,
        "base_url": settings.HUB_BASE_URL,
        "is_staff": bool(getattr(request.user, "is_staff", False)),
    }
    return render(request, "api/docs.html", found)


def _section(schema: Schema, path: str, method: str, operation: dict[str, Any]) -> Section:
    parameters = operation.get("parameters", [])
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    status, success = next((s, r) for s, r in operation["responses"].items() if s.startswith("2"))
    answer = success.get("content", {}).get("application/json", {})
    examples = answer.get("examples", {})
    shown = _resolved(schema, answer.get("schema", {}))
    return Section(
        anchor=slugify(operation["operationId"]),
        method=method.upper(),
        path=path,
        tag=operation["tags"][0],
        summary=operation.get("summary", ""),
        description=operation.get("description", ""),
        curl=_curl(path, method, parameters, body, needs_session={"ApiKey": []} not in operation["security"]),
        parameters=[
            Row(p["name"], _kind(schema, p["schema"]), p.get("description", ""), bool(p.get("required")), p["in"])
            for p in parameters
        ],
        bodies=[(one.get("title", ""), _rows(schema, one)) for one in _variants(body.get("schema", {})) if one],
        answers=[(one["summary"], _pretty(one["value"])) for one in examples.values()],
        members=[] if examples else _rows(schema, shown),
        statuses=[status, *(s for s in operation["responses"] if s != status)],
    )


def _variants(schema: Schema) -> list[Schema]:
    return list(schema.get("anyOf", [schema]))


def _resolved(schema: Schema, part: Schema) -> Schema:
    """A schema behind its reference; several with a base put together."""
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        return dict(schema["components"]["schemas"][name])
    if len(part.get("allOf", [])) == 1:
        return _resolved(schema, part["allOf"][0]) | {k: v for k, v in part.items() if k != "allOf"}
    return part


def _rows(schema: Schema, part: Schema) -> list[Row]:
    required = part.get("required", [])
    return [
        Row(name, _kind(schema, one), _resolved(schema, one).get("description", ""), name in required)
        for name, one in part.get("properties", {}).items()
    ]


def _kind(schema: Schema, part: Schema) -> str:
    """The kind of a value in words."""
    part = _resolved(schema, part)
    several = part.get("oneOf") or part.get("anyOf")
    if several:
        return " or ".join(dict.fromkeys(_kind(schema, one) for one in several if one.get("enum") != [""]))
    words = part.get("format") or part.get("type") or "any JSON"
    if part.get("type") == "array":
        words = f"list of {_kind(schema, part.get('items', {}))}"
    if part.get("enum"):
        words = "one of " + ", ".join(str(value) for value in part["enum"] if value != "")
    limits = [
        f"{label} {part[name]}"
        for name, label in (("minimum", "from"), ("maximum", "to"), ("maxLength", "at most"), ("default", "default"))
        if name in part and abs(part[name] if isinstance(part[name], int) else 0) < 2**31 - 1
    ]
    text = ", ".join([words, *limits]) + (" characters" if "maxLength" in part and "default" not in part else "")
    return f"{text}, or null" if part.get("nullable") else text


def _curl(
    path: str, method: str, parameters: list[dict[str, Any]], body: dict[str, Any], *, needs_session: bool
) -> str:
    """The call as a command line."""
    shown = path
    query: dict[str, Any] = {}
    for one in parameters:
        sample = sample_of(one["schema"])
        if one["in"] == "path":
            shown = shown.replace(f"{{{one['name']}}}", quote(str(sample), safe=""))
        elif one.get("required"):
            query[one["name"]] = sample
    address = settings.HUB_BASE_URL + shown + (f"?{urlencode(query, doseq=True)}" if query else "")
    lines = [f"curl {'' if method == 'get' else '-X ' + method.upper() + ' '}'{address}'"]
    if needs_session:
        lines.append("  -H 'Cookie: sessionid=...; csrftoken=...' -H 'X-CSRFToken: ...'")
    else:
        lines.append('  -H "Authorization: Bearer $HUB_API_KEY"')
    example = next(iter(body.get("examples", {}).values()), None)
    if example is not None:
        lines.append("  -H 'Content-Type: application/json'")
        lines.append(f"  -d '{_pretty(example['value'])}'")
    return " \\\n".join(lines)


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)
