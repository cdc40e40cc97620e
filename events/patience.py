"""How long a statement may take where somebody outside waits for the answer: a table somebody holds must not hold him."""

from __future__ import annotations


def limited(statement: str, limit_ms: int) -> str:
    """A statement that carries its limit with it, in the same round trip; inside a transaction the limit stays until its
    end. Its result is the second one: ``cursor.nextset()``."""
    return f"SET LOCAL statement_timeout = {limit_ms}; {statement}"
