"""Stock levels into a shop: whose variant, which location, which quantity; 250 of them to a call, by key.

The feed sends what differs. Small differences go by direct calls, large ones as a file (``stockfile.py``). Nothing that
cannot be sent is dropped: it stays with its figure, with a sentence. https://shopify.dev/docs/apps/build/
orders-fulfillment/inventory-management-apps (API 2026-10, checked 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors import directory, feeds, figures
from connectors.directory import Known
from connectors.exceptions import NotDone, RemoteUnavailable
from connectors.feeds import Answered
from connectors.figures import Problem, Row
from connectors.models import Batch
from connectors.records import StockLevel
from connectors.shopify import assortment, locations
from connectors.shopify.calls import inventory as calls
from connectors.shopify.places import Places
from connectors.shopify.replies import UserErrors
from connectors.shopify.settings_stock import ALL, AS_SAID, ON_HAND
from connectors.shopify.skufinder import SkuFinder
from connectors.shopify.skus import VARIANT, entry

if TYPE_CHECKING:
    from connectors.run import Run

ENTRIES = 250  # of one call
AT_ONCE = 3  # events that send: one of the four calls at once is for others always
MOST = 1_000_000_000  # https://shopify.dev/docs/api/admin-graphql/2026-10/enums/InventorySetQuantitiesUserErrorCode
AGAIN = frozenset({"unknown_sku", "sku_twice", "untracked", "location", "item_gone"})  # looked at anew by every feed
FIRST_READ = 1_000  # pending figures from which a shop whose SKUs were never read is read first
SKUS_ASKED = "stock_skus"  # checkpoint: the feed that asked for the sync of SKUs, and that sync's event
UNUSABLE_KEY = frozenset({"IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"})
SENTENCES = {
    "INVALID_INVENTORY_ITEM": ("item_gone", "The shop's inventory item of this SKU was deleted. The sync “SKU directory” "
                               "finds what came in its place."),
    "INVALID_LOCATION": ("location", "The shop does not take stock at this location any more. Map another one."),
    "NON_MUTABLE_INVENTORY_ITEM": ("bundle", "The SKU is a bundle: Shopify reckons its stock from its parts."),
}  # fmt: skip


def feed(run: Run) -> str:
    """Bring the shop what differs. Raises ``NotDone`` while a file is under way, and what calls raise."""
    from connectors.shopify import stockfile

    sender = StockSender(run)
    if feeds.part_of(run).of > 1:
        feeds.send(run, sender)
        return feeds.told(run)
    sender.look_again()
    route_id = run.the_route.pk
    try:
        stockfile.collect(run, sender)
    except NotDone:
        # What the file holds is not pending: neither can overtake the other. So much that a file is better waits for one.
        if not stockfile.is_better(run, figures.count_pending(route_id)):
            feeds.send(run, sender)
        raise
    waiting = figures.count_pending(route_id)
    if waiting > FIRST_READ and not assortment.is_known(run):
        _wait_for_skus(run, waiting)
    if stockfile.is_better(run, waiting):
        stockfile.send(run, sender)
    feeds.send(run, sender, at_once=AT_ONCE)
    if sender.finder.is_exhausted:
        run.note("searched", "More SKUs are unknown than the hub asks the shop for in one run; the sync “SKU directory” "
                 "reads them all.")  # fmt: skip
    return feeds.told(run)


def _wait_for_skus(run: Run, waiting: int) -> None:
    """Have the shop's SKUs read. Raises ``NotDone`` while that is under way; ``RemoteUnavailable`` where it ended without
    them, so that a feed does not ask for it for ever."""
    event, asked = run.the_event.pk, run.checkpoint.get(SKUS_ASKED)
    sync = run.start_sync("skus")
    if asked != [event, sync]:
        run.save_checkpoint(**{SKUS_ASKED: [event, sync]})
    if asked is not None and asked[0] == event and asked[1] != sync:
        raise RemoteUnavailable(
            f"{waiting:,} stock levels wait for the shop's SKUs, and the sync “SKU directory” (event {asked[1]}) could not "
            "read them.",
            next_step="Read what that event says and correct it; then press Retry.",
            code="skus_first",
        )  # fmt: skip
    raise NotDone(
        f"{waiting:,} stock levels wait: the hub reads the shop's SKUs first.", code="skus_first", retry_after_s=30
    )


@dataclass
class Entry:
    """One quantity as it will be set."""

    figure: int
    item: str
    location: str
    name: str
    quantity: int
    before: int | None


class StockSender:
    """See ``feeds.Sender``."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.options = run.options
        self.client = run.client.as_stock()
        self.finder = SkuFinder(run, self.client)
        self.places = Places(run)
        self.made: dict[int, list[Entry]] = {}  # entries of the rows grouped last

    # --- what goes together
    # -----------------------------------------------------------------------------------------------------------

    def group(self, rows: Sequence[Row]) -> tuple[list[list[Row]], dict[int, Problem]]:
        found = self.finder.find({row.key for row in rows})
        problems: dict[int, Problem] = {}
        by_name: dict[str, list[Row]] = {}
        self.made = {}
        for row in rows:
            made = self._entries(row, found.get(row.key, []))
            if isinstance(made, tuple):
                problems[row.id] = made
            else:
                self.made[row.id] = made
                by_name.setdefault(made[0].name, []).append(row)
        groups = [group for some in by_name.values() for group in self._cut(some)]
        return groups, problems

    def _cut(self, rows: Sequence[Row]) -> list[list[Row]]:
        groups: list[list[Row]] = []
        room = 0
        for row in rows:
            if room < len(self.made[row.id]):
                groups.append([])
                room = ENTRIES
            groups[-1].append(row)
            room -= len(self.made[row.id])
        return groups

    def _entries(self, row: Row, variants: Sequence[Known]) -> list[Entry] | Problem:
        if not variants:
            return "unknown_sku", "The shop has no variant with this SKU."
        if len(variants) > 1 and self.options.duplicates != ALL:
            return "sku_twice", f"{len(variants)} variants of the shop have this SKU; none of them is updated."
        if len(variants) > ENTRIES:
            return "sku_twice", f"{len(variants)} variants of the shop have this SKU: more than one call can set."
        untracked = [one for one in variants if not one.data.get("tracked")]
        if untracked and not self.options.track:
            return "untracked", "The shop does not track this item: its quantity would have no effect on sales."
        location = self.places.find(row.place)
        if isinstance(location, tuple):
            return location
        try:
            level = StockLevel.read(row.key, row.place, row.text)
        except ValueError:
            return "quantity", f"“{row.text}” is no quantity."
        name = level.counts if self.options.quantity == AS_SAID else self.options.quantity
        if level.quantity != int(level.quantity):
            return "quantity", f"The quantity {level.quantity} is not whole, and Shopify counts in whole pieces."
        quantity = int(level.quantity)
        if abs(quantity) > MOST or (name == ON_HAND and quantity < 0):
            return "quantity", f"Shopify does not take {quantity} as a quantity {name.replace('_', ' ')}."
        for one in untracked:
            self._track(one)
        before = self._before(row)
        return [Entry(row.id, one.data["item"], location, name, quantity, before) for one in variants]

    def _before(self, row: Row) -> int | None:
        """What the shop should still hold; ``None`` overwrites whatever it is."""
        if not self.options.compare or row.sent is None:
            return None
        return int(StockLevel.read(row.key, row.place, row.sent).quantity)

    def _track(self, variant: Known) -> None:
        calls.track(self.client, variant.data["item"])
        data = variant.data
        known = entry(variant.key, variant.object_id, data["item"], data["product"], tracked=True,
                      updated_at=str(data.get("updated_at") or ""))  # fmt: skip
        directory.put(self.run.connector.pk, VARIANT, [known])

    def content(self, rows: Sequence[Row]) -> dict[str, Any]:
        """The input of one call, and beside it which figure each entry belongs to."""
        entries = [one for row in rows for one in self.made[row.id]]
        quantities = [
            {
                "inventoryItemId": one.item,
                "locationId": one.location,
                "quantity": one.quantity,
                "changeFromQuantity": one.before,
            }
            for one in entries
        ]
        input_ = {
            "name": entries[0].name,
            "reason": self.options.reason,
            "referenceDocumentUri": f"gid://integration-hub/StockRun/{self.run.the_event.pk}",
            "quantities": quantities,
        }
        return {"input": input_, "figures": [one.figure for one in entries]}

    # --- what became of it
    # -----------------------------------------------------------------------------------------------------------

    def send(self, batch: Batch, rows: Sequence[Row]) -> Answered:
        try:
            calls.set_quantities(self.client, batch.content["input"], str(batch.key))
        except UserErrors as error:
            return self.judge(error.errors, batch.content, rows)
        return Answered()

    def judge(self, errors: Sequence[Mapping[str, Any]], content: Mapping[str, Any], rows: Sequence[Row]) -> Answered:
        """What user errors mean. Nothing of a declined call counts as applied: what is not named goes again with another
        key. Raises ``RemoteUnavailable`` where the same call is under way, ``UserErrors`` where all of it is wrong."""
        codes = {str(one.get("code") or "") for one in errors}
        if "IDEMPOTENCY_CONCURRENT_REQUEST" in codes:
            raise RemoteUnavailable("Shopify is still working on the same call.", code="concurrent")
        said = "; ".join(sorted({str(one.get("message")) for one in errors}))
        if codes & UNUSABLE_KEY:
            return Answered(applied=False, said=said)
        answered = Answered(applied=False, said=said)
        problems: dict[int, Problem] = {}
        held: dict[int, str] = {}
        gone: dict[int, str] = {}
        for one in errors:
            place = _place(one)
            if place is None or place >= len(content["figures"]):
                raise UserErrors(f"Shopify declined a batch of stock levels: {said}", errors, code=str(one.get("code")))
            figure, code = content["figures"][place], str(one.get("code") or "refused")
            if code == "CHANGE_FROM_QUANTITY_STALE":
                held[figure] = self._held(content["input"], place)
            else:
                problems[figure] = SENTENCES.get(code, (code.lower()[:80], f"Shopify says: {one.get('message')}"))
            if code == "INVALID_INVENTORY_ITEM":
                gone[figure] = content["input"]["quantities"][place]["inventoryItemId"]
        self._forget(rows, gone)
        if (
            "INVALID_LOCATION" in codes
        ):  # what the hub knows of locations is old: until another one is mapped it asks no more
            locations.synchronize(self.run)
        answered.problems, answered.held = problems, held
        return answered

    def _forget(self, rows: Sequence[Row], gone: Mapping[int, str]) -> None:
        """Variants whose item is gone leave the directory: the SKU counts as unknown until it is found elsewhere."""
        known = directory.find(self.run.connector.pk, VARIANT, {row.key for row in rows if row.id in gone})
        items = set(gone.values())
        ids = [one.object_id for some in known.values() for one in some if one.data.get("item") in items]
        if ids:
            directory.forget(self.run.connector.pk, VARIANT, ids)

    def _held(self, input_: Mapping[str, Any], place: int) -> str:
        """What the shop holds of an entry now, as a figure reads."""
        one = input_["quantities"][place]
        found = calls.quantities(self.client, one["inventoryItemId"], one["locationId"]) or {}
        quantity = found.get(input_["name"], 0)
        return StockLevel(sku="", quantity=Decimal(quantity), counts=input_["name"]).text

    def look_again(self) -> None:
        """Figures with a problem that may be over: the SKU is known by now, the location mapped, the item tracked."""
        after = 0
        while rows := figures.problematic(self.run.the_route.pk, AGAIN, after=after):
            after = rows[-1].id
            found = directory.find(self.run.connector.pk, VARIANT, {row.key for row in rows})
            over = [row.id for row in rows if not isinstance(self._dry(row, found.get(row.key, [])), tuple)]
            figures.try_again(over)

    def _dry(self, row: Row, variants: Sequence[Known]) -> object:
        """As ``_entries``, but nothing is asked of the shop or changed there."""
        if any(not one.data.get("tracked") for one in variants):
            return bool(self.options.track) or ("untracked", "")
        return self._entries(row, variants)


def _place(error: Mapping[str, Any]) -> int | None:
    """The entry an error is about: its field is ``input.quantities.<place>...``."""
    path = [str(one) for one in error.get("field") or ()]
    return int(path[2]) if len(path) > 2 and path[1] == "quantities" and path[2].isdigit() else None
