"""A storefront's question and the neutral answer to it."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from django.db import OperationalError

from connectors import lookups
from connectors.api import views
from connectors.base import Answer
from connectors.models import Connector
from events.models import Event, Outcome
from tests.connectors.api.conftest import ERP_TEXT, make_key
from tests.connectors.api.test_bad_input import BASKET, ORDERS, TAXES, post, problem

NEUTRAL = {
    "available": False,
    "data": None,
    "message": "Information is not available at the moment.",
    "fallback": "hide",
}
ASKED = {"customer_code": "BRK-2210"}


def neutral(response) -> dict:
    assert (response.status_code, response["Content-Type"]) == (200, "application/json"), response.content
    body = response.json()
    assert {name: body[name] for name in NEUTRAL} == NEUTRAL
    return body


class TestAnswers:
    def test_found_it_is_available_with_data_and_the_number_of_its_event(self, api):
        response = api.get(ORDERS, ASKED)
        event = Event.objects.get()
        assert response.json() == {
            "available": True,
            "data": {"orders": [{"order_number": "9914", "total": "259.14"}]},
            "message": "",
            "fallback": "",
            "event_id": str(event.pk),
        }
        assert (event.outcome, event.triggered_by) == (Outcome.SUCCEEDED, "API key Storefront")
        assert response["Cache-Control"] == "no-store"
        assert response["X-Request-Id"]

    def test_the_other_scheme_of_the_header_works_too(self, nobody, key):
        assert nobody.get(ORDERS, ASKED, headers={"authorization": f"Api-Key {key.text}"}).status_code == 200

    def test_the_caller_may_like_html_and_gets_json(self, api):
        assert api.get(ORDERS, ASKED, headers={"accept": "text/html"})["Content-Type"] == "application/json"

    def test_an_object_that_is_not_there_is_404_with_its_event(self, api, acme):
        acme.does = lambda *_: Answer(available=False, message="There is no order 1.", outcome="not_found", status=404)
        body = problem(api.get(f"{ORDERS}/1", ASKED), 404, "not_found")
        assert body["event_id"] == str(Event.objects.get().pk)
        assert body["detail"] == "There is no order 1."

    def test_a_function_that_is_off_is_404_and_asks_nobody(self, api, acme, shop):
        shop.put_settings({"orders_on": False})
        shop.save()
        problem(api.get(ORDERS, ASKED), 404, "function_off")
        assert acme.asked == []

    @pytest.mark.parametrize("state", [{"is_enabled": False}, {"is_paused": True}])
    def test_a_connector_that_rests_gives_the_neutral_answer(self, api, acme, shop, state):
        Connector.objects.filter(pk=shop.pk).update(**state)
        neutral(api.get(ORDERS, ASKED))
        assert acme.asked == []


class TestParameters:
    def test_they_arrive_typed_and_with_their_defaults(self, api, acme):
        api.get(f"{ORDERS}?customer_code=BRK-2210&date_from=2025-03-01&is_open=true&kinds=web&kinds=phone&status=open")
        assert acme.asked == [
            {
                "customer_code": "BRK-2210",
                "status": "open",
                "date_from": date(2025, 3, 1),
                "is_open": True,
                "kinds": ["web", "phone"],
                "page": 1,
            }
        ]

    def test_a_parameter_left_empty_is_a_parameter_left_out(self, api, acme):
        assert api.get(f"{ORDERS}?customer_code=1&status=&page=&is_open=").status_code == 200
        assert (acme.asked[0]["status"], acme.asked[0]["is_open"]) == ("", False)

    @pytest.mark.parametrize(
        ("in_the_address", "id_"),
        [
            ("SO-0009914", "SO-0009914"),
            ("A%2FB%2F7", "A/B/7"),
            ("A%20B", "A B"),
            ("%C3%84%E2%82%AC", "Ä€"),
            ("50%25", "50%"),
            ("..%2F..%2Fetc", "../../etc"),
            ("1%3Fcustomer_code%3D2", "1?customer_code=2"),
            ("9%2F", "9/"),
        ],
    )
    def test_an_id_is_opaque_text(self, api, acme, in_the_address, id_):
        assert api.get(f"{ORDERS}/{in_the_address}?customer_code=1").status_code == 200
        assert acme.asked == [{"id": id_, "customer_code": "1"}]

    @pytest.mark.parametrize("lines", [[{"a": [1, 2.5, None, True]}], {"x": {}}, "text", "[1]", 5, True])
    def test_what_is_nested_in_a_body_keeps_its_kinds(self, api, acme, lines):
        assert post(api, BASKET | {"lines": lines}).status_code == 200
        assert acme.asked[0]["lines"] == lines
        assert isinstance(acme.asked[0]["lines"], type(lines))

    @pytest.mark.parametrize("total", ["12.50", 12.5])
    def test_money_may_come_as_text_or_as_number(self, api, acme, total):
        assert post(api, BASKET | {"total": total}).status_code == 200
        assert acme.asked[0]["total"] == Decimal("12.50")

    def test_null_is_a_member_left_out(self, api, acme):
        assert post(api, BASKET | {"note": None, "total": None}).status_code == 200
        assert (acme.asked[0]["note"], acme.asked[0]["total"]) == (None, None)

    def test_what_the_event_keeps_is_what_was_asked(self, api):
        post(api, BASKET)
        from events import bodies

        event = Event.objects.get()
        kept = json.loads(bodies.read(event.pk, "payload", event.received_at) or b"")
        assert kept["event_data"]["asked"]["lines"] == BASKET["lines"]


class TestTheShopperNeverSeesAFault:
    def test_the_text_of_the_remote_stays_in_the_event(self, api, acme):
        acme.does = acme.refuses
        response = api.get(ORDERS, ASKED)
        neutral(response)
        assert ERP_TEXT not in response.content.decode()
        assert ERP_TEXT in Event.objects.get().sentence

    def test_data_of_an_answer_that_is_not_available_stays_here(self, api, acme):
        acme.does = lambda *_: Answer(available=False, data={"error": ERP_TEXT}, message="Not now.")
        body = api.get(ORDERS, ASKED).json()
        assert (body["available"], body["data"]) == (False, None)

    def test_a_bug_in_the_provider_is_the_neutral_answer_and_an_event(self, api, acme):
        acme.does = lambda *_: 1 / 0
        neutral(api.get(ORDERS, ASKED))
        assert Event.objects.get().reason == "bug"

    @pytest.mark.parametrize("data", [{"a": object()}, {"a": float("nan")}, {("a", "b"): 1}])
    def test_an_answer_that_cannot_be_written_as_json_is_the_neutral_one(self, api, acme, data):
        acme.does = lambda *_: Answer(available=True, data=data)
        neutral(api.get(ORDERS, ASKED))

    def test_a_fault_outside_the_provider_is_the_neutral_answer_with_the_fallback(self, api, monkeypatch):
        def broken(*_, **__):
            raise ZeroDivisionError(ERP_TEXT)

        monkeypatch.setattr(lookups, "answer", broken)
        assert neutral(api.get(ORDERS, ASKED))["event_id"] is None

    def test_settings_that_no_longer_load_are_the_neutral_answer(self, api, shop, acme):
        shop.provider.settings.clean = lambda self: (_ for _ in ()).throw(views.ConfigurationError(ERP_TEXT))
        try:
            response = api.get(ORDERS, ASKED)
        finally:
            del shop.provider.settings.clean
        assert (response.status_code, response.json()["available"]) == (200, False)
        assert ERP_TEXT not in response.content.decode()

    def test_a_database_that_is_away_is_the_neutral_answer_too(self, api, monkeypatch):
        def away(*_):
            raise OperationalError("connection refused on 10.0.0.5")

        monkeypatch.setattr(views, "connector_of", away)
        response = api.get(ORDERS, ASKED)
        assert (response.status_code, response.json()["available"]) == (200, False)
        assert "10.0.0.5" not in response.content.decode()


def test_a_key_of_two_connectors_reaches_both(nobody, shop, acme):
    from tests.connectors.api.conftest import make_connector

    key = make_key("Both", shop, make_connector("acme-us", "Acme US"))
    for slug in ("acme-eu", "acme-us"):
        assert nobody.get(f"/api/v1/connectors/{slug}/orders", ASKED, headers=key.header).status_code == 200


def test_a_post_needs_no_token_against_forgery(key, acme):
    from django.test import Client

    response = Client(enforce_csrf_checks=True, headers=key.header).post(
        TAXES, json.dumps(BASKET), content_type="application/json"
    )
    assert response.status_code == 200
