"""``manage.py describe_settings``: the settings reference of ``docs/connectors/<slug>.md``, made from the schemas.

A page keeps its prose; only what stands between the two markers is written. Route options, where a provider takes
records, are described beside its settings. ``--check`` changes nothing and fails where a page is stale.
"""

from __future__ import annotations

import re
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import MaxValueValidator, MinValueValidator

from connectors import registry, schema
from connectors.base import Provider
from connectors.rows import RowsField
from connectors.schema import Declared

START = "<!-- settings: made by `manage.py describe_settings` -->"
END = "<!-- end of settings -->"
BETWEEN = re.compile(re.escape(START) + r".*?" + re.escape(END), re.DOTALL)
FEW = 12  # choices that are listed; longer lists (time zones) differ from machine to machine
ASSUMED = "| of | what the hub takes for granted | how to find out |\n| --- | --- | --- |"
HEAD = "| setting | what it is | default |\n| --- | --- | --- |"


class Command(BaseCommand):
    requires_system_checks = []  # the schemas are code: no database is asked
    help = "Write the settings reference of every docs/connectors/<slug>.md from the providers' schemas."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("provider", nargs="*", help="slugs; default: every provider that has a page")
        parser.add_argument("--check", action="store_true", help="change nothing; exit 1 where a page is stale")
        parser.add_argument("--print", action="store_true", help="print the reference instead of writing it")

    def handle(self, *args: Any, **options: Any) -> None:
        stale = []
        for provider in _chosen(options["provider"]):
            made = reference(provider)
            if options["print"]:
                self.stdout.write(made)
                continue
            path = page_of(provider)
            before = path.read_text(encoding="utf-8")
            place = BETWEEN.search(before)
            if place is None:
                raise CommandError(f"{path.name} has no place for the reference: add the lines\n{START}\n{END}")
            after = f"{before[: place.start()]}{START}\n\n{made}\n\n{END}{before[place.end() :]}"
            if after != before and options["check"]:
                stale.append(path.name)
            elif after != before:
                path.write_text(after, encoding="utf-8")
                self.stdout.write(f"{path.name} written.")
        if stale:
            raise CommandError(f"Stale: {', '.join(stale)}. Run `manage.py describe_settings`.")


def page_of(provider: Provider) -> Path:
    return Path(settings.BASE_DIR) / "docs" / "connectors" / f"{provider.slug}.md"


def _chosen(slugs: list[str]) -> list[Provider]:
    if not slugs:
        return [provider for provider in registry.all_providers() if page_of(provider).exists()]
    try:
        return [registry.get(slug) for slug in slugs]
    except registry.UnknownProvider as error:
        raise CommandError(str(error)) from error


def reference(provider: Provider) -> str:
    """The tables of one provider, in Markdown: its settings by group, then the options of routes to it."""
    parts = list(_tables(provider.settings, "###"))
    for record, accept in provider.accepts.items():
        if accept.options is not None:
            parts.append(f"### Options of a route: {record.label.lower()}")
            parts += _tables(accept.options, "####")
    if provider.assumptions:
        rows = [f"| {_cell(one.label)} | {_cell(one.text)} | {_cell(one.proof)} |" for one in provider.assumptions]
        parts.append("\n".join(("### What is assumed beside the settings", "", ASSUMED, *rows)))
    return "\n\n".join(parts)


def _tables(cls: type, heading: str) -> Iterator[str]:
    """As the form shows them: groups in the order of their first setting, what is advanced below its group."""
    groups: dict[str, tuple[list[str], list[str]]] = {}
    for name, one in schema.declared(cls).items():
        plain, advanced = groups.setdefault(one.group, ([], []))
        (advanced if one.is_advanced else plain).append(_row(cls, name, one))
    for group, (plain, advanced) in groups.items():
        for title, rows in ((group, plain), (f"{group}: advanced" if plain else group, advanced)):
            if rows:
                yield "\n".join((f"{heading} {title}", "", HEAD, *rows))


def _row(cls: type, name: str, one: Declared) -> str:
    words = []
    if one.enables:
        words.append(f"Filled in: switches on {one.enables}.")
    words.append(str(one.field.help_text))
    words += _limits(one.field)
    words.append(schema.condition(cls, name))
    if one.is_secret:
        words.append("Secret: encrypted, never shown again.")
    if one.field.required and one.field.initial in (None, ""):
        words.append("**Required.**")
    if one.assumed:
        words.append(f"*Our assumption, to be confirmed:* {one.assumed}")
        words.append(f"*How to find out:* {one.proof}" if one.proof else "")
    label = schema.label_of(cls, name)
    return f"| {_cell(label)} | {_cell(' '.join(word for word in words if word))} | {_cell(_default(one.field))} |"


def _limits(field: forms.Field) -> Iterator[str]:
    if isinstance(field, forms.ChoiceField):
        labels = [label for _, label in _choices(field)]
        yield "Chosen from a list." if len(labels) > FEW else f"One of: {'; '.join(labels)}."
    if isinstance(field, RowsField):
        yield f"Columns: {'; '.join(column.label for column in field.columns)}."
    least = [v.limit_value for v in field.validators if isinstance(v, MinValueValidator)]
    most = [v.limit_value for v in field.validators if isinstance(v, MaxValueValidator)]
    if least and most and str(most[0]) not in str(field.help_text):
        yield f"From {least[0]} to {most[0]}."


def _choices(field: forms.ChoiceField) -> list[tuple[str, str]]:
    given: Any = field.choices
    return [(str(key), str(label)) for key, label in given]


def _default(field: forms.Field) -> str:
    value = field.initial
    if isinstance(value, bool):
        return "on" if value else "off"
    if value in (None, "", [], ()):
        return "off" if isinstance(field, forms.BooleanField) else ""
    if isinstance(field, forms.ChoiceField):
        names = dict(_choices(field))
        many = value if isinstance(value, list | tuple) else [value]
        return ", ".join(names.get(str(one), str(one)) for one in many)
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    return str(value)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
