"""The samples of products and stock are what the sandbox takes and gives, and what the hub makes and reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests

import connectors.xoro
from connectors.http import dump_json
from connectors.records import Product
from connectors.xoro.product_merge import merged
from connectors.xoro.product_translation import Remarks, product_record
from tests.connectors.xoro.cast import Tenant, make_settings

SAMPLES = Path(connectors.xoro.__file__).parent / "samples"
AUTH = ("sandbox-key", "sandbox-secret")
MOMENTS = ("CreateDttm", "ModifyDttm")


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text())


def call(tenant: Tenant, method: str, path: str, **more: Any) -> Any:
    return requests.request(method, f"{tenant.address}/api/xerp/{path}", auth=AUTH, timeout=5, **more).json()


def same(given: Any, expected: Any) -> bool:
    """Every member of the sample, moments aside."""
    if isinstance(expected, dict):
        return all(name in MOMENTS or same(given[name], value) for name, value in expected.items())
    if isinstance(expected, list):
        return len(given) == len(expected) and all(map(same, given, expected))
    return bool(given == expected)


def test_the_request_is_what_the_sample_product_becomes() -> None:
    record = Product.from_json((SAMPLES / "product.json").read_bytes())
    assert json.loads(dump_json([merged(None, record, make_settings())])) == sample("product_create_request")


def test_the_sandbox_takes_the_request_and_answers_as_the_sample_does(tenant: Tenant) -> None:
    answer = call(tenant, "POST", "product/create", json=sample("product_create_request"))
    assert same(answer, sample("product_create_response"))


@pytest.mark.parametrize(
    ("name", "path", "query"),
    [
        ("product_getproduct", "product/getproduct", {"base_part_number": "LMP-OAK"}),
        ("product_getitem", "product/item/getitem", {"item_number": "LMP-OAK-S"}),
        ("product_getitem", "item/getitem", {"item_number": "LMP-OAK-S"}),
    ],
)
def test_the_sandbox_gives_what_the_samples_show(tenant: Tenant, name: str, path: str, query: dict[str, str]) -> None:
    assert same(call(tenant, "GET", path, params={**query, "page": 1}), sample(f"{name}_response"))


def test_the_sandbox_gives_stock_as_the_sample_shows(tenant: Tenant) -> None:
    query = {"item_number": "LMP-OAK-S", "store": "EAST WAREHOUSE"}
    answer = call(tenant, "GET", "inventory/getinventorybyitem", params=query)
    assert same(answer["Data"], sample("inventory_getinventorybyitem_response")["Data"])


def test_a_product_that_is_left_out_of_the_array_is_refused(tenant: Tenant) -> None:
    answer = call(tenant, "POST", "product/create", json=sample("product_create_request")[0])
    assert (answer["Result"], answer["Data"]) == (False, None)


@pytest.mark.parametrize(
    ("member", "value", "message"),
    [("Tittle", "x", "Unknown field"), ("ActiveFlag", "Y", "Invalid value"), ("Title", "", "Required field missing")],
)
def test_misspelt_and_mistyped_members_are_refused(tenant: Tenant, member: str, value: str, message: str) -> None:
    [body] = sample("product_create_request")
    answer = call(tenant, "POST", "product/create", json=[{**body, member: value}])
    assert answer["Message"].startswith(message)


def test_what_a_body_leaves_out_is_cleared_by_the_tenant(tenant: Tenant) -> None:
    """The trap for a client that writes without having read."""
    [part] = call(tenant, "GET", "product/getproduct", params={"base_part_number": "LMP-OAK"})["Data"]
    body = {"BasePartNumber": "LMP-OAK", "Title": "Lamp", "Variants": [{"ItemNumber": "LMP-OAK-S"}]}
    assert call(tenant, "POST", "product/create", json=[body])["Result"]
    [after] = call(tenant, "GET", "product/getproduct", params={"base_part_number": "LMP-OAK"})["Data"]
    assert part["BodyHtml"]
    assert after["BodyHtml"] is None
    assert len(after["Variants"]) == 1


def test_the_sample_base_part_reads_as_a_product() -> None:
    [part] = sample("product_getproduct_response")["Data"]
    record = product_record(part, make_settings(), Remarks())
    assert (record.handle, len(record.variants)) == ("oak-lamp", 3)
