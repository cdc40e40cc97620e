import base64

import pytest

from connectors.exceptions import ConfigurationError
from connectors.generic_erp.auth import auth_headers, credential_texts
from connectors.generic_erp.forms import RESERVED_HEADERS
from connectors.generic_erp.settings import GenericErpSettings


@pytest.mark.parametrize(
    ("key", "token", "expected"),
    [
        ("Authorization", "tok-8842", {"Authorization": "Bearer tok-8842"}),
        ("aUTHORIZATION", "tok-8842", {"Authorization": "Bearer tok-8842"}),
        ("Authorization", "Bearer tok-8842", {"Authorization": "Bearer tok-8842"}),
        ("Authorization", "Basic dTpw", {"Authorization": "Basic dTpw"}),
        ("Authorization", "Token abc", {"Authorization": "Token abc"}),
        ("Authorization", "Digest abc", {"Authorization": "Digest abc"}),
        ("Authorization", "Bearerless", {"Authorization": "Bearer Bearerless"}),
        ("X-Erp-Key", "s3cr3t", {"X-Erp-Key": "s3cr3t"}),
        ("", "tok-8842", {"Authorization": "Bearer tok-8842"}),
        ("X-Erp-Key", "", {}),
        ("Authorization", "  ", {}),
        ("", "", {}),
    ],
)
def test_it_sends_the_header_of_the_table(key, token, expected):
    assert auth_headers(GenericErpSettings(key=key, token=token)) == expected


@pytest.mark.parametrize("key", ["X Erp", "X-Erp:", "Schlüssel", "X\nEvil", *sorted(RESERVED_HEADERS)])
def test_it_refuses_a_key_that_is_no_header_name(key):
    with pytest.raises(ConfigurationError):
        auth_headers(GenericErpSettings(key=key, token="t"))


def test_it_sends_user_name_and_password_in_basic_mode():
    settings = GenericErpSettings(key="hub", token="pä:ss", auth_mode="basic")
    assert auth_headers(settings) == {"Authorization": "Basic " + base64.b64encode("hub:pä:ss".encode()).decode()}


def test_it_names_every_text_that_must_be_masked_longest_first():
    texts = credential_texts(GenericErpSettings(key="webshop", token="secret"))
    assert set(texts) == {"webshop", "secret", base64.b64encode(b"webshop:secret").decode()}
    assert texts == sorted(texts, key=len, reverse=True)
    assert credential_texts(GenericErpSettings(key="hub")) == []
