"""Names that must be spelled as the vendor spells them: which there are, whether the vendor knows them.

The connection test looks for each, by kind; what it found is kept for the form. A kind nobody can look up stays
unchecked text, and says so.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.utils import timezone

from connectors import schema
from connectors.base import Check
from connectors.exceptions import ConfigurationError, HubError, Skip
from connectors.models import Connector, NameCheck, NameResult, Route
from connectors.rows import names_in
from connectors.run import Run
from connectors.schema import Declared
from connectors.vendor import NameFound, NameKind
from events.text import clean, fit

MOST = 25  # names of one kind that one test looks for
SIMILAR = 3


def held_by(one: Declared, value: Any) -> dict[str, set[str]]:
    """The names a setting's value holds, by kind; a kind without a name is there, too."""
    found = names_in(one.field, value)
    if one.names:
        many = value if isinstance(value, list | tuple) else [value]
        found.setdefault(one.names, set()).update(str(name).strip() for name in many if name and str(name).strip())
    return found


def kind_of(connector: Connector, word: str) -> NameKind:
    """What the provider declares of a kind; without a declaration it is unchecked."""
    return connector.provider.names.get(word) or NameKind(label=word.capitalize())


def checks_of(connector: Connector) -> list[Check]:
    """A line of *Test connection* for each kind of which the settings, or routes to the connector, hold a name."""
    found: dict[str, dict[str, list[str]]] = {}
    provider = connector.provider
    _collect(found, provider.settings, {**connector.settings, **connector.secrets})
    options = {record.kind: accept.options for record, accept in provider.accepts.items() if accept.options}
    for route in Route.objects.filter(target=connector, record_kind__in=options) if connector.pk else ():
        _collect(found, options[route.record_kind], route.options)
    return [
        Check(name=f"names:{word}", label=f"Names: {kind_of(connector, word).label}", function=_looking(word, names))
        for word, names in found.items()
        if names
    ]


def _collect(found: dict[str, dict[str, list[str]]], cls: type, stored: Mapping[str, Any]) -> None:
    for name, one in schema.declared(cls).items():
        if one.is_secret or not schema.is_shown(cls, name, stored):
            continue
        for word, names in held_by(one, stored.get(name, one.field.initial)).items():
            for each in sorted(names):
                found.setdefault(word, {}).setdefault(each, []).append(schema.label_of(cls, name))


def _looking(word: str, names: dict[str, list[str]]) -> Any:
    return lambda run: _look(run, word, names)


def _look(run: Run, word: str, names: dict[str, list[str]]) -> str:
    """The sentence of a kind all of whose names were found. Raises ``Skip`` where nothing can be said for sure and
    ``ConfigurationError`` where a name is not there."""
    kind, label = kind_of(run.connector, word), run.connector.provider.label
    if not kind.can_be_checked:
        raise Skip(f"Unchecked text: {_listed(names)}. {kind.unchecked or _unchecked(label)}", code="unchecked")
    said: dict[bool | None, list[str]] = {True: [], False: [], None: []}
    wrong: set[str] = set()  # settings that hold a name that is not there
    known: Sequence[str] | None = None
    for name in list(names)[:MOST]:
        try:
            known = known if known is not None else kind.listed(run) if kind.listed else ()
            found = _found(run, kind, name, known)
        except HubError as error:
            raise Skip(f"Could not be checked: {_listed(names)}. {error.sentence}", code="unchecked") from error
        similar = [] if found.is_found else close_to(name, found.known)
        _keep(run.connector, word, name, found, similar)
        said[found.is_found].append(f"“{name}”" + (f" (there is {_listed(similar)})" if similar else ""))
        if found.is_found is False:
            wrong.update(names[name])
    more = f" {len(names) - MOST} further names were not looked for." if len(names) > MOST else ""
    if said[False]:
        raise ConfigurationError(
            f"Not found in {label}: {', '.join(said[False])}.{more}",
            code="name_missing",
            next_step=f"Correct the spelling in the settings ({', '.join(sorted(wrong))}), or make it in {label}.",
        )
    if said[None]:
        raise Skip(f"Not seen in {label}, which proves nothing: {', '.join(said[None])}.{more}", code="unsure")
    return f"Seen in {label}: {', '.join(said[True])}.{more}"


def _found(run: Run, kind: NameKind, name: str, known: Sequence[str]) -> NameFound:
    if name in known:
        return NameFound(is_found=True)
    if kind.check is None:
        return NameFound(is_found=None, known=known)
    found = kind.check(run, name)
    return replace(found, known=[*found.known, *known])


def _unchecked(label: str) -> str:
    return f"Spell it exactly as in {label}."


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)


def close_to(name: str, known: Iterable[str]) -> list[str]:
    """Names that look like it, the closest first; never itself."""
    by_key = {one.casefold(): one for one in known if one and one != name}
    key = name.casefold()
    close = difflib.get_close_matches(key, by_key, n=SIMILAR, cutoff=0.5)
    within = [one for one in by_key if key in one or one in key]
    return [by_key[one] for one in dict.fromkeys([*close, *within])][:SIMILAR]


def _keep(connector: Connector, word: str, name: str, found: NameFound, similar: list[str]) -> None:
    if not connector.pk:
        return
    results = {True: NameResult.FOUND, False: NameResult.MISSING, None: NameResult.UNSEEN}
    NameCheck.objects.update_or_create(
        connector=connector,
        kind=fit(word, 60),
        name=fit(name, 200),
        defaults={
            "result": results[found.is_found],
            "similar": similar,
            "sentence": clean(found.sentence, 500),
            "checked_at": timezone.now(),
        },
    )
