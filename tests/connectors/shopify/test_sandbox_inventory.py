"""Stock, idempotency keys, staged uploads and bulk operations of the sandbox: as strict as the vendor."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable

import pytest
import requests

from connectors.shopify.client import ShopifyClient
from connectors.shopify.documents import document
from connectors.shopify.replies import UserErrors
from connectors.shopify.sandbox import OUTLET

KIEL, HAMBURG = "gid://shopify/Location/61001", "gid://shopify/Location/61002"
MUG, LAMP = "gid://shopify/InventoryItem/7701", "gid://shopify/InventoryItem/7703"


@pytest.fixture
def client(make_client: Callable[..., ShopifyClient], vendor) -> ShopifyClient:
    vendor.app.shops[OUTLET].stock[MUG, KIEL].update(available=25, committed=0)  # without what seeded orders took
    return make_client()


@pytest.fixture
def ask(vendor):
    """The bare answer of one document, as JSON: what a client would judge."""

    def post(text: str, **variables: object) -> dict:
        shop = vendor.app.shops[OUTLET]
        answer = requests.post(
            f"{vendor.url}/{OUTLET}/admin/api/2026-10/graphql.json",
            json={"query": text, "variables": variables},
            headers={"X-Shopify-Access-Token": shop.access_token},
            timeout=10,
        )
        assert answer.status_code == 200
        return answer.json()

    return post


def entry(item: str = MUG, quantity: int = 14, location: str = KIEL, **more: object) -> dict:
    return {"inventoryItemId": item, "locationId": location, "quantity": quantity, "changeFromQuantity": None, **more}


def stock_input(*entries: dict, **more: object) -> dict:
    return {"name": "available", "reason": "correction", "quantities": list(entries), **more}


def put(client: ShopifyClient, *entries: dict, key: str = "", **more: object) -> dict:
    key = key or str(uuid.uuid4())
    return client.change("HubStockSet", {"input": stock_input(*entries, **more), "key": key}, key=key)


def codes(client: ShopifyClient, *entries: dict, **more: object) -> set[str]:
    with pytest.raises(UserErrors) as raised:
        put(client, *entries, **more)
    return raised.value.codes


def quantities(client: ShopifyClient, item: str = MUG, location: str = KIEL) -> dict[str, int]:
    data = client.execute("HubStock", {"id": item, "location": location})
    return {one["name"]: one["quantity"] for one in data["inventoryItem"]["inventoryLevel"]["quantities"]}


# --- levels


def test_available_moves_what_is_on_hand_and_the_other_way_round(client, vendor):
    vendor.app.shops[OUTLET].stock[MUG, KIEL]["committed"] = 3
    assert put(client, entry(quantity=14))["inventoryAdjustmentGroup"]["reason"] == "correction"
    assert quantities(client) | {"incoming": 0} == {
        "available": 14, "on_hand": 17, "committed": 3, "incoming": 0, "reserved": 0,
    }  # fmt: skip
    put(client, entry(quantity=10), name="on_hand")
    assert quantities(client)["available"] == 7


def test_a_quantity_that_is_there_already_makes_no_group(client):
    assert put(client, entry(quantity=25))["inventoryAdjustmentGroup"] is None


def test_what_is_wrong_with_an_entry_is_named_by_its_place(client):
    with pytest.raises(UserErrors) as raised:
        put(client, entry(), entry(item="gid://shopify/InventoryItem/999"))
    assert raised.value.errors == [
        {
            "code": "INVALID_INVENTORY_ITEM",
            "field": ["input", "quantities", "1", "inventoryItemId"],
            "message": "The specified inventory item could not be found.",
        }
    ]
    assert quantities(client)["available"] == 25, "one bad entry keeps back the whole call"


@pytest.mark.parametrize(
    ("entries", "more", "code"),
    [
        ([entry(location="gid://shopify/Location/9")], {}, "INVALID_LOCATION"),
        ([entry(), entry()], {}, "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"),
        ([entry(quantity=1_000_000_001)], {}, "INVALID_QUANTITY_TOO_HIGH"),
        ([entry(quantity=-1_000_000_001)], {}, "INVALID_QUANTITY_TOO_LOW"),
        ([entry(quantity=-1)], {"name": "on_hand"}, "INVALID_QUANTITY_NEGATIVE"),
        ([entry(changeFromQuantity=24)], {}, "CHANGE_FROM_QUANTITY_STALE"),
        ([entry()], {"name": "incoming"}, "INVALID_NAME"),
        ([entry()], {"reason": "because"}, "INVALID_REASON"),
        ([entry()], {"referenceDocumentUri": "a run"}, "INVALID_REFERENCE_DOCUMENT"),
    ],
)
def test_each_code_of_the_vendor(client, entries, more, code):
    assert codes(client, *entries, **more) == {code}


def test_a_quantity_compares_where_it_is_told_to(client):
    put(client, entry(quantity=5, changeFromQuantity=25))
    assert codes(client, entry(quantity=6, changeFromQuantity=25)) == {"CHANGE_FROM_QUANTITY_STALE"}


def test_the_compare_value_must_be_present(ask):
    without = {name: value for name, value in entry().items() if name != "changeFromQuantity"}
    answer = ask(document("HubStockSet"), input=stock_input(without), key="k1")
    assert answer["errors"][0]["extensions"]["code"] == "INVALID_FIELD_ARGUMENTS"
    old = ask(document("HubStockSet"), input=stock_input(entry()) | {"ignoreCompareQuantity": True}, key="k2")
    assert old["errors"][0]["extensions"]["code"] == "INVALID_VARIABLE"


def test_a_subscriber_hears_of_a_level_that_changed(client, vendor, monkeypatch):
    heard = []
    monkeypatch.setattr(
        "connectors.shopify.sandbox.inventory.emit", lambda *told: heard.append((told[2], told[3]["available"]))
    )
    put(client, entry(quantity=3))
    assert heard == [], "nobody listens"
    table = vendor.app.shops[OUTLET].table("WebhookSubscription")
    table["1"] = {"topic": "INVENTORY_LEVELS_UPDATE", "uri": "http://127.0.0.1:1/"}
    put(client, entry(quantity=3), entry(item=LAMP, quantity=4))
    assert heard == [("inventory_levels/update", 4)], "only the level that changed"


def test_tracking_is_switched_by_the_item(client, vendor):
    item = client.change("HubItemUpdate", {"id": MUG, "input": {"tracked": False}})["inventoryItem"]
    assert item["tracked"] is False


# --- idempotency keys


def test_a_key_is_asked_for(ask):
    text = document("HubStockSet").replace(" @idempotent(key: $key)", "").replace(", $key: String!", "")
    answer = ask(text, input=stock_input(entry()))
    assert answer["data"] == {"inventorySetQuantities": None}
    assert answer["errors"][0]["message"] == (
        "The @idempotent directive is required for this mutation but was not provided."
    )
    assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert answer["extensions"]["cost"]["actualQueryCost"] == 10


def test_the_same_key_again_reads_the_stored_outcome(client):
    first = put(client, entry(quantity=3), key="key-0001")
    put(client, entry(quantity=9))
    assert put(client, entry(quantity=3), key="key-0001") == first
    assert quantities(client)["available"] == 9, "nothing was done a second time"


def test_the_same_key_with_other_content_is_refused(client):
    put(client, entry(quantity=3), key="key-0001")
    assert codes(client, entry(quantity=4), key="key-0001") == {"IDEMPOTENCY_KEY_PARAMETER_MISMATCH"}


def test_a_key_whose_attempt_failed_is_used_up(client):
    assert codes(client, entry(quantity=-1), name="on_hand", key="key-0001") == {"INVALID_QUANTITY_NEGATIVE"}
    again = codes(client, entry(quantity=-1), name="on_hand", key="key-0001")
    assert again == {"IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"}


def test_a_key_whose_call_is_under_way_is_concurrent(client, vendor):
    vendor.control("fault", kind="slow", seconds=0.3, operation="HubStockSet")
    put(client, entry(quantity=3), key="key-0001")
    vendor.app.shops[OUTLET].table("IdempotencyKey")["key-0001"]["busy_until"] = vendor.app.now() + 60
    assert codes(client, entry(quantity=3), key="key-0001") == {"IDEMPOTENCY_CONCURRENT_REQUEST"}
    vendor.control("clock", advance=61)
    assert put(client, entry(quantity=3), key="key-0001")["inventoryAdjustmentGroup"] is not None


def test_a_key_is_forgotten_after_a_day(client, vendor):
    put(client, entry(quantity=3), key="key-0001")
    vendor.control("clock", advance=86_401)
    assert put(client, entry(quantity=4), key="key-0001")["inventoryAdjustmentGroup"] is not None


# --- uploads and bulk operations


def stage(client: ShopifyClient) -> dict:
    wish = {
        "resource": "BULK_MUTATION_VARIABLES",
        "filename": "s.jsonl",
        "mimeType": "text/jsonl",
        "httpMethod": "POST",
    }
    [target] = client.change("HubStage", {"input": [wish]})["stagedTargets"]
    return target


def upload(target: dict, content: bytes, *, change=lambda fields: fields) -> int:
    fields = change([(one["name"], (None, one["value"])) for one in target["parameters"]])
    return requests.post(target["url"], files=[*fields, ("file", ("s.jsonl", content))], timeout=10).status_code


def start(client: ShopifyClient, target: dict, text: str = "") -> dict:
    path = next(one["value"] for one in target["parameters"] if one["name"] == "key")
    variables = {"mutation": text or document("HubStockSet"), "path": path, "client": "integration-hub-1"}
    return client.change("HubBulkMutation", variables)["bulkOperation"]


def lines(*inputs: dict) -> bytes:
    return b"\n".join(json.dumps({"input": one, "key": str(uuid.uuid4())}).encode() for one in inputs)


def finished(client: ShopifyClient, vendor, gid: str) -> dict:
    for _ in range(100):
        vendor.control("clock", advance=2)
        node = client.execute("HubBulk", {"id": gid})["bulkOperation"]
        if node["status"] not in ("CREATED", "RUNNING", "CANCELING"):
            return node
    raise AssertionError("it never ended")


def result(url: str) -> dict[int, dict]:
    rows = [json.loads(line) for line in requests.get(url, timeout=10).content.splitlines()]
    return {row.pop("__lineNumber"): row for row in rows}


def test_an_upload_wants_every_parameter_in_order_and_the_file_last(client):
    assert upload(stage(client), b"{}", change=lambda fields: fields[:-1]) == 403
    assert upload(stage(client), b"{}", change=lambda fields: fields[::-1]) == 403
    assert upload(stage(client), b"{}") == 201


def test_an_upload_target_expires(client, vendor):
    target = stage(client)
    vendor.control("clock", advance=3_601)
    assert upload(target, b"{}") == 400


def test_a_bulk_mutation_runs_every_line_and_tells_each_outcome(client, vendor):
    target = stage(client)
    inputs = [stock_input(entry(quantity=n), entry(item=LAMP, quantity=n)) for n in (3, 4)]
    inputs.append(stock_input(entry(item="gid://shopify/InventoryItem/9")))
    assert upload(target, lines(*inputs) + b"\nnonsense") == 201
    made = start(client, target)
    assert made["status"] == "CREATED"
    assert client.execute("HubBulk", {"id": made["id"]})["bulkOperation"]["url"] is None
    node = finished(client, vendor, made["id"])
    assert (node["status"], node["objectCount"], node["errorCode"]) == ("COMPLETED", "4", None)
    rows = result(node["url"])
    assert list(rows) != sorted(rows), "in no order"
    assert rows[0]["data"]["inventorySetQuantities"]["userErrors"] == []
    assert rows[2]["data"]["inventorySetQuantities"]["userErrors"][0]["code"] == "INVALID_INVENTORY_ITEM"
    assert rows[3]["errors"]


def test_what_a_bulk_mutation_may_not_be(client):
    def code(text="", path=""):
        target = stage(client)
        upload(target, lines(stock_input(entry())))
        if path:
            target["parameters"] = [{"name": "key", "value": path}]
        with pytest.raises(UserErrors) as raised:
            start(client, target, text)
        return raised.value.codes

    assert code(path="tmp/nothing") == {"NO_SUCH_FILE"}
    for text in ("query { shop { name } }", "mutation {", document("HubBulkCancel"), "mutation { nothing { id } }"):
        assert code(text) == {"INVALID_MUTATION"}


def test_five_of_a_kind_run_at_once(client, vendor):
    vendor.app.schedule = lambda *_: None  # none of them ever begins
    try:
        for _ in range(5):
            target = stage(client)
            upload(target, lines(stock_input(entry())))
            start(client, target)
        target = stage(client)
        upload(target, lines(stock_input(entry())))
        with pytest.raises(UserErrors) as raised:
            start(client, target)
        assert raised.value.codes == {"OPERATION_IN_PROGRESS"}
    finally:
        del vendor.app.schedule


def test_a_failed_operation_leaves_what_it_had(client, vendor):
    vendor.control("bulk", error_code="INTERNAL_SERVER_ERROR", after_lines=40)
    target = stage(client)
    upload(target, lines(*[stock_input(entry(quantity=n)) for n in range(60)]))
    node = finished(client, vendor, start(client, target)["id"])
    assert (node["status"], node["errorCode"], node["url"]) == ("FAILED", "INTERNAL_SERVER_ERROR", None)
    assert len(result(node["partialDataUrl"])) == 40


def test_a_canceled_operation_ends(client, vendor):
    target = stage(client)
    upload(target, lines(stock_input(entry())))
    made = start(client, target)
    client.change("HubBulkCancel", {"id": made["id"]})
    assert finished(client, vendor, made["id"])["status"] == "CANCELED"


def test_a_bulk_query_gives_every_variant_a_row(client, vendor):
    vendor.control("seed", skus=1_000)
    made = client.change("HubBulkQuery", {"query": document("HubVariantsInBulk")})["bulkOperation"]
    node = finished(client, vendor, made["id"])
    rows = [json.loads(line) for line in requests.get(node["url"], timeout=10).content.splitlines()]
    assert len(rows) == 1_006 == int(node["objectCount"])
    assert rows[-1]["sku"] == "BULK-0001000" and set(rows[-1]["inventoryItem"]) == {"id", "tracked"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{ shop { name } }", "at least one connection"),
        ("{ productVariants(first: 5) { nodes { id } } }", "edges instead of nodes"),
        ("query Q($id: ID!) { product(id: $id) { id } }", "variables are not supported"),
        ("{ nonsense }", "Cannot query field"),
        ("{", "Syntax Error"),
    ],
)
def test_what_a_bulk_query_may_not_be(client, text, why):
    with pytest.raises(UserErrors, match=why) as raised:
        client.change("HubBulkQuery", {"query": text})
    assert raised.value.codes == {"INVALID"}


def test_a_result_can_be_read_for_a_week_and_without_a_token(client, vendor):
    made = client.change("HubBulkQuery", {"query": document("HubVariantsInBulk")})["bulkOperation"]
    url = finished(client, vendor, made["id"])["url"]
    assert requests.get(url, headers={"X-Shopify-Access-Token": "t"}, timeout=10).status_code == 400
    assert requests.get(url, timeout=10).status_code == 200
    vendor.control("clock", advance=8 * 86_400)
    assert requests.get(url, timeout=10).status_code == 403


def test_a_million_skus_cost_nothing_until_they_are_written(client, vendor):
    vendor.control("seed", skus=1_000_000)
    item = "gid://shopify/InventoryItem/50999999"
    put(client, entry(item=item, quantity=7), entry(item="gid://shopify/InventoryItem/51000000", quantity=8))
    assert quantities(client, item) == {"available": 7, "on_hand": 7, "committed": 0, "incoming": 0, "reserved": 0}
    assert quantities(client, item, HAMBURG)["available"] == 25
    shop = vendor.app.shops[OUTLET]
    assert shop.variant("BULK-0999999")["id"].endswith("/50999999") and shop.variant("BULK-1000001") is None
    client.change("HubItemUpdate", {"id": item, "input": {"tracked": False}})
    assert client.execute("HubStock", {"id": item, "location": KIEL})["inventoryItem"]["tracked"] is False
