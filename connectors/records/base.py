"""What every record has: an id, a number for people, a time of change, a fingerprint of its meaning."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import product
from typing import Any, ClassVar

from pydantic import TypeAdapter


@dataclass(frozen=True, kw_only=True)
class Record:
    """One business object as read at its source. ``raw`` is the vendor's own form, for display and rare members."""

    kind: ClassVar[str] = ""
    label: ClassVar[str] = ""
    # Members, nested as pydantic's ``exclude`` takes them, that tell more about the object than a document made of it
    # says: they never make it look changed.
    beside: ClassVar[Mapping[str, Any]] = {}
    # Of these, the ones that counted in an earlier version of the hub, with every value they may have had then.
    counted_once: ClassVar[Mapping[str, Sequence[Any]]] = {}

    id: str
    number: str
    updated_at: datetime | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def began_at(self) -> datetime | None:
        """When the object came into being, which the start of an integration is compared with; ``None``: it has no such
        time, or goes with another object that has."""
        return None

    def search_keys(self) -> list[tuple[str, str]]:
        """(kind, value) pairs for every number a customer may quote."""
        return [(f"{self.kind}_id", self.id), (f"{self.kind}_number", self.number)]

    def to_json(self) -> bytes:
        """Raises ``ValueError`` where a member is of another kind than declared."""
        return _adapter(type(self)).dump_json(self, warnings="error")

    def check(self) -> None:
        """Raises ``ValueError`` where a member is of another kind than declared, or nothing where there must be
        something."""
        self.from_json(self.to_json())

    @classmethod
    def from_json(cls, content: bytes) -> Any:
        return _adapter(cls).validate_json(content)

    def fingerprint(self, *, without: frozenset[str] = frozenset()) -> str:
        """Hash of the meaning: the vendor's raw form, the time of change and what is ``beside`` do not count, nor do the
        members named in ``without`` (those a target does not take). Members that say nothing are left out: one that a
        later version of the hub adds must not make every object of the ledger look changed."""
        return self._hash({**self.beside, **dict.fromkeys(without, True)})

    def is_known_as(self, fingerprint: str) -> bool:
        """Whether this is the record's fingerprint, or the one an earlier version of the hub wrote into its ledger while
        members counted that are ``beside`` now: an update of the hub must not make what was delivered look changed."""
        if fingerprint == self.fingerprint():
            return True
        counted = {name: what for name, what in self.beside.items() if name not in self.counted_once}
        for values in product(*self.counted_once.values()):
            before = replace(self, **dict(zip(self.counted_once, values, strict=True)))
            if fingerprint == before._hash(counted):
                return True
        return False

    def _hash(self, beside: Mapping[str, Any]) -> str:
        exclude: Any = {**beside, "raw": True, "updated_at": True}
        meaning = _adapter(type(self)).dump_json(self, exclude=exclude, exclude_defaults=True)
        return hashlib.sha256(meaning).hexdigest()


_adapters: dict[type[Record], TypeAdapter[Any]] = {}


def _adapter(cls: type[Record]) -> TypeAdapter[Any]:
    """Made once for each class: making one costs a thousand times what using it does."""
    made = _adapters.get(cls)
    if made is None:
        made = _adapters[cls] = TypeAdapter(cls)
    return made
