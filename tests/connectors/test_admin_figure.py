"""The page of figures with problems: what a target does not hold, why, and another try."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from connectors.models import Figure, Route

PAGE = reverse("admin:connectors_figure_changelist")


@pytest.fixture
def route(db, make_connector) -> Route:
    return Route.objects.create(source=make_connector("ERP"), target=make_connector("Shop"), record_kind="stock")


@pytest.fixture
def problem(route) -> Figure:
    Figure.objects.create(route=route, key="GOOD-1", place="MAIN", wanted="1", sent="1")
    return Figure.objects.create(
        route=route, key="BAD-1", place="MAIN", wanted="14", problem="unknown_sku",
        sentence="The shop has no variant with this SKU.",
    )  # fmt: skip


def browse(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_support_sees_what_is_wrong_and_nothing_else(problem, supporter):
    page = browse(supporter).get(PAGE).content.decode()
    assert "BAD-1" in page and "The shop has no variant with this SKU." in page and "never" in page
    assert "GOOD-1" not in page


def test_it_is_searched_and_narrowed_to_a_route(problem, supporter, make_connector):
    other = Route.objects.create(source=problem.route.source, target=make_connector("Outlet"), record_kind="stock")
    Figure.objects.create(route=other, key="ELSE-1", wanted="1", problem="untracked")
    sam = browse(supporter)
    assert "ELSE-1" not in sam.get(PAGE, {"route": problem.route_id}).content.decode()
    assert "BAD-1" not in sam.get(PAGE, {"q": "else"}).content.decode()


def test_the_route_leads_there(problem, administrator):
    address = reverse("admin:connectors_route_change", args=[problem.route_id])
    page = browse(administrator).get(address).content.decode()
    assert f"{PAGE}?route={problem.route_id}" in page and "1 figure with problems" in page


def test_a_figure_is_tried_again_by_hand(problem, supporter, reader):
    wish = {"action": "try_again", "_selected_action": [problem.pk]}
    browse(reader).post(PAGE, wish)
    problem.refresh_from_db()
    assert problem.problem, "who may only read changes nothing"
    browse(supporter).post(PAGE, wish)
    problem.refresh_from_db()
    assert (problem.problem, problem.sentence) == ("", "")


def test_nobody_in_no_group_sees_it(problem, stranger):
    assert browse(stranger).get(PAGE).status_code == 403


def test_the_list_asks_the_index_of_problems_only(problem, supporter):
    sam = browse(supporter)
    with CaptureQueriesContext(connection) as seen:
        sam.get(PAGE)
    asked = [one["sql"] for one in seen.captured_queries if 'FROM "connectors_figure"' in one["sql"]]
    assert asked and all("problem" in sql.partition("WHERE")[2] for sql in asked)
