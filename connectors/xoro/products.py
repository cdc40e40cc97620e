"""Products out of Xoro: what changed since the last time, one event a product, or a single one a person named.

The walk brings whole products; each is handed to an event of its own, so that each has an outcome (sent, filtered, no
handle, no price). A retry reads the product anew. Not for what comes into Xoro: that is ``product_delivery.py``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from connectors import directory
from connectors.directory import Known
from connectors.exceptions import PayloadError, RemoteRefused, RemoteUnavailable, Skip
from connectors.http import dump_json
from connectors.records import Product
from connectors.xoro.calls import catalogue as calls
from connectors.xoro.changed import Cursor
from connectors.xoro.product_translation import Remarks, all_tags, product_record
from connectors.xoro.settings_products import TO_SHOP
from connectors.xoro.walks import MARK, Slice, unmet, walk

if TYPE_CHECKING:
    from connectors.run import Run

KIND = "product"  # directory: key: handle; object id: Xoro's id; data: number, modified, asked, mark, event
CURSOR = "products"  # checkpoint
LARGEST_CARRIED = 512 * 1024  # bytes of a product that travels with its event; a larger one is read again
NAMED = 8
Node = dict[str, Any]


def synchronize(run: Run) -> str:
    """One event for every product changed since the last walk. Raises ``Skip`` (switched off, the other direction, not
    routed), ``NotDone`` while more is left, and what a call raises."""
    check_direction(run)
    if not run.is_routed(Product):
        raise Skip(f"No route takes products from {run.connector}.", reason="not_routed")
    tags = run.settings.product_tags
    cursor = Cursor.read(run, CURSOR, asked=_asked(run))
    tag = tags[0] if len(tags) == 1 else ""  # the route takes one; several are looked for here
    try:
        is_sure = walk(
            cursor.position, lambda page: calls.products_page(run.client, page, since=cursor.since, tag=tag),
            lambda rows: _take(run, rows, cursor), part=Slice.begin(), what="the products",
        )  # fmt: skip
    finally:
        cursor.save(run)
    cursor.finish(run, is_sure=is_sure)
    if not is_sure:
        run.note("broke_off", "Xoro's list ended with an empty answer that may mean that it is too busy; the next run reads "
                 "from the same time again.")  # fmt: skip
    count = cursor.position.rows
    since = f" since {cursor.since.replace('T', ' ')}" if cursor.since else ""
    return (
        f"{count:,} product{' was' if count == 1 else 's were'} read that changed{since}; each has an event of its own."
    )


def _asked(run: Run) -> str:
    """What makes every product news again where it changes: which are sent, where to, and what of them."""
    one = run.settings
    said = [
        sorted(tag.casefold() for tag in one.product_tags), one.price_currency, one.price_field, one.compare_price_field,
        one.cost_field, sorted(one.update_fields), one.update_sku, sorted(run.targets_of(Product.kind)),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def check_direction(run: Run) -> None:
    """Raises ``Skip`` naming the setting where products do not move from Xoro to the shop."""
    if not run.settings.products_enabled:
        raise Skip("No product is sent: the setting “Synchronize products” is off.", reason="filtered",
                   code="products_enabled")  # fmt: skip
    if run.settings.product_direction != TO_SHOP:
        raise Skip("No product is sent to the shop: the setting “Direction” of products says “Shop to Xoro”.",
                   reason="filtered", code="product_direction")  # fmt: skip


def _take(run: Run, rows: Sequence[Node], cursor: Cursor) -> int:
    """Start an event for each product that was not met in this state before; how many this walk had not met."""
    known: dict[str, Known] = {}
    parts: dict[str, Node] = {}
    for part in rows:
        number = calls.text(part.get("BasePartNumber"))
        if number:
            one = _known(part, number, cursor.position.mark, cursor.asked)
            known[one.object_id], parts[one.object_id] = one, part
            cursor.meet(part)
    fresh = unmet(run.connector.pk, KIND, known, cursor.position.mark)
    changed = [one for one in known.values() if _is_news(run, one)]
    for one in changed:
        _spawn(run, one, parts[one.object_id])
    directory.put(run.connector.pk, KIND, known.values())  # last: what is known here is never handed on again
    return fresh


def _known(part: Node, number: str, mark: str, asked: str) -> Known:
    data = {"number": number, "modified": calls.text(part.get("ModifyDttm")), "asked": asked, MARK: mark}
    return Known(key=calls.text(part.get("Handle")), object_id=calls.text(part.get("Id")) or number, data=data)


def _is_news(run: Run, one: Known) -> bool:
    """Not what lies in the overlap and was handed on in this state already."""
    before = directory.by_id(run.connector.pk, KIND, one.object_id)
    kept = {} if before is None else before.data
    return not one.data["modified"] or any(kept.get(name) != one.data[name] for name in ("modified", "asked"))


def _spawn(run: Run, one: Known, part: Node) -> None:
    content = dump_json(part)
    carried = {"product": json.loads(content)} if len(content) <= LARGEST_CARRIED else {}
    run.spawn(
        topic="single:product", object_type="product", object_id=one.object_id,
        object_label=calls.text(part.get("Title")) or one.data["number"],
        payload={"number": one.data["number"], **carried},
        version=one.data["modified"],
    )  # fmt: skip


def hand_on_again(run: Run, rows: Sequence[Node]) -> None:
    """An event for each product that a person asked for, whatever was handed on before."""
    for part in rows:
        number = calls.text(part.get("BasePartNumber"))
        if number:
            one = _known(part, number, "", _asked(run))
            _spawn(run, one, part)
            if directory.by_id(run.connector.pk, KIND, one.object_id) is None:
                directory.put(run.connector.pk, KIND, [one])


# --- one product ----------------------------------------------------------------------------------------------------


def synchronize_product(run: Run) -> str:
    """The product of ``run.payload["number"]``: its base part number, handle, or an item number. Raises ``Skip`` (not
    found, filtered, the other direction), ``PayloadError`` (no handle), ``RemoteRefused`` and what a call raises."""
    check_direction(run)
    payload = run.payload if isinstance(run.payload, dict) else {}
    number = str(payload.get("number") or "").strip()
    carried = payload.get("product")
    if isinstance(carried, dict) and not _was_used(run):
        return _hand_on(run, carried)
    run.describe(object_type="product", object_id="", object_label=run.object_label or number)
    return _hand_on(run, _find(run, number))


def _was_used(run: Run) -> bool:
    """Whether this event handed its product on, or tried to, before: then the product may be another by now."""
    known = directory.by_id(run.connector.pk, KIND, run.object_id)
    return known is None or known.data.get("event") == run.the_event.pk


def _find(run: Run, number: str) -> Node:
    """By base part number, then by handle, then by item number."""
    part, is_certain = calls.get_product(run.client, number)
    if part is not None:
        return part
    known = directory.find(run.connector.pk, KIND, [number]).get(number, [])
    if len(known) > 1:
        numbers = ", ".join(str(one.data.get("number")) for one in known)
        raise RemoteRefused(f"{len(known)} base parts have the handle “{number}”: {numbers}.", code="handle_used_twice",
                            next_step="Enter the base part number of the one that is meant.")  # fmt: skip
    names = [str(one.data.get("number")) for one in known]
    item = calls.get_item(run.client, number)
    if item is not None:
        names.append(calls.text(item.get("BasePartNumber")))
    for name in names:
        part, is_certain = calls.get_product(run.client, name) if name else (None, True)
        if part is not None:
            return part
    if not is_certain:
        raise RemoteUnavailable(f"Xoro answered with nothing for product {number}, as it also does when it is too busy.",
                                code="throttled")  # fmt: skip
    raise Skip(
        f"Xoro has no product with the base part number or item number “{number}”, and the hub knows no such handle.",
        code="not_found",
    )


def _hand_on(run: Run, part: Node) -> str:
    number = calls.text(part.get("BasePartNumber"))
    title = calls.text(part.get("Title")) or number
    one = _known(part, number, "", _asked(run))
    before = directory.by_id(run.connector.pk, KIND, one.object_id)
    data = {**(before.data if before else {}), **one.data, "event": run.the_event.pk}
    directory.put(run.connector.pk, KIND, [Known(key=one.key, object_id=one.object_id, data=data)])
    run.describe(object_type="product", object_id=one.object_id, object_label=title)
    run.key("base_part_number", number)
    _check_wanted(run, part, title)
    _check_handle(run, one, number, title)
    remarks = Remarks()
    record = product_record(part, run.settings, remarks)
    _tell(run, remarks)
    if not record.variants:
        _nothing_left(run, number, title, remarks)
    routes = run.deliver(record)
    count = len(record.variants)
    return (f"Product {title} ({number}) with {count:,} item{'' if count == 1 else 's'} was read and handed to {routes} "
            f"route{'' if routes == 1 else 's'}.")  # fmt: skip


def _check_wanted(run: Run, part: Node, title: str) -> None:
    tags = {tag.casefold() for tag in run.settings.product_tags}
    if tags and not tags & all_tags(part):
        raise Skip(f"Product {title} has none of the tags {', '.join(run.settings.product_tags)}.", reason="filtered",
                   code="product_tags")  # fmt: skip
    if part.get("ActiveFlag") is False:
        raise Skip(f"Product {title} is not active in Xoro.", reason="filtered", code="inactive")


def _check_handle(run: Run, one: Known, number: str, title: str) -> None:
    """Products are matched by their handles: without one, or with somebody else's, nothing is sent."""
    if not one.key:
        raise PayloadError(
            f"Base part {number} ({title}) has no handle, and products are matched by their handles; it was not sent.",
            path="Handle", code="no_handle",
            next_step="Enter the handle of the shop's product in Xoro, or a new one; then press Retry.",
        )  # fmt: skip
    others = directory.find(run.connector.pk, KIND, [one.key]).get(one.key, [])
    twins = [str(other.data.get("number")) for other in others if other.object_id != one.object_id]
    if twins:
        raise PayloadError(
            f"Base parts {number} and {', '.join(twins)} have the same handle “{one.key}”; neither is sent.",
            path="Handle", code="handle_used_twice",
            next_step="Give each base part a handle of its own in Xoro, synchronize them, then press Retry.",
        )  # fmt: skip
    for target, handle in run.documents(Product, one.object_id):
        if handle != one.key:
            run.note("handle_changed", f"In {target} the product has the handle “{handle}”, in Xoro “{one.key}” by now. It "
                     "stays the same product: it is known by what was sent before.")  # fmt: skip


def _tell(run: Run, remarks: Remarks) -> None:
    currency = run.settings.price_currency.upper() or "any currency"
    for code, names, why in (
        ("no_price_row", remarks.unpriced, f"Left out, because they have no {run.settings.price_field} in {currency}"),
        ("inactive", remarks.inactive, "Left out, because they are not active or not sold"),
        ("weight_unit", remarks.weights, "Sent without a weight, because its unit is not known"),
        ("sku_renamed", remarks.renamed, "Renamed in Xoro, while “Update SKU changes” is off: a shop's variant is found by "
         "its options only"),
        ("image_path", remarks.images, "Images whose path is no address of the web"),
    ):  # fmt: skip
        if names:
            more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
            run.note(code, f"{why}: {', '.join(names[:NAMED])}{more}.")


def _nothing_left(run: Run, number: str, title: str, remarks: Remarks) -> None:
    """Raises ``Skip`` or ``PayloadError``: no item is left that could be sent."""
    if remarks.unpriced:
        currency = run.settings.price_currency.upper() or "any currency"
        raise Skip(
            f"Product {title} was not sent: {', '.join(remarks.unpriced[:NAMED])} have no {run.settings.price_field} in "
            f"{currency}.", reason="filtered", code="no_price_row",
        )  # fmt: skip
    if remarks.inactive:
        raise Skip(f"No item of product {title} is active in Xoro.", reason="filtered", code="inactive")
    raise PayloadError(f"Base part {number} ({title}) has no items.", path="Variants")
