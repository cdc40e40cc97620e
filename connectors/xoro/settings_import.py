"""Settings, Import. https://shop-docs.xorosoft.io/getting-started/configuring-settings/import-settings (checked
2026-11-20)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from connectors.xoro.settings_fields import IMPORT, day, switch, text, whole

ON = ("import_enabled",)


@dataclass(frozen=True, kw_only=True)
class ImportSettings:
    import_time_zone: str = text(
        "Time zone of the shop", "Such as America/Toronto. Days and hours of these settings are meant in it.", IMPORT,
        initial="UTC", assumed="The shop's time zone is as entered here: it must be confirmed before go-live.",
        proof="Compare with the time zone in the shop's own settings.",
    )  # fmt: skip
    import_start_date: date | None = day(
        "Integration start date",
        "What is older is left out, and says so. Empty: nothing is, but shipments from before this connector was made, of "
        "orders the hub did not send.",
        IMPORT,
    )
    import_enabled: bool = switch(
        "Automatic import and export", "The scheduler of this connector: fulfillments, inventory, products, returns.",
        IMPORT, initial=False,
    )  # fmt: skip
    import_every_hours: int = whole(
        "Every, hours", "Hours between two runs, 0 to 24.", IMPORT, initial=0, least=0, most=24, shown_when=ON
    )
    import_every_minutes: int = whole(
        "Every, minutes", "Minutes between two runs, on top of the hours, 0 to 59.", IMPORT, initial=15, least=0,
        most=59, shown_when=ON,
    )  # fmt: skip
    import_offset_minutes: int = whole(
        "Offset, minutes", "Moves the minute at which runs start, 0 to 59.", IMPORT, initial=0, least=0, most=59,
        shown_when=ON,
    )  # fmt: skip
    import_overlap_minutes: int = whole(
        "Overlap, minutes", "How far each run looks back behind the last one, 0 to 1440.", IMPORT, initial=30, least=0,
        most=1440, advanced=True,
        assumed="Filters by date are meant in the time zone of Xoro; an overlap of 30 minutes hides errors.",
        proof="As for the time zone of Xoro; a longer overlap does no harm.",
    )  # fmt: skip
    import_max_attempts: int = whole(
        "Attempts", "How often a passing fault is tried again, 1 to 20.", IMPORT, initial=5, least=1, most=20,
        advanced=True,
    )  # fmt: skip
    import_batch_size: int = whole(
        "Batch", "Each run tries all failed entries again, queued in steps of so many, 1 to 1000.", IMPORT, initial=50, least=1,
        most=1000, advanced=True,
    )  # fmt: skip

    @property
    def import_interval_minutes(self) -> int:
        """Minutes between two runs of the scheduler; 0: never by itself."""
        return self.import_every_hours * 60 + self.import_every_minutes if self.import_enabled else 0


def problems(settings: ImportSettings) -> dict[str, str]:
    """What contradicts itself, by setting."""
    found: dict[str, str] = {}
    if not is_zone(settings.import_time_zone):
        found["import_time_zone"] = "No such time zone. Write it like America/Toronto."
    if settings.import_enabled and not settings.import_interval_minutes:
        found["import_every_minutes"] = "Hours and minutes are both 0: nothing would ever run."
    elif settings.import_enabled and settings.import_offset_minutes >= settings.import_interval_minutes:
        found["import_offset_minutes"] = f"Less than the {settings.import_interval_minutes} minutes between two runs."
    return found


def is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
