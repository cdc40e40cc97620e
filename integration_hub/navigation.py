"""The pages a person may open, in the order of the sidebar. Pages are named by address, so that a part of the hub that
is not installed is simply not listed."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils.translation import gettext_lazy as _

# (section, ((label, icon, URL name or path, permission), ...))
PAGES = (
    ("", (
        (_("Overview"), "overview", "admin:index", ""),
        (_("Events"), "events", "admin:events_event_changelist", "events.view_event"),
        (_("Failures"), "failures", "admin:events_family_changelist", "events.view_family"),
    )),
    (_("Set-up"), (
        (_("Connectors"), "connectors", "admin:connectors_connector_changelist", "connectors.view_connector"),
        (_("Routes"), "routes", "admin:connectors_route_changelist", "connectors.view_route"),
        (_("Mappings"), "mappings", "admin:connectors_mapping_changelist", "connectors.view_mapping"),
    )),
    (_("Records"), (
        (_("Figures with problems"), "figures", "admin:connectors_figure_changelist", "connectors.view_figure"),
        (_("Links"), "links", "admin:connectors_link_changelist", "connectors.view_link"),
        (_("Mail"), "mail", "admin:events_mail_changelist", "events.view_mail"),
        (_("Rejections"), "rejections", "admin:events_rejection_changelist", "events.view_rejection"),
    )),
    (_("Access"), (
        (_("API keys"), "keys", "admin:connectors_apikey_changelist", "connectors.view_apikey"),
        (_("API docs"), "docs", "/api/docs/", ""),
        (_("Help"), "info", "admin:help_index", ""),
        (_("People"), "people", "admin:auth_user_changelist", "auth.view_user"),
    )),
)  # fmt: skip


@dataclass(frozen=True)
class Item:
    label: str
    icon: str
    url: str
    is_current: bool = False


@dataclass(frozen=True)
class Section:
    label: str
    items: list[Item]


def address(name: str) -> str:
    """The path of a URL name, or of a path that something answers; empty where nothing does."""
    try:
        if name.startswith("/"):
            resolve(name)
            return name
        return reverse(name)
    except (NoReverseMatch, Resolver404):
        return ""


def sections(request: HttpRequest) -> list[Section]:
    """What the sidebar shows this person."""
    home = address("admin:index")
    found = []
    for label, pages in PAGES:
        items = []
        for title, icon, name, permission in pages:
            url = address(name)
            if not url or (permission and not request.user.has_perm(permission)):
                continue
            is_current = request.path == url if url == home else request.path.startswith(url)
            items.append(Item(str(title), icon, url, is_current))
        if items:
            found.append(Section(str(label), items))
    return found
