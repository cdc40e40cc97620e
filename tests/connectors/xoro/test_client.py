"""The client: every form of answer, repeats, paging, searches. Scripted answers, and the sandbox over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.exceptions import (
    ConfigurationError,
    RemoteError,
    RemoteRefused,
    RemoteTimedOut,
    RemoteUnauthorised,
    RemoteUnavailable,
)
from connectors.xoro import wire
from connectors.xoro.client import XoroClient
from connectors.xoro.salesorders import sales_order
from connectors.xoro.sandbox import crowd, salesorders
from tests.connectors.xoro.cast import FakeRun, ScriptedHttp, Tenant, make_order, make_settings, scripted_client

SOURCE = "https://lumen-goods.example-Demo"
EMPTY = (200, {"Result": True, "ErrorCode": 0, "Data": [], "Message": "Loaded"})
THROTTLED = (200, {"Result": False, "ErrorCode": 0, "Data": [], "Message": ""})
FAULT = (500, {"Message": "An error has occurred."})


def orders_page(*numbers: str, reference: str = "1") -> tuple[int, dict[str, Any]]:
    rows = [
        {"SoEstimateHeader": {"OrderNumber": n, "ThirdPartyRefNo": reference, "ThirdPartySource": SOURCE}}
        for n in numbers
    ]
    return 200, {"Result": True, "ErrorCode": 0, "Data": rows}


@pytest.mark.parametrize(
    ("answer", "error", "code", "says"),
    [
        ((401, ""), RemoteUnauthorised, "", "does not accept the API key"),
        ((403, ""), RemoteUnauthorised, "", "does not accept the API key"),
        ((302, "", {"location": "/Authentication/login.aspx"}), RemoteUnauthorised, "login", "login page"),
        ((301, "", {"location": "https://elsewhere.example/"}), ConfigurationError, "", "API address is wrong"),
        ((400, {"Message": "The request is invalid."}), ConfigurationError, "route", "The request is invalid."),
        ((404, ""), ConfigurationError, "route", "does not know this route"),
        ((405, ""), ConfigurationError, "route", "wants another method"),
        ((410, {"Message": "Gone."}), RemoteRefused, "", "HTTP 410"),
        (
            (200, {"Result": False, "ErrorCode": 1002, "Data": None, "Message": "Item not found: X"}),
            RemoteRefused,
            "1002",
            "^Item not found: X$",
        ),
        ((200, {"Result": True, "ErrorCode": 7, "Data": []}), RemoteRefused, "7", "error code 7"),
        ((200, {"Result": False, "ErrorCode": 0, "Data": [{"a": 1}], "Message": "Odd."}), RemoteRefused, "0", "Odd."),
    ],
)
def test_answers_that_end_a_read_at_once(answer: Any, error: type[RemoteError], code: str, says: str) -> None:
    client = scripted_client(answer)
    with pytest.raises(error, match=says) as failure:
        client.get_sales_order("MAIN-S000001")
    assert failure.value.code == code
    assert failure.value.next_step
    assert not failure.value.retry
    assert client.pauses == []


@pytest.mark.parametrize(
    ("answer", "code", "says"),
    [
        (FAULT, "permission_or_fault", "lacks the permission"),
        ((500, "<html>"), "server_error", "HTTP 500"),
        ((503, ""), "server_error", "HTTP 503"),
        ((429, "", {"retry-after": "7"}), "throttled", "HTTP 429"),
        ((200, "<html>Sign in</html>"), "not_json", "not JSON"),
        ((200, {"Message": "hello"}), "no_envelope", "usual envelope"),
        ((200, [1, 2]), "no_envelope", "usual envelope"),
    ],
)
def test_answers_after_which_a_read_is_repeated_three_times(answer: Any, code: str, says: str) -> None:
    client = scripted_client(*[answer] * 4)
    with pytest.raises(RemoteUnavailable, match=says) as failure:
        client.get_sales_order("MAIN-S000001")
    assert (failure.value.code, failure.value.retry) == (code, True)
    assert client.pauses == [0.8, 2.0, 4.0]
    assert failure.value.retry_after_s == (7.0 if code == "throttled" else None)


@pytest.mark.parametrize(("given", "seconds"), [("²", None), ("soon", None), ("7.5", 7.5), ("9" * 400, 3600.0)])
def test_an_odd_retry_after_is_no_bug(given: str, seconds: float | None) -> None:
    client = scripted_client((429, "", {"retry-after": given}))
    with pytest.raises(RemoteUnavailable) as failure:
        client.write("create_sales_order", {"SoEstimateHeader": {}})
    assert failure.value.retry_after_s == seconds


@pytest.mark.parametrize("answer", [FAULT, (503, ""), (200, "<html>"), THROTTLED, RemoteUnavailable("no")])
def test_a_write_is_never_repeated(answer: Any) -> None:
    client = scripted_client(answer)
    with pytest.raises(RemoteUnavailable):
        client.write("create_sales_order", {"SoEstimateHeader": {}})
    assert len(client.http.calls) == 1
    assert client.http.calls[0]["write"] is True


def test_a_message_on_a_failed_write_is_a_business_error() -> None:
    answer = (200, {"Result": False, "ErrorCode": 0, "Data": None, "Message": "Period is closed."})
    with pytest.raises(RemoteRefused, match=r"Period is closed."):
        scripted_client(answer).write("create_sales_order", {})


def test_a_passing_fault_is_repeated_until_it_passes() -> None:
    client = scripted_client(FAULT, RemoteUnavailable("reset"), orders_page("MAIN-S000001"))
    assert client.get_sales_order("MAIN-S000001") is not None
    assert client.pauses == [0.8, 2.0]


def test_a_timed_out_read_is_not_repeated() -> None:
    client = scripted_client(RemoteTimedOut("No answer in time."))
    with pytest.raises(RemoteTimedOut):
        client.get_sales_order("MAIN-S000001")
    assert client.pauses == []


def test_throttling_that_passes_shows_the_rows() -> None:
    client = scripted_client(THROTTLED, THROTTLED, orders_page("MAIN-S000001"))
    page = client.first_sales_order()
    assert (len(page.rows), page.is_certain) == (1, True)
    assert client.pauses == [0.8, 2.0]


def test_throttling_that_stays_is_an_uncertain_emptiness() -> None:
    page = scripted_client(*[THROTTLED] * 4).first_sales_order()
    assert (page.rows, page.is_certain) == ([], False)


def test_an_honest_emptiness_is_certain_and_asked_once() -> None:
    client = scripted_client(EMPTY)
    page = client.first_sales_order()
    assert (page.rows, page.is_certain, client.pauses) == ([], True, [])


def test_repeats_end_with_the_time_budget() -> None:
    now = [0.0]
    client = XoroClient(make_settings(), ScriptedHttp(*[THROTTLED] * 4), now_sleep(now), lambda: now[0])
    page = client.get_invoices("77", budget_s=4.0)
    assert not page.is_certain
    assert len(client.http.calls) == 3
    assert [round(call["budget_s"], 1) for call in client.http.calls] == [4.0, 3.2, 1.2]


def test_calls_keep_the_pause_of_the_settings() -> None:
    now = [0.0]
    client = XoroClient(make_settings(pause_ms=250), ScriptedHttp(EMPTY, EMPTY), now_sleep(now), lambda: now[0])
    client.first_sales_order()
    client.first_sales_order()
    assert now[0] == 0.25


def now_sleep(now: list[float]) -> Any:
    def sleep(seconds: float) -> None:
        now[0] += seconds

    return sleep


def test_a_call_carries_key_and_secret_and_only_what_is_asked() -> None:
    client = scripted_client(EMPTY, timeout_s=90)
    client.get_invoices("77")
    call = client.http.calls[0]
    assert (call["method"], call["url"]) == ("GET", "https://xoro.example/api/xerp/invoice/getinvoice")
    assert call["auth"] == ("sandbox-key", "sandbox-secret")
    assert call["params"] == {"third_party_customer_id": "77", "page": 1}
    assert call["timeout_s"] == (5.0, 90.0)


def test_a_route_can_be_replaced() -> None:
    client = scripted_client(EMPTY, routes={"invoices": "POST invoice/search"})
    client.get_invoices("77")
    assert (client.http.calls[0]["method"], client.http.calls[0]["url"][-15:]) == ("POST", "/invoice/search")


def test_another_order_than_the_one_asked_for_is_none() -> None:
    assert scripted_client(orders_page("MAIN-S000002")).get_sales_order("MAIN-S000001") is None


def test_paging_goes_on_until_an_empty_page_and_knows_each_document_once() -> None:
    client = scripted_client(orders_page("1", "2"), orders_page("2", "3"), orders_page("3", "4"), EMPTY)
    pages = list(client.walk("sales_orders", {"status": "Released"}))
    numbers = [row["SoEstimateHeader"]["OrderNumber"] for page in pages for row in page.rows]
    assert numbers == ["1", "2", "3", "4"]
    assert [call["params"]["page"] for call in client.http.calls] == [1, 2, 3, 4]


def test_paging_ends_after_three_pages_without_a_new_document() -> None:
    client = scripted_client(*[orders_page("1", "2")] * 9)
    assert len(list(client.walk("sales_orders", {}))) == 4


def test_paging_ends_after_two_hundred_pages() -> None:
    client = scripted_client(*[orders_page(str(n)) for n in range(250)])
    assert len(list(client.walk("sales_orders", {}))) == 200


def test_paging_that_ends_in_throttling_says_so() -> None:
    client = scripted_client(orders_page("1"), *[THROTTLED] * 4)
    assert [page.is_certain for page in client.walk("sales_orders", {})] == [True, False]


@pytest.mark.parametrize("trap", ["overlap_pages", "no_total_pages", "low_total_pages"])
def test_all_orders_are_read_from_a_tenant_with(tenant: Tenant, run: FakeRun, trap: str) -> None:
    for n in range(10):
        salesorders.create(tenant.sandbox, sales_order(make_order(id=str(n)), run.settings, run.options))
    tenant.control("config", page_size=3)
    tenant.fault(trap)
    pages = list(run.client.walk("sales_orders", {"status": "Released"}))
    numbers = [row["SoEstimateHeader"]["OrderNumber"] for page in pages for row in page.rows]
    assert numbers == [f"MAIN-S{n:06d}" for n in range(1, 11)]


@pytest.mark.parametrize("is_shipped", [False, True], ids=["sales orders", "invoices"])
def test_2449_documents_behind_a_lying_total_and_overlapping_pages_are_all_found(
    tenant: Tenant, run: FakeRun, is_shipped: bool
) -> None:
    """As one account was seen to do, of which a client that trusted the total read 1,600."""
    crowd.seed(tenant.sandbox, {"orders": 2449, "is_shipped": is_shipped, "source": SOURCE})
    for fault in ("overlap_pages", "low_total_pages"):
        tenant.fault(fault)
    name, status = ("invoices", "Open") if is_shipped else ("sales_orders", "Released")
    pages = list(run.client.walk(name, {"status": status, "third_party_source": SOURCE}))
    numbers = [wire.document_number(row) for page in pages for row in page.rows]
    assert len(numbers) == len(set(numbers)) == 2449
    assert pages[-1].is_certain
    read = sum(len(page.rows) for page in pages)
    assert len(tenant.http.calls) > read / 100 + 5  # repeats were read as well, and left out


def test_a_walk_that_ends_in_throttling_is_not_the_whole_list(tenant: Tenant, run: FakeRun) -> None:
    crowd.seed(tenant.sandbox, {"orders": 250, "source": SOURCE})
    pages = run.client.walk("sales_orders", {"status": "Released"})
    first = next(pages)
    tenant.fault("throttle", times=4)
    rest = list(pages)
    assert (len(first.rows), [page.rows for page in rest], rest[-1].is_certain) == (100, [[]], False)


@pytest.mark.parametrize("data", [True, 7, "rows"])
def test_data_of_another_kind_are_no_answer_to_a_read(data: Any) -> None:
    client = scripted_client(*[(200, {"Result": True, "ErrorCode": 0, "Data": data})] * 4)
    with pytest.raises(RemoteUnavailable, match="neither a list nor an object"):
        client.get_sales_order("MAIN-S000001")
    assert scripted_client((200, {"Result": True, "ErrorCode": 0, "Data": data})).write("create_sales_order", {}) == {}


def test_a_message_of_one_word_becomes_a_sentence() -> None:
    answer = (200, {"Result": False, "ErrorCode": 12, "Data": None, "Message": "Locked"})
    with pytest.raises(RemoteRefused, match="error code 12 saying “Locked”"):
        scripted_client(answer).get_sales_order("MAIN-S000001")


def test_a_tenant_that_throttles_close_calls_is_read_all_the_same(tenant: Tenant) -> None:
    """The pauses of the client are longer than the tenant's gap."""
    crowd.seed(tenant.sandbox, {"orders": 5, "source": SOURCE})
    tenant.control("config", page_size=2, min_gap_ms=60, throttle_overlap=True)
    client = XoroClient(make_settings(tenant.address, pause_ms=80), tenant.http)
    pages = list(client.walk("sales_orders", {"status": "Released"}))
    assert [len(page.rows) for page in pages] == [2, 2, 1, 0]
    assert tenant.sandbox.gate.throttled == 0


def test_a_search_confirms_the_reference_that_came_back() -> None:
    search = scripted_client(orders_page("MAIN-S000001", reference="612")).find_sales_orders(SOURCE, "612")
    assert search.is_conclusive
    assert len(search.orders) == 1


def test_a_search_takes_a_reference_that_comes_back_as_a_number() -> None:
    header = {"OrderNumber": "MAIN-S000001", "ThirdPartyRefNo": 6120045512001.0, "ThirdPartySource": SOURCE}
    answer = (200, {"Result": True, "ErrorCode": 0, "Data": [{"SoEstimateHeader": header}]})
    assert scripted_client(answer).find_sales_orders(SOURCE, "6120045512001").is_conclusive


def test_a_search_is_not_fooled_by_the_same_reference_of_another_shop() -> None:
    search = scripted_client(orders_page("MAIN-S000001", reference="612")).find_sales_orders(
        "https://other-Demo", "612"
    )
    assert not search.is_conclusive


def test_a_search_that_is_answered_with_other_orders_stops_and_says_so() -> None:
    client = scripted_client(orders_page("1", "2", reference="9"))
    search = client.find_sales_orders(SOURCE, "612", is_thorough=True)
    assert (search.is_conclusive, search.ignores_filter) == (False, True)
    assert len(client.http.calls) == 1


@pytest.mark.parametrize(("answers", "fact"), [([EMPTY], "no order"), ([THROTTLED] * 4, "too busy")])
def test_an_empty_search_proves_nothing(answers: list[Any], fact: str) -> None:
    search = scripted_client(*answers).find_sales_orders(SOURCE, "612")
    assert not search.is_conclusive
    assert fact in search.fact


def test_the_login_redirect_and_the_login_page_of_the_sandbox(tenant: Tenant, run: FakeRun) -> None:
    tenant.fault("login_redirect")
    with pytest.raises(RemoteUnauthorised, match="login page"):
        run.client.first_sales_order()
    tenant.fault("non_json", times=4)
    with pytest.raises(RemoteUnavailable, match="not JSON"):
        run.client.first_sales_order()
    tenant.fault("http500_always")
    with pytest.raises(RemoteUnavailable, match="HTTP 500"):
        run.client.first_sales_order()


def test_a_client_refuses_an_address_that_is_not_allowed() -> None:
    settings = make_settings()
    object.__setattr__(settings, "base_url", "http://10.0.0.1/api/xerp/")
    with pytest.raises(ConfigurationError, match="https"):
        XoroClient(settings, ScriptedHttp())
