"""Settings, Orders: General, advanced: returns that a third-party app handles.
https://shop-docs.xorosoft.io/getting-started/third-party-integrations/loop-returns (checked 2026-11-20)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django import forms

from connectors.rows import Column
from connectors.xoro.settings_fields import GENERAL, choice, switch, table, text

LOOP, RETURN_LOGIC = "Loop Returns", "ReturnLogic"
LOOP_URL = "https://api.loopreturns.com/api/v1/"
WITH_LOOP = ("return_source", LOOP)
DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


LOOP_ROUTE = r"^(GET|POST) \w[\w/{}-]*$"
# https://docs.loopreturns.com/api-reference/latest (checked 2026-11-30).
LOOP_ROUTES = {
    "list": "GET warehouse/return/list",
    "details": "GET warehouse/return/details",
    "process": "POST warehouse/return/{id}/process",
    "flag": "POST warehouse/return/{id}/flag",
}


@dataclass(frozen=True, kw_only=True)
class ReturnSettings:
    return_source: str = choice(
        "Third-party return source", "Which returns app feeds return authorisations. Of ReturnLogic nothing is read yet.",
        GENERAL, [("", "None"), (LOOP, LOOP), (RETURN_LOGIC, RETURN_LOGIC)], initial="", advanced=True,
    )  # fmt: skip
    return_token: str = text(
        "Access token of the returns app", "Made in the returns app.", GENERAL, secret=True, advanced=True,
        shown_when=WITH_LOOP,
    )  # fmt: skip
    sync_third_party_returns: bool = switch(
        "Synchronize its returns", "They are read on the import interval. Refunds, returns and gift cards of the shop that "
        "are Loop's are booked once.", GENERAL, initial=False, advanced=True,
        shown_when=WITH_LOOP, assumed="RMAs are made by rma/import and read by rma/getrma; ASNs are received and closed "
        "in the warehouse.",
        proof="In a test account bring in one return by its number, and look at its RMA and ASN in Xoro.",
    )  # fmt: skip
    loop_url: str = text(
        "Address of the returns app", "Of its API.", GENERAL, initial=LOOP_URL, advanced=True, shown_when=WITH_LOOP
    )
    loop_shop: str = text(
        "Shop of the returns app", "Domain of the one shop whose returns it handles, such as lumen.myshopify.com.", GENERAL,
        advanced=True, shown_when=WITH_LOOP,
    )  # fmt: skip
    loop_routes: dict[str, str] = table(
        "Other paths of the returns app",
        "Calls whose path differs from the hub's own. No rows: the hub's own paths.",
        GENERAL,
        [
            Column("name", forms.ChoiceField(label="Call", choices=[("", ""), *((one, one) for one in LOOP_ROUTES)])),
            Column("route", forms.RegexField(LOOP_ROUTE, label="Method and path", help_text="Below the address; {id} is "
                                             "the return's.", error_messages={"invalid": "Write it like POST "
                                                                              "warehouse/return/{id}/process."})),
        ],
        is_mapping=True, advanced=True, shown_when=WITH_LOOP,
    )  # fmt: skip
    return_sku: str = text(
        "Return SKU", "Stands in for a returned line without SKU.", GENERAL, names="item", advanced=True
    )
    adjust_sku: str = text(
        "Refund adjustment SKU",
        "Takes the difference between the money paid back and the value of the goods.",
        GENERAL,
        names="item",
        advanced=True,
    )

    def loop_route(self, name: str) -> tuple[str, str]:
        """(method, path below the address) of one of Loop's calls."""
        method, _, path = (self.loop_routes.get(name) or LOOP_ROUTES[name]).partition(" ")
        return method, path


def problems(settings: ReturnSettings) -> dict[str, str]:
    """What contradicts itself, by setting."""
    if not settings.sync_third_party_returns:
        return {}
    if settings.return_source != LOOP:
        return {"sync_third_party_returns": "Only returns of Loop can be read."}
    needed = {
        "return_token": "Reading returns needs the access token.",
        "loop_shop": "Name the shop whose returns they are.",
    }
    found = {name: why for name, why in needed.items() if not getattr(settings, name)}
    if settings.loop_shop and not DOMAIN.fullmatch(settings.loop_shop):
        found["loop_shop"] = "The domain alone, in small letters, such as lumen.myshopify.com."
    return found
