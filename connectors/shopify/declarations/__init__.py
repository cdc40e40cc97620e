"""What the provider declares, one module an area: ``HANDLERS``, ``SYNCS``, ``SINGLES``, ``EMITS``, ``ACCEPTS``,
``ACKNOWLEDGES``, ``ENDPOINTS``, ``PANELS``, ``MAPPINGS``, each where the area has any. ``provider.py`` puts them together.
"""
