"""Settings, Products & Inventory: Inventory. The vendor's own pages exist, but their content is not public; these are ours.
What the figures mean: https://docs.xorosoft.com/xoroerp-1/inventory/item-inventory-snapshot/inventory-levels (checked
2026-11-20)."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.xoro.settings_fields import INVENTORY, choice, column, listed, switch, table, whole

FIGURES = [
    ("ATSQty", "ATS: available less released orders"),
    ("ATSQtyIncPO", "ATS with released purchase orders"),
    ("NetAvailable", "Net available: available less allocated"),
    ("AvailableQty", "Available"),
    ("OnHandQty", "On hand"),
]
CHANGES, FULL = "changes", "full"
ON = ("inventory_enabled",)


@dataclass(frozen=True, kw_only=True)
class InventorySettings:
    inventory_enabled: bool = switch("Send inventory", "Off: no stock figure is sent.", INVENTORY, initial=False)
    quantity_field: str = choice(
        "Quantity", "Which figure of Xoro is sent.", INVENTORY, FIGURES, initial="ATSQty", shown_when=ON,
        assumed="The figure compared with the shop's is ATS, as in the vendor's own example.",
        proof="Compare ATS of one item in Xoro with the units the shop shows.",
    )  # fmt: skip
    inventory_location_map: tuple[dict[str, str], ...] = table(
        "Stores to locations",
        "Whose stock goes where. Several stores may name the same location: their units add up.",
        INVENTORY,
        [
            column("store", "Store in Xoro", "By its name there.", required=True, names="store"),
            column(
                "location", "Shop location", "Name or id in the shop; all of them by name, or all by id.", required=True
            ),
        ],
        unique=("store",),
        shown_when=ON,
    )
    stock_buffer: int = whole(
        "Buffer", "Units taken off at every location.", INVENTORY, initial=0, least=0, most=1_000_000, shown_when=ON
    )
    zero_floor: bool = switch(
        "Never below zero", "Negative figures are sent as 0.", INVENTORY, initial=True, shown_when=ON
    )
    max_quantity: int | None = whole(
        "Cap",
        "Units at most. Empty: no cap.",
        INVENTORY,
        initial=None,
        least=0,
        most=1_000_000_000,
        required=False,
        shown_when=ON,
    )
    inventory_mode: str = choice(
        "What is sent", "Only figures that changed, or all of them each run.", INVENTORY,
        [(CHANGES, "Changes"), (FULL, "Everything")], initial=CHANGES, shown_when=ON,
    )  # fmt: skip
    zero_missing: bool = switch(
        "Zero what Xoro no longer lists", "An item that a complete list of a store does not name any more is sent as 0. Off: "
        "its figure stays as it is, and the event names it.", INVENTORY, initial=False, shown_when=ON,
        assumed="A list of stock that ends with an empty page is complete: what it does not name is gone.",
        proof="Read one store to its end by hand, and compare the number of items with Xoro's own list.",
    )  # fmt: skip
    full_sync_hour: int | None = whole(
        "Nightly comparison, hour", "0 to 23, in the shop's time zone: every figure is compared with the shop's. Empty: "
        "never.", INVENTORY, initial=3, least=0, most=23, required=False, shown_when=ON,
    )  # fmt: skip
    item_tags_include: tuple[str, ...] = listed(
        "Only items with a tag of", "With commas between them. Empty: all.", INVENTORY, advanced=True, shown_when=ON
    )
    item_tags_exclude: tuple[str, ...] = listed(
        "No items with a tag of", "With commas between them.", INVENTORY, advanced=True, shown_when=ON
    )
    item_types: tuple[str, ...] = listed(
        "Item types", "With commas between them. Empty: all.", INVENTORY, initial=("Inventory",), advanced=True,
        shown_when=ON,
    )  # fmt: skip
    skip_presell: bool = switch(
        "Leave out pre-sell items", "Items sold before they arrive.", INVENTORY, initial=False, advanced=True,
        shown_when=ON,
    )  # fmt: skip
    inventory_page: int = whole(
        "Rows of one page", "How many rows a page of stock or items is asked to have, 100 to 1000.", INVENTORY, initial=100,
        least=100, most=1000, advanced=True, shown_when=ON,
        assumed="More rows a page than 100 are heeded by some tenants only; the end of a list never depends on it.",
        proof="Ask Xoro for the largest page; a wrong number only makes runs slower.",
    )  # fmt: skip


def place_key(location: str) -> str:
    """What two spellings of one location have in common: case does not count, nor what stands before an id."""
    key = location.strip().casefold()
    number = key.rpartition("/")[2]
    return number if number.isdigit() else key


def problems(settings: InventorySettings) -> dict[str, str]:
    """What contradicts itself, by setting."""
    found: dict[str, str] = {}
    rows = settings.inventory_location_map
    if settings.inventory_enabled and not rows:
        found["inventory_location_map"] = "Sending inventory needs the location of each store."
    elif len({place_key(row["location"]).isdigit() for row in rows}) > 1:
        found["inventory_location_map"] = (
            "Call every shop location by its name, or every one by its id: one that is called by both would be sent the "
            "stock of one store only."
        )
    both = {one.casefold() for one in settings.item_tags_include} & {
        one.casefold() for one in settings.item_tags_exclude
    }
    if both:
        found["item_tags_exclude"] = f"“{sorted(both)[0]}” is among the tags an item must have, too."
    return found
