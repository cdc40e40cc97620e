"""Taxes and shipping methods: what a shopper is charged must be right or absent."""

from decimal import Decimal

import pytest

from connectors.exceptions import PayloadError
from connectors.generic_erp.answers import read_answer
from connectors.generic_erp.functions import SHIPPING_METHODS, TAXES
from connectors.generic_erp.reading import Asked
from connectors.generic_erp.settings import GenericErpSettings

ASKED = Asked(customer_code="BRK-2210", basket_total=Decimal("230.50"))


def tax(amount, currency="USD"):
    answer = {"data": {"salestax_amount": amount}}
    return read_answer(TAXES, answer, ASKED, GenericErpSettings(store_currency=currency)).data["salestax_amount"]


def shipping(*methods, **settings):
    return read_answer(SHIPPING_METHODS, {"shipping_methods": list(methods)}, ASKED, GenericErpSettings(**settings))


def method(label="Van", fixed_rate=Decimal("12.5"), total="12.50", **more):
    return {"label": label, "fixed_rate": fixed_rate, "total": total, **more}


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Decimal("16.14"), "16.14"),
        ("16.14", "16.14"),
        (16, "16.00"),
        (0, "0.00"),
        ("0", "0.00"),
        (Decimal("16.135"), "16.14"),
        (Decimal("16.134"), "16.13"),
        (Decimal("230.50"), "230.50"),
    ],
)
def test_it_reads_the_tax_as_number_or_text_and_rounds_half_up(amount, text):
    assert tax(amount) == text


def test_it_rounds_to_the_currencys_digits():
    assert tax(Decimal("16.5"), currency="JPY") == "17"


@pytest.mark.parametrize("amount", [None, "", "n/a", False, [], {}, Decimal("-0.01"), "230.51", Decimal("9999")])
def test_it_never_takes_a_faulty_tax_for_zero(amount):
    with pytest.raises(PayloadError) as caught:
        tax(amount)
    assert caught.value.path == "data.salestax_amount"


@pytest.mark.parametrize("answer", [{}, {"data": {}}, {"data": None}, {"data": []}, [], {"data": {"tax": 0}}])
def test_it_never_takes_a_missing_tax_for_zero(answer):
    with pytest.raises(PayloadError):
        read_answer(TAXES, answer, ASKED, GenericErpSettings())


def test_it_reads_methods_in_the_order_received():
    reading = shipping(method(), method("Depot", 0, "0.00"))
    assert [(one["label"], one["total"]) for one in reading.data["shipping_methods"]] == [
        ("Van", "12.50"),
        ("Depot", "0.00"),
    ]
    assert reading.notes == []


def test_it_takes_an_empty_list_for_an_answer():
    assert shipping().data["shipping_methods"] == []
    assert shipping().notes == []


def test_it_lets_the_total_win_and_notes_the_difference():
    reading = shipping(method(total="13.00"))
    assert reading.data["shipping_methods"][0]["total"] == "13.00"
    assert [note.code for note in reading.notes] == ["inconsistent"]


@pytest.mark.parametrize("one", [{"label": "Van", "fixed_rate": "12.5"}, {"label": "Van", "total": Decimal("12.5")}])
def test_it_makes_do_with_one_of_the_two_amounts(one):
    assert shipping(one).data["shipping_methods"][0]["total"] == "12.50"


@pytest.mark.parametrize(
    "one",
    [{"label": "Van"}, {"total": "1.00"}, {"label": " ", "total": "1.00"}, "Van", method(fixed_rate="x", total="y")],
)
def test_it_needs_a_label_and_an_amount(one):
    with pytest.raises(PayloadError):
        shipping(method("Other"), one)


def test_it_drops_negative_charges_and_repeated_labels():
    reading = shipping(method(), method(total="99.00", fixed_rate=99), method("Gift", -1, "-1.00"))
    assert [(one["label"], one["total"]) for one in reading.data["shipping_methods"]] == [("Van", "12.50")]
    assert sorted(note.code for note in reading.notes) == ["inconsistent", "unreadable"]


def test_it_does_not_say_nothing_ships_when_every_method_was_unusable():
    with pytest.raises(PayloadError):
        shipping(method("Gift", -1, "-1.00"))


def test_it_passes_extra_members_of_a_method_on():
    shown = shipping(method(code="V1", carrier="Own van", delivery_date="2025-09-01")).data["shipping_methods"][0]
    assert (shown["code"], shown["carrier"], shown["delivery_date"]) == ("V1", "Own van", "2025-09-01")


@pytest.mark.parametrize("answer", [{}, {"shipping_methods": None}, {"shipping_methods": {}}, {"data": {}}])
def test_it_does_not_take_a_missing_list_for_an_empty_one(answer):
    with pytest.raises(PayloadError):
        read_answer(SHIPPING_METHODS, answer, ASKED, GenericErpSettings())
