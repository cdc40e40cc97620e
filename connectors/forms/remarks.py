"""What stands below a field besides its help: that it is an assumption of ours, whether the vendor knows its name."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from connectors import confirming, naming
from connectors.confirming import CONFIRMED, Item
from connectors.models import Connector, NameCheck, NameResult
from connectors.schema import Declared

WORDS = {
    NameResult.FOUND: ("ok", "seen"),
    NameResult.MISSING: ("bad", "not found"),
    NameResult.UNSEEN: ("warn", "not seen"),
}


class Remarks:
    """Of the fields of one connector, or of one route to it (``prefix`` of its names on the checklist)."""

    def __init__(self, connector: Connector, prefix: str = "") -> None:
        self.connector = connector
        self.prefix = prefix

    @cached_property
    def items(self) -> dict[str, Item]:
        return {one.name: one for one in confirming.items(self.connector)}

    @cached_property
    def seen(self) -> dict[tuple[str, str], NameCheck]:
        return {(one.kind, one.name): one for one in self.connector.name_checks.all()}

    def below(self, name: str, one: Declared, value: Any, help_text: Any) -> Any:
        """The help of a field with its remarks."""
        made: list[SafeString] = []
        if one.assumed and (item := self.items.get(self.prefix + name)):
            made.append(self._assumption(item))
        for word, names in naming.held_by(one, value).items():
            made += self._names(word, sorted(names))
        if not made:
            return help_text
        return format_html("{}{}", help_text, format_html_join("", "{}", ((each,) for each in made)))

    def _assumption(self, item: Item) -> SafeString:
        is_confirmed = item.state == CONFIRMED
        return format_html(
            '<span class="remark"><span class="pill pill--{}">{}</span> {} <a href="{}#{}">{}</a></span>',
            "ok" if is_confirmed else "warn",
            "assumption confirmed" if is_confirmed else "our assumption",
            item.text,
            reverse("admin:connectors_connector_checklist", args=[self.connector.pk]),
            item.anchor,
            "Who confirmed it" if is_confirmed else "Confirm with your tenant",
        )

    def _names(self, word: str, names: list[str]) -> list[SafeString]:
        kind, vendor = naming.kind_of(self.connector, word), self.connector.provider.label
        if not kind.can_be_checked:
            return [_remark("idle", "unchecked text", kind.unchecked or f"Spell it exactly as in {vendor}.")]
        made = []
        for name in names:
            row = self.seen.get((word, name))
            if row is None:
                made.append(_remark("idle", "not checked yet", f"“{name}”: test the connection to look for it."))
                continue
            tone, said = WORDS[NameResult(row.result)]
            on = formats.date_format(timezone.localtime(row.checked_at), "DATETIME_FORMAT")
            similar = f" Similar: {', '.join(f'“{each}”' for each in row.similar)}." if row.similar else ""
            made.append(_remark(tone, f"{said} in {vendor}", f"“{name}”, {on}.{similar} {row.sentence}".strip()))
        return made


def _remark(tone: str, word: str, text: str) -> SafeString:
    return format_html('<span class="remark"><span class="pill pill--{}">{}</span> {}</span>', tone, word, text)
