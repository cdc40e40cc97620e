"""What an invoice tells of shipments, read without a call."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.exceptions import PayloadError
from connectors.records import Shipment
from connectors.xoro import wire
from connectors.xoro.shipments import has_left, read, shipments_of, units_of
from tests.connectors.xoro.cast import make_settings


def a_row(*shipments: dict[str, Any], place: str = "invoiceShipmentArr", **header: Any) -> dict[str, Any]:
    return {
        "invoiceHeader": {
            "Id": 8801, "InvoiceNumber": "WEB-I000412", "SoNumber": "WEB-S000733", "RefNo": "2207",
            "ThirdPartyRefNo": 6120045512001, "ThirdPartySource": "https://lumen.example-Demo",
            "StoreName": "EAST WAREHOUSE", "ShipDate": "03/09/2026", "ModifyDttm": "03/09/2026 10:02:11 PM", **header,
        },
        "invoiceItemLineArr": [
            {"Id": 1, "SoLineId": 41, "ItemNumber": "LMP-OAK-S", "Qty": Decimal("2.0"), "QtyShipped": 2},
            {"Id": 2, "SoLineId": 42, "ItemNumber": "HUB-TIP", "Qty": 1},
            {"Id": 3, "SoLineId": 43, "ItemNumber": "MUG-BLU-350", "Qty": "1", "QtyShipped": 0},
        ],
        **({place: list(shipments)} if shipments else {}),
    }  # fmt: skip


def parcel(number: int = 60001, *lines: tuple[int, str, Any], **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"ShipmentId": number, "TrackingNumber": f"1Z{number}", "CarrierName": "UPS", **more}
    if lines:
        found["Lines"] = [{"SoLineId": line_id, "ItemNumber": sku, "Qty": units} for line_id, sku, units in lines]
    return found


def made(row: dict[str, Any], **more: Any) -> list[Shipment]:
    settings = more.pop("settings", None) or make_settings(api_time_zone="America/New_York")
    return shipments_of(read(row), settings, order_id="6120045512001", **more)


def units(shipment: Shipment) -> dict[str, int]:
    return {line.sku: int(line.quantity) for line in shipment.lines}


def test_the_moment_of_change_is_meant_in_the_zone_of_xoro() -> None:
    (one,) = made(a_row(parcel(60001, (41, "LMP-OAK-S", 2))))
    assert one.updated_at == datetime(2026, 3, 10, 2, 2, 11, tzinfo=UTC)
    assert (one.id, one.number, one.order_name) == ("60001", "WEB-I000412/60001", "#2207")


@pytest.mark.parametrize("place", ["invoiceShipmentArr", "InvoiceShipmentArr", "ShipmentArr", "shipmentArr"])
def test_shipments_are_read_from_any_of_the_members_they_may_be_in(place: str) -> None:
    found = made(a_row(parcel(60001, (41, "LMP-OAK-S", 1)), parcel(60002, (41, "LMP-OAK-S", 1)), place=place))
    assert [(one.id, units(one)) for one in found] == [("60001", {"LMP-OAK-S": 1}), ("60002", {"LMP-OAK-S": 1})]


def test_a_line_of_a_shipment_without_a_sku_is_named_by_its_line_of_the_order() -> None:
    assert units(made(a_row(parcel(60001, (41, "", 2))))[0]) == {"LMP-OAK-S": 2}


def test_a_shipment_without_lines_stands_for_what_the_invoice_says_was_shipped() -> None:
    assert units(made(a_row(parcel()))[0]) == {"LMP-OAK-S": 2}  # no tip, and no mug, of which none was shipped


def test_several_shipments_of_which_one_does_not_say_what_is_in_it_are_one() -> None:
    (one,) = made(a_row(parcel(60001, (41, "LMP-OAK-S", 1)), parcel(60002)))
    assert (one.id, one.number, units(one)) == ("invoice-8801", "WEB-I000412", {"LMP-OAK-S": 2})
    assert one.tracking_numbers == ("1Z60001", "1Z60002")


def test_shipments_without_ids_are_one_under_the_invoices_own() -> None:
    (one,) = made(a_row(parcel(60001, (41, "LMP-OAK-S", 2), ShipmentId=None)))
    assert one.id == "invoice-8801"


def test_a_tracking_number_of_the_header_alone_is_told() -> None:
    (one,) = made(a_row(TrackingNumber="1Z9; 1Z9", CarrierName="UPS"))
    assert (one.tracking_numbers, one.carrier) == (("1Z9",), "UPS")


def test_an_invoice_of_charges_alone_is_no_shipment() -> None:
    row = a_row()
    row["invoiceItemLineArr"] = row["invoiceItemLineArr"][1:2]
    assert made(row) == []
    assert units_of(read(row), make_settings()) == {}


def test_an_invoice_that_names_no_shipment_no_day_and_no_units_has_not_left() -> None:
    row = a_row(ShipDate="01/01/0001")
    assert has_left(read(row))  # its lines say two were shipped
    row["invoiceItemLineArr"] = [{"ItemNumber": "LMP-OAK-S", "Qty": 2}]
    assert not has_left(read(row))


def test_of_several_locations_with_one_store_a_part_takes_its_own() -> None:
    rows = [{"location": name, "store": "East Warehouse", "store_location": ""} for name in ("77001", "77002")]
    settings = make_settings(location_map=rows)
    assert made(a_row(ThirdPartyRefNo="6120045512001-77002"), settings=settings)[0].location == "77002"
    assert made(a_row(), settings=settings)[0].location == "77001"
    assert made(a_row(StoreName="Main Store"), settings=settings)[0].location == ""


def test_what_cannot_be_read_names_its_member() -> None:
    with pytest.raises(PayloadError, match="neither number nor id"):
        read(a_row(Id=None, InvoiceNumber=""))
    with pytest.raises(PayloadError, match="where a time belongs"):
        read(a_row(ModifyDttm="yesterday"))
    with pytest.raises(PayloadError, match="where a number belongs"):
        made(a_row(parcel(60001, (41, "LMP-OAK-S", "two"))))


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("03/09/2026 10:02:11 PM", "2026-03-09T22:02:11"),
        ("03/09/2026 22:02:11", "2026-03-09T22:02:11"),
        ("2026-03-09T22:02:11Z", "2026-03-09T22:02:11"),
        ("03/09/2026", "2026-03-09T00:00:00"),
        ("01/01/0001 12:00:00 AM", None),
        ("", None),
    ],
)
def test_moments_are_read_as_they_are_written(written: str, moment: str | None) -> None:
    found = wire.local_moment(written)
    assert (found.isoformat() if found else None) == moment
