"""The checklist of a connector: what the hub assumes of its vendor, the value now in force, who confirmed it.

A confirmation counts for the value it was made for: where the value changes, the row asks again. Nothing is deleted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from connectors import registry, schema
from connectors.forms.generated import PREFIX, as_json
from connectors.forms.reading import as_text
from connectors.models import Confirmation, Connector, Route
from events.text import clean

OPEN, CHANGED, CONFIRMED, UNUSED = "open", "changed", "confirmed", "unused"
NOTE_LENGTH = 500


class NotConfirmed(Exception):
    """Why a confirmation was not written, in a sentence."""


@dataclass(frozen=True)
class Item:
    """One assumption. ``raw`` is the value in force (``None`` where no setting holds it), ``value`` the same as text.
    ``state``: open; changed (confirmed once, for another value); confirmed; unused (its setting has no say now)."""

    name: str
    label: str
    group: str
    text: str
    proof: str = ""
    raw: Any = None
    value: str = ""
    field_path: str = ""
    state: str = OPEN
    standing: Confirmation | None = None
    history: list[Confirmation] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """Of the value: what a person saw when confirming."""
        return hashlib.sha256(json.dumps(self.raw, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def anchor(self) -> str:
        return "item-" + self.name.replace(":", "-")


def has_any(connector: Connector) -> bool:
    """Whether the connector's provider assumes anything."""
    try:
        provider = connector.provider
    except registry.UnknownProvider:
        return False
    schemas = [provider.settings, *(one.options for one in provider.accepts.values() if one.options)]
    return bool(provider.assumptions) or any(one.assumed for cls in schemas for one in schema.declared(cls).values())


def items(connector: Connector) -> list[Item]:
    """Every assumption, in the order of the form; what no setting holds comes last."""
    kept: dict[str, list[Confirmation]] = {}
    for one in connector.confirmations.all():
        kept.setdefault(one.name, []).append(one)
    return [_judged(item, kept.get(item.name, [])) for item in _assumed(connector)]


def progress(found: list[Item]) -> tuple[int, int]:
    """(confirmed, all that count): what has no say at the moment does not."""
    counted = [one for one in found if one.state != UNUSED]
    return sum(one.state == CONFIRMED for one in counted), len(counted)


def confirm(connector: Connector, name: str, digest: str, note: str, *, by: str) -> Item:
    """Write that somebody confirmed an assumption. Raises ``NotConfirmed`` where the value is not the one seen."""
    note = clean(note, NOTE_LENGTH).strip()
    if not note:
        raise NotConfirmed("Say who confirmed it and where, such as “Support of the vendor, ticket 123”.")
    with transaction.atomic():
        locked = Connector.objects.select_for_update().get(pk=connector.pk)
        item = _item(locked, name)
        if item.digest != digest:
            raise NotConfirmed(f"The value of “{item.label}” has changed meanwhile: look at it again.")
        if item.state == CONFIRMED:
            raise NotConfirmed(f"“{item.label}” is confirmed already.")
        Confirmation.objects.create(connector=locked, name=name, value=item.raw, note=note, confirmed_by=by[:150])
    return item


def take_back(connector: Connector, name: str, *, by: str) -> Item:
    """End the confirmation that counts now. Raises ``NotConfirmed`` where there is none."""
    with transaction.atomic():
        locked = Connector.objects.select_for_update().get(pk=connector.pk)
        item = _item(locked, name)
        if item.standing is None:
            raise NotConfirmed(f"“{item.label}” is not confirmed.")
        item.standing.taken_back_by, item.standing.taken_back_at = by[:150], timezone.now()
        item.standing.save(update_fields=["taken_back_by", "taken_back_at"])
    return item


def questions(connector: Connector, found: list[Item]) -> str:
    """What is still open, as one text to be sent to the vendor. No address, no secret, no name of a person is in it."""
    still = [one for one in found if one.state in (OPEN, CHANGED)]
    if not still:
        return ""
    lines = [
        f"We connect to {connector.provider.label} through its API and take the following for granted.",
        "Please confirm each point for our account, or tell us what is right.",
    ]
    for number, one in enumerate(still, 1):
        place = f"{one.group}, {one.label}" if one.group else one.label
        lines += ["", f"{number}. {place}", f"   {one.text}"]
        if one.raw is not None:
            lines.append(f"   Our value: {one.value}")
    return "\n".join(lines) + "\n"


def _item(connector: Connector, name: str) -> Item:
    found = next((one for one in items(connector) if one.name == name), None)
    if found is None:
        raise NotConfirmed("There is no such assumption any more.")
    return found


def _judged(item: Item, history: list[Confirmation]) -> Item:
    standing = next((one for one in history if one.taken_back_at is None and one.value == item.raw), None)
    was = any(one.taken_back_at is None for one in history)
    state = UNUSED if item.state == UNUSED else CONFIRMED if standing else CHANGED if was else OPEN
    return Item(**{**item.__dict__, "state": state, "standing": standing, "history": history})


def _assumed(connector: Connector) -> Iterator[Item]:
    try:
        provider = connector.provider
    except registry.UnknownProvider:
        return
    path = connector.admin_path() + "?tab=settings"
    stored = {**connector.settings, **connector.secrets}
    yield from _of_schema(provider.settings, stored, path, lambda name: name)
    accepts = {record.kind: accept.options for record, accept in provider.accepts.items() if accept.options}
    for route in Route.objects.filter(target=connector, record_kind__in=accepts).select_related("source", "target"):
        cls = accepts[route.record_kind]
        named = list(_of_schema(cls, route.options, route.admin_path(), _route_name(route)))
        yield from (Item(**{**one.__dict__, "group": f"Route from {route.source}"}) for one in named)
    for one in provider.assumptions:
        yield Item(one.name, one.label, "", one.text, one.proof)


def _route_name(route: Route) -> Any:
    return lambda name: f"route:{route.pk}:{name}"


def _of_schema(cls: type, stored: Mapping[str, Any], path: str, named: Any) -> Iterator[Item]:
    for name, one in schema.declared(cls).items():
        if not one.assumed or one.is_secret:
            continue
        raw = stored.get(name, one.field.initial)
        try:
            raw = as_json(one.field.clean(raw))
        except ValidationError:
            raw = as_json(raw)  # what does not fit is shown as it is
        yield Item(
            name=named(name),
            label=schema.label_of(cls, name),
            group=one.group,
            text=one.assumed,
            proof=one.proof,
            raw=raw,
            value=as_text(one.field, raw),
            field_path=f"{path}#id_{PREFIX}{name}",
            state=OPEN if schema.is_shown(cls, name, stored) else UNUSED,
        )
