"""Workers die over products, in both directions: each product is made once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors import syncing
from connectors.models import Connector, Link, Route
from connectors.run import Run
from events.models import Event
from tests.connectors.xoro.credit_cast import Books
from tests.connectors.xoro.test_products import product
from tests.killing.crash import Crash, said, told

pytestmark = pytest.mark.django_db(transaction=True)

GRAPHQL, CREATE = "graphql.json", "product/create"


@pytest.fixture
def tenant(install: Any, sandbox: Any) -> Connector:
    """A tenant whose products go to a shop."""
    sandbox.post("/shopify/_sandbox/clock", {"index_lag_s": 0})
    made: Connector = install("xoro", name="Xoro", product_direction="xoro_to_shopify")
    Route.objects.create(source=made, target=install("shopify", name="Lumen"), record_kind="product", options={})
    return made


def in_shop() -> int:
    """How many products the shop has."""
    client = Run(Connector.objects.get(provider_slug="shopify"), None).client
    return int(client.execute("HubProductsCount", {"filter": ""})["productsCount"]["count"])


def deliveries() -> list[Event]:
    return list(Event.objects.filter(topic="product/deliver").order_by("id"))


def bring(tenant: Connector, number: str) -> None:
    syncing.start_single(tenant, "product", number, by="ada")


def test_a_product_of_xoro_is_made_once_in_the_shop(tenant: Connector, crash: Crash, moment: str) -> None:
    before = in_shop()
    bring(tenant, "DESK")
    crash.at(GRAPHQL, moment, says="productSet")
    crash.recover()
    crash.later()
    [one] = deliveries()
    assert told(one.pk) == ("succeeded", ""), said(one.pk)
    assert crash.posts(GRAPHQL, says="productSet", prefix="shopify") == 1 and in_shop() == before + 1
    assert Link.objects.get(record_kind="product").target_number == "desk"


def test_a_newer_version_of_a_product_whose_worker_died_changes_the_one_there_is(
    tenant: Connector, crash: Crash, moment: str, sandbox: Any
) -> None:
    before = in_shop()
    bring(tenant, "DESK")
    crash.at(GRAPHQL, moment, says="productSet")
    sandbox.post("/xoro/_sandbox/clock", {"advance_s": 60})
    sandbox.post("/xoro/_sandbox/product", {"number": "DESK", "members": {"Title": "Standing desk"}, "variants": {}})
    bring(tenant, "DESK")
    crash.recover()
    crash.later()
    assert crash.posts(GRAPHQL, says="productSet", prefix="shopify") == 1 and in_shop() == before + 1
    assert crash.posts(GRAPHQL, says="Standing desk", prefix="shopify") == 1
    assert all(told(one.pk)[0] in ("succeeded", "skipped") for one in deliveries()), [
        said(one.pk) for one in deliveries()
    ]
    assert Link.objects.get(record_kind="product").target_number == "desk"


def test_a_product_that_shopify_makes_in_the_background_is_made_once(
    tenant: Connector, crash: Crash, moment: str, sandbox: Any
) -> None:
    before, shop = in_shop(), Connector.objects.get(provider_slug="shopify")
    shop.settings = {**shop.settings, "product_async_from": 2}
    shop.save()
    bring(tenant, "CHAIR")
    crash.at(GRAPHQL, moment, says="productSet")
    crash.recover()
    for _ in range(3):
        sandbox.post("/shopify/_sandbox/clock", {"advance": 60})
        crash.later()
    [one] = deliveries()
    assert told(one.pk) == ("succeeded", ""), said(one.pk)
    assert in_shop() == before + 1
    assert Link.objects.get(record_kind="product").target_number == "desk-chair"


@pytest.fixture
def back(books: Books) -> Books:
    books.set(product_direction="shopify_to_xoro")
    return books


def test_a_product_of_the_shop_is_made_once_in_xoro(back: Books, crash: Crash, moment: str) -> None:
    given = back.give(product(), is_supersedable=True)
    crash.at(CREATE, moment)
    crash.recover()
    assert told(given) == ("succeeded", ""), said(given)
    assert crash.posts(CREATE) == 1
    link = Link.objects.get(record_kind="product")
    assert link.target_number and link.sent_hash


def test_a_newer_version_of_a_product_changes_the_base_part_that_nobody_knew_of(
    back: Books, crash: Crash, moment: str
) -> None:
    one = product()
    back.give(one, is_supersedable=True)
    crash.at(CREATE, moment)
    dearer = replace(one, variants=tuple(replace(v, price=Decimal("99.00")) for v in one.variants))
    second = back.give(dearer, is_supersedable=True)
    crash.recover()
    assert told(second) == ("succeeded", ""), said(second)
    assert crash.posts(CREATE) == 2
    assert crash.posts(CREATE, says="99") == 1
    assert Link.objects.filter(record_kind="product").count() == 1
    again = back.give(dearer, is_supersedable=True)
    crash.drain()
    assert told(again) == ("skipped", "unchanged")
