"""Indexes of what waits and of what was resolved, for the overview and the list."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("events", "0004_waits_for_lane")]

    operations = [
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                fields=["connector_id", "reason", "-id"], name="event_waiting", condition=Q(outcome="waiting")
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                fields=["-id"], name="event_resolved", condition=Q(outcome="failed", resolved_at__isnull=False)
            ),
        ),
    ]
