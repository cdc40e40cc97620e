"""The buttons of a connector's page. Each is a POST, each asks for its permission, each says what it did."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from connectors import breakers, checking, contracts, known, lanes, plans, syncing
from connectors.admin import ask, checklist, fieldmap, log, reimport, state, testmail
from connectors.exceptions import HubError
from connectors.models import Connector, new_token
from connectors.registry import UnknownProvider
from events.text import clean

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    Base = ModelAdmin[Connector]
else:
    Base = object

FIELD_MAP = "connectors_connector_field_map"
Action = Callable[[HttpRequest, Connector, str], HttpResponse]


class ConnectorActions(Base):
    """Mixed into the admin of connectors: addresses ``<id>/<action>/`` and ``<id>/<action>/<name>/``."""

    def get_urls(self) -> list[URLPattern]:
        actions: list[tuple[str, str, Action]] = [
            ("synchronize", "synchronize", self.synchronize),
            ("single", "synchronize", self.synchronize_one),
            ("check", "check", self.test_connection),
            ("contract", "check", self.check_contract),
            ("test-mail", "check", self.send_test_mail),
            ("pause", "change", self.pause),
            ("resume", "change", self.resume),
            ("enable", "change", self.enable),
            ("disable", "change", self.disable),
            ("close-breaker", "change", self.close_breaker),
            ("rotate-address", "change", self.rotate_address),
            ("copy", "add", self.copy),
        ]
        urls = []
        for name, permission, action in actions:
            view = self.admin_site.admin_view(_posted(action, permission))
            url_name = f"connectors_connector_{name.replace('-', '_')}"
            urls.append(path(f"<int:pk>/{name}/", view, name=url_name))
            urls.append(path(f"<int:pk>/{name}/<str:what>/", view, name=url_name))
        urls.append(path("<int:pk>/field-map/", self.admin_site.admin_view(self.field_map), name=FIELD_MAP))
        urls.append(path("<int:pk>/checklist/", self.admin_site.admin_view(self.checklist), name=checklist.NAME))
        view = self.admin_site.admin_view
        urls.append(path("<int:pk>/log/", view(self.log), name=log.NAME))
        urls.append(path("<int:pk>/import/", view(self.reimport), name=reimport.NAME))
        urls.append(path("<int:pk>/import/<int:event>/", view(self.follow), name=f"{reimport.NAME}_progress"))
        urls.append(path("<int:pk>/ask/", view(self.ask), name=ask.NAME))
        urls.append(path("<int:pk>/ask/<path:topic>/", view(self.ask), name=ask.NAME))
        return urls + super().get_urls()

    def ask(self, request: HttpRequest, pk: int, topic: str = "") -> HttpResponse:
        return ask.page(request, self.admin_site, get_object_or_404(Connector, pk=pk), topic)

    def reimport(self, request: HttpRequest, pk: int) -> HttpResponse:
        return reimport.page(request, self.admin_site, get_object_or_404(Connector, pk=pk))

    def follow(self, request: HttpRequest, pk: int, event: int) -> HttpResponse:
        return reimport.follow(request, self.admin_site, get_object_or_404(Connector, pk=pk), event)

    def checklist(self, request: HttpRequest, pk: int) -> HttpResponse:
        return checklist.page(request, self.admin_site, get_object_or_404(Connector, pk=pk))

    def log(self, request: HttpRequest, pk: int) -> HttpResponse:
        return log.page(request, self.admin_site, get_object_or_404(Connector, pk=pk))

    def field_map(self, request: HttpRequest, pk: int) -> HttpResponse:
        return fieldmap.page(request, self.admin_site, get_object_or_404(Connector, pk=pk))

    # --- work -----------------------------------------------------------------------------------------------------
    def synchronize(self, request: HttpRequest, connector: Connector, what: str) -> HttpResponse:
        return self._started(request, connector, lambda: syncing.start_sync(connector, what, by=_who(request)))

    def synchronize_one(self, request: HttpRequest, connector: Connector, what: str) -> HttpResponse:
        number = request.POST.get("number", "")[:120].replace("\x00", "")
        who = _who(request)
        return self._started(request, connector, lambda: syncing.start_single(connector, what, number, by=who))

    def _started(self, request: HttpRequest, connector: Connector, start: Callable[[], int]) -> HttpResponse:
        try:
            event_id = start()
        except HubError as error:
            messages.error(request, error.sentence)
        else:
            text = '{} is under way: <a href="{}">event {}</a>.'
            messages.success(request, format_html(text, "Synchronization", state.event_path(event_id), event_id))
        return _back(connector)

    def test_connection(self, request: HttpRequest, connector: Connector, what: str) -> HttpResponse:
        report = checking.check_connector(connector, by=_who(request))
        return self._page(request, connector, "check", title="Test connection", report=report)

    def check_contract(self, request: HttpRequest, connector: Connector, what: str) -> HttpResponse:
        try:
            report = contracts.check_contract(connector, by=_who(request))
        except HubError as error:
            if _wants_part(request):
                notice = '<div class="notice notice--bad" role="alert"><div>{} {}</div></div>'
                return HttpResponse(format_html(notice, error.sentence, error.next_step))
            messages.error(request, f"{error.sentence} {error.next_step}".strip())
            return _back(connector)
        return self._page(request, connector, "contract", title="Contract check", report=report)

    def _page(
        self,
        request: HttpRequest,
        connector: Connector,
        name: str,
        *,
        title: str,
        report: checking.Report | contracts.ContractReport,
    ) -> HttpResponse:
        """A result: the whole page, or only its card where the page asked for that."""
        context = {
            **self.admin_site.each_context(request), "title": f"{title}: {connector}", "opts": self.model._meta,
            "connector": connector, "report": report, "event_id": report.event_id,
            "event_path": state.event_path(report.event_id),
        }  # fmt: skip
        template = f"admin/connectors/connector/{name}{'_card' if _wants_part(request) else ''}.html"
        return TemplateResponse(request, template, context)

    def send_test_mail(self, request: HttpRequest, connector: Connector, what: str) -> HttpResponse:
        try:
            mail = testmail.write(connector, by=_who(request))
        except HubError as error:
            messages.error(request, error.sentence)
        else:
            sentence = f"A test mail to {mail.receiver} lies in the outbox and leaves within seconds."
            messages.success(request, f"{sentence} What became of it shows below.")
        return _back(connector)

    # --- state ----------------------------------------------------------------------------------------------------
    def pause(self, request: HttpRequest, connector: Connector, what: str) -> HttpResponse:
        sentence = "is paused: its events wait until it is resumed."
        return self._set(request, connector, "Paused", sentence, is_paused=True)

    def resume(self, request: HttpRequest, connector: Connector, what: str) -> HttpResponse:
        return self._set(request, connector, "Resumed", "is resumed: what waited goes on.", is_paused=False)

    def enable(self, request: HttpRequest, connector: Connector, what: str) -> HttpResponse:
        return self._set(request, connector, "Enabled", "is enabled.", is_enabled=True)

    def disable(self, request: HttpRequest, connector: Connector, what: str) -> HttpResponse:
        sentence = "is disabled: deliveries are stored and answered, nothing is done with them."
        return self._set(request, connector, "Disabled", sentence, is_enabled=False)

    def _set(
        self, request: HttpRequest, connector: Connector, word: str, sentence: str, **columns: bool
    ) -> HttpResponse:
        for column, value in columns.items():
            setattr(connector, column, value)
        connector.save(update_fields=[*columns, "updated_at"])
        known.forget()
        self.log_change(request, connector, f"{word}.")
        messages.success(request, f"{connector} {sentence}")
        if columns.get("is_enabled"):
            plans.bring_forward([connector.pk])
        return _back(connector)

    def close_breaker(self, request: HttpRequest, connector: Connector, what: str) -> HttpResponse:
        endpoint = clean(request.POST.get("endpoint"), 120)
        if breakers.worked(connector.pk, endpoint=endpoint):
            lanes.reopen()
            self.log_change(request, connector, f"Closed the breaker {endpoint}".strip() + ".")
            messages.success(request, f"{connector} is called again; what waited goes on.")
        else:
            messages.info(request, "The breaker was closed already.")
        return _back(connector)

    def rotate_address(self, request: HttpRequest, connector: Connector, what: str) -> HttpResponse:
        connector.rotate_webhook_token()
        known.forget()
        self.log_change(request, connector, "Made a new webhook address.")
        does_itself = plans.bring_forward([connector.pk])
        more = "The hub tells the vendor within a minute." if does_itself else "Enter it at the vendor now."
        messages.success(request, f"The connector has a new webhook address. {more}")
        return _back(connector)

    def copy(self, request: HttpRequest, connector: Connector, what: str) -> HttpResponse:
        """A second connector with the same settings; secrets stay behind, because they are bound to their row."""
        with transaction.atomic():
            made = Connector(
                name=_free("name", connector.name, " (copy)", " (copy {})", 120),
                slug=_free("slug", connector.slug, "-copy", "-copy-{}", 60),
                provider_slug=connector.provider_slug,
                is_enabled=False,
                settings=connector.settings,
                email_sender=connector.email_sender,
                email_receiver=connector.email_receiver,
                retention_success_days=connector.retention_success_days,
                retention_failure_days=connector.retention_failure_days,
                webhook_token=new_token(),
            )
            made.save()
            self.log_addition(request, made, f"Copied from {connector}.")
        sentence = f"{made} has the settings of {connector}, without its secrets."
        messages.success(request, f"{sentence} Enter them, test the connection, then enable it.")
        return _back(made)


def _posted(action: Action, permission: str) -> Callable[..., HttpResponse]:
    def view(request: HttpRequest, pk: int, what: str = "") -> HttpResponse:
        if not request.user.has_perm(f"connectors.{permission}_connector"):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        connector = get_object_or_404(Connector, pk=pk)
        try:
            return action(request, connector, what)
        except UnknownProvider as error:
            messages.error(request, str(error))
            return _back(connector)

    return view


def _wants_part(request: HttpRequest) -> bool:
    """Whether a script asked, which puts the answer into the page it is on."""
    return bool(getattr(request, "htmx", False))


def _who(request: HttpRequest) -> str:
    return str(request.user.get_username())


def _back(connector: Connector) -> HttpResponse:
    return redirect(reverse("admin:connectors_connector_change", args=[connector.pk]))


def _free(column: str, value: str, first: str, further: str, limit: int) -> str:
    """A name nobody has yet, made from ``value``."""
    endings = [first, *(further.format(number) for number in range(2, 1000))]
    candidates = [value[: limit - len(ending)] + ending for ending in endings]
    taken = set(Connector.objects.filter(**{f"{column}__in": candidates}).values_list(column, flat=True))
    return next(one for one in candidates if one not in taken)
