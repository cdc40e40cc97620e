"""The log of a connector: a row for each transaction, its tabs and filters, and what a person does about a failure."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connectors import flows, syncing
from connectors.admin.log import path
from events import transactions
from events.models import Event, Kind, Outcome, Reason
from events.record import New, record
from events.transactions import Asked


@pytest.fixture
def erp(db, make_connector):
    return make_connector("Erp")


def delivery(connector, number: str, *, sentence: str = "Refused.", outcome: Outcome = Outcome.FAILED, **more) -> int:
    base = {
        "kind": Kind.DELIVERY, "topic": "order/deliver", "connector_id": connector.pk, "connector_name": connector.name,
        "provider": connector.provider_slug, "outcome": outcome, "sentence": sentence, "object_type": "order",
        "object_id": number, "object_label": f"#{number}", "lock_key": f"route1:order:{number}",
        "reason": Reason.REFUSED if outcome == Outcome.FAILED else "", "keys": [("order_number", number)],
    }  # fmt: skip
    return record(New(**(base | more))).event_id


def rows(connector, **asked) -> list[int]:
    return [one.pk for one in transactions.page(connector.pk, ["order"], Asked.of(asked)).rows]


def test_an_order_has_one_row_its_newest_event(erp):
    delivery(erp, "1", outcome=Outcome.SKIPPED, sentence="Unchanged.")
    other = delivery(erp, "2")
    newest = delivery(erp, "1", sentence="Item A is unknown.")
    assert rows(erp) == [newest, other]


def test_an_order_told_of_again_still_says_where_it_went(erp):
    written = delivery(erp, "1", outcome=Outcome.SUCCEEDED, sentence="Order #1 is in Xoro as WEB-S000001.")
    delivery(erp, "1", outcome=Outcome.SKIPPED, reason=Reason.UNCHANGED)
    delivery(erp, "1", outcome=Outcome.SKIPPED, reason=Reason.SUPERSEDED)
    assert rows(erp) == [written]
    changed = delivery(erp, "1", outcome=Outcome.SUCCEEDED, sentence="Order #1 was changed in Xoro.")
    assert rows(erp) == [changed]


def test_an_order_only_told_of_again_has_a_row_nevertheless(erp):
    delivery(erp, "1", outcome=Outcome.SKIPPED, reason=Reason.UNCHANGED)
    newest = delivery(erp, "1", outcome=Outcome.SKIPPED, reason=Reason.UNCHANGED)
    assert rows(erp) == [newest]


def test_the_rows_with_an_error_are_those_the_tab_counts(erp):
    """A question that failed is not hidden by another question about the same customer that was answered."""
    question = {"object_type": "customer", "object_id": "7", "lock_key": ""}
    failed = delivery(erp, "7", topic="lookup/balance", **question)
    answered = delivery(erp, "7", topic="lookup/invoices", outcome=Outcome.SUCCEEDED, **question)
    found = transactions.page(erp.pk, ["customer"], Asked())
    assert [one.pk for one in found.rows] == [answered, failed]
    assert transactions.errors(erp.pk, ["customer"]) == {"customer": 1}


def test_an_open_failure_speaks_for_its_order_until_somebody_ends_it(erp):
    failed = delivery(erp, "1")
    later = delivery(erp, "1", outcome=Outcome.SKIPPED, reason=Reason.FILTERED)
    assert rows(erp) == [failed]
    Event.objects.filter(pk=failed).update(resolved_at=timezone.now(), resolved_by="sam")
    assert rows(erp) == [later]


def test_an_order_that_two_routes_deliver_has_a_row_for_each(erp):
    first = delivery(erp, "1", outcome=Outcome.SUCCEEDED)
    second = delivery(erp, "1", lock_key="route2:order:1")
    assert rows(erp) == [second, first]
    delivery(erp, "1", lock_key="route2:order:1")
    assert transactions.errors(erp.pk, ["order"]) == {"order": 1}


def test_an_order_of_another_connector_has_no_row(erp, make_connector):
    delivery(make_connector("Other"), "1")
    assert rows(erp) == []


def test_resolved_rows_are_hidden_on_asking_and_an_error_is_an_open_or_a_resolved_failure(erp):
    done = delivery(erp, "1", outcome=Outcome.SUCCEEDED)
    open_ = delivery(erp, "2")
    resolved = delivery(erp, "3")
    Event.objects.filter(pk=resolved).update(resolved_at=timezone.now(), resolved_by="sam")
    assert rows(erp) == [resolved, open_, done]
    assert rows(erp, hide="resolved") == [open_, done]
    assert rows(erp, errors="only") == [resolved, open_]
    assert rows(erp, errors="only", hide="resolved") == [open_]


def test_a_search_finds_a_reference_else_words_of_the_message(erp):
    first = delivery(erp, "4711", sentence="Store “Main” is unknown.")
    delivery(erp, "4712", sentence="Done.")
    assert rows(erp, q="#4711") == [first]
    found = transactions.page(erp.pk, ["order"], Asked.of({"q": "store “main”"}))
    assert ([one.pk for one in found.rows], found.is_by_text) == ([first], True)
    assert rows(erp, q="100%_") == []


def test_days_are_those_of_the_persons_zone(erp):
    old = delivery(erp, "1")
    new = delivery(erp, "2")
    at = timezone.now() - timedelta(days=3)
    Event.objects.filter(pk=old).update(received_at=at)
    with timezone.override("Pacific/Kiritimati"):  # fourteen hours ahead
        day = timezone.localtime(at).date().isoformat()
        assert rows(erp, day=day, until=day) == [old]
        assert rows(erp, day=timezone.localdate().isoformat()) == [new]
    assert rows(erp, day="no day") == [new, old]


def test_pages_go_on_below_the_last_row_and_none_comes_twice(erp):
    ids = [delivery(erp, str(number)) for number in range(7)]
    delivered_again = delivery(erp, "6")
    first = transactions.page(erp.pk, ["order"], Asked(), per_page=3)
    second = transactions.page(erp.pk, ["order"], Asked(older=first.older), per_page=3)
    third = transactions.page(erp.pk, ["order"], Asked(older=second.older), per_page=3)
    seen = [one.pk for page in (first, second, third) for one in page.rows]
    assert seen == [delivered_again, *ids[5::-1]]
    assert third.older is None


def test_a_walk_that_finds_nothing_says_how_far_it_looked(erp, monkeypatch):
    monkeypatch.setattr(transactions, "STEP", 5)
    monkeypatch.setattr(transactions, "LOOKED_AT", 10)
    wanted = delivery(erp, "0", sentence="A rare text.")
    for number in range(1, 20):
        delivery(erp, str(number))
    found = transactions.page(erp.pk, ["order"], Asked(q="rare text"))
    assert found.rows == []
    assert found.looked_back_to is not None
    again = transactions.page(erp.pk, ["order"], Asked(q="rare text", older=found.older))
    assert [one.pk for one in again.rows] == [wanted]


def test_errors_are_counted_by_object_and_resolved_ones_are_not(erp):
    delivery(erp, "1")
    delivery(erp, "1")
    delivery(erp, "2", outcome=Outcome.SUCCEEDED)
    resolved = delivery(erp, "3")
    Event.objects.filter(pk=resolved).update(resolved_at=timezone.now())
    assert transactions.errors(erp.pk, ["order", "shipment"]) == {"order": 1, "shipment": 0}


def test_tabs_are_what_the_provider_declares_and_general_takes_the_rest(erp, testing_provider):
    delivery(erp, "1", object_type="thing", object_id="7")
    found = flows.of(testing_provider.provider, transactions.types(erp.pk))
    assert [one.label for one in found] == ["Orders", "Inventory", "General"]
    assert list(found[-1].kinds) == ["", "thing"]


def test_the_page_shows_counts_and_the_actions_a_person_may_take(client, supporter, erp):
    delivery(erp, "1", sentence="Store “Main” is unknown.")
    client.force_login(supporter)
    shown = client.get(path(erp)).text
    assert "1 waiting with an error" in shown
    assert "1 transaction of Orders waits with an error." in shown
    assert "Store “Main” is unknown." in shown
    assert "Mark as resolved" in shown


def test_who_may_only_read_has_no_buttons_and_a_stranger_no_page(client, reader, stranger, erp):
    delivery(erp, "1")
    client.force_login(reader)
    assert "formaction" not in client.get(path(erp)).text
    client.force_login(stranger)
    assert client.get(path(erp)).status_code == 403


def test_resolving_takes_older_failures_of_the_order_along_and_unresolving_takes_it_back(client, supporter, erp):
    older, newest = delivery(erp, "1"), delivery(erp, "1")
    client.force_login(supporter)
    asked = {"only": newest, "whole": "1", "note": "Entered by hand.", "next": path(erp)}
    assert client.post("/admin/events/event/resolve/", asked)["Location"] == path(erp)
    assert transactions.errors(erp.pk, ["order"]) == {"order": 0}
    row = Event.objects.get(pk=older)
    assert (row.resolved_by, row.resolved_note) == ("sam", "Entered by hand.")
    client.post("/admin/events/event/unresolve/", {"only": newest, "next": path(erp)})
    assert transactions.errors(erp.pk, ["order"]) == {"order": 1}
    assert Event.objects.get(pk=newest).is_failure_open


def test_what_an_event_of_its_own_does_for_a_flow_stands_in_the_log_of_the_flow():
    found = {flow.name: set(flow.kinds) for flow in flows.of(None, ["payment", "invoice", "fulfillment", "cart"])}
    assert found == {"orders": {"payment"}, "fulfillments": {"fulfillment", "invoice"}, "general": {"", "cart"}}


@pytest.mark.parametrize(
    ("slug", "sync", "flow"),
    [
        ("xoro", "inventory", "inventory"), ("xoro", "products", "products"), ("xoro", "fulfillments", "fulfillments"),
        ("shopify", "orders", "orders"), ("shopify", "payouts", "payouts"), ("shopify", "gift_cards", "giftcards"),
        ("shopify", "fulfillment_orders", "fulfillments"), ("xoro", "failed", "general"),
    ],
)  # fmt: skip
def test_a_run_stands_in_the_log_of_its_flow(install, slug, sync, flow):
    connector = install(slug)
    kind = Event.objects.get(pk=syncing.start_sync(connector, sync, by="sam")).object_type
    assert [one.name for one in flows.of(connector.provider, [kind]) if kind in one.kinds] == [flow]


def test_one_rows_button_means_that_row_whatever_is_ticked(client, supporter, erp):
    first, second = delivery(erp, "1"), delivery(erp, "2")
    client.force_login(supporter)
    client.post("/admin/events/event/retry/", {"only": first, "_selected_action": second, "next": path(erp)})
    assert Event.objects.get(pk=first).outcome == Outcome.QUEUED
    assert Event.objects.get(pk=second).outcome == Outcome.FAILED


def test_a_page_costs_the_same_few_statements_however_many_rows_there_are(client, supporter, erp):
    client.force_login(supporter)
    for number in range(60):
        delivery(erp, str(number))
    client.get(path(erp))
    with CaptureQueriesContext(connection) as counted:
        client.get(path(erp))
    assert len(counted) <= 16
    assert not [one["sql"] for one in counted if "COUNT(*)" in one["sql"] and "LIMIT" not in one["sql"]]
