"""The three groups, made after migrating. What somebody added or removed by hand afterwards stays as it is: a
permission is given once, and remembered as given."""

from __future__ import annotations

from typing import Any

SUPPORT = (
    "events.view_event", "events.view_relatedrequest", "events.view_payload",
    "events.retry_event", "events.resolve_event",
    "events.view_family", "events.view_rejection",
    "connectors.view_connector", "connectors.synchronize_connector", "connectors.check_connector",
    "connectors.view_route", "connectors.view_link", "connectors.view_plan", "connectors.view_figure",
    "connectors.view_mapping", "connectors.add_mapping", "connectors.change_mapping",
)  # fmt: skip
READ_ONLY = (
    "events.view_event", "events.view_relatedrequest", "events.view_family", "events.view_rejection",
    "connectors.view_connector", "connectors.view_route", "connectors.view_mapping", "connectors.view_link",
    "connectors.view_plan", "connectors.view_figure",
)  # fmt: skip
ADMINISTRATORS = (
    *SUPPORT, "events.view_mail",
    *(f"connectors.{verb}_{model}" for verb in ("add", "change", "delete")
      for model in ("connector", "route", "mapping", "plan", "apikey")),
    "connectors.view_apikey", "connectors.change_link", "connectors.delete_link",
    "auth.view_user", "auth.add_user", "auth.change_user", "auth.delete_user", "auth.view_group",
)  # fmt: skip
GROUPS = {"Administrators": tuple(dict.fromkeys(ADMINISTRATORS)), "Support": SUPPORT, "Read only": READ_ONLY}


def after_migrate(sender: Any, using: str = "default", **_: Any) -> None:
    """Create the groups and give them the permissions they were never given before."""
    from django.contrib.auth.management import create_permissions
    from django.contrib.auth.models import Group, Permission

    from connectors.models import GrantedPermission

    for config in (sender, *(c for c in sender.apps.get_app_configs() if c.label in {"auth", "events"})):
        create_permissions(config, verbosity=0, using=using)
    known = {
        f"{p.content_type.app_label}.{p.codename}": p
        for p in Permission.objects.using(using).select_related("content_type")
    }
    for name, wanted in GROUPS.items():
        group = Group.objects.using(using).get_or_create(name=name)[0]
        given = set(GrantedPermission.objects.using(using).filter(group=name).values_list("permission", flat=True))
        fresh = [permission for permission in wanted if permission not in given]
        group.permissions.add(*(known[p] for p in fresh if p in known))
        GrantedPermission.objects.using(using).bulk_create(
            [GrantedPermission(group=name, permission=p) for p in fresh if p in known], ignore_conflicts=True
        )
