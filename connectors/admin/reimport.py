"""Bringing in again by hand: by number, or by days with a look at how many that are, and the progress of it.

``/admin/connectors/connector/<pk>/import/`` of a source or a target; ``.../import/<event>/`` is one that was started.
"""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from connectors import periods, syncing
from connectors.admin import state
from connectors.exceptions import HubError
from connectors.models import Connector
from connectors.periods import Way
from events import cancelling, listing, progress
from events.models import Event, Outcome

NAME = "connectors_connector_import"
LONGEST_DAYS = 3660
FIRST_YEAR, LAST_YEAR = 1990, 2199  # what sources can be asked for


class Days(forms.DateInput):
    input_type = "date"


class NumberForm(forms.Form):
    """By number or id, as people know it."""

    way = forms.ChoiceField(label="What")
    number = forms.CharField(label="Number or id", max_length=120)
    forced = forms.BooleanField(required=False)

    def __init__(self, ways: list[Way], *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        _offer(self, [way for way in ways if way.single])

    def clean_number(self) -> str:
        return str(self.cleaned_data["number"]).replace("\x00", "").strip()


class DaysForm(forms.Form):
    """By days, both included."""

    way = forms.ChoiceField(label="What")
    first = forms.DateField(label="From", widget=Days)
    last = forms.DateField(label="To", widget=Days)
    forced = forms.BooleanField(required=False)

    def __init__(self, ways: list[Way], *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        _offer(self, [way for way in ways if way.period])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        for name, day in (("first", first), ("last", last)):
            if day and not FIRST_YEAR <= day.year <= LAST_YEAR:
                self.add_error(name, f"Choose a day of the years {FIRST_YEAR} to {LAST_YEAR}.")
        if first and last and first > last:
            self.add_error("last", "This is before the first day.")
        if first and last and (last - first).days > LONGEST_DAYS:
            self.add_error("last", "That is more than ten years. Choose fewer days.")
        return cleaned


def _offer(form: forms.Form, ways: list[Way]) -> None:
    field = cast(forms.ChoiceField, form.fields["way"])
    field.choices = [(way.key, f"{way.many} {'from' if way.targets else 'into'} {way.source}") for way in ways]


def page(request: HttpRequest, site: AdminSite, connector: Connector) -> HttpResponse:
    if not request.user.has_perm("connectors.synchronize_connector"):
        raise PermissionDenied
    ways = periods.ways(connector)
    posted = request.POST if request.method == "POST" else None
    by_days = posted is not None and "first" in posted
    number = NumberForm(ways, posted if posted is not None and not by_days else None)
    days = DaysForm(ways, posted if by_days else None)
    context: dict[str, Any] = {}
    if posted is not None:
        form = days if by_days else number
        if form.is_valid():
            way = next(way for way in ways if way.key == form.cleaned_data["way"])
            if by_days and "start" not in posted:
                context["asked"] = _asked(way, form.cleaned_data, request.user.get_username())
            else:
                return _start(request, connector, way, form.cleaned_data, by_days=by_days)
    context |= {
        **site.each_context(request),
        "title": f"Bring in again: {connector}",
        "connector": connector,
        "ways": ways,
        "number_form": number if any(way.single for way in ways) else None,
        "days_form": days if any(way.period for way in ways) else None,
        "starts": periods.starts(ways),
    }
    return TemplateResponse(request, "admin/connectors/connector/import.html", context)


def _asked(way: Way, given: dict[str, Any], by: str) -> dict[str, Any]:
    """What the confirmation says: how many objects, whence and whither."""
    count, why_not = periods.count(way, given["first"], given["last"], by=by)
    return {**given, "way": way, "count": count, "why_not": why_not}


def _start(
    request: HttpRequest, connector: Connector, way: Way, given: dict[str, Any], *, by_days: bool
) -> HttpResponse:
    who, is_forced = request.user.get_username(), bool(given["forced"])
    try:
        if by_days:
            first, last = given["first"], given["last"]
            event_id = syncing.start_period(way.source, way.period, first, last, by=who, is_forced=is_forced)
        else:
            event_id = syncing.start_single(way.source, way.single, given["number"], by=who, is_forced=is_forced)
    except HubError as error:
        messages.error(request, error.sentence)
        return redirect(reverse(f"admin:{NAME}", args=[connector.pk]))
    return redirect(reverse(f"admin:{NAME}_progress", args=[connector.pk, event_id]))


def follow(request: HttpRequest, site: AdminSite, connector: Connector, event_id: int) -> HttpResponse:
    """How far one is; a POST cancels what has not begun."""
    if not request.user.has_perm("connectors.synchronize_connector"):
        raise PermissionDenied
    event = Event.objects.filter(pk=min(event_id, listing.BIGGEST_ID)).first()
    if event is None or not event.topic.startswith(("period:", "single:")):
        raise Http404("Nothing was brought in by this event.")
    here = reverse(f"admin:{NAME}_progress", args=[connector.pk, event_id])
    if request.method == "POST":
        count = cancelling.cancel(event.pk, by=request.user.get_username())
        text = f"Cancelled: {count:,} that had not begun. What had begun goes on."
        messages.success(request, text)
        return redirect(here)
    if request.method != "GET":
        return HttpResponseNotAllowed(["GET", "POST"])
    tally = progress.tally(event)
    labels = dict(Outcome.choices)
    context = {
        **site.each_context(request),
        "title": f"Bring in again: {event.object_label or event.topic}",
        "connector": connector,
        "event": event,
        "event_path": state.event_path(event.pk),
        "tally": tally,
        "counts": [(outcome, labels[outcome], count) for outcome, count in tally.counts.items()],
        "here": here,
        "again": reverse(f"admin:{NAME}", args=[connector.pk]),
    }
    part = "_part" if getattr(request, "htmx", False) else ""
    return TemplateResponse(request, f"admin/connectors/connector/import_progress{part}.html", context)
