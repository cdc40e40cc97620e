"""``manage.py check_contract <connector>``: what the *Contract check* button does, for a terminal."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from connectors import contracts
from connectors.exceptions import HubError
from connectors.models import Connector


class Command(BaseCommand):
    help = "Call each configured endpoint of a connector and say, field by field, where an answer leaves the contract."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("connector", help="The connector's name in addresses (its slug).")

    def handle(self, *args: Any, **options: Any) -> None:
        connector = Connector.objects.filter(slug=options["connector"]).first()
        if connector is None:
            known = ", ".join(Connector.objects.values_list("slug", flat=True)) or "none"
            raise CommandError(f"There is no connector “{options['connector']}”. Installed: {known}.")
        try:
            report = contracts.check_contract(connector, by="check_contract")
        except HubError as error:
            raise CommandError(f"{error.sentence} {error.next_step}".strip()) from error
        for row in report.rows:
            took = "" if row.duration_ms is None else f" ({row.duration_ms} ms)"
            self.stdout.write(f"{row.result:8} {row.endpoint}{took}{': ' if row.sentence else ''}{row.sentence}")
            for deviation in row.deviations:
                self.stdout.write(f"         {deviation}")
            if row.next_step:
                self.stdout.write(f"         {row.next_step}")
        self.stdout.write(f"Event {report.event_id}")
        if not report.is_ok:
            raise CommandError("The remote system leaves the contract.")
