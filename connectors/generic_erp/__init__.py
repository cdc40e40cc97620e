"""Generic ERP: live reads from a merchant's ERP that speaks the DIY contract of EvolutionX ("ERP DIY Integration App").

The hub is the client, the merchant's ERP is the server: every call is a ``POST`` of a JSON object made while a shopper
waits, and nothing in the contract writes to the ERP. Seven functions (orders list, order by id, invoices list,
invoice by id, A/R balance, checkout taxes, checkout shipping methods); each is on if and only if its URL is filled
in.

Evidence (public EvolutionX articles 7282926, 7011969, 7210105, 7925260, 7930420, 8966205; reference checked
2026-11-20): taxes and shipping methods are documented in full; of the other five only purpose, method, headers,
``customer_code`` and an invoice's ``balance`` are public. Their bodies here are a stand-in in the family's words.
Whoever can read the complete articles one day corrects ``bodies.py`` (what we send), ``shapes.py`` (what we read) and
``seeds.py`` (the sandbox).

Quirks: taxes and shipping name the same things differently (``lines``/``items``, ``item_sku``/``sku``,
``shiptopostcode``/``zip``), taxes are wrapped in ``request`` and ``data``, shipping is flat; money goes out as text and
comes back as number or text, sometimes both side by side; page numbers are text; ids keep their leading zeros; a
missing address line is ``null``, never left out. An invoice is unpaid while its ``balance`` says so, whatever its
status.
"""
