"""Addresses below ``/api/``. Lookups have none of their own here: a provider declares them, the view finds them."""

from __future__ import annotations

from django.urls import path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import RedirectView

from connectors.api import docs, events, views

# Any character may stand in an id, a line break too: what matches nothing else still ends in a problem.
urlpatterns = [
    path("", RedirectView.as_view(pattern_name="api-docs")),
    path("docs", RedirectView.as_view(pattern_name="api-docs")),
    path("docs/", docs.page, name="api-docs"),
    path("schema", RedirectView.as_view(pattern_name="api-schema")),
    path("schema/", docs.SchemaView.as_view(), name="api-schema"),
    path("v1/events", events.EventListView.as_view(), name="api-events"),
    path("v1/events/<int:id>", events.EventDetailView.as_view(), name="api-event"),
    path("v1/events/<int:id>/retry", events.EventRetryView.as_view(), name="api-event-retry"),
    re_path(
        r"^v1/connectors/(?P<connector>[-a-zA-Z0-9_]{1,60})/(?P<path>[\s\S]+)\Z",
        views.LookupView.as_view(),
        name="api-lookup",
    ),
    re_path(r"^[\s\S]*\Z", csrf_exempt(views.no_such_address)),
]
