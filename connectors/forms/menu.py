"""The menu of a long settings form: its sections as the vendor nests them, with the errors of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

FEW = 8  # sections that need no menu


@dataclass
class Entry:
    """A section of the page: ``anchors`` are the ids of its headings (a folded one stands below its group)."""

    label: str
    anchors: list[str]
    errors: int = 0


@dataclass
class Part:
    """Sections that belong together; one without a name of its own has no heading."""

    label: str
    entries: list[Entry] = field(default_factory=list)

    @property
    def errors(self) -> int:
        return sum(entry.errors for entry in self.entries)


def menu(adminform: Any, inlines: Any = ()) -> list[Part]:
    """Parts in the order of the page, "Orders: General" as General below Orders; none where the form is short."""
    found: dict[str, Entry] = {}
    for number, fieldset in enumerate(adminform):
        if not fieldset.name:
            continue
        name = str(fieldset.name).removesuffix(": advanced")
        errors = sum(one in adminform.form.errors for one in fieldset.fields)
        anchor = f"fieldset-0-{number}-heading"
        if name in found:
            found[name].anchors.append(anchor)
            found[name].errors += errors
        else:
            found[name] = Entry(name, [anchor], errors)
    for inline in inlines:
        label = str(inline.opts.verbose_name_plural).partition(":")[0].capitalize()
        wrong = sum(bool(form.errors) for form in inline.formset.forms) + len(inline.formset.non_form_errors())
        found[label] = Entry(label, [f"{inline.formset.prefix}-group"], wrong)
    return _nested(list(found.values())) if len(found) > FEW else []


def _nested(entries: list[Entry]) -> list[Part]:
    parts: list[Part] = []
    for entry in entries:
        head, _, rest = entry.label.partition(": ")
        if not rest:
            parts.append(Part("", [entry]))
            continue
        entry.label = rest
        if not parts or parts[-1].label != head:
            parts.append(Part(head))
        parts[-1].entries.append(entry)
    return parts
