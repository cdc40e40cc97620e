"""Xoro ERP (XoroERP and XoroONE by Xorosoft).

What it is: a hosted ERP. One API host serves every tenant (https://res.xorosoft.io/api/xerp/); the API key decides the
tenant. HTTP Basic: user is the API key, password the API secret. JSON both ways. The vendor's pages are
https://xorosoft.docs.apiary.io/ and https://shop-docs.xorosoft.io/ (checked 2026-11-20); much is public nowhere, so
every route, code list and name that could differ at a tenant is a setting.

What is where: orders in ``orders.py`` (sent: ``sending.py``; split: ``parts.py``; changed: ``changes.py``; paid:
``deposits.py``; their documents: ``documents.py``), every other flow in the module of its name; what each declares in
``declarations/``; the routes in ``routes.py``, each replaceable at a connector.

Quirks to know before touching anything:

* **Envelope.** Success is HTTP 200 with ``Result: true`` and ``ErrorCode: 0``. Business errors are HTTP 200 too.
* **Throttling looks like emptiness.** ``Result: false``, ``Data: []``, ``ErrorCode: 0``, no message: either the tenant
  is throttled, or there is honestly nothing. Repeat after 0.8, 2 and 4 s; what stays empty is *uncertain*, never proof.
* **Calls side by side cause throttling.** One call at a time, 250 ms between two.
* **A missing permission is HTTP 500** with ``{"Message": "An error has occurred."}`` - exactly as a passing fault.
* **The login page as answer**: HTTP 302 (wrong host or key), or HTML under HTTP 200.
* **Lost answers.** A write may be done although its answer never came. Writes are never repeated blindly.
* **Unknown query parameters are ignored silently**, so that a filter may not filter: every row that comes back is
  compared with what was asked.
* **No rows without status**: some accounts answer ``salesorder/getsalesorder`` with ``Result: true`` and nothing when
  no ``status`` is sent, so that each look asks with every status until an account proved to answer without;
  ``invoice/getinvoice`` shows open invoices only unless told otherwise.
* **Paging**: ``TotalPages`` may be absent or too small, pages overlap, a page of 100 documents takes 20 to 90 s.
* **Dates** are ``MM/DD/YYYY`` in the tenant's zone; no date is ``01/01/0001``.
* **Names, not ids**: stores, accounts, terms and carriers are referred to by exact name; a rename breaks orders.
"""
