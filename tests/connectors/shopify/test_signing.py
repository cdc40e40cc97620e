"""Signed queries: both spellings of Shopify's libraries, and everything that is no proof."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from connectors.shopify.signing import encoded, is_shop_domain, is_signed_query, plain, query_digest

SECRET = "hush"  # nosec: of a test
NOW = 1_700_000_000.0
PAIRS = [("shop", "example-outlet.myshopify.com"), ("timestamp", "1700000000"), ("code", "0907a61c"), ("state", "x y")]
IDS = [("shop", "a.myshopify.com"), ("ids[]", "2"), ("ids[]", "1"), ("timestamp", "1700000000")]


def digest(text: str, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def is_ok(pairs, *, secrets=(SECRET,), now=NOW, max_age_s=90) -> bool:
    return is_signed_query(pairs, secrets, now, max_age_s)


@pytest.mark.parametrize(
    ("pairs", "python", "javascript"),
    [
        (
            PAIRS,
            "code=0907a61c&shop=example-outlet.myshopify.com&state=x y&timestamp=1700000000",
            "code=0907a61c&shop=example-outlet.myshopify.com&state=x%20y&timestamp=1700000000",
        ),
        (
            IDS,
            'ids=["2", "1"]&shop=a.myshopify.com&timestamp=1700000000',
            "ids%5B%5D=2&ids%5B%5D=1&shop=a.myshopify.com&timestamp=1700000000",
        ),
        ([("a=b", "1%&2"), ("b", "(ü)!")], "a%3Db=1%25%262&b=(ü)!", "a%3Db=1%25%262&b=(%C3%BC)!"),
    ],
)
def test_each_spelling_is_what_its_library_signs_and_either_counts(pairs, python, javascript):
    assert (plain(pairs), encoded(pairs)) == (python, javascript)
    if dict(pairs).get("timestamp"):
        for text in (python, javascript):
            assert is_ok([*pairs, ("hmac", digest(text))])
            assert is_ok([*pairs, ("hmac", digest(text).upper()), ("signature", "of another age")])


def test_the_previous_secret_counts_while_it_is_given():
    signed = [*PAIRS, ("hmac", query_digest(PAIRS, "old", plain))]
    assert is_ok(signed, secrets=(SECRET, "old")) and not is_ok(signed)


def test_an_empty_secret_never_counts():
    assert not is_ok([*PAIRS, ("hmac", digest(plain(PAIRS), ""))], secrets=("", ""))
    assert not is_ok([*PAIRS, ("hmac", digest(plain(PAIRS)))], secrets=())


RIGHT = query_digest(PAIRS, SECRET, plain)


@pytest.mark.parametrize(
    "pairs",
    [
        PAIRS,
        [*PAIRS, ("hmac", "")],
        [*PAIRS, ("hmac", "ü" * 64)],
        [*PAIRS, ("hmac", RIGHT), ("hmac", RIGHT)],
        [*PAIRS, ("hmac", RIGHT), ("extra", "1")],
        [*PAIRS[:-1], ("state", "other"), ("hmac", RIGHT)],
        [*PAIRS, ("timestamp", "1700000000"), ("hmac", RIGHT)],
        [pair for pair in PAIRS if pair[0] != "timestamp"],
    ],
)
def test_what_was_changed_doubled_or_left_out_is_no_proof(pairs):
    assert not is_ok(pairs)


@pytest.mark.parametrize("stamp", ["", "-1700000000", "1700000000.0", "١٧٠٠٠٠٠٠٠٠", "9" * 400])
def test_a_timestamp_that_is_no_number_is_no_proof(stamp):
    pairs = [("shop", "a.myshopify.com"), ("timestamp", stamp)]
    assert not is_ok([*pairs, ("hmac", query_digest(pairs, SECRET, plain))])


@pytest.mark.parametrize(("off_s", "max_age_s", "expected"), [(90, 90, True), (91, 90, False), (-91, 90, False),
                                                              (600, 90, False), (600, 86_400, True)])  # fmt: skip
def test_the_age_is_limited_on_both_sides(off_s, max_age_s, expected):
    assert is_ok([*PAIRS, ("hmac", RIGHT)], now=NOW + off_s, max_age_s=max_age_s) is expected


@pytest.mark.parametrize(("text", "expected"), [
    ("example-outlet.myshopify.com", True), ("A_1.myshopify.com", True), ("-a.myshopify.com", False),
    ("a.myshopify.com.evil.example", False), ("evil.example/a.myshopify.com", False), ("a.myshopify.com\n", False),
    ("ä.myshopify.com", False), ("", False),
])  # fmt: skip
def test_only_a_permanent_name_is_a_shop(text, expected):
    assert is_shop_domain(text) is expected
