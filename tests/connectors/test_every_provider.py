"""The contract every provider keeps. Parametrised over the registry: a new folder is covered without an edit.

``pytest tests/connectors/test_every_provider.py -k acme`` runs it for one provider. What is driven, and by which
samples: ``cases.py``; how the remote goes wrong: ``stage.py``.
"""

from __future__ import annotations

import ast
import base64
import copy
import dataclasses
import html
import importlib
import inspect
import itertools
import json
import random
import re
import time
import typing
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.test import Client
from pydantic import TypeAdapter

from connectors import checking, feeds, known, naming, registry, schema
from connectors.base import Budget, Handler, Provider
from connectors.exceptions import ConfigurationError, WebhookRejected
from connectors.forms import generated
from connectors.http import HttpClient
from connectors.models import Breaker, Bucket, Connector, Link
from connectors.recording import ListRecorder
from connectors.records import Record
from connectors.run import Run
from events.models import Digest, Event, Mail, Outcome, Reason, Rejection, RelatedRequest
from tests.connectors import cases as driving
from tests.connectors.stage import FAULTS, MARK, SHAPES, Stage, lost

pytestmark = pytest.mark.django_db

PROVIDERS = [one for one in registry.all_providers() if "." not in one.slug]
SENTENCE = re.compile(r"[A-Z“0-9(].*\w.* .*\w", re.DOTALL)  # some words that begin as a sentence does
UNITS = re.compile(
    r"\b(ms|s|seconds?|minutes?|hours?|days?|weeks?|months?|bytes|KiB|MiB|characters|percent|pieces|units|lines"
    r"|rows|entries|variants|pages?|calls|attempts|orders|points|cents|grams?|kg|metres?|letters|digits)\b|%",
    re.IGNORECASE,
)
OWN_WORDS = {"models.py", "admin.py", "urls.py", "apps.py", "views.py", "templates", "migrations", "static"}
LONGEST_FILE = 300  # lines
STEPS = 8  # requests of one run before which each fault is tried
CHANGES = 24  # members of real answers that are replaced, for each case
WRONG_VALUES: list[Any] = [None, "text", 12.5, [], {}, [[]], True, -1, ["text"], {"a": {"b": []}}, "", [None], 10**30]


@pytest.fixture(params=PROVIDERS, ids=lambda one: one.slug)
def provider(request) -> Provider:
    return request.param


_stages: dict[str, Stage] = {}


@pytest.fixture(scope="session", autouse=True)
def _close_stages() -> Iterator[None]:
    yield
    for one in _stages.values():
        one.ended.set()
        one.close()


@pytest.fixture
def stage(provider, settings, monkeypatch) -> Stage:
    """The provider's own sandbox, fresh, and the provider without pauses; a sink takes what it emits."""
    if provider.sandbox is None:
        pytest.skip(f"{provider.label} has no sandbox to drive it with")
    one = _stages.get(provider.slug) or _stages.setdefault(provider.slug, Stage(provider))
    one.reset()
    settings.HUB_ALLOWED_HOSTS_PLAIN = settings.HUB_ALLOWED_HOSTS_PLAIN | {one.place}
    monkeypatch.setitem(registry._providers, provider.slug, driving.hurried(provider))
    monkeypatch.setitem(registry._providers, "sink", driving.sink(provider))
    monkeypatch.setattr(feeds, "PAUSES_S", (0.0, 0.0))
    known.forget()
    return one


@pytest.fixture
def impatient(monkeypatch) -> None:
    """The hub's client waits half a second for an answer, whatever a provider allows."""
    ask = HttpClient.request

    def request(self: HttpClient, *given: Any, **more: Any) -> Any:
        return ask(self, *given, **{**more, "timeout_s": (2.0, 0.5), "budget_s": 0.5})

    monkeypatch.setattr(HttpClient, "request", request)


def params(of: str) -> list[Any]:
    """(provider, name) of everything a provider declares under a name: one test for each."""
    found = []
    for one in PROVIDERS:
        names = [case.name for case in driving.cases(one)] if one.sandbox else []
        found += [pytest.param(one, name, id=f"{one.slug}: {name}") for name in names if name.startswith(of)]
    return found


def case_of(provider: Provider, name: str) -> driving.Case:
    return next(one for one in driving.cases(provider) if one.name == name)


# --- the declaration ------------------------------------------------------------------------------------------------


def test_slug_label_and_documentation(provider):
    package = importlib.import_module(f"connectors.{provider.slug}")
    assert importlib.import_module(f"connectors.{provider.slug}.provider").provider is provider
    assert re.fullmatch(r"[a-z][a-z0-9_]{1,39}", provider.slug)
    assert provider.label
    assert provider.label.strip() == provider.label
    assert SENTENCE.match(provider.description), "one sentence that says what it is for"
    assert provider.documentation.startswith("https://")
    assert len((package.__doc__ or "").strip().splitlines()) >= 3, "the package says versions, limits and quirks"


def test_names_and_topics_are_unique_and_fit_their_columns(provider):
    topics = [*provider.handlers, *provider.spawns, *provider.ignored, *(one.topic for one in provider.lookups)]
    topics += [f"sync:{name}" for name in provider.syncs] + [f"single:{name}" for name in provider.singles]
    topics += [f"period:{name}" for name in provider.periods]
    topics += [f"{kind.kind}/{'feed' if one.feed else 'deliver'}" for kind, one in provider.accepts.items()]
    assert all((one.function is None) != (one.feed is None) for one in provider.accepts.values())
    assert len(topics) == len(set(topics)), "a topic is declared twice"
    assert all(0 < len(one) <= 120 and one == one.strip() for one in topics)
    for group in (provider.checks, provider.mappings):
        assert len({one.name for one in group}) == len(group)
    addresses = [(one.method, one.path) for one in provider.lookups]
    assert len(addresses) == len(set(addresses))
    assert all(method in ("GET", "POST") and not path.startswith("/") for method, path in addresses)
    named = [
        *provider.checks,
        *provider.syncs.values(),
        *provider.singles.values(),
        *provider.periods.values(),
        *provider.lookups,
        *provider.mappings,
    ]
    assert all(one.label.strip() for one in named)
    assert all(one.label or topic for topic, one in provider.handlers.items())


def test_numbers_of_the_declaration_are_sane(provider):
    if provider.retention_days is not None:
        success, failure = provider.retention_days
        assert 1 <= success <= failure <= 3650
    budget = provider.budget
    assert 1 <= budget.concurrency <= 64
    assert 0 <= budget.per_second <= 1000
    assert 1 <= budget.burst <= 1000
    assert all(
        1 <= one.max_attempts <= 20
        for one in (*provider.handlers.values(), *provider.spawns.values(), *provider.accepts.values())
    )
    assert all(one.every_minutes >= 0 for one in provider.syncs.values())
    assert not any(one.every_minutes and one.every for one in provider.syncs.values()), "two things decide one rhythm"
    if provider.retries is not None:
        assert provider.retries.pauses_s and all(0 < pause <= 86_400 for pause in provider.retries.pauses_s)
    assert all(0 < one.budget_s <= 130 and 1 <= one.share <= 32 for one in provider.lookups)


def test_records_it_emits_and_takes_are_records(provider):
    for one in (*provider.emits, *provider.accepts):
        assert issubclass(one, Record)
        assert one.kind
        assert one.label
    of_syncs = [one.records for one in provider.syncs.values() if one.records is not None]
    of_syncs += [one.records for one in provider.singles.values() if one.records is not None]
    for one in (*of_syncs, *(period.records for period in provider.periods.values())):
        assert issubclass(one, Record)
    handed_on = {period.records for period in provider.periods.values() if period.is_own is None}
    assert handed_on <= set(provider.emits), "nobody could be handed them"
    assert all(set(one.about.values()) <= set(one.params.base_fields) for one in provider.lookups)
    if provider.emits:
        assert provider.handlers or provider.syncs or provider.singles, "nothing could emit them"


def test_functions_that_destroy_are_never_superseded(provider):
    for topic, handler in provider.handlers.items():
        destroys = re.search(r"delet|redact|uninstall|erase", topic)
        assert not (destroys and handler.reads_current_state), topic
        assert isinstance(handler, Handler)


# --- the folder -----------------------------------------------------------------------------------------------------


def test_the_folder_holds_no_models_admin_addresses_or_templates(provider):
    assert [p.name for p in driving.folder(provider).iterdir() if p.name in OWN_WORDS] == []


def test_files_are_short_and_say_what_they_are_for(provider):
    for path in driving.folder(provider).rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= LONGEST_FILE, path.name
        assert ast.get_docstring(ast.parse(text)), f"{path.name} has no text of its own"


def test_it_imports_neither_another_provider_nor_the_rooms_above(provider):
    others = {one.slug for one in PROVIDERS} - {provider.slug}
    wrong = []
    for path in driving.folder(provider).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, "no relative imports"
                names = [f"{node.module}.{one.name}" for one in node.names]
            wrong += [(path.name, name) for name in names if name.split(".")[0] == "integration_hub"]
            wrong += [(path.name, n) for n in names if n.startswith("connectors.") and n.split(".")[1] in others]
    assert wrong == []


# --- settings -------------------------------------------------------------------------------------------------------


def schemas(provider: Provider) -> list[type]:
    return [provider.settings, *(one.options for one in provider.accepts.values() if one.options is not None)]


def test_every_setting_has_a_label_and_a_help_text_with_its_unit(provider):
    for cls in schemas(provider):
        for name, one in schema.declared(cls).items():
            assert one.field.label or name, name
            assert SENTENCE.match(str(one.field.help_text)), f"{name}: the help text is a sentence"
            if isinstance(one.field, forms.IntegerField | forms.DecimalField):
                said = f"{one.field.help_text} {one.field.label}"
                assert UNITS.search(said), f"{name}: neither label nor help says what it counts"
            assert one.group, name
            assert "_" not in str(one.field.label or ""), f"{name}: a label is for people"


def test_what_a_setting_depends_on_is_another_setting_and_one_of_its_values(provider):
    for cls in schemas(provider):
        known = schema.declared(cls)
        for name, one in known.items():
            if not one.shown_when:
                continue
            other, *wanted = one.shown_when
            assert other in known, f"{name} depends on {other}, which is no setting"
            assert other != name
            field = known[other].field
            if isinstance(field, forms.BooleanField):
                assert set(wanted) <= {"on", "off"}, name
            elif isinstance(field, forms.ChoiceField):
                assert set(wanted) <= {str(value) for value, _ in schema.flat_choices(field.choices)}, name
            assert SENTENCE.match(schema.condition(cls, name)), name


def test_assumptions_are_sentences_about_what_can_be_shown(provider):
    for cls in schemas(provider):
        for name, one in schema.declared(cls).items():
            if one.assumed:
                assert not one.is_secret, f"{name}: a secret cannot be shown to whom it is to be confirmed with"
                assert SENTENCE.match(one.assumed), name
            assert not one.proof or (one.assumed and SENTENCE.match(one.proof)), name
            said = f"{one.field.label} {one.field.help_text} {one.assumed} {one.proof}"
            assert not re.search(r"\bG-\d{2}\b", said), f"{name} quotes a number nobody outside can look up"


def test_the_kinds_of_names_are_declared(provider):
    for cls in schemas(provider):
        for name, one in schema.declared(cls).items():
            kinds = set(naming.held_by(one, one.field.initial))
            assert kinds <= set(provider.names), f"{name} names {kinds - set(provider.names)}, which is not declared"


def test_settings_are_frozen_dataclasses_made_of_settings_only(provider):
    for cls in schemas(provider):
        assert dataclasses.is_dataclass(cls)
        assert cls.__dataclass_params__.frozen, "settings do not change while they are used"
        assert {f.name for f in dataclasses.fields(cls)} == set(schema.declared(cls))


def loaded(provider: Provider, base_url: str) -> Any:
    assert provider.sandbox is not None
    return schema.load(provider.settings, provider.sandbox.settings(base_url))


def test_annotations_agree_with_what_the_form_fields_give(provider, stage):
    """Checked on the loaded settings of the sandbox and on the values each field has where nothing is filled in."""
    for cls in schemas(provider):
        hints = typing.get_type_hints(cls)
        whole = loaded(provider, stage.address()) if cls is provider.settings else schema.load(cls, {})
        for name, one in schema.declared(cls).items():
            adapter = TypeAdapter(hints[name])
            adapter.validate_python(getattr(whole, name), strict=True)
            if not one.field.required:
                empty = one.field.clean(one.field.initial)
                adapter.validate_python(tuple(empty) if isinstance(empty, list) else empty, strict=True)
            if one.shown_when:  # what stands for it while it has no say and what is stored does not fit
                unused = schema._unused(one.field)
                adapter.validate_python(tuple(unused) if isinstance(unused, list) else unused, strict=True)
            kind: Any = KINDS.get(type(one.field), hints[name])
            may_be_missing = kind in (int, Decimal) and not one.field.required
            assert hints[name] == (kind | None if may_be_missing else kind), name


KINDS: dict[type, type] = {
    forms.CharField: str, forms.ChoiceField: str, forms.RegexField: str, forms.URLField: str, forms.EmailField: str,
    forms.IntegerField: int, forms.BooleanField: bool, forms.DecimalField: Decimal,
}  # fmt: skip


def test_secrets_are_texts_whose_names_say_so_too(provider):
    telling = re.compile(r"secret|password|token|api_key|private_key|passphrase|credential")
    for name, one in schema.declared(provider.settings).items():
        if one.is_secret:
            assert isinstance(one.field, forms.CharField), name
        else:
            assert not telling.search(name), f"{name} is not declared secret"


def with_loud_secrets(provider: Provider, base_url: str) -> tuple[Any, dict[str, str]]:
    """Settings whose every secret is a text of its own."""
    assert provider.sandbox is not None
    loud = {name: f"loud-{name.replace('_', '-')}-9f3a" for name in schema.secret_names(provider.settings)}
    return schema.load(provider.settings, {**provider.sandbox.settings(base_url), **loud}), loud


def test_repr_and_str_of_settings_hide_secrets(provider, stage):
    settings, loud = with_loud_secrets(provider, stage.address())
    for shown in (repr(settings), str(settings), f"{settings}", repr([settings]), repr({"s": settings})):
        assert [name for name, text in loud.items() if text in shown] == []
    assert sorted(schema.secret_values(settings)) == sorted(loud.values())


def test_the_form_renders_and_the_page_shows_no_secret(provider, stage, administrator):
    connector = driving.on_stage(provider, stage)
    loud = {name: f"loud-{name.replace('_', '-')}-9f3a" for name in schema.secret_names(provider.settings)}
    for name, text in loud.items():
        connector.set_secret(name, text)
    connector.save()
    browser = Client()
    browser.force_login(administrator)
    for tab in ("", "?tab=settings", "?tab=overview"):
        answer = browser.get(f"/admin/connectors/connector/{connector.pk}/change/{tab}")
        assert answer.status_code == 200
        page = answer.content.decode()
        assert [name for name, text in loud.items() if text in page or connector.secrets[name] in page] == []
        if tab == "?tab=settings":
            for name, one in schema.declared(provider.settings).items():
                assert f'name="{generated.PREFIX}{name}' in page, f"{name} is not in the form"
                assert html.escape(str(one.field.label or "")) in page


def test_the_forms_of_routes_render(provider):
    for accept in provider.accepts.values():
        if accept.options is None:
            continue
        fields = generated.form_fields(accept.options)
        form = type("Options", (forms.Form,), dict(fields))()
        assert form.as_p()
        assert {name for _, options in generated.fieldsets(accept.options) for name in options["fields"]} == set(fields)


def test_settings_that_are_wrong_name_a_field_and_keep_their_secrets(provider, stage):
    """Every required setting left out is an error at that setting; no error repeats a secret."""
    assert provider.sandbox is not None
    good = provider.sandbox.settings(stage.address())
    required = [n for n, one in schema.declared(provider.settings).items() if one.field.required and n in good]
    for name in required:
        connector = Connector(name="x", slug="x", provider_slug=provider.slug)
        connector.put_settings({**good, name: ""})
        with pytest.raises(ConfigurationError) as caught:
            connector.load_settings()
        assert SENTENCE.match(caught.value.sentence)
        assert not any(text in caught.value.sentence for text in stage.secrets)


# --- deliveries -----------------------------------------------------------------------------------------------------


def deliveries() -> list[Any]:
    return [pytest.param(p, topic, id=f"{p.slug}: {topic}") for p in PROVIDERS if p.webhook for topic in p.handlers]


def test_each_topic_has_a_sample_and_the_provider_can_sign_it(provider):
    if provider.webhook is None:
        assert not provider.handlers, "a handler of deliveries needs a webhook"
        return
    assert SENTENCE.match(provider.webhook.setup), "setup says where the address is entered at the vendor"
    module = importlib.import_module(f"connectors.{provider.slug}.webhooks")
    assert list(inspect.signature(module.sign).parameters) == ["settings", "headers", "body"]
    missing = [topic for topic in provider.handlers if driving.sample(provider, topic, "body") is None]
    assert missing == [], "topics without a sample"


def test_samples_hold_no_secret(provider, stage):
    if provider.sandbox is None:
        return
    secrets = schema.secret_values(loaded(provider, stage.address()))
    for path in (driving.folder(provider) / "samples").glob("*"):
        text = path.read_text(encoding="utf-8")
        assert [secret for secret in secrets if secret in text] == [], path.name


@pytest.mark.parametrize(("provider", "topic"), deliveries())
def test_a_sample_really_signed_is_stored_under_its_topic(provider, topic, stage):
    connector = driving.on_stage(provider, stage)
    one = driving.sample(provider, topic, "body")
    body = one["body"].encode()
    answer = driving.post(connector, driving.signed(connector, one["headers"], body), body)
    assert answer.status_code == 200, answer.content
    event = Event.objects.get()
    assert event.topic == topic
    assert event.outcome == Outcome.QUEUED, event.sentence
    identity = driving.identity_of(provider, one)
    assert identity.topic in provider.handlers
    assert identity.topic not in provider.ignored
    assert bool(identity.object_type) == bool(identity.object_id)
    if provider.handlers[topic].reads_current_state:
        assert identity.object_id, "superseding needs the object's id"
        assert event.lock_key
    assert all(kind and value == value.strip() for kind, value in identity.keys)
    again = driving.post(connector, driving.signed(connector, one["headers"], body), body)
    assert (again.status_code, again.json()["duplicate"]) == (200, True)
    assert Event.objects.count() == 1
    assert driving.leaks(stage) == []


@pytest.mark.parametrize(("provider", "topic"), deliveries())
def test_a_delivery_with_a_bad_signature_is_401_counted_and_not_stored(provider, topic, stage):
    connector = driving.on_stage(provider, stage)
    one = driving.sample(provider, topic, "body")
    body = one["body"].encode()
    good = driving.signed(connector, one["headers"], body)
    names = [name for name in good if good[name] != one["headers"].get(name)]
    assert names, "the sample carries a valid signature"
    posts = [
        (one["headers"], body),
        (good, body + b" "),
        (good, body[:-1]),
        (good, b""),
        (good, body.replace(b"1", b"2")),
    ]
    for name in names:
        value = good[name]
        wrong = [
            "",
            value[:-2],
            value[::-1],
            "é",
            "0" * len(value),
            base64.b64encode(b"\0" * 32).decode(),
        ]
        posts += [({k: v for k, v in good.items() if k != name}, body)]
        posts += [({**good, name: text}, body) for text in wrong if text != value]
    for headers, content in posts:
        assert driving.post(connector, headers, content).status_code == 401
    assert Event.objects.count() == 0
    [counted] = Rejection.objects.all()
    assert (counted.connector_id, counted.reason, counted.count) == (connector.pk, "bad_signature", len(posts))


def test_without_a_secret_nothing_is_believed(provider, stage):
    """Secrets that are optional and empty must not make a key everybody knows."""
    if provider.webhook is None or not provider.handlers:
        return
    topic = next(iter(provider.handlers))
    one = driving.sample(provider, topic, "body")
    settings = loaded(provider, stage.address())
    secrets = dict.fromkeys(schema.secret_names(provider.settings), "")
    bare = dataclasses.replace(settings, **secrets)
    module = importlib.import_module(f"connectors.{provider.slug}.webhooks")
    headers = {k.lower(): v for k, v in module.sign(settings, one["headers"], one["body"].encode()).items()}
    try:
        macs = provider.webhook.signature(bare, {**one["headers"], **headers}).macs
    except WebhookRejected:
        return
    assert macs == [], "an empty secret counts"


@pytest.mark.parametrize(("provider", "topic"), deliveries())
@pytest.mark.parametrize(
    "content", ["null", "[]", "{}", '"text"', "12.5", '{"id": null}', '{"id": {"a": [1]}}', "not json"]
)
def test_a_signed_delivery_of_any_shape_ends_in_one_outcome(provider, topic, content, stage):
    connector = driving.on_stage(provider, stage)
    one = driving.sample(provider, topic, "body")
    body = content.encode()
    answer = driving.post(connector, driving.signed(connector, one["headers"], body), body)
    assert answer.status_code == 200, answer.content
    event = Event.objects.get()
    ended = driving.again(event) if event.outcome == Outcome.QUEUED else driving.Ended(event)
    check_ended(ended)
    assert ended.event.reason_code != "not_identified", "identify fails where only the body is odd"


def test_ignored_topics_are_skipped(provider, stage):
    if provider.webhook is None or not provider.handlers:
        return
    for topic in provider.ignored:
        connector = driving.on_stage(provider, stage)
        sampled = next(iter(provider.handlers))
        one = driving.sample(provider, sampled, "body")
        headers = {name: value.replace(sampled, topic) for name, value in one["headers"].items()}
        body = one["body"].replace(sampled, topic).encode()
        assert driving.post(connector, driving.signed(connector, headers, body), body).status_code == 200
        event = Event.objects.latest("id")
        assert (event.topic, event.outcome, event.reason) == (topic, Outcome.SKIPPED, Reason.IGNORED)


def test_an_unproven_call_of_an_endpoint_gets_nothing(provider, stage):
    connector = driving.on_stage(provider, stage)
    for name in provider.endpoints:
        address = f"/hooks/{connector.webhook_token}/{name}"
        answers = [Client().get(address), Client().post(address, b"{", content_type="application/json")]
        assert all(400 <= answer.status_code < 500 or answer.status_code == 200 for answer in answers)
    assert RelatedRequest.objects.count() == 0


# --- test connection ------------------------------------------------------------------------------------------------


def test_every_check_passes_against_the_sandbox(provider, stage):
    connector = driving.on_stage(provider, stage)
    report = checking.check_connector(connector, by="ada")
    settings = connector.load_settings()
    off = {check.name: check.off for check in provider.checks if not check.applies(settings)}  # a setting chose so
    assert len(off) < len(provider.checks)
    checks = {line.name: line for line in report.lines if not line.name.startswith("names:")}
    assert set(checks) == {check.name for check in provider.checks}
    assert [
        (line.name, line.sentence) for line in checks.values() if line.result != "ok" and line.name not in off
    ] == []
    assert {name: (checks[name].result, checks[name].sentence) for name in off} == {
        name: ("off", why) for name, why in off.items()
    }
    for line in report.lines:
        if line.name.startswith("names:"):
            # A name may be one that nobody can look up; none of the sandbox's own is missing there, and what can be
            # looked for is.
            kind = naming.kind_of(connector, line.name.partition(":")[2])
            assert line.result in (("ok", "unsure") if kind.can_be_checked else ("unchecked",)), line
    assert all(SENTENCE.match(line.sentence) for line in report.lines)
    assert Event.objects.get(pk=report.event_id).outcome == Outcome.SUCCEEDED
    assert stage.count > 0, "no check asks the remote anything"
    checking.run_probe(connector)
    assert driving.leaks(stage) == []


def test_a_check_that_a_setting_switches_off_works_where_it_is_on(provider, stage):
    """Off at the sandbox's own settings, it would otherwise never have run at all."""
    connector = driving.on_stage(provider, stage)
    settings = connector.load_settings()
    run = Run(connector, None, recorder=ListRecorder(trace_id=""), budget_s=20.0)
    for check in provider.checks:
        if not check.applies(settings):
            asked = stage.count
            assert SENTENCE.match(check.function(run)), check.name
            assert stage.count > asked, f"{check.name} asks the remote nothing"


def dead(connector: Connector, stage: Stage) -> None:
    """Point the connector to a port where nobody listens."""
    connector.settings = json.loads(json.dumps(connector.settings).replace(stage.place, "127.0.0.1:1"))
    connector.save()


@pytest.mark.parametrize("fault", ["500", "401", "429", "html", "garbage", "nothing", "reset", "silent"])
def test_checks_fail_with_a_sentence_and_a_next_step(provider, stage, fault, impatient, settings):
    connector = driving.on_stage(provider, stage)
    talking = talks(provider, stage)
    if fault == "nothing":
        settings.HUB_ALLOWED_HOSTS_PLAIN = settings.HUB_ALLOWED_HOSTS_PLAIN | {"127.0.0.1:1"}
        dead(connector, stage)
    else:
        stage.set(FAULTS[fault])
    report = checking.check_connector(connector, by="ada")
    failed = {line.name for line in report.lines if line.result == "failed"}
    assert failed, [line.sentence for line in report.lines]
    for line in report.lines:
        assert SENTENCE.match(line.sentence), line
        assert not line.sentence.startswith("The check itself failed"), line
        assert SENTENCE.match(line.next_step) or line.result != "failed", line
    if fault in ("nothing", "reset", "silent"):
        fine = {line.name for line in report.lines if line.result == "ok"}
        assert fine & talking == set(), "says that all is well though nobody answered"
    event = Event.objects.get(pk=report.event_id)
    assert (event.outcome, bool(event.reason)) == (Outcome.FAILED, True)
    with pytest.raises(Exception) as probed:
        checking.run_probe(connector)
    assert type(probed.value).__module__ == "connectors.exceptions", probed.value
    assert driving.leaks(stage) == []


def talks(provider: Provider, stage: Stage) -> set[str]:
    """Names of the checks that ask the remote anything."""
    found = set()
    for check in provider.checks:
        connector = driving.on_stage(provider, stage)
        run = checking.Run(connector, None, recorder=checking.ListRecorder("1"))
        try:
            check.function(run)
        except checking.Skip:
            continue
        if run.http.request_count:
            found.add(check.name)
    return found


# --- runs -----------------------------------------------------------------------------------------------------------


def check_ended(ended: driving.Ended) -> None:
    """Exactly one outcome, typed, in words, and no bug."""
    event = ended.event
    assert event.reason != Reason.BUG, ended.text
    assert event.outcome in (Outcome.SUCCEEDED, Outcome.SKIPPED, Outcome.FAILED, Outcome.WAITING), ended.text
    assert SENTENCE.match(event.sentence), ended.text
    assert "Traceback" not in event.sentence
    if event.outcome != Outcome.SUCCEEDED:
        assert event.reason in Reason.values, ended.text
    if event.outcome == Outcome.FAILED:
        assert SENTENCE.match(event.next_step) or ended.answer is not None, ended.text
    if event.outcome == Outcome.WAITING:
        assert event.due_at is not None, ended.text


def check_written(stage: Stage) -> None:
    """Nothing that was written down holds a secret: events, requests, families, mails, health, breakers."""
    assert driving.leaks(stage) == []
    if Event.objects.filter(outcome=Outcome.FAILED).exists():
        assert Mail.objects.exists() or Digest.objects.exists(), "a failure was told to nobody, and will not be"


def fresh(provider: Provider, stage: Stage) -> Connector:
    """A new connector and a fresh sandbox: nothing of an earlier run is left."""
    stage.application = stage.spec.application()
    Breaker.objects.all().delete()
    Bucket.objects.all().delete()
    return driving.on_stage(provider, stage)


def carried_on(ended: Any) -> Any:
    """Work that was put down because the remote is still at it goes on by itself; its end."""
    check_ended(ended)
    for _ in range(30):
        if ended.event.outcome != Outcome.WAITING or ended.event.reason != Reason.DEPENDENCY:
            break
        time.sleep(0.2)
        ended = driving.again(ended.event)
        check_ended(ended)
    return ended


@pytest.mark.parametrize(("provider", "name"), params(""))
def test_it_succeeds_against_the_sandbox(provider, name, stage):
    ended = carried_on(case_of(provider, name).run(driving.on_stage(provider, stage)))
    assert ended.event.outcome == Outcome.SUCCEEDED, ended.text
    if ended.answer is not None:
        assert ended.answer.available, ended.answer
    assert stage.count == RelatedRequest.objects.count(), "a call was made beside the hub's client"
    assert all(one.request_headers.get("X-Request-Id") for one in RelatedRequest.objects.all())
    assert not any(secret in one.path for one in stage.received for secret in stage.secrets), "a secret in an address"
    check_written(stage)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("provider", "name"), params(""))
def test_a_fault_at_any_request_ends_in_one_outcome(provider, name, fault, stage, request):
    """The fault comes at the first request, then at the second one, and so on through the whole run."""
    if fault == "silent":
        request.getfixturevalue("impatient")
    case = case_of(provider, name)
    for after in range(STEPS):
        connector = fresh(provider, stage)
        stage.set(FAULTS[fault], after=after)
        ended = case.run(connector)
        if not stage.hits:
            break
        check_ended(ended)
        if ended.answer is None:
            gone = (Outcome.SKIPPED,) if fault == "404" else ()  # there is no such object, and that may be all right
            assert ended.event.outcome in (Outcome.FAILED, Outcome.WAITING, *gone), (after, ended.text)
        else:
            assert not ended.answer.available or after, (after, ended.text)
        if fault in ("500", "503", "429", "silent", "reset") and ended.answer is None and not stage_wrote(ended):
            assert ended.event.outcome == Outcome.WAITING, (after, ended.text)
        if ended.answer is not None and not ended.answer.available:
            check_neutral(provider, case, ended, stage)
    check_written(stage)


def stage_wrote(ended: driving.Ended) -> bool:
    return ended.event.requests.filter(is_write=True).exists()


def check_neutral(provider: Provider, case: driving.Case, ended: driving.Ended, stage: Stage) -> None:
    """What a shopper sees is the provider's own neutral text, or the plain news that there is no such object."""
    answer = ended.answer
    assert answer is not None
    assert MARK not in ended.shown
    assert "127.0.0.1" not in ended.shown
    assert not any(secret in ended.shown for secret in stage.secrets)
    assert answer.message
    assert answer.data is None
    lookup = next(one for one in provider.lookups if case.name == f"lookup {one.topic}")
    neutral = lookup.neutral(loaded(provider, stage.address()))
    if ended.event.outcome == Outcome.FAILED:
        assert (answer.message, answer.fallback, answer.status) == (neutral.message, neutral.fallback, 200)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("provider", "name"), params(""))
def test_json_that_is_no_answer_is_no_bug_and_no_success(provider, name, shape, stage):
    case = case_of(provider, name)
    for after in range(STEPS):
        connector = fresh(provider, stage)
        stage.set(SHAPES[shape], after=after)
        ended = case.run(connector)
        if not stage.hits:
            break
        check_ended(ended)
        if name.startswith("accept"):
            assert ended.event.outcome != Outcome.SUCCEEDED, (after, ended.text)
            assert not Link.objects.filter(target=connector).exists()


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a JSON value, of lists the first element only."""
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, one in members:
        yield from places(one, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    if not path:
        return copy.deepcopy(by)
    try:
        changed = copy.copy(value)
        changed[path[0]] = replaced(value[path[0]], path[1:], by)
    except (KeyError, IndexError, TypeError):
        return value
    return changed


@pytest.mark.parametrize(("provider", "name"), params(""))
def test_a_real_answer_with_one_wrong_member_is_no_bug(provider, name, stage):
    """Each answer of a good run, one member replaced by a value of another kind: a choice, always the same."""
    case = case_of(provider, name)
    case.run(fresh(provider, stage))
    answers = list(stage.answers_given)
    chances = [(n, path) for n, answer in enumerate(answers) for path in places(answer)]
    dice = random.Random(f"{provider.slug} {name}")
    dice.shuffle(chances)
    kinds = itertools.cycle(dice.sample(WRONG_VALUES, len(WRONG_VALUES)))
    for number, path in chances[:CHANGES]:
        by = next(kinds)
        connector = fresh(provider, stage)
        stage.set(None, change=lambda n, answer, at=number, p=path, v=by: replaced(answer, p, v) if n == at else answer)
        ended = case.run(connector)
        assert ended.event.reason != Reason.BUG, (number, path, by, ended.text)
        check_ended(ended)


# --- nothing is written twice ---------------------------------------------------------------------------------------


def writes(stage: Stage) -> list[tuple[str, str, str]]:
    """(method, path, body) of what the remote was asked to change, each time: the requests the hub marked as writes,
    told apart by the id each one carries, because reads and writes may share one address."""
    marked = {one.request_headers["X-Request-Id"] for one in RelatedRequest.objects.filter(is_write=True)}
    return [
        (one.method, one.path.split(f"/{stage.spec.prefix}", 1)[1], one.body.decode("utf-8", "replace"))
        for one in stage.received
        if one.headers.get("x-request-id") in marked
    ]


@pytest.mark.parametrize(("provider", "name"), params("handler") + params("accept") + params("feed") + params("single"))
def test_the_same_event_run_twice_writes_once(provider, name, stage):
    connector = driving.on_stage(provider, stage)
    started = case_of(provider, name).start(connector)
    first = driving.again(started)
    once = writes(stage)
    second = driving.again(first.event)
    check_ended(second)
    assert second.event.outcome in (Outcome.SUCCEEDED, Outcome.SKIPPED), second.text
    assert writes(stage) == once
    if name.startswith("accept"):
        assert once, "it wrote nothing at all, or does not mark its writes (write=True)"


def accepted() -> list[Any]:
    return [pytest.param(p, kind, id=f"{p.slug}: {kind.kind}") for p in PROVIDERS if p.sandbox
            for kind, accept in p.accepts.items() if accept.function is not None]  # fmt: skip


@pytest.mark.parametrize(("provider", "record_type"), accepted())
def test_an_equal_record_delivered_again_is_unchanged(provider, record_type, stage):
    connector = driving.on_stage(provider, stage)
    first = driving.again(driving.delivery(provider, connector, record_type))
    link = Link.objects.get(target=connector)
    assert first.event.outcome == Outcome.SUCCEEDED, first.text
    assert link.target_object_id
    count = len(writes(stage))
    second = driving.again(driving.delivery(provider, connector, record_type))
    assert (second.event.outcome, second.event.reason) == (Outcome.SKIPPED, Reason.UNCHANGED), second.text
    assert len(writes(stage)) == count


@pytest.mark.parametrize(("provider", "record_type"), accepted())
def test_a_ledger_that_was_lost_makes_no_second_document(provider, record_type, stage):
    """As after an old backup: the object is at the target, the hub does not know it any more."""
    connector = driving.on_stage(provider, stage)
    first = driving.again(driving.delivery(provider, connector, record_type))
    made = Link.objects.get(target=connector)
    count = len(writes(stage))
    Link.objects.all().delete()
    second = driving.again(driving.delivery(provider, connector, record_type))
    check_ended(second)
    assert len(writes(stage)) == count, second.text
    if second.event.outcome == Outcome.SUCCEEDED:
        assert Link.objects.get(target=connector).target_object_id == made.target_object_id
    assert first.event.pk != second.event.pk


@pytest.mark.parametrize(("provider", "record_type"), accepted())
def test_a_write_whose_answer_is_lost_is_not_done_again(provider, record_type, stage):
    """The remote did it and died before it answered, at each request of the run; then it is well again."""
    for after in range(STEPS):
        connector = fresh(provider, stage)
        Link.objects.all().delete()
        RelatedRequest.objects.all().delete()
        event = driving.delivery(provider, connector, record_type)
        stage.set(lost, after=after)
        ended = driving.again(event)
        if not stage.hits:
            break
        check_ended(ended)
        stage.set(None)
        for _ in range(2):
            if ended.event.outcome == Outcome.WAITING:
                driving.minutes_later()  # a connector may give a lost call its time
                ended = driving.again(event)
                check_ended(ended)
        assert len({body for *_, body in writes(stage)}) == len(writes(stage)), (after, writes(stage))
        assert ended.event.outcome in (Outcome.SUCCEEDED, Outcome.SKIPPED) or (
            ended.event.reason == Reason.UNCONFIRMED_WRITE
        ), (after, ended.text)


# --- lookups and the sandbox ----------------------------------------------------------------------------------------


def test_lookups_declare_a_neutral_answer_an_example_and_their_parameters(provider, stage):
    for one in provider.lookups:
        neutral = one.neutral(loaded(provider, stage.address()))
        assert (neutral.available, neutral.data, neutral.status) == (False, None, 200), one.topic
        assert neutral.message, one.topic
        assert json.dumps(one.answer_example) != "null", f"{one.topic}: no example for the documentation"
        assert one.is_on(loaded(provider, stage.address())), f"{one.topic} is off in the sandbox's settings"
        assert SENTENCE.match(one.help), one.topic
        for name, field in one.params.base_fields.items():
            assert field.help_text, f"{one.topic}: {name} has no help text"
        if one.customer_param:
            assert one.customer_param in one.params.base_fields


def test_the_sandbox_is_marked_as_one(provider, stage, settings):
    settings.SANDBOX_URL = stage.url
    assert driving.on_stage(provider, stage).is_sandbox
    assert provider.sandbox is not None
    assert re.fullmatch(r"[a-z0-9-]+", provider.sandbox.prefix)
    assert [p.slug for p in PROVIDERS if p.sandbox and p.sandbox.prefix == provider.sandbox.prefix] == [provider.slug]


def test_two_sandboxes_share_nothing(provider, stage):
    """What is done in one is not seen in the other, nor after a reset."""
    first, second = stage.application, stage.spec.application()
    assert first is not second
    # Cases of one sandbox meet each other's work (what was shipped cannot begin to be picked): each round the same way.
    once = [carried_on(case.run(driving.on_stage(provider, stage))) for case in driving.cases(provider)]
    assert all(one.event.outcome in (Outcome.SUCCEEDED, Outcome.SKIPPED) for one in once), [one.text for one in once]
    stage.control("POST", "fault", {"kind": "500", "times": 3, "match": "/"})
    assert stage.journal()
    stage.application = second
    assert stage.journal() == []
    before = stage.count
    again = [carried_on(case.run(driving.on_stage(provider, stage))) for case in driving.cases(provider)]
    assert [one.event.outcome for one in again] == [one.event.outcome for one in once], [one.text for one in again]
    assert stage.count > before
    stage.control("POST", "reset", {})
    assert stage.journal() == []


def test_the_rate_budget_is_the_providers_own(provider):
    assert isinstance(provider.budget, Budget)
