"""The OpenAPI document: valid, complete, stable, and true (schemathesis asks the API what the document says)."""

from __future__ import annotations

import json
from dataclasses import replace

import hypothesis
import pytest
import schemathesis
import yaml
from django import forms
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema
from schemathesis import checks

from connectors import registry
from connectors.api import fields
from connectors.api.docs import document
from connectors.api.openapi import lookup_paths
from integration_hub.wsgi import application
from tests.connectors.api.conftest import OrderParams, make_key

PREFIX = "/api/v1/connectors/{connector}/"


class TestTheDocument:
    def test_it_is_valid_and_made_without_a_warning(self, acme, recwarn):
        found = document()
        validate_schema(found)
        assert not GENERATOR_STATS
        assert not recwarn

    def test_it_is_the_same_each_time(self, acme):
        from drf_spectacular.generators import SchemaGenerator

        once, again = (json.dumps(SchemaGenerator().get_schema(request=None, public=True)) for _ in range(2))
        assert once == again

    def test_it_needs_no_database(self, acme):
        assert document()["openapi"].startswith("3.")  # without the db fixture any query fails

    def test_anybody_may_read_it_as_json_or_yaml(self, nobody, acme):
        found = nobody.get("/api/schema/")
        assert (found.status_code, json.loads(found.content)) == (200, document())
        assert yaml.safe_load(nobody.get("/api/schema/?format=yaml").content) == document()

    @pytest.mark.parametrize("query", ["lang=../..", "version=%0d%0aX: 1", "lang=%00"])
    def test_what_is_asked_beside_it_changes_nothing(self, nobody, acme, query):
        assert nobody.get(f"/api/schema/?{query}").status_code == 200

    def test_every_lookup_is_an_address_of_its_own(self, acme):
        paths = document()["paths"]
        assert {path: sorted(item) for path, item in paths.items() if path.startswith(PREFIX)} == {
            PREFIX + "orders": ["get"],
            PREFIX + "orders/{id}": ["get"],
            PREFIX + "taxes": ["post"],
        } | {path: sorted(item) for path, item in paths.items() if path.startswith(PREFIX) and not _is_acme(item)}

    def test_parameters_come_from_the_form(self, acme):
        operation = _of(document(), "orders", "get")
        found = {p["name"]: p for p in operation["parameters"] if p["in"] == "query"}
        assert list(found) == list(OrderParams.base_fields)
        assert found["customer_code"]["required"] is True
        assert found["customer_code"]["description"] == "The customer's number."
        assert found["page"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 1000, "default": 1}
        assert found["status"]["schema"]["enum"] == ["open", "shipped"]
        assert found["kinds"]["schema"] == {"type": "array", "items": {"type": "string", "enum": ["web", "phone"]}}
        assert found["date_from"]["schema"]["format"] == "date"

    def test_a_body_is_a_closed_object(self, acme):
        body = _of(document(), "taxes", "post")["requestBody"]["content"]["application/json"]["schema"]
        assert body["additionalProperties"] is False
        assert body["required"] == ["customer_code", "lines"]

    def test_the_answer_and_every_problem_are_there(self, acme):
        operation = _of(document(), "orders", "get")
        answer = operation["responses"]["200"]["content"]["application/json"]
        assert answer["schema"]["$ref"].endswith("/NeutralAnswer")
        assert answer["examples"]["acme"]["value"]["data"]["orders"][0]["order_number"] == "9914"
        for status in ("400", "401", "404", "413", "429"):
            assert list(operation["responses"][status]["content"]) == ["application/problem+json"]
        assert operation["security"] == [{"ApiKey": []}]
        assert document()["components"]["securitySchemes"]["ApiKey"]["scheme"] == "bearer"


class TestTwoProvidersAtOneAddress:
    @pytest.fixture
    def both(self, acme):
        class OtherParams(forms.Form):
            customer_code = forms.CharField(required=False, max_length=10, help_text="Its account.")
            company_id = forms.CharField(required=True, help_text="The company.")

        first = registry.get("acme")
        lookups = (replace(first.lookups[0], params=OtherParams), replace(first.lookups[1], path="orders/<number>"))
        other = replace(first, slug="zenith", label="Zenith", lookups=lookups)
        registry.register(other)
        yield
        registry._providers.pop("zenith")

    def test_their_parameters_are_put_together_and_say_whose_they_are(self, both):
        operation = lookup_paths()[PREFIX + "orders"]["get"]
        found = {p["name"]: p for p in operation["parameters"]}
        assert operation["x-providers"] == ["acme", "zenith"]
        assert found["company_id"]["required"] is False  # Acme's callers need not give it
        assert found["company_id"]["description"] == "Zenith: The company. Required."
        assert found["company_id"]["x-providers"] == ["zenith"]
        assert len(found["customer_code"]["schema"]["anyOf"]) == 2
        assert found["customer_code"]["description"].splitlines() == [
            "Acme ERP: The customer's number. Required.",
            "Zenith: Its account.",
        ]

    def test_placeholders_of_different_names_are_one_address(self, both):
        assert [path for path in lookup_paths() if path.startswith(PREFIX + "orders/")] == [PREFIX + "orders/{id}"]

    def test_the_document_is_still_valid(self, both):
        validate_schema(document())


@pytest.mark.parametrize(
    ("field", "in_query"),
    [
        (forms.CharField(), {"type": "string", "minLength": 1, "pattern": r"\S"}),
        (forms.CharField(required=False, max_length=5), {"type": "string", "maxLength": 5}),
        (forms.BooleanField(), {"type": "boolean"}),
        (forms.NullBooleanField(), {"type": "boolean"}),
        (forms.FloatField(max_value=2), {"type": "number", "maximum": 2}),
        (forms.DecimalField(), {"type": "string", "format": "decimal"}),
        (forms.DateTimeField(), {"type": "string", "format": "date-time"}),
        (forms.UUIDField(), {"type": "string", "format": "uuid"}),
        (forms.JSONField(), {}),
        (forms.ChoiceField(choices=[("", "-"), ("Group", [("a", "A")])]), {"type": "string", "enum": ["a"]}),
    ],
)
def test_a_form_field_becomes(field, in_query):
    assert fields.schema_of(field, in_body=False) == in_query


def test_what_is_inside_a_json_field_can_be_declared(acme):
    lines = forms.JSONField()
    lines.json_schema = {"type": "array", "items": {"type": "object", "properties": {"sku": {"type": "string"}}}}
    schema = fields.schema_of(lines, in_body=True)
    assert fields.sample_of(schema) == [{"sku": "text"}]


CONFORMS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]


@pytest.fixture
def _kept_connection():
    """Outside Django's own test client a request begins and ends by closing connections, the test's too."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.filterwarnings("ignore::Warning")  # schemathesis' own
@pytest.mark.usefixtures("_kept_connection")
@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_the_api_answers_as_the_document_says(acme, shop, mode):
    """Every operation, asked with data that fits the document and with data that does not."""
    key = make_key("Prober", shop, can_read_events=True, rate_per_minute=100_000)
    schema = schemathesis.openapi.from_dict(document())
    schema.app = application
    asked: dict[str, set[int]] = {}

    def ask(case):
        if "connector" in (case.path_parameters or {}):
            case.path_parameters["connector"] = "acme-eu"
        response = case.call(headers={"Authorization": f"Bearer {key.text}"})
        asked.setdefault(case.operation.label, set()).add(response.status_code)
        case.validate_response(response, checks=CONFORMS)

    settings = hypothesis.settings(
        max_examples=20, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    for found in schema.get_all_operations():
        given = hypothesis.given(case=found.ok().as_strategy(generation_mode=mode))
        try:
            settings(given(ask))()
        except hypothesis.errors.Unsatisfiable:
            assert mode is schemathesis.GenerationMode.NEGATIVE  # nothing about it can be wrong
    statuses = set().union(*asked.values())
    assert statuses <= {200, 202, 400, 401, 403, 404, 409, 413, 415}
    wanted = 200 if mode is schemathesis.GenerationMode.POSITIVE else 400
    for path in ("GET " + PREFIX + "orders", "POST " + PREFIX + "taxes"):
        assert wanted in asked[path], asked


def _of(found, path, method):
    return found["paths"][PREFIX + path][method]


def _is_acme(item):
    return any("acme" in operation["x-providers"] for operation in item.values())


def test_the_docs_page_is_there_for_everybody(nobody, acme):
    text = nobody.get("/api/docs/").content.decode()
    for part in ("/orders/{id}", "The customer&#x27;s number.", "curl", "problem-function_off", "9914"):
        assert part in text


def test_the_way_to_the_docs(client, acme):
    for path in ("/api/", "/api/docs"):
        assert client.get(path, follow=True).redirect_chain[-1][0] == "/api/docs/"


def test_a_lookup_documented_is_a_lookup_that_answers(acme, shop):
    client = Client(headers=make_key("K", shop).header)
    assert client.get("/api/v1/connectors/acme-eu/orders?customer_code=1").status_code == 200
