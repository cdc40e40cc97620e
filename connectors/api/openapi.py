"""The OpenAPI document: each lookup of each provider as an address of its own, beside what the views say of themselves.

The views see one address for all lookups; callers see the declared ones. Where two providers answer the same address,
their parameters are put together, and each says whose it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django import forms
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from connectors import registry
from connectors.api.fields import Schema, sample_of, schema_of
from connectors.api.problems import CODES, MEDIA_TYPE
from connectors.api.questions import ID_LIMIT, PLACEHOLDER
from connectors.base import Lookup, Provider

Declared = Sequence[tuple[Provider, Lookup]]

PREFIX = "/api/v1/connectors/{connector}/"
LOOKUP_PROBLEMS = {"GET": (400, 401, 404, 413, 429), "POST": (400, 401, 404, 411, 413, 415, 429)}
PROBLEM = {"$ref": "#/components/schemas/Problem"}
HEADERS_OF = {401: "WWW-Authenticate", 429: "Retry-After"}
NOT_AVAILABLE = {
    "available": False,
    "data": None,
    "message": "Information is not available at the moment.",
    "fallback": "hide",
    "event_id": "10483",
}


def problem_responses(*statuses: int) -> dict[tuple[int, str], OpenApiResponse]:
    """Responses of a view's ``extend_schema``: these statuses, each a problem."""
    return {(s, MEDIA_TYPE): OpenApiResponse(PROBLEM, description=_meaning(s)) for s in statuses}  # type: ignore[arg-type]


def form_parameters(form: type[forms.Form]) -> list[OpenApiParameter]:
    """Query parameters of a view's ``extend_schema``, from the form that checks them."""
    return [
        OpenApiParameter(
            name, schema_of(field, in_body=False), required=field.required, description=str(field.help_text)
        )
        for name, field in form.base_fields.items()
    ]


def _meaning(status: int) -> str:
    codes = [f"`{code}`: {text}" for code, (of, text) in CODES.items() if of == status]
    return " ".join(codes) or HTTPStatus(status).phrase


def add_lookups(result: dict[str, Any], generator: Any, **_: Any) -> dict[str, Any]:
    """Postprocessing hook of the schema generator."""
    components = result.setdefault("components", {})
    schemas = components.get("schemas", {}) | _SCHEMAS
    components["schemas"] = {name: schemas[name] for name in sorted(schemas)}
    components.setdefault("headers", {}).update(_HEADERS)
    paths = {**result["paths"], **lookup_paths()}
    result["paths"] = {path: paths[path] for path in sorted(paths)}
    return result


def lookup_paths() -> dict[str, Any]:
    """The path items of all lookups of all registered providers."""
    grouped: dict[tuple[str, str], list[tuple[Provider, Lookup]]] = {}
    names: dict[str, str] = {}
    for (method, path), declared in registry.lookups().items():
        # Two providers may call the same placeholder differently: it is one address all the same.
        shown = names.setdefault(PLACEHOLDER.sub("<>", path), PLACEHOLDER.sub(r"{\1}", path))
        grouped.setdefault((shown, method), []).extend(declared)
    paths: dict[str, Any] = {}
    for (shown, method), declared in sorted(grouped.items()):
        paths.setdefault(PREFIX + shown, {})[method.lower()] = _operation(shown, method, declared)
    return paths


def _operation(shown: str, method: str, declared: Declared) -> dict[str, Any]:
    words = shown.replace("{", "by_").replace("}", "").split("/")
    operation: dict[str, Any] = {
        "operationId": "_".join([method.lower(), *words]),
        "summary": " / ".join(dict.fromkeys(lookup.label for _, lookup in declared)),
        "description": _description(declared),
        "tags": ["Lookups"],
        "x-providers": [provider.slug for provider, _ in declared],
        "parameters": [*_path_parameters(shown), *(_query(declared) if method == "GET" else [])],
        "security": [{"ApiKey": []}],
        "responses": {"200": _success(declared)} | {str(s): _problem(s) for s in LOOKUP_PROBLEMS[method]},
    }
    if method == "POST":
        operation["requestBody"] = _body(declared)
    return operation


def _description(declared: Declared) -> str:
    who = ", ".join(provider.label for provider, _ in declared)
    helps = [
        f"{provider.label}: {lookup.help}" if len(declared) > 1 else lookup.help
        for provider, lookup in declared
        if lookup.help
    ]
    return "\n\n".join([*helps, f"Answered by connectors of {who}."])


def _path_parameters(shown: str) -> list[dict[str, Any]]:
    slug = {"type": "string", "maxLength": 60, "pattern": "^[-a-zA-Z0-9_]+$", "example": "erp"}
    text = {"type": "string", "minLength": 1, "maxLength": ID_LIMIT}
    ids = [part.strip("{}") for part in shown.split("/") if part.startswith("{")]
    return [
        _parameter("connector", "path", slug, "The connector's name in addresses."),
        *(_parameter(name, "path", text, "Opaque text, percent-encoded, also its slashes.") for name in ids),
    ]


def _parameter(name: str, where: str, schema: Schema, description: str, *, required: bool = True) -> dict[str, Any]:
    return {"name": name, "in": where, "required": required, "schema": schema, "description": description}


def _fields(declared: Declared) -> dict[str, list[tuple[Provider, forms.Field]]]:
    """The fields of all providers by name, without those the path carries."""
    found: dict[str, list[tuple[Provider, forms.Field]]] = {}
    for provider, lookup in declared:
        for name, field in lookup.params.base_fields.items():
            if name not in PLACEHOLDER.findall(lookup.path):
                found.setdefault(name, []).append((provider, field))
    return found


def _query(declared: Declared) -> list[dict[str, Any]]:
    made = []
    for name, owners in _fields(declared).items():
        schemas: list[Schema] = []
        for _, field in owners:
            one = schema_of(field, in_body=False)
            schemas += [one] if one not in schemas else []
        schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
        # A parameter one provider does not know cannot be demanded of the other's callers.
        required = len(owners) == len(declared) and all(field.required for _, field in owners)
        made.append(_parameter(name, "query", schema, _owned(owners, declared), required=required))
        if len(declared) > 1:
            made[-1]["x-providers"] = [provider.slug for provider, _ in owners]
    return made


def _owned(owners: list[tuple[Provider, forms.Field]], declared: Declared) -> str:
    """Help text of a parameter; where several providers share the address it says whose it is."""
    if len(declared) == 1:
        return str(owners[0][1].help_text)
    parts = []
    for provider, field in owners:
        required = " Required." if field.required else ""
        parts.append(f"{provider.label}: {field.help_text}{required}".rstrip())
    return "\n".join(parts)


def _body(declared: Declared) -> dict[str, Any]:
    schemas = [_object(provider, lookup) for provider, lookup in declared]
    schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
    examples = {
        p.slug: {"summary": p.label, "value": sample_of(s)} for (p, _), s in zip(declared, schemas, strict=True)
    }
    return {"required": True, "content": {"application/json": {"schema": schema, "examples": examples}}}


def _object(provider: Provider, lookup: Lookup) -> Schema:
    properties = {}
    required = []
    for name, owners in _fields([(provider, lookup)]).items():
        field = owners[0][1]
        properties[name] = schema_of(field, in_body=True)
        if field.help_text:
            properties[name]["description"] = str(field.help_text)
        if field.required:
            required.append(name)
        elif properties[name]:
            properties[name]["nullable"] = True
    made: Schema = {"type": "object", "title": provider.label, "properties": properties, "additionalProperties": False}
    return made | ({"required": required} if required else {})


def _success(declared: Declared) -> dict[str, Any]:
    examples: dict[str, Any] = {}
    for provider, lookup in declared:
        found = {"available": True, "data": lookup.answer_example, "message": "", "fallback": "", "event_id": "10482"}
        examples[provider.slug] = {"summary": f"Answered by {provider.label}", "value": found}
    examples["not_available"] = {"summary": "Nobody answered; the storefront does without", "value": NOT_AVAILABLE}
    schema = {"$ref": "#/components/schemas/NeutralAnswer"}
    return {
        "description": "The neutral answer: data where available is true, else a message and a fallback.",
        "headers": {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}},
        "content": {"application/json": {"schema": schema, "examples": examples}},
    }


def _problem(status: int) -> dict[str, Any]:
    names = ["X-Request-Id", *([HEADERS_OF[status]] if status in HEADERS_OF else [])]
    return {
        "description": _meaning(status),
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
        "content": {MEDIA_TYPE: {"schema": PROBLEM}},
    }


_HEADERS = {
    "X-Request-Id": {"description": "Names this request in the hub's log.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Whole seconds to wait.", "schema": {"type": "string", "pattern": "^[0-9]+$"}},
    "WWW-Authenticate": {"description": "The scheme of the header Authorization.", "schema": {"type": "string"}},
}
_SCHEMAS: dict[str, Schema] = {
    "NeutralAnswer": {
        "type": "object",
        "description": "Never holds the remote system's own error text.",
        "properties": {
            "available": {"type": "boolean", "description": "Whether data is there."},
            "data": {"nullable": True, "description": "The answer; null where available is false."},
            "message": {"type": "string", "description": "Fit to be shown to a shopper; may be empty."},
            "fallback": {
                "type": "string",
                "description": "What to do instead, e.g. hide, shop_tax, shop_methods, block.",
            },
            "event_id": {"type": "string", "nullable": True, "description": "The event that tells the whole story."},
        },
        "required": ["available", "data", "message", "fallback", "event_id"],
        "additionalProperties": False,
    },
    "Problem": {
        "type": "object",
        "description": "RFC 9457.",
        "properties": {
            "type": {"type": "string", "format": "uri", "description": "Address of the code's explanation."},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "instance": {"type": "string", "format": "uri-reference"},
            "code": {"type": "string", "enum": list(CODES)},
            "request_id": {"type": "string"},
            "event_id": {"type": "string", "nullable": True},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "field": {"type": "string", "description": "Empty: the request as a whole."},
                        "message": {"type": "string"},
                        "code": {"type": "string"},
                    },
                    "required": ["field", "message", "code"],
                },
            },
        },
        "required": ["type", "title", "status", "detail", "instance", "code", "request_id"],
    },
}
