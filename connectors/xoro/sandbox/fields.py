"""The members the sandbox takes: every field name seen in use, so that a misspelt one is refused instead of ignored.

Sources: bodies sent by public clients, the vendor's bulk template and API guide (checked 2026-11-20).
"""

from __future__ import annotations

_ADDRESS = (
    "FirstName LastName Name CompanyName Addr Addr2 City State StateAbbr Country CountryISO2 ZpCode PhoneNumber Email "
    "AddrName"
).split()

ORDER_HEADER = frozenset(
    """
    Id OrderNumber RefNo ThirdPartyRefNo ThirdPartyRefName ThirdPartySource ThirdPartyDisplayName ThirdPartyIconUrl
    OrderThirdPartyRefNumber ThirdPartyTotalAmount ThirdPartyCustomerId ThirdPartyCompanyId
    CustomerId CustomerName CustomerFullName CustomerFirstName CustomerLastName CustomerMainPhone CustomerEmailMain
    CustomerAccountNumber CustomerPO CustomerTags CustomerTypeName CustomerGroupName CustomerParentName CustomerMessage
    CustomerDefaultOrderTypeName CustomerDefaultProjectClassName BuyerName IsCustomerTaxExempt IsOrderTaxExempt
    SaleStoreName StoreName OrderDate DateToBeShipped LastDateToBeShipped DateToBeCancelled PromiseDate
    OrderTypeName OrderTypeCode OrderClassName OrderClassCode SoSubTypeName BrandName Season PriorityCode Tags Memo
    CustomComment
    CurrencyCode ExchangeRate PaymentTermsName PaymentTermsType PaymentMethodName DepositRequiredFlag
    DepositRequiredType DepositRequiredTypeName DepositRequiredAmount DepositAmount DepositPercentage
    DepositAccountName LiabilityAccountName AutoDepositTotalAmount TaxCalcCode ReCalcTaxesFlag ReCalculateTaxes
    ReCalcShippingTaxesFlag ReCalcPricing ReCalcFlag ApplyPricingRule ShippingCost ShippingTaxItems
    ExpenseShippingAccntName
    ShipMethodName CarrierName CarrierCode ShipServiceName ShipServiceCode ShippingTermsName ShippingAccountNumber
    ShippingNotes FobName AutoCreateCarrierFlag ResidentialFlag DutyPaymentTerms EIN
    AutoReleaseSalesOrder AutoWaveSalesOrder WaveAllocationCode AutoLockWave MinimumATSPercent RequirePackAndHold
    DefaultLocationName VoidAndCreate KeepOriginalOrderNumber SalesRepId SalesRepName CustomerServiceRepId
    """.split()
    + [prefix + name for prefix in ("ShipTo", "BillTo", "ShipFrom") for name in _ADDRESS]
    + [f"CustomFieldH{n}" for n in range(1, 51)]
)

ORDER_LINE = frozenset(
    """
    Id LineNumber ItemTypeName ItemNumber ItemIdentifierCode ItemUpc BasePartNumber Description UnitPrice Qty CancelQty
    Discount DiscountTypeName SellUomName ItemNotes Notes DateToBeShipped OrderLineClassName ProjectClassName
    ItemShippingCost TaxItems TaxData ThirdPartyRefNo2 AlternativeItemNumber1 AlternativeItemNumber2
    AlternativeItemNumber3
    """.split()
    + [f"CustomFieldD{n}" for n in range(1, 51)]
)

DEPOSIT = frozenset(
    """
    ThirdPartyRefNo ThirdPartySource SoNumber CustomerName StoreName Amount DepositDate PaymentMethodName
    DepositAccountName LiabilityAccountName CurrencyCode RefNo
    """.split()
)

TAX = frozenset({"Name", "Rate", "RateType"})

CUSTOMER = frozenset(
    """
    Id CustomerId CustomerName FullName FirstName LastName CompanyName AccountNumber EmailMain EmailCc MainPhone
    MobilePhone CurrencyCode ActiveFlag OnHold Tags CustomerTypeName CustomerGroupName DefaultAccountReceivableName
    DefaultDepositAccountName DefaultLiabilityAccountName DefaultPaymentTermName DefaultPaymentMethodName
    DefaultOrderTypeName DefaultProjectClassName DefaultCarrierName DefaultShipServiceName DefaultShippingTermName
    SalesRepName IsTaxableFlag TaxCodeChar TaxNumber1 TaxNumber2 ParentId ParentName RestrictNewCustomerForSameEmail
    ThirdPartyRefNo ThirdPartySource ThirdPartyDisplayName BillToAddrList ShipToAddrList
    """.split()
)

CUSTOMER_ADDRESS = frozenset(
    """
    Id AddressTypeId AddressTypeName DefaultFlag DeleteFlag FirstName LastName Name CompanyName Addr Addr2 City State
    PostalZipCode Country CountryCode Email PhoneNumber ResidentialFlag ShippingAccountNumber
    """.split()
)

# Mandatory columns of the vendor's bulk template, without ExchangeRate, which working clients leave out.
MANDATORY_HEADER = (
    "ThirdPartyRefNo ThirdPartySource SaleStoreName StoreName CurrencyCode CustomerName OrderDate DateToBeShipped"
).split()
MANDATORY_LINE = ("ItemNumber", "UnitPrice", "Qty")

NUMBERS = frozenset({"UnitPrice", "Qty", "Discount", "ShippingCost", "DepositAmount", "Amount", "ExchangeRate", "Rate"})
DATES = frozenset({"OrderDate", "DateToBeShipped", "DepositDate", "TxnDate"})
SWITCHES = frozenset(
    """
    AutoReleaseSalesOrder AutoWaveSalesOrder AutoLockWave ReCalcTaxesFlag ReCalculateTaxes ReCalcShippingTaxesFlag
    VoidAndCreate KeepOriginalOrderNumber
    """.split()
)
