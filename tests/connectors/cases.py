"""What a provider does, as cases that can be driven without knowing it: each handler, sync, single, period, acceptance,
lookup.

Everything is derived from the declaration and from ``samples/``: deliveries (``<topic>.json`` with ``headers`` and
``body``), records (``<kind>.json``, options of the route in ``<kind>.options.json``, settings the connector needs to take them in
``<kind>.settings.json``; of figures a list, ``figures``),
questions (``<topic>.json`` with ``params``), single objects no delivery names (``single-<name>.json`` with
``number``), events the provider spawns itself (``<topic>.json`` with ``payload``, ``object_type``, ``object_id``, and
``after``: kinds of records delivered before). A slash of a topic is a dash in the name of its file.
"""

from __future__ import annotations

import base64
import inspect
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from django.apps import apps
from django.db import connection
from django.test import Client
from django.utils import timezone

import connectors
from connectors import figures, host, jobs, lookups, schema, syncing
from connectors.api import questions
from connectors.base import Accept, Answer, Budget, Delivered, Identity, Lookup, Provider
from connectors.models import Connector, Route
from events import bodies, claims
from events.models import Event, Kind, Outcome
from events.outcomes import finish
from events.record import New, record
from tests.connectors.stage import Stage


def folder(provider: Provider) -> Path:
    return Path(connectors.__path__[0]) / provider.slug


def sample(provider: Provider, topic: str, member: str) -> dict[str, Any] | None:
    """The sample of a topic where it has that member, else ``None``."""
    path = folder(provider) / "samples" / f"{topic.replace('/', '-')}.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found if member in found else None


# --- connectors on a stage ------------------------------------------------------------------------------------------


def on_stage(provider: Provider, stage: Stage, **columns: Any) -> Connector:
    """A new connector of the provider, pointed at the stage; the stage learns its secrets."""
    assert provider.sandbox is not None
    name = f"{provider.label} {uuid.uuid4().hex[:8]}"
    connector = Connector(name=name, slug=name.lower().replace(" ", "-"), provider_slug=provider.slug, **columns)
    connector.put_settings(provider.sandbox.settings(stage.address()))
    connector.email_sender, connector.email_receiver = "hub@example.com", "support@example.com"
    connector.save()
    stage.secrets = sorted({*stage.secrets, *schema.secret_values(connector.load_settings())})
    return connector


def hurried(provider: Provider) -> Provider:
    """The same provider without pauses: none between calls (its client may take ``sleep``), none for a rate budget."""
    make = provider.client
    more: dict[str, Any] = {"budget": Budget(concurrency=provider.budget.concurrency)}
    if make is not None and "sleep" in inspect.signature(make).parameters:
        more["client"] = lambda settings, http: make(settings, http, sleep=lambda seconds: None)
    if provider.connect is not None:
        more["connect"] = lambda run: _hurried(provider.connect(run))  # type: ignore[misc]
    return replace(provider, **more)


def _hurried(client: Any) -> Any:
    if hasattr(client, "sleep"):
        client.sleep = lambda seconds: None
    return client


def sink(provider: Provider) -> Provider:
    """A target that takes whatever the provider emits and does nothing with it."""
    took = Accept(function=lambda run, one: Delivered(target_id=one.id, target_number=one.number))
    return Provider(slug="sink", label="Sink", settings=Nothing, accepts=dict.fromkeys(provider.emits, took))


@dataclass(frozen=True, kw_only=True)
class Nothing:
    """Settings of a provider that has none."""


# --- deliveries -----------------------------------------------------------------------------------------------------


def signed(connector: Connector, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    """A delivery's headers with a true signature by the connector's own secret, made by the provider's ``sign``."""
    module = import_module(f"connectors.{connector.provider_slug}.webhooks")
    settings = connector.load_settings()
    return {**headers, **module.sign(settings, headers, body)}


def post(connector: Connector, headers: Mapping[str, str], body: bytes) -> Any:
    kind = {name.lower(): value for name, value in headers.items()}.get("content-type", "application/json")
    return Client().post(f"/hooks/{connector.webhook_token}", body, content_type=kind, headers=dict(headers))


def identity_of(provider: Provider, one: Mapping[str, Any]) -> Identity:
    assert provider.webhook is not None
    headers = {name.lower(): value for name, value in one["headers"].items()}
    return provider.webhook.identify(headers, json.loads(one["body"]))


# --- running --------------------------------------------------------------------------------------------------------


@dataclass
class Ended:
    """How one run ended; ``answer`` is that of a lookup."""

    event: Event
    answer: Answer | None = None

    @property
    def text(self) -> str:
        e = self.event
        return f"{e.topic}: {e.outcome} {e.reason} {e.reason_code}: {e.sentence} {e.next_step} {e.notes}"

    @property
    def shown(self) -> str:
        """All that a shopper gets."""
        return json.dumps(asdict(replace(self.answer, sentence="")), default=str) if self.answer else ""


@dataclass(frozen=True)
class Case:
    """``start(connector)`` makes a queued event, or answers a lookup at once and returns how that ended."""

    name: str
    start: Callable[[Connector], Event | Ended]

    def run(self, connector: Connector) -> Ended:
        started = self.start(connector)
        return started if isinstance(started, Ended) else again(started)


def again(event: Event) -> Ended:
    """One attempt of a queued or waiting event, as a drainer makes it, its outcome written."""
    Event.objects.filter(pk=event.pk).update(outcome=Outcome.QUEUED, due_at=None)
    claimed = claims.claim(event.connector_id or 0, 100, 100, uuid.uuid4(), 600)
    [mine] = [one for one in claimed if one.pk == event.pk]
    result = jobs.run(mine)
    assert finish([result]) == {event.pk}
    host.finished([result])
    return Ended(Event.objects.get(pk=event.pk))


def minutes_later() -> None:
    """Ten minutes pass: what was sent and what ended lies that much further back."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE events_relatedrequest SET requested_at = requested_at - interval '10 minutes'")
        cursor.execute("UPDATE events_event SET finished_at = finished_at - interval '10 minutes'")


def cases(provider: Provider) -> list[Case]:
    """Raises ``AssertionError`` naming the sample that is missing."""
    found = [Case(f"handler {topic}", _delivery(provider, topic)) for topic in provider.handlers]
    found += [Case(f"spawned {topic}", _own_event(provider, topic)) for topic in provider.spawns]
    found += [Case(f"sync {name}", _sync(name)) for name in provider.syncs]
    found += [Case(f"single {name}", _single(provider, name)) for name in provider.singles]
    found += [Case(f"period {name}", _period(provider, name)) for name in provider.periods]
    for record_type, accept in provider.accepts.items():
        start = _accept(provider, record_type) if accept.function is not None else _feed(provider, record_type)
        found.append(Case(f"{'accept' if accept.function is not None else 'feed'} {record_type.kind}", start))
    return found + [Case(f"lookup {lookup.topic}", _question(provider, lookup)) for lookup in provider.lookups]


def _own_event(provider: Provider, topic: str) -> Callable[[Connector], Event]:
    """An event the provider spawns itself, once the records named in ``after`` were delivered."""

    def start(connector: Connector) -> Event:
        one = sample(provider, topic, "payload")
        assert one is not None, f"no sample of an event of topic {topic}"
        _set_up(provider, connector, topic.replace("/", "-"))
        for kind in one.get("after", ()):
            again(delivery(provider, connector, next(t for t in provider.accepts if t.kind == kind)))
        made = record(
            New(
                kind=Kind.SYNC, topic=topic, connector_id=connector.pk, connector_name=connector.name,
                provider=provider.slug, max_attempts=provider.spawns[topic].max_attempts,
                object_type=one["object_type"], object_id=one["object_id"],
                lock_key=f"{connector.pk}:{one['object_type']}:{one['object_id']}",
                payload=json.dumps(one["payload"]).encode(),
            )
        )  # fmt: skip
        return Event.objects.get(pk=made.event_id)

    return start


def _delivery(provider: Provider, topic: str) -> Callable[[Connector], Event]:
    def start(connector: Connector) -> Event:
        one = sample(provider, topic, "body")
        assert one is not None, f"no sample of a delivery of topic {topic}"
        _route_out(provider, connector)
        body = one["body"].encode()
        answer = post(connector, signed(connector, one["headers"], body), body)
        assert answer.status_code == 200, answer.content
        return Event.objects.get(pk=answer.json()["event_id"])

    return start


def _sync(name: str) -> Callable[[Connector], Event]:
    def start(connector: Connector) -> Event:
        _route_out(connector.provider, connector)
        return Event.objects.get(pk=syncing.start_sync(connector, name, by="ada"))

    return start


def _single(provider: Provider, name: str) -> Callable[[Connector], Event]:
    """By the number of the sample ``single-<name>.json``, else by the label of a sampled delivery of such an object."""

    def start(connector: Connector) -> Event:
        _route_out(provider, connector)
        if one := sample(provider, f"single-{name}", "number"):
            return Event.objects.get(pk=syncing.start_single(connector, name, str(one["number"]), by="ada"))
        known = [identity_of(provider, one) for topic in provider.handlers if (one := sample(provider, topic, "body"))]
        number = next((one.object_label for one in known if one.object_type == name), "1")
        return Event.objects.get(pk=syncing.start_single(connector, name, number, by="ada"))

    return start


def _period(provider: Provider, name: str) -> Callable[[Connector], Event]:
    """The last week."""

    def start(connector: Connector) -> Event:
        _route_out(provider, connector)
        last = timezone.localdate()
        first = last - timedelta(days=7)
        return Event.objects.get(pk=syncing.start_period(connector, name, first, last, by="ada"))

    return start


def _accept(provider: Provider, record_type: Any) -> Callable[[Connector], Event]:
    def start(connector: Connector) -> Event:
        return delivery(provider, connector, record_type)

    return start


def delivery(provider: Provider, connector: Connector, record_type: Any, **changes: Any) -> Event:
    """A queued delivery of the sampled record to the connector, along the one route it has for such records."""
    one = sample(provider, record_type.kind, "id")
    assert one is not None, f"no sample of a record: samples/{record_type.kind}.json"
    _set_up(provider, connector, record_type.kind)
    route = _route_in(provider, connector, record_type.kind)
    read = record_type.from_json(json.dumps(one | changes).encode())
    accept = provider.accepts[record_type]
    made = record(
        New(
            kind=Kind.DELIVERY, topic=f"{read.kind}/deliver", connector_id=connector.pk, connector_name=connector.name,
            provider=provider.slug, max_attempts=accept.max_attempts, object_type=read.kind, object_id=read.id,
            object_label=read.number, route_id=route.pk, payload=read.to_json(), is_supersedable=True,
            lock_key=f"route{route.pk}:{read.kind}:{read.id}",
        )
    )  # fmt: skip
    return Event.objects.get(pk=made.event_id)


def _feed(provider: Provider, record_type: Any) -> Callable[[Connector], Event]:
    """What the sample offers (``figures``: a list of records) is wanted along the one route of such figures; the event
    that sends it."""

    def start(connector: Connector) -> Event:
        one = sample(provider, record_type.kind, "figures")
        assert one is not None, f"no sample of figures: samples/{record_type.kind}.json with “figures”"
        route = _route_in(provider, connector, record_type.kind)
        rows = [record_type.from_json(json.dumps(row).encode()) for row in one["figures"]]
        figures.offer([route.pk], rows)
        topic = figures.feed_topic(record_type.kind)
        made = record(
            New(
                kind=Kind.DELIVERY, topic=topic, connector_id=connector.pk, connector_name=connector.name,
                provider=provider.slug, max_attempts=provider.accepts[record_type].max_attempts,
                object_type=record_type.kind, object_label=record_type.label, route_id=route.pk,
                lock_key=f"route{route.pk}:{topic}",
            )
        )  # fmt: skip
        return Event.objects.get(pk=made.event_id)

    return start


def _route_in(provider: Provider, connector: Connector, kind: str) -> Route:
    """The one route that brings such records to the connector."""
    route = Route.objects.filter(target=connector, record_kind=kind).first()
    if route is not None:
        return route
    name = f"Source {uuid.uuid4().hex[:8]}"
    source = Connector.objects.create(name=name, slug=name.lower().replace(" ", "-"), provider_slug="sink")
    options = _options(provider, kind)
    return Route.objects.create(source=source, target=connector, record_kind=kind, options=options)


def _set_up(provider: Provider, connector: Connector, kind: str) -> None:
    """Give the connector the settings without which it would not take such records."""
    path = folder(provider) / "samples" / f"{kind}.settings.json"
    if path.is_file():
        connector.settings = {**connector.settings, **json.loads(path.read_text(encoding="utf-8"))}
        connector.save()


def _options(provider: Provider, kind: str) -> dict[str, Any]:
    path = folder(provider) / "samples" / f"{kind}.options.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _question(provider: Provider, lookup: Lookup) -> Callable[[Connector], Ended]:
    def start(connector: Connector) -> Ended:
        one = sample(provider, lookup.topic, "params")
        assert one is not None, f"no sample of a question: samples/{lookup.topic.replace('/', '-')}.json with “params”"
        given = dict(one["params"])
        path = {name: given.pop(name) for name in questions.placeholders(lookup.path)}
        params = questions.checked(lookup.params, given, is_json=lookup.method == "POST", path=path)
        mine = next(known for known in connector.provider.lookups if known.topic == lookup.topic)
        answer, event_id = lookups.answer(connector, mine, params, asked_by="shop")
        assert event_id is not None
        return Ended(Event.objects.get(pk=event_id), answer)

    return start


def _route_out(provider: Provider, connector: Connector) -> None:
    """Whatever the connector emits goes to the sink."""
    for record_type in provider.emits:
        if not Route.objects.filter(source=connector, record_kind=record_type.kind).exists():
            name = f"Sink {uuid.uuid4().hex[:8]}"
            target = Connector.objects.create(name=name, slug=name.lower().replace(" ", "-"), provider_slug="sink")
            Route.objects.create(source=connector, target=target, record_kind=record_type.kind)


# --- what was written down ------------------------------------------------------------------------------------------


def written_down() -> dict[str, str]:
    """Every row of the hub's own tables as text by its place, bodies unpacked; encrypted secrets are left out."""
    found: dict[str, str] = {}
    for model in [*apps.get_app_config("events").get_models(), *apps.get_app_config("connectors").get_models()]:
        for row in model.objects.all():
            values = {f.attname: getattr(row, f.attname) for f in model._meta.concrete_fields if f.name != "secrets"}
            found[f"{model.__name__} {row.pk}"] = "\n".join(str(value) for value in values.values())
    with connection.cursor() as cursor:
        cursor.execute("SELECT event_id, part, encoding, content FROM events_body")
        for event_id, part, encoding, content in cursor.fetchall():
            found[f"body {event_id} {part}"] = bodies.unpacked(encoding, bytes(content)).decode("utf-8", "replace")
    return found


def secrets_of(stage: Stage) -> set[str]:
    """All forms of what nobody may read: the settings' secrets, and what was sent in headers that carry credentials."""
    found = set(stage.secrets)
    for request in stage.received:
        for name, value in request.headers.items():
            if name in ("authorization", "cookie") or "token" in name or "api-key" in name:
                found.add(value.rpartition(" ")[2])
    forms = {form for one in found for form in (one, quote(one, safe=""), quote_plus(one), json.dumps(one)[1:-1])}
    return {form for form in forms if len(form) >= 4} | {base64.b64encode(one.encode()).decode() for one in found}


def leaks(stage: Stage) -> list[str]:
    """Where a secret was written down."""
    secrets = secrets_of(stage)
    return [f"{place}: {one}" for place, text in written_down().items() for one in secrets if one in text]
