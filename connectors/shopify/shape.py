"""Whether an answer has the members and kinds its document promises, checked once where it is read: whoever works with it
afterwards may rely on that. Not for judging values.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.exceptions import PayloadError

Spec = Any  # a type, a dict of members, a list of one spec, ``maybe(spec)``, or ``moment``


class maybe:
    """A member that may be null."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec


class moment:
    """A text that is a time."""


def check(value: Any, spec: Spec, what: str, path: str = "") -> None:
    """Raises ``PayloadError`` naming ``what`` and the first member that is missing or of another kind."""
    if isinstance(spec, maybe):
        if value is not None:
            check(value, spec.spec, what, path)
    elif isinstance(spec, dict):
        if not isinstance(value, Mapping):
            raise _wrong(what, path)
        for name, inner in spec.items():
            if name not in value:
                raise _wrong(what, f"{path}.{name}")
            check(value[name], inner, what, f"{path}.{name}")
    elif isinstance(spec, list):
        if not isinstance(value, list):
            raise _wrong(what, path)
        for place, one in enumerate(value):
            check(one, spec[0], what, f"{path}[{place}]")
    elif not _is_kind(value, spec):
        raise _wrong(what, path)


def _is_kind(value: Any, kind: type) -> bool:
    if kind is moment:
        try:
            return datetime.fromisoformat(value).tzinfo is not None
        except (TypeError, ValueError):
            return False
    if kind is int and isinstance(value, bool):
        return False
    return isinstance(value, kind)


def _wrong(what: str, path: str) -> PayloadError:
    member = path.lstrip(".") or "the answer"
    return PayloadError(
        f"Shopify's answer about {what} does not have the shape its schema promises: {member} is missing or of a wrong "
        "kind.",
        path=member,
        next_step="Look at the answer under Related Requests; press Retry, or report it with this event's number.",
        code="shape",
    )
