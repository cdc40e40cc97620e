"""No secret is written down, in whatever form it comes along."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from connectors.redaction import Redactor, is_secret_header

secrets = st.text(st.characters(exclude_characters="*", exclude_categories=("Cs",)), min_size=6, max_size=40)


@hypothesis_settings(max_examples=150, deadline=None)
@given(secret=secrets, before=st.text(max_size=20), after=st.text(max_size=20))
def test_a_secret_is_gone_in_every_form_it_is_written_in(secret, before, after):
    redactor = Redactor([secret])
    for form in (
        secret, quote(secret), quote(secret, safe=""), quote_plus(secret), quote(secret, safe="").lower() and secret,
        json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], html.escape(secret),
    ):  # fmt: skip
        assert form not in redactor.text(f"{before}{form}{after}")
        content = f"{before}{form}{after}".encode("utf-8", "surrogatepass")
        assert form.encode() not in redactor.body(content)


@hypothesis_settings(max_examples=100, deadline=None)
@given(user=st.text(max_size=12), secret=st.text(st.characters(exclude_categories=("Cs",)), min_size=12, max_size=40))
def test_basic_authentication_in_base64_does_not_show_the_password(user, secret):
    encoded = base64.b64encode(f"{user}:{secret}".encode("utf-8", "surrogatepass")).decode()
    assert encoded not in Redactor([secret]).text(f"echo: Basic {encoded}")


def test_two_secrets_that_overlap_leave_neither():
    redactor = Redactor(["abcd1234", "abcd"])
    assert redactor.text("abcd1234 abcd") == "*** ***"


def test_short_words_are_left_alone():
    assert Redactor(["key", ""]).text("the key of the monkey") == "the key of the monkey"


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (b'{"data": {"tokens": [{"access_token": "n3w"}]}}', b'{"data": {"tokens": [{"access_token": "***"}]}}'),
        (b'{"access_token": "a\\"b", "x": 1}', b'{"access_token": "***", "x": 1}'),
        (b'{"refresh_token":"cut off in the mid', b'{"refresh_token":"***"'),
        (b"grant_type=x&client_secret=abc&y=1", b"grant_type=x&client_secret=***&y=1"),
        (b"[" * 50_000 + b'"access_token"', b"[" * 50_000 + b'"access_token"'),
        (b'{"token_type": "bearer"}', b'{"token_type": "bearer"}'),
    ],
)
def test_new_secrets_in_answers_are_masked_wherever_they_stand(content, shown):
    assert Redactor().body(content) == shown


def test_addresses_lose_user_password_and_tokens():
    redactor = Redactor(["hunter22"])
    shown = redactor.url("https://u:p@x.example/a?key=hunter22&access_token=abc&b=1")
    assert shown == "https://***@x.example/a?key=***&access_token=***&b=1"


@pytest.mark.parametrize(
    "name", ["Authorization", "X-Erp-Token", "X-API-Key", "Set-Cookie", "X-Foo-Signature", "apikey"]
)
def test_headers_that_call_themselves_secret_are(name):
    assert is_secret_header(name)
    assert Redactor().headers({name: "v"}) == {name: "***"}


def test_other_headers_are_shown():
    plain = {"X-Request-Id": "1", "Content-Type": "a", "traceparent": "x", "ETag": "y", "Author": "z"}
    assert Redactor().headers(plain) == plain
