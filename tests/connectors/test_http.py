"""The one HTTP client, against a real server with every fault."""

from __future__ import annotations

import resource
import time
from tempfile import TemporaryFile

import pytest

from connectors import transport
from connectors.exceptions import (
    ConfigurationError,
    PayloadError,
    RemoteRefused,
    RemoteTimedOut,
    RemoteUnavailable,
)
from connectors.http import Form, HttpAnswer, HttpClient, dump_json, raise_for_status, retry_after_s
from connectors.recording import ListRecorder
from connectors.redaction import Redactor
from events.models import RequestState
from tests.remote import Remote, self_signed


@pytest.fixture
def recorder() -> ListRecorder:
    return ListRecorder("a" * 32)


@pytest.fixture
def http(recorder) -> HttpClient:
    return HttpClient(recorder, Redactor(["s3cret-value"]))


def timed(function) -> float:
    started = time.monotonic()
    function()
    return time.monotonic() - started


def test_a_good_answer_comes_with_status_headers_and_the_vendors_request_id(remote, http, recorder):
    answer = http.request("GET", remote.url + "/ok")
    assert (answer.status, answer.json()["id"]) == (200, "R1")
    [one] = recorder.exchanges
    assert (one.state, one.status, one.vendor_request_id) == (RequestState.ANSWERED, 200, "vendor-1")


def test_request_id_and_traceparent_go_out(remote, http, recorder):
    http.request("GET", remote.url + "/ok")
    headers = remote.received[0].headers
    assert headers["x-request-id"] == str(recorder.exchanges[0].id)
    assert headers["traceparent"].startswith(f"00-{'a' * 32}-")


def test_connections_are_used_again(remote, http):
    for _ in range(3):
        http.request("GET", remote.url + "/ok")
    assert len({one.connection_number for one in remote.received}) == 1


def test_cookies_are_not_kept(remote, http):
    http.request("GET", remote.url + "/cookie")
    http.request("GET", remote.url + "/ok")
    assert "cookie" not in remote.received[1].headers
    assert len(transport.session().cookies) == 0


def test_redirects_are_answers_and_are_not_followed(remote, http):
    answer = http.request("GET", remote.url + "/redirect")
    assert answer.status == 302
    assert len(remote.received) == 1
    with pytest.raises(RemoteRefused, match="redirect"):
        raise_for_status(answer, "It")


@pytest.mark.parametrize("path", ["/slow", "/silent", "/drip-headers", "/drip-body"])
def test_nothing_hangs_past_its_budget(remote, http, recorder, path):
    def call():
        with pytest.raises(RemoteTimedOut) as caught:
            http.request("GET", remote.url + path, timeout_s=(0.5, 30.0), budget_s=0.8)
        assert caught.value.code == "timeout"

    assert timed(call) < 1.3
    assert recorder.exchanges[0].state == RequestState.NO_ANSWER
    assert "0.8 s" in recorder.exchanges[0].error


def test_the_runs_own_end_bounds_every_request(remote, recorder):
    http = HttpClient(recorder, Redactor(), ends_at=time.monotonic() + 0.5)

    def call():
        with pytest.raises(RemoteTimedOut):
            http.request("GET", remote.url + "/drip-body", timeout_s=(3, 30))

    assert timed(call) < 1.0


def test_an_endless_body_ends_at_the_cap(remote, http, recorder):
    def call():
        with pytest.raises(RemoteRefused) as caught:
            http.request("GET", remote.url + "/endless", timeout_s=(1, 10), max_bytes=1024 * 1024)
        assert caught.value.code == "too_large"

    assert timed(call) < 3
    assert recorder.exchanges[0].response_size == 1024 * 1024


def test_a_large_answer_goes_into_a_file(remote, http, recorder):
    remote.answers["/rows"] = (200, b"row\n" * 100_000, {})
    with TemporaryFile() as file:
        answer = http.request("GET", remote.url + "/rows", max_bytes=1024 * 1024, into=file)
        assert file.tell() == 400_000
    assert len(answer.content) == 2000, "its beginning is shown to people"
    assert recorder.exchanges[0].response_size == 400_000


def test_what_is_too_large_for_the_file_ends_at_the_cap(remote, http):
    with TemporaryFile() as file, pytest.raises(RemoteRefused) as caught:
        http.request("GET", remote.url + "/endless", timeout_s=(1, 10), max_bytes=1024 * 1024, into=file)
    assert caught.value.code == "too_large"


def test_a_refusal_is_no_file(remote, http):
    remote.answers["/rows"] = (403, b"expired", {})
    with TemporaryFile() as file:
        assert http.request("GET", remote.url + "/rows", into=file).content == b"expired"
        assert file.tell() == 0


def test_a_file_is_sent_behind_its_fields(remote, http, recorder):
    with TemporaryFile() as file:
        file.write(b"line\n" * 50_000)
        form = Form([("key", "tmp/1"), ("policy", "p0licy-value")], file, filename='a"b.jsonl', kind="text/jsonl")
        http.request("POST", remote.url + "/up", data=form, timeout_s=(1, 10))
    [got] = remote.received
    assert int(got.headers["content-length"]) == len(got.body) and "chunked" not in got.headers.values()
    parts = got.body.split(b"--" + got.headers["content-type"].partition("boundary=")[2].encode())
    assert [part.partition(b'name="')[2].partition(b'"')[0] for part in parts[1:-1]] == [b"key", b"policy", b"file"]
    assert parts[3].endswith(b"\r\n\r\n" + b"line\n" * 50_000 + b"\r\n") and b'filename="a%22b.jsonl"' in parts[3]
    kept = recorder.exchanges[0].request_body
    assert b"250,000 bytes" in kept and b"p0licy" not in kept, "the values are credentials of a kind"


def test_a_gzip_bomb_is_cut_at_the_cap_and_costs_little_memory(remote, http):
    http.request("GET", remote.url + "/ok")
    from tests import remote as module

    body = module._bomb_body()
    remote.answers["/packed"] = (200, body, {"Content-Encoding": "gzip"})
    del body
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(RemoteRefused) as caught:
        http.request("GET", remote.url + "/packed", timeout_s=(1, 10))
    assert caught.value.code == "too_large"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000  # KiB


@pytest.mark.parametrize("path", ["/reset", "/short", "/huge-headers"])
def test_a_broken_answer_is_unavailable_and_not_a_bug(remote, http, recorder, path):
    with pytest.raises(RemoteUnavailable) as caught:
        http.request("GET", remote.url + path)
    assert caught.value.code == "reset"
    assert recorder.exchanges[0].error


def test_bytes_that_are_no_utf8_are_a_payload_error(remote, http):
    answer = http.request("GET", remote.url + "/not-utf8")
    assert "\ufffd" in answer.text
    with pytest.raises(PayloadError):
        answer.json()


def test_a_certificate_nobody_signed_is_refused(http, recorder, settings, tmp_path):
    server = Remote(self_signed(tmp_path / "c.pem"))
    settings.HUB_ALLOWED_HOSTS_PRIVATE = frozenset({server.place})
    with pytest.raises(RemoteUnavailable) as caught:
        http.request("GET", server.url + "/ok")
    server.close()
    assert caught.value.code == "tls"
    assert "self-signed" in caught.value.sentence
    assert server.received == []
    assert recorder.exchanges[0].state == RequestState.NOT_SENT


def test_a_tls_handshake_that_never_ends_is_cut(http, settings):
    import socket
    import threading

    listener = socket.create_server(("127.0.0.1", 0))
    kept = []
    threading.Thread(target=lambda: kept.append(listener.accept()), daemon=True).start()
    place = f"127.0.0.1:{listener.getsockname()[1]}"
    settings.HUB_ALLOWED_HOSTS_PRIVATE = frozenset({place})

    def call():
        with pytest.raises(RemoteUnavailable):
            http.request("GET", f"https://{place}/", timeout_s=(5, 5), budget_s=0.6)

    assert timed(call) < 1.2
    listener.close()


def test_a_refused_connection_never_left(http, recorder, settings):
    settings.HUB_ALLOWED_HOSTS_PLAIN = frozenset({"127.0.0.1:1"})
    with pytest.raises(RemoteUnavailable) as caught:
        http.request("POST", "http://127.0.0.1:1/", json={}, write=True)
    assert caught.value.code == "connect"
    assert recorder.exchanges[0].state == RequestState.NOT_SENT


@pytest.mark.parametrize(
    ("url", "headers"),
    [("https:///nowhere", {}), ("not an address", {}), ("https://host:99999/", {}), ("https://.example/", {}),
     ("https://x.example/", {"X-Bad": "a\nb"}), ("https://x.example/", {"X\n": "a"}),
     ("https://" + "a" * 70 + ".example/", {})],
)  # fmt: skip
def test_an_address_or_header_that_cannot_be_sent_is_the_settings_fault(http, url, headers):
    with pytest.raises((ConfigurationError, RemoteUnavailable, RemoteRefused)):
        http.request("GET", url, headers=headers, timeout_s=(0.5, 0.5))


def test_a_read_is_repeated_once_for_the_statuses_named(remote, http, recorder):
    answer = http.request("GET", remote.url + "/status/503", retry_statuses=frozenset({503}), retry_pause_s=0.01)
    assert (answer.status, len(recorder.exchanges)) == (503, 2)


def test_a_write_is_never_repeated_by_itself(remote, http, recorder):
    http.request("POST", remote.url + "/status/503", json={}, write=True, retry_statuses=frozenset({503}))
    assert len(recorder.exchanges) == 1


def test_waiting_for_the_rate_budget_does_not_eat_the_calls_own_time(remote, recorder):
    http = HttpClient(recorder, Redactor(), spend=lambda: time.sleep(0.4))
    assert http.request("GET", remote.url + "/ok", budget_s=0.3).status == 200


@pytest.mark.parametrize(
    ("given", "expected"),
    [("7", 7.0), ("-3", 0.0), ("99999", 3600.0), ("nan", None), ("inf", 3600.0), ("soon", None), ("", None),
     ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("Wed, 21 Oct 2015 07:28:00", 0.0)],
)  # fmt: skip
def test_retry_after_is_read_as_seconds_or_date_and_never_as_nonsense(given, expected):
    assert retry_after_s(HttpAnswer(429, b"", {"retry-after": given})) == expected


def test_money_is_written_as_it_reads_and_giant_numbers_are_refused():
    from decimal import Decimal

    assert dump_json({"a": Decimal("10.50"), "b": Decimal("3")}) == b'{"a":10.5,"b":3}'
    for bad in ("1e999999", "NaN", "Infinity"):
        with pytest.raises((ValueError, TypeError)):
            dump_json({"a": Decimal(bad)})


def test_an_answer_with_nan_or_endless_nesting_is_no_json():
    for content in (b'{"a": NaN}', b"[" * 100_000, b'{"a": ' + b"9" * 10_000 + b"}"):
        with pytest.raises(PayloadError):
            HttpAnswer(200, content).json()


def test_secrets_are_masked_in_address_headers_and_bodies(remote, http, recorder):
    http.request(
        "POST", remote.url + "/ok?key=s3cret-value", headers={"X-Key": "s3cret-value"}, json={"k": "s3cret-value"},
        auth=("user", "s3cret-value"),
    )  # fmt: skip
    [one] = recorder.exchanges
    shown = f"{one.endpoint}{one.request_headers}{one.request_body!r}"
    assert "s3cret-value" not in shown
    assert one.request_headers["Authorization"] == "***"
