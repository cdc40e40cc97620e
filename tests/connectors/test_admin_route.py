"""Routes are made in two steps, and doubtful ones are refused in words."""

from __future__ import annotations

import pytest

from connectors.models import Route

ADD = "/admin/connectors/route/add/"


def errors(response) -> dict[str, list[str]]:
    assert response.status_code == 200
    return {name: [str(e) for e in found] for name, found in response.context["adminform"].form.errors.items()}


@pytest.fixture
def pair(make):
    return make("shoppy"), make("acme")


def given(source, target, kind="order"):
    return {"source": source.pk, "target": target.pk, "record_kind": kind}


def test_a_route_is_made_in_two_steps(ada, pair):
    response = ada.post(ADD, given(*pair), follow=True)
    route = Route.objects.get()
    assert response.redirect_chain[-1][0] == f"/admin/connectors/route/{route.pk}/change/"
    assert route.is_enabled is False  # its options are still missing
    text = response.content.decode()
    assert "Where the order is booked." in text
    assert "The setting “Store” is not usable" in text
    ada.post(response.redirect_chain[-1][0], {"is_enabled": "on", "setting_store": "Main", "setting_days_to_ship": "2"})
    route.refresh_from_db()
    assert route.is_enabled is True
    assert (route.load_options().store, route.load_options().days_to_ship) == ("Main", 2)


def test_only_connectors_that_send_and_receive_are_offered(ada, pair):
    shop, _ = pair
    form = ada.get(ADD).context["adminform"].form
    assert {str(one) for one in form.fields["target"].queryset} == {"Acme EU"}
    assert shop in form.fields["source"].queryset
    assert ("order", "Order") in form.fields["record_kind"].choices


def test_a_route_to_itself_is_refused(ada, pair):
    _, erp = pair
    assert "from one connector to another" in errors(ada.post(ADD, given(erp, erp)))["target"][0]


def test_a_route_that_exists_is_refused(ada, pair):
    shop, erp = pair
    Route.objects.create(source=shop, target=erp, record_kind="order")
    assert "exists already" in errors(ada.post(ADD, given(shop, erp)))["__all__"][0]
    assert Route.objects.count() == 1


def test_a_target_that_takes_no_such_records_is_refused(ada, pair):
    shop, erp = pair
    assert "target" in errors(ada.post(ADD, given(erp, shop)))


@pytest.mark.parametrize(("field", "value"), [("store", ""), ("days_to_ship", "31"), ("days_to_ship", "soon")])
def test_a_bad_option_is_an_error_at_its_field_and_nothing_is_saved(ada, pair, field, value):
    shop, erp = pair
    route = Route.objects.create(source=shop, target=erp, record_kind="order", options={"store": "Main"})
    posted = {"is_enabled": "on", "setting_store": "Main", "setting_days_to_ship": "2"} | {f"setting_{field}": value}
    assert list(errors(ada.post(f"/admin/connectors/route/{route.pk}/change/", posted))) == [f"setting_{field}"]
    route.refresh_from_db()
    assert route.options == {"store": "Main"}


def test_routes_are_switched_off_and_on_from_the_list(ada, pair):
    shop, erp = pair
    route = Route.objects.create(source=shop, target=erp, record_kind="order", options={"store": "Main"})
    for action, value in (("disable", False), ("enable", True)):
        ada.post("/admin/connectors/route/", {"action": action, "_selected_action": [route.pk]})
        route.refresh_from_db()
        assert route.is_enabled is value


def test_a_route_without_its_options_is_not_switched_on(ada, pair):
    shop, erp = pair
    route = Route.objects.create(source=shop, target=erp, record_kind="order", is_enabled=False)
    posted = {"action": "enable", "_selected_action": [route.pk]}
    response = ada.post("/admin/connectors/route/", posted, follow=True)
    assert "stays off" in str(next(iter(response.context["messages"])))
    route.refresh_from_db()
    assert route.is_enabled is False


def test_the_empty_list_explains_routes(ada, provider):
    assert "A route says" in ada.get("/admin/connectors/route/").content.decode()


def test_support_sees_routes_and_their_options_and_changes_none(browse, supporter, pair):
    shop, erp = pair
    route = Route.objects.create(source=shop, target=erp, record_kind="order", options={"store": "Main"})
    client = browse(supporter)
    text = client.get(f"/admin/connectors/route/{route.pk}/change/").content.decode()
    assert "Store: Main" in text
    assert client.post(f"/admin/connectors/route/{route.pk}/change/", {"setting_store": "x"}).status_code == 403
    assert client.get(ADD).status_code == 403
