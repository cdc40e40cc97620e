"""The partitioned table of bodies, the bells, and the settings of busy tables."""

from django.db import migrations

TABLES = """
CREATE TABLE events_body (
  event_id bigint NOT NULL, part text NOT NULL, kept boolean NOT NULL DEFAULT false, recorded_at timestamptz NOT NULL,
  encoding smallint NOT NULL, content bytea NOT NULL,
  PRIMARY KEY (event_id, part, kept, recorded_at)
) PARTITION BY LIST (kept);
CREATE TABLE events_body_live PARTITION OF events_body FOR VALUES IN (false) PARTITION BY RANGE (recorded_at);
CREATE TABLE events_body_kept PARTITION OF events_body FOR VALUES IN (true) PARTITION BY RANGE (recorded_at);
CREATE TABLE events_body_live_other PARTITION OF events_body_live DEFAULT;
CREATE TABLE events_body_kept_other PARTITION OF events_body_kept DEFAULT;
-- compressed by the hub already; compressing again would only cost time
ALTER TABLE events_body_live_other ALTER COLUMN content SET STORAGE EXTERNAL;
"""
# A claim reads the newest state of few rows of a big table: dead rows must go early.
BUSY = """
ALTER TABLE events_event SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05, fillfactor = 90);
ALTER TABLE django_q_ormq SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
"""


def first_partitions(apps, schema_editor):
    from django.utils import timezone

    from events import bodies

    bodies.make_partitions(timezone.now().date())


class Migration(migrations.Migration):
    dependencies = [("events", "0001_initial"), ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more")]

    operations = [
        migrations.RunSQL(TABLES, "DROP TABLE events_body"),
        migrations.RunSQL(BUSY, migrations.RunSQL.noop),
        migrations.RunPython(first_partitions, migrations.RunPython.noop),
    ]
