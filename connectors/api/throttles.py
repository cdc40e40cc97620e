"""How often a key may call: one token bucket for each key, shared by all web processes through the database.

A bucket holds a minute's calls and refills steadily. A call is one statement; a refused one changes nothing, so that
hammering does not lengthen the wait.
"""

from __future__ import annotations

from django.conf import settings
from django.db import connection
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from connectors.api.keys import ApiClient

# ``taken`` is empty where no token was there; the outer SELECT then tells how many there are. GREATEST: a statement
# that waited for the row's lock carries an older now() than the one that went before it.
_REFILLED = "LEAST(%(limit)s, a.tokens + GREATEST(0, extract(epoch FROM now() - a.filled_at)::float8) * %(per_second)s)"
_TAKE = f"""
WITH taken AS (
  INSERT INTO connectors_apiallowance AS a (key_id, tokens, filled_at) VALUES (%(key)s, %(limit)s - 1, now())
  ON CONFLICT (key_id) DO UPDATE SET tokens = {_REFILLED} - 1, filled_at = GREATEST(a.filled_at, now())
  WHERE {_REFILLED} >= 1 RETURNING a.tokens
)
SELECT EXISTS (SELECT FROM taken),
  COALESCE((SELECT {_REFILLED} FROM connectors_apiallowance AS a WHERE key_id = %(key)s), 0)
"""
NEVER_S = 60.0  # what a key without any calls is told to wait


def wait_for_call(key_id: int, rate_per_minute: int) -> float:
    """Take one call of the key's allowance; returns the seconds to wait where none is left, else 0."""
    if rate_per_minute <= 0:
        return NEVER_S
    per_second = rate_per_minute / 60
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"key": key_id, "limit": float(rate_per_minute), "per_second": per_second})
        is_taken, tokens = cursor.fetchone()
    return 0.0 if is_taken else max(0.001, (1 - float(tokens)) / per_second)


class KeyThrottle(BaseThrottle):
    """The key's own ``rate_per_minute``, else ``settings.API_RATE_PER_MINUTE``. People are not counted."""

    def __init__(self) -> None:
        self.wait_s = 0.0

    def allow_request(self, request: Request, view: APIView) -> bool:
        client = request.user
        if not isinstance(client, ApiClient):
            return True
        own = client.key.rate_per_minute
        self.wait_s = wait_for_call(client.key.pk, settings.API_RATE_PER_MINUTE if own is None else own)
        return not self.wait_s

    def wait(self) -> float:
        return self.wait_s
