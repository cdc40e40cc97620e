"""The outermost layer below ``/api/``: whatever fails, in whichever middleware, leaves as a problem and never as HTML.

The views answer in that form by themselves; this catches what never reaches them (a wrong host, a refused session, a
fault in another middleware, Django's own pages) and refuses a body that is too large before anything reads it.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from connectors.api.problems import MEDIA_TYPE, Problem, of_status, response_of
from connectors.api.reading import check_announced_size

Next = Callable[[HttpRequest], HttpResponse]
PREFIX = "/api/"
KEPT_HEADERS = ("Allow", "Retry-After", "WWW-Authenticate")


def problems_only(get_response: Next) -> Next:
    """Middleware; stands behind ``request_id``, in front of everything else."""

    def handle(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX):
            return get_response(request)
        try:
            check_announced_size(request)
        except Problem as problem:
            return response_of(problem, request)
        response = get_response(request)
        if response.status_code < 400 or response.get("Content-Type", "").startswith(MEDIA_TYPE):
            return response
        found = of_status(response.status_code)
        found.headers = {name: response[name] for name in KEPT_HEADERS if response.has_header(name)}
        return response_of(found, request)

    return handle
