"""The end of an installation the remote system tells of: the connector is switched off, what it was granted is dropped.

Its events are told so by the core, as those of any disabled connector; what is kept stays until an erasure.
"""

from __future__ import annotations

from connectors import known, notices, vault
from connectors.models import Connector


def close(connector: Connector, code: str, sentence: str, next_step: str = "") -> None:
    """Disable a connector because its access ended, with a warning that says so under ``code``."""
    vault.forget_all(connector)
    Connector.objects.filter(pk=connector.pk).update(is_enabled=False)
    notices.warn(connector.pk, code, sentence, next_step)
    known.forget()
