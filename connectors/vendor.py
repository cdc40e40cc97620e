"""What a provider says about its vendor for people to settle: assumptions to be confirmed, names to be spelled right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.run import Run


@dataclass(frozen=True, kw_only=True)
class Assumption:
    """Something the hub takes for granted of the vendor that no setting holds: a row of the connector's checklist, for a
    person to confirm with the vendor. ``proof``: how that person finds out. What a setting holds is marked there
    (``setting(assumed=..., proof=...)``)."""

    name: str
    label: str
    text: str
    proof: str = ""


@dataclass(frozen=True, kw_only=True)
class NameFound:
    """What became of looking for a name at the vendor. ``is_found`` ``None``: it did not come up, which proves nothing.
    ``known``: names of its kind that came up on the way; similar ones are suggested."""

    is_found: bool | None
    known: Sequence[str] = ()
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class NameKind:
    """A kind of name that must be spelled as the vendor spells it (see ``setting(names=...)``). By harmless reads,
    ``listed(run)`` gives the names that come up without being asked for, all or some; ``check(run, name)`` looks for one
    that was not among them. Both raise ``HubError`` where they cannot. Without either names stay unchecked, and
    ``unchecked`` says why and what a wrong one leads to."""

    label: str
    check: Callable[[Run, str], NameFound] | None = None
    listed: Callable[[Run], Sequence[str]] | None = None
    unchecked: str = ""

    @property
    def can_be_checked(self) -> bool:
        return self.check is not None or self.listed is not None
