"""What ships in Xoro is fulfilled in the shop: from the order to the fulfilment, over HTTP, with both sandboxes."""

from __future__ import annotations

from typing import Any

import pytest

from events.models import Event, Outcome
from tests.connectors.xoro.shipping_cast import LAMP, MUG, House

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(sandbox: Any, install: Any) -> House:
    made = House(sandbox, install("shopify", name="Lumen Goods"), install("xoro", name="Xoro"))
    sandbox.post("/shopify/_sandbox/clock", {"index_lag_s": 0})  # the shop lists its new orders at once
    made.routes()
    return made


def texts(*events: Event) -> str:
    return "\n".join(f"{e.topic} {e.outcome} {e.reason} {e.reason_code}: {e.sentence} {e.notes}" for e in events)


def test_an_order_that_ships_is_fulfilled_in_the_shop_with_its_tracking(house: House) -> None:
    placed = house.order((LAMP, 2), (MUG, 1))
    house.ship(placed, tracking="1Z999", carrier="UPS", service="UPS Ground")
    event = house.tell()
    assert event.outcome == Outcome.SUCCEEDED, texts(event, *house.told)
    (told,) = house.of("shipment/deliver")
    assert told.outcome == Outcome.SUCCEEDED, texts(told)
    (made,) = house.made()
    assert "1Z999" in made["body"]
    assert '"notifyCustomer":true' in made["body"].replace(" ", "")
