"""What a delivery points at, and which stretch of time a walk covers. Not for reading the object: a delivery is a
trigger only, and the shop is the truth."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from connectors.exceptions import PayloadError

if TYPE_CHECKING:
    from connectors.run import Run

# The index lags behind by seconds and clocks differ: the window of a walk ends a little before now and the next one
# begins well before that end. https://shopify.dev/docs/api/usage/search-syntax names no bound for the lag.
OVERLAP = timedelta(minutes=10)
MARGIN = timedelta(seconds=60)


def gid_of(node: Any, kind: str) -> str:
    """The global id of the object of this kind that a REST-shaped node names; empty where it names none."""
    if not isinstance(node, Mapping):
        return ""
    for given in (node.get("admin_graphql_api_id"), node.get("id")):
        text = str(given) if isinstance(given, str | int) and not isinstance(given, bool) else ""
        if re.fullmatch(rf"gid://shopify/{kind}/\d+", text):
            return text
        if re.fullmatch(r"\d{1,20}", text):
            return f"gid://shopify/{kind}/{text}"
    return ""


def named_gid(run: Run, kind: str) -> str:
    """The object the delivery is about. Of one too large to keep only the beginning is there: the id stands in it.
    Raises ``PayloadError`` where the delivery names none."""
    try:
        found = gid_of(run.payload, kind)
    except PayloadError:
        pattern = rf'"admin_graphql_api_id"\s*:\s*"(gid:\\?/\\?/shopify\\?/{kind}\\?/\d+)"'
        match = re.search(pattern.encode(), run.body)
        if match is None:
            raise
        found = match[1].decode().replace("\\/", "/")
    if not found:
        raise PayloadError(f"The delivery does not say which {kind.lower()} it is about.", path="id")
    return found


def window(until: str | None, first: timedelta, now: datetime | None = None) -> tuple[datetime, datetime]:
    """From a little before the end of the last complete walk, or ``first`` ago, to a little before now. ``now``: by the
    shop's clock, where it is known."""
    end = (now or datetime.now(UTC)) - MARGIN
    return (min(datetime.fromisoformat(until), end) - OVERLAP if until else end - first), end


def pass_on_notes(run: Run) -> None:
    """Tell the event what the client noticed beside its answers."""
    for code, sentence in run.client.notes.items():
        run.note(code, sentence)
