"""Which orders are left out. Each rule is a setting (``settings_filters.py``); the first that applies names itself."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.exceptions import Skip
from connectors.records import Order
from connectors.xoro.settings_filters import FilterSettings

MEANS_PAID = ("sale", "capture", "authorization")


def check_filters(order: Order, rules: FilterSettings) -> None:
    """Raises ``Skip`` with reason ``filtered``, the rule's name as code, and the value it met."""
    for rule, why in _hits(order, rules):
        raise Skip(f"Order {order.name} was not sent to Xoro: {why} (rule {rule}).", reason="filtered", code=rule)


def _hits(order: Order, rules: FilterSettings) -> Iterator[tuple[str, str]]:
    if order.is_test and not rules.test_orders:
        yield "test_orders", "it is a test order"
    if order.cancelled_at:
        yield "cancelled", f"it was cancelled at {order.cancelled_at:%Y-%m-%d %H:%M} UTC before it was sent"
    elif not order.total and not any(line.quantity for line in order.lines):
        yield "nothing_left", "nothing is left of it: every line was refunded or taken off before it was sent"
    if order.financial_status and rules.financial_status and order.financial_status not in rules.financial_status:
        yield "financial_status", f"its financial status is “{order.financial_status}”"
    fulfillment = order.fulfillment_status or "unfulfilled"
    if rules.fulfillment_status and fulfillment not in rules.fulfillment_status:
        yield "fulfillment_status", f"its fulfillment status is “{fulfillment}”"
    tags = {tag.casefold(): tag for tag in order.tags}
    if rules.include_tags and not any(tag.casefold() in tags for tag in rules.include_tags):
        yield "include_tags", f"it has none of the tags {_listed(rules.include_tags)}"
    for tag in rules.exclude_tags:
        if tag.casefold() in tags:
            yield "exclude_tags", f"it has the tag “{tag}”"
    if rules.source_names and order.source_name not in rules.source_names:
        yield "source_names", f"it came through the channel “{order.source_name}”"
    paid_through = {p.gateway for p in order.payments if p.kind in MEANS_PAID and p.status == "success"}
    if paid_through and paid_through <= set(rules.gateways_excluded):
        yield "gateways_excluded", f"it was paid only through {_listed(sorted(paid_through))}"
    if rules.locations and order.location_id not in rules.locations:
        yield "locations", f"it belongs to the location “{order.location_id}”"
    if order.risk in rules.risk_excluded:
        yield "risk_excluded", f"its risk is “{order.risk}”"


def _listed(values: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"“{value}”" for value in values)
