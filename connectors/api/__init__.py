"""The hub's JSON API for storefronts: live lookups, and reading events. Not for webhooks: they need the raw body first.

Keys and sessions in ``keys``, the rate limit in ``throttles``, errors in ``problems`` and ``edge``, lookups in
``questions`` and ``views``, events in ``events``, the OpenAPI document in ``schema``, its page in ``docs``.
"""
