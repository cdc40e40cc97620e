"""Images of a product: those that are missing are added by their address, which Shopify fetches a moment later.

An image that cannot be had never fails its product: a note says so. Nothing is ever removed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from connectors.exceptions import RemoteRefused
from connectors.records import Product
from connectors.shopify.calls import products as calls
from connectors.shopify.calls.changes import in_batches

if TYPE_CHECKING:
    from connectors.run import Run

NO_IMAGE = re.compile(r"no[-_]?image\.\w+$", re.IGNORECASE)  # the placeholder some systems send instead of nothing


def add_missing(run: Run, record: Product, gid: str) -> str:
    """Returns the product's time of change where anything was added, else an empty text.

    Shopify keeps the name of an image's file: by that it is known again. While one is still being fetched its name is
    not known yet, then nothing is added, so that no image comes twice. Raises what a call that may be repeated raises.
    """
    images = {_file(one.url): one for one in record.images if one.url and not NO_IMAGE.search(one.url)}
    if not images:
        return ""
    media = calls.get_media(run.client, gid) or []
    names: set[str] = set()
    for node in media:
        image = (node["preview"] or {}).get("image")
        if image is None and node["mediaContentType"] == "IMAGE":
            run.note("images_later", "Shopify still fetches images of the product; none was added this time.")
            return ""
        names |= {_file(str(image["url"]))} if image else set()
    missing = [one for file, one in images.items() if not any(_is_same(file, name) for name in names)]
    updated_at = ""
    for some in in_batches(missing):
        given = [{"originalSource": one.url, "alt": one.alt, "mediaContentType": "IMAGE"} for one in some]
        try:
            updated_at = calls.add_images(run.client, gid, given)
        except RemoteRefused as error:
            run.note("images", f"Images of product {record.name} were not added: {error.sentence}")
    return updated_at


def _file(url: str) -> str:
    return unquote(urlsplit(url).path.rpartition("/")[2]).casefold()


def _is_same(ours: str, theirs: str) -> bool:
    """Shopify writes an id behind a name it has already: mug.png becomes mug_1c0ffee2-....png."""
    stem, _, ending = ours.rpartition(".")
    other, _, other_ending = theirs.rpartition(".")
    return ours == theirs or (
        ending == other_ending and bool(re.fullmatch(rf"{re.escape(stem)}_[0-9a-f\-]{{8,}}", other))
    )
