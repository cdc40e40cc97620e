"""The admin of connectors, routes, mappings, the ledger and API keys. Importing this package registers them all."""

from connectors.admin import apikey, connector, link, mapping, route

__all__ = ["apikey", "connector", "link", "mapping", "route"]
