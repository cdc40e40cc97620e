"""The part of the connector's page about getting in: the way, the token's end, points, version, plan, scopes by feature.

Drawn from what the hub keeps, so that it asks nobody. Not for judging: that is the connection test (``checks.py``).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from connectors import budgets
from connectors.base import Cell, Panel, Table
from connectors.crypto import UndecryptableSecret
from connectors.shopify import oauth, scopes, shop, tokens
from connectors.shopify.settings import INSTALL, TOKEN, WAY_LABELS

if TYPE_CHECKING:
    from connectors.run import Run
    from connectors.vault import Grant

Row = tuple[str, str | Cell]
UNKNOWN = Cell(text="Not known yet: press Test connection.")


def tables(run: Run) -> list[Table]:
    """How the hub gets in, and which feature may do what."""
    seen = shop.seen(run.connector.pk)
    return [
        Table(columns=("Part", "State"), rows=[*_way(run), *_shop(run, seen)]),
        _scopes(run, set(seen.get("scopes", ())) if seen else None),
    ]


def _way(run: Run) -> list[Row]:
    settings = run.settings
    rows: list[Row] = [("Way in", WAY_LABELS[settings.way])]
    if settings.way == TOKEN:
        return [*rows, ("Token", "Permanent; it ends when the app is removed from the shop.")]
    try:
        grant = tokens.Vault(run.connector).read()
    except UndecryptableSecret as error:
        return [*rows, ("Token", Cell(text=str(error), tone="bad"))]
    rows.append(("Token", _token(grant, settings.way)))
    if settings.way == INSTALL:
        ends_at = float(grant.values.get("refresh_expires_at") or 0) if grant is not None else 0.0
        if ends_at:
            at = datetime.fromtimestamp(ends_at, UTC)
            rows.append(("Renewal, where the hub is not used", Cell(text="Ends", at=at)))
        rows += [
            ("Installation", Cell(text="Install in the shop", href=oauth.start_url(run.connector))),
            ("Redirection URL to enter in the Dev Dashboard", "…/" + oauth.RETURN + ", see Webhook address"),
        ]
    return rows


def _token(grant: Grant | None, way: str) -> Cell:
    if grant is None or not grant.values.get("access_token"):
        if way == INSTALL:
            return Cell(text="None: the app is not installed in the shop from here yet.", tone="bad")
        return Cell(text="None yet: the first call fetches one.")
    if grant.was_interrupted:
        return Cell(text="A renewal was interrupted; the next call tries it once more.", tone="warn")
    if not grant.expires_at:
        return Cell(text="Granted, without an end", tone="good")
    return Cell(text="Renewed by itself; ends", tone="good", at=datetime.fromtimestamp(grant.expires_at, UTC))


def _shop(run: Run, seen: dict[str, Any]) -> list[Row]:
    points = budgets.points_of(run.connector.pk)
    asked, served = run.settings.api_version, str(seen.get("version") or "")
    rows: list[Row] = [
        ("Shop", f"{seen['name']} ({seen['domain']}), currency {seen['currency']}" if seen else UNKNOWN),
        ("Plan", str(seen.get("plan") or "not told") if seen else UNKNOWN),
        (
            "API version",
            Cell(text=f"{served} answers instead of {asked}", tone="warn") if served not in ("", asked) else asked,
        ),
        (
            "Points for calls",
            f"{points.left:,.0f} of {points.capacity:,.0f}, {points.per_second:,.0f} come back each second"
            if points
            else "Not known before the first call.",
        ),
    ]
    if seen:
        rows.append(("Seen", Cell(text="", at=seen["seen_at"])))
    return rows


def _scopes(run: Run, granted: set[str] | None) -> Table:
    in_use = scopes.used_by(run.connector, run.settings)
    held = scopes.held_by(granted or ())
    rows = []
    for feature in scopes.FEATURES:
        lacks = scopes.missing(feature, held)
        if granted is None:
            state = UNKNOWN
        elif not lacks:
            state = Cell(text="granted", tone="good")
        else:
            state = Cell(text=f"missing: {', '.join(lacks)}", tone="bad" if feature in in_use else "")
        names = ", ".join(" or ".join(need) for need in feature.needs)
        rows.append((feature.label, "in use" if feature in in_use else "not in use", names, state))
    return Table(
        title="Scopes by feature",
        columns=("Feature", "Here", "Scopes it needs", "In the shop"),
        rows=rows,
    )


PANELS = (
    Panel(
        name="access",
        label="Access",
        function=tables,
        help="How the hub gets into the shop, and what the app may do there. A missing scope blocks its feature only: "
        "add it to the app in Shopify and have the shop's owner agree, or install once more from here.",
    ),
)
