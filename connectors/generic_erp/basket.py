"""The basket a storefront sends, checked line by line; an error names the very member: ``lines[0].line_amount``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from connectors.generic_erp.bodies import ShippingItem, TaxLine
from connectors.generic_erp.values import DECIMAL_TEXT, described

LINE_LIMIT = 500
SKU_LIMIT = 100  # characters
UOM_LIMIT = 20
WHOLE_DIGITS, FRACTION_DIGITS = 12, 6

Check = Callable[[Any], Any]


class LinesField(forms.JSONField):
    """A list of lines, each an object with the members of ``members``; those of ``required`` must be there.

    ``clean`` returns plain objects, amounts as ``Decimal``; its errors carry the path of each wrong member as
    ``params["field"]``, which ``BasketForm`` puts where a caller looks for it.
    """

    def __init__(self, *, members: Mapping[str, Check], required_members: tuple[str, ...], **more: Any) -> None:
        self.members, self.required_members = members, required_members
        super().__init__(**more)

    def clean(self, value: Any) -> list[dict[str, Any]]:
        given = super().clean(value)
        if not isinstance(given, list):
            raise ValidationError("Give a list of lines.", code="type")
        if len(given) > LINE_LIMIT:
            raise ValidationError(f"At most {LINE_LIMIT} lines.", code="too_many")
        errors: list[ValidationError] = []
        lines = [self._line(one, f"lines[{index}]", errors) for index, one in enumerate(given)]
        if errors:
            raise ValidationError(errors)
        return lines

    def _line(self, given: Any, path: str, errors: list[ValidationError]) -> dict[str, Any]:
        if not isinstance(given, dict):
            errors.append(_at(path, "Give an object.", "type"))
            return {}
        unknown = [name for name in given if name not in self.members]
        errors += [_at(f"{path}.{name}"[:120], "There is no such field.", "unknown") for name in unknown]
        values = {}
        for name, check in self.members.items():
            value = given.get(name)
            if value is None or value == "":
                if name in self.required_members:
                    errors.append(_at(f"{path}.{name}", "This field is required.", "required"))
                continue
            try:
                values[name] = check(value)
            except ValidationError as error:
                errors.append(_at(f"{path}.{name}", error.messages[0], error.code or "invalid"))
        return values


class BasketForm(forms.Form):
    """Puts the errors of nested lines under their own paths, and at most a screenful of them."""

    def _clean_fields(self) -> None:
        super()._clean_fields()  # type: ignore[misc]
        found = self.errors.pop("lines", None)
        nested: dict[str, list[ValidationError]] = {}
        for error in found.as_data() if found is not None else ():
            nested.setdefault((error.params or {}).get("field", "lines"), []).append(error)
        for path in list(nested)[:20]:
            self.errors[path] = self.error_class(nested[path])


def _at(path: str, message: str, code: str) -> ValidationError:
    return ValidationError(message, code=code, params={"field": path})


def text_up_to(limit: int) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError(f"Give a text, not {described(value)}.", code="type")
        text = value.strip()
        if not text:
            raise ValidationError("This field must not be blank.", code="required")
        if len(text) > limit or any(ord(c) < 32 or ord(c) == 127 for c in text):
            raise ValidationError(f"At most {limit} characters, no control characters.", code="invalid")
        return text

    return check


def decimal_of(*, is_positive: bool = False) -> Check:
    """A decimal text such as "41.50", or a number."""

    def check(value: Any) -> Decimal:
        is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
        text = str(value).strip()
        if is_number and "e" in text.lower():
            text = format(Decimal(text), "f") if abs(Decimal(text).adjusted()) <= WHOLE_DIGITS else ""
        if not (is_number or isinstance(value, str)) or not DECIMAL_TEXT.fullmatch(text):
            raise ValidationError("Give a decimal text such as “41.50”.", code="type")
        number = Decimal(text)
        whole, _, fraction = text.lstrip("+-0").partition(".")
        if len(whole) > WHOLE_DIGITS or len(fraction.rstrip("0")) > FRACTION_DIGITS:
            raise ValidationError(
                f"At most {WHOLE_DIGITS} digits before and {FRACTION_DIGITS} after the point.", code="too_long"
            )
        if number < 0 or (is_positive and number == 0):
            raise ValidationError(f"Give {'more than zero' if is_positive else 'zero or more'}.", code="too_small")
        return abs(number)

    return check


TAX_LINES = {"sku": text_up_to(SKU_LIMIT), "line_amount": decimal_of()}
SHIPPING_LINES = {
    "sku": text_up_to(SKU_LIMIT),
    "quantity": decimal_of(is_positive=True),
    "uom": text_up_to(UOM_LIMIT),
    "unit_price": decimal_of(),
    "line_amount": decimal_of(),
}


def tax_line(values: Mapping[str, Any]) -> TaxLine:
    return TaxLine(sku=values["sku"], amount=values["line_amount"])


def shipping_item(values: Mapping[str, Any]) -> ShippingItem:
    return ShippingItem(
        sku=values["sku"],
        quantity=values["quantity"],
        unit_price=values["unit_price"],
        uom=values.get("uom", ""),
        total_price=values.get("line_amount"),
    )
