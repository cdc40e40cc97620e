"""Addresses below ``/api/``. Lookups have none of their own here: a provider declares them, the view finds them."""

from __future__ import annotations

from django.urls import re_path
from django.views.decorators.csrf import csrf_exempt

from connectors.api import views

# Any character may stand in an id, a line break too: what matches nothing else still ends in a problem.
urlpatterns = [
    re_path(
        r"^v1/connectors/(?P<connector>[-a-zA-Z0-9_]{1,60})/(?P<path>[\s\S]+)\Z",
        views.LookupView.as_view(),
        name="api-lookup",
    ),
    re_path(r"^[\s\S]*\Z", csrf_exempt(views.no_such_address)),
]
