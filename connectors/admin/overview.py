"""What a connector's page shows above its settings: one dictionary for the template."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.utils import timezone

from connectors import confirming, host, notices, periods, plans
from connectors.admin import ask, panels, state
from connectors.base import Provider
from connectors.forms import reading
from connectors.models import Breaker, BreakerState, Connector
from events.models import Event, Mail

RECENT = 10
SYNCS_SHOWN = 4
SINGLES_SHOWN = 1
TABS = ("overview", "more", "settings")


def overview(connector: Connector, user: AbstractBaseUser | AnonymousUser, tab: str = "") -> dict[str, Any]:
    """``tab``: the part asked for; without one, what a person needs first: settings where they are missing."""
    provider = state.provider_of(connector)
    breakers = list(Breaker.objects.filter(connector=connector).exclude(state=BreakerState.CLOSED).order_by("endpoint"))
    own = next((b for b in breakers if not b.endpoint), None)
    warnings = notices.of([connector.pk]).get(connector.pk, [])
    now = state.state_of(connector, own, warnings)
    may = {
        name: user.has_perm(f"connectors.{name}_connector")  # type: ignore[union-attr]
        for name in ("change", "add", "delete", "synchronize", "check")
    }
    failures = state.open_failures([connector.pk]).get(connector.pk, 0)
    if tab not in TABS:
        tab = "settings" if may["change"] and now.word in state.UNUSABLE else "overview"
    if tab == "more" and not (provider and provider.panels):
        tab = "overview"
    return {
        "tab": tab,
        "panels": panels.shown(connector, provider, sees_addresses=may["change"]) if tab == "more" else [],
        "has_panels": provider is not None and bool(provider.panels),
        "notices": warnings,
        "is_told_by_notices": now.word == state.ATTENTION,
        "is_unusable": now.word in state.UNUSABLE,
        "connector": connector,
        "help_page": f"connectors/{connector.provider_slug}",
        "provider": provider,
        "state": now,
        "has_contract": provider is not None and provider.contract_check is not None,
        "has_field_map": provider is not None and provider.field_map_preview is not None,
        "may": may,
        "breakers": breakers,
        "failures": failures,
        "failures_text": state.counted(failures),
        "syncs": _syncs(connector, provider),
        "may_ask": ask.may(user) and provider is not None and bool(provider.lookups),
        "may_bring_in": may["synchronize"] and bool(periods.ways(connector)),
        "singles": _singles(provider, may["synchronize"]),
        "events": _recent(connector) if user.has_perm("events.view_event") else None,  # type: ignore[union-attr]
        "events_path": state.events_path(connector.pk),
        "webhook": _webhook(connector, provider, may["change"]),
        "mail": _mail(connector),
        "groups": _read_only_settings(connector, provider) if not may["change"] else [],
        "checklist": confirming.progress(confirming.items(connector)) if confirming.has_any(connector) else None,
        "hint": _why_not(connector, now),
    }


def _folded(rows: list[dict[str, Any]], limit: int) -> dict[str, list[dict[str, Any]]]:
    """The first rows are shown, the others on asking; one alone is not worth a fold."""
    return {"shown": rows, "more": []} if len(rows) <= limit + 1 else {"shown": rows[:limit], "more": rows[limit:]}


def _singles(provider: Provider | None, may_synchronize: bool) -> dict[str, list[dict[str, Any]]]:
    rows = provider.singles.items() if provider and may_synchronize else ()
    return _folded([{"name": name, "label": one.label, "help": one.help} for name, one in rows], SINGLES_SHOWN)


def _syncs(connector: Connector, provider: Provider | None) -> dict[str, list[dict[str, Any]]]:
    """The provider's syncs, each with its plan if it has one; those with a plan come first."""
    if provider is None:
        return _folded([], SYNCS_SHOWN)
    made = {plan.sync: plan for plan in connector.plans.all()}
    last = Event.objects.in_bulk([plan.last_event_id for plan in made.values() if plan.last_event_id])
    rows = [
        {
            "name": name,
            "label": sync.label,
            "help": sync.help,
            "plan": plan,
            "is_decided": sync.every is not None,
            "why_late": plans.why_late(plan, last.get(plan.last_event_id or 0)) if plan else "",
            "last_path": state.event_path(plan.last_event_id) if plan and plan.last_event_id else "",
        }
        for name, sync in provider.syncs.items()
        for plan in [made.get(name)]
    ]
    return _folded(sorted(rows, key=lambda row: row["plan"] is None), SYNCS_SHOWN)


def _recent(connector: Connector) -> list[dict[str, Any]]:
    found = Event.objects.filter(connector_id=connector.pk).order_by("-id")[:RECENT]
    tones = {"succeeded": "ok", "failed": "bad", "waiting": "warn", "running": "info", "queued": "info"}
    return [
        {"event": one, "tone": tones.get(one.outcome, "idle"), "path": state.event_path(one.pk)}
        for one in found.only("id", "topic", "object_label", "outcome", "reason", "sentence", "received_at", "kind")
    ]


def _webhook(connector: Connector, provider: Provider | None, may_see: bool) -> dict[str, Any] | None:
    """The inbound addresses. They are as good as a password in part, so only people who may change them see them."""
    if provider is None or (provider.webhook is None and not provider.endpoints):
        return None
    old_until = None
    if connector.previous_webhook_token and connector.webhook_token_rotated_at:
        old_until = connector.webhook_token_rotated_at + timedelta(days=settings.WEBHOOK_TOKEN_GRACE_DAYS)
    return {
        "address": connector.webhook_url if may_see else "",
        "takes_deliveries": provider.webhook is not None,
        "setup": provider.webhook.setup if provider.webhook else "",
        "endpoints": [
            {"label": one.label or name, "address": f"{connector.webhook_url}/{name}" if may_see else ""}
            for name, one in provider.endpoints.items()
        ],
        "old_until": old_until if old_until and old_until > timezone.now() else None,
        "grace_days": settings.WEBHOOK_TOKEN_GRACE_DAYS,
    }


def _mail(connector: Connector) -> dict[str, Any]:
    """Whom mails go to: the connector's settings may name others than its receiver."""
    contact = host.contact(connector.pk)
    receiver = contact.receiver if contact is not None else connector.email_receiver
    said = (("sender", connector.email_sender), ("receiver", receiver))
    missing = [word for word, value in said if not value.strip()]
    last = Mail.objects.filter(connector_id=connector.pk, kind="test").order_by("-id").first()
    return {"missing": missing, "last_test": last, "receiver": receiver}


def _read_only_settings(connector: Connector, provider: Provider | None) -> list[Any]:
    return reading.shown(provider.settings, connector.settings, connector.secrets) if provider else []


def _why_not(connector: Connector, now: state.State) -> str:
    """Why its buttons do nothing at the moment, if so."""
    if now.word in state.UNUSABLE:
        return now.sentence
    if not connector.is_enabled:
        return "The connector is disabled: enable it first."
    if connector.is_paused:
        return "The connector is paused: what you start waits until it is resumed."
    return ""
