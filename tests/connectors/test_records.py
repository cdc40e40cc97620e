"""Records: what their fingerprint tells apart."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from connectors.records import Order, OrderLine
from tests.connectors.xoro.cast import make_line, make_order


@dataclass(frozen=True, kw_only=True)
class LaterLine(OrderLine):
    serial: str = ""


@dataclass(frozen=True, kw_only=True)
class LaterOrder(Order):
    """An order of a later version of the hub."""

    lines: tuple[LaterLine, ...] = ()
    channel: str = ""
    weight_g: int = 0


def later(order: Order) -> LaterOrder:
    lines = tuple(LaterLine(**vars(line)) for line in order.lines)
    return LaterOrder(**(vars(order) | {"lines": lines}))


def test_a_member_that_a_later_version_adds_changes_nothing_of_what_was_delivered():
    order = make_order()
    assert later(order).fingerprint() == order.fingerprint()
    assert replace(later(order), channel="pos").fingerprint() != order.fingerprint()


@pytest.mark.parametrize(
    "change",
    [{"note": ""}, {"note": "another"}, {"lines": ()}, {"lines": (make_line(sku=""),)}, {"customer": None},
     {"tags": ()}, {"is_tax_exempt": True}],
)  # fmt: skip
def test_what_says_something_else_has_another_fingerprint(change):
    assert make_order(**change).fingerprint() != make_order().fingerprint()


def test_neither_the_raw_form_nor_the_time_of_change_counts():
    order = make_order()
    assert replace(order, raw={"a": 1}, updated_at=order.created_at).fingerprint() == order.fingerprint()
