"""Companies in and out of a shop: with locations, tax settings, contacts and what they pay."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.models import Link, Mapping
from connectors.records import Address, CompanyAccount, CompanyContact, CompanyLocation
from connectors.shopify.sandbox.companies import companies_of
from connectors.shopify.sandbox.shops import place_order
from events.models import Event, Outcome, Reason
from tests.connectors.shopify.catalogue_cast import notes, place, text

__all__ = ["place"]
pytestmark = pytest.mark.django_db
KAI = Address(company="Nordhafen GmbH", address1="Kaistrasse 4", city="Kiel", postal_code="24114", country_code="DE")


def nordhafen(**more) -> CompanyAccount:
    kiel = CompanyLocation(external_id="L-1", name="Kiel", shipping_address=KAI, tax_id="DE1", is_tax_exempt=False,
                           payment_terms="Net 30", currency="EUR")  # fmt: skip
    given = {"id": "10044", "number": "C-10044", "name": "Nordhafen GmbH", "external_id": "C-10044",
             "locations": (kiel,), "contacts": (CompanyContact(email="ole@example.org", first_name="Ole"),)}  # fmt: skip
    return CompanyAccount(**{**given, **more})


def company(shop, external="C-10044"):
    return [one for one in companies_of(shop.inside).values() if one["externalId"] == external]


def rows(shop, kind, owner):
    return [one for one in shop.inside.table(kind).values() if one["companyId"] == owner["id"]]


def seeded(shop, **more):
    wish = {"customer": {"id": 7_100, "first_name": "Ina", "email": "ina@example.org"},
            "company": {"id": 330_001, "name": "Hafenkontor", "external_id": "HK-1", "location_id": 440_001, **more}}  # fmt: skip
    place_order(shop.inside, wish, shop.vendor.app.now() - 600)
    return companies_of(shop.inside)["gid://shopify/Company/330001"]


def test_a_company_is_read_with_locations_and_contacts(place):
    shop = place()
    shop.route_out("company")
    seeded(shop)
    event = shop.tell("companies/update", {"admin_graphql_api_id": "gid://shopify/Company/330001"})
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    assert (event.object_type, event.object_id, event.object_label) == ("company", "330001", "Hafenkontor")
    assert Event.objects.filter(topic="company/deliver").count() == 1 and not notes(event)


def test_a_company_without_contact_is_handed_on_with_a_remark(place):
    shop = place()
    shop.route_out("company")
    seeded(shop, contact=False)
    event = shop.tell("companies/create", {"admin_graphql_api_id": "gid://shopify/Company/330001"})
    assert event.outcome == Outcome.SUCCEEDED and "nobody can buy for it" in notes(event)["no_contact"]


def test_a_change_of_a_location_hands_on_its_company(place):
    shop = place()
    shop.route_out("company")
    seeded(shop)
    payload = {"admin_graphql_api_id": "gid://shopify/CompanyLocation/440001",
               "company": {"admin_graphql_api_id": "gid://shopify/Company/330001"}}  # fmt: skip
    assert shop.tell("company_locations/update", payload).object_label == "Hafenkontor"
    assert shop.tell("company_locations/update", {"company": None}).reason == Reason.PAYLOAD


@pytest.mark.parametrize("number", ["HK-1", "Hafenkontor", "330001"])
def test_a_person_names_a_company(place, number):
    shop = place()
    shop.route_out("company")
    seeded(shop)
    event = shop.ask("company", number)
    assert event.outcome == Outcome.SUCCEEDED, text(event)


def test_changed_companies_come_once_each(place):
    shop = place()
    seeded(shop)
    assert shop.walk("companies").sentence.startswith("1 company was")
    assert shop.walk("companies").sentence.startswith("0 companies")


# --- into the shop --------------------------------------------------------------------------------------------------


def test_a_company_is_made_with_its_location_contact_role_and_tax(place):
    shop = place()
    shop.route_in("company")
    event = shop.bring(nordhafen())
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    [made] = company(shop)
    [location] = rows(shop, "CompanyLocation", made)
    assert (location["externalId"], location["shippingAddress"]["city"]) == ("L-1", "Kiel")
    assert location["billingAddress"]["city"] == "Kiel" and location["taxSettings"]["taxRegistrationId"] == "DE1"
    assert location["buyerExperienceConfiguration"]["paymentTermsTemplate"]["name"] == "Net 30"
    [contact] = rows(shop, "CompanyContact", made)
    assert made["mainContactId"] == contact["id"] and len(location["roles"]) == 1
    assert Link.objects.get(target=shop.connector).target_number == "C-10044"


def test_only_what_differs_is_sent(place):
    shop = place()
    shop.route_in("company")
    shop.bring(nordhafen())
    second = CompanyLocation(external_id="L-2", name="Hamburg", shipping_address=replace(KAI, city="Hamburg"))
    [first] = nordhafen().locations
    moved = replace(
        first,
        shipping_address=replace(KAI, address1="Kaistrasse 5"),
        tax_exemptions=("EU_REVERSE_CHARGE_EXEMPTION_RULE",),
    )
    event = shop.bring(nordhafen(name="Nordhafen AG", locations=(moved, second)))
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    [made] = company(shop)
    kiel, hamburg = rows(shop, "CompanyLocation", made)
    assert made["name"] == "Nordhafen AG" and hamburg["externalId"] == "L-2"
    assert kiel["shippingAddress"]["address1"] == kiel["billingAddress"]["address1"] == "Kaistrasse 5"
    assert kiel["taxSettings"]["taxExemptions"] == ["EU_REVERSE_CHARGE_EXEMPTION_RULE"]
    assert [len(shop.calls(name)) for name in ("HubCompanyUpdate", "HubCompanyLocation", "HubCompanyAddress", "HubCompanyTax",
                                               "HubCompanyLocationUpdate")] == [1, 1, 1, 1, 0]  # fmt: skip
    assert len(hamburg["roles"]) == 1


def test_a_source_that_says_nothing_of_tax_takes_no_exemption_away(place):
    shop = place()
    shop.route_in("company")
    [first] = nordhafen().locations
    shop.bring(nordhafen(locations=(replace(first, tax_exemptions=("EU_REVERSE_CHARGE_EXEMPTION_RULE",)),)))
    shop.bring(nordhafen(name="B", locations=(replace(first, tax_id="", is_tax_exempt=None),)))
    [made] = company(shop)
    [location] = rows(shop, "CompanyLocation", made)
    assert location["taxSettings"]["taxExemptions"] and location["taxSettings"]["taxRegistrationId"] == "DE1"


WRITES = ["HubCompanyCreate", "HubCustomerSet", "HubCompanyContact", "HubCompanyRole"]


@pytest.mark.parametrize("operation", WRITES)
def test_a_lost_answer_makes_nothing_twice(place, operation):
    shop = place()
    shop.route_in("company")
    shop.vendor.control("clock", index_lag_s=0)
    shop.lose(operation)
    event = shop.bring(nordhafen())
    assert event.outcome == Outcome.WAITING, text(event)
    event = shop.bring(nordhafen(), again=event)
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    assert [len(shop.calls(name)) for name in WRITES] == [1, 1, 1, 1]


def test_a_lost_answer_the_search_knows_nothing_of_is_left_to_a_person(place):
    shop = place()
    shop.route_in("company")
    shop.vendor.control("clock", index_lag_s=600)
    shop.lose("HubCompanyCreate")
    event = shop.bring(nordhafen())
    event = shop.bring(nordhafen(), again=event)
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.UNCONFIRMED_WRITE)
    assert len(shop.calls("HubCompanyCreate")) == 1 and "C-10044" in event.sentence


def test_a_company_somebody_made_just_now_is_waited_for(place):
    shop = place()
    shop.route_in("company")
    shop.bring(nordhafen())
    Link.objects.all().delete()
    from connectors import directory
    from connectors.shopify.company_delivery import COMPANY

    directory.forget(shop.connector.pk, COMPANY, [company(shop)[0]["id"]])
    shop.vendor.control("clock", index_lag_s=600)
    event = shop.bring(nordhafen(note="x"))
    assert (event.outcome, event.reason) == (Outcome.WAITING, Reason.DEPENDENCY), text(event)
    shop.vendor.control("clock", index_lag_s=0)
    assert shop.bring(nordhafen(note="x"), again=event).outcome == Outcome.SUCCEEDED
    assert len(company(shop)) == 1


def test_a_number_of_another_companys_location_is_said(place):
    shop = place()
    shop.route_in("company")
    shop.bring(nordhafen())
    event = shop.bring(nordhafen(id="2", number="C-2", external_id="C-2", name="Other"))
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "TAKEN")
    assert "L-1" in event.sentence and "another company" in event.sentence


def test_a_shop_without_b2b_says_so(place):
    shop = place()
    shop.route_in("company")
    shop.inside.plan = "Starter"
    event = shop.bring(nordhafen())
    assert (event.outcome, event.reason_code) == (
        Outcome.FAILED,
        "no_b2b",
    ) and "does not sell to companies" in event.sentence


def test_a_missing_scope_is_not_taken_for_a_missing_plan(place):
    shop = place()
    shop.route_in("company")
    kept = [one for one in shop.inside.scopes if "customers" not in one]
    shop.vendor.control("scopes", scopes=kept)
    event = shop.bring(nordhafen())
    assert event.reason_code == "access_denied" and "read_customers" in event.sentence


def test_payment_terms_shopify_does_not_know_ask_for_a_mapping(place):
    shop = place()
    shop.route_in("company")
    [first] = nordhafen().locations
    odd = nordhafen(locations=(replace(first, payment_terms="30 days"),))
    event = shop.bring(odd)
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.MAPPING_MISSING) and "Net 30" in event.sentence
    Mapping.objects.create(connector=shop.connector, kind="payment_terms", from_value="30 days", to_value="Net 30")
    assert shop.bring(odd).outcome == Outcome.SUCCEEDED


def test_a_company_without_contact_is_made_with_a_remark(place):
    shop = place()
    shop.route_in("company")
    event = shop.bring(nordhafen(contacts=()))
    assert event.outcome == Outcome.SUCCEEDED and "nobody can buy" in notes(event)["no_contact"]


def test_a_contact_without_email_is_left_out_and_named(place):
    shop = place()
    shop.route_in("company")
    event = shop.bring(nordhafen(contacts=(CompanyContact(first_name="Ole", last_name="P"),)))
    assert event.outcome == Outcome.SUCCEEDED and "Ole P" in notes(event)["contact"]


def test_a_role_that_is_none_is_named(place):
    shop = place()
    shop.route_in("company")
    event = shop.bring(nordhafen(contacts=(CompanyContact(email="ole@example.org", role="Boss"),)))
    assert event.outcome == Outcome.SUCCEEDED and "Location admin, Ordering only" in notes(event)["role"]


# --- catalogues -----------------------------------------------------------------------------------------------------


def in_group(group="A"):
    [first] = nordhafen().locations
    return nordhafen(locations=(replace(first, price_group=group),))


def test_on_plus_a_location_gets_the_catalogue_of_its_price_group_once(place):
    shop = place()
    shop.vendor.control("plan", plan="Plus")
    shop.route_in("company")
    event = shop.bring(in_group())
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    [catalog] = shop.inside.table("Catalog").values()
    [made] = company(shop)
    assert catalog["locations"] == [one["id"] for one in rows(shop, "CompanyLocation", made)]
    assert [one["name"] for one in shop.inside.table("PriceList").values()] == ["ERP A EUR"]
    Link.objects.all().delete()
    shop.bring(in_group())
    assert len(shop.calls("HubCatalogCreate")) == 1 and not shop.calls("HubCatalogContext")


@pytest.mark.parametrize("operation", ["HubPriceListCreate", "HubCatalogCreate", "HubCatalogContext"])
def test_a_lost_answer_makes_no_second_list_or_catalogue(place, operation):
    shop = place()
    shop.vendor.control("plan", plan="Plus")
    shop.route_in("company")
    shop.lose(operation)
    event = shop.bring(in_group())
    if event.outcome == Outcome.WAITING:
        event = shop.bring(in_group(), again=event)
    assert event.outcome == Outcome.SUCCEEDED and "catalog" not in notes(event), text(event)
    [catalog] = shop.inside.table("Catalog").values()
    [made] = company(shop)
    assert catalog["locations"] == [one["id"] for one in rows(shop, "CompanyLocation", made)]
    assert len(shop.inside.table("PriceList")) == 1


def test_a_plan_without_direct_catalogues_is_a_remark_with_shopifys_words(place):
    shop = place()
    shop.route_in("company")
    event = shop.bring(in_group())
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    assert (
        "plan does not allow it" in notes(event)["catalog"] and "company locations directly" in notes(event)["catalog"]
    )


def test_a_list_of_that_name_in_another_currency_is_a_remark(place):
    shop = place()
    shop.vendor.control("plan", plan="Plus")
    shop.inside.table("PriceList")["gid://shopify/PriceList/9"] = {
        "id": "gid://shopify/PriceList/9", "name": "ERP A EUR", "currency": "USD", "catalogId": None, "breaks": {},
        "fixed": {}, "parent": {"adjustment": {"type": "PERCENTAGE_DECREASE", "value": 0}},
    }  # fmt: skip
    shop.route_in("company")
    event = shop.bring(in_group())
    assert event.outcome == Outcome.SUCCEEDED and "is in USD, not in EUR" in notes(event)["catalog"], text(event)


def test_a_price_another_catalogue_decides_is_noticed(place):
    shop = place()
    shop.vendor.control("plan", plan="Plus")
    shop.route_in("company")
    shop.bring(in_group("A"))
    variant = shop.inside.variant("MUG-BLU-350")["id"]
    (cheap,) = shop.inside.table("PriceList").values()
    cheap["fixed"][variant] = {"price": {"amount": "5.00", "currencyCode": "EUR"}, "compareAtPrice": None}
    other = {"id": "gid://shopify/PriceList/77", "name": "ERP B EUR", "currency": "EUR", "catalogId": None, "breaks": {},
             "parent": cheap["parent"],
             "fixed": {variant: {"price": {"amount": "9.00", "currencyCode": "EUR"}, "compareAtPrice": None}}}  # fmt: skip
    shop.inside.table("PriceList")[other["id"]] = other
    from connectors import directory
    from connectors.shopify.price_lists import LIST

    directory.forget(shop.connector.pk, LIST, [cheap["id"]])
    event = shop.bring(in_group("B"))
    assert "pays 5.00 EUR" in notes(event)["location_price"] and "9.00" in notes(event)["location_price"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": " "}, "no name"),
        (
            {"locations": (CompanyLocation(name="A", external_id="1"), CompanyLocation(name="B", external_id="1"))},
            "Two locations",
        ),
        ({"locations": (CompanyLocation(name="A", shipping_address=Address(city="Kiel")),)}, "no country code"),
    ],
)
def test_a_record_shopify_could_not_hold_fails_before_any_call(place, changes, words):
    shop = place()
    shop.route_in("company")
    event = shop.bring(nordhafen(**changes))
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.PAYLOAD) and words in event.sentence
    assert not shop.calls("HubCompanyCreate")
