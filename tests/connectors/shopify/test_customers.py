"""Customers in and out of a shop: read whole, merged with what is there, never written twice."""

from __future__ import annotations

import pytest

from connectors.models import Link
from connectors.records import Address, CustomerAccount
from connectors.shopify.sandbox.customers import customers_of, email_of
from events.models import Event, Outcome, Reason
from tests.connectors.shopify.catalogue_cast import notes, place, text

__all__ = ["place"]
pytestmark = pytest.mark.django_db
KIEL = Address(first_name="Ole", last_name="Petersen", address1="Kaistrasse 4", city="Kiel", postal_code="24114",
               country_code="DE")  # fmt: skip
MIRA = 7_002_001


def ole(**more) -> CustomerAccount:
    given = {"id": "C-1", "number": "C-1", "name": "Ole Petersen", "first_name": "Ole", "last_name": "Petersen",
             "email": "ole@example.org", "addresses": (KIEL,), "tags": ("wholesale",)}  # fmt: skip
    return CustomerAccount(**{**given, **more})


def found(shop, email):
    return [one for one in customers_of(shop.inside).values() if email_of(one) == email]


def test_a_customer_is_read_and_handed_on(place):
    shop = place()
    shop.route_out("customer")
    event = shop.tell("customers/update", {"id": MIRA})
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    assert (event.object_type, event.object_id, event.object_label) == ("customer", str(MIRA), "Mira Vogt")
    assert Event.objects.filter(topic="customer/deliver").count() == 1


def test_without_a_route_customers_go_nowhere(place):
    event = place().tell("customers/update", {"id": MIRA})
    assert (event.outcome, event.reason) == (Outcome.SKIPPED, Reason.NOT_ROUTED)


@pytest.mark.parametrize("number", ["mira@example.org", str(MIRA), f"gid://shopify/Customer/{MIRA}"])
def test_a_person_names_a_customer(place, number):
    shop = place()
    shop.route_out("customer")
    assert shop.ask("customer", number).outcome == Outcome.SUCCEEDED


@pytest.mark.parametrize(("number", "outcome"), [("", "failed"), ("Mira", "failed"), ("nobody@example.org", "skipped")])
def test_what_names_nobody_says_so(place, number, outcome):
    assert place().ask("customer", number).outcome == outcome


def test_a_merge_hands_on_the_customer_that_was_kept(place):
    shop = place()
    shop.route_out("customer")
    shop.vendor.control("merge_customers", kept=MIRA, gone=7_002_002)
    payload = {"admin_graphql_api_customer_kept_id": f"gid://shopify/Customer/{MIRA}", "status": "completed",
               "admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/7002002", "errors": []}  # fmt: skip
    event = shop.tell("customers/merge", payload)
    assert event.outcome == Outcome.SUCCEEDED and "7002002" in notes(event)["merged"]
    assert event.object_id == str(MIRA)
    assert shop.tell("customers/merge", {**payload, "status": "failed"}).reason_code == "not_merged"
    assert shop.tell("customers/update", {"id": 7_002_002}).reason_code == "not_found"


def test_a_deleted_customer_is_said(place):
    event = place().tell("customers/delete", {"id": MIRA})
    assert event.outcome == Outcome.SUCCEEDED and "was deleted in the shop" in event.sentence


def test_changed_customers_come_once_each(place):
    shop = place()
    first = shop.walk("customers")
    assert first.outcome == Outcome.SUCCEEDED and Event.objects.filter(topic="customers/update").count() >= 2
    assert shop.walk("customers").sentence.startswith("0 customers")


# --- into the shop --------------------------------------------------------------------------------------------------


def test_a_customer_is_made_with_tax_exemptions(place):
    shop = place()
    shop.route_in("customer")
    event = shop.bring(ole(is_tax_exempt=True, tax_exemptions=("EU_REVERSE_CHARGE_EXEMPTION_RULE",)))
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    [made] = found(shop, "ole@example.org")
    assert made["taxExempt"] and made["taxExemptions"] == ["EU_REVERSE_CHARGE_EXEMPTION_RULE"]
    assert made["addresses"][0]["city"] == "Kiel" and made["tags"] == ["wholesale"]
    assert Link.objects.get(target=shop.connector).target_object_id == made["legacyResourceId"]


def test_lists_are_merged_and_the_merchants_stay(place):
    shop = place()
    shop.route_in("customer")
    event = shop.bring(ole(email="mira@example.org", first_name="", last_name=""))
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    [mira] = found(shop, "mira@example.org")
    assert mira["tags"] == ["vip", "wholesale"] and mira["firstName"] == "Mira"
    assert [one["city"] for one in mira["addresses"]] == ["Kiel", "Kiel"] and len(mira["addresses"]) == 2


def test_lists_are_replaced_where_the_route_says_so(place):
    shop = place()
    shop.route_in("customer", replaces_tags=True, replaces_addresses=True)
    shop.bring(ole(email="mira@example.org"))
    [mira] = found(shop, "mira@example.org")
    assert mira["tags"] == ["wholesale"] and len(mira["addresses"]) == 1


def test_nothing_is_sent_that_is_so_already(place):
    shop = place()
    shop.route_in("customer")
    shop.bring(ole())
    Link.objects.all().delete()
    event = shop.bring(ole())
    assert event.outcome == Outcome.SUCCEEDED and "as it should be" in event.sentence
    assert len(shop.calls("HubCustomerSet")) == 1
    assert shop.bring(ole()).reason == Reason.UNCHANGED


def test_a_lost_answer_makes_no_second_customer(place):
    shop = place()
    shop.route_in("customer")
    shop.lose("HubCustomerSet")
    event = shop.bring(ole())
    assert event.outcome == Outcome.WAITING
    assert shop.bring(ole(), again=event).outcome == Outcome.SUCCEEDED
    assert len(shop.calls("HubCustomerSet")) == 1 and len(found(shop, "ole@example.org")) == 1


def test_the_other_systems_id_finds_a_customer_whose_address_changed(place):
    shop = place()
    shop.route_in("customer", match_by="custom_id")
    shop.bring(ole())
    Link.objects.all().delete()
    event = shop.bring(ole(email="ole.petersen@example.org"))
    assert event.outcome == Outcome.SUCCEEDED, text(event)
    assert not found(shop, "ole@example.org") and len(found(shop, "ole.petersen@example.org")) == 1


def test_an_email_of_another_customer_is_said(place):
    shop = place()
    shop.route_in("customer")
    shop.bring(ole())
    event = shop.bring(ole(email="mira@example.org"))
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "TAKEN") and "e-mail address" in event.sentence


def test_a_customer_without_anything_to_find_it_by_is_a_payload_error(place):
    shop = place()
    shop.route_in("customer")
    event = shop.bring(ole(email=""))
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.PAYLOAD) and "neither e-mail" in event.sentence


def test_a_route_that_makes_none_skips(place):
    shop = place()
    shop.route_in("customer", creates=False)
    assert shop.bring(ole()).reason_code == "not_there" and not found(shop, "ole@example.org")
