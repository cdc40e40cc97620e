"""The page that edits a field map beside the answers stored last."""

from __future__ import annotations

import json

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from connectors.admin import fieldmap
from events.models import Event

from .asking import ask


def path_of(connector):
    return f"/admin/connectors/connector/{connector.pk}/field-map/"


@pytest.fixture
def web():
    return Client()


@pytest.fixture
def odd(shop, monkeypatch):
    """A connector whose ERP names the order number in a way of its own; one answer is stored."""
    from connectors.generic_erp import sandbox as erp_sandbox

    original = erp_sandbox.GenericErpSandbox._answer

    def answer(self, function, body):
        reply = original(self, function, body)
        if function == "orders":
            rows = [
                {**row, "doc": {"no": row.pop("order_number")}, "when": row.pop("order_date")}
                for row in reply.body["data"]
            ]
            reply.body = {"result": {"rows": rows}}
        return reply

    monkeypatch.setattr(erp_sandbox.GenericErpSandbox, "_answer", answer)
    asked = ask(shop, "orders", per_page=3)
    assert asked.event.reason_code == "bad_response"
    return shop


FIELD_MAP = {"orders": "result.rows", "orders.order_number": "doc.no", "orders.order_date": "when"}


def test_it_shows_the_last_answer_and_why_it_cannot_be_used(odd, web, administrator):
    web.force_login(administrator)
    page = web.get(path_of(odd)).content.decode()
    assert "&quot;doc&quot;: {" in page
    assert "orders: missing, expected a list" in page
    assert "cannot be used" in page
    assert "No answer is stored yet" in page  # of the other functions


def test_a_preview_reads_the_stored_answer_with_the_map_as_entered_and_saves_nothing(odd, web, administrator, sandbox):
    web.force_login(administrator)
    calls = len(sandbox.log("erp"))
    events = Event.objects.count()
    page = web.post(path_of(odd), {"text": json.dumps(FIELD_MAP), "preview": "1"}).content.decode()
    assert "What the storefront gets" in page
    assert "&quot;order_number&quot;: &quot;9431&quot;" in page
    assert "It is not saved yet" in page
    odd.refresh_from_db()
    assert odd.load_settings().field_map is None
    assert len(sandbox.log("erp")) == calls
    assert Event.objects.count() == events


def test_a_saved_map_reads_the_next_answer(odd, web, administrator):
    web.force_login(administrator)
    response = web.post(path_of(odd), {"text": json.dumps(FIELD_MAP), "save": "1"}, follow=True)
    assert "The field map is saved" in response.content.decode()
    odd.refresh_from_db()
    assert odd.load_settings().field_map == FIELD_MAP
    assert odd.secret("token") == "sandbox-key"
    assert ask(odd, "orders", per_page=3).answer.data["orders"][0]["order_number"] == "9431"
    assert LogEntry.objects.get().get_change_message() == "Changed the field map."
    web.post(path_of(odd), {"text": " ", "save": "1"})
    odd.refresh_from_db()
    assert odd.load_settings().field_map is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "Enter a valid JSON"),
        ("[]", "Enter a JSON object"),
        ('{"orders.colour": "x"}', "is not a field of ours"),
        ('{"orders.total": "a["}', "orders.total"),
        ("9" * 100_001, "The map has more than 100,000 characters"),
    ],
)
@pytest.mark.parametrize("button", ["preview", "save"])
def test_a_map_that_cannot_be_used_is_said_and_kept_on_the_page(shop, web, administrator, text, problem, button):
    web.force_login(administrator)
    page = web.post(path_of(shop), {"text": text, button: "1"}).content.decode()
    assert problem in page
    assert "The map cannot be used" in page
    shop.refresh_from_db()
    assert shop.load_settings().field_map is None


def test_who_may_not_change_connectors_does_not_get_in(shop, web, supporter, reader, stranger):
    for person in (supporter, reader, stranger):
        web.force_login(person)
        assert web.get(path_of(shop)).status_code == 403
        assert web.post(path_of(shop), {"text": "", "save": "1"}).status_code == 403


def test_stored_answers_are_only_for_those_who_may_see_payloads(odd, web, stranger):
    stranger.user_permissions.set(Permission.objects.filter(codename__in=["change_connector", "view_connector"]))
    web.force_login(stranger)
    for page in (web.get(path_of(odd)), web.post(path_of(odd), {"text": json.dumps(FIELD_MAP), "preview": "1"})):
        assert page.status_code == 200
        assert "BRK-2210" not in page.content.decode()
        assert "Can see payloads" in page.content.decode()


def test_a_provider_without_a_field_map_has_no_such_page(install, web, administrator):
    web.force_login(administrator)
    assert web.get(path_of(install("xoro"))).status_code == 404


def test_the_connectors_page_leads_to_it(shop, install, web, administrator):
    web.force_login(administrator)
    assert path_of(shop) in web.get(shop.admin_path() + "?tab=overview").content.decode()
    other = install("xoro")
    assert path_of(other) not in web.get(other.admin_path() + "?tab=overview").content.decode()


def test_the_page_has_neither_inline_script_nor_style(odd, web, administrator):
    web.force_login(administrator)
    page = web.get(path_of(odd))
    content = page.content.decode().partition('id="field-map-text"')[2]
    assert "<script" not in content.partition("</main>")[0]
    assert "style=" not in content


def test_of_many_answers_the_newest_good_one_counts(shop):
    ask(shop, "balance")
    newest = ask(shop, "balance").event
    ask(shop, "balance", "SBX-500")
    assert fieldmap.last_answer(shop, "erp.ar_balance.get").event_id == newest.pk
    assert fieldmap.last_answer(shop, "erp.orders.list") is None


def test_every_functions_answer_can_be_previewed(shop):
    from connectors.generic_erp.lookups import CACHED

    for lookup in shop.provider.lookups:
        path = lookup.path
        asked = ask(shop, path)
        assert asked.event.reason_code != CACHED
        stored = fieldmap.last_answer(shop, lookup.topic)
        part = fieldmap.part_of(shop.provider, shop.load_settings(), lookup, stored)
        assert (part.errors, part.notes, part.is_usable) == ([], [], True), path
        assert json.loads(part.data).keys() == asked.answer.data.keys()


def test_a_reader_that_breaks_on_one_answer_hides_no_other(shop, monkeypatch):
    from dataclasses import replace

    def broken(*_):
        raise RuntimeError

    ask(shop, "balance")
    provider = replace(shop.provider, field_map_preview=broken)
    lookup = next(one for one in provider.lookups if one.path == "balance")
    part = fieldmap.part_of(provider, shop.load_settings(), lookup, fieldmap.last_answer(shop, lookup.topic))
    assert part.errors == ["The reader failed on this answer (RuntimeError)."]
    assert not part.is_usable
