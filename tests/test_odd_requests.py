"""What no button sends: numbers no column holds, NUL bytes, half characters. Answered each time, never an error page."""

from __future__ import annotations

import pytest

from connectors import breakers
from connectors.models import BreakerState
from events.models import Event, Rejection
from tests.cast import an_event, run_one

pytestmark = pytest.mark.django_db
HUGE = "9" * 20


@pytest.fixture
def ada(client, administrator):
    client.force_login(administrator)
    return client


@pytest.mark.parametrize(
    "path",
    [
        f"connectors/connector/{HUGE}/delete/", f"connectors/connector/{HUGE}/change/",
        f"connectors/connector/{HUGE}/field-map/", f"connectors/mapping/?connector={HUGE}",
        f"connectors/mapping/export/?connector={HUGE}", f"connectors/mapping/add/?connector={HUGE}",
        f"connectors/link/?source={HUGE}", f"events/event/{HUGE}/change/", f"events/mail/?older={HUGE}",
        "events/event/?q=%00", "events/event/?topic=%ED%A0%80", "events/event/1/body/%00/", "find/?q=%ED%A0%80",
    ],
)  # fmt: skip
def test_an_address_nobody_links_to(ada, path):
    assert ada.get(f"/admin/{path}").status_code in {200, 302, 404}


def test_a_note_with_a_nul_resolves_all_the_same(ada, make_connector):
    shop = make_connector("Shop")
    an_event(shop, "bug")
    _, event = run_one(shop)
    answer = ada.post("/admin/events/event/resolve/", {"_selected_action": [str(event.pk)], "note": "seen\x00 it"})
    assert answer.status_code == 302
    assert Event.objects.get().resolved_note == "seen it"


def test_a_breaker_nobody_has_is_closed_already(ada, make_connector):
    shop = make_connector("Shop")
    breakers.count_failures(shop.pk, "It is away.", count=9)
    path = f"/admin/connectors/connector/{shop.pk}/close-breaker/"
    assert ada.post(path, {"endpoint": "no\x00 such"}).status_code == 302
    assert shop.breakers.get().state == BreakerState.OPEN
    assert ada.post(path, {"endpoint": ""}).status_code == 302
    assert shop.breakers.get().state == BreakerState.CLOSED


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("198.51.100.1, 203.0.113.9", "203.0.113.9"),  # the left one is what the client claims
        ("", "127.0.0.1"),
        ("nonsense", "127.0.0.1"),
    ],
)
def test_behind_a_proxy_the_address_it_appended_counts(client, db, settings, forwarded, expected):
    settings.HUB_BEHIND_PROXY = True
    client.post(
        "/hooks/no-such-address-here", b"{}", content_type="application/json", headers={"X-Forwarded-For": forwarded}
    )
    assert Rejection.objects.get().last_sender == expected


def test_without_a_proxy_nobody_names_an_address_for_himself(client, db):
    client.post(
        "/hooks/no-such-address-here", b"{}", content_type="application/json", headers={"X-Forwarded-For": "1.2.3.4"}
    )
    assert Rejection.objects.get().last_sender == "127.0.0.1"
