"""Short forms of the fields the settings of Xoro are made of.

Names of stores, accounts, terms, carriers and SKUs are typed exactly as they are spelled in Xoro: no public route lists
them (``names`` says of what kind a name is). What the vendor's public pages do not say is marked ``assumed``, with the
sentence a person can confirm with the tenant.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms

from connectors.rows import Column, RowsField
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


def column(name: str, label: str, help_text: str = "", *, required: bool = False, names: str = "") -> Column:
    """A column of texts."""
    return Column(name, forms.CharField(label=label, help_text=help_text, required=required, max_length=200), names)


def table(
    label: str, help_text: str, group: str, columns: Sequence[Column], *, unique: Sequence[str] = (),
    is_mapping: bool = False, is_ordered: bool = False, **more: Any,
) -> Any:  # fmt: skip
    """A small table, stored as a list of rows; ``is_mapping``: as one object from the first column to the second."""
    field = RowsField(
        label=label, help_text=help_text, columns=columns, unique=unique, is_mapping=is_mapping, is_ordered=is_ordered
    )
    return setting(field, group=group, **more)


def whole(
    label: str, help_text: str, group: str, *, initial: int | None, least: int, most: int, required: bool = True,
    **more: Any,
) -> Any:  # fmt: skip
    field = forms.IntegerField(
        label=label, help_text=help_text, initial=initial, min_value=least, max_value=most, required=required
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


def is_currency(code: str) -> bool:
    """Whether a text looks like a currency's code; which exist is Xoro's business."""
    return len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()


def as_choices(values: Iterable[str]) -> list[tuple[str, str]]:
    """Values in the shop's words, shown as words for people."""
    return [(one, one.replace("_", " ").capitalize()) for one in values]
