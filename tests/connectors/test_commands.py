"""The commands of whoever operates the hub: check, rotate, send a sample."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import sys
from io import StringIO
from types import ModuleType

import pytest
import responses
from django.core.management import CommandError, call_command

from connectors.management.commands import send_sample
from connectors.models import Connector
from events.models import Event
from tests.connectors.conftest import SECRET


def run(name: str, *args: str) -> str:
    out = StringIO()
    call_command(name, *args, stdout=out, stderr=out, no_color=True)
    return out.getvalue()


# --- check_connector ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["acme-eu", "Acme EU", "acme eu"])
def test_a_connector_is_checked_by_name_or_slug(connector, name):
    text = run("check_connector", name)
    assert "Reach the server" in text
    assert "The key is accepted." in text
    assert Event.objects.get().triggered_by == "check_connector"


def test_a_failed_check_exits_with_an_error_and_says_what_to_do(make):
    make(api_key="wrong-key")
    out = StringIO()
    with pytest.raises(CommandError, match="did not pass") as failed:
        call_command("check_connector", "acme-eu", stdout=out, no_color=True)
    assert failed.value.returncode == 1
    assert "Acme refuses the key ***." in out.getvalue()
    assert "→ Enter valid credentials" in out.getvalue()


def test_the_contract_is_checked_too_where_asked(make):
    make(is_loud=True, orders_url="https://acme.example/orders")
    out = StringIO()
    with pytest.raises(CommandError, match="did not pass"):
        call_command("check_connector", "acme-eu", "--contract", stdout=out, no_color=True)
    assert 'orders[3].date: text "31/02", expected ISO date' in out.getvalue()


def test_a_provider_without_contract_check_says_so(make):
    make("shoppy")
    with pytest.raises(CommandError, match="has no contract check"):
        run("check_connector", "shop-berlin", "--contract")


def test_an_unknown_connector_lists_those_there_are(connector):
    with pytest.raises(CommandError, match="Known: acme-eu"):
        run("check_connector", "nope")


# --- rotate_secrets -------------------------------------------------------------------------------------------------


def new_key(name: str) -> str:
    return f"{name}:{base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}"


def test_every_secret_is_encrypted_anew_with_the_first_key(make, settings):
    names = [make(name=f"Acme {n}").pk for n in range(3)]
    settings.HUB_SECRET_KEYS = [new_key("fresh"), *settings.HUB_SECRET_KEYS]
    assert "6 encrypted anew with key “fresh”, 0 were already." in run("rotate_secrets")
    settings.HUB_SECRET_KEYS = settings.HUB_SECRET_KEYS[:1]
    for pk in names:
        assert Connector.objects.get(pk=pk).secret("api_key") == SECRET
    assert "0 encrypted anew with key “fresh”, 6 were already." in run("rotate_secrets")


def test_a_secret_that_does_not_open_is_named_and_left_as_it_is(make, settings):
    good, bad = make(), make(name="Broken")
    bad.secrets["api_key"] = "lost:" + bad.secrets["api_key"].partition(":")[2]
    bad.save()
    settings.HUB_SECRET_KEYS = [new_key("fresh"), *settings.HUB_SECRET_KEYS]
    out = StringIO()
    with pytest.raises(CommandError, match="1 did not open") as failed:
        call_command("rotate_secrets", stdout=out, stderr=out)
    assert failed.value.returncode == 1
    assert "Broken (broken), api_key" in out.getvalue()
    assert SECRET not in out.getvalue()
    before = bad.secrets["api_key"]
    bad.refresh_from_db()
    good.refresh_from_db()
    assert bad.secrets["api_key"] == before
    assert bad.secret("signing_key") == "sign-me-9"
    assert good.secrets["api_key"].startswith("fresh:")


# --- send_sample ----------------------------------------------------------------------------------------------------


@pytest.fixture
def samples(tmp_path, monkeypatch, provider):
    """Recorded deliveries of Acme, and its ``webhooks`` module with a ``sign``."""
    sample = {"headers": {"X-Acme-Topic": "orders/create", "X-Acme-Signature": "00"}, "body": '{"id": 1}'}
    (tmp_path / "orders-create.json").write_text(json.dumps(sample))
    (tmp_path / "broken.json").write_text("[]")
    monkeypatch.setattr(send_sample, "samples_of", lambda slug: tmp_path)
    module = ModuleType("connectors.acme.webhooks")
    module.sign = lambda settings, headers, body: {
        "x-acme-signature": hmac.new(settings.signing_key.encode(), body, hashlib.sha256).hexdigest()
    }
    monkeypatch.setitem(sys.modules, "connectors.acme.webhooks", module)
    monkeypatch.setattr(send_sample, "find_spec", lambda name: object() if "acme" in name else None)
    monkeypatch.setattr(send_sample, "import_module", sys.modules.__getitem__)


@responses.activate
def test_a_sample_is_posted_really_signed(samples, connector):
    responses.post(connector.webhook_url, json={"event_id": "1"})
    assert run("send_sample", "acme-eu", "orders/create").startswith("200")
    sent = responses.calls[0].request
    assert sent.body == b'{"id": 1}'
    assert sent.headers["X-Acme-Signature"] == hmac.new(b"sign-me-9", b'{"id": 1}', hashlib.sha256).hexdigest()
    assert sent.headers["X-Acme-Topic"] == "orders/create"


@responses.activate
def test_a_sample_may_be_posted_elsewhere_and_a_refusal_is_an_error(samples, connector):
    responses.post("http://127.0.0.1:9/hooks/x", status=401, json={"detail": "no"})
    with pytest.raises(CommandError, match="did not take"):
        run("send_sample", "acme-eu", "orders/create", "--url", "http://127.0.0.1:9/hooks/x")


def test_nobody_listening_is_a_sentence_without_the_token(samples, connector):
    with pytest.raises(CommandError, match="Is the hub running") as failed:
        run("send_sample", "acme-eu", "orders/create", "--url", "http://127.0.0.1:9/hooks/geheim")
    assert "geheim" not in str(failed.value)


@pytest.mark.parametrize("topic", ["orders/delete", "../../settings", "/etc/passwd"])
def test_an_unrecorded_topic_lists_the_recorded_ones(samples, connector, topic):
    with pytest.raises(CommandError, match="orders/create"):
        run("send_sample", "acme-eu", topic)


def test_a_malformed_sample_is_a_sentence(samples, connector):
    with pytest.raises(CommandError, match="not of the form"):
        run("send_sample", "acme-eu", "broken")


def test_a_provider_without_deliveries_says_so(db):
    Connector.objects.create(name="ERP", slug="erp", provider_slug="generic_erp")
    with pytest.raises(CommandError, match="sends no deliveries"):
        run("send_sample", "erp", "orders/create")


def test_a_provider_that_cannot_sign_says_so(samples, make):
    make("shoppy")
    with pytest.raises(CommandError, match="no way to sign"):
        run("send_sample", "shop-berlin", "orders/create")
