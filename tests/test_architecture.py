"""What must stay true of the code whoever writes it: arrows, rooms, sizes, and the few things that are asked for by
name."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors import answers, base, budgets, guard, http, records, run, schema
from events import bell, bodies, claims, exchanges, outcomes, record, search, text

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("integration_hub", "connectors", "events")
LONGEST_FILE = 400  # lines
# Folders of connectors/ that belong to the hub; every other folder is a provider.
HUB_FOLDERS = {
    "admin",
    "api",
    "forms",
    "management",
    "migrations",
    "models",
    "records",
    "templates",
    "static",
    "templatetags",
}
PROVIDERS = sorted(
    one.name for one in (ROOT / "connectors").iterdir() if one.is_dir() and (one / "provider.py").exists()
)
TALKS_TO_REMOTES = {
    "connectors/http.py", "connectors/transport.py",
    "connectors/management/commands/send_sample.py",  # plays the vendor: it posts to the hub
}  # fmt: skip
# Where anything at all may go wrong and must not stop what goes on beside it.
CATCHES_EVERYTHING = {
    "connectors/checking.py", "connectors/endpoints.py", "connectors/host.py", "connectors/http.py",
    "connectors/inline.py", "connectors/jobs.py", "connectors/lanes.py",
    "connectors/lookups.py", "connectors/periods.py", "connectors/plans.py",
    "connectors/webhooks.py", "events/alerts.py", "events/batch.py",
    "events/digests.py", "events/drain.py",
    "events/mail.py", "events/pulse.py",
}  # fmt: skip


def files(*rooms: str) -> Iterator[Path]:
    for room in rooms or ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[str]:
    """Dotted names of what a file imports, type checking and function bodies included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(path)}: relative import"
            yield from (f"{node.module}.{one.name}" for one in node.names)


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


def provider_of(path: Path) -> str:
    parts = path.relative_to(ROOT).parts
    return parts[1] if parts[0] == "connectors" and len(parts) > 2 and parts[1] in PROVIDERS else ""


def test_there_is_something_to_look_at():
    assert len(list(files())) > 40
    assert {"shopify", "xoro", "generic_erp"} <= set(PROVIDERS)


@pytest.mark.parametrize(
    ("room", "forbidden"), [("events", ("connectors", "integration_hub")), ("connectors", ("integration_hub",))]
)
def test_imports_point_one_way(room, forbidden):
    wrong = [(name(p), one) for p in files(room) for one in imports(p) if one.split(".")[0] in forbidden]
    assert wrong == []


def test_no_room_knows_a_provider():
    """A provider is found by looking, never named: a sixth one is a folder and nothing edited."""
    wrong = [
        (name(path), one)
        for path in files()
        if not provider_of(path)
        for one in imports(path)
        if one.split(".")[0] == "connectors" and len(one.split(".")) > 1 and one.split(".")[1] in PROVIDERS
    ]
    assert wrong == []


def test_no_provider_is_named_outside_its_folder():
    quoted = re.compile("[\"'](" + "|".join(PROVIDERS) + ")[\"']")
    wrong = [
        f"{name(path)}:{number}"
        for path in files()
        if not provider_of(path)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if quoted.search(line) and "if " in line
    ]
    assert wrong == []


def test_no_provider_imports_another():
    wrong = [
        (name(path), one)
        for path in files("connectors")
        if (own := provider_of(path))
        for one in imports(path)
        if one.startswith("connectors.") and (other := one.split(".")[1]) in PROVIDERS and other != own
    ]
    assert wrong == []


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_provider_has_no_models_admin_addresses_or_templates(provider):
    folder = ROOT / "connectors" / provider
    for one in ("models.py", "admin.py", "urls.py", "apps.py", "templates", "migrations", "static"):
        assert not (folder / one).exists(), one


def test_every_folder_of_connectors_is_the_hubs_or_a_provider():
    folders = {p.name for p in (ROOT / "connectors").iterdir() if p.is_dir() and not p.name.startswith("__")}
    assert folders - HUB_FOLDERS == set(PROVIDERS)


@pytest.mark.parametrize("path", list(files()), ids=name)
def test_a_file_fits_on_a_few_screens(path):
    assert len(path.read_text().splitlines()) <= LONGEST_FILE


def test_only_the_transport_talks_to_remotes():
    talkers = {"requests", "urllib3", "httpx", "aiohttp", "http.client", "urllib.request"}
    wrong = [
        (name(path), one)
        for path in files()
        if name(path) not in TALKS_TO_REMOTES and path.name != "sandbox.py" and "sandbox" not in path.parts
        for one in imports(path)
        if any(one == talker or one.startswith(f"{talker}.") for talker in talkers)
    ]
    assert [one for one in wrong if not one[0].startswith("integration_hub/")] == []


def broad_handlers(path: Path) -> Iterator[tuple[int, str]]:
    """(line, its text) of every handler that catches everything."""
    lines = path.read_text().splitlines()
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = node.type
        if caught is None or (isinstance(caught, ast.Name) and caught.id in {"Exception", "BaseException"}):
            yield node.lineno, "\n".join(lines[node.lineno - 1 : node.lineno + 2])


def test_everything_is_caught_only_where_that_is_meant():
    wrong = [
        f"{name(path)}:{line}"
        for path in files("connectors", "events")
        if name(path) not in CATCHES_EVERYTHING
        and not any(folder in path.parts for folder in ("admin", "api", "forms", "management"))
        for line, _ in broad_handlers(path)
    ]
    assert wrong == []


def test_who_catches_everything_says_why_beside_it():
    wrong = [
        f"{name(path)}:{line}"
        for path in files("connectors", "events")
        if name(path) in CATCHES_EVERYTHING
        for line, beside in broad_handlers(path)
        if "#" not in beside
    ]
    assert wrong == []


PUBLIC = (
    answers,
    base,
    budgets,
    guard,
    http,
    records,
    run,
    schema,
    bell,
    bodies,
    claims,
    exchanges,
    outcomes,
    record,
    search,
    text,
)


@pytest.mark.parametrize("module", PUBLIC, ids=lambda m: m.__name__)
def test_public_names_say_what_they_are(module):
    """A module and its public classes have a text; so has a function that takes or returns more than is obvious."""
    assert module.__doc__
    wrong = []
    for one_name, one in vars(module).items():
        if one_name.startswith("_") or getattr(one, "__module__", "") != module.__name__:
            continue
        if inspect.isclass(one) and not issubclass(one, Exception) and not _own_text(one) and _size(one) > 15:
            wrong.append(one_name)
        if inspect.isfunction(one) and not one.__doc__ and _size(one) > 8:
            wrong.append(one_name)
    assert wrong == []


def _own_text(one: type) -> bool:
    return bool(one.__doc__) and not one.__doc__.startswith(f"{one.__name__}(")


def _size(one: object) -> int:
    return len(inspect.getsource(one).splitlines())  # type: ignore[arg-type]


def test_settings_of_connectors_do_not_show_their_secrets():
    from connectors import registry

    for provider in registry.all_providers():
        for secret in schema.secret_names(provider.settings):
            declared = provider.settings.__dataclass_fields__[secret]
            assert declared.repr is False, f"{provider.slug}.{secret}"


def test_nothing_in_production_asks_whether_it_is_tested():
    asks = re.compile(r"PYTEST_CURRENT_TEST|sys\.modules|\bTESTING\b|_from_testcase")
    wrong = [name(path) for path in files() if asks.search(path.read_text())]
    assert wrong == []
