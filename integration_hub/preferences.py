"""What a person chooses for themselves: the time zone in which times are shown."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from connectors.models import Profile


class PreferencesForm(forms.Form):
    time_zone = forms.ChoiceField(
        label="Time zone",
        required=False,
        help_text="Every time in the hub is shown in this zone, with the zone beside it.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast(forms.ChoiceField, self.fields["time_zone"])
        field.choices = [("", "As the site"), *((zone, zone.replace("_", " ")) for zone in Profile.zones())]


def page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """The Preferences page; ``context`` is the admin site's."""
    user = cast(User, request.user)  # the admin's view has checked that somebody is logged in
    profile = Profile.objects.filter(user=user).first()
    form = PreferencesForm(request.POST or None, initial={"time_zone": profile.time_zone if profile else ""})
    if request.method == "POST" and form.is_valid():
        zone = form.cleaned_data["time_zone"]
        Profile.objects.update_or_create(user=user, defaults={"time_zone": zone})
        request.session["time_zone"] = zone
        messages.success(request, f"Times are shown in {zone}." if zone else "Times are shown in the site's zone.")
        return redirect("admin:preferences")
    return TemplateResponse(request, "admin/hub/preferences.html", {**context, "title": "Preferences", "form": form})


@receiver(user_logged_in, dispatch_uid="hub-time-zone")
def remember_zone(sender: Any, request: HttpRequest, user: Any, **_: Any) -> None:
    """The session knows the zone from log-in on: no query per request."""
    if hasattr(request, "session"):
        zone = Profile.objects.filter(user=user).values_list("time_zone", flat=True).first()
        request.session["time_zone"] = zone or ""
