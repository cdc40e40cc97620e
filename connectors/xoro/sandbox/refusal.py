"""What the sandbox refuses, and how members of a body are checked before anything is booked.

Codes: 1001 a field missing or wrong, 1002 item, 1003 store, 1004 account, 1005 duplicate reference, 1006 customer,
1007 not enough stock for a wave, 1008 document, 1009 status, 1010 payment terms. Ours: Xoro's own are not public.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from connectors.xoro.sandbox import fields


class Refused(Exception):
    """A business error: ``code`` and the vendor's sentence."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def check_members(given: Any, known: Iterable[str]) -> None:
    """A closed schema: the real system ignores what it does not know, the sandbox finds the misspelling."""
    if not isinstance(given, dict):
        raise Refused(1001, "Required field missing: object expected")
    for name, value in given.items():
        if name not in known:
            raise Refused(1001, f"Unknown field: {name}")
        if value is None:
            continue
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if (
            (name in fields.NUMBERS and not is_number)
            or (name in fields.SWITCHES and not isinstance(value, bool))
            or (name in fields.DATES and not re.fullmatch(r"\d\d/\d\d/\d{4}", str(value)))
        ):
            raise Refused(1001, f"Invalid value: {name}")


def check_mandatory(given: Mapping[str, Any], names: Iterable[str]) -> None:
    for name in names:
        if given.get(name) in (None, ""):
            raise Refused(1001, f"Required field missing: {name}")
