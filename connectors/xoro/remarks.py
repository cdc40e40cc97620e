"""What a person should know of a document that is in Xoro: remarks on the event, never failures, because it is there."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.exceptions import PayloadError
from connectors.xoro import wire
from connectors.xoro.equality import is_same

if TYPE_CHECKING:
    from connectors.run import Run
    from connectors.xoro.sending import Sending


def waves(run: Run, one: Sending, number: str, row: dict[str, Any]) -> None:
    """An order that was taken while its wave was not: ``SoEstimateEdiLogArr`` names what stood in the way."""
    for told in row.get("SoEstimateEdiLogArr") or []:
        code = wire.identifier(told.get("ErrorCode")) if isinstance(told, dict) else ""
        if code in run.settings.wave_error_codes:
            said = told.get("Message") or f"error {code}"
            run.note(
                "wave_error",
                f"{number} is in Xoro without a wave for {one.what}: {said}. Make it there once it can be.",
            )


def deposit(run: Run, one: Sending, row: dict[str, Any]) -> None:
    """A remark where Xoro does not show the deposit that would have gone along: money is never taken a second time."""
    wanted = one.deposit.get("DepositAmount", 0)
    there = wire.header_of(row).get("DepositAmount")
    number = wire.document_number(row)
    try:
        if wire.decimal(there or 0) == wire.decimal(wanted):
            return
    except PayloadError as error:
        run.note("deposit_unreadable", str(error))
    shown = f"shows a deposit of {there}" if there else "shows no deposit"
    run.note(
        "deposit_differs",
        f"Xoro {shown} on {number}, and the shop received {wanted} for it until now: enter the difference there by hand.",
    )


def total(run: Run, one: Sending, number: str, given: Any) -> None:
    """A remark, never a failure: the document is there, and the ledger must hear of it."""
    wanted: Decimal = one.part.order.total
    currency = one.order.currency
    try:
        if given is None or wire.decimal(given, "TotalAmount") == wanted:
            return
        run.note("total_differs", f"Xoro's total of {number} is {wire.money(given)} instead of {wanted} {currency}.")
    except (PayloadError, ArithmeticError) as error:
        run.note("total_unreadable", f"Xoro's total of {number} cannot be read: {error}")


def difference(run: Run, one: Sending, row: dict[str, Any], body: Mapping[str, Any]) -> None:
    """A document that is taken for ours may say something else: what another program sent, or the order as it was."""
    try:
        if is_same(row, body):
            return
    except PayloadError:
        pass
    run.note(
        "found_different",
        f"{wire.document_number(row)} in Xoro differs from {one.what} as it is in the shop now. It was left as it is: "
        "compare the two, and change it in Xoro where it matters.",
    )
