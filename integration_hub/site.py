"""The admin site: Django's own, under the hub's name."""

from __future__ import annotations

from django.contrib.admin import AdminSite


class HubAdminSite(AdminSite):
    site_header = "Integration Hub"
    site_title = "Integration Hub"
    index_title = "Overview"
