"""Panels: what a provider says of its connector, drawn beside each other; one that breaks takes nothing away."""

from __future__ import annotations

import dataclasses
import re

import pytest
from django.db import connection as database
from django.utils import timezone

from connectors import notices, registry
from connectors.admin.panels import shown
from connectors.base import Cell, Panel, Table
from connectors.exceptions import RemoteUnavailable
from tests.connectors import acme
from tests.connectors.test_admin_connector import page, told, url

GOOD = Table(
    columns=("Topic", "State", "Last delivery"),
    rows=[
        (
            Cell(text="orders/create", href="https://acme.example/hooks/1"),
            Cell(text="present", tone="good"),
            Cell(at=timezone.now()),
        ),
        ("orders/<b>", Cell(text="missing", tone="bad"), Cell(text="never", href="javascript:alert(1)")),
    ],
    title="Subscriptions",
)


@pytest.fixture
def panels(connector):
    """``panels(function, ...)``: the provider has these."""

    def declare(*functions, **more):
        made = [
            Panel(name=f"p{n}", label=f"Panel {n}", function=function, **more) for n, function in enumerate(functions)
        ]
        registry._providers["acme"] = dataclasses.replace(acme.provider, panels=made)
        return connector

    return declare


def test_a_panel_shows_its_tables_with_tones_links_and_ages(ada, panels):
    # The module is read when the suite starts, which may be half an hour before this test runs.
    topic, state, _ = GOOD.rows[0]
    fresh = dataclasses.replace(GOOD, rows=((topic, state, Cell(at=timezone.now())), GOOD.rows[1]))
    text = page(ada, panels(lambda run: [fresh]), "more")
    assert '<a href="https://acme.example/hooks/1" target="_blank" rel="noreferrer noopener">orders/create' in text
    assert '<span class="pill pill--ok">present</span>' in text
    assert '<span class="pill pill--bad">missing</span>' in text
    assert "orders/&lt;b&gt;" in text
    assert re.search(r"(now|\d+ s ago)</time>", text)
    assert "javascript:" not in text


def test_an_empty_table_says_so_in_a_sentence(ada, panels):
    connector = panels(lambda run: [Table(columns=("A",), rows=(), empty="No location was read yet.")])
    assert "No location was read yet." in page(ada, connector, "more")


@pytest.mark.parametrize(
    ("breaks", "sentence"),
    [
        (lambda run: 1 / 0, "This part could not be drawn."),
        (lambda run: database.cursor().execute("SELECT no_such_column"), "This part could not be drawn."),
        (lambda run: run.http.request("GET", "https://acme.example/", timeout_s=(1, 1)), ""),
        (lambda run: (_ for _ in ()).throw(RemoteUnavailable("The shop is away.")), "The shop is away."),
    ],
)
def test_a_broken_panel_says_so_and_the_others_stand(ada, panels, breaks, sentence):
    text = page(ada, panels(breaks, lambda run: [GOOD]), "more")
    assert sentence in text
    assert "notice--warn" in text
    assert "Subscriptions" in text


def test_five_hundred_rows_are_shown_and_the_rest_is_named(ada, panels):
    connector = panels(lambda run: [Table(columns=("SKU",), rows=[(f"SKU-{n:04}",) for n in range(501)])])
    text = page(ada, connector, "more")
    assert "SKU-0499" in text and "SKU-0500" not in text
    assert "The first 500 rows are shown." in text


def test_its_buttons_start_syncs_and_ask_for_the_permission(ada, browse, reader, panels):
    connector = panels(lambda run: [GOOD], syncs=["orders"])
    text = page(ada, connector, "more")
    assert url(connector, "synchronize", "orders") in text
    assert any("under way" in one for one in told(ada.post(url(connector, "synchronize", "orders"), follow=True)))
    assert url(connector, "synchronize", "orders") not in page(browse(reader), connector, "more")
    assert browse(reader).post(url(connector, "synchronize", "orders")).status_code == 403


def test_settings_that_do_not_load_are_said_in_each_panel(ada, panels):
    connector = panels(lambda run: [GOOD])
    connector.settings = {}
    connector.save()
    assert "Subscriptions" not in page(ada, connector, "more")


def test_a_provider_without_panels_has_no_such_tab(ada, connector):
    assert "?tab=more" not in page(ada, connector)
    assert "Recent events" in page(ada, connector, "more")


def test_health_warnings_stand_above_every_tab(ada, connector):
    notices.warn(connector.pk, "version", "The vendor answered with another version.", "Update the hub.")
    for tab in ("overview", "settings"):
        assert "The vendor answered with another version." in page(ada, connector, tab)
    notices.clear(connector.pk, "version")
    assert "another version" not in page(ada, connector)


@pytest.mark.parametrize("sees_addresses", [True, False])
def test_an_address_that_was_changed_stays_as_secret_as_the_new_one(panels, sees_addresses):
    def fail(run):
        raise RemoteUnavailable(f"No answer at /hooks/{run.connector.previous_webhook_token}/rates.")

    connector = panels(lambda run: [Table(rows=[[f"/hooks/{run.connector.previous_webhook_token}/rates"]])], fail)
    connector.rotate_webhook_token()
    made = shown(connector, connector.provider, sees_addresses=sees_addresses)
    assert (connector.previous_webhook_token in str(made)) is sees_addresses
    assert (connector.previous_webhook_token in made[1].problem) is sees_addresses
