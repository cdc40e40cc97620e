"""What the provider declares about products, SKUs, prices, customers and companies."""

from __future__ import annotations

from connectors.base import Accept, Handler, MappingKind, Period, Single, Sync
from connectors.records import CompanyAccount, CustomerAccount, Price, Product, Record
from connectors.shopify import companies, customers, price_feed, products, skus
from connectors.shopify.account_options import CompanyOptions, CustomerOptions
from connectors.shopify.company_delivery import PAYMENT_TERMS, accept_company
from connectors.shopify.customer_delivery import accept_customer
from connectors.shopify.product_delivery import accept_product
from connectors.shopify.product_options import ProductOptions

HANDLERS = {
    "products/create": Handler(function=products.import_product, label="Product made", reads_current_state=True),
    "products/update": Handler(function=products.import_product, label="Product changed", reads_current_state=True),
    "products/delete": Handler(function=products.product_deleted, label="Product deleted"),
    "inventory_items/create": Handler(function=skus.refresh_item, label="SKU made", reads_current_state=True),
    "inventory_items/update": Handler(function=skus.refresh_item, label="SKU changed", reads_current_state=True),
    "inventory_items/delete": Handler(function=skus.forget_item, label="SKU deleted"),
    "customers/create": Handler(function=customers.import_customer, label="Customer made", reads_current_state=True),
    "customers/update": Handler(function=customers.import_customer, label="Customer changed", reads_current_state=True),
    "customers/delete": Handler(function=customers.customer_deleted, label="Customer deleted"),
    "customers/merge": Handler(function=customers.customers_merged, label="Customers merged"),
    "companies/create": Handler(function=companies.import_company, label="Company made", reads_current_state=True),
    "companies/update": Handler(function=companies.import_company, label="Company changed", reads_current_state=True),
    "companies/delete": Handler(function=companies.company_deleted, label="Company deleted"),
    "company_locations/create": Handler(
        function=companies.company_of_location, label="Location of a company made", reads_current_state=True
    ),
    "company_locations/update": Handler(
        function=companies.company_of_location, label="Location of a company changed", reads_current_state=True
    ),
}

SYNCS = {
    "products": Sync(
        label="Changed products",
        function=products.synchronize_changed,
        records=Product,
        help="Reads every product changed since the last time, and the SKUs of their variants.",
    ),
    "customers": Sync(
        label="Changed customers",
        function=customers.synchronize_changed,
        records=CustomerAccount,
        help="Reads every customer changed since the last time. Customers reach other systems with their orders anyway.",
    ),
    "companies": Sync(
        label="Changed companies",
        function=companies.synchronize_changed,
        records=CompanyAccount,
        help="Reads every company changed since the last time, with locations and contacts.",
    ),
}

SINGLES = {
    "product": Single(
        label="Product",
        function=products.synchronize_product,
        help="Its handle, title, id, or one of its SKUs.",
    ),
    "customer": Single(
        label="Customer",
        function=customers.synchronize_customer,
        help="E-mail address, phone number with +, or id.",
    ),
    "company": Single(
        label="Company", function=companies.synchronize_company, help="Its external id, its name, or its id."
    ),
}

PERIODS = {
    "products": Period(
        label="Products changed",
        function=products.synchronize_days,
        records=Product,
        count=products.count_days,
        help="By the day of their last change, in the shop's time zone.",
    ),
}

EMITS: tuple[type[Record], ...] = (Product, CustomerAccount, CompanyAccount)

ACCEPTS: dict[type[Record], Accept] = {
    Product: Accept(function=accept_product, options=ProductOptions, label="Product", max_attempts=20),
    Price: Accept(feed=price_feed.feed, label="Price", max_attempts=12),
    CustomerAccount: Accept(function=accept_customer, options=CustomerOptions, label="Customer"),
    CompanyAccount: Accept(function=accept_company, options=CompanyOptions, label="Company"),
}

MAPPINGS = (
    MappingKind(
        name=PAYMENT_TERMS,
        label="Payment terms",
        help="The other system's payment terms to the name of a template in Shopify, like Net 30.",
    ),
)
