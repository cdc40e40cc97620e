"""Addresses: webhooks and health (short path), the API, and the admin."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from connectors.webhooks import receive
from integration_hub import health

urlpatterns = [
    path("hooks/<str:token>", receive),
    path("hooks/<str:token>/", receive),
    path("hooks/<str:token>/<slug:endpoint>", receive),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("api/", include("connectors.api.urls")),
    path("admin/", admin.site.urls),
    path("", RedirectView.as_view(url="/admin/")),
]
