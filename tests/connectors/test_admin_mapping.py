"""Mappings one by one and as a table: previewed, safe in a spreadsheet, all or nothing."""

from __future__ import annotations

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st

from connectors import tables
from connectors.models import Mapping, Route

ADD, IMPORT, EXPORT = (f"/admin/connectors/mapping/{name}/" for name in ("add", "import", "export"))


def table(text: str, name: str = "m.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode())


def upload(client, connector, text: str):
    return client.post(IMPORT, {"connector": connector.pk, "file": table(text)})


def test_a_mapping_is_added_with_a_kind_of_its_provider(ada, connector):
    values = {
        "connector": connector.pk,
        "kind": "location",
        "from_value": "Berlin",
        "to_value": "WH-1",
        "route": "",
        "note": "",
    }
    assert ada.post(ADD, values).status_code == 302
    assert str(Mapping.objects.get()) == "location: Berlin → WH-1"


def test_a_link_may_fill_the_form_in(ada, connector):
    page = ada.get(f"{ADD}?connector={connector.pk}&kind=payment&from_value=paypal").content.decode()
    assert 'value="paypal"' in page
    assert '<option value="payment" selected>' in page


@pytest.mark.parametrize(
    ("change", "field"),
    [({"kind": "colour"}, "kind"), ({"from_value": ""}, "from_value"), ({"to_value": ""}, "to_value")],
)
def test_a_doubtful_mapping_is_refused_at_its_field(ada, connector, change, field):
    values = {
        "connector": connector.pk,
        "kind": "location",
        "from_value": "a",
        "to_value": "b",
        "route": "",
        "note": "",
    }
    response = ada.post(ADD, values | change)
    assert field in response.context["adminform"].form.errors
    assert not Mapping.objects.exists()


def test_the_same_value_twice_is_refused(ada, connector):
    Mapping.objects.create(connector=connector, kind="location", from_value="a", to_value="b")
    values = {
        "connector": connector.pk,
        "kind": "location",
        "from_value": "a",
        "to_value": "c",
        "route": "",
        "note": "",
    }
    assert "already" in str(ada.post(ADD, values).context["adminform"].form.errors["from_value"])


def test_a_route_that_does_not_touch_the_connector_is_refused(ada, make):
    shop, one, other = make("shoppy"), make(), make(name="Other")
    route = Route.objects.create(source=shop, target=other, record_kind="order")
    values = {
        "connector": one.pk,
        "kind": "location",
        "from_value": "a",
        "to_value": "b",
        "route": route.pk,
        "note": "",
    }
    assert "route" in ada.post(ADD, values).context["adminform"].form.errors


def test_the_list_is_filtered_by_connector_and_kind(ada, make):
    one, other = make(), make(name="Other")
    Mapping.objects.create(connector=one, kind="location", from_value="first", to_value="b")
    Mapping.objects.create(connector=other, kind="payment", from_value="second", to_value="b")
    text = ada.get(f"/admin/connectors/mapping/?connector={one.pk}").content.decode()
    assert "first" in text
    assert ">second<" not in text
    assert ">first<" not in ada.get("/admin/connectors/mapping/?kind=payment").content.decode()


def test_a_table_is_previewed_before_it_is_applied(ada, connector):
    Mapping.objects.create(connector=connector, kind="location", from_value="a", to_value="old")
    Mapping.objects.create(connector=connector, kind="location", from_value="same", to_value="same")
    text = "kind,from,to,note\nlocation,a,new,\nlocation,b,WH-2,why\nlocation,same,same,\n"
    page = upload(ada, connector, text)
    for part in ("1 new", "1 changed", "1 as before", "<del>old</del>"):
        assert part in page.content.decode()
    assert Mapping.objects.count() == 2
    answer = ada.post(IMPORT, {"connector": connector.pk, "text": page.context["text"], "apply": "1"})
    assert answer.status_code == 302
    assert dict(Mapping.objects.values_list("from_value", "to_value")) == {"a": "new", "b": "WH-2", "same": "same"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("kind,from\nlocation,a\n", "lacks the column “to”"),
        ("kind,from,to,colour\n", "unknown column “colour”"),
        ("kind,from,to\ncolour,a,b\n", "Line 2: no kind “colour”; known are location, payment."),
        ("kind,from,to\nlocation,,b\n", "Line 2: “from” is empty."),
        ("kind,from,to\nlocation,a,b\nlocation,a,c\n", "Line 3: the same value as in line 2."),
        (f"kind,from,to\nlocation,a,{'x' * 201}\n", "longer than 200"),
        ("kind,from,to,route\nlocation,a,b,nowhere\n", "no route “nowhere”"),
        ('kind,from,to\nlocation,"a,b\n', "not readable as CSV"),
        ("connector,kind,from,to\nother,location,a,b\n", "belongs to the connector “other”"),
    ],
)
def test_a_faulty_line_is_named_and_nothing_is_applied(ada, connector, text, sentence):
    good = text.rstrip("\n") + "\n"
    response = upload(ada, connector, good)
    assert sentence in " ".join(response.context["preview"].faults)
    ada.post(IMPORT, {"connector": connector.pk, "text": good, "apply": "1"})
    assert not Mapping.objects.exists()


def test_a_table_that_is_no_text_or_too_large_is_refused(ada, connector):
    binary = SimpleUploadedFile("m.csv", b"\xff\xfe\x00k")
    form = ada.post(IMPORT, {"connector": connector.pk, "file": binary}).context["form"]
    assert "UTF-8" in str(form.errors["file"])
    big = SimpleUploadedFile("m.csv", b"x" * (tables.MAX_BYTES + 1))
    form = ada.post(IMPORT, {"connector": connector.pk, "file": big}).context["form"]
    assert "KiB" in str(form.errors["file"])


def test_ten_thousand_rows_are_taken_over_in_few_statements(connector, django_assert_max_num_queries):
    text = "kind;from;to\n" + "".join(f"location;L{n};W{n}\n" for n in range(10_000))
    with django_assert_max_num_queries(20):
        preview = tables.apply(connector, text)
    assert (len(preview.new), Mapping.objects.count()) == (10_000, 10_000)
    assert tables.read(connector, text + "location;one;more\n").faults == [
        "The table has more than 10,000 rows; split it."
    ]


def test_a_table_written_out_is_read_back_without_a_change(ada, make):
    shop, connector = make("shoppy"), make()
    route = Route.objects.create(source=shop, target=connector, record_kind="order")
    for value in ("=1+1", "+49", "-5", "@home", "'=quoted", "a,b", 'say "hi"', "plain", "'quoted"):
        Mapping.objects.create(connector=connector, kind="location", from_value=value, to_value=value, note="n")
    Mapping.objects.create(connector=connector, kind="location", from_value="plain", to_value="special", route=route)
    text = b"".join(ada.get(f"{EXPORT}?connector={connector.pk}").streaming_content).decode()
    assert "'=1+1" in text
    preview = tables.read(connector, text)
    assert (preview.new, preview.changed, preview.unchanged, preview.faults) == ([], [], 10, [])


@given(st.text(st.characters(blacklist_characters="\x00\r\n", blacklist_categories=["Cs"]), min_size=1, max_size=50))
def test_no_cell_is_a_formula_and_every_cell_comes_back(text):
    cell = tables.escape(text)
    assert cell[0] not in "=+-@\t"
    assert tables.unescape(cell) == text
    assert next(csv.reader(io.StringIO(next(iter([f'"{cell.replace(chr(34), chr(34) * 2)}"']))))) == [cell]


def test_support_imports_mappings_and_a_reader_only_looks(browse, supporter, reader, connector):
    assert upload(browse(supporter), connector, "kind,from,to\nlocation,a,b\n").status_code == 200
    client = browse(reader)
    assert client.get("/admin/connectors/mapping/").status_code == 200
    assert client.get(EXPORT).status_code == 200
    assert client.get(IMPORT).status_code == 403
    assert client.get(ADD).status_code == 403
    assert "Import a table" not in client.get("/admin/connectors/mapping/").content.decode()


def test_a_stranger_exports_nothing(browse, stranger, connector):
    assert browse(stranger).get(EXPORT).status_code == 403
