"""What is the matter with the database, in words for the log: one line instead of a traceback a second."""

from __future__ import annotations

# SQLSTATE or a part of the message -> what it means. The first that fits is said; the message stands behind it.
_MEANINGS = (
    ("53100", "no space left on device", "The database's disk is full: free some space, the hub goes on by itself."),
    ("53300", "too many clients", "The database takes no more connections: raise its max_connections."),
    ("53300", "remaining connection slots", "The database takes no more connections: raise its max_connections."),
    ("42P01", "", "The database lacks a table of this version: run `manage.py migrate`."),
    ("42703", "", "The database lacks a column of this version: run `manage.py migrate`."),
    ("25006", "read-only transaction", "The database is read-only: is it a standby?"),
    ("28P01", "password authentication failed", "The database refuses the password of DATABASE_URL."),
    ("28000", "no pg_hba.conf entry", "The database does not let this machine or user in."),
    ("57P03", "starting up", "The database is starting."),
    ("57P03", "not yet accepting connections", "The database is starting."),
    ("57P03", "shutting down", "The database is shutting down."),
    ("", "not currently accepting connections", "The database refuses connections."),
    ("", "connection refused", "The database does not run, or refuses connections."),
    ("", "no such file or directory", "The database does not run, or DATABASE_URL names another place."),
    ("", "server closed the connection", "The database closed the connection."),
    ("", "terminating connection", "The database closed the connection."),
)


def in_words(error: BaseException) -> str:
    """One line about a failed statement or connection: what it means where that is known, and what was said."""
    text = " ".join(str(error).split())
    state = getattr(error.__cause__ or error, "sqlstate", None) or ""
    low = text.lower()
    for code, part, meaning in _MEANINGS:
        if (code and code == state) or (part and part in low):
            return f"{meaning} ({text[:300]})"
    return text[:400]
