"""Credit memos applied to invoices: both have less left then. The route is the hub's assumption."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.xoro.sandbox.areas import Route
from connectors.xoro.sandbox.books import identity
from connectors.xoro.sandbox.refusal import Refused, check_mandatory, check_members

if TYPE_CHECKING:
    from connectors.xoro.sandbox.server import XoroSandbox

MEMBERS = ("CreditMemoNumber", "InvoiceNumber", "Amount", "CurrencyCode", "ThirdPartyRefNo", "ThirdPartySource")


def create(sandbox: XoroSandbox, body: Any) -> dict[str, Any]:
    """Never more than the memo or the invoice has left; a reference counts once."""
    books = sandbox.books
    check_members(body, MEMBERS)
    check_mandatory(body, MEMBERS)
    if any(identity(one) == identity(body) for one in books.credit_applications):
        raise Refused(1005, f"Duplicate third party reference: {body['ThirdPartyRefNo']}")
    memo, invoice = books.credit_memo(body["CreditMemoNumber"]), books.invoice(body["InvoiceNumber"])["invoiceHeader"]
    for header, statuses in ((memo, ("Open", "Partially Applied")), (invoice, ("Open",))):
        if header["StatusName"] not in statuses:
            raise Refused(1009, f"Status does not allow this action: {header['StatusName']}")
        if header["CurrencyCode"] != body["CurrencyCode"]:
            raise Refused(1001, "Invalid value: CurrencyCode")
        if not 0 < body["Amount"] < header["BalanceAmount"] + 0.005:
            raise Refused(1001, f"Invalid value: Amount exceeds balance {header['BalanceAmount']}")
    left = round(memo["BalanceAmount"] - body["Amount"], 2)
    status = "Partially Applied" if left else "Applied"
    memo |= {"BalanceAmount": left, "StatusName": status, "ModifyDttm": books.clock.stamp()}
    books.pay(invoice, body["Amount"])
    books.credit_applications.append({**body, "Id": books.counted("credit application", 98_001)})
    return books.credit_applications[-1]


ROUTES = {"creditmemo/apply": Route("POST", "credits", create, "Credit memo applied")}
