import pytest
from django.core.exceptions import ValidationError
from django.test import override_settings

from connectors.exceptions import Skip
from connectors.generic_erp.functions import FUNCTIONS, SHIPPING_METHODS, TAXES, account_number, fallback
from connectors.generic_erp.settings import GenericErpSettings
from connectors.schema import declared, load, secret_names


def problems(**raw):
    with pytest.raises(ValidationError) as caught:
        load(GenericErpSettings, raw)
    return caught.value.message_dict


def test_it_loads_from_nothing_with_documented_defaults():
    settings = load(GenericErpSettings, {})
    assert settings.connect_timeout_s == 3
    assert [function.read_timeout_s(settings) for function in FUNCTIONS] == [10, 10, 10, 10, 10, 5, 5]
    assert (settings.tax_failure_policy, settings.shipping_failure_policy) == ("shop_tax", "shop_methods")
    assert (settings.auth_mode, settings.use_seller_reference, settings.field_map) == ("header_pair", False, None)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_it_switches_exactly_one_function_on_by_its_url(function):
    settings = load(GenericErpSettings, {f"{function.name}_url": " https://erp.example/api "})
    assert [one for one in FUNCTIONS if one.is_on(settings)] == [function]
    assert declared(GenericErpSettings)[f"{function.name}_url"].enables
    assert not function.is_on(load(GenericErpSettings, {f"{function.name}_url": "   "}))


def test_it_labels_and_explains_every_setting():
    for name, one in declared(GenericErpSettings).items():
        assert one.field.label, name
        assert one.field.help_text, name


def test_it_hides_the_token():
    assert secret_names(GenericErpSettings) == {"token"}
    assert "tok-8842" not in repr(GenericErpSettings(token="tok-8842"))


@pytest.mark.parametrize(
    "address",
    [
        "http://erp.example/orders",
        "erp.example/orders",
        "ftp://erp.example/",
        "https:///orders",
        "https://user:pw@erp.example/",
        "https://erp.example/#part",
        "https://erp.example/a b",
        "https://erp.example:99999/",
        "https://127.0.0.1/",
        "https://10.2.3.4/orders",
        "https://192.168.1.9/",
        "https://169.254.169.254/latest",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://localhost/",
        "https://2130706433/",
        "https://127.1/",
        "https://0x7f.1/",
        "https://{id}.erp.example/",
        "https://erp.example/{id}",
        "https://erp.example/{name}",
    ],
)
def test_it_refuses_an_address_the_hub_must_not_call(address):
    assert "orders_url" in problems(orders_url=address)


def test_it_takes_the_id_placeholder_only_where_one_object_is_read():
    address = "https://erp.example/orders/{id}?full=1"
    assert load(GenericErpSettings, {"order_url": address}).order_url == address
    assert "balance_url" in problems(balance_url=address)


@override_settings(HUB_ALLOWED_HOSTS_PLAIN={"127.0.0.1:8900"})
def test_it_takes_plain_http_only_for_the_named_host_and_port():
    assert load(GenericErpSettings, {"orders_url": "http://127.0.0.1:8900/erp/orders"}).orders_url
    assert "orders_url" in problems(orders_url="http://127.0.0.1:8901/erp/orders")
    assert "orders_url" in problems(orders_url="http://127.0.0.2:8900/erp/orders")


@pytest.mark.parametrize("key", ["X Erp", "X:Erp", "Schlüssel", "Cookie", "content-LENGTH", "X-A\r\nX-B"])
def test_it_refuses_a_key_that_cannot_be_a_header(key):
    assert "key" in problems(key=key, token="t")


def test_it_refuses_control_characters_and_foreign_letters_in_the_token():
    assert "token" in problems(key="X-Erp-Key", token="a\r\nX-Evil: 1")
    assert "token" in problems(key="X-Erp-Key", token="schlüssel")


def test_it_wants_a_user_name_without_colon_in_basic_mode():
    assert "key" in problems(auth_mode="basic", token="pw")
    assert "key" in problems(auth_mode="basic", key="a:b", token="pw")
    assert load(GenericErpSettings, {"auth_mode": "basic", "key": "web shop", "token": "pw"}).key == "web shop"


@pytest.mark.parametrize(
    "field_map",
    [{"orders.nonsense": "a"}, {"orders.order_number": "a["}, {"orders.order_number": 5}, ["orders"], "not json"],
)
def test_it_refuses_a_field_map_that_could_never_work(field_map):
    assert "field_map" in problems(field_map=field_map)


def test_it_takes_a_field_map_as_object_or_as_json_text():
    wanted = {
        "orders.order_number": "doc.no",
        "order.lines.sku": "item",
        "orders.page.total": "count",
        "orders": "rows",
    }
    assert load(GenericErpSettings, {"field_map": wanted}).field_map == wanted
    assert load(GenericErpSettings, {"field_map": '{"balance.current": "now"}'}).field_map == {"balance.current": "now"}


@pytest.mark.parametrize(
    "raw", [{"store_currency": "usd"}, {"store_time_zone": "Mars/Olympus"}, {"orders_read_timeout_s": 0}]
)
def test_it_refuses_values_out_of_range(raw):
    assert set(problems(**raw)) == set(raw)


def test_it_makes_no_call_for_a_customer_without_account_number():
    with pytest.raises(Skip) as skipped:
        account_number(FUNCTIONS[0], GenericErpSettings(guest_customer_code="GUEST"), "  ")
    assert (skipped.value.sentence, skipped.value.code) == ("Customer has no ERP account number", "not_sent")


def test_it_lets_guests_ask_for_taxes_and_shipping_only():
    settings = GenericErpSettings(guest_customer_code="GUEST")
    assert account_number(TAXES, settings, None) == account_number(SHIPPING_METHODS, settings, "") == "GUEST"
    assert account_number(TAXES, settings, "BRK-2210") == "BRK-2210"


def test_it_falls_back_as_the_policies_say():
    settings = GenericErpSettings(tax_failure_policy="block")
    assert (fallback(TAXES, settings), fallback(SHIPPING_METHODS, settings)) == ("block", "shop_methods")
