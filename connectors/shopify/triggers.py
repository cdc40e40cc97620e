"""What a delivery is a trigger for: is it from our shop, and which object does it name.

Not for reading the object: a delivery is never the truth.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from connectors.exceptions import ConfigurationError, PayloadError
from connectors.shopify import webhooks

if TYPE_CHECKING:
    from connectors.run import Run


def check_shop(run: Run) -> None:
    """An app's secret is the same in every shop that has the app: the signature does not tell shops apart. Raises
    ``ConfigurationError`` for a delivery of another shop."""
    named = run.headers.get(webhooks.SHOP, "")
    if named and named.lower() != run.settings.shop_domain.lower():
        raise ConfigurationError(
            f"This delivery comes from the shop {named}, but the connector is for {run.settings.shop_domain}.",
            next_step=f"Remove this connector's address from the webhooks of {named}, then mark the event resolved.",
            code="wrong_shop",
        )


def named_gid(run: Run, kind: str, member: str = "") -> str:
    """The global id of the object a delivery is about: of ``member``, of ``admin_graphql_api_id``, or by its number.

    Of a delivery too large to keep only the beginning is there; the id stands in it. Raises ``PayloadError``."""
    gid = re.compile(rf"gid://shopify/{kind}/\d+")
    try:
        payload = run.payload
    except PayloadError:
        found = re.search(rb'"admin_graphql_api_id"\s*:\s*"([^"]+)"', run.body)
        text = found[1].decode("ascii", "replace").replace("\\/", "/") if found else ""
        if gid.fullmatch(text):
            return text
        raise
    given = payload if isinstance(payload, Mapping) else {}
    for name in (member, "admin_graphql_api_id", "id"):
        value = given.get(name) if name else None
        if isinstance(value, str) and gid.fullmatch(value):
            return value
        if isinstance(value, int | str) and not isinstance(value, bool) and re.fullmatch(r"[0-9]+", str(value)):
            return f"gid://shopify/{kind}/{value}"
    raise PayloadError(f"The delivery does not say which {kind.lower()} it is about.", path=member or "id")
