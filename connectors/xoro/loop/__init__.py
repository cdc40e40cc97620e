"""Returns that Loop handles: an RMA in Xoro for each, *process* or *flag* in Loop once its goods were received, credit memos
once Loop has closed it. The flow is the one the vendor of Xoro describes
(https://shop-docs.xorosoft.io/getting-started/third-party-integrations/loop-returns, checked 2026-11-20).

Loop's API, version 1: https://docs.loopreturns.com/api-reference/getting-started (checked 2026-11-30). How sure each fact is:

* *documented by Loop*: base address, header ``X-Authorization`` with a key of scope *Returns*; ``warehouse/return/list``
  (``from``, ``to``, at most 120 days; ``filter`` created_at or updated_at; without ``state`` only open, closed and expired
  ones; ``paginate``, ``pageSize`` up to 750, ``nextPageUrl``); ``warehouse/return/details`` by ``return_id``, ``order_id`` or
  ``order_name``; ``warehouse/return/<id>/process`` and ``/flag`` answer ``true``, refusals come as HTTP 200 with ``errors``
  (message, code); *process* only queues the work: the return is ``closed`` when it is done; states open, closed, cancelled,
  expired, review; 401 for a wrong key or scope, 429 for too many calls.
* *seen in public clients*: a return that does not exist is HTTP 200 with ``error``; ``errors`` may be a text; times are
  ``2023-08-22 14:08:31`` or ISO 8601; ``gift_card_order_id`` and ``gift_card_order_name`` are there at times.
* *our assumption*: times without a zone are UTC; a line item is one unit where it names no quantity; nothing tells whether a
  return is flagged, so that flagging cannot be looked up.

Address and paths are settings.
"""
