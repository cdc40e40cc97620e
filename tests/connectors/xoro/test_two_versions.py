"""An order whose newer version comes while an older one got no answer: what is in Xoro becomes the newest, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.exceptions import NotDone, RemoteRefused, UnconfirmedWrite
from connectors.models import Connector, DirectoryEntry, Link
from connectors.records import Order
from connectors.xoro.depositimport import import_deposit
from connectors.xoro.deposits import OWN, note_payments, remember_done
from connectors.xoro.documents import third_party_source
from connectors.xoro.orders import push_order
from events.models import Event, Outcome, Reason, RelatedRequest, RequestState
from tests.cast import an_event
from tests.connectors.xoro.cast import FakeRun, Tenant, after, make_order, make_payment, sent
from tests.connectors.xoro.test_changes import cancelled, more_units, units
from tests.connectors.xoro.test_deposits import PAID, UNPAID, amounts, in_doubt, pay
from tests.connectors.xoro.test_order_flow import Way
from tests.connectors.xoro.test_parts import SPLIT, half_sent, numbers, two_places

pytestmark = pytest.mark.django_db


def forget_documents() -> None:
    """The answer was lost: what was noted before the write is all that is known."""
    DirectoryEntry.objects.filter(kind="order_document").delete()


def superseding(tenant: Tenant, **changes: Any) -> FakeRun:
    """The run of an event in place of an older one, whose write got no answer."""
    run = tenant.run(**changes)
    run.unfinished_write = run.unfinished_write_by_other = True
    return run


def without_mug(order: Order) -> Order:
    """Two places, and nothing left that ships from the shop window."""
    lamps = replace(order.lines[0], quantity=Decimal(2), discount=Decimal("13.34"), places=order.lines[0].places[:1])
    gone = replace(order.lines[1], quantity=Decimal(0), taxes=())
    less = order.total - Decimal(55) + Decimal("6.67") - Decimal("11.90") - Decimal("0.71")
    return replace(order, lines=(lamps, gone), total=less, total_tax=order.total_tax - Decimal("0.71"))


def test_what_an_older_version_left_in_xoro_is_changed_to_the_newest(tenant: Tenant) -> None:
    push_order(tenant.run(), make_order())
    forget_documents()
    run = superseding(tenant)
    assert push_order(run, more_units(make_order())).target_number == "MAIN-S000001"
    assert units(tenant)["LMP-OAK-S"] == 2
    assert len(tenant.orders()) == 1
    assert "found_different" not in run.notes


def test_an_order_that_is_an_invoice_goes_on_where_xoro_answers_as_if_it_were_busy(tenant: Tenant) -> None:
    """An honest emptiness may look like that, and no sales order has the invoice's number."""
    counter = {"drop_as": "invoices"}
    first = push_order(tenant.run(**counter), make_order())
    run = after(tenant, first, **counter)
    run.unfinished_write = run.unfinished_write_by_other = True
    source = Connector.objects.create(slug="lumen", name="Lumen", provider_slug="shopify")
    Link.objects.create(
        source=source, target=run.connector, record_kind="order", source_object_id=make_order().id,
        target_object_id=first.target_id, target_number=first.target_number, state="delivered",
    )  # fmt: skip
    tenant.fault("throttle", "/api/xerp/salesorder/getsalesorder", times=999)
    push_order(run, more_units(make_order()))
    assert "invoice_stays" in run.notes
    assert [one["url"].rpartition("xerp/")[2] for one in tenant.writes()] == ["invoice/import"]


def test_what_is_there_as_it_should_be_is_not_written_again(tenant: Tenant) -> None:
    push_order(tenant.run(), make_order())
    forget_documents()
    push_order(superseding(tenant), make_order())
    assert len(tenant.writes()) == 1


def test_the_change_of_an_older_version_is_taken_back_where_the_newest_is_as_before(tenant: Tenant) -> None:
    first = push_order(tenant.run(), make_order())
    before = list(DirectoryEntry.objects.filter(kind="order_document").values("object_id", "data"))
    push_order(after(tenant, first), more_units(make_order()))
    for row in before:  # its answer was lost: the hub remembers what it was before
        DirectoryEntry.objects.filter(object_id=row["object_id"]).update(data=row["data"])
    run = after(tenant, first)
    run.unfinished_write = run.unfinished_write_by_other = True
    push_order(run, make_order())
    assert units(tenant)["LMP-OAK-S"] == 1
    assert len(tenant.orders()) == 1


def test_an_order_cancelled_meanwhile_is_cancelled_in_xoro_and_its_money_goes_back(tenant: Tenant) -> None:
    push_order(tenant.run(), make_order())
    forget_documents()
    run = superseding(tenant)
    back = make_payment("67.80", id="9002", kind="refund")
    ended = push_order(run, cancelled(make_order(payments=(make_payment("67.80"), back))))
    assert ended.sentence == "Cancelled MAIN-S000001 in Xoro, because order #2041 was cancelled."
    assert [one["StatusName"] for one in tenant.orders()] == ["Cancelled"]
    pay(tenant, run)
    assert amounts(tenant) == [67.8, -67.8]


def test_an_order_cancelled_meanwhile_that_is_not_found_is_a_persons_to_look_for(tenant: Tenant) -> None:
    run = superseding(tenant)
    run.unfinished_at = datetime.now(UTC) - timedelta(hours=1)
    with pytest.raises(UnconfirmedWrite, match="It may be in Xoro all the same") as doubt:
        push_order(run, cancelled(make_order()))
    assert "third-party reference 6120045512001" in doubt.value.next_step


@pytest.mark.parametrize("version", [make_order(), cancelled(make_order())], ids=["changed", "cancelled"])
def test_what_was_sent_a_moment_ago_may_still_be_on_its_way_and_is_looked_for_again(
    tenant: Tenant, version: Order
) -> None:
    with pytest.raises(NotDone, match="may still be on its way into Xoro") as wait:
        push_order(superseding(tenant), version)
    assert wait.value.retry_after_s == 60.0
    late = superseding(tenant)
    late.unfinished_at = datetime.now(UTC) - timedelta(seconds=181)  # the time-out, and a minute
    with pytest.raises(UnconfirmedWrite):
        push_order(late, version)
    assert tenant.writes() == []


def test_a_part_that_the_newest_version_has_no_more_is_cancelled(tenant: Tenant) -> None:
    push_order(tenant.run(**SPLIT), two_places())
    DirectoryEntry.objects.filter(kind="order_document", object_id__contains="-32 ").delete()
    push_order(superseding(tenant, **SPLIT), without_mug(two_places()))
    found = {one["ThirdPartyRefNo"]: one["StatusName"] for one in tenant.orders()}
    assert found == {"6120045512001": "Released", "6120045512001-32": "Cancelled"}


def test_a_cancellation_whose_answer_was_lost_is_not_asked_for_again(tenant: Tenant) -> None:
    push_order(tenant.run(**SPLIT), two_places())
    before = DirectoryEntry.objects.get(kind="order_document", object_id__contains="-32 ").data
    for _ in range(2):
        push_order(superseding(tenant, **SPLIT), without_mug(two_places()))
        DirectoryEntry.objects.filter(kind="order_document", object_id__contains="-32 ").update(data=before)
    assert len([one for one in tenant.writes() if one["url"].endswith("salesorder/cancel")]) == 1


def test_a_part_after_one_that_is_remembered_was_not_sent_and_is(tenant: Tenant) -> None:
    """The worker died after the first part was written down and before the second left: nothing is in doubt."""
    written_at = datetime.now(UTC)
    half_sent(tenant, two_places())
    run = tenant.run(**SPLIT)
    run.unfinished_write, run.unfinished_at = True, written_at
    push_order(run, two_places())
    assert [one[0] for one in numbers(tenant)] == ["6120045512001", "6120045512001-32"]


def test_a_part_that_left_after_the_one_that_is_remembered_is_in_doubt(tenant: Tenant) -> None:
    half_sent(tenant, two_places())
    run = tenant.run(**SPLIT)
    run.unfinished_write = True
    with pytest.raises(UnconfirmedWrite, match="looking for its reference 6120045512001-32"):
        push_order(run, two_places())
    assert len(tenant.orders()) == 1


def test_money_that_went_along_with_a_part_stays_its_share_when_the_other_parts_change(tenant: Tenant) -> None:
    half_sent(tenant, two_places())
    [share] = amounts(tenant)
    order = two_places()
    mugs = replace(order.lines[1], quantity=Decimal(2))
    push_order(tenant.run(**SPLIT), replace(order, lines=(order.lines[0], mugs), total=order.total + Decimal("11.90")))
    assert amounts(tenant)[0] == share
    assert sum(Decimal(str(one)) for one in amounts(tenant)) == order.total  # what was paid, whatever the order is now


def test_of_two_equal_payments_without_an_answer_neither_is_taken_for_the_other(tenant: Tenant) -> None:
    """One of them is listed, and it may be either's."""
    asked = sent(tenant, UNPAID)
    push_order(asked, PAID)
    run = in_doubt(tenant, asked)  # imported, its answer lost
    source = third_party_source(PAID, run.settings)
    other = make_payment(str(PAID.total), id="9009")
    note_payments(run, source, PAID.id, [other], OWN)
    event = an_event(run.connector, "deposits/import", object_type="payment", object_id="9009", provider="xoro")
    RelatedRequest.objects.create(
        event=event, method="POST", endpoint="deposit/import", is_write=True, state=RequestState.NO_ANSWER,
        requested_at=datetime.now(UTC),
    )  # fmt: skip
    with pytest.raises(UnconfirmedWrite, match="Xoro lists no deposits by reference"):
        import_deposit(run)
    remember_done(run, {"payment_id": "9009", "amount": "67.80", "source": source, "order_id": PAID.id}, ["9009"])
    tenant.control("payment", ChequeNo="2041", Amount=67.8)  # the other one's
    again = tenant.run()
    again.unfinished_write, again.payload = True, run.payload
    import_deposit(again)
    assert len(tenant.writes()) == 2  # the order, and the one import


def test_a_share_after_one_that_is_remembered_was_not_sent_and_is(tenant: Tenant) -> None:
    unpaid = replace(two_places(), payments=())
    asked = after(tenant, push_order(tenant.run(**SPLIT), unpaid), **SPLIT)
    push_order(asked, two_places())
    left_at = datetime.now(UTC)
    told = asked.told("deposits/import")[0]
    remember_done(asked, told, ["9001"])  # and then the worker died
    run = tenant.run(**SPLIT)
    run.payload, run.unfinished_write, run.unfinished_at = told, True, left_at
    import_deposit(run)
    assert [one["ThirdPartyRefNo"] for one in tenant.sandbox.books.deposits] == ["9001-32"]


@pytest.mark.django_db(transaction=True)
def test_of_two_versions_of_a_customer_the_older_that_waits_is_not_written_over_the_newer(
    sandbox: Any, install: Any
) -> None:
    way = Way(sandbox, install, customer_upsert=True)
    sandbox.post("/xoro/_sandbox/fault", {"kind": "http500_always", "match": "/api/xerp/customer/"})
    way.bring(make_order(company=None))
    waiting = Event.objects.get(topic="accounts/upsert")
    assert waiting.outcome == Outcome.WAITING
    sandbox.post("/xoro/_sandbox/clear_faults")
    order = make_order(id="6120045512002", number="2042", name="#2042", company=None)
    way.bring(replace(order, customer=replace(order.customer, last_name="Brooks")))
    waiting.refresh_from_db()
    assert (waiting.outcome, waiting.reason) == (Outcome.SKIPPED, Reason.SUPERSEDED)
    names = [one["LastName"] for one in way.books("customers") if one.get("LastName")]
    assert names == ["Brooks"]


def test_money_that_went_along_with_what_was_replaced_since_is_not_asked_for_again(tenant: Tenant) -> None:
    """A replaced document keeps its deposit without saying so: nobody shall enter it a second time."""
    push_order(tenant.run(), make_order())
    forget_documents()
    for _ in range(2):  # the worker died after the change, before the ledger was written
        run = superseding(tenant)
        push_order(run, more_units(make_order()))
    assert "deposit_differs" not in run.notes
    assert amounts(tenant) == [67.8]


def test_a_new_part_goes_on_after_a_change_that_is_remembered(tenant: Tenant) -> None:
    """The worker died after one part was changed and written down, and before the new one left."""
    run = after(tenant, push_order(tenant.run(**SPLIT), without_mug(two_places())), **SPLIT)
    written_at = datetime.now(UTC)
    unknown = replace(two_places(), lines=(two_places().lines[0], replace(two_places().lines[1], sku="NOPE")))
    with pytest.raises(RemoteRefused, match="Item not found: NOPE"):
        push_order(run, unknown)
    run.unfinished_write, run.unfinished_at = True, written_at
    push_order(run, two_places())
    assert [one[0] for one in numbers(tenant)] == ["6120045512001", "6120045512001-32"]
