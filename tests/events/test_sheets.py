"""Tables that a provider shows: comma separated text as cells a page draws, and when a text is none."""

import csv
import io

import pytest

from events import bodies, sheets, shown
from events.models import Event
from tests.events.test_admin_page import as_reader, as_supporter, made, page  # noqa: F401  (fixtures)

TONES = {"Not matched": "bad", "unexplained": "bad", "not sent": "warn", "in balance": "good"}
HEAD = ["Line", "What", "Order", "Amount", "Remark"]


def text(*rows: list[object], facts: tuple[tuple[str, str], ...] = ()) -> str:
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    for fact in facts:
        write(fact)
    if facts:
        write(())
    for row in (HEAD, *rows):
        write(row)
    return out.getvalue()


def test_facts_headings_and_rows_are_told_apart_and_amounts_are_numbers():
    sheet = sheets.read(
        text([1, "Payment", "2041", "64.50", "of, or for"], [2, "Fee", "", "-1.05", "not sent"],
             facts=(("Payout", "771"), ("Trace", ""), ("Balance", "3.20 unexplained"))),
        TONES,
    )  # fmt: skip
    assert [(name, cell.text, cell.tone) for name, cell in sheet.facts] == [
        ("Payout", "771", ""), ("Balance", "3.20 unexplained", "bad"),
    ]  # fmt: skip
    assert [one.is_amount for one in sheet.columns] == [False, False, False, True, False]
    assert [cell.text for cell in sheet.rows[0]] == ["1", "Payment", "2041", "64.50", "of, or for"]
    assert sheet.rows[1][4].tone == "warn" and sheet.bad == 0 and not sheet.is_long


def test_whole_amounts_are_numbers_by_their_heading_and_a_text_among_them_makes_a_column_of_texts():
    yen = sheets.read(text([1, "Payment", "2041", "6400", ""]), {})
    assert [one.is_amount for one in yen.columns] == [False, False, False, True, False]
    mixed = sheets.read(text([1, "Payment", "2041", "64.50", ""], [2, "Fee", "", "none", ""]), {})
    assert not any(one.is_amount for one in mixed.columns)


def test_rows_that_need_attention_stand_first_in_their_own_order():
    rows = [[n, "Not matched" if n in (7, 9) else "Payment", str(n), "1.00", ""] for n in range(1, 11)]
    sheet = sheets.read(text(*rows), TONES)
    assert [row[0].text for row in sheet.rows] == ["7", "9", "1", "2", "3", "4", "5", "6", "8", "10"]
    assert (sheet.bad, sheet.count) == (2, 10)


def test_of_a_very_long_table_the_first_rows_are_drawn_and_it_says_so():
    sheet = sheets.read(text(*([n, "Payment", str(n), "1.00", ""] for n in range(1, 1202))), TONES)
    assert (len(sheet.rows), sheet.count, sheet.is_cut, sheet.is_long) == (1000, 1201, True, True)


@pytest.mark.parametrize(
    ("written", "drawn"),
    [("'=SUM(1)", "=SUM(1)"), ("'-2+3", "-2+3"), ("' =1", " =1"), ("'n abend", "'n abend"), ("it's", "it's")],
)
def test_the_mark_against_formulas_is_not_drawn(written, drawn):
    assert sheets.read(text([1, "x", "", "1", written]), {}).rows[0][4].text == drawn


@pytest.mark.parametrize("content", ["", "one", "a,b\n1,2,3\n", 'a,b\n1,"2\n', "\n\n", "a,b,c\nx\n"])
def test_what_is_no_table_stays_a_text(content):
    assert sheets.read(content, {}) is None


def test_a_body_larger_than_a_page_holds_is_drawn_without_its_last_half_row():
    content = text(*([n, "Payment", str(n), "1.00", "x" * 200] for n in range(1, 2000))).encode()
    body = shown.body("object", content, may_see=True, tones=TONES)
    assert body.is_shortened and body.sheet is not None
    assert {len(row) for row in body.sheet.rows} == {5} and 200 < len(body.sheet.rows) < 1000


# --- the page -------------------------------------------------------------------------------------------------------


def with_table(content: bytes, part: str = "object") -> Event:
    event = made(payload=b'{"id": "771"}')
    bodies.store(event.pk, part, content, event.received_at)
    return event


def test_the_page_draws_it_and_keeps_text_copy_and_download(as_supporter):
    event = with_table(text([1, "<b>Payment</b>", "2041", "64.50", "a & b"]).encode())
    drawn = page(as_supporter, event)
    assert '<th scope="col" class="num">Amount</th>' in drawn and '<td class="num">64.50</td>' in drawn
    assert "<td>&lt;b&gt;Payment&lt;/b&gt;</td>" in drawn and "1 row." in drawn
    assert 'data-copy-from="payload-text"' in drawn and f"/event/{event.pk}/body/object/" in drawn
    assert "<summary>As text</summary>" in drawn


def test_whoever_may_not_see_payloads_sees_no_cell_of_it(as_reader):
    event = with_table(text([1, "Payment", "2041", "64.50", "Jane"]).encode())
    drawn = page(as_reader, event)
    assert "Hidden: it may name a person" in drawn and "64.50" not in drawn and "Jane" not in drawn


def test_a_delivery_with_commas_is_not_taken_for_a_table(as_supporter):
    event = made(payload=b"a,b\n1,2\n")
    assert "<table" not in page(as_supporter, event).split("Object Payload")[1].split("</section>")[0]
