"""Records brought to a shop of the served sandbox: one delivery along a route, attempt by attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connectors.models import Connector
from connectors.records import Record
from events.models import Event
from tests.conftest import Sandbox
from tests.connectors import cases
from tests.connectors.cases import Ended


@dataclass
class Desk:
    """A connector of the shop and what was sent to it."""

    shop: Connector
    sandbox: Sandbox

    def queue(self, kind: type[Record], **changes: Any) -> Event:
        return cases.delivery(self.shop.provider, self.shop, kind, **changes)

    def bring(self, kind: type[Record], **changes: Any) -> Ended:
        return cases.again(self.queue(kind, **changes))

    def control(self, call: str, **body: Any) -> Any:
        return self.sandbox.post(f"/shopify/_sandbox/{call}", {"shop": self.shop.settings["shop_domain"], **body})

    def fault(self, kind: str, operation: str, **more: Any) -> None:
        self.sandbox.post("/shopify/_sandbox/fault", {"kind": kind, "operation": operation, **more})

    def calls(self, operation: str) -> list[dict[str, Any]]:
        """What reached the shop under this name."""
        return [one for one in self.sandbox.log("shopify") if one.get("operation") == operation]
