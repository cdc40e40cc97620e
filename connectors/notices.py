"""Health warnings of connectors: something works still, and needs a person before it stops working.

Not for failures: an event has its own outcome and mail.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection
from django.utils import timezone

from connectors.models import Notice
from events.text import SENTENCE_LIMIT, clean

AGAIN_S = 60.0  # a warning that repeats with every call is counted once a minute


def warn(connector_id: int, code: str, sentence: str, next_step: str = "") -> None:
    """Raise a warning, or count it once more; one that was cleared begins anew."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO connectors_notice AS n (connector_id, code, sentence, next_step, count, first_at, last_at) "
            "SELECT c.id, %s, %s, %s, 1, now(), now() FROM connectors_connector AS c WHERE c.id = %s "
            "ON CONFLICT (connector_id, code) DO UPDATE SET sentence = excluded.sentence, "
            "next_step = excluded.next_step, last_at = now(), cleared_at = NULL, "
            "count = CASE WHEN n.cleared_at IS NULL THEN n.count + 1 ELSE 1 END, "
            "first_at = CASE WHEN n.cleared_at IS NULL THEN n.first_at ELSE now() END "
            "WHERE n.cleared_at IS NOT NULL OR n.sentence <> excluded.sentence "
            "OR n.last_at < now() - %s * interval '1 second'",
            [clean(code, 80), clean(sentence, SENTENCE_LIMIT), clean(next_step, SENTENCE_LIMIT), connector_id, AGAIN_S],
        )


def clear(connector_id: int, code: str) -> None:
    """What the warning said is over; costs nothing where there was none."""
    Notice.objects.filter(connector_id=connector_id, code=code, cleared_at=None).update(cleared_at=timezone.now())


def of(connector_ids: Collection[int]) -> dict[int, list[Notice]]:
    """Open warnings by connector, the newest first."""
    found: dict[int, list[Notice]] = {}
    for one in Notice.objects.filter(connector_id__in=connector_ids, cleared_at=None).order_by("-last_at"):
        found.setdefault(one.connector_id, []).append(one)
    return found
