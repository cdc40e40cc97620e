"""The pages of flows against people without permission, and against input nobody would type: a sentence, never a fault."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from connectors.models import Connector, Route
from events.models import Event, Kind, Outcome, Reason
from events.record import New, record

pytestmark = pytest.mark.django_db

HOSTILE = '<script>alert("x")</script>'


@pytest.fixture
def shop(install) -> Connector:
    return install("shopify", name="Lumen Goods")


@pytest.fixture
def erp(install, shop) -> Connector:
    made = install("xoro", name="Xoro")
    Route.objects.create(source=shop, target=made, record_kind="order", options={})
    return made


def started(shop) -> int:
    """A range of days somebody brought in, done."""
    return record(
        New(
            kind=Kind.SYNC, topic="period:orders", connector_id=shop.pk, connector_name=shop.name,
            provider=shop.provider_slug, outcome=Outcome.SUCCEEDED, object_label="2026-11-01 to 2026-11-02",
        )
    ).event_id  # fmt: skip


def page(name: str, *args: object) -> str:
    return reverse(f"admin:connectors_connector_{name}", args=args)


def addresses(shop, erp) -> dict[str, str]:
    return {
        "log": page("log", erp.pk),
        "checklist": page("checklist", erp.pk),
        "import": page("import", erp.pk),
        "progress": page("import_progress", erp.pk, started(shop)),
        "ask": page("ask", erp.pk, "invoices/lookup"),
        "retry": reverse("admin:events_event_retry"),
        "resolve": reverse("admin:events_event_resolve"),
        "unresolve": reverse("admin:events_event_unresolve"),
    }


# Of each kind of person: what a GET and what a POST answers. 405: only the other method is served.
MAY = {
    "supporter": {
        "log": (200, None), "checklist": (200, 403), "import": (200, 200), "progress": (200, 302), "ask": (200, 200),
        "retry": (405, 302), "resolve": (405, 302), "unresolve": (405, 302),
    },
    "reader": {
        "log": (200, None), "checklist": (200, 403), "import": (403, 403), "progress": (403, 403), "ask": (403, 403),
        "retry": (403, 403), "resolve": (403, 403), "unresolve": (403, 403),
    },
    "stranger": {
        "log": (403, None), "checklist": (403, 403), "import": (403, 403), "progress": (403, 403), "ask": (403, 403),
        "retry": (403, 403), "resolve": (403, 403), "unresolve": (403, 403),
    },
}  # fmt: skip


@pytest.mark.parametrize("who", MAY)
def test_each_page_is_for_those_who_may(client, request, shop, erp, who):
    client.force_login(request.getfixturevalue(who))
    for name, address in addresses(shop, erp).items():
        get, post = MAY[who][name]
        assert client.get(address).status_code == get, f"GET {name}"
        if post is not None:
            assert client.post(address, {}).status_code == post, f"POST {name}"


def test_nobody_comes_in_without_logging_in(client, shop, erp):
    for name, address in addresses(shop, erp).items():
        for answer in (client.get(address), client.post(address, {})):
            assert answer.status_code in (302, 405), name
            assert answer.status_code == 405 or "/login/" in answer["Location"], name


def test_a_form_of_another_site_does_nothing(administrator, shop, erp):
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(administrator)
    for name, address in addresses(shop, erp).items():
        if name != "log":
            assert careful.post(address, {}).status_code == 403, name


@pytest.mark.parametrize(
    "given",
    [
        {"until": "9999-12-31"}, {"day": "0001-01-01"}, {"day": "9999-12-31", "until": "9999-12-31"}, {"until": "0001-01-01"},
        {"day": "0001-01-01", "until": "9999-12-31"}, {"older": "9" * 30}, {"older": "²"}, {"older": "-1"},
        {"q": "\x00"}, {"q": "%_\\"}, {"q": "a" * 5000}, {"q": "²"}, {"flow": HOSTILE}, {"q": HOSTILE},
    ],
)  # fmt: skip
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_log_takes_any_question(client, supporter, erp, settings, given, zone):
    settings.TIME_ZONE = zone
    client.force_login(supporter)
    answer = client.get(page("log", erp.pk), given)
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize("days", [("0001-01-01", "0001-01-02"), ("9999-12-30", "9999-12-31")])
def test_days_at_the_end_of_time_are_counted_or_refused(client, supporter, erp, days):
    client.force_login(supporter)
    answer = client.post(page("import", erp.pk), {"way": way(client, erp), "first": days[0], "last": days[1]})
    assert answer.status_code == 200


def way(client, erp) -> str:
    found = client.get(page("import", erp.pk)).context["ways"]
    return str(next(one.key for one in found if one.period))


@pytest.mark.parametrize("asked", ["²", "9" * 5000, "-1", "", "x"])
def test_how_often_was_asked_may_be_anything(client, supporter, erp, asked):
    client.force_login(supporter)
    answer = client.post(page("ask", erp.pk, "invoices/lookup"), {"third_party_customer_id": "1", "asked": asked})
    assert answer.status_code == 200


def test_what_a_shop_names_its_objects_is_text_on_every_page(client, administrator, shop, erp):
    event_id = record(
        New(
            kind=Kind.DELIVERY, topic="order/deliver", connector_id=erp.pk, connector_name=erp.name,
            provider=erp.provider_slug, outcome=Outcome.FAILED, reason=Reason.PAYLOAD, sentence=HOSTILE,
            object_type="order", object_id="1", object_label=HOSTILE, forced_by=HOSTILE,
        )
    ).event_id  # fmt: skip
    Event.objects.filter(pk=event_id).update(next_step=HOSTILE)
    walked = started(shop)
    Event.objects.filter(pk=walked).update(object_label=HOSTILE, sentence=HOSTILE, next_step=HOSTILE, forced_by=HOSTILE)
    Connector.objects.filter(pk=erp.pk).update(name=HOSTILE)
    client.force_login(administrator)
    shown = [
        *[*addresses(shop, erp).values()][:5],
        page("import_progress", erp.pk, walked),
        reverse("admin:events_event_change", args=[event_id]),
        erp.admin_path(),
    ]
    for address in shown:
        assert "<script>alert" not in client.get(address).text, address
