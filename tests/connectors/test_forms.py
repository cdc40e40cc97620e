"""A connector's form comes from its provider's settings; secrets go in and never come out."""

from __future__ import annotations

import re

import pytest
from django.contrib.admin.models import LogEntry

from connectors.models import Connector, Plan
from tests.connectors.conftest import SECRET


def path(connector: Connector) -> str:
    return f"/admin/connectors/connector/{connector.pk}/change/"


def form(connector: Connector, **changes: object) -> dict[str, object]:
    """What a browser sends from the settings page, with some fields typed over."""
    values: dict[str, object] = {
        "name": connector.name, "slug": connector.slug, "email_sender": "hub@example.com",
        "email_receiver": "support@example.com", "retention_success_days": "", "retention_failure_days": "",
        "setting_base_url": "https://acme.example/api", "setting_api_key": "", "setting_signing_key": "",
        "setting_header_name": "", "setting_orders_url": "", "setting_timeout_s": "10", "setting_field_map": "",
        "setting_size": "s", "plans-TOTAL_FORMS": "0", "plans-INITIAL_FORMS": "0", "plans-MIN_NUM_FORMS": "0",
        "plans-MAX_NUM_FORMS": "1000",
    }  # fmt: skip
    return values | changes


def errors(response) -> dict[str, list[str]]:
    assert response.status_code == 200, response.status_code
    return {name: [str(e) for e in found] for name, found in response.context["adminform"].form.errors.items()}


def test_a_connector_is_installed_in_two_steps(ada, provider):
    response = ada.post(
        "/admin/connectors/connector/add/", {"provider_slug": "acme", "name": "Acme EU", "slug": "acme-eu"}, follow=True
    )
    made = Connector.objects.get(slug="acme-eu")
    assert response.redirect_chain[-1][0] == path(made)
    page = response.content.decode()
    for label in ("Address", "API key", "Time-out", "Seconds, 1 to 60."):
        assert label in page


def test_the_first_page_offers_every_provider_and_asks_for_no_setting(ada, provider):
    page = ada.get("/admin/connectors/connector/add/").content.decode()
    assert "Acme ERP" in page
    assert "Shoppy" in page
    assert "setting_" not in page


def test_an_unknown_provider_is_refused_at_the_field(ada, provider):
    response = ada.post("/admin/connectors/connector/add/", {"provider_slug": "nope", "name": "N", "slug": "n"})
    assert "provider_slug" in errors(response)
    assert not Connector.objects.exists()


def test_settings_are_stored_typed_and_secrets_encrypted(ada, connector):
    ada.post(path(connector), form(connector, setting_timeout_s="25", setting_api_key="a-new-key", setting_size="l",
                                   setting_field_map='{"a": "b"}'))  # fmt: skip
    connector.refresh_from_db()
    loaded = connector.load_settings()
    assert (loaded.timeout_s, loaded.api_key, loaded.size, loaded.field_map) == (25, "a-new-key", "l", {"a": "b"})
    assert connector.settings["timeout_s"] == 25
    assert "a-new-key" not in str(connector.secrets) + str(connector.settings)


def test_a_blank_secret_keeps_what_is_stored(ada, connector):
    ada.post(path(connector), form(connector, setting_base_url="https://acme.example/v2"))
    connector.refresh_from_db()
    assert connector.secret("api_key") == SECRET
    assert connector.load_settings().base_url == "https://acme.example/v2"


def test_a_ticked_clear_box_clears_a_secret(ada, connector):
    ada.post(path(connector), form(connector, **{"setting_signing_key-clear": "1"}))
    connector.refresh_from_db()
    assert "signing_key" not in connector.secrets
    assert connector.secret("api_key") == SECRET


def test_clearing_a_mandatory_secret_is_an_error_at_its_field(ada, connector):
    response = ada.post(path(connector), form(connector, **{"setting_api_key-clear": "1"}))
    assert list(errors(response)) == ["setting_api_key"]
    connector.refresh_from_db()
    assert connector.secret("api_key") == SECRET


def test_a_new_value_and_a_clear_box_contradict_each_other(ada, connector):
    response = ada.post(path(connector), form(connector, setting_api_key="x", **{"setting_api_key-clear": "1"}))
    assert "not both" in errors(response)["setting_api_key"][0]


def test_a_secret_of_several_lines_keeps_its_lines(ada, connector):
    ada.post(path(connector), form(connector, setting_signing_key="-----BEGIN\nabc\n-----END"))
    connector.refresh_from_db()
    assert connector.secret("signing_key").splitlines() == ["-----BEGIN", "abc", "-----END"]


def test_no_secret_is_on_the_page_in_the_history_or_in_a_repr(ada, connector):
    ada.post(path(connector), form(connector, setting_api_key="another-secret-7"))
    connector.refresh_from_db()
    pages = [ada.get(path(connector) + f"?tab={tab}").content.decode() for tab in ("overview", "settings")]
    pages.append(ada.get(f"/admin/connectors/connector/{connector.pk}/history/").content.decode())
    pages.append(ada.get("/admin/connectors/connector/").content.decode())
    stored = connector.secrets["api_key"]
    history = [entry.change_message for entry in LogEntry.objects.all()]
    for text in [*pages, *history, repr(connector), repr(connector.load_settings())]:
        for secret in ("another-secret-7", "sign-me-9", stored):
            assert secret not in text
    assert "API key" in LogEntry.objects.latest("pk").change_message  # that it was changed is known


def test_a_failed_form_does_not_give_a_typed_secret_back(ada, connector):
    response = ada.post(path(connector), form(connector, setting_api_key="typed-secret-3", setting_timeout_s="0"))
    assert "setting_timeout_s" in errors(response)
    assert "typed-secret-3" not in response.content.decode()


def test_a_password_input_has_no_value_and_says_that_something_is_stored(ada, connector):
    page = ada.get(path(connector) + "?tab=settings").content.decode()
    tag = re.search(r'<input type="password" name="setting_api_key"[^>]*>', page).group()
    assert "value=" not in tag
    assert 'autocomplete="new-password"' in tag
    assert "stored; type to replace it" in tag
    assert "required" not in tag


@pytest.mark.parametrize(
    ("field", "value", "part"),
    [
        ("base_url", "", "required"),
        ("orders_url", "http://acme.example/orders", "https://"),
        ("orders_url", "https://127.0.0.1/orders", "private network"),
        ("orders_url", "https://10.1.2.3/orders", "private network"),
        ("orders_url", "https://[::1]/orders", "private network"),
        ("orders_url", "https://localhost/orders", "own machine"),
        ("orders_url", "https://acme.example:99999/orders", "not a valid address"),
        ("header_name", "X-Key\r\nX-Evil: 1", "line breaks"),
        ("api_key", "abc\r\nX-Evil: 1", "line breaks"),
        ("timeout_s", "many", "whole number"),
        ("timeout_s", "61", "60"),
        ("size", "xl", "valid choice"),
        ("field_map", "{", "valid JSON"),
    ],
)
def test_bad_input_is_an_error_at_its_field_and_nothing_is_saved(ada, connector, field, value, part):
    before = Connector.objects.filter(pk=connector.pk).values().get()
    response = ada.post(path(connector), form(connector, name="Renamed", **{f"setting_{field}": value}))
    found = errors(response)
    assert list(found) == [f"setting_{field}"]
    assert part in found[f"setting_{field}"][0]
    assert Connector.objects.filter(pk=connector.pk).values().get() == before


def test_a_rule_over_several_settings_marks_the_field_it_names(ada, connector):
    response = ada.post(path(connector), form(connector, setting_is_loud="on"))
    assert errors(response) == {"setting_orders_url": ["Loud needs an orders address."]}


def test_a_rule_that_quotes_a_secret_does_not_show_it(ada, connector):
    response = ada.post(path(connector), form(connector, setting_api_key="refuse-me"))
    assert errors(response) == {"setting_api_key": ["The key *** is known to be stolen."]}


def test_a_secret_that_does_not_open_says_so_and_can_be_entered_anew(ada, connector, settings):
    connector.secrets["api_key"] = "gone:" + connector.secrets["api_key"].partition(":")[2]
    connector.save()
    page = ada.get(path(connector) + "?tab=settings").content.decode()
    assert "encrypted with key “gone”" in page
    assert "Enter it anew" in page
    refused = ada.post(path(connector), form(connector))
    assert "gone" in errors(refused)["setting_api_key"][0]
    ada.post(path(connector), form(connector, setting_api_key="entered-anew"))
    connector.refresh_from_db()
    assert connector.secret("api_key") == "entered-anew"


def test_a_field_that_switches_a_function_on_says_so(ada, connector):
    page = ada.get(path(connector) + "?tab=settings").content.decode()
    assert "Filled in: switches on Orders list." in page
    assert re.search(r'pill--idle" data-switch="id_setting_orders_url">off<', page)
    ada.post(path(connector), form(connector, setting_orders_url="https://acme.example/orders"))
    page = ada.get(path(connector) + "?tab=settings").content.decode()
    assert re.search(r'pill--ok" data-switch="id_setting_orders_url">on<', page)


def test_advanced_groups_are_folded_and_open_where_they_hold_an_error(ada, connector):
    names = {f.name: f.classes for f in ada.get(path(connector)).context["adminform"]}
    assert "collapse" in names["Endpoints: advanced"]
    assert "collapse" in names["Field map"]
    assert "collapse" not in names["Connection"]


def test_an_address_of_the_allowed_sandbox_is_taken(ada, connector, settings):
    ada.post(path(connector), form(connector, setting_base_url=f"{settings.SANDBOX_URL}/acme"))
    connector.refresh_from_db()
    assert connector.is_sandbox
    assert "sandbox" in ada.get(path(connector)).content.decode()


def test_saving_settings_leaves_alone_what_workers_write(ada, connector, monkeypatch):
    from connectors.admin.connector import ConnectorAdmin

    save = ConnectorAdmin.save_model

    def meanwhile(self, request, obj, form, change):
        Connector.objects.filter(pk=obj.pk).update(memory={"since": "now"}, last_failure="Just now.")
        save(self, request, obj, form, change)

    monkeypatch.setattr(ConnectorAdmin, "save_model", meanwhile)
    ada.post(path(connector), form(connector, setting_timeout_s="11"))
    connector.refresh_from_db()
    assert (connector.memory, connector.last_failure) == ({"since": "now"}, "Just now.")
    assert connector.settings["timeout_s"] == 11


def test_secrets_encrypted_anew_while_the_form_was_open_stay_so(ada, connector, monkeypatch):
    from connectors.admin.connector import ConnectorAdmin

    save = ConnectorAdmin.save_model

    def meanwhile(self, request, obj, form, change):
        row = Connector.objects.get(pk=obj.pk)
        row.set_secret("api_key", "rotated-elsewhere")
        row.save(update_fields=["secrets"])
        save(self, request, obj, form, change)

    monkeypatch.setattr(ConnectorAdmin, "save_model", meanwhile)
    ada.post(path(connector), form(connector, setting_signing_key="typed-here"))
    connector.refresh_from_db()
    assert (connector.secret("api_key"), connector.secret("signing_key")) == ("rotated-elsewhere", "typed-here")


def test_the_first_settings_bring_the_suggested_plans_one_interval_from_now(ada, make):
    fresh = make(name="Fresh")
    Connector.objects.filter(pk=fresh.pk).update(settings={}, secrets={})
    ada.post(path(fresh), form(fresh, setting_api_key="k-123456"))
    plan = Plan.objects.get(connector=fresh)
    assert (plan.sync, plan.every_minutes) == ("orders", 30)
    assert 29 * 60 < (plan.next_at - fresh.created_at).total_seconds() < 31 * 60
    plan.delete()
    ada.post(path(fresh), form(fresh))
    assert not Plan.objects.exists()  # once deleted it stays deleted


def test_plans_are_edited_on_the_page(ada, connector):
    response = ada.post(path(connector), form(connector, **{
        "plans-TOTAL_FORMS": "1", "plans-0-sync": "stock", "plans-0-every_minutes": "15", "plans-0-is_enabled": "on",
        "plans-0-connector": str(connector.pk), "plans-0-id": "",
    }))  # fmt: skip
    assert response.status_code == 302
    assert Plan.objects.get().sync == "stock"


@pytest.mark.parametrize(("name", "value"), [("every_minutes", "0"), ("sync", "nope")])
def test_a_plan_without_interval_or_of_an_unknown_sync_is_refused(ada, connector, name, value):
    plan = {"sync": "stock", "every_minutes": "15", "connector": str(connector.pk), "id": ""} | {name: value}
    given = {f"plans-0-{key}": text for key, text in plan.items()} | {"plans-TOTAL_FORMS": "1"}
    assert ada.post(path(connector), form(connector, **given)).status_code == 200
    assert not Plan.objects.exists()


def test_several_receivers_are_checked_one_by_one(ada, connector):
    response = ada.post(path(connector), form(connector, email_receiver="a@example.com, nonsense"))
    assert "“nonsense”" in errors(response)["email_receiver"][0]
    ada.post(path(connector), form(connector, email_receiver="a@example.com;b@example.com"))
    connector.refresh_from_db()
    assert connector.email_receiver == "a@example.com, b@example.com"
