"""Settings and options: what is refused, what is secret, what the defaults are."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import override_settings

from connectors.schema import declared, secret_names, secret_values
from connectors.xoro.options import OrderOptions
from connectors.xoro.provider import provider
from connectors.xoro.settings import XoroSettings, url_problem
from tests.connectors.xoro.cast import make_settings


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"account_name": "A&B"}, "account_name"),
        ({"account_name": "A=B"}, "account_name"),
        ({"account_name": "A/B"}, "account_name"),
        ({"account_name": ""}, "account_name"),
        ({"api_secret": ""}, "api_secret"),
        ({"sale_store": ""}, "sale_store"),
        ({"base_url": "http://res.xorosoft.io/api/xerp/", "loop_url": "https://loop.example/"}, "base_url"),
        ({"api_time_zone": "Mars/Base"}, "api_time_zone"),
        ({"customer_mode": "single"}, "customer_name"),
        ({"tip_sku": ""}, "tip_sku"),
        ({"use_default_sku_if_unknown": True}, "default_sku"),
        ({"payment_account": ""}, "payment_account"),
        ({"liability_account": ""}, "liability_account"),
        ({"routes": {"nothing": "GET a/b"}}, "routes"),
        ({"routes": {"invoices": "DELETE a/b"}}, "routes"),
        ({"routes": {"invoices": "GET ../b"}}, "routes"),
        ({"routes": {"invoices": "GET https://x"}}, "routes"),
        ({"service_by_country": ["CA"]}, "service_by_country"),
        ({"gateway_map": {"paypal": "PayPal"}}, "gateway_map"),
        ({"invoice_statuses": []}, "invoice_statuses"),
        ({"merge_waves": True, "auto_wave": True}, "merge_waves"),
        ({"dropship_po": True, "auto_wave": True, "wave_method": "Full Qty Line(s) Only"}, "dropship_po"),
        ({"wave_codes": {"No such method": 1}, "auto_wave": True}, "wave_codes"),
        ({"wave_codes": {"Full Order(s) Only": "one"}, "auto_wave": True}, "wave_codes"),
        ({"service_by_country": {"Canada": "Post"}}, "service_by_country"),
        ({"gateway_map": [{"account": "PayPal"}]}, "gateway_map"),
        ({"location_map": [{"location": "Toronto"}]}, "location_map"),
        ({"carrier_map": [{"carrier": "UPS", "name": "UPS", "url": "https://ups.example/"}]}, "carrier_map"),
        ({"carrier_map": [{"carrier": "UPS", "name": "UPS", "url": "http://ups.example/{number}"}]}, "carrier_map"),
        ({"default_currency": "Dollar"}, "default_currency"),
        ({"deposit_flag": "x"}, "deposit_flag"),
        ({"loop_url": "http://x", "return_source": "Loop Returns"}, "loop_url"),
        ({"import_time_zone": "Mars/Base"}, "import_time_zone"),
        ({"notify_recipients": ["ada"]}, "notify_recipients"),
        ({"fulfillment_location": "fixed"}, "fixed_location"),
    ],
)
def test_settings_that_cannot_work_name_their_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as failure:
        make_settings(**changes)
    assert list(failure.value.message_dict) == [field]


MAP = [{"location": "Toronto", "store": "Main Store", "store_location": ""}]
STOCK = {"inventory_enabled": True, "inventory_location_map": [{"store": "Main Store", "location": "Toronto"}]}
CARDS = {"gift_cards_enabled": True, "gift_card_sku": "GC", "gift_card_liability_account": "Gift cards"}
PAYOUTS = {"payouts_enabled": True, "payout_bank_account": "B", "payout_fee_account": "F", "dispute_account": "D"}


@pytest.mark.parametrize(
    ("changes", "repaired", "field"),
    [
        ({"split_orders": True}, {"location_map": MAP}, "location_map"),
        ({"auto_wave": True, "auto_release": False}, {"auto_release": True}, "auto_wave"),
        ({"auto_wave": True, "drop_as": "invoices"}, {"drop_as": "orders"}, "auto_wave"),
        ({"update_fields": ["tags_update", "tags_override"]}, {"update_fields": ["tags_update"]}, "update_fields"),
        ({"update_sku": True, "update_fields": ["price"]}, {"update_fields": ["price", "sku"]}, "update_sku"),
        ({"compare_price_field": "StandardUnitPrice"}, {"price_field": "CustomPrice1"}, "compare_price_field"),
        (
            {"products_enabled": True, "update_fields": ["cost"]}, {"cost_field": "StandardUnitCost"}, "cost_field",
        ),
        ({"include_tags": ["web"], "exclude_tags": ["WEB"]}, {"exclude_tags": ["pos"]}, "exclude_tags"),
        ({"inventory_enabled": True, "inventory_location_map": []}, STOCK, "inventory_location_map"),
        (
            STOCK | {"inventory_location_map": [*STOCK["inventory_location_map"]] * 2}, STOCK,  # type: ignore[misc]
            "inventory_location_map",
        ),
        (
            STOCK | {"inventory_location_map": [{"store": "Main Store", "location": "Toronto"},
                                                {"store": "EAST WAREHOUSE", "location": "7001"}]}, STOCK,
            "inventory_location_map",
        ),
        ({"item_tags_include": ["a"], "item_tags_exclude": ["A"]}, {"item_tags_exclude": []}, "item_tags_exclude"),
        (
            {"import_enabled": True, "import_every_hours": 0, "import_every_minutes": 0}, {"import_every_hours": 1},
            "import_every_minutes",
        ),
        (
            {"import_enabled": True, "import_every_minutes": 15, "import_offset_minutes": 15},
            {"import_offset_minutes": 14}, "import_offset_minutes",
        ),
        (
            {"record_payments": False, "post_ship_payment": True}, {"record_payments": True}, "post_ship_payment",
        ),
        ({"drop_as": "invoices", "post_ship_payment": True}, {"drop_as": "orders"}, "post_ship_payment"),
        ({"return_source": ""}, {"sync_third_party_returns": False}, "sync_third_party_returns"),
        ({"return_source": "ReturnLogic"}, {"sync_third_party_returns": False}, "sync_third_party_returns"),
        ({"return_token": ""}, {"return_token": "t"}, "return_token"),
        ({"loop_shop": ""}, {"loop_shop": "lumen-goods.example"}, "loop_shop"),
        (
            {"payout_from": "2026-01-01", "import_start_date": "2026-02-01"}, {"payout_from": "2026-02-01"}, "payout_from",
        ),
        ({"payout_currency": "Dollar"}, {"payout_currency": "USD"}, "payout_currency"),
        ({"payout_bank_account": ""}, {"payouts_enabled": False}, "payout_bank_account"),
        (CARDS | {"gift_card_sku": ""}, CARDS, "gift_card_sku"),
        (CARDS | {"gift_card_liability_account": ""}, CARDS, "gift_card_liability_account"),
        (
            CARDS | {"gift_card_provider": "other"}, {"gift_card_api_client_ids": ["1"]}, "gift_card_api_client_ids",
        ),
        (PAYOUTS | {"payout_bank_account": ""}, PAYOUTS, "payout_bank_account"),
        (PAYOUTS | {"payout_fee_account": ""}, PAYOUTS, "payout_fee_account"),
        (PAYOUTS | {"dispute_account": ""}, PAYOUTS, "dispute_account"),
    ],
)  # fmt: skip
def test_settings_that_contradict_each_other_name_one_field(
    changes: dict[str, Any], repaired: dict[str, Any], field: str
) -> None:
    """Each contradiction is an error at one field, and saving works once it is repaired."""
    with pytest.raises(ValidationError) as failure:
        make_settings(**changes)
    assert list(failure.value.message_dict) == [field]
    make_settings(**changes | repaired)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/x",
        "https://127.0.0.1/x",
        "https://10.1.2.3/x",
        "https://[::1]/x",
        "https://169.254.169.254/",
        "https://localhost/x",
        "https://user@xoro.example/x",
        "ftp://xoro.example/x",
        "https://xoro.example/x?y=1",
        "https://xoro.example:port/x",
        "xoro",
    ],
)
def test_plain_and_private_addresses_are_refused(url: str) -> None:
    assert url_problem(url)


def test_exactly_the_host_and_port_the_site_allows_are_accepted() -> None:
    with override_settings(HUB_ALLOWED_HOSTS_PLAIN=frozenset({"127.0.0.1:8090"})):
        assert not url_problem("http://127.0.0.1:8090/xoro/api/xerp/")
        assert url_problem("http://127.0.0.1:8091/xoro/api/xerp/")


def test_the_vendors_address_is_accepted() -> None:
    assert not url_problem("https://res.xorosoft.io/api/xerp/")


def test_key_and_secret_are_secret() -> None:
    settings = make_settings()
    assert secret_names(XoroSettings) == {"api_key", "api_secret", "return_token"}
    assert secret_values(settings) == ["sandbox-loop-token", "sandbox-secret", "sandbox-key"]
    assert "sandbox-secret" not in repr(settings)


def test_lists_are_read_as_typed_and_as_stored() -> None:
    assert make_settings(invoice_statuses="Open, Paid , ").invoice_statuses == ("Open", "Paid")
    assert make_settings(invoice_statuses=["Open"]).invoice_statuses == ("Open",)


def test_routes_may_be_typed_as_json() -> None:
    assert make_settings(routes='{"invoices": "GET invoice/getinvoices"}').routes == {
        "invoices": "GET invoice/getinvoices"
    }


@pytest.mark.parametrize("schema", [XoroSettings, OrderOptions])
def test_every_setting_has_a_label_and_a_help_text(schema: type) -> None:
    for name, one in declared(schema).items():
        assert one.field.label, name
        assert one.field.help_text, name


def test_defaults_write_nothing_unexpected() -> None:
    settings = make_settings()
    assert settings.sync_third_party_customer_company
    assert not settings.customer_upsert
    assert not settings.auto_wave
    assert "voided" not in settings.financial_status
    assert not settings.test_orders


def test_what_is_assumed_can_be_understood_by_who_has_only_the_vendor() -> None:
    """A number of ours, or a chapter of a text nobody there has, says nothing; how to find out says what to do."""
    kept = {name: (one.assumed, one.proof) for name, one in declared(XoroSettings).items() if one.assumed}
    kept |= {one.name: (one.text, one.proof) for one in provider.assumptions}
    for name, (said, proof) in kept.items():
        assert not re.search(r"\(\d+\.\d+\)|\bG-\d|\b[Gg]ap\b", said + proof), name
        assert re.fullmatch(r"[A-Z].{15,}[.]", proof), f"{name}: how does a person find out?"
