"""Answers of the last minute, given again to the very same question."""

from __future__ import annotations

import pytest

from connectors.generic_erp import recent
from events.models import Event

from .asking import ask


@pytest.fixture
def clock(monkeypatch):
    """``clock.now`` moves the time of the kept answers."""

    class Clock:
        now = 1000.0

    one = Clock()
    monkeypatch.setattr(recent.RECENT, "clock", lambda: one.now)
    return one


@pytest.mark.parametrize("path", ["taxes", "shipping-methods"])
def test_a_reload_of_the_checkout_asks_nobody_again(shop, sandbox, clock, path):
    first = ask(shop, path)
    clock.now += 12
    again = ask(shop, path)
    assert again.answer.data == first.answer.data
    assert again.answer.available
    assert (again.event.outcome, again.event.reason_code) == ("succeeded", "cached")
    assert "12 s ago" in again.event.sentence
    assert again.requests == []
    assert again.event.expects_request is False
    assert again.payload["error"] is None
    assert len(sandbox.log("erp")) == 1


def test_after_a_minute_the_erp_is_asked_again(shop, sandbox, clock):
    ask(shop, "taxes")
    clock.now += 59.9
    assert ask(shop, "taxes").event.reason_code == "cached"
    clock.now += 0.1
    assert ask(shop, "taxes").event.reason_code == ""
    assert len(sandbox.log("erp")) == 2


def test_another_basket_customer_connector_or_setting_is_another_question(install, sandbox):
    one, two = install("generic_erp"), install("generic_erp", name="two")
    ask(one, "taxes")
    ask(two, "taxes")
    ask(one, "taxes", "HAR-3304")
    ask(one, "taxes", zip="10001")
    ask(one, "taxes", lines=[{"sku": "A", "line_amount": "1"}])
    one.put_settings({**one.raw_settings(), "store_currency": "EUR"})
    ask(one, "taxes")
    assert not Event.objects.filter(reason_code="cached").exists()
    assert len(sandbox.log("erp")) == 6


def test_a_failure_is_never_kept(shop, sandbox):
    sandbox.post("/erp/_sandbox/fault", {"kind": "status", "status": 500, "match": "/checkout"})
    assert not ask(shop, "taxes").answer.available
    assert ask(shop, "taxes").answer.available


def test_orders_invoices_and_balance_are_always_live(shop, sandbox):
    for path in ("orders", "orders/<id>", "invoices", "invoices/<id>", "balance"):
        ask(shop, path)
        ask(shop, path)
    assert len(sandbox.log("erp")) == 10


def test_an_empty_list_given_again_still_says_that_nothing_ships(shop):
    ask(shop, "shipping-methods", country="JP")
    again = ask(shop, "shipping-methods", country="JP")
    assert (again.event.reason_code, again.answer.message) == ("cached", "no shipping method available")


def test_it_keeps_a_thousand_small_answers_and_no_large_one():
    kept = recent.RecentAnswers()
    kept.keep("large", {"text": "x" * recent.SIZE_LIMIT})
    for number in range(recent.LIMIT + 1):
        kept.keep(str(number), {"n": number})
    assert kept.get("large") is kept.get("0") is None
    assert kept.get("1")[0] == {"n": 1}
    assert len(kept._kept) == recent.LIMIT


def test_what_is_kept_cannot_be_changed_by_who_reads_it():
    kept = recent.RecentAnswers()
    kept.keep("a", {"methods": []})
    kept.get("a")[0]["methods"].append("free")
    assert kept.get("a")[0] == {"methods": []}
