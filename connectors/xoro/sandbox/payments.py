"""Deposits imported after their order. The route is the hub's assumption."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.xoro.sandbox import deposits, fields
from connectors.xoro.sandbox.areas import Route
from connectors.xoro.sandbox.books import identity
from connectors.xoro.sandbox.refusal import Refused, check_mandatory, check_members

if TYPE_CHECKING:
    from connectors.xoro.sandbox.server import XoroSandbox

MANDATORY = ("ThirdPartyRefNo", "ThirdPartySource", "SoNumber", "CustomerName", "StoreName", "Amount", "DepositDate")


def take(sandbox: XoroSandbox, body: Any) -> Any:
    """A deposit of a sales order; a negative one gives back what no invoice has used. A reference counts once."""
    books = sandbox.books
    check_members(body, fields.DEPOSIT)
    check_mandatory(body, MANDATORY)
    books.check_store(body["StoreName"])
    order = books.order(str(body["SoNumber"]))
    if any(identity(one) == identity(body) for one in books.deposits if one.get("ThirdPartyRefNo")):
        raise Refused(1005, f"Duplicate third party reference: {body['ThirdPartyRefNo']}")
    amount = body["Amount"]
    if amount < 0 and deposits.unapplied(books, order["SoEstimateHeader"]["OrderNumber"]) + amount < -0.005:
        raise Refused(1001, "Invalid value: Amount")
    more = {name: body[name] for name in ("ThirdPartyRefNo", "ThirdPartySource", "DepositDate", "PaymentMethodName")
            if name in body}  # fmt: skip
    account, liability = body.get("DepositAccountName", ""), body.get("LiabilityAccountName", "")
    return deposits.take(books, order, amount, account=account, liability=liability, **more)


ROUTES = {"deposit/import": Route("POST", "banking", take, "Deposit imported")}
