"""An API key is shown once, kept as a hash, limited to connectors, revoked and never deleted."""

from __future__ import annotations

import re

import pytest
from django.contrib.sessions.models import Session

from connectors.models import ApiKey

LIST = "/admin/connectors/apikey/"


def make_key(client, connector, name="Storefront"):
    return client.post(LIST + "add/", {"name": name, "connectors": [connector.pk], "rate_per_minute": ""})


def test_a_key_is_shown_once_and_kept_as_a_hash(ada, connector):
    response = make_key(ada, connector)
    page = response.content.decode()
    key = re.search(r'data-copy="(hub_[^"]+)"', page).group(1)
    row = ApiKey.objects.get()
    assert row.hash == ApiKey.digest(key)
    assert (row.created_by, list(row.connectors.all())) == ("ada", [connector])
    assert "no-store" in response["Cache-Control"]
    for path in (LIST, f"{LIST}{row.pk}/change/", f"{LIST}{row.pk}/history/"):
        assert key not in ada.get(path).content.decode()
    assert key not in "".join(str(one.get_decoded()) for one in Session.objects.all())
    assert key not in str(response.cookies)


def test_a_key_for_no_connector_is_refused(ada, connector):
    response = ada.post(LIST + "add/", {"name": "Storefront", "rate_per_minute": ""})
    assert "connectors" in response.context["adminform"].form.errors
    assert not ApiKey.objects.exists()


def test_changing_a_key_keeps_its_hash_and_last_use(ada, connector):
    make_key(ada, connector)
    before = ApiKey.objects.get()
    ada.post(f"{LIST}{before.pk}/change/", {"name": "Shop", "connectors": [connector.pk], "rate_per_minute": "60"})
    after = ApiKey.objects.get()
    assert (after.name, after.rate_per_minute, after.hash) == ("Shop", 60, before.hash)


def test_a_revoked_key_stays_in_the_list_and_cannot_be_changed(ada, connector):
    make_key(ada, connector)
    row = ApiKey.objects.get()
    ada.post(f"{LIST}{row.pk}/revoke/")
    row.refresh_from_db()
    assert row.revoked_at is not None
    assert row.revoked_by == "ada"
    assert "revoked" in ada.get(LIST).content.decode()
    assert ada.post(f"{LIST}{row.pk}/change/", {"name": "x", "connectors": [connector.pk]}).status_code == 403


def test_no_key_is_ever_deleted(ada, connector):
    make_key(ada, connector)
    row = ApiKey.objects.get()
    assert ada.post(f"{LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    ada.post(LIST, {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert ApiKey.objects.exists()


def test_revoking_is_a_post_of_an_administrator(browse, ada, supporter, connector):
    make_key(ada, connector)
    row = ApiKey.objects.get()
    assert ada.get(f"{LIST}{row.pk}/revoke/").status_code == 405
    assert browse(supporter).post(f"{LIST}{row.pk}/revoke/").status_code == 403


@pytest.mark.parametrize("person", ["supporter", "reader"])
def test_only_administrators_see_keys(browse, request, person, connector):
    assert browse(request.getfixturevalue(person)).get(LIST).status_code == 403
