"""Vendor calls by area: plain functions ``(client, ...)`` over the documents, plain dicts out. Not for judging what an
answer means to the hub."""
