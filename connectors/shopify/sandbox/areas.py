"""The areas of the sandbox: every module of this folder, with what it resolves, its paths and its control calls."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from pathlib import Path
from types import ModuleType

from connectors.shopify.sandbox.engine import Resolvers

AREAS: tuple[ModuleType, ...] = tuple(
    import_module(f"connectors.shopify.sandbox.{module.name}")
    for module in pkgutil.iter_modules([str(Path(__file__).parent)])
    if module.name not in {"areas", "server"}
)
RESOLVERS = Resolvers.of(AREAS)
