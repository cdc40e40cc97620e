"""What an installation is made of besides code: variables, containers, dotfiles, and the edges of a real address."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.db import connection

from events import heartbeat
from events.models import Heartbeat
from tests.settings import _free_port

ROOT = Path(__file__).resolve().parent.parent
# Set by the hub itself for its own child processes, and Django's own.
INTERNAL = {"HUB_PARENT", "HUB_CLUSTER_ID", "DJANGO_SETTINGS_MODULE"}


def code() -> Iterator[Path]:
    yield ROOT / "manage.py"
    for room in ("integration_hub", "connectors", "events"):
        yield from (ROOT / room).rglob("*.py")


def read_variables() -> set[str]:
    """Names of variables read by ``env.<type>("NAME"...)``, ``os.environ.get("NAME")``, ``os.environ["NAME"]``; a name
    held by a constant of the same file or of ``events.heartbeat`` counts."""
    found = set()
    for path in code():
        tree = ast.parse(path.read_text())
        constants = {
            target.id: node.value.value
            for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets if isinstance(target, ast.Name)
        }  # fmt: skip
        for node in ast.walk(tree):
            name: ast.expr | None = None
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                owner = ast.unparse(node.func.value)
                is_read = {"env": node.func.attr != "read_env", "os.environ": node.func.attr == "get"}
                if is_read.get(owner):
                    name = node.args[0]
            elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
                name = node.slice
            if isinstance(name, ast.Constant):
                found.add(str(name.value))
            elif isinstance(name, ast.Name):
                found.add(str(constants.get(name.id) or {"CLUSTER": "HUB_CLUSTER_ID"}[name.id]))
    return found


def example() -> dict[str, str]:
    return dict(re.findall(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", (ROOT / ".env.example").read_text(), re.M))


def test_every_variable_is_in_the_example_and_the_example_has_no_other():
    read = read_variables() - INTERNAL
    assert len(read) > 30
    of_compose = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "compose.yaml").read_text()))
    assert set(example()) == read | of_compose


def test_defaults_of_the_example_are_those_of_the_code():
    """Each numeric or boolean default shown is the one the code falls back to."""
    source = "\n".join(path.read_text() for path in (ROOT / "integration_hub").glob("*.py"))
    wrong = []
    for name, shown in example().items():
        match = re.search(rf'"{name}", (?:default=)?"?([\d_.]+|True|False)"?\)', source)
        if match and match[1].replace("_", "").lower() != shown:
            wrong.append((name, shown, match[1]))
    assert wrong == []


def test_every_variable_of_the_example_is_explained():
    lines = (ROOT / ".env.example").read_text().splitlines()
    for before, line in pairwise(lines):
        if re.match(r"#?[A-Z][A-Z0-9_]*=", line):
            assert before.startswith("# ") or re.match(r"#?[A-Z][A-Z0-9_]*=", before), line


# --- containers -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


def commands_of(service: dict) -> Iterator[list[str]]:
    for part in (service.get("command"), (service.get("healthcheck") or {}).get("test")):
        words = part if isinstance(part, list) else []
        words = words[1:] if words[:1] in (["CMD"], ["CMD-SHELL"]) else words
        if words:
            yield [str(word) for word in words]


def test_the_roles_are_web_worker_and_migrate_of_one_image(compose):
    services = compose["services"]
    assert set(services) == {"db", "migrate", "web", "worker"}
    assert len({services[name]["image"] for name in ("migrate", "web", "worker")}) == 1
    assert services["web"]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert services["migrate"]["depends_on"]["db"]["condition"] == "service_healthy"
    assert services["worker"]["stop_grace_period"] == "75s"
    for name in ("db", "web", "worker"):
        assert services[name]["healthcheck"]["test"], name
        assert services[name]["restart"] == "unless-stopped", name


def test_every_command_of_the_containers_exists(compose):
    known = set(get_commands())
    docker = (ROOT / "Dockerfile").read_text()
    used = [line for service in compose["services"].values() for line in commands_of(service)]
    used += [json.loads(one) for one in re.findall(r"^(?:CMD|HEALTHCHECK[^\[]*CMD) (\[.*\])$", docker, re.M)]
    ours = [line for line in used if "manage.py" in line]
    assert len(ours) >= 5
    for line in ours:
        command = line[line.index("manage.py") + 1]
        assert command in known, command
        parser = load_command_class(get_commands()[command], command).create_parser("manage.py", command)
        for option in (word for word in line if word.startswith("--")):
            assert option in parser.format_help(), (command, option)


def test_images_are_pinned_and_requirements_hashed(compose):
    docker = (ROOT / "Dockerfile").read_text()
    images = re.findall(r"^FROM (\S+)", docker, re.M)
    stages = set(re.findall(r"^FROM \S+ AS (\S+)", docker, re.M))
    assert len(images) > 1
    for image in (one for one in images if one not in stages):
        assert re.search(r":\d+\.\d+-slim-[a-z]+$", image), image
    assert re.fullmatch(r"postgres:\d+(\.\d+)?(-\w+)?", compose["services"]["db"]["image"])
    assert "--require-hashes" in docker
    assert re.search(r"^USER (?!root)\S+", docker, re.M)
    assert "HEALTHCHECK" in docker


def test_variables_of_the_containers_are_known(compose):
    known = set(example())
    of_the_server = {"POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"}
    for name, service in compose["services"].items():
        for variable in service.get("environment") or {}:
            assert variable in (of_the_server if name == "db" else known), (name, variable)
    docker = (ROOT / "Dockerfile").read_text()
    for block in re.findall(r"^ENV ((?:.*\\\n)*.*)$", docker, re.M):
        for variable in re.findall(r"\b([A-Z][A-Z0-9_]+)=", block):
            assert variable in known | {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PATH"}, variable


def test_every_volume_used_is_declared(compose):
    used = {v.split(":")[0] for s in compose["services"].values() for v in s.get("volumes", [])}
    assert used == set(compose["volumes"])
    assert (
        "postgres:/var/lib/postgresql" in compose["services"]["db"]["volumes"]
    )  # since 18 the data is one level deeper


def test_nothing_of_a_site_gets_into_the_image():
    left_out = (ROOT / ".dockerignore").read_text().split()
    assert left_out[0] == "*"  # named is what goes in, so that nothing slips in
    let_in = {one.removeprefix("!") for one in left_out[1:] if one.startswith("!")}
    assert let_in == {
        "manage.py",
        "requirements.txt",
        "integration_hub",
        "connectors",
        "docs",  # the help inside the admin
        "events",
        "templates",
        "LICENSE",
    }
    for one in let_in:
        assert (ROOT / one).exists(), one


# --- the edges of a real address --------------------------------------------------------------------------------------

ASK = """
import json, sys, django; django.setup()
from django.conf import settings
from django.test import Client
seen = []
for path, more in json.loads(sys.argv[1]):
    more = dict(more)
    method = more.pop("METHOD", "GET")
    answer = Client(raise_request_exception=False).generic(method, path, b"{}", content_type="application/json", **more)
    cookies = {name: bool(one["secure"]) for name, one in answer.cookies.items()}
    seen.append({"status": answer.status_code, "cookies": cookies, "headers": dict(answer.headers)})
print(json.dumps({"seen": seen, "hosts": settings.ALLOWED_HOSTS, "origins": settings.CSRF_TRUSTED_ORIGINS}))
"""
TLS = {"HTTP_X_FORWARDED_PROTO": "https"}
HOST = {"HTTP_HOST": "hub.example.com"}


@pytest.fixture
def ask(tmp_path, transactional_db):
    """Answers of a hub with these variables to these requests; its database is the tests'."""

    def ask_it(*requests: tuple[str, dict[str, str]], **variables: str) -> dict:
        said = connection.settings_dict
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("HUB_", "SECURE_")) and k != "ALLOWED_HOSTS"}
        environment = {
            **clean, "DJANGO_SETTINGS_MODULE": "integration_hub.settings", "HUB_VAR_DIR": str(tmp_path),
            "HUB_ENV_FILE": "",
            "DATABASE_URL": f"postgres://{said['USER']}@/{said['HOST']}/{said['NAME']}", "HUB_LOG_LEVEL": "CRITICAL",
            "SANDBOX_URL": "", **variables,
        }  # fmt: skip
        done = subprocess.run([sys.executable, "-c", ASK, json.dumps(requests)], cwd=ROOT, env=environment,
                              capture_output=True, text=True, check=False)  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return ask_it


REAL = {"HUB_BASE_URL": "https://hub.example.com", "HUB_BEHIND_PROXY": "true"}


def test_behind_a_proxy_with_tls(ask):
    login = "/admin/login/"
    said = ask(
        (login, HOST | TLS), (login, HOST), ("/healthz", HOST), ("/readyz", {"HTTP_HOST": "10.0.0.7"}),
        ("/hooks/unknown", HOST | {"METHOD": "POST"}), ("/hooks/unknown", HOST | TLS | {"METHOD": "POST"}),
        (login, TLS | {"HTTP_HOST": "evil.example.com"}),
        (login, TLS | {"HTTP_HOST": "10.0.0.7", "HTTP_X_FORWARDED_HOST": "hub.example.com"}), **REAL,
    )  # fmt: skip
    safe, plain, health, ready, hook, safe_hook, evil, forwarded = said["seen"]
    assert safe["status"] == 200
    assert safe["cookies"]["csrftoken"] is True
    assert safe["headers"]["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    assert safe["headers"]["X-Frame-Options"] == "DENY"
    assert safe["headers"]["X-Content-Type-Options"] == "nosniff"
    assert safe["headers"]["Referrer-Policy"] == "same-origin"
    assert "unsafe" not in safe["headers"]["Content-Security-Policy"]
    assert (plain["status"], plain["headers"]["Location"]) == (301, "https://hub.example.com/admin/login/")
    assert (health["status"], ready["status"]) == (200, 200)  # asked by keepers, by number and without TLS
    assert (hook["status"], safe_hook["status"]) == (404, 404)  # never a redirect: a vendor would not follow it
    assert evil["status"] == 400
    assert forwarded["status"] == 200
    assert said["hosts"] == ["hub.example.com", "localhost", "127.0.0.1", "[::1]"]
    assert said["origins"] == ["https://hub.example.com"]


def test_without_a_proxy_its_headers_count_for_nothing(ask):
    login = "/admin/login/"
    lies = {"HTTP_HOST": "evil.example.com", "HTTP_X_FORWARDED_HOST": "hub.example.com"}
    seen = ask((login, HOST | TLS), (login, lies), HUB_BASE_URL="https://hub.example.com")["seen"]
    assert seen[0]["status"] == 301
    assert seen[1]["status"] == 400


def test_on_loopback_plain_http_works(ask):
    seen = ask(("/admin/login/", {"HTTP_HOST": "127.0.0.1:8000"}))["seen"]
    assert seen[0]["status"] == 200
    assert seen[0]["cookies"]["csrftoken"] is False
    assert "Strict-Transport-Security" not in seen[0]["headers"]


def test_check_deploy_is_clean(tmp_path):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("HUB_", "SECURE_", "DATABASE_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"], cwd=ROOT, text=True,
        capture_output=True, check=False,
        env={**clean, "HUB_VAR_DIR": str(tmp_path), "HUB_ENV_FILE": "", "SANDBOX_URL": "",
             "HUB_BASE_URL": "https://hub.example.com", "DJANGO_SETTINGS_MODULE": "integration_hub.settings",
             "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


# --- signs of life ----------------------------------------------------------------------------------------------------


def test_healthcheck_of_a_worker_asks_for_one_of_this_machine(db):
    with pytest.raises(CommandError, match="No worker of this machine was heard of"):
        call_command("healthcheck", "--worker")
    heartbeat.beat()
    call_command("healthcheck", "--worker")
    Heartbeat.objects.update(host="another")
    with pytest.raises(CommandError):
        call_command("healthcheck", "--worker")


def test_healthcheck_of_web_asks_the_server(live_server):
    call_command("healthcheck", "--bind", live_server.url.removeprefix("http://"))
    with pytest.raises(CommandError, match="Web does not answer at 127"):
        call_command("healthcheck", "--bind", f"0.0.0.0:{_free_port()}")
