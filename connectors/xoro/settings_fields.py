"""Short forms of the fields the settings of Xoro are made of.

Names of stores, accounts, terms, carriers and SKUs are typed exactly as they are spelled in Xoro: no public route lists
them (``names`` says of what kind a name is). What the vendor's public pages do not say is marked ``assumed``, with the
sentence a person can confirm with the tenant.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms

from connectors.schema import setting

GENERAL, ACCOUNTS, WAREHOUSING, FILTERS = (
    f"Orders: {name}" for name in ("General", "Accounts", "Warehousing", "Filters")
)
FULFILLMENTS = "Fulfillments"
PRODUCTS, INVENTORY = "Products & Inventory: Products", "Products & Inventory: Inventory"
GIFT_CARDS, PAYOUTS, IMPORT, NOTIFICATIONS = "Gift cards", "Payouts", "Import", "Notifications"
CONNECTION = "Connection"


class ListField(forms.CharField):
    """Several texts, typed with commas between them."""

    def to_python(self, value: Any) -> Any:
        parts: Iterable[Any] = value if isinstance(value, (list, tuple)) else str(value or "").split(",")
        return [text for part in parts if (text := str(part).strip())]

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, (list, tuple)) else value


def text(
    label: str, help_text: str, group: str, *, required: bool = False, initial: str = "", secret: bool = False,
    **more: Any,
) -> Any:  # fmt: skip
    field = forms.CharField(label=label, help_text=help_text, required=required, initial=initial, max_length=200)
    return setting(field, group=group, secret=secret, **more)


def switch(label: str, help_text: str, group: str, *, initial: bool, **more: Any) -> Any:
    field = forms.BooleanField(label=label, help_text=help_text, required=False, initial=initial)
    return setting(field, group=group, **more)


def table(label: str, help_text: str, group: str, **more: Any) -> Any:
    return setting(forms.JSONField(label=label, help_text=help_text, required=False), group=group, **more)


def whole(label: str, help_text: str, group: str, *, initial: int | None, least: int, most: int, **more: Any) -> Any:
    field = forms.IntegerField(
        label=label, help_text=help_text, initial=initial, min_value=least, max_value=most, required=initial is not None
    )
    return setting(field, group=group, **more)


def choice(
    label: str, help_text: str, group: str, choices: Sequence[tuple[str, str]], *, initial: str, **more: Any
) -> Any:
    field = forms.ChoiceField(
        label=label, help_text=help_text, choices=list(choices), initial=initial, required=bool(initial)
    )
    return setting(field, group=group, **more)


def several(
    label: str, help_text: str, group: str, choices: Sequence[tuple[str, str]], *, initial: Sequence[str], **more: Any
) -> Any:
    field = forms.MultipleChoiceField(
        label=label, help_text=help_text, choices=list(choices), initial=list(initial), required=False
    )
    return setting(field, group=group, **more)


def listed(
    label: str, help_text: str, group: str, *, initial: Sequence[str] = (), required: bool = False, **more: Any
) -> Any:
    field = ListField(label=label, help_text=help_text, required=required, initial=list(initial))
    return setting(field, group=group, **more)


def day(label: str, help_text: str, group: str, **more: Any) -> Any:
    return setting(forms.DateField(label=label, help_text=help_text, required=False), group=group, **more)


def as_choices(values: Iterable[str]) -> list[tuple[str, str]]:
    """Values in the shop's words, shown as words for people."""
    return [(one, one.replace("_", " ").capitalize()) for one in values]


def rows_problem(rows: Any, *, columns: Sequence[str], required: Sequence[str]) -> str:
    """What is wrong with a table of rows, or nothing. Each row has the required columns filled, and no other than the
    declared ones."""
    if not rows:
        return ""
    if not isinstance(rows, tuple) or not all(isinstance(row, dict) for row in rows):
        return "Not of the form shown in the help."
    for number, row in enumerate(rows, 1):
        if missing := [name for name in required if not row.get(name)]:
            return f"Row {number} has no {missing[0].replace('_', ' ')}."
        if strange := sorted(set(row) - set(columns)):
            return f"Row {number} has an unknown column “{strange[0]}”; there are {', '.join(columns)}."
        if any(not isinstance(value, str) for value in row.values()):
            return f"Row {number}: every value is a text."
    return ""
