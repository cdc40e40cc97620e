"""Many stock levels as one file: cut into lines of 250, uploaded, set by Shopify in a bulk operation, read back by line.

Every line is a batch with a key of its own, written down before the file leaves; whatever happens on the way, the same
line is never anything else. https://shopify.dev/docs/api/usage/bulk-operations/imports (API 2026-10, checked 2026-11-20).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

from django.utils import timezone

from connectors import figures
from connectors.exceptions import NotDone, RemoteRefused, RemoteUnavailable
from connectors.feeds import KEY_LIFE_S, Answered
from connectors.http import dump_json
from connectors.models import Batch
from connectors.shopify import bulk
from connectors.shopify.calls import bulk as calls
from connectors.shopify.calls.inventory import SET
from connectors.shopify.replies import UserErrors

if TYPE_CHECKING:
    from connectors.run import Run
    from connectors.shopify.stock import StockSender

Node = dict[str, Any]
MOST_LINES = 1_600  # of one file: 400,000 stock levels, whose answers are written down in a few minutes
MOST_FILES = 8  # of one event; what is left then is small, or is let go again and again
BLOCK = 40  # lines settled together
CUT_S = 420.0  # what was cut by then goes as a file; the rest follows in the next
RESTS_UNTIL = "stockfile_rests_until"  # checkpoint: files were refused; direct calls go instead
REST = timedelta(hours=24)
FAILED_REST = timedelta(hours=1)


def is_better(run: Run, waiting: int) -> bool:
    """Whether what waits is so much that a file is quicker, and the shop takes files."""
    rests_until = run.checkpoint.get(RESTS_UNTIL)
    if figures.count_jobs(run.the_event.pk) >= MOST_FILES:
        return False
    if rests_until and datetime.fromisoformat(rests_until) > timezone.now():
        return False
    open_ = figures.count_open(run.the_route.pk, remote_id="") * 250
    limit: int = run.options.direct_limit
    return waiting + open_ > limit


def send(run: Run, sender: StockSender) -> None:
    """Cut what is pending, bring it to Shopify and have it started. Raises ``NotDone`` then; returns where nothing could
    be cut."""
    route_id = run.the_route.pk
    _cut(run, sender)
    with bulk.file() as file:
        last, lines = _write(route_id, file)
        if not lines:
            return
        path = bulk.upload(run, file, f"stock-{run.the_event.pk}.jsonl")
    gid = calls.run_mutation(sender.client, SET, path, f"integration-hub-stock-{run.the_event.pk}")
    figures.hand_to(gid, route_id, up_to=last)
    raise NotDone(
        f"{lines:,} batches of stock levels went to Shopify as one file; the hub waits for the outcome.",
        code="bulk_running", retry_after_s=bulk.EARLY_PAUSE_S,
    )  # fmt: skip


def _cut(run: Run, sender: StockSender) -> None:
    """Write batches down for everything pending, as far as one file goes."""
    route_id, after = run.the_route.pk, 0
    ends_at = time.monotonic() + CUT_S
    lines = figures.count_open(route_id, remote_id="")
    expected = figures.count_pending(route_id)
    done = 0
    while lines < MOST_LINES and time.monotonic() < ends_at:
        rows = figures.pending(route_id, after=after)
        if not rows:
            break
        after = rows[-1].id
        groups, problems = sender.group(rows)
        if problems:
            figures.refuse(rows, problems)
        lines += len(figures.cut(route_id, run.the_event.pk, groups, sender.content))
        done += len(rows)
        run.progress(done, expected)


def _write(route_id: int, file: BinaryIO) -> tuple[int, int]:
    """Every open batch as one line, in the order of their ids, which is their place; (last id, lines)."""
    after = lines = 0
    while batches := figures.open_batches(route_id, after=after, limit=BLOCK, remote_id=""):
        after = batches[-1].pk
        old = [one.pk for one in batches if figures.age_s(one) > KEY_LIFE_S]
        if old:
            figures.settle(old, applied=False, said="Its answer was never known; its key is too old to be repeated.")
        fresh = [one for one in batches if one.pk not in old]
        for place, one in enumerate(fresh, lines):
            one.position = place
            file.write(dump_json({"input": one.content["input"], "key": str(one.key)}) + b"\n")
        Batch.objects.bulk_update(fresh, ["position"])
        lines += len(fresh)
        if file.tell() > bulk.LARGEST_FILE:
            break
    return after, lines


def collect(run: Run, sender: StockSender) -> None:
    """Read back every file that is under way. Raises ``NotDone`` while Shopify works on one."""
    route_id = run.the_route.pk
    while batches := figures.open_batches(route_id, limit=1, remote_id__gt=""):
        gid = batches[0].remote_id
        node = bulk.over(run, gid, f"a file of {figures.count_open(route_id, remote_id=gid):,} batches")
        _collect(run, sender, gid, node)


def _collect(run: Run, sender: StockSender, gid: str, node: Node | None) -> None:
    url = (node["url"] or node["partialDataUrl"]) if node else None
    declined: list[UserErrors] = []
    try:
        if url is not None:
            for rows in _blocks(bulk.rows(run, url)):
                _settle(run, sender, gid, {int(row.get("__lineNumber", -1)): row for row in rows}, declined)
    except RemoteRefused as error:
        if error.code != "result_gone":
            raise
        run.note("result_gone", f"{error.sentence} What it would have told is sent again.")
    status = node["status"] if node else "gone"
    if status != "COMPLETED":
        reason = str((node or {}).get("errorCode") or status).lower()
        run.note(
            "bulk_failed", f"Shopify did not finish a file of stock levels ({reason}); the rest goes by direct calls."
        )
        run.save_checkpoint(**{RESTS_UNTIL: (timezone.now() + FAILED_REST).isoformat()})
    # Lines nobody was told about: as absolute quantities they do no harm a second time.
    for some in _blocks(_left(run.the_route.pk, gid)):
        figures.settle(some, applied=False, said="Shopify's result file does not name it.")
    if declined:  # every line is written down: what is cut next is cut with what was put right since
        raise declined[0]


def _blocks(rows: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(rows)
    while block := list(islice(rest, BLOCK)):
        yield block


def _left(route_id: int, gid: str) -> Iterator[int]:
    after = 0
    while batches := figures.open_batches(route_id, after=after, limit=BLOCK, remote_id=gid):
        after = batches[-1].pk
        yield from (one.pk for one in batches)


def _settle(run: Run, sender: StockSender, gid: str, answers: Mapping[int, Node], declined: list[UserErrors]) -> None:
    """The answers of some lines: all that went well in one statement, the others one by one. ``declined`` gains why a
    line was declined as a whole."""
    batches = figures.carried_by(gid, list(answers))
    good: list[int] = []
    for batch in batches:
        try:
            answered = _judged(run, sender, batch, answers[batch.position])
        except UserErrors as error:
            declined.append(error)
            answered = Answered(applied=False, said=error.sentence)
        if answered is None:
            figures.take_back([batch.pk])
        elif answered.applied:
            good.append(batch.pk)
        else:
            figures.settle([batch.pk], applied=False, problems=answered.problems, said=answered.said)
            figures.correct(answered.held)
    if good:
        figures.settle(good)


def _judged(run: Run, sender: StockSender, batch: Batch, row: Node) -> Answered | None:
    """What one line says; ``None`` where the same call was under way and is to be repeated as it is."""
    errors = row.get("errors") or []
    payload = next(iter((row.get("data") or {}).values()), None)
    if errors or not isinstance(payload, dict):
        said = "; ".join(str(one.get("message")) for one in errors if isinstance(one, dict)) or "no answer"
        if any((one.get("extensions") or {}).get("code") == "BAD_REQUEST" for one in errors if isinstance(one, dict)):
            run.note("bulk_refused", f"Shopify does not take these calls as a file ({said}); they go one by one.")
            run.save_checkpoint(**{RESTS_UNTIL: (timezone.now() + REST).isoformat()})
        return Answered(applied=False, said=said)
    user_errors = payload.get("userErrors") or []
    if not user_errors:
        return Answered()
    try:
        return sender.judge(user_errors, batch.content, figures.figures_of([batch.pk])[batch.pk])
    except RemoteUnavailable:
        return None
