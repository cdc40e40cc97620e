"""What a caller can do wrong, and what he is told: always a problem, never HTML, never a traceback."""

from __future__ import annotations

import io
import json
import time

import pytest
from django.db import OperationalError
from django.test import RequestFactory, override_settings

from connectors.api import reading
from connectors.api.problems import Problem
from tests.connectors.api.conftest import make_connector

ORDERS = "/api/v1/connectors/acme-eu/orders"
TAXES = "/api/v1/connectors/acme-eu/taxes"
BASKET = {"customer_code": "BRK-2210", "lines": [{"item_sku": "A", "line_amount": "1.00"}]}


def problem(response, status: int, code: str) -> dict:
    """The body of a response that must be exactly this problem."""
    text = response.content.decode()
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json"), text
    assert "<" not in text
    assert "Traceback" not in text
    body = json.loads(text)
    assert {"type", "title", "status", "detail", "instance", "code", "request_id"} <= set(body)
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"].endswith(f"/api/docs/#problem-{code}")
    assert body["request_id"] == response["X-Request-Id"] != ""
    assert response["Cache-Control"] == "no-store"
    return body


def fields(body: dict) -> list[str]:
    return [error["field"] for error in body["errors"]]


def post(api, body, **more):
    content = body if isinstance(body, (bytes, str)) else json.dumps(body)
    return api.post(TAXES, content, content_type=more.pop("content_type", "application/json"), **more)


class TestWhoAsks:
    def test_without_a_key_it_is_401_and_names_the_scheme(self, nobody, shop):
        response = nobody.get(ORDERS, {"customer_code": "1"})
        problem(response, 401, "unauthenticated")
        assert response["WWW-Authenticate"].startswith("Bearer")

    @pytest.mark.parametrize(
        "given", ["Bearer", "Bearer ", "Bearer hub_wrong", "Api-Key hub_wrong", "Basic YTpi", "x", "Bearer \xff"]
    )
    def test_a_key_that_is_none_is_401(self, nobody, shop, given):
        response = nobody.get(ORDERS, {"customer_code": "1"}, HTTP_AUTHORIZATION=given)
        problem(response, 401, "unauthenticated")

    def test_a_revoked_key_gets_the_very_answer_of_an_unknown_one(self, api, nobody, key):
        from django.utils import timezone

        key.row.revoked_at = timezone.now()
        key.row.save()
        revoked = problem(api.get(ORDERS, {"customer_code": "1"}), 401, "unauthenticated")
        unknown = problem(nobody.get(ORDERS, headers={"authorization": "Bearer hub_x"}), 401, "unauthenticated")
        assert revoked["detail"] == unknown["detail"]

    def test_a_session_of_the_admin_opens_no_lookup(self, client, administrator, shop):
        client.force_login(administrator)
        problem(client.get(ORDERS, {"customer_code": "1"}), 401, "unauthenticated")

    def test_a_foreign_connector_is_404_just_like_an_unknown_one(self, api, acme):
        make_connector("other", "Other")
        foreign = problem(api.get("/api/v1/connectors/other/orders?customer_code=1"), 404, "not_found")
        unknown = problem(api.get("/api/v1/connectors/unknown/orders?customer_code=1"), 404, "not_found")
        assert foreign["detail"] == unknown["detail"]
        assert acme.asked == []


class TestWhere:
    @pytest.mark.parametrize(
        "path",
        ["/api/nothing", "/api/v1/", "/api/v1/connectors/acme-eu", "/api/v1/connectors/acme-eu/",
         "/api/v1/connectors/ä%00/orders",
         "/api/v1/connectors/acme-eu/unknown", "/api/v1/connectors/acme-eu/orders/", "/api/a%0Ab%00", "/api/%FF%FE",
         "/api/v1/connectors/acme-eu/<script>"],
    )  # fmt: skip
    def test_an_address_that_does_not_exist_is_404(self, api, path):
        problem(api.get(path), 404, "not_found")

    @pytest.mark.parametrize(("method", "path", "allowed"), [("post", ORDERS, "GET"), ("get", TAXES, "POST")])
    def test_the_wrong_method_is_405_and_says_the_right_one(self, api, method, path, allowed):
        response = getattr(api, method)(path)
        problem(response, 405, "method_not_allowed")
        assert response["Allow"] == allowed

    @pytest.mark.parametrize("method", ["put", "delete", "patch", "options"])
    def test_a_method_nobody_serves_is_405(self, api, method):
        response = getattr(api, method)(ORDERS)
        problem(response, 405, "method_not_allowed")
        assert response["Allow"] == "GET"

    @override_settings(ALLOWED_HOSTS=["hub.example"], DEBUG=True)
    def test_a_wrong_host_is_a_problem_too_even_while_debugging(self, api):
        problem(api.get(ORDERS, headers={"host": "evil.example"}), 400, "bad_request")

    def test_a_connector_whose_provider_is_gone_has_no_addresses(self, api, shop):
        type(shop).objects.filter(pk=shop.pk).update(provider_slug="gone")
        problem(api.get(ORDERS, {"customer_code": "1"}), 404, "not_found")


class TestWhatInAQuery:
    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("", "customer_code"),
            ("customer_code=%20", "customer_code"),
            ("customer_code=" + "9" * 41, "customer_code"),
            ("customer_code=a%00b", "customer_code"),
            ("customer_code=1&page=0", "page"),
            ("customer_code=1&page=-1", "page"),
            ("customer_code=1&page=first", "page"),
            ("customer_code=1&page=" + "9" * 5000, "page"),
            ("customer_code=1&status=lost", "status"),
            ("customer_code=1&date_from=31/02/2025", "date_from"),
            ("customer_code=1&is_open=perhaps", "is_open"),
            ("customer_code=1&kinds=web&kinds=fax", "kinds"),
            ("customer_code=1&customer_code=2", "customer_code"),
            ("customer_code=1&page=1&page=1", "page"),
            ("customer_code=1&customer=2", "customer"),
            ("customer_code=1&Page=2", "Page"),
        ],
    )
    def test_a_wrong_parameter_is_400_and_named(self, api, acme, query, field):
        assert fields(problem(api.get(f"{ORDERS}?{query}"), 400, "invalid")) == [field]
        assert acme.asked == []

    def test_every_wrong_field_is_named_at_once(self, api):
        body = problem(api.get(f"{ORDERS}?page=0&colour=red"), 400, "invalid")
        assert sorted(fields(body)) == ["colour", "customer_code", "page"]

    def test_the_id_of_the_path_cannot_be_given_again_in_the_query(self, api):
        body = problem(api.get(f"{ORDERS}/1?customer_code=1&id=2"), 400, "invalid")
        assert fields(body) == ["id"]

    @pytest.mark.parametrize("id_", ["%20", "%09", "a%00b", "x" * 201])
    def test_an_id_that_is_blank_or_no_text_is_400(self, api, acme, id_):
        assert fields(problem(api.get(f"{ORDERS}/{id_}?customer_code=1"), 400, "invalid")) == ["id"]
        assert acme.asked == []

    def test_more_parameters_than_django_reads_are_400(self, api):
        problem(api.get(ORDERS + "?" + "&".join(f"a{n}=1" for n in range(1200))), 400, "bad_request")


class TestWhatInABody:
    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"customer_code": ["1"]}, "customer_code"),
            ({"customer_code": 5}, "customer_code"),
            ({"customer_code": True}, "customer_code"),
            ({"customer_code": None}, "customer_code"),
            ({"total": "much"}, "total"),
            ({"total": True}, "total"),
            ({"total": {"amount": 1}}, "total"),
            ({"express": "yes"}, "express"),
            ({"express": 1}, "express"),
            ({"lines": []}, "lines"),
            ({"lines": None}, "lines"),
            ({"line": []}, "line"),
        ],
    )
    def test_a_wrong_member_is_400_and_named(self, api, acme, change, field):
        assert fields(problem(post(api, BASKET | change), 400, "invalid")) == [field]
        assert acme.asked == []

    @pytest.mark.parametrize("body", ["[]", "1", '"text"', "null", "true"])
    def test_json_that_is_no_object_is_400(self, api, body):
        problem(post(api, body), 400, "not_an_object")

    @pytest.mark.parametrize(
        "body",
        ["{", "{'a': 1}", "\ufeff{", '{"total": NaN}', '{"total": 1e999}', '{"total": -Infinity}', "[" * 100_000,
         '{"a": ' + "9" * 5000 + "}", '{"lines": ["\\ud800"]}', b"\xff\xfe\x00", b'{"a": "\xff"}',
         '{"lines": [{"a": 1, "a": 2}]}', '{"total": 1, "total": 2}'],
    )  # fmt: skip
    def test_malformed_json_is_400(self, api, acme, body):
        problem(post(api, body), 400, "malformed_json")
        assert acme.asked == []

    def test_parameters_in_the_query_of_a_post_are_refused(self, api):
        response = api.post(f"{TAXES}?customer_code=1", json.dumps(BASKET), content_type="application/json")
        assert fields(problem(response, 400, "invalid")) == ["customer_code"]

    @pytest.mark.parametrize(
        "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/html"]
    )
    def test_another_media_type_is_415(self, api, kind):
        problem(post(api, "a=b", content_type=kind), 415, "unsupported_media_type")

    def test_ten_megabytes_are_413_before_they_are_read(self, api, acme):
        problem(post(api, b"[" + b" " * 10_000_000 + b"]"), 413, "too_large")
        assert acme.asked == []

    def test_a_byte_too_many_is_413_and_the_last_one_allowed_is_not(self, api, settings):
        content = json.dumps(BASKET).encode()
        settings.API_MAX_BODY_BYTES = len(content)
        assert post(api, content).status_code == 200
        problem(post(api, content + b" "), 413, "too_large")


class TestBodiesInChunks:
    def read(self, content: bytes, **environ):
        request = RequestFactory().post(TAXES, content, content_type="application/json")
        chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": io.BytesIO(content), "CONTENT_LENGTH": ""}
        request.META |= chunked | environ
        return reading.json_object(request)

    def test_they_are_read_where_the_server_ends_the_stream(self):
        assert self.read(json.dumps(BASKET).encode(), **{"wsgi.input_terminated": True}) == BASKET

    def test_a_stream_that_goes_on_is_413_and_not_read_to_its_end(self):
        class Endless(io.RawIOBase):
            given = 0

            def read(self, size: int = -1) -> bytes:
                self.given += size
                return b" " * size if self.given < 5_000_000 else b""

        endless = Endless()
        with pytest.raises(Problem) as caught:
            self.read(b"", **{"wsgi.input": endless, "wsgi.input_terminated": True})
        assert caught.value.status == 413
        assert endless.given < 2_000_000

    def test_where_nobody_ends_the_stream_it_is_411(self):
        with pytest.raises(Problem) as caught:
            self.read(b"{}")
        assert caught.value.status == 411


class TestOurOwnFaults:
    def test_a_fault_in_a_view_is_a_500_that_names_its_log_line_and_nothing_else(self, nobody, monkeypatch):
        from connectors.api import views

        monkeypatch.setattr(views, "not_found", lambda: 1 / 0)
        body = problem(nobody.get("/api/nothing"), 500, "internal_error")
        assert "division" not in json.dumps(body)

    @pytest.mark.parametrize(
        ("fault", "status", "code"),
        [(OperationalError("no route to 10.0.0.5"), 503, "unavailable"), (KeyError("10.0.0.5"), 500, "internal_error")],
    )
    def test_reading_events_says_what_is_wrong_and_not_why(self, api, monkeypatch, fault, status, code):
        from connectors.api.events import EventView

        def broken(*_):
            raise fault

        monkeypatch.setattr(EventView, "visible", broken)
        response = api.get("/api/v1/events")
        assert "10.0.0.5" not in json.dumps(problem(response, status, code))
        assert response.has_header("Retry-After") == (status == 503)


class TestHowMuch:
    """A body of the largest size costs no more than reading it, whatever is in it."""

    def test_a_hundred_thousand_names_with_one_twice(self):
        names = [f"a{number}" for number in range(60_000)]
        body = "{" + ",".join(f'"{name}":1' for name in [*names, names[-1]]) + "}"
        request = RequestFactory().post(TAXES, body, content_type="application/json")
        started = time.perf_counter()
        with pytest.raises(Problem) as caught:
            reading.json_object(request)
        assert caught.value.errors[0].field == names[-1]
        assert time.perf_counter() - started < 2.0

    def test_only_the_first_unknown_fields_are_named(self, api):
        body = problem(post(api, BASKET | {f"x{number}": 1 for number in range(500)}), 400, "invalid")
        assert fields(body)[:2] == ["x0", "x1"]
        assert len(body["errors"]) <= 20
