"""Filters of orders move from the routes that bring orders to Xoro to the connector of the tenant, where they are settings.

Only what the connector does not have itself. Where several routes differ, the strictest counts, so that no order that was
left out is sent all of a sudden: what must be among some values must be among those all routes name, what is left out by
one is left out. Where nothing would pass that (two routes wanted different channels, say), importing orders is switched
off. Each such connector gets a warning that says what to look at. What is moved is taken off the routes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import migrations

FINANCIAL = ["pending", "authorized", "partially_paid", "paid", "partially_refunded", "refunded"]
FULFILLMENT = ["unfulfilled", "partial", "fulfilled"]
# Kept where listed; an empty list keeps everything. With what a route said that said nothing.
KEPT: dict[str, list[str]] = {
    "financial_status": FINANCIAL,
    "fulfillment_status": FULFILLMENT,
    "include_tags": [],
    "source_names": [],
    "locations": [],
}
LEFT_OUT = ("exclude_tags", "gateways_excluded", "risk_excluded")  # left out where listed
MOVED = (*KEPT, *LEFT_OUT, "test_orders", "drop_as")


def strictest(routes: Iterable[dict[str, Any]]) -> tuple[dict[str, Any], list[str], list[str]]:
    """The settings that leave out whatever any of the routes left out; the names of those the routes differ in, and of
    those nothing would pass."""
    rows = list(routes)
    found: dict[str, Any] = {}
    differ: list[str] = []
    blocked: list[str] = []
    for name, default in KEPT.items():
        lists = [_listed(row.get(name, default)) for row in rows]
        found[name] = _common(lists)
        if any(set(one) != set(lists[0]) for one in lists):
            differ.append(name)
        if any(lists) and not found[name]:
            blocked.append(name)
    for name in LEFT_OUT:
        lists = [_listed(row.get(name, [])) for row in rows]
        found[name] = list(dict.fromkeys(value for one in lists for value in one))
        if any(set(one) != set(lists[0]) for one in lists):
            differ.append(name)
    # A tag that is wanted and left out as well: orders with it were left out, and the settings take no such contradiction.
    left_out = {tag.casefold() for tag in found["exclude_tags"]}
    wanted = [tag for tag in found["include_tags"] if tag.casefold() not in left_out]
    if found["include_tags"] and not wanted and "include_tags" not in blocked:
        blocked.append("include_tags")
    found["include_tags"] = wanted
    tests = [bool(row.get("test_orders", False)) for row in rows]
    found["test_orders"] = all(tests)
    if len(set(tests)) > 1:
        differ.append("test_orders")
    found["drop_as"] = str(rows[0].get("drop_as", "orders"))
    return found, differ, blocked


def _common(lists: list[list[str]]) -> list[str]:
    """What every list that says something names."""
    saying = [one for one in lists if one]
    return [value for value in saying[0] if all(value in other for other in saying)] if saying else []


def _listed(value: Any) -> list[str]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return [str(one) for one in value or []]


def move(apps: Any, schema_editor: Any) -> None:
    connectors = apps.get_model("connectors", "Connector")
    for connector in connectors.objects.filter(provider_slug="xoro"):
        routes = list(connector.routes_in.filter(record_kind="order"))
        if not any(set(MOVED) & set(route.options or {}) for route in routes):
            continue
        found, differ, blocked = strictest(route.options or {} for route in routes)
        own = dict(connector.settings or {})
        moved = {name: value for name, value in found.items() if name not in own}
        if blocked := [name for name in blocked if name in moved]:
            moved = {name: value for name, value in moved.items() if name not in blocked} | {"orders_enabled": False}
        connector.settings = {**own, **moved}
        connector.save(update_fields=["settings"])
        for route in routes:
            route.options = {name: value for name, value in (route.options or {}).items() if name not in MOVED}
            route.save(update_fields=["options"])
        _warn(apps, connector, differ, blocked)


def _warn(apps: Any, connector: Any, differ: list[str], blocked: list[str]) -> None:
    if not differ and not blocked:
        return
    sentence = (
        "Filters of orders are settings of the connector now. Its routes differed in "
        f"{_named(differ)}: the strictest of them counts for all of them."
    )
    if blocked:
        sentence += f" No order would pass {_named(blocked)} of all routes, so that importing orders was switched off."
    apps.get_model("connectors", "Notice").objects.update_or_create(
        connector=connector,
        code="order_filters_moved",
        defaults={
            "sentence": sentence,
            "next_step": "Look at “Orders: Filters” on the connector's page"
            + (", then switch “Import orders” on again." if blocked else "."),
        },
    )


def _named(names: list[str]) -> str:
    return ", ".join(f"“{name.replace('_', ' ')}”" for name in names)


class Migration(migrations.Migration):
    dependencies = [("connectors", "0005_confirmation")]

    operations = [migrations.RunPython(move, migrations.RunPython.noop)]
