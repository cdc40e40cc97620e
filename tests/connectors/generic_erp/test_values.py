from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.generic_erp.values import (
    Unreadable,
    calendar_day,
    clean_text,
    decimal_value,
    described,
    moment_text,
    moment_value,
    money_text,
    printable,
    quantity_text,
    rounded,
)

AMOUNTS = st.decimals(min_value=Decimal("-99999999.9999"), max_value=Decimal("99999999.9999"), places=4)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(AMOUNTS)
def test_it_reads_money_as_text_or_number_without_losing_a_digit(amount):
    assert decimal_value(str(amount)) == decimal_value(amount) == amount
    assert Decimal(money_text(decimal_value(str(amount)), "USD")) == amount


@given(ANYTHING)
def test_it_reads_a_decimal_or_says_what_it_found(raw):
    try:
        number = decimal_value(raw)
    except Unreadable as error:
        assert str(error)  # noqa: PT017
    else:
        assert isinstance(number, Decimal)
        assert number.is_finite()
        assert len(money_text(number, "USD")) < 50


@given(ANYTHING)
def test_it_reads_a_date_or_says_what_it_found(raw):
    try:
        moment = moment_value(raw)
    except Unreadable as error:
        assert str(error)  # noqa: PT017
    else:
        assert moment_value(moment_text(moment)) == (
            moment.replace(microsecond=0) if isinstance(moment, datetime) else moment
        )


@given(st.datetimes(min_value=datetime(1970, 1, 3), max_value=datetime(2200, 1, 1)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001
def test_it_reads_any_offset_and_unix_seconds_as_the_same_moment(naive, offset_minutes):
    moment = naive.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=offset_minutes)))
    assert moment_value(moment.isoformat()) == moment
    assert moment_value(int(moment.timestamp())) == moment
    assert moment_value(naive.isoformat()) == naive.replace(tzinfo=UTC)


@given(st.text())
def test_it_keeps_any_text_storable(text):
    assert "\x00" not in clean_text(text)
    clean_text(text).encode()
    assert "\n" not in printable(text)


@pytest.mark.parametrize("raw", ["1,234.50", "$5", "5 USD", "", "1e5", "٥", True, None, [], {}, Decimal("NaN"), 10**20])
def test_it_refuses_money_that_could_mean_two_things(raw):
    with pytest.raises(Unreadable):
        decimal_value(raw)


@pytest.mark.parametrize(
    "raw", ["31/02", "2025-02-30", "yesterday", "", 0, -5, 1755613325000, True, None, "9999-12-31T23:59:59-14:00"]
)
def test_it_refuses_a_date_that_is_none(raw):
    with pytest.raises(Unreadable):
        moment_value(raw)


@pytest.mark.parametrize("raw", [Decimal("1E+999999999"), Decimal("1E-999999999"), Decimal("Infinity"), "9" * 5000])
def test_it_is_not_kept_busy_by_giant_numbers(raw):
    for reader in (decimal_value, moment_value):
        with pytest.raises(Unreadable):
            reader(raw)


def test_it_loses_no_digit_and_knows_no_negative_zero():
    assert money_text(decimal_value("123456789012345.1234567890123456789012345"), "USD").endswith("0123456789012345")
    assert money_text(decimal_value("-0.00"), "USD") == "0.00"


def test_it_keeps_a_date_alone_a_date():
    assert moment_text(moment_value("2025-09-19")) == "2025-09-19"
    assert moment_text(moment_value("2025-09-19T00:30:00+02:00")) == "2025-09-18T22:30:00Z"


def test_it_does_not_move_a_due_date_into_the_day_before():
    zone = ZoneInfo("America/New_York")
    assert calendar_day(moment_value("2025-09-19T00:00:00Z"), zone) == date(2025, 9, 19)
    assert calendar_day(moment_value("2025-09-19T02:00:00Z"), zone) == date(2025, 9, 18)
    assert calendar_day(date(2025, 9, 19), zone) == date(2025, 9, 19)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("12.5", "USD", "12.50"),
        ("0", "USD", "0.00"),
        ("0.8750", "USD", "0.875"),
        ("5.00", "JPY", "5"),
        ("1", "KWD", "1.000"),
    ],
)
def test_it_writes_money_with_the_currencys_digits(amount, currency, text):
    assert money_text(Decimal(amount), currency) == text


def test_it_rounds_half_up():
    assert rounded(Decimal("16.135"), "USD") == Decimal("16.14")
    assert rounded(Decimal("0.5"), "JPY") == Decimal(1)


def test_it_writes_quantities_without_idle_zeros():
    assert [quantity_text(Decimal(text)) for text in ("5.00", "2.50", "100", "0")] == ["5", "2.5", "100", "0"]


def test_it_describes_values_briefly():
    assert described("31/02") == 'text "31/02"'
    assert len(described("x" * 1000)) < 60
