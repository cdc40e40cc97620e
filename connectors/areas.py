"""Putting a provider's declaration together from its areas: modules that each declare a part under the same names."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any


def merged(areas: Sequence[ModuleType], name: str) -> dict[Any, Any]:
    """One table of all areas."""
    return {key: one for area in areas for key, one in getattr(area, name, {}).items()}


def listed(areas: Sequence[ModuleType], name: str) -> tuple[Any, ...]:
    """One list of all areas."""
    return tuple(one for area in areas for one in getattr(area, name, ()))
