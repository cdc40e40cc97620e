"""Fill a hub's ledger with events, quickly: for measuring lists and pages, never for a hub in use.

    python -m tests.benchmarks.fill 1000000

Made inside the database (``generate_series``), spread over thirty days up to now: eight connectors, three search keys
for each event, a related request for each of the newest tenth, a body for the newest thousand. Needs about 2 GB for a
million. Rows are the same at every run.
"""

from __future__ import annotations

import json
import os
import sys
import time

CONNECTORS = ("Shopify EU", "Shopify US", "Xoro", "OneStock", "Extend", "ERP North", "ERP South", "ERP West")

EVENTS = """
INSERT INTO events_event (kind, connector_id, connector_name, provider, topic, outcome, reason, reason_code, sentence,
  next_step, notes, priority, received_at, started_at, finished_at, duration_ms, attempts, max_attempts, lock_key,
  is_supersedable, duplicate_count, object_type, object_id, object_label, triggered_by, trace_id, headers, payload_size,
  is_payload_cut, expects_request, cause, resolved_by, resolved_note, due_at)
SELECT kind, cid, (%(names)s::text[])[n %% 8 + 1], 'bench', topic, outcome, reason, '',
  CASE outcome WHEN 'succeeded' THEN 'Order ' || n || ' was delivered to Xoro as SO-' || n || '.'
    WHEN 'failed' THEN 'Xoro does not know the item SKU-' || (n %% 997) || '.'
    WHEN 'skipped' THEN 'Nothing changed since the last delivery.'
    WHEN 'waiting' THEN 'Xoro asked us to slow down.' ELSE '' END,
  CASE outcome WHEN 'failed' THEN 'Create the item in Xoro, then retry.' ELSE '' END,
  '[]'::jsonb, 1, at, at + interval '80 ms', CASE WHEN outcome <> 'waiting' THEN at + interval '500 ms' END,
  80 + n %% 2400, 1, 8, '', false, 0, 'order', 'gid-' || n, '#EX-' || n, '', md5(n::text), '{}'::jsonb, 2200,
  false, true, CASE outcome WHEN 'failed' THEN md5((n %% 40)::text) ELSE '' END, '', '',
  CASE WHEN outcome = 'waiting' THEN now() + interval '5 min' END
FROM (
  SELECT n, (%(ids)s::bigint[])[n %% 8 + 1] AS cid,
    (ARRAY['webhook','webhook','delivery','delivery','lookup','sync'])[h %% 6 + 1] AS kind,
    (ARRAY['orders/create','orders/updated','order/deliver','stock/deliver','orders','sync:products'])[h %% 6 + 1]
      AS topic,
    CASE WHEN h %% 100 < 86 THEN 'succeeded' WHEN h %% 100 < 96 THEN 'skipped'
      WHEN h %% 1000 < 999 AND h %% 100 < 99 THEN 'failed'
      WHEN h %% 5000 < 4999 THEN 'succeeded' ELSE 'waiting' END AS outcome,
    CASE WHEN h %% 100 < 86 THEN '' WHEN h %% 100 < 96 THEN 'unchanged' WHEN h %% 1000 < 999 AND h %% 100 < 99
      THEN (ARRAY['refused','mapping_missing','payload'])[h %% 3 + 1]
      WHEN h %% 5000 < 4999 THEN '' ELSE 'rate_budget' END AS reason,
    now() - (%(count)s - n) * (interval '30 days' / %(count)s) AS at
  FROM (SELECT n, abs(hashint8(n)) AS h FROM generate_series(1, %(count)s) AS n) AS numbered
) AS made
"""
KEYS = """
INSERT INTO events_searchkey (event_id, kind, value)
SELECT e.id, k.kind, k.value FROM events_event AS e, LATERAL (VALUES
  ('order_number', lower(substr(e.object_label, 2))), ('order_id', e.object_id),
  ('customer', 'c' || (e.id %% 5000))) AS k (kind, value)
WHERE e.id > %(after)s
"""
REQUESTS = """
INSERT INTO events_relatedrequest (id, event_id, attempt, method, endpoint, status, state, is_write, requested_at,
  duration_ms, error, vendor_request_id, idempotency_key, request_headers, response_headers, request_size,
  response_size, is_request_cut, is_response_cut)
SELECT gen_random_uuid(), e.id, 1, 'POST', 'https://erp.example.com/api/salesorder/create?id=' || e.id,
  CASE e.outcome WHEN 'failed' THEN 422 ELSE 200 END, 'answered', true, e.received_at, 120, '', '', '',
  '{"Authorization": "***", "Content-Type": "application/json"}'::jsonb, '{"Content-Type": "application/json"}'::jsonb,
  900, 300, false, false
FROM events_event AS e WHERE e.id > %(last)s - %(count)s / 10
"""


def body(number: int) -> bytes:
    lines = [{"sku": f"SKU-{i}", "quantity": i + 1, "price": f"{9.9 + i:.2f}", "title": f"Item {i}"} for i in range(12)]
    customer = {
        "id": 7_000_000_000_000 + number,
        "email": f"c{number}@example.com",
        "first_name": "Ann",
        "last_name": "Bee",
    }
    return json.dumps(
        {"id": 5_000_000_000_000 + number, "name": f"#EX-{number}", "customer": customer, "line_items": lines}
    ).encode()


def fill(count: int) -> None:
    from django.db import connection

    from connectors.models import Connector
    from events import bodies
    from events.models import Event

    ids = []
    for name in CONNECTORS:
        slug = name.lower().replace(" ", "-")
        ids.append(Connector.objects.get_or_create(slug=slug, defaults={"name": name, "provider_slug": "bench"})[0].pk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM events_event")
        after = cursor.fetchone()[0]
        cursor.execute("SET synchronous_commit = off")
        steps = ((EVENTS, {"names": list(CONNECTORS), "ids": ids, "count": count}), (KEYS, {"after": after}))
        for sql, values in steps:
            cursor.execute(sql, values)
        cursor.execute("SELECT max(id) FROM events_event")
        last = cursor.fetchone()[0]
        cursor.execute(REQUESTS, {"last": last, "count": count})
        rows = Event.objects.order_by("-pk").values_list("pk", "received_at")[:1000]
        bodies.store_many([(pk, "payload", body(pk), at) for pk, at in rows])
        for table in ("events_event", "events_searchkey", "events_relatedrequest"):
            cursor.execute(f"VACUUM ANALYZE {table}")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration_hub.settings")
    import django
    from django.conf import settings

    if settings.EMBEDDED is not None:
        settings.EMBEDDED.start()
    django.setup()
    count = int(sys.argv[1])
    started = time.monotonic()
    fill(count)
    print(f"{count} events in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
