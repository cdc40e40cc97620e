"""Test a connector's connection from the command line, as its page does."""

from __future__ import annotations

import textwrap
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from connectors import checking, contracts
from connectors.exceptions import HubError
from connectors.models import Connector
from connectors.registry import UnknownProvider

WIDTH = 100


def find(name: str) -> Connector:
    """The connector of a name or slug. Raises ``CommandError`` that lists those there are."""
    found = Connector.objects.filter(Q(slug=name) | Q(name__iexact=name)).order_by("pk").first()
    if found is None:
        known = ", ".join(Connector.objects.values_list("slug", flat=True)) or "none is installed"
        raise CommandError(f"There is no connector “{name}”. Known: {known}.")
    return found


class Command(BaseCommand):
    help = "Test the connection of a connector; exits 1 where a check fails."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("connector", help="name or slug")
        parser.add_argument("--contract", action="store_true", help="also call each endpoint and compare its answer "
                            "with the contract")  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        connector = find(options["connector"])
        try:
            report = checking.check_connector(connector, by="check_connector")
            self._table([(x.label, x.result, f"{x.duration_ms} ms", x.sentence, x.next_step) for x in report.lines])
            self.stdout.write(f"Event {report.event_id}.")
            is_ok = report.is_ok
            if options["contract"]:
                is_ok = self._contract(connector) and is_ok
        except HubError as error:
            raise CommandError(f"{error.sentence} {error.next_step}".strip()) from error
        except UnknownProvider as error:
            raise CommandError(str(error)) from error
        if not is_ok:
            raise CommandError(f"{connector} did not pass.")

    def _contract(self, connector: Connector) -> bool:
        report = contracts.check_contract(connector, by="check_connector")
        self.stdout.write("")
        self._table(
            [
                (r.endpoint, r.result, "" if r.duration_ms is None else f"{r.duration_ms} ms",
                 "\n".join([*([r.sentence] if r.sentence else []), *r.deviations]), r.next_step)
                for r in report.rows
            ]
        )  # fmt: skip
        self.stdout.write(f"Event {report.event_id}.")
        return report.is_ok

    def _table(self, rows: list[tuple[str, str, str, str, str]]) -> None:
        """Check, result and time in columns; what was found and what to do below them, indented."""
        wide = max((len(row[0]) for row in rows), default=0)
        for label, result, took, sentence, next_step in rows:
            mild = dict.fromkeys(("off", "unchecked", "unsure"), self.style.NOTICE)
            style = {"ok": self.style.SUCCESS, **mild}.get(result, self.style.ERROR)
            self.stdout.write(f"{label.ljust(wide)}  {style(result.ljust(9))} {took.rjust(8)}")
            for text in (*sentence.split("\n"), f"→ {next_step}" if next_step else ""):
                for line in textwrap.wrap(text, WIDTH - 4):
                    self.stdout.write(f"    {line}")
