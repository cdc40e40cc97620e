"""The hub's own middleware: the short path of webhooks, request ids, the person's time zone."""

from __future__ import annotations

import ipaddress
import secrets
import zoneinfo
from collections.abc import Callable
from contextlib import suppress

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils import timezone

Next = Callable[[HttpRequest], HttpResponse]
SHORT_PATHS = ("/hooks/", "/healthz", "/readyz", "/metrics")


def client_address(get_response: Next) -> Next:
    """Behind a proxy of one's own, who asked is the address that proxy appended: the log-in's lock and the counters of
    rejected deliveries go by it. What a client wrote into ``X-Forwarded-For`` himself stands further left and counts for
    nothing."""

    def handle(request: HttpRequest) -> HttpResponse:
        if settings.HUB_BEHIND_PROXY:
            said = [one.strip() for one in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
            told = said[-settings.HUB_PROXY_COUNT] if len(said) >= settings.HUB_PROXY_COUNT else ""
            with suppress(ValueError):
                request.META["REMOTE_ADDR"] = str(ipaddress.ip_address(told))
        return get_response(request)

    return handle


def short_path(get_response: Next) -> Next:
    """Serve webhooks and health without sessions, log-in and the rest: that is most of what a request costs."""

    def handle(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(SHORT_PATHS):
            return get_response(request)
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return get_response(request)
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        response._has_been_logged = True  # type: ignore[attr-defined]  # Django's log of 503s: these log their own
        response.headers.setdefault("Content-Length", str(len(response.content)))
        return response

    return handle


def request_id(get_response: Next) -> Next:
    """Every log line of a request and its answer carry one id."""

    def handle(request: HttpRequest) -> HttpResponse:
        made = secrets.token_hex(8)
        structlog.contextvars.bind_contextvars(request_id=made)
        try:
            response = get_response(request)
        finally:
            structlog.contextvars.unbind_contextvars("request_id")
        response["X-Request-Id"] = made
        return response

    return handle


def time_zone(get_response: Next) -> Next:
    """Times in the zone a person chose on the Preferences page, else the site's own."""

    def handle(request: HttpRequest) -> HttpResponse:
        name = request.session.get("time_zone") if hasattr(request, "session") else None
        if not name:
            return get_response(request)
        try:
            with timezone.override(zoneinfo.ZoneInfo(name)):
                return get_response(request)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            return get_response(request)

    return handle
