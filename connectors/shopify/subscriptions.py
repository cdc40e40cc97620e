"""Webhook subscriptions: wanted ones compared with those the shop has, made, changed and removed, and what was missed
meanwhile read.

Only the hub's own are ever touched: those whose address is this connector's, or one of this hub that belongs to no
connector any more. https://shopify.dev/docs/apps/build/webhooks/subscribe (checked 2026-11-20). The calls:
``calls/subscriptions.py``; what is known of each topic between two runs: ``watched.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from connectors.exceptions import ConfigurationError, RemoteRefused
from connectors.shopify import installation, topics, watched
from connectors.shopify.calls import subscriptions as calls
from connectors.shopify.phrases import counted
from connectors.shopify.replies import UserErrors
from connectors.shopify.settings_webhooks import BY_APP
from connectors.shopify.topics import Topic

if TYPE_CHECKING:
    from connectors.run import Run

REMOVED, SCOPES, VERSION = "subscriptions_removed", "topic_scopes", "payload_version"  # warnings
Node = dict[str, Any]


@dataclass
class Difference:
    """``extra``: the hub's own that nobody wants, or that double another one."""

    fine: list[Topic] = field(default_factory=list)
    missing: list[Topic] = field(default_factory=list)
    wrong: list[tuple[Topic, Node]] = field(default_factory=list)
    extra: list[Node] = field(default_factory=list)


@dataclass
class Repair:
    """What one check did, topics by name."""

    made: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    without_scope: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def compare(
    wanted: Sequence[Topic], present: Sequence[Node], address: str, is_own: Callable[[str], bool]
) -> Difference:
    """What separates the subscriptions there are from those wanted at ``address``."""
    found = Difference()
    own = [one for one in present if is_own(one["uri"])]
    kept: set[str] = set()
    for topic in wanted:
        mine = [one for one in own if one["topic"] == topic.enum]
        right = next((one for one in mine if _is_right(one, address)), None)
        here = right or next((one for one in mine if one["uri"] == address), mine[0] if mine else None)
        if here is None:
            found.missing.append(topic)
            continue
        kept.add(here["id"])
        if right is None:
            found.wrong.append((topic, here))
        else:
            found.fine.append(topic)
    found.extra = [one for one in own if one["id"] not in kept]
    return found


def _is_right(one: Node, address: str) -> bool:
    return one["uri"] == address and one["format"] == "JSON" and not one["filter"] and not one["fields"]


def check(run: Run) -> str:
    """The sync "webhooks". Raises ``ConfigurationError`` (no https address), ``RemoteRefused`` naming the topics Shopify
    declined, and what a call raises."""
    by_hub = run.settings.subscriptions_by != BY_APP
    address = _address(run) if by_hub else run.connector.webhook_url
    granted = set(run.client.ping()["scopes"])
    installation.installed_again(run)
    named = topics.wanted_by(run)
    present = calls.listed(run.client)
    _compare_versions(run, present)
    repair = Repair()
    allowed = [one for one in named if by_hub and _may(one, granted, repair)]
    difference = compare(allowed, present, address, owner(run))
    before = watched.known(run)
    _apply(run, difference, address, repair)
    lost = [name for name in repair.made if before.get(name, {}).get("is_present")]
    watched.keep(run, named, repair, is_by_hub=by_hub)
    _tell(run, repair, lost)
    if not by_hub:
        watching = f"Subscriptions are made in the app's configuration file; {len(named)} topics are watched."
        return watching + (f" {len(repair.deleted)} of the hub's own were removed." if repair.deleted else "")
    if repair.refused:
        said = "; ".join(f"{name}: {text}" for name, text in repair.refused.items())
        raise RemoteRefused(
            f"Shopify declined subscriptions: {said}",
            next_step=f"Make {address} an address Shopify takes, then press “Check webhook subscriptions”.",
            code="subscriptions",
        )
    return _sentence(len(difference.fine), repair)


def owner(run: Run) -> Callable[[str], bool]:
    """Whether an address is this connector's: by its present or former token at whatever host the hub had, or one of
    this hub that leads nowhere any more."""
    tokens = {run.connector.webhook_token, run.connector.previous_webhook_token} - {""}
    here = urlsplit(run.connector.webhook_url)

    def is_own(uri: str) -> bool:
        parts = urlsplit(uri)
        place, _, token = parts.path.rpartition("/")
        if not place.endswith("/hooks") or not token:
            return False
        if token in tokens:
            return True
        return parts.netloc == here.netloc and not run.connector.is_address_in_use(token)

    return is_own


def _address(run: Run) -> str:
    """Where deliveries go."""
    if problem := watched.unreachable(run):
        raise ConfigurationError(
            problem,
            next_step="Give the hub a public https address (HUB_BASE_URL), restart it, then press “Check webhook "
            "subscriptions”. Until then orders come by “Recent orders” alone.",
            code="https",
        )
    return run.connector.webhook_url


def _may(topic: Topic, granted: set[str], repair: Repair) -> bool:
    holds = {scope.replace("write_", "read_", 1) for scope in granted} | granted
    if not topic.scopes or not holds.isdisjoint(topic.scopes):
        return True
    repair.without_scope[topic.name] = " or ".join(topic.scopes)
    return False


def _apply(run: Run, difference: Difference, address: str, repair: Repair) -> None:
    for topic, node in difference.wrong:
        gid = node["id"]
        is_done = _tried(topic, repair, lambda gid=gid: calls.updated(run.client, gid, address))  # type: ignore[misc]
        if is_done:
            repair.changed.append(topic.name)
        elif is_done is False:
            difference.missing.append(topic)  # it went meanwhile, or another one has its place
    for topic in difference.missing:
        enum = topic.enum
        is_done = _tried(topic, repair, lambda enum=enum: calls.created(run.client, enum, address))  # type: ignore[misc]
        if is_done:
            repair.made.append(topic.name)
        elif is_done is False:
            difference.fine.append(topic)
    for node in difference.extra:
        calls.deleted(run.client, node["id"])
        repair.deleted.append(node["topic"])


def _tried(topic: Topic, repair: Repair, call: Callable[[], bool]) -> bool | None:
    """What a call answers; ``None`` where Shopify declines: one topic must not keep the others from being repaired."""
    try:
        return call()
    except UserErrors as error:
        repair.refused[topic.name] = "; ".join(str(one.get("message", "")) for one in error.errors)
    except ConfigurationError as error:
        if not calls.lacks_scope(error):
            raise
        repair.without_scope[topic.name] = " or ".join(topic.scopes)
    return None


def _tell(run: Run, repair: Repair, lost: Sequence[str]) -> None:
    """Notes on the event, warnings on the connector, and the syncs that read what was missed."""
    for name, scopes in repair.without_scope.items():
        run.note("scope_missing", f"{name} cannot be subscribed to: the app lacks {scopes}.")
    if repair.without_scope:
        named = ", ".join(f"{name} ({scopes})" for name, scopes in repair.without_scope.items())
        run.warn(
            SCOPES,
            f"The shop does not tell the hub of {named}: the app lacks the scope.",
            "Add the scope to the app in Shopify, let the shop's owner agree, then press “Check webhook subscriptions”.",
        )
    else:
        run.clear(SCOPES)
    for name in lost:
        run.note("removed", f"The subscription to {name} had been removed by Shopify and was made again.")
    if lost:
        run.warn(
            REMOVED,
            f"Shopify had removed subscriptions ({', '.join(lost)}), as it does after eight failed deliveries in a row; "
            "the hub made them again and reads what it missed.",
            f"Find out why the hub was not reachable at {urlsplit(run.connector.webhook_url).netloc}, or answered later "
            "than within 5 s. This warning goes when the next check finds every subscription in place.",
        )
    elif not repair.refused:
        run.clear(REMOVED)
    _fill_gaps(run, {*lost, *repair.changed})


def _fill_gaps(run: Run, names: set[str]) -> None:
    syncs = run.connector.provider.syncs
    gaps = {one.gap for one in topics.TOPICS if one.name in names and one.gap in syncs}
    for name in sorted(gaps):
        event_id = run.start_sync(name)
        run.note("gap", f"“{syncs[name].label}” reads what was missed: event {event_id}.")


def _compare_versions(run: Run, present: Sequence[Node]) -> None:
    is_own = owner(run)
    versions = {one["version"] for one in present if is_own(one["uri"])} - {run.settings.api_version}
    if versions:
        warn_version(run, ", ".join(sorted(versions)))
    else:
        run.clear(VERSION)


def warn_version(run: Run, version: str) -> None:
    """The app's payloads have another version than the one the hub was told to speak."""
    asked = run.settings.api_version
    run.warn(
        VERSION,
        f"Deliveries come in API version {version}, while this connector speaks {asked}.",
        f"Set the webhook API version of the app to {asked} in Shopify; it is a setting of the app, not of the shop.",
    )


def _sentence(fine: int, repair: Repair) -> str:
    done = [
        f"{len(names)} {word} ({', '.join(names)})"
        for names, word in ((repair.made, "made"), (repair.changed, "changed"), (repair.deleted, "removed"))
        if names
    ]
    in_place = f"{counted(fine, 'subscription')} in place"
    return f"{in_place}; {', '.join(done)}." if done else f"{in_place}; nothing was to be repaired."
