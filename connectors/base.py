"""The whole contract between the hub and a provider, on one screen.

A provider is a folder ``connectors/<slug>/`` whose ``provider.py`` declares one ``provider = Provider(...)``: what the
hub needs is declared, what only the vendor knows is a plain function. Anything optional is left out. No provider
imports another, has models, URLs or templates of its own, or is named outside its folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django import forms

from connectors.records import Record
from connectors.vendor import Assumption, NameKind
from events.host import MailPolicy
from events.interval import Interval

if TYPE_CHECKING:
    from django.http import HttpRequest

    from connectors.http import Http
    from connectors.models import Connector
    from connectors.run import Run
    from connectors.sandbox import Application


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What a verified delivery says about itself, read from headers and (if it is JSON) the body."""

    topic: str
    delivery_id: str = ""  # unique per delivery; empty: equal topic and body within five minutes are one delivery
    object_type: str = ""
    object_id: str = ""
    object_label: str = ""
    keys: Sequence[tuple[str, str]] = ()  # search keys readable without asking the vendor


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """``verify`` raises ``WebhookRejected``; it sees raw bytes (``body`` may be cut where ``digest`` is given).

    ``signature``: (settings, headers) -> a ``hashlib``/``hmac`` object fed with the raw body in chunks plus the
    expected digests, so that a body too large to keep is verified in a stream. Headers have lower-case names.
    """

    signature: Callable[[Any, Mapping[str, str]], Signature]
    identify: Callable[[Mapping[str, str], Any], Identity]  # (headers, parsed body or None)
    setup: str = ""  # help for the administrator: where the address is entered at the vendor


@dataclass(frozen=True)
class Signature:
    """``macs``: fresh hmac objects, one per accepted secret; ``given``: the digest bytes the sender put in a header."""

    macs: Sequence[Any]
    given: bytes


@dataclass(frozen=True, kw_only=True)
class Handler:
    """``function(run)`` handles one event of a topic and returns the sentence that describes its success.

    ``reads_current_state``: the handler reads the object from its source anyway, so that older queued events of the
    same object and topic may be superseded; never for deletes, compliance or uninstall. ``is_duty``: what must be done
    for a disabled connector as well (the law asks for it, or it ends an installation); it needs no working client.
    """

    function: Callable[[Run], str | None]
    label: str = ""
    reads_current_state: bool = False
    is_duty: bool = False
    max_attempts: int = 8


@dataclass(frozen=True, kw_only=True)
class Acknowledgement(Handler):
    """Handles an event of topic ``<kind>/delivered`` or ``<kind>/failed``: a record of this connector became a document
    elsewhere, or did not. ``wants(settings, is_delivered)``: whether such an event is written at all."""

    wants: Callable[[Any, bool], bool] = lambda settings, is_delivered: is_delivered


@dataclass(frozen=True, kw_only=True)
class Sync:
    """``function(run)`` walks many objects. ``every_minutes``: the default plan, 0 means only by hand; ``every(settings)``:
    the plan follows the connector's settings instead. ``follows_routes``: what it does depends on the connector's routes
    and address, so that a planned one comes forward where those change. ``records``: the kind it is about, under whose
    flow it stands in the log; without one it is general."""

    label: str
    function: Callable[[Run], str | None]
    every_minutes: int = 0
    every: Callable[[Any], Interval] | None = None
    follows_routes: bool = False
    records: type[Record] | None = None
    help: str = ""


@dataclass(frozen=True, kw_only=True)
class Single:
    """ "Synchronize this order" by number: ``function(run)``, with ``run.payload = {"number": ...}``. ``records``: the kind
    that comes of it, where that is not what it is called."""

    label: str
    function: Callable[[Run], str | None]
    help: str = ""
    records: type[Record] | None = None


@dataclass(frozen=True, kw_only=True)
class Period:
    """ "Bring in everything from day to day", which a person asks for: ``function(run)`` walks the objects of ``run.days``
    and spawns an event for each, saying ``run.progress`` as it goes. ``records``: the kind that comes of it.
    ``count(run, first, last)``: how many that will be, where asking is cheap; days are the remote system's own.
    ``starts_at(connector)``: since when the source itself hands such objects on; without it their targets say so.
    ``is_own(settings)``: the source takes in what comes of it itself, where its settings say so; no route is needed."""

    label: str
    function: Callable[[Run], str | None]
    records: type[Record]
    count: Callable[[Run, date, date], int] | None = None
    help: str = ""
    starts_at: Callable[[Connector], datetime | None] | None = None
    is_own: Callable[[Any], bool] | None = None


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What became of a record at its target. ``target_id`` identifies it there for ever, ``target_number`` for people.
    ``sent_hash``: what the ledger compares a later version with; empty: the record's whole fingerprint."""

    target_id: str
    target_number: str = ""
    sentence: str = ""
    sent_hash: str = ""


@dataclass(frozen=True, kw_only=True)
class Accept:
    """A record type this provider takes: ``function(run, record)``; ``options`` is a settings dataclass for the
    route. Of figures (stock levels, prices) it declares ``feed(run)`` instead: it sends, of all that the route keeps,
    what the remote does not have yet (see ``figures``), and returns the sentence of the event; and ``compare(run)`` where
    it can read what the remote holds: that is written beside the route's figures, so that the feed corrects it."""

    function: Callable[[Run, Any], Delivered] | None = None
    feed: Callable[[Run], str | None] | None = None
    compare: Callable[[Run], str | None] | None = None
    options: type | None = None
    label: str = ""
    max_attempts: int = 8


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The neutral answer of a lookup: ``available`` false means the caller shows ``message`` and uses ``fallback``.

    ``outcome`` is the provider's finer outcome (kept as ``reason_code``); ``status`` 404 only for a by-id not found.
    ``sentence`` is what the event says where that is not for the caller's eyes; empty: ``message``, or a count.
    """

    available: bool
    data: Any = None
    message: str = ""
    fallback: str = ""
    outcome: str = "success"
    status: int = 200
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """A live question of a storefront, answered inline: ``GET|POST /api/v1/connectors/<connector>/<path>``.

    ``params`` is a Django form class that checks query or body (unknown names are refused by the hub). ``function(run,
    params)`` returns an ``Answer`` or raises ``HubError``; ``neutral(settings)`` gives the answer of a failure.
    ``is_on(settings)``: whether the function is switched on. ``topic`` names the event. ``share``: how many such calls
    may run at once in one web process, so that a slow vendor cannot take all threads. ``path`` may hold ``<id>``.
    ``about``: object types and the parameter that names one, so that the pages of such objects lead to the question. An
    answer whose data has ``next``, a mapping of parameters, is one page of several.
    """

    path: str
    method: str = "GET"
    label: str
    topic: str
    function: Callable[[Run, Mapping[str, Any]], Answer]
    params: type[forms.Form]
    neutral: Callable[[Any], Answer]
    is_on: Callable[[Any], bool] = lambda settings: True
    budget_s: float = 15.0
    share: int = 4
    answer_example: Any = None
    capability: str = ""  # what it answers, for other connectors that ask it (``connectors.asking``)
    customer_param: str = ""  # the parameter that says whose data is asked for
    about: Mapping[str, str] = field(default_factory=dict)
    help: str = ""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One line of *Test connection*: ``function(run)`` returns a sentence or raises ``HubError`` (sentence, next step).

    ``applies(settings)`` false: shown as "off", with the sentence of ``off``."""

    name: str
    label: str
    function: Callable[[Run], str]
    applies: Callable[[Any], bool] = lambda settings: True
    off: str = "Not configured."


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """An inbound call that is no webhook (an echo check, an OAuth return, a synchronous callback such as carrier rates)
    below ``/hooks/<token>/<name>``. ``function(run, request)`` returns a Django response and proves the caller itself.

    ``topic``: what its event is called; empty: no event is written (a page somebody opened). ``budget_s``: seconds the
    remote calls of one answer may take together. A ``HubError`` becomes a neutral refusal, and the event tells it; an
    answer that is given all the same names its error by ``run.fail``, and its success by ``run.tell``. At most 1 MiB
    is read."""

    function: Callable[[Run, HttpRequest], Any]
    label: str = ""
    topic: str = ""
    budget_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class MappingKind:
    """A table of values an administrator keeps: ``value`` of the source becomes another value at the target."""

    name: str
    label: str
    help: str = ""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell of a panel's table: text, a tone (``good``, ``warn``, ``bad``, empty), an address, a time."""

    text: str = ""
    tone: str = ""
    href: str = ""
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Table:
    """``rows`` of texts or cells under ``columns``; ``empty`` is the sentence where there are none."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    title: str = ""
    empty: str = ""


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text to be copied as it stands, e.g. a configuration file of the vendor's with this connector's addresses."""

    content: str
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A part of the connector's page only the provider can fill, drawn from what the hub keeps: ``function(run)`` makes
    no remote call. ``syncs`` are offered as buttons beside it."""

    name: str
    label: str
    function: Callable[[Run], Sequence[Table | Text]]
    syncs: Sequence[str] = ()
    help: str = ""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What all workers together may do to one connector: calls at once, and calls a second with a burst.
    ``kept_for_live``: of the calls at once, how many bulk work leaves free for live events. ``rests``: the pause between
    two calls runs from the end of the first, not from its start, so that two never come closer at the other end."""

    concurrency: int = 8
    kept_for_live: int = 0
    per_second: float = 0.0  # 0: no limit
    burst: int = 1
    rests: bool = False


@dataclass(frozen=True, kw_only=True)
class Retries:
    """How a passing fault is tried again, where a provider wants it otherwise than the hub: ``pauses_s`` before the second
    attempt, the third and so on, then the last one again; ``most(settings)``: attempts of one event."""

    pauses_s: Sequence[float]
    most: Callable[[Any], int]


@dataclass(frozen=True, kw_only=True)
class SandboxSpec:
    """``application()`` makes a fresh stand-in of the vendor; ``prefix`` is its place on the sandbox server.

    ``settings(base_url)`` are the settings (secrets included) of a connector pointed at it, for demo and tests."""

    prefix: str
    application: Callable[[], Application]
    settings: Callable[[str], dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a provider's reader makes of one stored answer: the neutral data, remarks, and errors. ``is_usable`` false:
    a storefront would get the neutral answer instead; ``data`` is what could be read all the same."""

    data: Any = None
    is_usable: bool = True
    notes: Sequence[str] = ()
    errors: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Provider:
    """``field_map_preview(settings, topic, request, answer)``: what its reader makes of a stored answer of that lookup;
    a provider that has it keeps its map in a setting named ``field_map``, and the hub offers a page to edit it.

    ``connect(run)`` makes the client where it needs more of the run than settings and HTTP (the shared pace, granted
    credentials); else ``client(settings, http)``. ``acknowledges``: told, by an event of its own, that a record it
    emitted became a document elsewhere, or failed to (see ``acknowledging``). ``object_url(settings, object_type,
    object_id)``: the page of an object in the remote system's own admin, empty where there is none.
    ``may_change(connector, old, new)``: what must not be changed any more, by setting, with why: asked where an
    administrator saves settings, of what the settings alone cannot tell (documents were sent already).
    ``starts_at(settings)``: records that came into being before are left out, unless somebody has them brought in all the
    same. ``mail_policy(settings)``: how the connector's failures are mailed. ``pace(settings)``: calls a second in place
    of the budget's ``per_second``, where a connector's settings say how fast its remote is.

    ``tones``: what cells of the tables it shows (``Run.show`` of comma separated text) mean: words a cell is, or ends in,
    to ``good``, ``warn`` or ``bad``; rows with a bad one are drawn first.

    ``leaves(run)``: what stays in the remote system when the connector is deleted, each a sentence with what to do
    before; told from what the hub keeps, without a remote call."""

    slug: str
    label: str
    settings: type
    description: str = ""
    documentation: str = ""
    client: Callable[[Any, Http], Any] | None = None
    connect: Callable[[Run], Any] | None = None
    checks: Sequence[Check] = ()
    probe: Callable[[Run], object] | None = None  # a harmless call that tells whether the remote works again
    webhook: Webhook | None = None
    handlers: Mapping[str, Handler] = field(default_factory=dict)
    spawns: Mapping[str, Handler] = field(default_factory=dict)  # events it makes itself, by ``run.spawn``
    ignored: frozenset[str] = frozenset()  # topics decided to be of no interest
    syncs: Mapping[str, Sync] = field(default_factory=dict)
    singles: Mapping[str, Single] = field(default_factory=dict)
    periods: Mapping[str, Period] = field(default_factory=dict)
    emits: Sequence[type[Record]] = ()
    accepts: Mapping[type[Record], Accept] = field(default_factory=dict)
    acknowledges: Mapping[type[Record], Acknowledgement] = field(default_factory=dict)
    lookups: Sequence[Lookup] = ()
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    panels: Sequence[Panel] = ()
    leaves: Callable[[Run], Sequence[str]] | None = None
    object_url: Callable[[Any, str, str], str] | None = None
    mappings: Sequence[MappingKind] = ()
    may_change: Callable[[Connector, Any, Any], Mapping[str, str]] | None = None
    contract_check: Callable[[Run], list[dict[str, Any]]] | None = None  # rows: see ``contracts``
    field_map_preview: Callable[[Any, str, bytes, bytes], Preview] | None = None
    assumptions: Sequence[Assumption] = ()
    names: Mapping[str, NameKind] = field(default_factory=dict)  # by the word of ``setting(names=...)``
    budget: Budget = Budget()
    retries: Retries | None = None
    starts_at: Callable[[Any], datetime | None] | None = None
    mail_policy: Callable[[Any], MailPolicy] | None = None
    pace: Callable[[Any], float] | None = None
    tones: Mapping[str, str] = field(default_factory=dict)
    retention_days: tuple[int, int] | None = None  # (successes, failures) where other than the hub's own
    sandbox: SandboxSpec | None = None

    def handler_of(self, topic: str) -> Handler | None:
        """What handles an event of a topic: a delivery, or what the provider spawned itself."""
        return self.handlers.get(topic) or self.spawns.get(topic)

    def budget_for(self, settings: Any) -> Budget:
        """The budget of a connector with these settings."""
        return self.budget if self.pace is None else replace(self.budget, per_second=self.pace(settings))
