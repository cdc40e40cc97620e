"""What the provider declares about shipping: topics, syncs, records in and out, mappings, panels."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.base import Accept, Handler, MappingKind, Panel, Sync
from connectors.records import (
    FulfillmentMove,
    FulfillmentOrder,
    FulfillmentProgress,
    Hold,
    HoldRelease,
    Record,
    Shipment,
)
from connectors.shopify import fulfillment, holding, locations, shipping, tracking
from connectors.shopify.options_shipping import ShipmentOptions

ATTEMPTS = 20  # of a shipment: goods may be on hold for days


def _fulfillment_order(label: str) -> Handler:
    return Handler(function=fulfillment.import_fulfillment_orders, label=label, reads_current_state=True)


def _location(label: str) -> Handler:
    return Handler(function=locations.synchronize, label=label, reads_current_state=True)


HANDLERS: dict[str, Handler] = {
    "fulfillment_orders/order_routing_complete": _fulfillment_order("Order routed to locations"),
    "fulfillment_orders/placed_on_hold": _fulfillment_order("Fulfillment order put on hold"),
    "fulfillment_orders/hold_released": _fulfillment_order("Fulfillment order released"),
    "fulfillment_orders/moved": _fulfillment_order("Fulfillment order moved"),
    "fulfillment_orders/split": _fulfillment_order("Fulfillment order split"),
    "fulfillment_orders/merged": _fulfillment_order("Fulfillment orders merged"),
    "fulfillment_orders/cancelled": _fulfillment_order("Fulfillment order cancelled"),
    "fulfillment_orders/rescheduled": _fulfillment_order("Fulfillment order rescheduled"),
    "fulfillment_orders/scheduled_fulfillment_order_ready": _fulfillment_order("Scheduled fulfillment order ready"),
    "fulfillment_holds/added": _fulfillment_order("Hold added"),
    "fulfillment_holds/released": _fulfillment_order("Hold released"),
    "fulfillments/create": Handler(
        function=fulfillment.import_shipment, label="Shipment made in the shop", reads_current_state=True
    ),
    "fulfillments/update": Handler(
        function=fulfillment.import_shipment, label="Shipment changed in the shop", reads_current_state=True
    ),
    "locations/create": _location("Location added"),
    "locations/update": _location("Location changed"),
    "locations/activate": _location("Location activated"),
    "locations/deactivate": _location("Location deactivated"),
    "locations/delete": Handler(function=locations.synchronize, label="Location deleted"),
}

SYNCS: dict[str, Sync] = {
    "fulfillment_orders": Sync(
        label="Recent fulfillment orders",
        function=fulfillment.synchronize_recent,
        records=FulfillmentOrder,
        every_minutes=15,
        help="Reads what changed in shipping since the last time, so that a lost delivery does no harm.",
    ),
    "locations": Sync(
        label="Locations",
        function=locations.synchronize,
        every_minutes=1440,
        help="Reads the shop's locations, for the mapping of the places other systems ship from.",
    ),
    "held": Sync(
        label="Held fulfillment orders",
        function=holding.synchronize,
        help="Reads what is on hold in the shop, by whom and why.",
    ),
}

EMITS: tuple[type[Record], ...] = (FulfillmentOrder, Shipment)

ACCEPTS: Mapping[type[Record], Accept] = {
    Shipment: Accept(
        function=shipping.accept_shipment, options=ShipmentOptions, label="Shipments", max_attempts=ATTEMPTS
    ),
    Hold: Accept(function=holding.accept_hold, label="Holds"),
    HoldRelease: Accept(function=holding.accept_release, label="Releases of holds"),
    FulfillmentMove: Accept(function=holding.accept_move, label="Moves to another location"),
    FulfillmentProgress: Accept(function=holding.accept_progress, label="Progress of picking"),
}

MAPPINGS = (
    MappingKind(
        name=locations.MAPPING,
        label="Location",
        help="From: the code of the place in the source, like WH-1. To: the name or number of the location in Shopify.",
    ),
    MappingKind(
        name=tracking.CARRIER,
        label="Carrier",
        help="From: the carrier or service in the source. To: its name in Shopify's exact spelling, like DHL Express.",
    ),
    MappingKind(
        name=tracking.LINK,
        label="Tracking link",
        help="From: the carrier in the source. To: the address that shows a parcel, with {number} where its number "
        "goes.",
    ),
)

PANELS = (
    Panel(
        name="locations",
        label="Locations",
        function=locations.panel,
        syncs=("locations",),
        help="Where the shop ships from, and what other systems call it (mapping “Location”).",
    ),
    Panel(
        name="held",
        label="On hold",
        function=holding.panel,
        syncs=("held",),
        help="Fulfillment orders somebody keeps from being shipped.",
    ),
)
