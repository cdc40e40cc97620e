"""Post a recorded delivery of a provider to the hub, really signed with a connector's own secret."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import requests
from django.core.management.base import BaseCommand, CommandError
from requests.structures import CaseInsensitiveDict

import connectors
from connectors.exceptions import ConfigurationError
from connectors.management.commands.check_connector import find
from connectors.models import Connector
from connectors.registry import UnknownProvider

TIMEOUT_S = (5, 30)  # connect, read
Sign = Callable[[Any, Mapping[str, str], bytes], Mapping[str, str]]


def samples_of(slug: str) -> Path:
    """The folder of a provider's recorded deliveries."""
    return Path(connectors.__path__[0]) / slug / "samples"


class Command(BaseCommand):
    help = "Post a recorded sample delivery to the hub, signed with the connector's secret."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("connector", help="name or slug")
        parser.add_argument("topic", help="such as orders/create")
        parser.add_argument("--url", default="", help="where to; default: the connector's webhook address")

    def handle(self, *args: Any, **options: Any) -> None:
        connector = find(options["connector"])
        headers, body = read_sample(connector, options["topic"])
        try:
            settings = connector.load_settings()
            sign = signer(connector)
        except ConfigurationError as error:
            raise CommandError(f"{error.sentence} {error.next_step}".strip()) from error
        sent = CaseInsensitiveDict(headers)  # the sample's own signature goes, however it is spelled
        sent.update(sign(settings, headers, body))
        url = options["url"] or connector.webhook_url
        try:
            # The hub itself is the target, on loopback as a rule: not a remote call of a connector.
            answer = requests.post(url, data=body, headers=sent, timeout=TIMEOUT_S, allow_redirects=False)
        except requests.RequestException as error:
            place, kind = _without_token(url), type(error).__name__
            raise CommandError(f"Nobody answers at {place} ({kind}). Is the hub running?") from None
        self.stdout.write(f"{answer.status_code} {answer.text[:500]}")
        if not answer.ok:
            raise CommandError("The hub did not take the delivery.")


def _without_token(url: str) -> str:
    head, found, _ = url.partition("/hooks/")
    return f"{head}{found}***" if found else head


def read_sample(connector: Connector, topic: str) -> tuple[dict[str, str], bytes]:
    """Headers and raw body of a recorded delivery. Raises ``CommandError`` that lists those there are."""
    try:
        provider = connector.provider
    except UnknownProvider as error:
        raise CommandError(str(error)) from error
    if provider.webhook is None:
        raise CommandError(f"{provider.label} sends no deliveries to the hub.")
    folder = samples_of(connector.provider_slug)
    path = folder / f"{topic.replace('/', '-')}.json"
    if path.parent != folder or not path.is_file():
        known = ", ".join(sorted(one.stem.replace("-", "/", 1) for one in folder.glob("*.json"))) or "none"
        raise CommandError(f"There is no recorded delivery of topic “{topic}”. Recorded: {known}.")
    try:
        sample = json.loads(path.read_text(encoding="utf-8"))
        return {str(k): str(v) for k, v in sample["headers"].items()}, str(sample["body"]).encode()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CommandError(f"The sample {path.name} is not of the form headers and body.") from error


def signer(connector: Connector) -> Sign:
    """The provider's ``sign(settings, headers, body)``. Raises ``CommandError`` where it has none."""
    name = f"connectors.{connector.provider_slug}.webhooks"
    parent = f"connectors.{connector.provider_slug}"
    sign: Sign | None = None
    if find_spec(parent) is not None and find_spec(name) is not None:
        sign = getattr(import_module(name), "sign", None)
    if sign is None:
        label = connector.provider.label
        raise CommandError(f"{label} declares no way to sign a delivery, so none can be sent in its name.")
    return sign
