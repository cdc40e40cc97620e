"""Settings, Orders: General, advanced: returns that a third-party app handles.
https://shop-docs.xorosoft.io/getting-started/third-party-integrations/loop-returns (checked 2026-11-20)."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.xoro.settings_fields import GENERAL, choice, switch, text

LOOP, RETURN_LOGIC = "Loop Returns", "ReturnLogic"
LOOP_URL = "https://api.loopreturns.com/api/v1/"
WITH_LOOP = ("return_source", LOOP)


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
        "Synchronize its returns", "They are read on the import interval.", GENERAL, initial=False, advanced=True,
        shown_when=WITH_LOOP, assumed="RMAs are made by rma/import and read by rma/getrma; ASNs are received and closed "
        "in the warehouse (G-11).",
    )  # fmt: skip
    loop_url: str = text(
        "Address of the returns app", "Of its API.", GENERAL, initial=LOOP_URL, advanced=True, shown_when=WITH_LOOP
    )
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


def problems(settings: ReturnSettings) -> dict[str, str]:
    """What contradicts itself, by setting."""
    if settings.sync_third_party_returns and settings.return_source == LOOP and not settings.return_token:
        return {"return_token": "Reading returns needs the access token."}
    if settings.sync_third_party_returns and settings.return_source != LOOP:
        return {"sync_third_party_returns": "Only returns of Loop can be read."}
    return {}
