"""The recipe in docs/adding-a-connector.md is followed to the letter, in a copy of the project: it works, and nothing
that was there before is touched."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import pytest
from django.conf import settings

ROOT = Path(__file__).resolve().parent.parent
RECIPE = ROOT / "docs" / "adding-a-connector.md"
BLOCK = re.compile(r"^\*\*`([\w./]+)`\*\*\n\n```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COPIED = ("connectors", "events", "integration_hub", "templates", "tests", "manage.py", "pyproject.toml")
PATIENCE_S = 240.0  # it takes some twenty seconds; a loaded machine may take its time

pytestmark = pytest.mark.xdist_group("recipe")


def blocks() -> dict[str, str]:
    """The files of the recipe: path and content."""
    return {path: content for path, _, content in BLOCK.findall(RECIPE.read_text(encoding="utf-8"))}


def database_url() -> str:
    """A database beside the one of these tests, on the same server; the run makes ``test_<name>`` of it."""
    name = f"recipe_{os.getpid()}"
    if settings.EMBEDDED is not None:
        return settings.EMBEDDED.url(name)
    parts = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(parts._replace(path=parts.path.rpartition("/")[0] + "/" + quote(name)))


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Iterator[Path]:
    """The project with Acme's files written into it."""
    place = tmp_path_factory.mktemp("recipe")
    unwanted = shutil.ignore_patterns("__pycache__", "*.pyc", "var", ".pytest_cache")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, place / name, ignore=unwanted)
        else:
            shutil.copy2(source, place / name)
    for path, content in blocks().items():
        target = place / path
        assert not target.exists(), f"{path} is there already: a recipe edits nothing"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")
    yield place
    shutil.rmtree(place, ignore_errors=True)


def run(copy: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "SANDBOX_", "COV_"))}
    environment |= {"HUB_VAR_DIR": str(copy / "var"), "DATABASE_URL": database_url(), "PYTHONPATH": str(copy),
                    "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONDONTWRITEBYTECODE": "1", **more}  # fmt: skip
    return subprocess.run(
        [sys.executable, *arguments], cwd=copy, env=environment, capture_output=True, text=True, timeout=PATIENCE_S,
        check=False,
    )  # fmt: skip


def test_the_recipe_writes_one_new_folder_and_one_test():
    written = blocks()
    outside = {path for path in written if not path.startswith("connectors/acme/")}
    assert outside == {"tests/connectors/test_acme_orders.py"}
    assert {"connectors/acme/provider.py", "connectors/acme/sandbox.py", "connectors/acme/client.py"} <= set(written)
    assert 300 < sum(content.count("\n") for path, content in written.items() if path.endswith(".py")) < 700


def test_every_file_the_recipe_names_is_there_and_every_block_has_a_name():
    text = RECIPE.read_text(encoding="utf-8")
    fences = re.findall(r"^```(python|json)$", text, re.MULTILINE)
    assert len(fences) == len(blocks())
    for path in set(re.findall(r"`((?:connectors|tests)/[\w/]+\.py)`", text)) - set(blocks()):
        assert (ROOT / path).exists(), path


def test_its_code_is_as_clean_as_the_rest(copy):
    done = run(copy, "-m", "ruff", "check", "--no-cache", "connectors/acme", "tests/connectors/test_acme_orders.py")
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_has_to_be_migrated_and_django_finds_no_fault(copy):
    done = run(copy, "-W", "ignore", "manage.py", "makemigrations", "--check", "--dry-run")
    assert done.returncode == 0, done.stdout + done.stderr
    done = run(copy, "-W", "ignore", "manage.py", "check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_contract_suite_finds_it_and_passes_and_a_delivery_goes_through(copy):
    done = run(
        copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", "acme", "--create-db",
        "tests/connectors/test_every_provider.py", "tests/connectors/test_acme_orders.py",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    found = re.search(r"(\d+) passed", done.stdout)
    assert found is not None, done.stdout
    assert int(found[1]) > 100, "the suite did not look at it"
    assert "skipped" not in done.stdout
