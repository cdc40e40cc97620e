"""Where a source's places are in the shop, asked once for each in a run. Two places of one location would overwrite each
other's quantities: neither is sent. Not for what locations there are: that is ``locations.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors import figures
from connectors.exceptions import ConfigurationError
from connectors.figures import Problem
from connectors.shopify import locations

if TYPE_CHECKING:
    from connectors.run import Run


class Places:
    """The shop's location of each place: its global id, or why there is none."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.known: dict[str, str | Problem] = {}

    def find(self, place: str) -> str | Problem:
        if place not in self.known:
            self.known[place] = self._find(place)
        return self.known[place]

    def _find(self, place: str) -> str | Problem:
        try:
            found = self._location(place)
            for other in self._others(place):
                if self._location(other) == found:
                    return "location", f"“{place}” and “{other}” of the source are mapped to the same location: their " \
                        "quantities would overwrite each other."  # fmt: skip
        except ConfigurationError as error:
            if error.code != locations.MAPPING:  # the shop itself cannot be reached: that is no figure's problem
                raise
            return "location", f"{error.sentence} {error.next_step}".strip()
        return found

    def _location(self, place: str) -> str:
        if place:
            return locations.find(self.run, place)
        if not self.run.options.location:
            raise ConfigurationError(
                "The source names no location.",
                next_step="Enter one in the options of the route, then synchronize.",
                code=locations.MAPPING,
            )
        return locations.named(self.run, self.run.options.location, said_by="the route")

    def _others(self, place: str) -> list[str]:
        """Places that are mapped as well and whose figures travel along the same route."""
        mapped = [one for one in self.run.mappings(locations.MAPPING) if one != place]
        return [one for one in mapped if figures.has_place(self.run.the_route.pk, one)]
