"""Remote systems: what a provider is stands in ``base.py``; each folder here is one provider."""
