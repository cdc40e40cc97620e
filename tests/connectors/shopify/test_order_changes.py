"""What another system may have done to an order of the shop: each part once, lost answers included."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import requests

from connectors.exceptions import PayloadError, RemoteRefused, RemoteUnavailable, UnconfirmedWrite
from connectors.records import OrderCancellation, OrderUpdate
from connectors.shopify import changes
from connectors.shopify.calls import orders as calls
from connectors.shopify.sandbox.shops import LUMEN, OUTLET
from events.models import Outcome
from tests.connectors.shopify.catalogue_cast import place, text
from tests.connectors.shopify.stand_ins import FakeRun

__all__ = ["place"]

PAID, PENDING = "gid://shopify/Order/5512300777001", "gid://shopify/Order/5512300777003"
PROMISED = "gid://shopify/Order/6900100300006"


@pytest.fixture
def run(make_client, vendor) -> FakeRun:
    return a_run(make_client())


@pytest.fixture
def lumen(make_client, vendor) -> FakeRun:
    shop = vendor.app.shops[LUMEN]
    return a_run(make_client(shop_domain=LUMEN, client_id=shop.client_id, client_secret=shop.client_secret))


def a_run(client: Any, *, in_doubt: bool = False) -> FakeRun:
    run = FakeRun(client)
    run.unfinished_write = in_doubt
    return run


def a_wish(gid: str, **parts: Any) -> OrderUpdate:
    return OrderUpdate(id="W-1", number="W-1", order_id=gid.rpartition("/")[2], **parts)


def calls_of(vendor, operation: str) -> int:
    return len([one for one in vendor.app.journal if one.get("operation") == operation])


def order(vendor, gid: str, domain: str = OUTLET) -> dict[str, Any]:
    return vendor.app.shops[domain].orders[gid]


def test_note_and_tags_are_added_beside_what_is_there(run, vendor):
    wish = a_wish(PAID, note="Checked by credit", add_tags=("approved", "VIP"), remove_tags=("web", "gone"))
    delivered = changes.apply_update(run, wish)
    found = order(vendor, PAID)
    assert found["note"] == "ring twice\nChecked by credit" and found["tags"] == ["approved", "vip"]
    assert delivered.sentence == "Order #EX-2041: tagged approved, without the tags web, note added."
    assert (delivered.target_id, delivered.target_number) == ("5512300777001", "#EX-2041")
    before = found["updatedAt"]
    assert changes.apply_update(run, wish).sentence == "Order #EX-2041 is as wished already."
    assert found["updatedAt"] == before


def test_an_order_is_cancelled_once_with_refund_and_restock(run, vendor):
    shop = vendor.app.shops[OUTLET]
    stock = next(iter(shop.stock.values()))["available"]
    wish = a_wish(PAID, cancellation=OrderCancellation(reason="inventory", refund=True, note="sold out"))
    assert changes.apply_update(run, wish).sentence == "Order #EX-2041: cancelled."
    found = order(vendor, PAID)
    assert (
        found["cancelledAt"] and found["cancelReason"] == "INVENTORY" and found["displayFinancialStatus"] == "REFUNDED"
    )
    assert next(iter(shop.stock.values()))["available"] == stock + 2
    assert changes.apply_update(run, wish).sentence == "Order #EX-2041: was cancelled already."
    assert calls_of(vendor, "HubOrderCancel") == 1


def test_a_cancellation_whose_answer_was_lost_is_not_sent_into_the_dark(run, vendor):
    vendor.control("fault", kind="drop_after_commit", operation="HubOrderCancel")
    wish = a_wish(PAID, cancellation=OrderCancellation(reason="customer"))
    with pytest.raises(RemoteUnavailable):
        changes.apply_update(run, wish)
    vendor.control("clock", advance=5)
    again = a_run(run.client, in_doubt=True)
    assert changes.apply_update(again, wish).sentence == "Order #EX-2041: was cancelled already."
    assert calls_of(vendor, "HubOrderCancel") == 1


def test_a_cancellation_that_still_runs_is_looked_at_again_later(run, vendor):
    vendor.control("fault", kind="drop_after_commit", operation="HubOrderCancel")
    wish = a_wish(PAID, cancellation=OrderCancellation())
    with pytest.raises(RemoteUnavailable):
        changes.apply_update(run, wish)
    with pytest.raises(RemoteUnavailable) as caught:
        changes.apply_update(run, wish)
    assert caught.value.code == "cancelling" and caught.value.retry_after_s == 30
    vendor.control("clock", advance=5)
    assert "was cancelled already" in changes.apply_update(run, wish).sentence


def test_a_shipped_order_cannot_be_cancelled(run, vendor):
    order(vendor, PAID)["displayFulfillmentStatus"] = "FULFILLED"
    with pytest.raises(RemoteRefused) as caught:
        changes.apply_update(run, a_wish(PAID, cancellation=OrderCancellation()))
    assert "open fulfillments" in caught.value.sentence and "#EX-2041" in caught.value.sentence


def test_an_unknown_reason_is_said_before_any_call(run):
    with pytest.raises(PayloadError, match="no reason to cancel"):
        changes.apply_update(run, a_wish(PAID, cancellation=OrderCancellation(reason="whim")))
    assert run.client.http.sent == []


def test_a_pending_order_is_marked_as_paid_once(run, vendor):
    wish = a_wish(PENDING, is_paid=True)
    assert "marked as paid" in changes.apply_update(run, wish).sentence
    assert order(vendor, PENDING)["displayFinancialStatus"] == "PAID"
    assert "was paid already" in changes.apply_update(run, wish).sentence
    assert calls_of(vendor, "HubMarkPaid") == 1


def test_a_payment_marked_without_an_answer_is_not_marked_twice(run, vendor):
    vendor.control("fault", kind="drop_after_commit", operation="HubMarkPaid")
    with pytest.raises(RemoteUnavailable):
        changes.apply_update(run, a_wish(PENDING, is_paid=True))
    assert "was paid already" in changes.apply_update(run, a_wish(PENDING, is_paid=True)).sentence
    assert len([t for t in order(vendor, PENDING)["transactions"] if t["status"] == "SUCCESS"]) == 1


def test_an_authorized_order_is_captured_and_never_twice(lumen, vendor):
    state = calls.read_state(lumen.client, PROMISED)
    amount = Decimal(str(state["totalCapturableSet"]["shopMoney"]["amount"]))
    part = a_wish(PROMISED, capture=Decimal("10.00"))
    assert "payment captured" in changes.apply_update(lumen, part).sentence
    assert "payment captured" in changes.apply_update(lumen, a_wish(PROMISED, capture_all=True)).sentence
    assert "nothing was left to capture" in changes.apply_update(lumen, a_wish(PROMISED, capture_all=True)).sentence
    found = order(vendor, PROMISED, LUMEN)
    captured = [Decimal(t["amountSet"]["shopMoney"]["amount"]) for t in found["transactions"] if t["kind"] == "CAPTURE"]
    assert captured == [Decimal("10.00"), amount - 10] and found["displayFinancialStatus"] == "PAID"


@pytest.mark.django_db
def test_an_amount_is_captured_once_though_a_later_part_fails(place):
    """The capture was done; what came after it was declined, so that the whole wish is tried again by hand."""
    shop = place()
    shop.route_in("order_update")
    placed = shop.vendor.control("order", payment="authorized")
    wish = a_wish(placed["id"], capture=Decimal("1.00"), is_closed=True)
    shop.vendor.control("fault", kind="user_error", operation="HubOrderClose", message="Not now.")
    event = shop.bring(wish)
    assert event.outcome == Outcome.FAILED, text(event)
    event = shop.bring(wish, again=event)
    assert event.outcome == Outcome.SUCCEEDED and "was captured already" in event.sentence, text(event)
    event = shop.bring(replace(wish, note="Thank you."))
    assert "was captured already" in event.sentence, text(event)
    assert len(shop.calls("HubCapture")) == 1
    assert shop.bring(replace(wish, capture=Decimal("2.00"))).reason_code == "change_not_applied"


def test_a_capture_without_an_answer_is_looked_for(lumen, vendor):
    wish = a_wish(PROMISED, capture=Decimal("10.00"))
    vendor.control("fault", kind="drop_after_commit", operation="HubCapture")
    with pytest.raises(RemoteUnavailable):
        changes.apply_update(lumen, wish)
    again = a_run(lumen.client, in_doubt=True)
    assert "nothing was left to capture" in changes.apply_update(again, wish).sentence
    assert len([t for t in order(vendor, PROMISED, LUMEN)["transactions"] if t["kind"] == "CAPTURE"]) == 1


def test_a_capture_that_cannot_be_found_needs_a_person(lumen, vendor):
    doubtful = a_run(lumen.client, in_doubt=True)
    with pytest.raises(UnconfirmedWrite):
        changes.apply_update(doubtful, a_wish(PROMISED, capture=Decimal("10.00")))
    assert calls_of(vendor, "HubCapture") == 0


def test_a_foreign_payment_is_captured_in_the_buyers_currency(run, vendor):
    placed = vendor.control("order", payment="authorized", presentment={"currency": "USD", "rate": "1.1"})
    assert "payment captured" in changes.apply_update(run, a_wish(placed["id"], capture_all=True)).sentence
    capture = order(vendor, placed["id"])["transactions"][-1]
    assert capture["amountSet"]["presentmentMoney"]["currencyCode"] == "USD"
    assert order(vendor, placed["id"])["displayFinancialStatus"] == "PAID"


def test_an_authorized_order_cannot_be_marked_as_paid(lumen):
    with pytest.raises(RemoteRefused, match="it is authorized"):
        changes.apply_update(lumen, a_wish(PROMISED, is_paid=True))


def test_an_order_is_closed_once(run, vendor):
    assert "closed" in changes.apply_update(run, a_wish(PAID, is_closed=True)).sentence
    assert changes.apply_update(run, a_wish(PAID, is_closed=True)).sentence == "Order #EX-2041 is as wished already."
    assert calls_of(vendor, "HubOrderClose") == 1


def test_an_order_may_be_named_instead_of_numbered(run, vendor):
    wish = OrderUpdate(id="W-2", number="W-2", order_name="#EX-2042", add_tags=("seen",))
    assert changes.apply_update(run, wish).target_id == "5512300777002"


def test_an_order_that_is_not_there_or_not_named_is_refused(run):
    with pytest.raises(RemoteRefused, match="no order 77"):
        changes.apply_update(run, a_wish("gid://shopify/Order/77", note="x"))
    with pytest.raises(PayloadError, match="names no order"):
        changes.apply_update(run, OrderUpdate(id="W-3", number="W-3"))


# --- the rules of tags and metafields ---------------------------------------------------------------------------------


def entry(**changes: Any) -> dict[str, Any]:
    base = {"ownerId": PAID, "namespace": "$app:erp", "key": "status", "type": "single_line_text_field", "value": "new"}
    return base | changes


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["Vip"], ["vip", "web"]),
        (["b, a"], ["a", "b", "vip", "web"]),
        (["zulu", "Alpha"], ["Alpha", "vip", "web", "zulu"]),
    ],
)
def test_tags_are_compared_without_case_split_and_sorted(run, vendor, given, expected):
    calls.add_tags(run.client, PAID, given)
    assert order(vendor, PAID)["tags"] == expected


@pytest.mark.parametrize("tags", [["x" * 41], [f"tag {n}" for n in range(249)]])
def test_tags_have_their_limits(run, vendor, tags):
    with pytest.raises(RemoteRefused, match="tag"):
        calls.add_tags(run.client, PAID, tags)
    assert order(vendor, PAID)["tags"] == ["vip", "web"]


def test_tags_of_an_unknown_order_are_refused_in_the_vendors_words(run):
    with pytest.raises(RemoteRefused, match="Order does not exist"):
        calls.add_tags(run.client, "gid://shopify/Order/77", ["x"])


@pytest.mark.parametrize(
    ("changes_", "code"),
    [
        ({"value": ""}, "BLANK"), ({"key": "k"}, "TOO_SHORT"), ({"namespace": "ab"}, "TOO_SHORT"),
        ({"type": "colour"}, "INVALID_TYPE"), ({"type": "number_integer"}, "INVALID_VALUE"),
        ({"ownerId": "gid://shopify/Order/77"}, "INVALID_VALUE"), ({"type": None}, "BLANK"),
    ],
)  # fmt: skip
def test_a_metafield_that_does_not_fit_is_refused_with_its_code(run, changes_, code):
    with pytest.raises(RemoteRefused) as caught:
        calls.set_metafields(run.client, [entry(), entry(**{"key": "other", **changes_})])
    assert caught.value.codes == {code}
    assert calls.read_state(run.client, PAID)["metafields"]["nodes"] == []  # all or none


def test_more_than_25_metafields_at_once_are_refused(run):
    with pytest.raises(RemoteRefused) as caught:
        calls.set_metafields(run.client, [entry(key=f"key_{n}") for n in range(26)])
    assert caught.value.codes == {"LESS_THAN_OR_EQUAL_TO"}


def test_a_metafield_somebody_else_wrote_meanwhile_is_not_overwritten(run):
    calls.set_metafields(run.client, [entry(value="first", compareDigest=None)])
    with pytest.raises(RemoteUnavailable) as caught:
        calls.set_metafields(run.client, [entry(value="second", compareDigest=None)])
    assert caught.value.code == "stale"
    (there,) = calls.read_state(run.client, PAID)["metafields"]["nodes"]
    calls.set_metafields(run.client, [entry(value="second", compareDigest=there["compareDigest"])])


def test_one_documents_id_is_refused_on_two_orders(run):
    calls.define_order_id(run.client, "$app:erp", "order_id")
    first = entry(key="order_id", type="id", value="SO-1")
    calls.set_metafields(run.client, [first])
    with pytest.raises(RemoteRefused) as caught:
        calls.set_metafields(run.client, [{**first, "ownerId": PENDING}])
    assert caught.value.codes == {"TAKEN"}


def test_the_index_sees_a_change_only_later(run, vendor):
    vendor.control("clock", index_lag_s=30)
    calls.add_tags(run.client, PAID, ["fresh"])
    query = "query Q($q: String) { orders(first: 5, query: $q, sortKey: ID) { nodes { name } } }"

    def listed() -> list[str]:
        headers = {"X-Shopify-Access-Token": vendor.app.shops[OUTLET].access_token}
        url = f"{vendor.url}/{OUTLET}/admin/api/2026-10/graphql.json"
        answer = requests.post(url, json={"query": query, "variables": {"q": "tag:fresh"}}, headers=headers, timeout=5)
        return [node["name"] for node in answer.json()["data"]["orders"]["nodes"]]

    assert listed() == [] and calls.read_state(run.client, PAID)["tags"] == ["fresh", "vip", "web"]
    vendor.control("clock", advance=31)
    assert listed() == ["#EX-2041"]
