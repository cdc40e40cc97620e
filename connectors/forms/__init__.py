"""Forms of the admin: generated from a provider's declarations, or small ones of the hub's own tables."""
