"""The table of Xoro's routes: name -> (method, path below the base URL). Each can be replaced at a connector.

Seen in use by public clients or documented (https://xorosoft.docs.apiary.io/, checked 2026-11-20): sales orders read and
created, invoices, credit memos, inventory, products, items, ASNs, GL transactions. The others are our assumption:
a tenant may lack them, and what needs one of them says so instead of failing in the dark.
"""

from __future__ import annotations

ROUTES: dict[str, tuple[str, str]] = {
    "sales_orders": ("GET", "salesorder/getsalesorder"),
    "create_sales_order": ("POST", "salesorder/create"),
    "cancel_sales_order": ("POST", "salesorder/cancel"),
    "invoices": ("GET", "invoice/getinvoice"),
    "create_invoice": ("POST", "invoice/import"),
    "create_deposit": ("POST", "deposit/import"),
    "customers": ("GET", "customer/getcustomer"),
    "create_customer": ("POST", "customer/create"),
    "credit_memos": ("GET", "creditmemo/getcreditmemo"),
    "create_credit_memo": ("POST", "creditmemo/import"),
    "apply_credit": ("POST", "creditmemo/apply"),
    "inventory": ("GET", "inventory/getinventorybyitem"),
    "adjust_inventory": ("POST", "inventory/adjustment"),
    "products": ("GET", "product/getproduct"),
    "items": ("GET", "product/item/getitem"),
    "create_product": ("POST", "product/create"),
    "asns": ("GET", "asn/getasn"),
    "rmas": ("GET", "rma/getrma"),
    "create_rma": ("POST", "rma/import"),
    "undeposited_payments": ("GET", "payment/getundeposited"),
    "create_bank_deposit": ("POST", "bankdeposit/import"),
    "gl_transactions": ("GET", "accounting/getgltransactions"),
}
