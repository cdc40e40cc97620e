"""A hub with a shop and a Xoro tenant for each flow, its workers that are killed, and what is in the books afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import psutil

from connectors.records import Record
from tests.processes.hub import ROOT, SECRET, SHORT, Hub, is_alive, until
from tests.processes.tenants import Stop, Tenants
from tests.processes.xoro_flows import Flow, Memory

LONG_S = 45.0
LONGER = {"HUB_RESTART_AFTER_S": "30"}  # a worker that sleeps is let sleep
WAKE_S = 2.0
MEMORY = """
CREATE TABLE test_stop (connector_id bigint, kind text, beginning text, done int, is_next bool);
CREATE FUNCTION test_stop_directory() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF EXISTS (SELECT 1 FROM test_stop AS s WHERE s.connector_id = NEW.connector_id AND s.kind = NEW.kind
             AND starts_with(NEW.object_id, s.beginning)
             AND s.done IN (-1, jsonb_array_length(coalesce(NEW.data -> 'done', '[]')))) THEN
    PERFORM pg_sleep(60);
  END IF; RETURN NEW; END $$;
CREATE FUNCTION test_stop_link() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF EXISTS (SELECT 1 FROM test_stop AS s WHERE s.connector_id = NEW.target_id AND s.kind = 'link') THEN
    PERFORM pg_sleep(60);
  END IF; RETURN NEW; END $$;
CREATE TRIGGER test_stop BEFORE INSERT OR UPDATE ON connectors_directoryentry
  FOR EACH ROW EXECUTE FUNCTION test_stop_directory();
CREATE TRIGGER test_stop BEFORE INSERT OR UPDATE ON connectors_link
  FOR EACH ROW EXECUTE FUNCTION test_stop_link();
"""
# What waits for an invoice waits for days.
OPEN = "outcome NOT IN ('succeeded', 'skipped', 'failed') AND NOT (outcome = 'waiting' AND topic = 'credits/apply')"
HELD = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"


class Shops(Hub):
    PROVIDERS = "tests.processes.shop"
    PREPARE = "tests.processes.prepare_shops"

    def __init__(self, flows: dict[str, Flow], tenants: Tenants) -> None:
        self.flows, self.tenants, self.woken_at = flows, tenants, 0.0
        self.before: dict[str, list[tuple[Any, ...]]] = {}  # ledgers while workers slept
        super().__init__(tenants, intervals={**SHORT, **LONGER, "HUB_THREADS": str(len(flows))})  # type: ignore[arg-type]
        self.sql(MEMORY)
        self.start_web()
        self.start_worker()

    def prepare(self) -> str:
        settings = json.dumps({name: flow.settings for name, flow in self.flows.items()})
        done = subprocess.run(
            [sys.executable, "-m", self.PREPARE, self.tenants.url, SECRET],
            env=self.environment, cwd=ROOT, input=settings, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    # --- telling and waiting ------------------------------------------------------------------------------------------
    def tell(self, name: str, one: Record) -> None:
        """The shop of a flow tells of a record."""
        record = json.loads(one.to_json())
        self.accept("told", one.id, to=name, delivery=str(uuid.uuid4()), kind=one.kind, record=record)

    def await_told(self) -> None:
        told = "SELECT 1 FROM events_event WHERE kind = 'webhook' AND outcome <> 'succeeded'"
        until(lambda: not self.sql(told), LONG_S, "everything that was told is routed")

    def await_end(self) -> None:
        """Until nothing is left to do; what waits for its time is woken now and then."""
        try:
            until(lambda: self.wake() or not self.left(), LONG_S, "every event ended")
        except AssertionError as error:
            raise AssertionError(f"{error}; left: {self.left()}") from None

    def wake(self, reason: str = "") -> None:
        if time.monotonic() - self.woken_at > WAKE_S:
            self.woken_at = time.monotonic()
            self.sql(
                f"UPDATE events_event SET due_at = now() WHERE {OPEN} AND outcome = 'waiting' AND due_at > now() "
                "AND %s IN ('', reason)", reason,
            )  # fmt: skip

    def left(self) -> list[tuple[Any, ...]]:
        return self.sql(
            f"SELECT connector_name, topic, outcome, reason, attempts, sentence FROM events_event WHERE {OPEN} LIMIT 20"
        )

    # --- the moment ---------------------------------------------------------------------------------------------------
    def hold(self, name: str, at: Stop | Memory | None, *, is_next: bool = False) -> None:
        if isinstance(at, Memory):
            row = (self.connectors[name]["xoro"], at.kind, at.beginning, at.done, is_next)
            self.sql("INSERT INTO test_stop VALUES (%s, %s, %s, %s, %s)", *row)
        elif is_next:
            self.tenants.of[name].next = at
        else:
            self.tenants.of[name].stop = at

    def await_held(self, moments: Mapping[str, Stop | Memory]) -> None:
        """Until every flow stands at its moment."""
        stops = {name: at for name, at in moments.items() if isinstance(at, Stop)}
        others = len(moments) - len(stops)

        def missing() -> list[str]:
            return [name for name, at in stops.items() if not at.arrived.is_set()]

        def is_held() -> bool:
            return not missing() and len(self.sql(HELD)) == others

        try:
            until(lambda: self.wake("dependency") or is_held(), LONG_S, "every flow is at its moment")
        except AssertionError as error:
            held = len(self.sql(HELD))
            raise AssertionError(f"{error}; not yet: {missing()}; {held} of {others} memories; {self.left()}") from None

    def kill_workers(self) -> None:
        """SIGKILL to every worker process; what they were about to remember is lost with them. The memories that are held
        the next time stay so."""
        workers = self.ready_tree().workers
        for one in workers:
            one.kill()
        until(lambda: not any(map(is_alive, workers)), 10, "the workers are dead")
        self.sql("DELETE FROM test_stop WHERE NOT is_next")
        self.sql("UPDATE test_stop SET is_next = false")
        for (pid,) in self.sql(HELD):
            self.sql("SELECT pg_terminate_backend(%s)", pid)
        self.release()

    def release(self) -> None:
        """Every tenant that stands goes on."""
        for flow in self.flows.values():
            for at in (flow.at, flow.again):
                if isinstance(at, Stop) and at.arrived.is_set():
                    at.released.set()

    def workers_at(self, names: Iterable[str]) -> list[psutil.Process]:
        """The worker processes that wait for these tenants."""
        workers = [one for name in ("worker", "second") for one in self.ready_tree(name).workers]
        ports = {self.flows[name].at.port for name in names}  # type: ignore[union-attr]
        return [one for one in workers if any(c.laddr.port in ports for c in one.net_connections("tcp"))]

    # --- the end ------------------------------------------------------------------------------------------------------
    def books(self, name: str) -> dict[str, Any]:
        """What the tenant of a flow has, without what is empty."""
        tenant = self.tenants.of[name]
        books = tenant.books
        orders = {
            one["SoEstimateHeader"]["ThirdPartyRefNo"]: (
                one["SoEstimateHeader"]["StatusName"], sum(line["Qty"] for line in one["SoEstimateItemLineArr"])
            )
            for one in books.orders
        }  # fmt: skip
        assert len(orders) == len(books.orders), "two documents of one reference"
        invoices = {
            one["invoiceHeader"]["ThirdPartyRefNo"]: (
                one["invoiceHeader"]["StatusName"], sum(line["Qty"] for line in one["invoiceItemLineArr"])
            )
            for one in books.invoices
        }  # fmt: skip
        assert len(invoices) == len(books.invoices), "two invoices of one reference"
        found = {
            "orders": orders,
            "invoices": invoices,
            "deposits": sorted(one["Amount"] for one in books.deposits),
            "customers": sorted(one["ThirdPartyRefNo"] for one in books.customers if one.get("ThirdPartyRefNo")),
            "adjustments": sorted(one["ThirdPartyRefNo"] for one in books.adjustments),
            "credits": sorted(one["creditMemoHeader"]["ThirdPartyRefNo"] for one in books.credit_memos),
            "writes": tenant.writes(),
        }
        return {kind: value for kind, value in found.items() if value}

    def there(self, name: str) -> dict[str, Any]:
        """Of the tenant's books, what the hub's ledger speaks of."""
        books = self.tenants.of[name].books
        documents = {
            one["SoEstimateHeader"]["ThirdPartyRefNo"]: (
                one["SoEstimateHeader"]["OrderNumber"], one["SoEstimateHeader"]["StatusName"] == "Cancelled"
            )
            for one in books.orders
        }  # fmt: skip
        documents |= {
            one["invoiceHeader"]["ThirdPartyRefNo"]: (one["invoiceHeader"]["InvoiceNumber"], False)
            for one in books.invoices
        }
        along = [one["invoiceHeader"].get("DepositAmount", 0) for one in books.invoices]  # no deposit is made of it
        return {"documents": documents, "money": sum(one["Amount"] for one in books.deposits) + sum(along)}

    def remembered(self, name: str) -> dict[str, Any]:
        """The same from the hub's ledger, whose row names one of the documents; money by what is known to be in Xoro."""
        xoro = self.connectors[name]["xoro"]
        rows = self.sql(
            "SELECT data FROM connectors_directoryentry WHERE connector_id = %s AND kind = 'order_document'", xoro
        )
        documents = {row["reference"]: (row["number"], row["is_cancelled"]) for (row,) in rows}
        links = self.sql(
            "SELECT target_number FROM connectors_link WHERE target_id = %s AND record_kind = 'order'", xoro
        )
        assert [number for (number,) in links if number in {n for n, _ in documents.values()}] == [n for (n,) in links]
        assert len(links) == 1
        payments = self.sql(
            "SELECT data FROM connectors_directoryentry WHERE connector_id = %s AND kind = 'order_payment'", xoro
        )
        known = [row for (row,) in payments if row["state"] == "with_order" or row["done"]]
        return {"documents": documents, "money": sum(float(row["amount"]) for row in known)}

    def ledger(self, name: str) -> list[tuple[Any, ...]]:
        """Everything the hub knows of a flow's documents."""
        xoro = self.connectors[name]["xoro"]
        return [
            *self.sql("SELECT * FROM connectors_link WHERE target_id = %s ORDER BY id", xoro),
            *self.sql("SELECT * FROM connectors_directoryentry WHERE connector_id = %s ORDER BY id", xoro),
        ]

    def failures(self, name: str) -> list[tuple[str, str, str]]:
        return self.sql(
            "SELECT topic, reason, sentence FROM events_event WHERE connector_id = ANY(%s) AND outcome = 'failed' "
            "ORDER BY id", [self.connectors[name]["xoro"], self.connectors[name]["shop"]],
        )  # fmt: skip

    def asked(self, name: str) -> list[str]:
        return [reason for _, reason, _ in self.failures(name)]

    def waiting(self, name: str) -> list[str]:
        query = "SELECT topic FROM events_event WHERE connector_id = %s AND outcome = 'waiting'"
        return [topic for (topic,) in self.sql(query, self.connectors[name]["xoro"])]
