"""A stand-in for a Xoro tenant with its routes, its envelope and its odd behaviour.

Base path ``/api/xerp/`` below the sandbox's prefix. Every module with ``ROUTES`` or ``CONTROL`` is an area of it (see
``areas``): what it serves, and its control calls. Faults and settings of the tenant: ``server``.
"""

from connectors.xoro.sandbox.server import XoroSandbox, application, settings_for

__all__ = ["XoroSandbox", "application", "settings_for"]
