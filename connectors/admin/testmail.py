"""The test mail: written to the outbox like every other, so that it takes the very way an error mail takes."""

from __future__ import annotations

from django.conf import settings
from django.template.loader import render_to_string

from connectors import host
from connectors.exceptions import ConfigurationError
from connectors.models import Connector
from events.models import Mail


def write(connector: Connector, *, by: str) -> Mail:
    """The new mail. Raises ``ConfigurationError`` where an address is missing or the last test mail still waits."""
    contact = host.contact(connector.pk)
    if contact is None or not contact.sender or not contact.receiver:
        raise ConfigurationError("Enter the sender and the receiver of error mails and save, then send a test mail.")
    if Mail.objects.filter(connector_id=connector.pk, kind="test", state=Mail.State.WAITING).exists():
        raise ConfigurationError("The last test mail is still in the outbox; wait until it has left or failed.")
    context = {"name": connector.name, "by": by, "connector_url": settings.HUB_BASE_URL + connector.admin_path()}
    return Mail.objects.create(
        connector_id=connector.pk,
        kind="test",
        sender=contact.sender,
        receiver=contact.receiver,
        subject=" ".join(f"[{connector.name}] Test mail of the Integration Hub".split())[:200],
        text=render_to_string("events/mail/test.txt", context),
        html=render_to_string("events/mail/test.html", context),
    )
