"""The vendor calls of each area: plain functions of a client, one document each, plain dicts out."""
