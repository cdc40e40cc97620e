"""A connector's page: what it shows, what its buttons do, and who may press them."""

from __future__ import annotations

import dataclasses

import pytest
from django.core import mail as outbox
from django.utils import timezone

from connectors import registry
from connectors.models import Breaker, BreakerState, Connector, Link, Mapping, Plan
from events import mail as sending
from events.models import Event, Kind, Mail, Outcome, Reason
from events.record import New, record
from tests.connectors import acme
from tests.connectors.acme import AcmeSettings


def url(connector: Connector, *parts: str) -> str:
    return "/".join(["/admin/connectors/connector", str(connector.pk), *parts, ""])


def page(client, connector: Connector, tab: str = "overview") -> str:
    response = client.get(url(connector, "change") + f"?tab={tab}")
    assert response.status_code == 200
    return response.content.decode()


def told(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def happened(connector: Connector, outcome: Outcome, **more: object) -> int:
    new = {
        "kind": Kind.WEBHOOK,
        "topic": "orders/create",
        "connector_id": connector.pk,
        "connector_name": connector.name,
    }
    return record(New(**(new | {"outcome": outcome, "provider": "acme"} | more))).event_id


# --- what it shows --------------------------------------------------------------------------------------------------


def test_the_page_links_to_the_help_of_its_provider(ada, connector):
    assert "/admin/help/connectors/acme/" in page(ada, connector)
    assert ada.get("/admin/help/connectors/acme/").status_code == 404


def test_the_page_shows_the_webhook_address_with_help_and_a_copy_button(ada, connector):
    text = page(ada, connector)
    assert f'data-copy="{connector.webhook_url}"' in text
    assert "Enter it in Acme under Settings, Notifications." in text
    assert f"{connector.webhook_url}/echo" in text


def test_people_who_may_not_change_it_do_not_see_the_webhook_address(browse, supporter, reader, connector):
    for person in (supporter, reader):
        assert connector.webhook_token not in page(browse(person), connector)


def test_it_shows_the_ten_newest_events_and_a_link_to_all(ada, connector):
    ids = [happened(connector, Outcome.SUCCEEDED, sentence=f"Number {n}.") for n in range(12)]
    text = page(ada, connector)
    assert f"/admin/events/event/{ids[-1]}/change/" in text
    assert f"/admin/events/event/{ids[2]}/change/" in text
    assert f"/admin/events/event/{ids[1]}/change/" not in text
    assert f"/admin/events/event/?connector={connector.pk}" in text


def test_the_age_of_an_event_is_one_element_with_its_moment(ada, connector):
    happened(connector, Outcome.SUCCEEDED)
    html = page(ada, connector)
    assert 'title="<time' not in html and "&lt;time" not in html


def test_a_missing_address_of_the_error_mail_is_visible(ada, connector):
    assert "No error mail is sent" not in page(ada, connector)
    Connector.objects.filter(pk=connector.pk).update(email_receiver="")
    assert "No error mail is sent: the receiver is missing." in page(ada, connector)


def test_each_sync_shows_its_plan(ada, connector):
    Plan.objects.create(connector=connector, sync="orders", every_minutes=45, error="ValueError: no interval")
    text = page(ada, connector)
    assert "Every 45 min" in text
    assert "ValueError: no interval" in text
    assert "Only by hand" in text  # stock


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({}, "ready"),
        ({"is_enabled": False}, "disabled"),
        ({"is_paused": True}, "paused"),
        ({"last_success_at": timezone.now()}, "working"),
        ({"last_failure_at": timezone.now(), "last_failure": "It broke."}, "failing"),
        ({"settings": {}, "secrets": {}}, "not set up"),
        ({"settings": {"base_url": ""}}, "settings unusable"),
        ({"provider_slug": "gone"}, "code missing"),
    ],
)
def test_its_state_is_one_word_on_the_list_and_on_the_page(ada, connector, change, word):
    Connector.objects.filter(pk=connector.pk).update(**change)
    assert f">{word}</span>" in ada.get("/admin/connectors/connector/").content.decode()
    assert f">{word}</span>" in page(ada, connector)


def test_the_list_shows_last_failure_and_open_failures(ada, connector):
    happened(connector, Outcome.FAILED, reason=Reason.REFUSED)
    happened(connector, Outcome.FAILED, reason=Reason.REFUSED)
    Connector.objects.filter(pk=connector.pk).update(last_failure_at=timezone.now(), last_failure="Acme refused it.")
    text = ada.get("/admin/connectors/connector/").content.decode()
    assert "Acme refused it." in text
    assert f'href="/admin/events/event/?connector={connector.pk}&amp;outcome=failed"' in text


def test_the_list_of_fifty_connectors_needs_no_query_for_each(ada, make, django_assert_max_num_queries):
    for number in range(50):
        make(name=f"Acme {number}")
    with django_assert_max_num_queries(20):
        ada.get("/admin/connectors/connector/")


def test_an_empty_list_says_what_a_connector_is(ada, provider):
    assert "Install a connector" in ada.get("/admin/connectors/connector/").content.decode()


# --- buttons --------------------------------------------------------------------------------------------------------


def test_synchronize_queues_one_event_however_often_it_is_pressed(ada, connector):
    for _ in range(2):
        response = ada.post(url(connector, "synchronize", "orders"), follow=True)
    event = Event.objects.get()
    assert (event.topic, event.kind, event.triggered_by) == ("sync:orders", Kind.SYNC, "ada")
    assert f"event {event.pk}" in told(response)[0]


def test_one_order_is_synchronized_by_its_number(ada, connector):
    ada.post(url(connector, "single", "order"), {"number": " #1001 "})
    event = Event.objects.get()
    assert (event.topic, event.object_label) == ("single:order", "#1001")


@pytest.mark.parametrize("path", [("single", "order"), ("synchronize", "nope"), ("single", "nope")])
def test_a_button_that_cannot_work_says_why(ada, connector, path):
    response = ada.post(url(connector, *path), follow=True)
    assert told(response)
    assert not Event.objects.exists()


def test_testing_the_connection_shows_a_table_and_leaves_an_event(ada, make):
    connector = make(api_key="wrong-key")
    text = ada.post(url(connector, "check")).content.decode()
    event = Event.objects.get()
    assert (event.kind, event.outcome, event.triggered_by) == (Kind.CHECK, Outcome.FAILED, "ada")
    assert f"/admin/events/event/{event.pk}/change/" in text
    for part in ("Reach the server", "Acme refuses the key ***.", "Enter valid credentials", ">off</span>", " ms"):
        assert part in text
    assert "wrong-key" not in text


def test_a_test_asked_for_by_a_script_brings_only_its_card(ada, connector):
    text = ada.post(url(connector, "check"), headers={"HX-Request": "true"}).content.decode()
    assert text.lstrip().startswith("<section")


def test_the_contract_check_shows_deviations_in_words(ada, make):
    connector = make(is_loud=True, orders_url="https://acme.example/orders")
    text = ada.post(url(connector, "contract")).content.decode()
    assert "orders[3].date: text &quot;31/02&quot;, expected ISO date" in text
    assert Event.objects.get().outcome == Outcome.FAILED


def test_a_provider_without_contract_check_has_no_button_and_says_so(ada, make):
    shop = make("shoppy")
    assert "Contract check" not in page(ada, shop)
    assert "has no contract check" in told(ada.post(url(shop, "contract"), follow=True))[0]


def test_a_contract_check_that_cannot_run_says_why_inside_the_page(ada, make):
    shop = make("shoppy")
    answer = ada.post(url(shop, "contract"), headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert answer.content.decode().startswith('<div class="notice notice--bad"')


def test_a_button_of_a_connector_whose_code_is_gone_says_so(ada, connector):
    Connector.objects.filter(pk=connector.pk).update(provider_slug="gone")
    for action in (("check",), ("contract",), ("synchronize", "orders"), ("single", "order")):
        assert "no provider" in told(ada.post(url(connector, *action), {"number": "1"}, follow=True))[0]
    assert ada.get(url(connector, "change") + "?tab=settings").status_code == 200


def test_settings_that_make_a_rule_stumble_do_not_break_the_list(ada, connector, monkeypatch):
    monkeypatch.setattr(AcmeSettings, "clean", lambda self: self.size["l"])
    assert "settings unusable" in ada.get("/admin/connectors/connector/").content.decode()


def test_pause_and_resume_disable_and_enable(ada, connector):
    for action, column, value in (
        ("pause", "is_paused", True), ("resume", "is_paused", False),
        ("disable", "is_enabled", False), ("enable", "is_enabled", True),
    ):  # fmt: skip
        ada.post(url(connector, action))
        connector.refresh_from_db()
        assert getattr(connector, column) is value
    history = ada.get(f"/admin/connectors/connector/{connector.pk}/history/").content.decode()
    assert "Paused." in history
    assert "Disabled." in history


def test_an_open_breaker_is_explained_and_can_be_closed(ada, connector):
    Breaker.objects.create(
        connector=connector, state=BreakerState.OPEN, failures_in_row=6, sentence="acme.example timed out.",
        opened_at=timezone.now(), probe_at=timezone.now(),
    )  # fmt: skip
    waiting = happened(connector, Outcome.WAITING, reason=Reason.BREAKER_OPEN)
    text = page(ada, connector)
    assert "acme.example timed out." in text
    assert "Close breaker now" in text
    ada.post(url(connector, "close-breaker"), {"endpoint": ""})
    assert Breaker.objects.get().state == BreakerState.CLOSED
    assert Event.objects.get(pk=waiting).outcome == Outcome.QUEUED


def test_a_new_webhook_address_leaves_the_old_one_valid_for_some_days(ada, connector):
    old = connector.webhook_token
    ada.post(url(connector, "rotate-address"))
    connector.refresh_from_db()
    assert connector.webhook_token != old
    assert Connector.objects.by_webhook_token(old) == connector
    assert "The address before this one is answered until" in page(ada, connector)


def test_the_test_mail_goes_the_way_of_every_mail(ada, connector, monkeypatch):
    monkeypatch.setattr(sending, "close_old_connections", lambda: None)  # it would end the test's own transaction
    response = ada.post(url(connector, "test-mail"), follow=True)
    made = Mail.objects.get()
    assert (made.kind, made.sender, made.receiver) == ("test", "hub@example.com", "support@example.com")
    assert "outbox" in told(response)[0]
    assert connector.admin_path() in made.text
    sending.send_due()
    assert outbox.outbox[0].subject == "[Acme EU] Test mail of the Integration Hub"
    assert "sent" in page(ada, connector)


def test_no_test_mail_is_written_while_one_waits_or_an_address_is_missing(ada, connector):
    for _ in range(2):
        response = ada.post(url(connector, "test-mail"), follow=True)
    assert "still in the outbox" in told(response)[0]
    assert Mail.objects.count() == 1
    Mail.objects.all().delete()
    Connector.objects.filter(pk=connector.pk).update(email_sender="")
    assert "Enter the sender" in told(ada.post(url(connector, "test-mail"), follow=True))[0]
    assert not Mail.objects.exists()


def test_a_copy_has_settings_but_no_secret_and_an_address_of_its_own(ada, connector):
    for _ in range(2):
        ada.post(url(connector, "copy"))
    first, second = Connector.objects.exclude(pk=connector.pk).order_by("pk")
    assert (first.name, second.name) == ("Acme EU (copy)", "Acme EU (copy 2)")
    assert first.settings == connector.settings
    assert first.secrets == {}
    assert first.is_enabled is False
    assert len({connector.webhook_token, first.webhook_token, second.webhook_token}) == 3
    assert first.uid != connector.uid


# --- deleting, renaming ---------------------------------------------------------------------------------------------


def test_deleting_says_what_waits_and_keeps_the_history(ada, connector, make):
    happened(connector, Outcome.QUEUED)
    done = happened(connector, Outcome.SUCCEEDED)
    Mapping.objects.create(connector=connector, kind="location", from_value="a", to_value="b")
    Link.objects.create(source=make("shoppy"), target=connector, record_kind="order", source_object_id="1")
    text = ada.get(url(connector, "delete")).content.decode()
    assert "1 event of this connector is not done yet" in text
    assert "Its history stays" in text
    assert "Rows of the ledger" in text
    ada.post(url(connector, "delete"), {"post": "yes"})
    assert not Connector.objects.filter(pk=connector.pk).exists()
    assert Event.objects.get(pk=done).connector_name == "Acme EU"
    assert Event.objects.count() == 2


def test_deleting_says_what_stays_in_the_remote_system(ada, connector):
    leaves = dataclasses.replace(acme.provider, leaves=lambda run: [f"The <b>bell</b> of {run.connector}: unhang it."])
    registry._providers["acme"] = leaves
    text = ada.get(url(connector, "delete")).content.decode()
    assert "<li>The &lt;b&gt;bell&lt;/b&gt; of Acme EU: unhang it.</li>" in text
    broken = dataclasses.replace(acme.provider, leaves=lambda run: [run.settings.no_such_member])
    registry._providers["acme"] = broken
    assert "could not be told" in ada.get(url(connector, "delete")).content.decode()
    ada.post(url(connector, "delete"), {"post": "yes"})
    assert not Connector.objects.filter(pk=connector.pk).exists()


def test_a_connector_with_a_million_links_is_not_listed_row_by_row(ada, connector, make, django_assert_max_num_queries):
    shop = make("shoppy")
    Link.objects.bulk_create(
        Link(source=shop, target=connector, record_kind="order", source_object_id=str(n)) for n in range(1500)
    )
    with django_assert_max_num_queries(20):
        text = ada.get(url(connector, "delete")).content.decode()
    assert "1,000 or more" in text


def test_a_renamed_connector_keeps_its_events_under_the_old_name(ada, connector):
    event = happened(connector, Outcome.SUCCEEDED)
    from tests.connectors.test_forms import form

    assert ada.post(url(connector, "change"), form(connector, name="Acme World")).status_code == 302
    connector.refresh_from_db()
    assert connector.name == "Acme World"
    assert Event.objects.get(pk=event).connector_name == "Acme EU"


# --- who may what ---------------------------------------------------------------------------------------------------

CHANGING = ["pause", "resume", "enable", "disable", "close-breaker", "rotate-address", "copy"]
SUPPORTING = ["check", "contract", "test-mail", "synchronize/orders", "single/order"]


@pytest.mark.parametrize("action", CHANGING + SUPPORTING)
def test_no_button_works_for_who_may_not_press_it(browse, supporter, reader, stranger, connector, action):
    refused = [reader, stranger] + ([supporter] if action in CHANGING else [])
    for person in refused:
        assert browse(person).post(url(connector, *action.split("/")), {"number": "1"}).status_code == 403
    if action in SUPPORTING:
        assert browse(supporter).post(url(connector, *action.split("/")), {"number": "1"}).status_code in {200, 302}


@pytest.mark.parametrize("action", CHANGING + SUPPORTING)
def test_no_button_works_by_a_link(ada, connector, action):
    assert ada.get(url(connector, *action.split("/"))).status_code == 405


def test_nobody_presses_a_button_without_logging_in(client, connector):
    response = client.post(url(connector, "pause"))
    assert response.status_code == 302
    assert "/login/" in response["Location"]


def test_support_sees_the_settings_but_cannot_change_them(browse, supporter, connector):
    text = page(browse(supporter), connector, "settings")
    assert "https://acme.example/api" in text
    assert "stored" in text
    assert "<input" not in text[text.find("<main") :].replace('<input type="hidden"', "")
    assert browse(supporter).post(url(connector, "change"), {"name": "x"}).status_code == 403


def test_a_reader_sees_no_buttons(browse, reader, connector):
    text = page(browse(reader), connector)
    for word in ("Synchronize</button>", "Test connection</button>", "Pause</button>", "Send test mail"):
        assert word not in text
    assert "Health" in text


def test_a_stranger_sees_nothing(browse, stranger, connector):
    client = browse(stranger)
    for model in ("connector", "route", "mapping", "link", "apikey"):
        assert client.get(f"/admin/connectors/{model}/").status_code == 403
    assert client.get(url(connector, "change")).status_code in {302, 403}


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Shop\nBcc: all@example.com", "Shop\u202eEU", "Shop\u2028EU", "Shop\x07"])
def test_a_name_with_what_nobody_sees_is_refused(ada, connector, name):
    response = ada.post("/admin/connectors/connector/add/", {"provider_slug": "acme", "name": name, "slug": "shop-eu"})
    assert response.status_code == 200
    assert "Remove line breaks" in response.content.decode()
    assert not Connector.objects.filter(slug="shop-eu").exists()


@pytest.mark.parametrize("name", ["Zoë’s “Läden” 👩‍👩‍👧", "<b>&amp;</b>", "店舗"])
def test_any_other_name_is_taken_as_it_is(ada, connector, name):
    ada.post("/admin/connectors/connector/add/", {"provider_slug": "acme", "name": f"  {name} ", "slug": "shop-eu"})
    assert Connector.objects.get(slug="shop-eu").name == name


def test_a_name_from_elsewhere_does_not_keep_a_mail_in_the_outbox(connector, monkeypatch):
    """Names also come from commands and restored databases: a line break would fail at each try to send."""
    from connectors.admin import testmail

    monkeypatch.setattr(sending, "close_old_connections", lambda: None)

    Connector.objects.filter(pk=connector.pk).update(name="Two\nlines")
    connector.refresh_from_db()
    connector.email_sender, connector.email_receiver = "hub@example.com", "support@example.com"
    testmail.write(connector, by="ada")
    assert sending.send_due() == 1
