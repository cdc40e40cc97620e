"""Shopify: one shop through the GraphQL Admin API 2026-10, told of changes by webhooks.

Documentation root: https://shopify.dev/docs/api/admin-graphql/2026-10 (checked 2026-11-20).

Built here: the order slice. Webhook verification, ``orders/create`` and ``orders/updated``, one order by number, recent
orders. Read only: nothing is written to the shop.

Limits: a bucket of points per app and shop (standard plan 100 points/s; the size is read from every reply, never
assumed); 1,000 points an operation; 250 rows a page; 25,000 rows a walk; orders older than 60 days need
``read_all_orders``. Deliveries must be answered within 5 s, connected within 1 s.

Quirks:

- Most errors, throttling among them, arrive with HTTP 200: see ``replies.py`` for the order in which a reply is judged.
- A version no longer served is answered silently by the oldest supported one; only a header says so.
- Webhook bodies have the shape of the retired REST API, signed as raw bytes; the headers are not signed. Neither order
  nor single delivery is promised, so that a delivery is a trigger and the order is read by GraphQL.
- An unknown field in a search string is dropped with a warning instead of an error: more rows come back than asked for.
- Search is an index that lags behind writes by seconds; reads by id do not.
- A missing scope makes the field ``null`` and adds an error: an order without its customer is never handed on.
- ``discountedTotalSet`` of a line leaves out order-level discounts: the allocations are summed instead.
"""
