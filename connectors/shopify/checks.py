"""The lines of *Test connection* for a shop. Every one is a read of the shop's name, harmless at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.base import Check
from connectors.exceptions import ConfigurationError
from connectors.shopify import scopes, shop
from connectors.shopify.settings import INSTALL

if TYPE_CHECKING:
    from connectors.run import Run

OLD_ORDERS = "read_all_orders"
SKEW_LIMIT_S = 60


def probe(run: Run) -> object:
    """A harmless call that succeeds as soon as the shop answers again."""
    return shop.look(run)


def reach_shop(run: Run) -> str:
    seen = shop.look(run)["seen"]
    if seen["domain"].lower() != run.settings.shop_domain.lower():
        raise ConfigurationError(
            f"The shop calls itself {seen['domain']}, not {run.settings.shop_domain}.",
            next_step="Enter the permanent name the shop gives, then test again.",
        )
    return f"Connected to {seen['name']} ({seen['domain']}), currency {seen['currency']}."


def granted_scopes(run: Run) -> str:
    """What the features in use lack, with the feature each missing scope blocks."""
    granted = run.client.ping()["scopes"]
    in_use = scopes.used_by(run.connector, run.settings)
    blocked = {feature.label: lacks for feature in in_use if (lacks := scopes.missing(feature, granted))}
    if blocked:
        listed = "; ".join(f"{label} lacks {', '.join(lacks)}" for label, lacks in blocked.items())
        again = " Then press “Install in the shop” once more." if run.settings.way == INSTALL else ""
        raise ConfigurationError(
            f"The app lacks scopes: {listed}.",
            next_step="Add what is missing to the app in Shopify and let the shop's owner agree, then test "
            f"again.{again}",
        )
    unused = [one for feature in in_use for one in feature.useful if one not in scopes.held_by(granted)]
    sentence = f"Every scope is granted that is needed for: {', '.join(one.label.lower() for one in in_use)}."
    if OLD_ORDERS in unused:
        sentence += f" Orders older than 60 days cannot be read ({OLD_ORDERS})."
    return sentence


def served_version(run: Run) -> str:
    run.client.ping()
    asked, served = run.settings.api_version, run.client.served_version
    if served != asked:
        raise ConfigurationError(
            f"Shopify answers with API version {served or 'unknown'} instead of {asked}.",
            next_step="Enter a version Shopify serves on the connector's page, or update the hub.",
        )
    return f"API version {asked} is served."


def clock(run: Run) -> str:
    run.client.ping()
    skew_s = run.client.clock_skew_s
    if skew_s is None:
        return "The shop's answer names no time to compare with."
    if abs(skew_s) > SKEW_LIMIT_S:
        raise ConfigurationError(
            f"This server's clock is {abs(skew_s):.0f} s {'ahead of' if skew_s > 0 else 'behind'} Shopify's.",
            next_step="Set this server's clock by a time service (NTP), then test again.",
        )
    return f"This server's clock and Shopify's agree to {abs(skew_s):.0f} s."


def webhook_secret(run: Run) -> str:
    if not run.settings.signing_secrets:
        raise ConfigurationError(
            "Deliveries cannot be verified: no API secret key is set.",
            next_step="Enter the app's API secret key on the connector's page, then test again.",
        )
    if run.settings.previous_webhook_secret:
        return "Deliveries are verified with the API secret key, and still with the previous one."
    return "Deliveries are verified with the API secret key."


CHECKS = (
    Check(name="shop", label="Shop", function=reach_shop),
    Check(name="scopes", label="Scopes", function=granted_scopes),
    Check(name="api_version", label="API version", function=served_version),
    Check(name="clock", label="Clock", function=clock),
    Check(name="webhook_secret", label="Webhook secret", function=webhook_secret),
)
