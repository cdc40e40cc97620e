"""What the provider declares about payouts."""

from __future__ import annotations

from connectors.base import Accept, Handler, Sync
from connectors.records import Payout, Record
from connectors.xoro.options import PayoutOptions
from connectors.xoro.payouts import push_payout

HANDLERS: dict[str, Handler] = {}
SYNCS: dict[str, Sync] = {}
ACCEPTS: dict[type[Record], Accept] = {
    Payout: Accept(function=push_payout, options=PayoutOptions, label="Bank deposits of payouts"),
}
EMITS: tuple[type[Record], ...] = ()
