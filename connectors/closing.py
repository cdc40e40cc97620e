"""The end of an installation the remote system tells of: the connector is switched off, what it was granted is dropped;
and its return.

Its events are told so by the core, as those of any disabled connector; what is kept stays until an erasure.
"""

from __future__ import annotations

from connectors import known, notices, plans, vault
from connectors.models import Connector


def close(connector: Connector, code: str, sentence: str, next_step: str = "") -> None:
    """Disable a connector because its access ended, with a warning that says so under ``code``."""
    vault.forget_all(connector)
    Connector.objects.filter(pk=connector.pk).update(is_enabled=False)
    notices.warn(connector.pk, code, sentence, next_step)
    known.forget()


def reopen(connector: Connector, code: str) -> None:
    """The access is there again: enable the connector, take the warning back, and have what follows routes run soon."""
    Connector.objects.filter(pk=connector.pk).update(is_enabled=True)
    notices.clear(connector.pk, code)
    known.forget()
    plans.bring_forward([connector.pk])
