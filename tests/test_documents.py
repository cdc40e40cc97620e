"""What README and docs say exists: commands, targets, links, reasons, metrics; and no table of settings is stale."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command, get_commands
from prometheus_client.core import REGISTRY

from connectors import registry
from events.models import Reason

ROOT = Path(settings.BASE_DIR)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.*)$", FENCE.sub("", text_of(path)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in found}


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_make_target_exists(path):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^\s*)make ([a-z]+)", text_of(path), re.MULTILINE))
    assert named <= targets


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_command_exists(path):
    named = set(re.findall(r"manage\.py ([a-z_]+)", text_of(path)))
    assert named <= set(get_commands())


def test_every_target_and_command_of_ours_is_listed():
    """Targets in the README, commands there or on the operator's page."""
    text = text_of(ROOT / "README.md")
    targets = re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert [one for one in targets if one != "help" and f"`make {one}`" not in text] == []
    text += text_of(ROOT / "docs" / "operations.md")
    apps = {"integration_hub", "connectors", "events"}
    inner = {"cluster"}  # started by the worker, not by hand
    ours = sorted(name for name, app in get_commands().items() if app in apps and name not in inner)
    assert [name for name in ours if f"manage.py {name}" not in text] == []


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_link_resolves(path):
    broken = []
    for match in LINK.finditer(text_of(path)):
        target = match[1] or match[2]
        if target.startswith(("https://", "http://", "mailto:")):
            continue
        place, _, anchor = target.partition("#")
        file = (path.parent / place).resolve() if place else path
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


def test_every_picture_is_shown_and_small():
    shown = "".join(text_of(path) for path in PAGES)
    pictures = sorted((ROOT / "docs" / "images").glob("*.png"))
    assert pictures
    assert [one.name for one in pictures if f"images/{one.name}" not in shown] == []
    assert [one.name for one in pictures if one.stat().st_size > 250_000] == []


def test_the_tables_of_settings_are_not_stale():
    call_command("describe_settings", check=True, stdout=StringIO())


def test_every_provider_has_a_page():
    missing = [p.slug for p in registry.all_providers() if not (ROOT / "docs" / "connectors" / f"{p.slug}.md").exists()]
    assert missing == []


def test_every_reason_is_explained():
    text = text_of(ROOT / "docs" / "operations.md")
    missing = [one.value for one in Reason if f"| `{one.value}` | {one.label} |" not in text]
    assert missing == []


def test_every_metric_is_named():
    text = text_of(ROOT / "docs" / "operations.md")
    source = (ROOT / "integration_hub" / "health.py").read_text()
    named = set(re.findall(r"\"(hub_\w+)\"", source))
    named |= {f"{m.name}_total" for m in REGISTRY.collect() if m.name.startswith("hub_") and m.type == "counter"}
    assert named
    assert sorted(one for one in named if f"`{one}" not in text) == []
