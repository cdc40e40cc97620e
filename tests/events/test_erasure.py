"""Erasing: nothing of a person is left, everything of the others is; what is at work is left alone and counted."""

from __future__ import annotations

import pytest
from django.utils import timezone

from connectors.models import Connector
from events import arrivals, bodies, erasure, progress
from events.models import Event, Family, Mail, Outcome, RelatedRequest, SearchKey
from tests.cast import an_event

MIRA = ("email", "mira@example.org")


@pytest.fixture
def shop(db, make_connector) -> Connector:
    return make_connector("Shop")


def about(connector: Connector, person: tuple[str, str] = MIRA, outcome: Outcome = Outcome.SUCCEEDED, **more) -> Event:
    event = an_event(connector, payload=b'{"email": "%s"}' % person[1].encode(), keys=[person], object_label=person[1],
                     headers={"x-customer": person[1]}, **more)  # fmt: skip
    said = {"sentence": f"{person[1]} has no address.", "notes": [{"code": "a", "text": person[1]}]}
    Event.objects.filter(pk=event.pk).update(outcome=outcome, finished_at=timezone.now(), **said)
    RelatedRequest.objects.create(event=event, method="GET", endpoint=f"https://x.example/a?email={person[1]}",
                                  requested_at=timezone.now(), request_headers={"x": person[1]},
                                  response_headers={"x": person[1]}, error=person[1])  # fmt: skip
    return event


def texts(event: Event) -> str:
    event.refresh_from_db()
    rows = [vars(event), *(vars(one) for one in event.requests.all())]
    return f"{rows} {bodies.read(event.pk, 'payload')!r} {list(SearchKey.objects.filter(event=event))}"


def test_everything_of_one_person_goes_and_nothing_of_another(shop, monkeypatch):
    monkeypatch.setattr(erasure, "BATCH", 2)
    hers = [about(shop) for _ in range(5)]
    other = about(shop, ("email", "jonas@example.org"))
    found = erasure.find(shop.pk, [("email", " Mira@Example.org "), ("phone", "")])
    assert found == [one.pk for one in hers]
    assert erasure.erase(found) == (5, 0)
    assert not any(MIRA[1] in texts(one) for one in hers)
    assert texts(other).count("jonas@example.org") > 5
    assert {one.requests.get().endpoint for one in hers} == {"https://x.example/a"}
    assert Event.objects.count() == 6, "that it happened stays"


def test_what_came_of_an_event_goes_with_it_at_any_depth(shop, make_connector):
    erp = make_connector("Erp")
    first = about(shop)
    second = an_event(erp, parent_id=first.pk, payload=b"mira")
    third = an_event(erp, parent_id=second.pk, payload=b"mira")
    Event.objects.update(outcome=Outcome.SUCCEEDED)
    assert erasure.erase(erasure.find(shop.pk, [MIRA])) == (3, 0)
    assert bodies.read(third.pk, "payload") is None


def test_another_connectors_events_are_not_found(shop, make_connector):
    about(make_connector("Other"))
    assert erasure.find(shop.pk, [MIRA]) == []


@pytest.mark.parametrize("outcome", [Outcome.QUEUED, Outcome.RUNNING, Outcome.WAITING])
def test_what_is_at_work_is_left_alone_and_counted(shop, outcome):
    busy, done = about(shop, outcome=outcome), about(shop)
    assert erasure.erase([busy.pk, done.pk]) == (1, 1)
    assert MIRA[1] in texts(busy)


def test_the_same_key_of_another_kind_is_another_person(shop):
    about(shop, ("customer_id", "7"))
    assert erasure.find(shop.pk, [("order_id", "7")]) == []


def test_mails_and_families_that_name_the_person_are_emptied(shop):
    event = about(shop, outcome=Outcome.FAILED)
    family = Family.objects.create(connector_id=shop.pk, cause="c", reason="payload", sentence=MIRA[1],
                                   first_event_id=event.pk, last_event_id=event.pk, last_object_label=MIRA[1])  # fmt: skip
    Mail.objects.create(family=family, kind="first", sender="a@b.example", receiver="c@d.example", subject=MIRA[1],
                        text=MIRA[1], html=MIRA[1], state=Mail.State.SENT)  # fmt: skip
    erasure.erase([event.pk])
    assert MIRA[1] not in str([vars(one) for one in (*Family.objects.all(), *Mail.objects.all())])


def test_digests_that_list_an_event_of_the_person_are_emptied(shop):
    event = about(shop, outcome=Outcome.FAILED)
    base = {"connector_id": shop.pk, "kind": "digest", "sender": "a@b.example", "receiver": "c@d.example"}
    listed = f"{MIRA[1]} https://hub.example/admin/events/event/{event.pk}/change/"
    others = f"jonas https://hub.example/admin/events/event/{event.pk}1/change/"
    for text in (listed, others):
        Mail.objects.create(**base, subject="2 failures", text=text, html=text, state=Mail.State.SENT)
    erasure.erase([event.pk])
    said = str([vars(one) for one in Mail.objects.all()])
    assert (MIRA[1] in said, "jonas" in said) == (False, True)


def test_what_another_connector_read_and_handed_over_goes_too_and_the_walk_stays(shop, make_connector):
    erp = make_connector("Erp")
    walk = an_event(erp, payload=b"mira and jonas")
    read = an_event(erp, obj="INV-1", parent_id=walk.pk, payload=b"mira")
    other = an_event(erp, obj="INV-2", parent_id=walk.pk, payload=b"jonas")
    told = about(shop, ("order_id", "7"), parent_id=read.pk)
    assert erasure.find(shop.pk, [("order_id", "7")]) == [read.pk, told.pk]
    assert other.pk not in erasure.find(shop.pk, [("order_id", "7")])


def test_a_whole_connector_is_walked_in_batches(shop, make_connector, monkeypatch):
    monkeypatch.setattr(erasure, "BATCH", 2)
    mine = {about(shop).pk for _ in range(5)}
    about(make_connector("Other"))
    batches = list(erasure.of_connector(shop.pk))
    assert set().union(*batches) == mine
    assert len(batches) == 3


# --- when a delivery came last, and how far a choice is


def test_the_last_delivery_of_each_topic_is_found_after_a_known_event(shop, make_connector):
    first, second = an_event(shop, "a"), an_event(shop, "a")
    an_event(make_connector("Other"), "a")
    assert {t: i for t, (i, _) in arrivals.latest(shop.pk, {"a": 0, "b": 0}).items()} == {"a": second.pk}
    assert arrivals.latest(shop.pk, {"a": second.pk}) == {}
    assert arrivals.latest(shop.pk, {"a": first.pk})["a"][0] == second.pk
    assert arrivals.latest(shop.pk, {}) == {}


def test_progress_counts_what_came_of_each_object(shop, make_connector):
    parent = an_event(shop)
    done, waiting = an_event(shop, obj="1", parent_id=parent.pk), an_event(shop, obj="2", parent_id=parent.pk)
    Event.objects.filter(pk__in=[parent.pk, done.pk]).update(outcome=Outcome.SUCCEEDED)
    below = an_event(make_connector("Erp"), parent_id=done.pk)
    Event.objects.filter(pk=below.pk).update(outcome=Outcome.FAILED, sentence="The ERP declined.")
    found = progress.of(parent.pk, shop.pk)
    assert found is not None
    assert found.counts == {"queued": 1, "failed": 1}
    assert found.is_open
    assert [row.sentence for row in found.rows] == ["The ERP declined.", ""]
    Event.objects.filter(pk=waiting.pk).update(outcome=Outcome.SKIPPED)
    assert not progress.of(parent.pk, shop.pk).is_open  # type: ignore[union-attr]
    assert progress.of(10**9, shop.pk) is None
