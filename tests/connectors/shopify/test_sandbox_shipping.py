"""The sandbox ships, holds and moves as the vendor does: states, texts and codes of the reference, stock that follows."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.shopify.replies import UserErrors
from connectors.shopify.sandbox import shipping_news
from connectors.shopify.sandbox.shops import OUTLET


@pytest.fixture
def shop(vendor) -> Any:
    return vendor.app.shops[OUTLET]


@pytest.fixture
def client(make_client) -> Any:
    return make_client()


def stock(shop, sku, **levels):
    """Set how much of a SKU is available, by the name of the location."""
    item = shop.variant(sku)["inventoryItem"]
    for one in shop.table("Location").values():
        if one["name"] in levels:
            shop.stock[item, one["id"]]["available"] = levels[one["name"]]


def level(shop, sku, place="Kiel"):
    found = next(one["id"] for one in shop.table("Location").values() if one["name"] == place)
    return shop.stock[shop.variant(sku)["inventoryItem"], found]


def read(client, placed):
    return client.execute("HubFulfillmentOrders", {"orderId": placed["id"]})["order"]


def ship(client, *entries, **more):
    rows = [{"fulfillmentOrderId": one["id"], "fulfillmentOrderLineItems": lines} for one, lines in entries]
    return client.change("HubShip", {"fulfillment": {"lineItemsByFulfillmentOrder": rows, **more}})["fulfillment"]


def lines(one, quantity=None):
    return [{"id": row["id"], "quantity": quantity or row["remainingQuantity"]} for row in one["lineItems"]["nodes"]]


def texts(caught):
    return [(one["field"], one["message"]) for one in caught.value.errors]


def test_an_order_is_routed_to_one_place_that_has_it_all(vendor, client, shop):
    stock(shop, "MUG-BLU-350", Kiel=1, Hamburg=5)
    order = read(client, vendor.control("order", lines=[{"sku": "MUG-BLU-350", "quantity": 3}, {"sku": "TONER-77K"}]))
    (one,) = order["fulfillmentOrders"]["nodes"]
    assert one["assignedLocation"]["name"] == "Hamburg" and one["status"] == "OPEN"
    assert [row["totalQuantity"] for row in one["lineItems"]["nodes"]] == [3, 1]
    assert level(shop, "MUG-BLU-350", "Hamburg") | {"available": 2, "committed": 3} == level(
        shop, "MUG-BLU-350", "Hamburg"
    )


def test_an_order_no_place_has_whole_is_split_and_the_rest_waits_at_the_first(vendor, client, shop):
    stock(shop, "MUG-BLU-350", Kiel=2, Hamburg=1)
    order = read(client, vendor.control("order", lines=[{"sku": "MUG-BLU-350", "quantity": 5}]))
    found = {
        one["assignedLocation"]["name"]: one["lineItems"]["nodes"][0]["totalQuantity"]
        for one in order["fulfillmentOrders"]["nodes"]
    }
    assert found == {"Kiel": 4, "Hamburg": 1}


def test_shipping_by_parts_closes_the_fulfillment_order_and_takes_the_stock(vendor, client, shop):
    placed = vendor.control("order", lines=[{"sku": "MUG-RED-350", "quantity": 2}])
    before = dict(level(shop, "MUG-RED-350"))
    (one,) = read(client, placed)["fulfillmentOrders"]["nodes"]
    made = ship(client, (one, lines(one, 1)), trackingInfo={"company": "UPS", "number": "1Z1"})
    assert made["name"].endswith("-F1") and made["trackingInfo"][0]["url"].endswith("1Z1")
    order = read(client, placed)
    assert order["fulfillmentOrders"]["nodes"][0]["status"] == "IN_PROGRESS"
    assert shop.orders[placed["id"]]["displayFulfillmentStatus"] == "PARTIALLY_FULFILLED"
    ship(client, (one, lines(one, 1)))
    assert read(client, placed)["fulfillmentOrders"]["nodes"][0]["status"] == "CLOSED"
    assert shop.orders[placed["id"]]["displayFulfillmentStatus"] == "FULFILLED"
    assert shop.orders[placed["id"]]["lineItems"][0]["unfulfilledQuantity"] == 0
    after = level(shop, "MUG-RED-350")
    assert (after["available"], after["committed"]) == (before["available"], before["committed"] - 2)


def test_the_refusals_of_shipping_have_the_recorded_texts(vendor, client, shop):
    placed = vendor.control("order", lines=[{"sku": "MUG-RED-350", "quantity": 2}])
    (one,) = read(client, placed)["fulfillmentOrders"]["nodes"]
    other = read(client, vendor.control("order"))["fulfillmentOrders"]["nodes"][0]
    with pytest.raises(UserErrors) as caught:
        ship(client, (one, lines(one, 3)))
    assert texts(caught) == [(["fulfillment"], "Invalid fulfillment order line item quantity requested.")]
    with pytest.raises(UserErrors) as caught:
        ship(client, (one, [{"id": lines(one)[0]["id"], "quantity": 0}]))
    assert texts(caught)[0][0][-1] == "quantity" and texts(caught)[0][1] == "Quantity must be greater than 0"
    with pytest.raises(UserErrors) as caught:
        ship(client, (one, lines(one)), (other, lines(other)))
    assert texts(caught)[0][1].startswith("All fulfillment orders must belong to the same order.")
    with pytest.raises(UserErrors) as caught:
        ship(client, ({"id": "gid://shopify/FulfillmentOrder/1"}, lines(one)))
    assert texts(caught) == [(["fulfillment"], "Fulfillment order does not exist.")]
    vendor.control("fulfillment", order=placed["name"], do="hold")
    with pytest.raises(UserErrors) as caught:
        ship(client, (one, lines(one)))
    number = one["id"].rpartition("/")[2]
    assert texts(caught)[0][1] == f"Fulfillment order {number} has an unfulfillable status= on_hold."


def test_two_locations_do_not_go_into_one_shipment(vendor, client, shop):
    stock(shop, "MUG-BLU-350", Kiel=1, Hamburg=1)
    order = read(client, vendor.control("order", lines=[{"sku": "MUG-BLU-350", "quantity": 2}]))
    with pytest.raises(UserErrors, match="assigned to a single location"):
        ship(client, *((one, lines(one)) for one in order["fulfillmentOrders"]["nodes"]))


def test_a_cancelled_shipment_opens_its_fulfillment_order_again(vendor, client, shop):
    placed = vendor.control("order")
    (one,) = read(client, placed)["fulfillmentOrders"]["nodes"]
    made = ship(client, (one, lines(one)))
    client.change("HubShipCancel", {"id": made["id"]})
    order = read(client, placed)
    assert order["fulfillments"][0]["status"] == "CANCELLED"
    assert order["fulfillmentOrders"]["nodes"][0]["status"] == "OPEN"
    assert shop.orders[placed["id"]]["displayFulfillmentStatus"] == "UNFULFILLED"


def hold(client, one, **more):
    return client.change("HubHold", {"id": one["id"], "hold": {"reason": "OTHER", **more}})


def test_holds_have_handles_of_their_own_and_an_end(vendor, client):
    placed = vendor.control("order")
    (one,) = read(client, placed)["fulfillmentOrders"]["nodes"]
    held = hold(client, one, handle="a")
    with pytest.raises(UserErrors) as caught:
        hold(client, one, handle="a")
    assert caught.value.codes == {"DUPLICATE_FULFILLMENT_HOLD_HANDLE"}
    vendor.control("fulfillment", order=placed["name"], do="hold", handle="a")  # of another app
    for number in range(9):
        hold(client, one, handle=f"n{number}")
    with pytest.raises(UserErrors) as caught:
        hold(client, one, handle="one too many")
    assert caught.value.codes == {"FULFILLMENT_ORDER_HOLD_LIMIT_REACHED"}
    client.change("HubRelease", {"id": one["id"], "holdIds": [held["fulfillmentHold"]["id"]]})
    rows = read(client, placed)["fulfillmentOrders"]["nodes"][0]["fulfillmentHolds"]
    foreign = next(row["id"] for row in rows if not row["heldByRequestingApp"])
    assert len(rows) == 10 and held["fulfillmentHold"]["id"] not in {row["id"] for row in rows}
    with pytest.raises(UserErrors) as caught:
        client.change("HubRelease", {"id": one["id"], "holdIds": [foreign]})
    assert caught.value.codes == {"INVALID_ACCESS"}


def test_a_hold_of_a_part_splits_the_fulfillment_order(vendor, client):
    placed = vendor.control("order", lines=[{"sku": "MUG-RED-350", "quantity": 3}])
    (one,) = read(client, placed)["fulfillmentOrders"]["nodes"]
    held = hold(client, one, handle="a", fulfillmentOrderLineItems=lines(one, 1))
    assert held["fulfillmentOrder"]["status"] == "ON_HOLD" and held["remainingFulfillmentOrder"]["status"] == "OPEN"
    rows = read(client, placed)["fulfillmentOrders"]["nodes"]
    assert sorted(row["lineItems"]["nodes"][0]["remainingQuantity"] for row in rows) == [1, 2]
    with pytest.raises(UserErrors) as caught:
        hold(client, one, handle="b", fulfillmentOrderLineItems=lines(one, 1))
    assert caught.value.codes == {"FULFILLMENT_ORDER_NOT_SPLITTABLE"}


def place_id(shop, name):
    return next(one["id"] for one in shop.table("Location").values() if one["name"] == name)


def test_a_move_of_a_part_gets_a_new_id_and_takes_the_promise_along(vendor, client, shop):
    placed = vendor.control("order", lines=[{"sku": "MUG-RED-350", "quantity": 3}])
    (one,) = read(client, placed)["fulfillmentOrders"]["nodes"]
    before = level(shop, "MUG-RED-350", "Hamburg")["committed"]
    moved = client.change("HubMove", {"id": one["id"], "to": place_id(shop, "Hamburg"), "lines": lines(one, 1)})
    assert moved["movedFulfillmentOrder"]["id"] != one["id"]
    assert level(shop, "MUG-RED-350", "Hamburg")["committed"] == before + 1


def test_a_move_after_reported_progress_or_to_a_place_without_the_item_is_refused(vendor, client, shop):
    placed = vendor.control("order")
    (one,) = read(client, placed)["fulfillmentOrders"]["nodes"]
    bare = vendor.control("location", name="Bare")["id"]
    with pytest.raises(UserErrors, match="stocked"):
        client.change("HubMove", {"id": one["id"], "to": bare})
    client.change("HubProgress", {"id": one["id"], "report": {"reasonNotes": "picking"}})
    with pytest.raises(UserErrors) as caught:
        client.change("HubMove", {"id": one["id"], "to": place_id(shop, "Hamburg")})
    assert caught.value.codes == {"CANNOT_MOVE_FULFILLMENT_ORDER_WITH_REPORTED_PROGRESS"}
    client.change("HubReopen", {"id": one["id"]})
    client.change("HubMove", {"id": one["id"], "to": place_id(shop, "Hamburg")})


def test_scopes_decide_which_fulfillment_orders_are_seen(vendor, client, shop):
    placed = vendor.control("order")
    shop.table("Location")[place_id(shop, "Kiel")]["isFulfillmentService"] = True
    assert read(client, placed)["fulfillmentOrders"]["nodes"] == []
    shop.scopes.append("read_third_party_fulfillment_orders")
    assert len(read(client, placed)["fulfillmentOrders"]["nodes"]) == 1


def test_an_edit_takes_units_from_the_fulfillment_order_and_a_cancellation_all(vendor, client, shop):
    placed = vendor.control("order", lines=[{"sku": "MUG-RED-350", "quantity": 3}])
    before = dict(level(shop, "MUG-RED-350"))
    vendor.control("order", change=placed["name"], remove={"MUG-RED-350": 1})
    (one,) = read(client, placed)["fulfillmentOrders"]["nodes"]
    assert one["lineItems"]["nodes"][0]["remainingQuantity"] == 2
    vendor.control("order", change=placed["name"], cancel=True)
    assert read(client, placed)["fulfillmentOrders"]["nodes"][0]["status"] == "CANCELLED"
    assert level(shop, "MUG-RED-350")["available"] == before["available"] + 3


def test_what_happens_is_told_in_the_vendors_forms(vendor, client, shop, monkeypatch):
    told = []
    monkeypatch.setattr(shipping_news, "emit", lambda sandbox, shop, topic, body, **more: told.append((topic, body)))
    placed = vendor.control("order", lines=[{"sku": "MUG-RED-350", "quantity": 3}])
    (one,) = read(client, placed)["fulfillmentOrders"]["nodes"]
    hold(client, one, handle="a", fulfillmentOrderLineItems=lines(one, 1))
    client.change("HubRelease", {"id": one["id"]})
    client.change("HubMove", {"id": one["id"], "to": place_id(shop, "Hamburg")})
    rest = next(row for row in read(client, placed)["fulfillmentOrders"]["nodes"] if row["id"] != one["id"])
    ship(client, (rest, lines(rest)), trackingInfo={"company": "UPS", "number": "1Z1"})
    assert [topic for topic, _ in told] == [
        "fulfillment_orders/order_routing_complete",
        "fulfillment_holds/added", "fulfillment_orders/placed_on_hold",
        "fulfillment_holds/released", "fulfillment_orders/hold_released",
        "fulfillment_orders/moved",
        "fulfillments/create", "orders/updated", "orders/partially_fulfilled",
    ]  # fmt: skip
    bodies = dict(told)
    assert bodies["fulfillment_orders/order_routing_complete"] == {
        "fulfillment_order": {"id": one["id"], "status": "open"}
    }
    held = bodies["fulfillment_orders/placed_on_hold"]
    assert held["fulfillment_order"]["status"] == "on_hold" and held["created_fulfillment_hold"]["reason"] == "other"
    assert held["remaining_fulfillment_order"]["id"] == rest["id"]
    moved = bodies["fulfillment_orders/moved"]
    assert moved["destination_location_id"] == place_id(shop, "Hamburg")
    made = bodies["fulfillments/create"]
    assert (made["status"], made["tracking_numbers"], made["order_id"]) == (
        "success", ["1Z1"], int(placed["legacyResourceId"])
    )  # fmt: skip
