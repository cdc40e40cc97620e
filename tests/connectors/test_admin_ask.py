"""Asking a connector by hand: who may, what is checked, what is shown, and the way there from an object."""

from __future__ import annotations

import json
import re

import pytest
from django.urls import reverse

from connectors.admin import ask
from connectors.base import Answer
from connectors.exceptions import RemoteRefused
from connectors.models import Route
from connectors.run import Run
from connectors.xoro.options import OrderOptions
from connectors.xoro.salesorders import sales_order
from events.models import Event, Kind, Outcome
from events.record import New, record
from tests.connectors.xoro.cast import make_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def erp(install):
    return install("xoro", name="Xoro")


@pytest.fixture
def invoices(sandbox, erp):
    """Two shipped orders of one customer: one paid, one open. Their invoice numbers."""
    run = Run(erp, None)
    made = []
    paid = {
        "DepositAmount": 67.8, "DepositAccountName": "Undeposited Funds", "LiabilityAccountName": "Customer Deposits",
    }  # fmt: skip
    for order, deposit in ((make_order(), paid), (make_order(id="2", number="2042", name="#2042", payments=()), None)):
        body = sales_order(order, run.settings, OrderOptions(), origin="lumen", deposit=deposit)
        document = run.client.write("create_sales_order", body)
        shipped = sandbox.post("/xoro/_sandbox/ship", {"order_number": document["SoEstimateHeader"]["OrderNumber"]})
        made.append(shipped["invoiceHeader"]["InvoiceNumber"])
    return made


def address(connector, topic: str = "invoices/lookup") -> str:
    return reverse("admin:connectors_connector_ask", args=[connector.pk, topic])


def test_one_question_is_asked_at_once_several_are_offered(client, supporter, erp, install):
    client.force_login(supporter)
    base = reverse("admin:connectors_connector_ask", args=[erp.pk])
    assert client.get(base)["Location"] == address(erp)
    other = install("generic_erp", name="Erp")
    shown = client.get(reverse("admin:connectors_connector_ask", args=[other.pk])).text
    assert shown.count('class="row__main"') > 3


def test_answers_name_persons_so_only_who_may_see_them_may_ask(client, reader, stranger, erp):
    for person in (reader, stranger):
        client.force_login(person)
        assert client.get(address(erp)).status_code == 403
        assert client.post(address(erp), {"third_party_customer_id": "1"}).status_code == 403
    assert not Event.objects.exists()


def test_what_the_api_would_refuse_is_not_asked(client, supporter, erp):
    client.force_login(supporter)
    shown = client.post(address(erp), {"third_party_customer_id": "no spaces allowed"}).text
    assert "Only letters, digits, dots, hyphens and underscores." in shown
    assert "Give third_party_customer_id" in client.post(address(erp), {}).text
    assert not Event.objects.exists()


def test_invoices_are_a_table_page_by_page_and_the_event_is_the_apis(client, supporter, erp, invoices):
    client.force_login(supporter)
    shown = client.post(address(erp), {"third_party_customer_id": "7710042001"}).text
    assert invoices[1] in shown and invoices[0] not in shown
    assert "LMP-OAK-S" in shown
    event = Event.objects.get(topic="invoices/lookup")
    assert (event.kind, event.triggered_by, event.outcome) == (Kind.LOOKUP, "sam", Outcome.SUCCEEDED)
    asked, seen = {"third_party_customer_id": "7710042001"}, []
    for number in range(1, 10):
        answer = client.post(address(erp), asked, headers={"HX-Request": "true"}).text
        seen += [one for one in invoices if one in answer]
        fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', answer))
        if not fields:
            break
        assert fields["asked"] == str(number)
        asked = {name: value for name, value in fields.items() if name != "csrfmiddlewaretoken"}
    assert seen == [invoices[1], invoices[0]]


def test_an_empty_page_reads_on_by_itself_and_one_with_rows_waits_for_a_press(client, supporter, erp, invoices):
    client.force_login(supporter)

    def asked(**more):
        given = {"third_party_customer_id": "7710042001", **more}
        return client.post(address(erp), given, headers={"HX-Request": "true"}).text

    assert "Nothing yet, looking on" in asked(status="Open", page="9")
    later = asked(status="Open", page="9", asked="4")  # a tenant may have nothing but rows of others, page after page
    assert "Nothing yet, looking on" not in later and "Read to the end" in later
    found = asked(status="Open")
    assert invoices[1] in found and "Read to the end" in found and "load, submit" not in found


def test_staff_read_the_reason_beside_what_a_storefront_is_told(client, supporter, make_connector, testing_provider):
    def refuse(run, params):
        raise RemoteRefused("The ledger is closed.", next_step="Open it.")

    testing_provider.STATE.lookup = refuse
    made = make_connector("Erp")
    client.force_login(supporter)
    shown = client.post(address(made, "things"), {}).text
    assert "Not now." in shown
    assert "The ledger is closed." in shown
    assert "Open it." in shown


def test_rows_that_belong_to_others_are_said_to_have_been_dropped(client, supporter, make_connector, testing_provider):
    def answer(run, params):
        run.note("foreign_rows", "2 of 3 invoices do not carry the ids asked for; they were dropped.")
        return Answer(available=True, data={"things": [{"id": "1", "lines": [{"sku": "A"}]}], "page": 1})

    testing_provider.STATE.lookup = answer
    made = make_connector("Erp")
    client.force_login(supporter)
    shown = client.post(address(made, "things"), {}).text
    assert "2 of 3 invoices do not carry the ids asked for" in shown
    assert "Lines: 1" in shown


def test_a_question_that_is_switched_off_says_so_and_is_not_asked(client, supporter, erp):
    erp.settings = {**erp.settings, "sync_third_party_customer_company": False}
    erp.save()
    client.force_login(supporter)
    assert "is switched off in the settings of Xoro" in client.get(address(erp)).text
    client.post(address(erp), {"third_party_customer_id": "1"})
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("kind", "number", "wanted"),
    [
        ("customer", "7710042001", ["?third_party_customer_id=7710042001"]),
        ("company", "330045", ["?third_party_company_id=330045"]),
        ("order", "6120045512001", ["?third_party_customer_id=7710042001", "?third_party_company_id=330045"]),
    ],
)
def test_customers_companies_and_orders_lead_to_their_invoices(client, supporter, install, erp, kind, number, wanted):
    shop = install("shopify", name="Shop")
    Route.objects.create(source=shop, target=erp, record_kind="order", options={})
    keys = make_order().search_keys() if kind == "order" else []
    record(New(
        kind=Kind.WEBHOOK, topic=f"{kind}s/create", connector_id=shop.pk, connector_name="Shop", provider="shopify",
        outcome=Outcome.SUCCEEDED, object_type=kind, object_id=number, object_label=number, keys=keys,
    ))  # fmt: skip
    client.force_login(supporter)
    shown = client.get(reverse("admin:object", args=[shop.pk, kind, number])).text
    for end in wanted:
        assert f'href="{address(erp)}{end}"' in shown
    assert shown.count(f'href="{address(erp)}?') == len(wanted)


def test_data_of_any_shape_becomes_text_a_person_can_read():
    data = {
        "balance": {"open": "12.50", "currency": "EUR"}, "is_certain": True, "next": None,
        "rows": [{"id": "1", "tags": ["a", "b"], "note": None}, {"id": "2", "more": 3}],
    }  # fmt: skip
    shown = ask.shown(json.loads(json.dumps(data)))
    assert shown.facts == [("Balance", "open: 12.50, currency: EUR"), ("Is certain", "yes")]
    assert list(shown.columns) == ["Id", "Tags", "More"]
    assert [list(row.cells) for row in shown.rows] == [["1", "a, b", ""], ["2", "", "3"]]
    assert ask.shown([]).rows == ask.shown(None).rows == []
