"""The ledger is read, searched and hardly ever changed."""

from __future__ import annotations

import pytest

from connectors.models import Link, LinkState

LIST = "/admin/connectors/link/"


@pytest.fixture
def link(make):
    return Link.objects.create(
        source=make("shoppy"), target=make(), record_kind="order", source_object_id="551", source_number="#1001",
        target_object_id="77", target_number="SO-9", state=LinkState.DELIVERED, last_event_id=4711,
    )  # fmt: skip


@pytest.mark.parametrize("text", ["#1001", "1001", "SO-9", "551", "77"])
def test_any_number_finds_its_row(ada, link, text):
    page = ada.get(LIST, {"q": text}).content.decode()
    assert "SO-9" in page
    assert "/admin/events/event/4711/change/" in page


def test_a_part_of_a_number_finds_nothing(ada, link):
    assert ada.get(LIST, {"q": "100"}).context["cl"].result_count == 0


def test_a_search_uses_indexes_only(ada, link):
    from django.test import RequestFactory

    from connectors.admin.link import LinkAdmin

    rows = Link.objects.all()
    found, _ = LinkAdmin(Link, None).get_search_results(RequestFactory().get("/"), rows, "1001")
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = found.order_by().explain()
    assert "Seq Scan on connectors_link" not in plan


def test_nobody_adds_or_changes_a_row(ada, link):
    assert ada.get(LIST + "add/").status_code == 403
    assert ada.post(f"{LIST}{link.pk}/change/", {"target_number": "X"}).status_code == 403


def test_an_administrator_deletes_a_row_after_a_warning(ada, link):
    assert "could create a second document" in ada.get(f"{LIST}{link.pk}/delete/").content.decode()
    ada.post(f"{LIST}{link.pk}/delete/", {"post": "yes"})
    assert not Link.objects.exists()


def test_support_may_look_but_not_delete(browse, supporter, link):
    client = browse(supporter)
    assert client.get(f"{LIST}{link.pk}/change/").status_code == 200
    assert client.post(f"{LIST}{link.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Link.objects.exists()


def test_an_empty_ledger_says_what_it_is(ada, provider):
    assert "holds one row for each object and target" in ada.get(LIST).content.decode()
