"""Personal data of a connector: what the hub holds about a person, and erasing it, or all of a connector.

Covers the ledger of events (``events/erasure.py``) and what is kept beside it. Not for retention.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from connectors import quotes
from connectors.models import Batch, Connector, Credential, DirectoryEntry, Figure, Link, Notice, Quote
from connectors.records import CustomerAccount
from events import erasure
from events.erasure import BATCH


@dataclass(frozen=True, kw_only=True)
class Erased:
    """``unfinished``: events that still run or wait, and were left alone."""

    events: int
    unfinished: int = 0


def held(connector: Connector, keys: Iterable[tuple[str, str]], *, but: int = 0) -> dict[str, Any]:
    """What the hub holds about a person: events by search key with what came of them, and the rows of the ledger that
    belong to their objects. ``but``: the event that asks."""
    ids = [one for one in _found(connector, keys)[0] if one != but]
    events = erasure.shown(ids)
    links = Link.objects.filter(source=connector, source_object_id__in=_objects(events)).select_related("target")
    rows = [
        {"kind": one.record_kind, "source_id": one.source_object_id, "source_number": one.source_number,
         "target": one.target.name, "target_id": one.target_object_id, "target_number": one.target_number}
        for one in links
    ]  # fmt: skip
    return {"events": events, "ledger": rows}


def _found(connector: Connector, keys: Iterable[tuple[str, str]]) -> tuple[list[int], list[str]]:
    """Events of a person, and the quotes his orders name with the carts that asked for them: a guest's cart may name
    nobody."""
    ids = erasure.find(connector.pk, keys)
    offers = erasure.values(ids, quotes.ORDER_KEY)
    carts = erasure.find(connector.pk, [(f"{quotes.CART}_id", offer) for offer in offers])
    return sorted({*ids, *carts}), offers


def _objects(events: list[dict[str, Any]]) -> Collection[str]:
    return {str(one["object_id"]) for one in events if one["object_id"]}


def person(connector: Connector, keys: Iterable[tuple[str, str]], *, but: int = 0) -> Erased:
    """Erase what the events of a person hold of him, and the offers he was made. The ledger keeps its ids, and the
    numbers of documents: they are the shop's, not his, and without them a document would be made twice. The number of a
    customer may be his e-mail address, and goes."""
    ids, offers = _found(connector, keys)
    quotes.forget(connector.pk, offers)
    all_ids = list(Connector.objects.values_list("pk", flat=True))  # the index of the ledger begins with both sides
    for start in range(0, len(ids), BATCH):
        objects = _objects(erasure.shown(ids[start : start + BATCH]))
        quotes.forget(connector.pk, objects)
        for side in ({"source": connector, "target__in": all_ids}, {"source__in": all_ids, "target": connector}):
            own = Link.objects.filter(**side, record_kind=CustomerAccount.kind, source_object_id__in=objects)
            own.update(source_number="", target_number="")
    done, unfinished = erasure.erase(ids, but=but)
    return Erased(events=done, unfinished=unfinished)


def everything(connector: Connector, *, but: int = 0) -> Erased:
    """Erase what the hub holds for a connector: contents of events, numbers of the ledger, directory, figures,
    offers, credentials, secret settings, memory, warnings. The connector stays, disabled and empty."""
    done = unfinished = 0
    for ids in erasure.of_connector(connector.pk):
        some, left = erasure.erase(ids, but=but)
        done, unfinished = done + some, unfinished + left
    Link.objects.filter(Q(source=connector) | Q(target=connector)).update(source_number="", target_number="")
    on_routes = Q(route__source=connector) | Q(route__target=connector)
    Figure.objects.filter(on_routes).delete()
    Batch.objects.filter(on_routes).delete()
    for model in (DirectoryEntry, Credential, Notice, Quote):
        model.objects.filter(connector=connector).delete()
    Connector.objects.filter(pk=connector.pk).update(secrets={}, memory={}, is_enabled=False)
    return Erased(events=done, unfinished=unfinished)
