"""The shop's side of the carrier service: registered, kept as it should be, taken away when switched off, watched.

What a service of the hub looks like is decided by its address: this connector's own address of the endpoint ``rates``.
Delivery profiles are never written: a person adds the rates to zones. Not for answering: that is ``rates``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from connectors import asking, quotes, tallies
from connectors.base import Cell, Table
from connectors.exceptions import ConfigurationError, RemoteRefused
from connectors.shopify import rates
from connectors.shopify.calls import carriers
from connectors.shopify.replies import UserErrors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.run import Run
    from connectors.shopify.client import ShopifyClient

NOTICE, ANSWERS = "carrier_service", "rates"
ENDPOINT = "rates"
WORDS = {
    rates.CACHED: "given again from before",
    rates.LIVE: "from the other connector",
    rates.FALLBACK: "from the table in its place",
    rates.TABLE: "from the table",
    "failed": "not answered (backup rates)",
}
OFF = "Offering shipping rates at checkout is switched off here."
CHECKLIST = (
    ("1", "In the shop open Settings, Shipping and delivery, and there the general shipping profile."),
    ("2", "In each zone add a rate of the kind “carrier or app”, choose the service named here, and save."),
    ("3", "Add backup rates for the zone: they are shown where no rate comes in time."),
    ("4", "Give every product its weight; a rate by weight cannot be right without."),
    ("5", "Place a test order and look whether a question appears above."),
)


def address_of(run: Run) -> str:
    return f"{run.connector.webhook_url}/{ENDPOINT}"


def synchronize(run: Run) -> str:
    """Make the shop's carrier service what the settings say. May be repeated at any time: it looks before it writes."""
    client: ShopifyClient = run.client
    quotes.purge(run.connector.pk, timedelta(days=run.settings.rates_quote_days))
    if not run.settings.offers_rates and not _known(run):
        run.clear(NOTICE)
        return OFF
    own = _own(run, carriers.carrier_services(client))
    if not run.settings.offers_rates:
        return _take_away(run, client, own)
    try:
        sentence = _put_right(run, client, own)
    except UserErrors as error:
        _remember(run, problem=error.sentence)
        sentence, next_step = _why_refused(error)
        run.warn(NOTICE, sentence, next_step)
        raise RemoteRefused(sentence, next_step=next_step, code=error.code) from error
    run.clear(NOTICE)
    _watch(run)
    return sentence


def _watch(run: Run) -> None:
    """A checkout that went without rates is warned of until one is answered again."""
    tally = tallies.lately(run.connector.pk, rates.TOPIC)
    failed = tally.counts["failed"]
    if tally.last_outcome == "failed" and failed:
        times = "once" if failed == 1 else f"{failed} times"
        run.warn(
            ANSWERS, f"A checkout got no rates in the last day ({times}), the last one because: {tally.last_sentence}",
            "Open the newest event rates/asked, and correct what it names; the shop shows its backup rates meanwhile.",
        )  # fmt: skip
    else:
        run.clear(ANSWERS)


def _put_right(run: Run, client: ShopifyClient, own: list[dict[str, Any]]) -> str:
    name, address = run.settings.rates_name, address_of(run)
    if not own:
        return _create(run, client)
    first, *others = own
    for one in others:
        carriers.delete(client, one["id"])
    if (first["name"], first["callbackUrl"], first["active"]) == (name, address, True):
        done = "is registered and as it should be"
    else:
        carriers.update(client, first["id"], name=name, address=address)
        done = "was put right: name, address and being active"
    _remember(run, id=first["id"], timezone=_zone(client))
    removed = f" {len(others)} more of this hub {'was' if len(others) == 1 else 'were'} removed." if others else ""
    return f"The carrier service “{name}” {done}.{removed}"


def _create(run: Run, client: ShopifyClient) -> str:
    name, address = run.settings.rates_name, address_of(run)
    try:
        gid = carriers.create(client, name=name, address=address)
    except UserErrors as error:
        # A lost answer of an earlier attempt, or an earlier hub under another address: the app's own may be adopted.
        if "already configured" not in error.sentence:
            raise
        same = next((one for one in carriers.carrier_services(client) if _is_named(one["name"], name)), None)
        if same is None:
            raise
        carriers.update(client, same["id"], name=name, address=address)
        _remember(run, id=same["id"], timezone=_zone(client))
        return f"The carrier service “{name}” was there already, and belongs to this connector now."
    _remember(run, id=gid, timezone=_zone(client))
    return f"The carrier service “{name}” was registered. Add it to the zones of the shop's shipping profile now."


def _take_away(run: Run, client: ShopifyClient, own: list[dict[str, Any]]) -> str:
    for one in own:
        carriers.delete(client, one["id"])
    _remember(run, id="")
    run.clear(NOTICE)
    if not own:
        return "Offering shipping rates is switched off, and the shop has no carrier service of this hub any more."
    return "Offering shipping rates is switched off: the carrier service was removed from the shop."


def _own(run: Run, services: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of this connector, the one it remembers first: by id, or by an address of its own, also the one before."""
    connector = run.connector
    tokens = [one for one in (connector.webhook_token, connector.previous_webhook_token) if one]
    found = [
        one
        for one in services
        if one["id"] == _known(run) or any(f"/hooks/{token}/" in one["callbackUrl"] for token in tokens)
    ]
    return sorted(found, key=lambda one: one["id"] != _known(run))


def is_registered(run: Run) -> bool:
    """Whether the shop has a carrier service of this connector, by what the hub remembers."""
    return bool(_known(run))


def _known(run: Run) -> str:
    return str(run.checkpoint.get("carrier", {}).get("id") or "")


def _remember(run: Run, *, problem: str = "", **values: str) -> None:
    kept = {**run.checkpoint.get("carrier", {}), **values, "problem": problem, "at": run.now.isoformat()}
    run.save_checkpoint(carrier=kept)


def _zone(client: ShopifyClient) -> str:
    return str(client.ping()["shop"].get("ianaTimezone") or "")


def _is_named(given: str, name: str) -> bool:
    return given.strip().casefold() == name.strip().casefold()


def _why_refused(error: UserErrors) -> tuple[str, str]:
    """(sentence, next step) of what Shopify says against the service; its words are recorded ones."""
    text = error.sentence.lower()
    if "must be enabled" in text or "carrier calculated" in text or "plan" in text:
        return (
            "The shop's plan has no carrier-calculated shipping, so buyers are not offered the hub's rates.",
            "Upgrade to the plan Advanced or higher, pay the lower plan yearly, or book carrier-calculated shipping at "
            "Shopify; then press Synchronize. Or switch off “Offer shipping rates at checkout”.",
        )
    if "https" in text or "host" in text:
        return (
            f"Shopify does not accept the hub's address for rates: {error.sentence}",
            "Give the hub a public address that starts with https:// (HUB_BASE_URL), then press Synchronize.",
        )
    if "already configured" in text:
        return (
            "Another app of the shop has a carrier service of this name.",
            "Choose another name under “Shipping rates” on the connector's page, then press Synchronize.",
        )
    return error.sentence, "Correct what Shopify names, then press Synchronize."


def check(run: Run) -> str:
    """The line of *Test connection*: registered, active, at our address; and how the last question was answered."""
    if not run.settings.offers_rates:
        return OFF
    own = _own(run, carriers.carrier_services(run.client))
    if not own:
        problem = run.checkpoint.get("carrier", {}).get("problem") or "It was not registered yet."
        raise ConfigurationError(
            f"The shop has no carrier service of this hub. {problem}",
            next_step="Press Synchronize beside “Carrier service”, and read what its event says.",
        )
    if not own[0]["active"] or own[0]["callbackUrl"] != address_of(run):
        raise ConfigurationError(
            "The shop's carrier service is switched off or has another address than this connector's.",
            next_step="Press Synchronize beside “Carrier service”.",
        )
    tally = tallies.lately(run.connector.pk, rates.TOPIC)
    if tally.last_at is None:
        return "Registered and active. No checkout has asked yet: add the service to the shop's shipping zones."
    return f"Registered and active. The last question: {tally.last_sentence}"


def check_source(run: Run) -> str:
    """Whether the connector that knows the rates is one, and the table holds something for when it does not answer."""
    if not run.settings.offers_rates:
        return OFF
    slug = run.settings.rates_from
    able = [one.slug for one in asking.able(rates.CAPABILITY)]
    if slug and slug not in able:
        known = ", ".join(able) or "none is installed"
        raise ConfigurationError(
            f"“{slug}” is no connector that answers questions for shipping methods.",
            next_step=f"Enter one under “Rates from”, or leave it blank. Possible are: {known}.",
        )
    has_table = bool(run.settings.rates_table.strip())
    if not slug and not has_table:
        raise ConfigurationError(
            "There is neither a connector to ask for rates nor a table of rates.",
            next_step="Fill in “Rates from” or “Table of rates” on the connector's page.",
        )
    if not slug:
        return "Rates come from the table alone."
    rest = "the table is offered where it does not answer" if has_table else "without a table behind it"
    return f"Rates come from “{slug}”, {rest}."


def panel(run: Run) -> Sequence[Table]:
    settings, kept = run.settings, run.checkpoint.get("carrier", {})
    tally = tallies.lately(run.connector.pk, rates.TOPIC)
    if not settings.offers_rates:
        state = Cell(text="switched off", tone="")
    elif kept.get("problem"):
        state = Cell(text=str(kept["problem"]), tone="bad")
    elif kept.get("id"):
        state = Cell(text="registered and active", tone="good")
    else:
        state = Cell(text="not registered yet", tone="warn")
    last = Cell(text=tally.last_sentence, at=tally.last_at) if tally.last_at else Cell(text="none yet")
    span = "the newest 1,000 questions" if tally.is_cut else "the last day"
    service = Table(
        columns=("Carrier service", settings.rates_name),
        rows=[
            ("State", state),
            ("Name in the shop", settings.rates_name),
            ("Rates from", settings.rates_from or "the table of rates"),
            ("Last question", last),
            ("Slowest of 100 answers but five (p95)", f"{tally.p95_ms} ms" if tally.p95_ms is not None else "–"),
        ],
    )
    counts = Table(
        title=f"Questions of {span}",
        columns=("Answered", "Questions"),
        rows=[
            (Cell(text=WORDS.get(how, how or "other")), Cell(text=f"{number:,}", tone=_tone(how)))
            for how, number in tally.counts.most_common()
        ],
        empty="No checkout has asked in the last day.",
    )
    steps = Table(title="What a person does in the shop, once", columns=("Step", "Do"), rows=CHECKLIST)
    return [service, counts, steps]


def _tone(how: str) -> str:
    return {"failed": "bad", rates.FALLBACK: "warn"}.get(how, "")
