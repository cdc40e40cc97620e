"""The hub's own configuration, and the admin's with the hub's site."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class HubConfig(AppConfig):
    name = "integration_hub"
    verbose_name = "Integration Hub"


class HubAdminConfig(AdminConfig):
    default_site = "integration_hub.site.HubAdminSite"
