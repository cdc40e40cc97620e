"""Names that must be spelled as the vendor spells them: the connection test looks for them, the form says what it saw."""

from __future__ import annotations

import dataclasses

import pytest

from connectors import registry
from connectors.checking import check_connector
from connectors.exceptions import RemoteUnavailable
from connectors.models import Connector, NameCheck
from connectors.naming import close_to
from connectors.vendor import NameFound, NameKind
from tests.connectors import warehouse

STORES = ["MAIN STORE", "East warehouse", "Outlet"]


def look(run, name):
    return NameFound(is_found=name in STORES, known=STORES)


@pytest.fixture
def depot(db):
    kinds = {
        "store": NameKind(label="stores", check=look),
        "item": NameKind(label="items", check=lambda run, name: NameFound(is_found=None, sentence="No stock of it.")),
        "account": NameKind(label="accounts", unchecked="No call lists accounts; a wrong one fails the order."),
    }
    registry.register(dataclasses.replace(warehouse.provider, names=kinds))
    made = Connector(name="Depot", slug="depot", provider_slug="warehouse")
    made.put_settings({"base_url": "https://wh.example", "mode": "each", "store": "Outlet"})
    made.save()
    yield made
    del registry._providers["warehouse"]


def lines(connector: Connector, **settings: object) -> dict[str, object]:
    connector.settings = {**connector.settings, **settings}
    connector.save()
    return {line.name: line for line in check_connector(connector, by="ada").lines}


def test_a_name_that_is_there_is_seen(depot):
    line = lines(depot)["names:store"]
    assert (line.label, line.result, line.sentence) == ("Names: stores", "ok", "Seen in Warehouse: “Outlet”.")


def test_a_name_that_is_not_there_fails_with_similar_spellings(depot):
    line = lines(depot, store="Main  store")["names:store"]
    assert line.result == "failed"
    assert line.sentence == "Not found in Warehouse: “Main  store” (there is “MAIN STORE”)."
    assert line.next_step == "Correct the spelling in the settings (Store), or make it in Warehouse."


def test_a_name_that_did_not_come_up_proves_nothing(depot):
    line = lines(depot, tips=True, tip_sku="TIP")["names:item"]
    assert (line.result, line.sentence) == ("unsure", "Not seen in Warehouse, which proves nothing: “TIP”.")


def test_a_kind_nobody_lists_is_unchecked_text_rows_of_tables_included(depot):
    line = lines(depot, gateways=[{"gateway": "till", "account": "Cash"}], pay_account="Bank")["names:account"]
    assert line.result == "unchecked"
    assert line.sentence.startswith("Unchecked text: “Cash”, “Bank”. No call lists accounts")


def test_names_that_have_no_say_are_not_looked_for(depot):
    assert "names:item" not in lines(depot, tips=False, tip_sku="TIP")
    assert "names:customer" not in lines(depot, customer="Walk-in")
    assert "customer" in lines(depot, mode="one", customer="Walk-in")["names:customer"].label.lower()


def test_a_vendor_that_does_not_answer_leaves_names_unchecked(depot):
    def fail(run, name):
        raise RemoteUnavailable("It is away.", code="503")

    changed = dataclasses.replace(registry.get("warehouse"), names={"store": NameKind(label="stores", check=fail)})
    registry._providers["warehouse"] = changed
    line = lines(depot)["names:store"]
    assert (line.result, line.sentence) == ("unchecked", "Could not be checked: “Outlet”. It is away.")
    assert not NameCheck.objects.exists()


def test_the_form_says_what_the_last_test_saw(ada, depot):
    where = f"{depot.admin_path()}?tab=settings"
    assert "not checked yet" in ada.get(where).content.decode()
    lines(depot)
    page = ada.get(where).content.decode()
    assert "seen in Warehouse" in page
    assert "“Outlet”, " in page
    assert ".." not in page[page.index("“Outlet”, ") :][:80]
    assert "unchecked text" in page
    assert "No call lists accounts; a wrong one fails the order." in page
    lines(depot, store="Outlets")
    page = ada.get(where).content.decode()
    assert "not found in Warehouse" in page
    assert "Similar: “Outlet”." in page


@pytest.mark.parametrize(
    ("name", "expected"),
    [("main store", ["MAIN STORE"]), ("East", ["East warehouse"]), ("Zürich", []), ("Outlet", [])],
)
def test_similar_names_are_close_or_contained(name, expected):
    assert close_to(name, STORES) == expected
