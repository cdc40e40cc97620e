"""Prices into a shop: what differs from what the shop confirmed last, in batches of one product or one price list.

A price without a list is the variant's own; one of a list goes to the price list of that group and currency. Every write
here sets a value, so that a batch whose answer was lost is simply sent again. Not for prices that come with a product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors import directory, feeds, figures
from connectors.exceptions import RemoteRefused
from connectors.feeds import Answered
from connectors.figures import Problem, Row
from connectors.records import Price
from connectors.records.figure import NO_PRICE, price_currency, price_place
from connectors.shopify import price_lists, skus
from connectors.shopify.calls import prices as calls
from connectors.shopify.calls import products as product_calls
from connectors.shopify.calls.changes import in_batches
from connectors.shopify.currency import shop_currency
from connectors.shopify.replies import UserErrors

if TYPE_CHECKING:
    from connectors.models import Batch
    from connectors.run import Run

Node = dict[str, Any]
OWN, LISTED, VOLUME = "own", "list", "volume"
UNKNOWN = "unknown_sku"
AGAIN = (
    "sku_used_twice",
    "price_list",
    "price_list_not_found",
    "no_price_row",
)  # may have been put right in the shop since
GONE = frozenset({"PRODUCT_VARIANT_DOES_NOT_EXIST", "QUANTITY_PRICE_BREAK_ADD_VARIANT_NOT_FOUND", "VARIANT_NOT_FOUND"})
NOT_FIXED = "PRICE_NOT_FIXED"  # a price that is to be taken away is not there: as it should be


def feed(run: Run) -> str:
    """Send what differs of the route's prices. Raises what ``feeds.send`` raises."""
    _look_again(run)
    feeds.send(run, PriceSender(run))
    return feeds.told(run)


def _look_again(run: Run) -> None:
    """Prices that failed for what may have been put right since are tried again; a SKU once the directory knows it."""
    route_id, after = run.the_route.pk, 0
    while rows := figures.problematic(route_id, AGAIN, after=after):
        after = rows[-1].id
        figures.try_again([row.id for row in rows])
    after = 0
    while rows := figures.problematic(route_id, (UNKNOWN,), after=after):
        after = rows[-1].id
        known = directory.find(run.connector.pk, skus.VARIANT, {row.key for row in rows})
        figures.try_again([row.id for row in rows if row.key in known])


@dataclass(frozen=True)
class Target:
    """Where one price goes: ``kind``, ``into`` (product or price list), the variant."""

    kind: str
    into: str
    variant: str


class PriceSender:
    """See ``feeds.Sender``."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.targets: dict[int, Target] = {}
        self.lists: dict[tuple[str, str], str | Problem] = {}

    def group(self, rows: Sequence[Row]) -> tuple[list[list[Row]], dict[int, Problem]]:
        problems: dict[int, Problem] = {}
        groups: dict[tuple[str, str], list[Row]] = {}
        known = self._variants(rows)
        for row in rows:
            target = self._target(row, known)
            if isinstance(target, tuple):
                problems[row.id] = target
            else:
                self.targets[row.id] = target
                groups.setdefault((target.kind, target.into), []).append(row)
        order = {OWN: 0, LISTED: 1, VOLUME: 2}  # a price by quantity needs the fixed price first
        listed = sorted(groups.items(), key=lambda one: order[one[0][0]])
        return [list(some) for _, group in listed for some in in_batches(group)], problems

    def _variants(self, rows: Sequence[Row]) -> dict[str, list[directory.Known]]:
        """By SKU; those the directory does not know are looked for in the shop."""
        wanted = {row.key for row in rows}
        found = directory.find(self.run.connector.pk, skus.VARIANT, wanted)
        if missing := wanted - found.keys():
            nodes = product_calls.variants_by_sku(self.run.client, missing)
            read = [
                skus.entry(node["sku"], node["id"], node["inventoryItem"]["id"], node["product"]["id"],
                           tracked=bool(node["inventoryItem"]["tracked"]), updated_at=str(node["updatedAt"]))
                for node in nodes
            ]  # fmt: skip
            directory.put(self.run.connector.pk, skus.VARIANT, read)
            for one in read:
                found.setdefault(one.key, []).append(one)
        return found

    def _target(self, row: Row, known: Mapping[str, list[directory.Known]]) -> Target | Problem:
        found = known.get(row.key, [])
        if not found:
            return UNKNOWN, "The shop has no variant with this SKU."
        if len(found) > 1:
            return "sku_used_twice", "Several variants of the shop have this SKU: none gets the price."
        price = None
        if row.text != NO_PRICE:
            try:
                price = Price.read(row.key, row.place, row.text)
            except ValueError as error:
                return "unreadable", f"The price cannot be read: {error}."
            if price.amount < 0 or (price.compare_at is not None and price.compare_at < 0):
                return "negative_price", "The price is below zero."
        group, quantity = price_place(row.place)
        if not group:
            return self._own(price, quantity, found[0])
        if quantity != 1 and price is None:
            return "quantity", "The source names no price from this quantity on any more; remove it in the shop."
        currency = price_currency(row.place)
        into = self._list(group, currency)
        if isinstance(into, tuple):
            return into
        return Target(LISTED if quantity == 1 else VOLUME, into, found[0].object_id)

    def _own(self, price: Price | None, quantity: int, known: directory.Known) -> Target | Problem:
        currency = shop_currency(self.run)
        if quantity != 1:
            return "quantity", "A variant's own price knows no quantities; name a price list."
        if price is None:
            return "no_price", "The source names no price any more; the shop keeps the last one."
        if price.currency != currency:
            return "no_price_row", f"The shop sells in {currency}, and the price is in {price.currency}."
        return Target(OWN, str(known.data["product"]), known.object_id)

    def _list(self, group: str, currency: str) -> str | Problem:
        """The list's global id, or why there is none: asked once a run."""
        if (group, currency) not in self.lists:
            try:
                self.lists[group, currency] = price_lists.ensure_list(self.run, group, currency).object_id
            except UserErrors as error:
                said = "; ".join(str(one["message"]).rstrip(". ") for one in error.errors)
                name = price_lists.list_name(group, currency)
                self.lists[group, currency] = ("price_list", f"Shopify makes no price list “{name}”: {said}.")
            except RemoteRefused as error:  # a list in another currency; a currency Shopify does not know
                self.lists[group, currency] = ("price_list", f"{error.sentence} {error.next_step}")
        return self.lists[group, currency]

    # --- one batch
    # --------------------------------------------------------------------------------------------------------

    def content(self, rows: Sequence[Row]) -> Node:
        first = self.targets[rows[0].id]
        made: Node = {"kind": first.kind, "into": first.into, "ids": [], "add": [], "delete": []}
        deleted: list[int] = []
        for row in rows:
            variant = self.targets[row.id].variant
            if row.text == NO_PRICE:
                made["delete"].append(variant)
                deleted.append(row.id)
            else:
                made["add"].append(_input(first.kind, variant, Price.read(row.key, row.place, row.text)))
                made["ids"].append(row.id)
        return {**made, "deleted": deleted}

    def send(self, batch: Batch, rows: Sequence[Row]) -> Answered:
        given = batch.content
        client = self.run.client
        try:
            if given["kind"] == OWN:
                product_calls.update_variants(client, given["into"], given["add"])
            elif given["kind"] == VOLUME:
                calls.change_volume_prices(client, given["into"], given["add"])
            else:
                calls.change_prices(client, given["into"], given["add"], given["delete"])
        except UserErrors as error:
            return self._declined(given, error)
        return Answered()

    def _declined(self, given: Node, error: UserErrors) -> Answered:
        """What Shopify says of single prices stays with them; the others of a product were saved, those of a list go
        again without the bad ones."""
        problems: dict[int, Problem] = {}
        held: dict[int, str] = {}
        variants = {row_id: str(one.get("id") or one.get("variantId")) for row_id, one in
                    zip(given["ids"], given["add"], strict=True)}  # fmt: skip
        for one in error.errors:
            code = str(one.get("code") or "declined")
            row_id = _row_of(given, [str(part) for part in one.get("field") or ()])
            if row_id is None:
                problems |= dict.fromkeys([*given["ids"], *given["deleted"]], self._whole(given, code, one["message"]))
            elif code == NOT_FIXED:
                held[row_id] = NO_PRICE
            elif code in GONE and row_id in variants:  # tried again once the directory knows the SKU anew
                directory.forget(self.run.connector.pk, skus.VARIANT, [variants[row_id]])
                problems[row_id] = (UNKNOWN, str(one["message"]))
            else:
                problems[row_id] = (code.lower(), str(one["message"]))
        return Answered(applied=given["kind"] == OWN, problems=problems, held=held, said=error.sentence)

    def _whole(self, given: Node, code: str, message: str) -> Problem:
        if code == "PRICE_LIST_NOT_FOUND":
            price_lists.forget_list(self.run, given["into"])
        if code == "PRODUCT_DOES_NOT_EXIST":
            skus.forget_product(self.run, given["into"])
            return UNKNOWN, str(message)
        return code.lower(), str(message)


def _input(kind: str, variant: str, price: Price) -> Node:
    before = None if price.compare_at is None else f"{price.compare_at:f}"
    if kind == OWN:
        return {"id": variant, "price": f"{price.amount:f}", "compareAtPrice": before}
    money = {"amount": f"{price.amount:f}", "currencyCode": price.currency}
    if kind == VOLUME:
        return {"variantId": variant, "minimumQuantity": price.min_quantity, "price": money}
    given: Node = {"variantId": variant, "price": money}
    return given if before is None else {**given, "compareAtPrice": {**money, "amount": before}}


def _row_of(given: Node, path: Sequence[str]) -> int | None:
    """The figure a user error is about: its place in the list of the input, whatever that list is called."""
    place = next((int(part) for part in path if part.isdigit()), None)
    ids: list[int] = given["deleted"] if any("delete" in part.lower() for part in path) else given["ids"]
    return ids[place] if place is not None and place < len(ids) else None
