"""The demo's mail server: a real SMTP peer that keeps what it is given, in memory and as files."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller


class PostOffice:
    """``mails``: everything received, oldest first."""

    def __init__(self, port: int, directory: Path) -> None:
        self.mails: list[EmailMessage] = []
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._controller = Controller(self, hostname="127.0.0.1", port=port)

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append(mail)
        (self.directory / f"{len(self.mails):03d}.eml").write_bytes(envelope.content)
        return "250 Message accepted for delivery"
