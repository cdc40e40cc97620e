"""A run: what a handler is given. One event, its connector with typed settings, the client, and the few things a
handler may do: describe its object, add search keys and notes, deliver records, remember what was sent.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import cached_property
from typing import Any

from django.db import transaction
from django.utils import timezone

from connectors import budgets, erasure, feeds, figures, mapped, notices, routing, schema, spawning, syncing
from connectors.doubts import Doubts
from connectors.exceptions import HubError, MappingMissing, PayloadError, Skip
from connectors.http import HttpClient, Recorder
from connectors.models import Connector, Link, LinkState, Route
from connectors.recording import JobRecorder, ListRecorder
from connectors.records import FigureRecord, Record
from connectors.redaction import Redactor
from events import bodies, cancelling, search
from events.models import Event, as_note
from events.outcomes import say_progress
from events.text import clean, fit


class Run(Doubts):
    """See the module's text. ``event`` is ``None`` for a lookup until it is written."""

    def __init__(
        self,
        connector: Connector,
        event: Event | None,
        *,
        recorder: Recorder | None = None,
        settings: Any = None,
        budget_s: float | None = None,
        trace_id: str = "",
    ) -> None:
        self.connector = connector
        self.event = event
        self.settings = settings if settings is not None else connector.load_settings()
        self.recorder: Recorder = recorder or (JobRecorder(event) if event is not None else ListRecorder(trace_id))
        self.ends_at = time.monotonic() + budget_s if budget_s else None
        self.notes: list[dict[str, Any]] = []
        self.object_type = event.object_type if event else ""
        self.object_id = event.object_id if event else ""
        self.object_label = event.object_label if event else ""
        self.found_keys: list[tuple[str, str]] = []
        self.customer = ""  # whose data a lookup asked for, where its parameter does not say so (a guest account)
        self.record_hash = ""
        self._told_at = 0.0
        self.sentence = ""  # what the event of an endpoint says; a handler returns its own
        self.outcome_code = ""
        self.failure: HubError | Skip | None = None
        # Done when an endpoint's answer has left, with the id of its event where that could be written.
        self.afterwards: list[Callable[[int | None], object]] = []

    # --- the remote system ---
    @cached_property
    def redactor(self) -> Redactor:
        """Knows the secret settings; ``secret_header`` and ``secret_texts`` of a settings class name what else is
        secret: the header that carries a credential, and forms of it that are no setting (an encoded pair)."""
        name = getattr(self.settings, "secret_header", "")
        texts = getattr(self.settings, "secret_texts", ())
        return Redactor([*schema.secret_values(self.settings), *texts], [name] if name else [])

    @cached_property
    def http(self) -> HttpClient:
        budget = self.connector.provider.budget_for(self.settings)
        spend: Callable[[], None] | None = None
        rest: Callable[[], None] | None = None
        if budget.per_second > 0 and self.connector.pk:
            spend = lambda: budgets.spend(self.connector.pk, budget)  # noqa: E731
            if budget.rests:
                rest = lambda: budgets.rest(self.connector.pk, budget)  # noqa: E731
        return HttpClient(self.recorder, self.redactor, spend=spend, rest=rest, ends_at=self.ends_at)

    @cached_property
    def client(self) -> Any:
        if self.connector.provider.connect is not None:
            return self.connector.provider.connect(self)
        make = self.connector.provider.client
        if make is None:
            raise TypeError(f"{self.connector.provider.slug} declares no client")
        return make(self.settings, self.http)

    # --- the event ---
    @cached_property
    def body(self) -> bytes:
        """The raw payload of the event, as it arrived."""
        return (bodies.read(self.event.pk, "payload", self.event.received_at) if self.event else None) or b""

    @cached_property
    def payload(self) -> Any:
        """The event's payload as JSON. Raises ``PayloadError``."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise PayloadError("The delivery is not valid JSON.") from error

    @property
    def days(self) -> tuple[date, date]:
        """First and last day of what a person asked for (``Period``)."""
        return syncing.days_of(self.payload)

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers of the delivery, lower-case names; empty for an event that was none."""
        return self.event.headers if self.event is not None else {}

    @property
    def the_event(self) -> Event:
        """The event, for what only an event has. Raises ``RuntimeError`` in a lookup, which has none yet."""
        if self.event is None:
            raise RuntimeError("a lookup has no event of its own while it runs")
        return self.event

    @property
    def forced_by(self) -> str:
        """Who had this done although a rule of time holds such objects back; empty: nobody."""
        return self.event.forced_by if self.event is not None else ""

    def describe(self, *, object_type: str = "", object_id: str = "", object_label: str = "") -> None:
        """Name the object the event is about, as soon as it is known better than at arrival."""
        is_other = bool(object_id) and object_id != self.object_id
        self.object_type = object_type or self.object_type
        self.object_id = object_id or self.object_id
        if is_other and self.object_type:
            self.key(f"{self.object_type}_id", object_id)  # its object's page finds an event by this one
        self.object_label = object_label or self.object_label

    def note(self, code: str, text: str) -> None:
        """A remark on an event that may well succeed; filterable by ``code``."""
        self.notes.append(as_note(code, self.redactor.text(text)))

    def tell(self, sentence: str, code: str = "") -> None:
        """What the event of an endpoint says of its answer, ``code`` being the finer outcome people count by."""
        self.sentence, self.outcome_code = self.redactor.text(sentence), code

    def fail(self, error: HubError | Skip) -> None:
        """An endpoint gave its caller a neutral answer, and failed or did nothing all the same: its event says so."""
        self.failure = error

    def keys(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Numbers by which people will look for this event."""
        found = list(pairs)
        self.found_keys += found
        if self.event is not None:
            search.add(self.event.pk, found)

    def key(self, kind: str, value: str) -> None:
        self.keys([(kind, value)])

    def show(self, content: bytes) -> None:
        """Keep the object as it was read, to be shown as the event's object payload; comma separated text as a table."""
        if self.event is not None:
            bodies.store(self.event.pk, "object", self.redactor.body(bodies.cut(content)[0]), self.event.received_at)

    def warn(self, code: str, sentence: str, next_step: str = "") -> None:
        """A health warning of the connector: shown until it is cleared, counted where it comes again."""
        notices.warn(self.connector.pk, code, self.redactor.text(sentence), self.redactor.text(next_step))

    def clear(self, code: str) -> None:
        """What a health warning said is over."""
        notices.clear(self.connector.pk, code)

    # --- records ---
    def deliver(self, one: Record, *, about: routing.About | None = None) -> int:
        """Hand a record to every route of its kind: one child event each. ``about``: the object of another connector that it
        tells of (the order that shipped); of the connectors that send such objects only the one it came from gets it then.
        Returns how many routes there were; raises ``Skip`` (not routed) where there is none, ``PayloadError`` where a
        member is of another kind than declared."""
        try:
            one.to_json()
        except ValueError as error:
            raise PayloadError(
                f"{one.label} {one.number} was read with a member of a wrong kind.", code="shape"
            ) from error
        self.keys(one.search_keys())
        self.show(json.dumps(one.raw, default=str, ensure_ascii=False).encode())
        return routing.deliver(self.connector, self.the_event, one, about)

    def is_delivered(self, record_type: type[Record], object_id: str) -> bool:
        """Whether every route of this kind has delivered this object already, and there is such a route."""
        return routing.is_delivered(self.connector, record_type.kind, object_id)

    def documents(self, record_type: type[Record], object_id: str) -> list[tuple[str, str]]:
        """What this object became: (name of the target, number of the document there), oldest first."""
        links = Link.objects.select_related("target").filter(
            source=self.connector, record_kind=record_type.kind, source_object_id=object_id, state=LinkState.DELIVERED
        )
        return [(link.target.name, link.target_number or link.target_object_id) for link in links.order_by("id")]

    def is_routed(self, kind: type[Record]) -> bool:
        """Whether an enabled route takes records of this kind from the connector: what nobody takes need not be read."""
        return Route.objects.filter(source=self.connector, record_kind=kind.kind, is_enabled=True).exists()

    def offer(
        self,
        record_type: type[FigureRecord],
        rows: Iterable[FigureRecord],
        *,
        complete: bool = False,
        absent: str | None = None,
        again: bool = False,
    ) -> figures.Offered:
        """Hand a stream of figures to every route of their kind, then have each target sent what differs: one child
        event a route. ``complete``: nothing else is wanted any more; what is not among the rows is listed, and wanted
        as ``absent`` where that is given. ``again``: sent whatever the target confirmed before. Raises ``Skip`` (not routed)
        before the first row is read."""
        routes = feeds.routes_of(self.connector, record_type)
        made = figures.offer([route.pk for route in routes], rows, complete=complete, absent=absent, again=again)
        if made.unusable:
            names = ", ".join(made.unusable_named)
            self.note("unusable", f"{made.unusable:,} rows have no key, or are too long, and were left out: {names}")
        if made.absent:
            what = "stay as they are" if absent is None else f"are wanted as {absent} now"
            names = ", ".join(made.absent_named)
            self.note("absent", f"{made.absent:,} figures are not named by the source any more and {what}: {names}")
        if made.older:
            self.note("older", f"{made.older:,} rows were older than what the hub knows, and were left alone.")
        feeds.start(self.connector, self.the_event, record_type, routes)
        return made

    def compare(self, record_type: type[FigureRecord]) -> int:
        """Have every target compare what it holds with the figures it was sent, and be sent what differs; returns how many
        can (the others are sent everything). Raises ``Skip`` (not routed)."""
        return feeds.compare(self.connector, self.the_event, record_type, feeds.routes_of(self.connector, record_type))

    def progress(self, done: int, expected: int) -> None:
        """How far a long work is, shown as the event's sentence while it runs; written once a second at most. Raises
        ``Skip`` where somebody cancelled it meanwhile."""
        now = time.monotonic()
        if self.event is None or now - self._told_at < 1.0:
            return
        self._told_at = now
        if by := say_progress(self.event, f"{done:,} of {max(done, expected):,} done."):
            cancelling.cancel(self.event.pk, by=by)  # what this run made since it was cancelled
            raise Skip(
                f"Cancelled by {by} after {done:,} of {max(done, expected):,}.", reason="not_sent", code="cancelled"
            )

    def spawn(
        self,
        *,
        topic: str,
        object_type: str = "",
        object_id: str = "",
        object_label: str = "",
        payload: Mapping[str, Any] | None = None,
        version: str = "",
    ) -> int:
        """A further event of this connector, e.g. one for each object a sync found, or for each ``version`` of it that it
        met. Returns its id."""
        named = (object_type, object_id, object_label)
        return spawning.spawn(self.connector, self.the_event, topic, named, payload or {}, version)

    def start_sync(self, name: str) -> int:
        """Queue one of the connector's own syncs, unless it waits or runs already. Returns its event's id. Raises
        ``ConfigurationError`` for a sync the provider does not have."""
        return syncing.start_sync(self.connector, name, by=self.event.triggered_by if self.event else "")

    def kinds_sent(self) -> set[str]:
        """Record kinds that enabled routes take out of this connector."""
        return set(Route.objects.filter(source=self.connector, is_enabled=True).values_list("record_kind", flat=True))

    def kinds_taken(self) -> set[str]:
        """Record kinds that enabled routes bring to this connector."""
        return set(Route.objects.filter(target=self.connector, is_enabled=True).values_list("record_kind", flat=True))

    def targets_of(self, kind: str) -> list[str]:
        """Names of the connectors that enabled routes take records of a kind to."""
        routes = Route.objects.filter(source=self.connector, record_kind=kind, is_enabled=True)
        return list(routes.values_list("target__name", flat=True))

    def erase(self, keys: Iterable[tuple[str, str]]) -> erasure.Erased:
        """Erase what this connector's events, and whatever came of them, hold of the person with these search keys; this
        event stays readable until it ends."""
        return erasure.person(self.connector, keys, but=self.the_event.pk)

    @property
    def checkpoint(self) -> dict[str, Any]:
        """Small memory of a sync, kept on the connector; change it through ``save_checkpoint``."""
        return dict(self.connector.memory)

    def save_checkpoint(self, **values: Any) -> None:
        """Raises ``LeaseLost`` where another worker has the event by now."""
        self._check_lease()
        with transaction.atomic():
            row = Connector.objects.select_for_update().get(pk=self.connector.pk)
            row.memory = {**row.memory, **values}
            row.save(update_fields=["memory"])
        self.connector.memory = row.memory

    # --- deliveries ---
    @cached_property
    def route(self) -> Route | None:
        if self.event is None or self.event.route_id is None:
            return None
        return Route.objects.select_related("source", "target").filter(pk=self.event.route_id).first()

    @property
    def the_route(self) -> Route:
        """The route, for what runs along one only. Raises ``RuntimeError`` elsewhere."""
        if self.route is None:
            raise RuntimeError("this event runs along no route")
        return self.route

    @cached_property
    def options(self) -> Any:
        """The route's typed options, ``None`` where the target declares none."""
        return self.route.load_options() if self.route else None

    @property
    def source_connector_slug(self) -> str:
        return self.route.source.slug if self.route else ""

    @cached_property
    def link(self) -> Link | None:
        """What the ledger knows of this object at this target; only what was really delivered."""
        if self.route is None or self.event is None:
            return None
        return Link.objects.filter(
            source=self.route.source, target=self.connector, record_kind=self.route.record_kind,
            source_object_id=self.event.object_id, state=LinkState.DELIVERED,
        ).first()  # fmt: skip

    def remember(self, one: Record, target_id: str, target_number: str, sent_hash: str = "") -> None:
        """Write the ledger after a delivery. Raises ``LeaseLost`` where another worker has the event by now."""
        route, event = self.route, self.the_event
        if route is None:
            raise RuntimeError("only a delivery along a route is remembered")
        self._check_lease()
        slug = self.connector.provider_slug
        self.keys([(f"{slug}_id", target_id), (f"{slug}_number", target_number)])
        # The write is done: an id that is too long or odd for its column must not undo the memory of it.
        Link.objects.update_or_create(
            source=route.source,
            target=self.connector,
            record_kind=route.record_kind,
            source_object_id=event.object_id or fit(one.id, 120),
            defaults={
                "source_number": clean(one.number, 120),
                "source_version": one.updated_at,
                "target_object_id": fit(target_id, 120),
                "target_number": clean(target_number, 120),
                "sent_hash": sent_hash or self.record_hash,
                "state": LinkState.DELIVERED,
                "last_event_id": event.pk,
            },
        )

    def _check_lease(self) -> None:
        if isinstance(self.recorder, JobRecorder):
            self.recorder.check_lease()

    def map(self, kind: str, value: str, *, default: str | None = None) -> str:
        """The target's value for a source's value. Raises ``MappingMissing`` where there is none and no default."""
        found = mapped.find(self.connector, self.route, kind, value)
        if found is None and default is None:
            raise MappingMissing(kind, value)
        return found if found is not None else str(default)

    def mappings(self, kind: str) -> dict[str, str]:
        """Every value of a kind that has a mapping on this connector, with what it becomes; of one route or of all."""
        return mapped.all_of(self.connector, kind)

    @property
    def now(self) -> Any:
        return timezone.now()
