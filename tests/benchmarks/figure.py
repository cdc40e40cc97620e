"""One figure of a benchmark, printed as one JSON line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Figure:
    """``ratio`` is value over floor; the bound is on the ratio where there is a floor, else on the value itself."""

    name: str
    value: float
    unit: str
    floor: float | None = None
    at_least: float | None = None
    at_most: float | None = None

    @property
    def ratio(self) -> float | None:
        return None if not self.floor else self.value / self.floor

    @property
    def holds(self) -> bool:
        measured = self.ratio if self.ratio is not None else self.value
        return (self.at_least is None or measured >= self.at_least) and (
            self.at_most is None or measured <= self.at_most
        )

    def line(self) -> str:
        rounded = {k: None if v is None else round(v, 4) for k, v in (
            ("value", self.value), ("floor", self.floor), ("ratio", self.ratio),
        )}  # fmt: skip
        bound = {"at_least": self.at_least} if self.at_least is not None else {"at_most": self.at_most}
        return json.dumps({"name": self.name, "value": rounded["value"], "unit": self.unit, "floor": rounded["floor"],
                           "ratio": rounded["ratio"], **bound, "holds": self.holds})  # fmt: skip


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` (0 to 1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
