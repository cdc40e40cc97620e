"""Which documents an order became: remembered, or read where the memory has nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.models import DirectoryEntry
from connectors.xoro import documents
from connectors.xoro.documents import Document, documents_of, known_documents, order_id_of, third_party_source
from connectors.xoro.orders import push_order
from tests.connectors.xoro.cast import FakeRun, Tenant, make_order

pytestmark = pytest.mark.django_db

ORDER = make_order()


def source_of(run: FakeRun) -> str:
    return third_party_source(ORDER, run.settings)


def test_a_sent_order_is_remembered_and_needs_no_call(tenant: Tenant, run: FakeRun) -> None:
    push_order(run, ORDER)
    before = len(tenant.http.calls)
    [one] = documents_of(run, source_of(run), ORDER.id)
    assert (one.reference, one.number, one.store) == (ORDER.id, "MAIN-S000001", "EAST WAREHOUSE")
    assert len(tenant.http.calls) == before


def test_what_the_memory_lost_is_read_by_its_reference_and_remembered(tenant: Tenant, run: FakeRun) -> None:
    push_order(run, ORDER)
    DirectoryEntry.objects.all().delete()
    [one] = documents_of(run, source_of(run), ORDER.id)
    assert one.number == "MAIN-S000001"
    assert known_documents(run, source_of(run), ORDER.id) == [one]


def test_an_order_nobody_sent_has_no_document(run: FakeRun) -> None:
    assert documents_of(run, source_of(run), "77") == []


def test_the_parts_of_a_split_order_come_first_part_first(run: FakeRun) -> None:
    first = Document(reference="5", id="2", number="MAIN-S000002", store="WEB STORE")
    second = replace(first, reference="5-31", id="1", number="MAIN-S000001", store="EAST WAREHOUSE")
    documents.remember(run, source_of(run), "5", [second, first])
    assert known_documents(run, source_of(run), "5") == [first, second]
    assert order_id_of(run, source_of(run), "5-31") == "5"


def test_the_order_of_a_part_nobody_remembers_is_what_stands_before_the_location(run: FakeRun) -> None:
    assert order_id_of(run, source_of(run), "6120045512001-31") == "6120045512001"
    assert order_id_of(run, source_of(run), "A-7") == "A-7"


def test_orders_of_two_shops_with_one_id_are_told_apart(run: FakeRun) -> None:
    one = Document(reference="5", id="2", number="MAIN-S000002")
    documents.remember(run, "https://a.example-Demo", "5", [one])
    assert known_documents(run, "https://b.example-Demo", "5") == []
