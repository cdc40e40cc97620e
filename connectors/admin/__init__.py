"""The admin of connectors, routes, mappings, the ledger and API keys. Importing this package registers them all."""

from connectors.admin import apikey, connector, figure, link, mapping, route

__all__ = ["apikey", "connector", "figure", "link", "mapping", "route"]
