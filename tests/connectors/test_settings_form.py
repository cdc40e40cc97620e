"""Long forms of settings: a menu, fields that depend on others, tables of rows."""

from __future__ import annotations

import json
import re

import pytest
from django.core.exceptions import ValidationError

from connectors import registry, schema
from connectors.forms.menu import menu
from connectors.management.commands.describe_settings import reference
from connectors.models import Connector, Route
from tests.connectors import warehouse
from tests.connectors.warehouse import GATEWAYS, SERVICES, WarehouseSettings


@pytest.fixture
def long(db):
    registry.register(warehouse.provider)
    made = Connector(name="Depot", slug="depot", provider_slug="warehouse")
    made.put_settings({"base_url": "https://wh.example", "mode": "each"})
    made.save()
    yield made
    del registry._providers["warehouse"]


def path(connector: Connector) -> str:
    return f"/admin/connectors/connector/{connector.pk}/change/"


def form(**changes: object) -> dict[str, object]:
    """What a browser sends; boxes that are not named are off."""
    values = {
        "name": "Depot", "slug": "depot", "email_sender": "", "email_receiver": "", "retention_success_days": "",
        "retention_failure_days": "", "setting_base_url": "https://wh.example", "setting_token": "",
        "setting_store": "", "setting_zone": "UTC", "setting_mode": "each", "setting_customer": "",
        "setting_tip_sku": "", "setting_tip_note": "", "setting_gateways-rows": "0", "setting_services-rows": "0",
        "setting_carton": "", "setting_since": "", "setting_buffer": "0", "setting_pay_account": "",
    }  # fmt: skip
    return values | {name: value for name, value in changes.items() if value is not None}


def errors(response) -> dict[str, list[str]]:
    assert response.status_code == 200, response.status_code
    return {name: [str(e) for e in found] for name, found in response.context["adminform"].form.errors.items()}


def saved(ada, connector: Connector, **changes: object):
    response = ada.post(path(connector), form(**changes))
    assert response.status_code == 302, errors(response)
    connector.refresh_from_db()
    return connector.load_settings()


# --- fields that depend on others -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values", "is_shown"),
    [
        ("tip_sku", {}, False),
        ("tip_sku", {"tips": True}, True),
        ("tip_note", {"tips": True}, False),
        ("tip_note", {"tips": True, "tip_sku": "TIP"}, True),
        ("tip_note", {"tips": False, "tip_sku": "TIP"}, False),
        ("customer", {"mode": "one"}, True),
        ("customer", {"mode": "each"}, False),
        ("carton", {}, True),
        ("carton", {"tips": True}, False),
        ("store", {}, True),
    ],
)
def test_a_setting_counts_where_all_it_depends_on_says_so(name, values, is_shown):
    assert schema.is_shown(WarehouseSettings, name, values) is is_shown


def test_a_hidden_setting_need_not_be_filled_in(ada, long):
    assert saved(ada, long).customer == ""
    assert errors(ada.post(path(long), form(setting_mode="one"))) == {"setting_customer": ["This field is required."]}
    assert errors(ada.post(path(long), form(setting_tips="on"))) == {"setting_tip_sku": ["This field is required."]}


def test_a_hidden_setting_keeps_its_value(ada, long):
    saved(ada, long, setting_tips="on", setting_tip_sku="TIP-1", setting_tip_note="Thanks")
    assert saved(ada, long, setting_tip_sku="TIP-1", setting_tip_note="Thanks").tip_sku == "TIP-1"
    assert saved(ada, long, setting_tip_note="Thanks").tip_sku == "TIP-1"  # emptied while it was hidden
    assert saved(ada, long, setting_tips="on", setting_tip_sku="TIP-1").tips is True


def test_a_stored_row_loads_without_what_has_no_say():
    loaded = schema.load(WarehouseSettings, {"base_url": "https://wh.example", "mode": "each", "tips": False})
    assert (loaded.customer, loaded.tip_sku) == ("", "")
    with pytest.raises(ValidationError) as caught:
        schema.load(WarehouseSettings, {"mode": "one"})
    assert list(caught.value.message_dict) == ["customer"]


def test_the_page_says_on_what_a_field_depends(ada, long):
    page = ada.get(path(long) + "?tab=settings").content.decode()
    assert re.search(r'data-shown-when="setting_mode" data-values="\[&quot;one&quot;\]">Only when “Customer” is '
                     r"“One for all”\.<", page)  # fmt: skip
    assert "Only when “Tips” is on." in page
    assert "Only when “Tip SKU” is filled in." in page
    assert "Only when “Tips” is off." in page


def test_people_who_may_only_look_see_what_counts(browse, supporter, long):
    page = browse(supporter).get(path(long) + "?tab=settings").content.decode()
    assert "Store" in page
    assert "Tip SKU" not in page


def test_the_options_of_a_route_depend_on_each_other_too(ada, long):
    registry.register(shop := _shop())
    try:
        source = Connector.objects.create(name="Shop", slug="shop", provider_slug=shop.slug)
        route = Route.objects.create(source=source, target=long, record_kind="order")
        where = f"/admin/connectors/route/{route.pk}/change/"
        assert "Only when “Split” is on." in ada.get(where).content.decode()
        assert errors(ada.post(where, {"setting_split": "on", "setting_split_by": "", "setting_bay": ""}))
        assert ada.post(where, {"setting_split_by": "", "setting_bay": "A"}).status_code == 302
        route.refresh_from_db()
        assert route.load_options().bay == "A"
    finally:
        del registry._providers[shop.slug]


def _shop():
    import dataclasses

    from connectors.records import Order

    return dataclasses.replace(warehouse.provider, slug="corner", label="Corner", accepts={}, emits=[Order])


def test_the_reference_says_on_what_a_setting_depends():
    made = reference(warehouse.provider)
    assert "| Tip SKU | The tip sku. Only when “Tips” is on. **Required.** |" in made
    assert "### Orders: Accounts" in made
    assert "Columns: Gateway; Account; Share; Kind." in made


def test_a_day_is_chosen_from_a_calendar_and_kept(ada, long):
    assert str(saved(ada, long, setting_since="2026-11-30").since) == "2026-11-30"
    page = ada.get(path(long) + "?tab=settings").content.decode()
    assert re.search(r'<input type="date" name="setting_since" value="2026-11-30"', page)


# --- contradictions -------------------------------------------------------------------------------------------------


def test_a_contradiction_is_shown_at_its_field_also_where_that_is_folded(ada, long):
    response = ada.post(path(long), form(setting_tracking="on", setting_pay_account="none"))
    assert errors(response) == {"setting_pay_account": ["Tracking needs another account."]}
    fieldset = next(one for one in response.context["adminform"] if "setting_pay_account" in one.fields)
    assert not fieldset.is_collapsible  # it stands open


def test_a_contradiction_names_a_field_that_is_hidden(ada, long):
    assert errors(ada.post(path(long), form(setting_cards="on"))) == {
        "setting_tip_note": ["Gift cards need a tip note."]
    }


# --- the menu -------------------------------------------------------------------------------------------------------


def test_a_long_form_has_a_menu_nested_as_the_vendor_does(ada, long):
    parts = ada.get(path(long) + "?tab=settings").context["settings_menu"]
    assert [(part.label, [entry.label for entry in part.entries]) for part in parts] == [
        ("", ["Name"]), ("", ["Connection"]), ("Orders", ["General", "Accounts", "Warehousing"]),
        ("", ["Fulfillments"]), ("Products & Inventory", ["Inventory"]), ("", ["Gift cards"]), ("", ["Payouts"]),
        ("", ["Error e-mail"]), ("", ["Retention"]),
    ]  # fmt: skip
    page = ada.get(path(long) + "?tab=settings").content.decode()
    for part in parts:
        for entry in part.entries:
            assert all(f'id="{anchor}"' in page for anchor in entry.anchors)


def test_the_menu_counts_the_errors_of_each_section(ada, long):
    response = ada.post(path(long), form(setting_tips="on", setting_mode="one", setting_buffer="-1"))
    found = {entry.label: entry.errors for part in response.context["settings_menu"] for entry in part.entries}
    assert found["General"] == found["Accounts"] == found["Inventory"] == 1
    assert found["Warehousing"] == 0
    page = response.content.decode()
    assert 'sections__errors">1<span class="visually-hidden"> error</span>' in page


def test_the_menu_counts_the_errors_of_what_is_folded_too(ada, long):
    response = ada.post(path(long), form(setting_carton="far too long"))
    found = {entry.label: entry for part in response.context["settings_menu"] for entry in part.entries}
    assert found["Warehousing"].errors == 1
    assert len(found["Warehousing"].anchors) == 2


def test_a_short_form_has_none(ada, connector):
    response = ada.get(path(connector) + "?tab=settings")
    assert response.context["settings_menu"] == []
    assert menu(response.context["adminform"]) == []
    assert 'class="sections__side"' not in response.content.decode()


# --- rows -----------------------------------------------------------------------------------------------------------

ROWS = {
    "setting_gateways-rows": "4",
    "setting_gateways-0-gateway": "paypal", "setting_gateways-0-account": "PayPal", "setting_gateways-0-share": "40",
    "setting_gateways-0-kind": "card",
    "setting_gateways-2-gateway": "till", "setting_gateways-2-account": "Cash", "setting_gateways-2-share": "",
    "setting_gateways-2-kind": "cash",
    "setting_gateways-3-gateway": "", "setting_gateways-3-account": "", "setting_gateways-3-kind": "card",
}  # fmt: skip


def test_filled_rows_are_stored_and_empty_ones_left_out(ada, long):
    loaded = saved(ada, long, **ROWS)
    assert loaded.gateways == (
        {"gateway": "paypal", "account": "PayPal", "share": 40, "kind": "card"},
        {"gateway": "till", "account": "Cash", "share": None, "kind": "cash"},
    )
    assert long.settings["gateways"][0]["share"] == 40
    page = ada.get(path(long) + "?tab=settings").content.decode()
    assert 'name="setting_gateways-1-gateway" value="till"' in page
    assert 'name="setting_gateways-4-gateway"' in page  # three empty ones below
    assert 'name="setting_gateways-5-gateway"' not in page


def test_a_mapping_is_stored_as_one_object(ada, long):
    two = {"setting_services-rows": "1", "setting_services-0-country": "CA", "setting_services-0-service": "Post"}
    assert saved(ada, long, **two).services == {"CA": "Post"}
    assert long.settings["services"] == {"CA": "Post"}
    assert 'name="setting_services-0-country" value="CA"' in ada.get(path(long) + "?tab=settings").content.decode()


def test_rows_sent_as_json_are_taken_too(ada, long):
    sent = form(**{"setting_services": '{"CA": "Post"}'})
    del sent["setting_services-rows"]
    assert ada.post(path(long), sent).status_code == 302
    long.refresh_from_db()
    assert long.load_settings().services == {"CA": "Post"}


def test_a_wrong_cell_is_named_by_row_and_column_and_marked(ada, long):
    wrong = {**ROWS, "setting_gateways-2-share": "900", "setting_gateways-2-account": ""}
    response = ada.post(path(long), form(**wrong))
    assert errors(response)["setting_gateways"] == [
        "Row 2, Account: This field is required.",
        "Row 2, Share: Ensure this value is less than or equal to 100.",
    ]
    page = response.content.decode()
    marked = re.findall(r'name="(setting_gateways-[^"]+)"[^>]*aria-invalid="true"', page)
    assert marked == ["setting_gateways-1-account", "setting_gateways-1-share"]
    assert 'value="900"' in page  # as it was typed


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ([{"gateway": "a", "account": "b"}, {"gateway": "A", "account": "c"}], "Row 2, Gateway: “A” stands in row 1"),
        ([{"gateway": "a", "account": "b", "kind": "barter"}], "Row 1, Kind: Select a valid choice"),
        ([{"gateway": "a", "account": "b", "colour": "red"}], "no column “colour”"),
        ([{"gateway": f"g{n}", "account": "b"} for n in range(501)], "At most 500 rows."),
        ("[1, 2]", "not rows"),
        ("{", "neither rows nor valid JSON"),
        ({"a": "b"}, "not rows"),
        ([{"gateway": "100%s", "account": ""}], "Row 1, Account"),
    ],
)
def test_rows_that_do_not_fit_are_refused(value, part):
    with pytest.raises(ValidationError) as caught:
        GATEWAYS.clean(value)
    assert part in " ".join(caught.value.messages)


def test_a_key_of_a_mapping_stands_there_once():
    with pytest.raises(ValidationError, match="stands in row 1 already"):
        SERVICES.clean([{"country": "CA", "service": "Post"}, {"country": "CA", "service": "Ground"}])
    assert SERVICES.clean(json.loads('{"CA": "Post"}')) == {"CA": "Post"}


def test_nothing_is_no_row():
    for empty in (None, "", "[]", [], (), {}, [{"gateway": " ", "account": ""}]):
        assert not GATEWAYS.clean(empty)
    assert schema.load(WarehouseSettings, {"mode": "each"}).gateways == ()
    assert schema.load(WarehouseSettings, {"mode": "each"}).services == {}


def test_whoever_may_only_look_reads_rows_as_text(browse, supporter, long):
    long.settings |= {"gateways": [{"gateway": "till", "account": "Cash", "kind": "cash"}], "services": {"CA": "Post"}}
    long.save()
    page = browse(supporter).get(path(long) + "?tab=settings").content.decode()
    assert "till, Cash, –, Cash" in page
    assert "CA → Post" in page
