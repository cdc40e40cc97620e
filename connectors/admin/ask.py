"""Asking a connector what it answers to storefronts, by hand: the lookup's own parameters as a form, its data as a table.

``/admin/connectors/connector/<pk>/ask/<topic>/``. The event is that of the API's; beside the neutral message stands what
really happened. One remote page is asked at a time, and its time is the lookup's own: no web thread is held for longer.
Answers name persons, so that asking needs the permission to see them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib.admin import AdminSite
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from connectors import lookups, registry
from connectors.admin import state
from connectors.api import questions as reading
from connectors.api.problems import Problem
from connectors.base import Answer, Lookup
from connectors.exceptions import ConfigurationError
from connectors.models import Connector
from events.listing import as_id
from events.models import Event, SearchKey

NAME = "connectors_connector_ask"
MOST_PAGES = 200  # asked in a row where somebody wants all of them
MOST_EMPTY = 5  # asked in a row where nobody does, while nothing is found
ROWS_SHOWN = 500
COLUMNS_SHOWN = 16
TEXT_SHOWN = 300
KEYS_OF = 20  # newest events of an object whose search keys name its customer


@dataclass(frozen=True)
class Question:
    """A link from the page of an object to a question about it."""

    label: str
    url: str


@dataclass(frozen=True)
class Row:
    """Cells in the order of the columns, and the lists within the row, by name."""

    cells: Sequence[str]
    parts: Sequence[tuple[str, Shown]] = ()


@dataclass(frozen=True)
class Shown:
    """Data as a table, and beside it the plain members."""

    columns: Sequence[str]
    rows: Sequence[Row]
    facts: Sequence[tuple[str, str]] = ()
    is_cut: bool = False


def may(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Whether somebody may ask: answers name persons, and cost calls."""
    return user.has_perm("connectors.check_connector") and user.has_perm("events.view_payload")  # type: ignore[union-attr]


def page(request: HttpRequest, site: AdminSite, connector: Connector, topic: str) -> HttpResponse:
    if not may(request.user):
        raise PermissionDenied
    provider = state.provider_of(connector)
    declared = list(provider.lookups) if provider is not None else []
    if not topic and len(declared) == 1:
        return redirect(path(connector, declared[0]))
    lookup = next((one for one in declared if one.topic == topic), None)
    if topic and lookup is None:
        raise Http404("This connector answers no such question.")
    context: dict[str, Any] = {
        **site.each_context(request),
        "title": f"Ask {connector}" if lookup is None else lookup.label,
        "connector": connector,
        "lookup": lookup,
        "choices": [(one.label, one.help, path(connector, one)) for one in declared],
    }
    if lookup is None:
        return TemplateResponse(request, "admin/connectors/connector/ask.html", context)
    form = _form(lookup, request.GET if request.method == "GET" else request.POST)
    context |= {"form": form, "path": path(connector, lookup), "why_not": _why_not(connector, lookup)}
    if request.method not in ("GET", "POST"):
        return HttpResponseNotAllowed(["GET", "POST"])
    if request.method == "POST":
        context |= _answered(request, connector, lookup)
        if getattr(request, "htmx", False):
            return TemplateResponse(request, "admin/connectors/connector/ask_answer.html", context)
    return TemplateResponse(request, "admin/connectors/connector/ask.html", context)


def path(connector: Connector, lookup: Lookup, **given: str) -> str:
    """The page of one question, with parameters filled in."""
    made = reverse(f"admin:{NAME}", args=[connector.pk, lookup.topic])
    return f"{made}?{urlencode(given)}" if given else made


def _form(lookup: Lookup, given: Mapping[str, Any]) -> forms.Form:
    """The parameters, those of the path first; not checked here: the API's own rules do that."""
    ids = {name: forms.CharField(max_length=reading.ID_LIMIT) for name in reading.placeholders(lookup.path)}
    form = type("AskForm", (lookup.params,), {})(initial=given)
    form.fields = {**ids, **form.fields}
    for field in form.fields.values():
        field.required = False  # the browser's own check would hide the sentence of the API
    return form  # type: ignore[no-any-return]


def _why_not(connector: Connector, lookup: Lookup) -> str:
    try:
        is_on = lookup.is_on(connector.load_settings())
    except ConfigurationError as error:
        return error.sentence
    return "" if is_on else f"“{lookup.label}” is switched off in the settings of {connector}."


def _answered(request: HttpRequest, connector: Connector, lookup: Lookup) -> dict[str, Any]:
    """What came of the question, for the template."""
    names = [*reading.placeholders(lookup.path), *lookup.params.base_fields]
    given = {
        name: request.POST[name].replace("\x00", "").strip() for name in names if request.POST.get(name, "").strip()
    }
    ids = {name: given.pop(name) for name in reading.placeholders(lookup.path) if name in given}
    if why_not := _why_not(connector, lookup):
        return {"problems": [("", why_not)]}
    missing = [name for name in reading.placeholders(lookup.path) if name not in ids]
    if missing:
        return {"problems": [(name, "Enter it.") for name in missing]}
    try:
        params = reading.checked(lookup.params, given, path=ids)
    except Problem as problem:
        return {"problems": [(one.field, one.message) for one in problem.errors] or [("", problem.detail)]}
    answer, event_id = lookups.answer(connector, lookup, params, asked_by=request.user.get_username())
    asked = (as_id(request.POST.get("asked", "")) or 0) + 1
    data = shown(answer.data) if answer.available else None
    wants_all = bool(request.POST.get("all"))
    return {
        "answer": answer,
        "event": _event(request, event_id),
        "event_path": state.event_path(event_id) if event_id else "",
        "data": data,
        "more": _more(answer, {**given, **ids}, asked),
        "asked": asked,
        "wants_all": wants_all,
        # An empty page says nothing yet where there are more (of another status): nobody should have to press for it.
        "reads_on": wants_all or (data is not None and not data.rows and asked < MOST_EMPTY),
    }


def _event(request: HttpRequest, event_id: int | None) -> Event | None:
    """The truth about the answer, for who may read events."""
    if event_id is None or not request.user.has_perm("events.view_event"):
        return None
    return Event.objects.filter(pk=event_id).first()


def _more(answer: Answer, given: Mapping[str, Any], asked: int) -> list[tuple[str, str]]:
    """The parameters of the next page; empty where this was the last, or enough were asked in a row."""
    following = answer.data.get("next") if answer.available and isinstance(answer.data, Mapping) else None
    if not isinstance(following, Mapping) or asked >= MOST_PAGES:
        return []
    return [(name, str(value)) for name, value in {**given, **following}.items()]


# --- data as a table --------------------------------------------------------------------------------------------------


def shown(data: Any) -> Shown:
    """The rows of the first list in the data, and its plain members."""
    members = data if isinstance(data, Mapping) else {}
    rows = data if isinstance(data, list) else next((v for v in members.values() if _is_rows(v)), [])
    facts = [(_in_words(name), _text(value)) for name, value in members.items() if name != "next" and value is not rows]
    return _table([row for row in rows if isinstance(row, Mapping)], [(k, v) for k, v in facts if v])


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) for one in value)


def _table(rows: Sequence[Mapping[str, Any]], facts: Sequence[tuple[str, str]] = ()) -> Shown:
    columns: dict[str, None] = {}
    for row in rows[:ROWS_SHOWN]:
        columns |= dict.fromkeys(name for name, value in row.items() if not _is_rows(value))
    names = [name for name in columns if any(_text(row.get(name)) for row in rows[:ROWS_SHOWN])][:COLUMNS_SHOWN]
    made = [
        Row(
            [_text(row.get(name)) for name in names],
            [(_in_words(name), _table(value)) for name, value in row.items() if _is_rows(value)],
        )
        for row in rows[:ROWS_SHOWN]
    ]
    return Shown([_in_words(name) for name in names], made, facts, len(rows) > ROWS_SHOWN)


def _in_words(name: str) -> str:
    """``sales_order_number`` as people write it."""
    return name.replace("_", " ").capitalize()


def _text(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {text}" for name, one in value.items() if (text := _text(one)))[:TEXT_SHOWN]
    if isinstance(value, list):
        return ", ".join(_text(one) for one in value)[:TEXT_SHOWN]
    return str(value)[:TEXT_SHOWN]


# --- from the page of an object ---------------------------------------------------------------------------------------


def questions(
    user: AbstractBaseUser | AnonymousUser,
    connector: Connector,
    object_type: str,
    object_id: str,
    rows: Sequence[Event],
) -> list[Question]:
    """What may be asked about an object: of its own connector, and of those its records go to. An order's customer is
    known by the search keys of its events."""
    if not may(user) or not object_id:
        return []
    routed = Connector.objects.filter(routes_in__source=connector).distinct()
    about = {object_type: object_id}
    found: list[Question] = []
    for one in [connector, *routed.order_by("name")]:
        for lookup in _about(one):
            if not about.keys() & lookup.about.keys():
                about |= _others(rows, set(lookup.about) - about.keys())
            for kind, param in lookup.about.items():
                if kind in about:
                    # “Invoices of a customer or company” asked about one of them.
                    label = f"{lookup.label.partition(' of ')[0]} of {'this' if kind == object_type else 'its'} {kind} in {one}"
                    found.append(Question(label, path(one, lookup, **{param: about[kind]})))
    return found


def _about(connector: Connector) -> list[Lookup]:
    try:
        return [lookup for lookup in connector.provider.lookups if lookup.about and not _why_not(connector, lookup)]
    except registry.UnknownProvider:
        return []


def _others(rows: Sequence[Event], kinds: set[str]) -> dict[str, str]:
    """Ids of other objects that the newest events of this one name."""
    ids = [event.pk for event in rows[:KEYS_OF]]
    keys = SearchKey.objects.filter(event_id__in=ids, kind__in=[f"{kind}_id" for kind in kinds]).order_by("event_id")
    return {kind.removesuffix("_id"): value for kind, value in keys.values_list("kind", "value")}
