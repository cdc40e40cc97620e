"""The hub's own configuration, and the admin's with the hub's site."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class HubConfig(AppConfig):
    name = "integration_hub"
    verbose_name = "Integration Hub"


class HubAdminConfig(AdminConfig):
    default_site = "integration_hub.site.HubAdminSite"

    def ready(self) -> None:
        super().ready()  # every application's admin module is read here
        from django.contrib import admin

        from integration_hub import people, preferences  # noqa: F401  (preferences listens for log-ins)

        people.tidy(admin.site)
