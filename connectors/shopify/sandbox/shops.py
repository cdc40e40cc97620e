"""The sandbox's shops as they open, with their seeds. Not for placing or changing orders: ``sales.py``, ``edits.py``."""

from __future__ import annotations

from connectors.shopify.sandbox.catalogue import open_catalogue
from connectors.shopify.sandbox.edits import change_order
from connectors.shopify.sandbox.orders import Shop
from connectors.shopify.sandbox.sales import place_order

__all__ = ["LUMEN", "OUTLET", "change_order", "open_shops", "place_order"]

OUTLET = "example-outlet.myshopify.com"
LUMEN = "lumen-goods.myshopify.com"
GERMAN_TAX = {"title": "DE VAT", "rate": "0.19"}
COUNTY_TAX = {"title": "County tax", "rate": "0.0825"}
SPOKANE = {
    "address1": "410 Lantern Street",
    "city": "Spokane",
    "zip": "99201",
    "province": "Washington",
    "province_code": "WA",
    "country": "United States",
    "country_code": "US",
}


def open_shops(now: float) -> dict[str, Shop]:
    """The two seeded shops: one in euros with prices that include tax, one in dollars with business customers."""
    outlet = Shop(
        domain=OUTLET, name="Example Outlet", currency="EUR", timezone="Europe/Berlin", utc_offset="+01:00",
        prefix="#EX-", taxes_included=True, client_id="sandbox-outlet", client_secret="sandbox-outlet-secret",
        previous_secret="sandbox-outlet-old-secret", access_token="shpat_sandbox_outlet",
        next_id=5_512_300_778_000, next_number=2_041,
    )  # fmt: skip
    lumen = Shop(
        domain=LUMEN, name="Lumen Goods", currency="USD", timezone="America/Los_Angeles", utc_offset="-08:00",
        prefix="#", taxes_included=False, client_id="sandbox-lumen", client_secret="sandbox-lumen-secret",
        previous_secret="sandbox-lumen-old-secret", access_token="shpat_sandbox_lumen",
        next_id=6_900_100_400_000, next_number=2_205,
    )  # fmt: skip
    open_catalogue(outlet, now, {"Kiel": {"city": "Kiel", "zip": "24103", "countryCode": "DE"},
                                 "Hamburg": {"city": "Hamburg", "zip": "20095", "countryCode": "DE"}})  # fmt: skip
    open_catalogue(lumen, now, {"Spokane": {"city": "Spokane", "zip": "99201", "countryCode": "US"}})
    mira = {"id": 7_002_001, "first_name": "Mira", "last_name": "Vogt", "email": "mira@example.org", "tags": ["vip"]}
    jonas = {"id": 7_002_002, "first_name": "Jonas", "last_name": "Brandt", "email": "jonas@example.org"}
    dana = {"id": 7_710_042_000, "first_name": "Dana", "last_name": "Reyes", "email": "dana@example.com"}
    buyer = {"id": 7_710_042_001, "first_name": "Priya", "last_name": "Nand", "email": "purchasing@example.com"}
    office = {"id": 330_045, "name": "Northlight Offices", "external_id": "NLO-045", "location": "Spokane",
              "location_id": 440_045}  # fmt: skip
    ground = {"title": "Ground", "code": "GROUND", "price": "9.00"}
    express = {"title": "Express", "code": "HUB_EXPRESS", "price": "4.95"}
    for shop, wish in (
        (outlet, {"id": 5_512_300_777_001, "customer": mira, "shipping": express, "note": "ring twice",
                  "lines": [{"sku": "MUG-BLU-350", "quantity": 2, "properties": {"engraving": "M"}}],
                  "discount": {"code": "HELLO5", "amount": "5.00"}, "tags": ["vip", "web"], "minutes_ago": 190}),
        (outlet, {"id": 5_512_300_777_002, "customer": jonas, "shipping": express, "minutes_ago": 95,
                  "lines": [{"sku": "LMP-OAK-S"}, {"sku": "PAPER-A4-80", "quantity": 4}]}),
        (outlet, {"id": 5_512_300_777_003, "customer": None, "payment": "pending", "minutes_ago": 40,
                  "lines": [{"sku": "TONER-77K"}, {"sku": "MUG-RED-350"}]}),
        (lumen, {"id": 6_900_100_300_005, "customer": dana, "shipping": ground, "minutes_ago": 300,
                 "lines": [{"sku": "LMP-OAK-L"}]}),
        (lumen, {"id": 6_900_100_300_006, "customer": dana, "payment": "authorized", "minutes_ago": 120,
                 "lines": [{"sku": "LMP-OAK-S", "discount": "10.00"}, {"sku": "MUG-RED-350", "quantity": 2}]}),
        (lumen, {"id": 6_900_100_300_007, "customer": buyer, "company": office, "po_number": "PO-8815",
                 "payment": "pending", "shipping": ground, "minutes_ago": 60,
                 "lines": [{"sku": "PAPER-A4-80", "quantity": 40}, {"sku": "TONER-77K", "quantity": 6}]}),
    ):  # fmt: skip
        usual = {"tax": GERMAN_TAX} if shop is outlet else {"tax": COUNTY_TAX, "address": SPOKANE}
        place_order(shop, {**usual, **wish}, now)
    return {shop.domain: shop for shop in (outlet, lumen)}
