"""Settings, Notifications. The vendor's own page exists, but its content is not public; these are ours."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from connectors.xoro.settings_fields import NOTIFICATIONS, choice, listed, several, whole

CAUSES = [
    ("orders", "Order errors"),
    ("fulfillments", "Fulfillment errors"),
    ("products", "Product and inventory errors"),
    ("payouts", "Payout errors"),
    ("connection", "Connection errors"),
]
EACH_RUN, HOURLY, DAILY = "each_run", "hourly", "daily"
MOST_TEXT = 500  # of the receivers of one mail


@dataclass(frozen=True, kw_only=True)
class NotificationSettings:
    notify_recipients: tuple[str, ...] = listed(
        "Recipients", "E-mail addresses with commas between them. Empty: the receiver of the connector.", NOTIFICATIONS
    )
    notify_on: tuple[str, ...] = several(
        "Tell about", "Errors of these kinds.", NOTIFICATIONS, CAUSES, initial=[name for name, _ in CAUSES]
    )
    notify_mode: str = choice(
        "When", "Failures are gathered into one mail: after each run, each hour, or each day at 7:00 of the shop's time.",
        NOTIFICATIONS,
        [(EACH_RUN, "Each run"), (HOURLY, "Hourly digest"), (DAILY, "Daily digest")], initial=HOURLY,
    )  # fmt: skip
    notify_min_errors: int = whole(
        "Errors at least",
        "How many entries with errors it takes until a mail is sent, 1 to 1000.",
        NOTIFICATIONS,
        initial=1,
        least=1,
        most=1000,
    )


def problems(settings: NotificationSettings) -> dict[str, str]:
    """What contradicts itself, by setting."""
    for address in settings.notify_recipients:
        try:
            validate_email(address)
        except ValidationError:
            return {"notify_recipients": f"“{address}” is no e-mail address."}
    if len(", ".join(settings.notify_recipients)) > MOST_TEXT:
        return {"notify_recipients": f"At most {MOST_TEXT} characters together: use the address of a group."}
    return {}
