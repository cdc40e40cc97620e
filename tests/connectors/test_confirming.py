"""The checklist of a connector: what is assumed, for which value it was confirmed, by whom."""

from __future__ import annotations

import dataclasses

import pytest
from django.contrib.admin.models import LogEntry

from connectors import confirming, registry
from connectors.models import Confirmation, Connector, Route
from connectors.records import Order
from connectors.vendor import Assumption
from tests.connectors import warehouse

NOTE = "Support of the vendor, ticket 123"


@pytest.fixture
def depot(db):
    rounding = Assumption(name="rounding", label="Rounding", text="Amounts are rounded per line.", proof="Buy one.")
    registry.register(dataclasses.replace(warehouse.provider, assumptions=[rounding]))
    made = Connector(name="Depot", slug="depot", provider_slug="warehouse")
    made.put_settings({"base_url": "https://wh.example", "mode": "each", "zone": "UTC", "token": "sekret-token-1"})
    made.save()
    yield made
    del registry._providers["warehouse"]


def path(connector: Connector) -> str:
    return f"/admin/connectors/connector/{connector.pk}/checklist/"


def item(connector: Connector, name: str) -> confirming.Item:
    connector = Connector.objects.get(pk=connector.pk)
    return next(one for one in confirming.items(connector) if one.name == name)


def sent(connector: Connector, name: str, note: str = NOTE, **more: str) -> dict[str, str]:
    return {"name": name, "digest": item(connector, name).digest, "note": note, **more}


def change(connector: Connector, **settings: object) -> None:
    connector.settings = {**connector.settings, **settings}
    connector.save()


def test_every_assumption_is_a_row_with_the_value_in_force(ada, depot):
    page = ada.get(path(depot)).content.decode()
    for text in (
        "Time zone",
        "Times without an offset are UTC.",
        "Rounding",
        "Amounts are rounded per line.",
        "Buy one.",
    ):
        assert text in page
    assert item(depot, "zone").value == "UTC"
    assert "0 of 2 confirmed" in page
    assert item(depot, "tip_note").state == "unused"  # tips are off


def test_a_confirmation_says_who_when_and_with_which_note(ada, depot, administrator):
    ada.post(path(depot), sent(depot, "zone"))
    row = Confirmation.objects.get()
    assert (row.name, row.value, row.note) == ("zone", "UTC", NOTE)
    assert row.confirmed_by == administrator.get_username()
    assert item(depot, "zone").state == "confirmed"
    page = ada.get(path(depot)).content.decode()
    assert "1 of 2 confirmed" in page
    assert f"“{NOTE}”" in page
    assert "Confirmed “Time zone” (UTC)" in LogEntry.objects.latest("pk").change_message
    assert "Checklist" in (whole := ada.get(f"{depot.admin_path()}?tab=overview").content.decode())
    assert "1/2" in whole


def test_a_changed_value_asks_again_and_the_old_one_counts_when_it_comes_back(ada, depot):
    ada.post(path(depot), sent(depot, "zone"))
    change(depot, zone="America/Vancouver")
    assert item(depot, "zone").state == "changed"
    page = ada.get(path(depot)).content.decode()
    assert "value changed" in page
    assert 'for <span class="mono">UTC</span>' in page  # the history says for which value
    change(depot, zone="UTC")
    assert item(depot, "zone").state == "confirmed"


def test_what_no_setting_holds_is_confirmed_too(ada, depot):
    ada.post(path(depot), sent(depot, "rounding"))
    assert item(depot, "rounding").state == "confirmed"
    assert Confirmation.objects.get().value is None


def test_a_confirmation_is_taken_back_and_stays_in_the_history(ada, depot, administrator):
    ada.post(path(depot), sent(depot, "zone"))
    ada.post(path(depot), {"name": "zone", "take_back": "1"})
    row = Confirmation.objects.get()
    assert row.taken_back_by == administrator.get_username()
    assert row.taken_back_at is not None
    assert item(depot, "zone").state == "open"
    page = ada.get(path(depot)).content.decode()
    assert NOTE in page
    assert "taken back" in page
    assert "Took back" in LogEntry.objects.latest("pk").change_message
    ada.post(path(depot), sent(depot, "zone", "Tried in the test account"))
    assert item(depot, "zone").state == "confirmed"
    assert Confirmation.objects.count() == 2


@pytest.mark.parametrize(
    ("more", "part"),
    [
        ({"note": "  "}, "Say who confirmed it"),
        ({"digest": "0000"}, "has changed meanwhile"),
        ({"name": "nothing"}, "no such assumption"),
        ({"name": "zone\x00"}, ""),
    ],
)
def test_what_cannot_be_confirmed_says_why(ada, depot, more, part):
    values = {**sent(depot, "zone"), **more}
    page = ada.post(path(depot), values, follow=True).content.decode()
    assert part in page
    assert Confirmation.objects.count() == (1 if "\x00" in values["name"] else 0)


def test_nothing_is_confirmed_twice_and_nothing_taken_back_that_was_not(ada, depot):
    ada.post(path(depot), sent(depot, "zone"))
    assert "confirmed already" in ada.post(path(depot), sent(depot, "zone"), follow=True).content.decode()
    assert Confirmation.objects.count() == 1
    nothing = ada.post(path(depot), {"name": "rounding", "take_back": "1"}, follow=True).content.decode()
    assert "is not confirmed" in nothing


def test_support_reads_and_does_not_confirm(browse, supporter, stranger, depot):
    page = browse(supporter).get(path(depot)).content.decode()
    assert "Times without an offset are UTC." in page
    assert 'name="note"' not in page
    assert browse(supporter).post(path(depot), sent(depot, "zone")).status_code == 403
    assert browse(stranger).get(path(depot)).status_code == 403
    assert not Confirmation.objects.exists()


def test_open_and_confirmed_rows_are_filtered(ada, depot):
    ada.post(path(depot), sent(depot, "zone"))
    still = ada.get(path(depot) + "?show=open").content.decode()
    assert "Amounts are rounded per line." in still
    assert "Times without an offset are UTC.</p>" not in still
    done = ada.get(path(depot) + "?show=confirmed").content.decode()
    assert "Times without an offset are UTC." in done
    assert "Amounts are rounded" not in done
    assert ada.get(path(depot) + "?show=<script>").status_code == 200


def test_open_questions_are_one_text_for_the_vendor(ada, depot):
    ada.post(path(depot), sent(depot, "rounding"))
    text = ada.get(path(depot)).context["questions"]
    assert "1. Orders: General, Time zone\n   Times without an offset are UTC.\n   Our value: UTC" in text
    assert "rounded" not in text
    assert "sekret-token-1" not in text
    ada.post(path(depot), sent(depot, "zone"))
    assert ada.get(path(depot)).context["questions"] == ""


def test_the_form_marks_an_assumption(ada, depot):
    page = ada.get(f"{depot.admin_path()}?tab=settings").content.decode()
    assert "our assumption" in page
    assert f'href="{path(depot)}#item-zone">Confirm with your tenant' in page
    ada.post(path(depot), sent(depot, "zone"))
    assert "assumption confirmed" in ada.get(f"{depot.admin_path()}?tab=settings").content.decode()


def test_options_of_routes_are_rows_too(ada, depot):
    shop = dataclasses.replace(warehouse.provider, slug="corner", label="Corner", accepts={}, emits=[Order])
    registry.register(shop)
    try:
        source = Connector.objects.create(name="Shop", slug="shop", provider_slug="corner")
        route = Route.objects.create(source=source, target=depot, record_kind="order", options={"bay": "A"})
        row = item(depot, f"route:{route.pk}:bay")
        assert (row.group, row.value) == ("Route from Shop", "A")
        ada.post(path(depot), sent(depot, row.name))
        assert item(depot, row.name).state == "confirmed"
        page = ada.get(f"/admin/connectors/route/{route.pk}/change/").content.decode()
        assert "assumption confirmed" in page
    finally:
        del registry._providers["corner"]


def test_a_copy_of_a_connector_has_nothing_confirmed(ada, depot):
    ada.post(path(depot), sent(depot, "zone"))
    ada.post(f"/admin/connectors/connector/{depot.pk}/copy/")
    copy = Connector.objects.get(slug="depot-copy")
    assert item(copy, "zone").state == "open"


def test_a_provider_that_assumes_nothing_has_no_checklist(ada, connector):
    assert "Checklist" not in ada.get(f"{connector.admin_path()}?tab=overview").content.decode()
    assert "assumes nothing" in ada.get(path(connector)).content.decode()
