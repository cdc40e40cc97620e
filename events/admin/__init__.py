"""The pages of the ledger in the admin: all of them read, none adds, changes or deletes a row."""

from django.contrib import admin

from events.admin.event import EventAdmin
from events.admin.exchange import RelatedRequestAdmin
from events.admin.records import FamilyAdmin, MailAdmin, RejectionAdmin
from events.models import Event, Family, Mail, Rejection, RelatedRequest

admin.site.register(Event, EventAdmin)
admin.site.register(RelatedRequest, RelatedRequestAdmin)
admin.site.register(Family, FamilyAdmin)
admin.site.register(Mail, MailAdmin)
admin.site.register(Rejection, RejectionAdmin)
