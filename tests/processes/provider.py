"""A provider made to be killed: handlers that are slow before, during or after their one write at the remote."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from connectors.base import Check, Handler, Identity, Provider, Signature, Sync, Webhook
from connectors.exceptions import WebhookRejected
from connectors.http import raise_for_status
from connectors.run import Run
from connectors.schema import setting
from tests.processes.wire import DELIVERY, SIGNATURE, TOPIC

SYNCS = 6


@dataclass(frozen=True)
class Settings:
    url: str = setting(forms.CharField(label="Address"))
    secret: str = setting(forms.CharField(label="Webhook secret"), secret=True)


def signature(settings: Settings, headers: Mapping[str, str]) -> Signature:
    try:
        given = base64.b64decode(headers.get(SIGNATURE, ""), validate=True)
    except ValueError:
        raise WebhookRejected("No signature.", code="bad_signature") from None
    return Signature([hmac.new(settings.secret.encode(), digestmod=hashlib.sha256)], given)


def identify(headers: Mapping[str, str], parsed: Any) -> Identity:
    return Identity(
        topic=headers[TOPIC],
        delivery_id=headers[DELIVERY],
        object_type="thing",
        object_id=str(parsed["key"]),
        object_label=str(parsed.get("label", parsed["key"])),
    )


def careful(run: Run) -> str:
    """Look for the thing, think for a while, write it where it is missing."""
    key = run.payload["key"]
    base = run.settings.url
    found = run.http.request("GET", f"{base}/things/{key}", timeout_s=(3, 30))
    if found.status == 200:
        return f"{key} was there already."
    time.sleep(float(run.payload.get("think_s", 0)))
    raise_for_status(
        run.http.request("POST", f"{base}/things/{key}", json={"key": key}, write=True, timeout_s=(3, 30)), "The remote"
    )
    time.sleep(float(run.payload.get("rest_s", 0)))
    return f"{key} was written."


def read(run: Run) -> str:
    url = f"{run.settings.url}/slow/{run.payload['key']}"
    raise_for_status(run.http.request("GET", url, timeout_s=(3, 30)), "The remote")
    return "Read."


def nothing(run: Run) -> str:
    return "Nothing to do."


def unwritable(run: Run) -> str:
    """A sentence the database does not take."""
    time.sleep(0.3)
    return "Done\x00\ud800."


def ask(run: Run) -> str:
    raise_for_status(run.http.request("GET", f"{run.settings.url}/things/probe"), "The remote")
    return "It answers."


provider = Provider(
    slug="crashing",
    label="Crashing",
    settings=Settings,
    webhook=Webhook(signature=signature, identify=identify),
    handlers={
        "thing/careful": Handler(function=careful),
        "thing/read": Handler(function=read),
        "thing/nothing": Handler(function=nothing),
        "thing/unwritable": Handler(function=unwritable),
    },
    syncs={f"sync{n}": Sync(label=f"Sync {n}", function=nothing) for n in range(SYNCS)},
    checks=(Check(name="answers", label="Answers", function=ask),),
)
