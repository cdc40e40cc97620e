"""The short ledgers: families of failures, the mail outbox, rejected deliveries."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from events import listing
from events.admin.base import LIST_LIMIT, LedgerAdmin, connector_page
from events.host import host
from events.models import Family, Mail, Rejection

MAILS_PER_PAGE = 50
REASONS = {
    "bad_signature": "wrong or missing signature",
    "too_large": "too large",
    "unknown_connector": "unknown address",
    "not_json": "not JSON",
}


def failures_of(family: Family) -> str:
    """The list of a family's open failures."""
    filters = listing.Filters(connector=family.connector_id or None, cause=family.cause, resolved="no")
    return reverse("admin:events_event_changelist") + filters.query()


class FamilyAdmin(LedgerAdmin):
    def get_urls(self) -> list[URLPattern]:  # type: ignore[override]
        return [
            path("", self.view(self.changelist_view), name="events_family_changelist"),
            path("<int:object_id>/change/", self.view(self.change_view), name="events_family_change"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        is_past = request.GET.get("state") == "past"
        families = Family.objects.filter(recovered_at__isnull=not is_past).order_by(
            "-recovered_at" if is_past else "-last_at"
        )[: LIST_LIMIT + 1]
        names = host().connectors()
        rows = [
            {
                "family": family,
                "connector": names.get(family.connector_id, ""),
                "connector_url": connector_page(family.connector_id),
                "failures_url": failures_of(family),
            }
            for family in families
        ]
        return self.render(
            request,
            "family/change_list.html",
            "Failures",
            rows=rows[:LIST_LIMIT],
            is_past=is_past,
            has_more=len(rows) > LIST_LIMIT,
        )

    def change_view(
        self, request: HttpRequest, object_id: Any, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        family = Family.objects.filter(pk=object_id).first()
        if family is None:
            raise Http404("There is no such family of failures.")
        return HttpResponseRedirect(failures_of(family))


class MailAdmin(LedgerAdmin):
    def get_urls(self) -> list[URLPattern]:  # type: ignore[override]
        return [
            path("", self.view(self.changelist_view), name="events_mail_changelist"),
            path("<int:object_id>/change/", self.view(self.change_view), name="events_mail_change"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        older = listing.as_id(request.GET.get("older", ""))
        state = request.GET.get("state", "")
        mails = Mail.objects.defer("text", "html").order_by("-pk")
        if older is not None:
            mails = mails.filter(pk__lt=older)
        if state in Mail.State.values:
            mails = mails.filter(state=state)
        rows = list(mails[: MAILS_PER_PAGE + 1])
        names = host().connectors()
        for mail in rows:
            mail.connector_name = names.get(mail.connector_id, "")  # type: ignore[attr-defined]
        more = rows[MAILS_PER_PAGE - 1].pk if len(rows) > MAILS_PER_PAGE else None
        return self.render(
            request, "mail/change_list.html", "Mail", rows=rows[:MAILS_PER_PAGE], older=more, state=state,
            states=Mail.State.choices, is_first=older is None,
        )  # fmt: skip

    def change_view(
        self, request: HttpRequest, object_id: Any, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        mail = Mail.objects.select_related("family").filter(pk=object_id).first()
        if mail is None:
            raise Http404("There is no such mail.")
        return self.render(
            request, "mail/page.html", mail.subject, mail=mail,
            connector=host().connectors().get(mail.connector_id, ""), connector_url=connector_page(mail.connector_id),
        )  # fmt: skip


class RejectionAdmin(LedgerAdmin):
    def get_urls(self) -> list[URLPattern]:  # type: ignore[override]
        return [path("", self.view(self.changelist_view), name="events_rejection_changelist")]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        names = host().connectors()
        rows = [
            {
                "rejection": one,
                "reason": REASONS.get(one.reason, one.reason.replace("_", " ")),
                "connector": names.get(one.connector_id, ""),
                "connector_url": connector_page(one.connector_id) if one.connector_id in names else "",
            }
            for one in Rejection.objects.order_by("-day", "-count")[:LIST_LIMIT]
        ]
        return self.render(request, "rejection/change_list.html", "Rejections", rows=rows)
