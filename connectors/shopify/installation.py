"""The app in the shop: removed, installed again, allowed more or less. Deliveries that concern the app itself.

https://shopify.dev/docs/apps/build/authentication-authorization (API 2026-10, checked 2026-11-20). Tokens are dead the
moment an app is removed; the data stays until ``shop/redact`` comes, see ``compliance.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from connectors import closing
from connectors.exceptions import PayloadError
from connectors.shopify import webhooks
from connectors.shopify.phrases import short
from connectors.shopify.topics import wanted_by

if TYPE_CHECKING:
    from connectors.run import Run

UNINSTALLED = "uninstalled"  # warning
GONE_AT, BACK_AT = "uninstalled_at", "installed_at"  # checkpoint


def uninstalled(run: Run) -> str:
    """``app/uninstalled``: forget every token, disable the connector. A delivery that is older than a later
    installation closes nothing: deliveries come late and in any order."""
    _check_is_of_shop(run)
    at = _moment(run.headers.get(webhooks.TRIGGERED_AT, "")) or run.the_event.received_at
    since = _moment(str(run.checkpoint.get(BACK_AT, "")))
    if since is not None and at < since:
        return f"The app was installed again at {short(since)} UTC, after this; nothing was closed."
    closing.close(
        run.connector,
        UNINSTALLED,
        f"The app was uninstalled from {run.settings.shop_domain} at {short(at)} UTC. The connector is disabled; what "
        "the hub keeps stays until Shopify asks to erase it (shop/redact, after 48 hours).",
        "To go on, install the app on the shop again; where that was not done from here, enable this connector afterwards.",
    )
    run.save_checkpoint(**{GONE_AT: at.isoformat()})
    return (
        f"The app was uninstalled from {run.settings.shop_domain}: its tokens are forgotten, the connector is disabled."
    )


def _check_is_of_shop(run: Run) -> None:
    """The topic stands in a header, which is not signed: a body signed for another topic must not close a connector."""
    payload = run.payload
    named = payload.get("myshopify_domain") if isinstance(payload, Mapping) else None
    if str(named or "").lower() != run.settings.shop_domain.lower():
        raise PayloadError(
            f"The delivery says that the app was uninstalled, but its body is not about {run.settings.shop_domain}: "
            "nothing was closed.",
            path="myshopify_domain",
            next_step="Test the connection: where it works the app is still there, and the event can be marked resolved.",
        )


def installed_again(run: Run) -> None:
    """The app has access again after it was removed: the connector is enabled, and older news of the removal does not
    count any more. Costs nothing where it was never removed."""
    if run.checkpoint.get(GONE_AT):
        closing.reopen(run.connector, UNINSTALLED)
        run.save_checkpoint(**{GONE_AT: "", BACK_AT: run.now.isoformat()})


def scopes_changed(run: Run) -> str:
    """``app/scopes_update``: say what went, and have the subscriptions checked, which depends on scopes."""
    payload = run.payload
    if not isinstance(payload, Mapping):
        raise PayloadError("The delivery does not say which scopes the app has.", path="current")
    before, now = _scopes(payload, "previous"), _scopes(payload, "current")
    gone, more = sorted(before - now), sorted(now - before)
    held = now | {scope.replace("write_", "read_", 1) for scope in now}
    lacking = [topic.name for topic in wanted_by(run) if topic.scopes and held.isdisjoint(topic.scopes)]
    if gone:
        tail = f" Deliveries of {', '.join(lacking)} end with that." if lacking else ""
        run.warn(
            "scopes_taken",
            f"The shop took scopes from the app: {', '.join(gone)}.{tail}",
            "Test the connection to see which functions they stop, and ask the shop's owner to agree again.",
        )
    elif not lacking:
        run.clear("scopes_taken")
    run.start_sync("webhooks")
    said = [f"{word} {', '.join(names)}" for word, names in (("gained", more), ("lost", gone)) if names]
    return f"The app's scopes changed: {'; '.join(said) or 'nothing the hub can name'}. Its subscriptions are checked."


def _scopes(payload: Mapping[str, object], name: str) -> set[str]:
    given = payload.get(name)
    return {str(one) for one in given} if isinstance(given, list) else set()


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
