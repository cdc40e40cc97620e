"""Tracking of a shipment: what the source says in Shopify's words, and whether a fulfillment has it already.

A company from Shopify's list makes the link by itself, in its exact spelling; any other needs the link. Numbers go with
links in the same order. https://shopify.dev/docs/api/admin-graphql/2026-10/input-objects/FulfillmentTrackingInput
(checked 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from connectors.records import Shipment
from connectors.shopify import carriers

if TYPE_CHECKING:
    from connectors.run import Run

CARRIER, LINK = "carrier", "tracking_link"  # kinds of mappings
NUMBER = "{number}"
# https://shopify.dev/docs/api/admin-graphql/2026-10/enums/FulfillmentEventStatus (checked 2026-11-20)
PROGRESS = frozenset(
    {"CONFIRMED", "LABEL_PURCHASED", "LABEL_PRINTED", "READY_FOR_PICKUP", "CARRIER_PICKED_UP", "IN_TRANSIT",
     "OUT_FOR_DELIVERY", "ATTEMPTED_DELIVERY", "DELAYED", "DELIVERED", "FAILURE"}
)  # fmt: skip


def as_input(run: Run, shipment: Shipment) -> dict[str, Any]:
    """Shopify's input; empty where there is nothing to tell. A company nobody could make a link of is remarked on."""
    numbers = [number.strip() for number in shipment.tracking_numbers if number.strip()]
    urls = [url.strip() for url in shipment.tracking_urls if _is_link(url.strip())]
    if not numbers and not urls:
        return {}
    given: dict[str, Any] = {}
    if shipment.carrier:
        company = carriers.exact_name(run.map(CARRIER, shipment.carrier, default=shipment.carrier))
        given["company"] = company
        template = run.map(LINK, shipment.carrier, default="")
        if template and not urls:
            urls = [template.replace(NUMBER, quote(number, safe="")) for number in numbers]
        if not urls and not carriers.is_known(company):
            run.note(
                "no_link",
                f"Shopify knows no carrier “{company}” and the source gives no link: the buyer sees the number only.",
            )
    if numbers:
        given["numbers"] = numbers
    if urls:
        given["urls"] = urls[: len(numbers)] if numbers else urls
    return given


def is_same_parcel(fulfillment: Mapping[str, Any], shipment: Shipment) -> bool:
    """Whether a fulfillment carries one of the shipment's numbers."""
    return bool(_numbers(fulfillment) & {_plain(number) for number in shipment.tracking_numbers})


def is_another_parcel(fulfillment: Mapping[str, Any], shipment: Shipment) -> bool:
    """Whether a fulfillment carries numbers, and none of them is the shipment's."""
    return bool(_numbers(fulfillment)) and not is_same_parcel(fulfillment, shipment)


def is_up_to_date(fulfillment: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    """Whether a fulfillment holds what is to be told; links count only where they are told."""
    rows = fulfillment["trackingInfo"]
    if "numbers" in given and [row["number"] for row in rows] != given["numbers"]:
        return False
    if "company" in given and any(row["company"] != given["company"] for row in rows):
        return False
    return "urls" not in given or [row["url"] for row in rows][: len(given["urls"])] == given["urls"]


def _numbers(fulfillment: Mapping[str, Any]) -> set[str]:
    return {_plain(row["number"]) for row in fulfillment["trackingInfo"] if row["number"]}


def _plain(number: str) -> str:
    return "".join(number.split()).casefold()


def _is_link(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"http", "https"} and bool(parts.netloc)
