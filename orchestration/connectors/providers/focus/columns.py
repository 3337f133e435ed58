"""The FOCUS columns that are landed, and the version a file is written in, told by the columns it has."""

from collections.abc import Collection

REQUIRED = {
    "billed_cost": "BilledCost",
    "effective_cost": "EffectiveCost",
    "billing_currency": "BillingCurrency",
    "billing_account_id": "BillingAccountId",
    "billing_period_start": "BillingPeriodStart",
    "billing_period_end": "BillingPeriodEnd",
    "charge_period_start": "ChargePeriodStart",
    "charge_period_end": "ChargePeriodEnd",
    "charge_category": "ChargeCategory",
    "service_name": "ServiceName",
}
"""Mandatory in every version."""

MAY_BE_EMPTY = ("service_name",)
"""Mandatory, and yet left empty by some clouds: such a charge is still a charge."""

OPTIONAL = {
    "list_cost": ("ListCost",),
    "contracted_cost": ("ContractedCost",),
    "sub_account_id": ("SubAccountId",),
    "charge_class": ("ChargeClass",),
    "charge_description": ("ChargeDescription",),
    "consumed_quantity": ("ConsumedQuantity",),
    "consumed_unit": ("ConsumedUnit",),
    "pricing_quantity": ("PricingQuantity",),
    "pricing_unit": ("PricingUnit",),
    "list_unit_price": ("ListUnitPrice",),
    "contracted_unit_price": ("ContractedUnitPrice",),
    "publisher_name": ("PublisherName",),
    "invoice_issuer_name": ("InvoiceIssuerName",),
    "service_category": ("ServiceCategory",),
    "sku_id": ("SkuId",),
    "resource_id": ("ResourceId",),
    "region_id": ("RegionId",),
    "tags": ("Tags",),
    "usage_type": ("x_UsageType",),
    "operation": ("x_Operation",),
    "sku_meter": ("SkuMeter", "x_SkuMeterName"),
}
"""Null where the file lacks them; of several names the first with a value counts. ``x_`` marks the clouds' own."""

PROVIDER = ("ProviderName", "ServiceProviderName")
"""Who sold the service: the first name to version 1.3, the second from 1.3 on and alone in 1.4. One is required."""

MONEY = ("billed_cost", "effective_cost", "list_cost", "contracted_cost", "list_unit_price", "contracted_unit_price")
QUANTITIES = ("consumed_quantity", "pricing_quantity")
MOMENTS = ("charge_period_start", "charge_period_end", "billing_period_start", "billing_period_end")
CATEGORIES = ("Usage", "Purchase", "Tax", "Credit", "Adjustment")

ALL = (*REQUIRED.values(), *PROVIDER, *(name for names in OPTIONAL.values() for name in names))
"""Every column that is read, by its FOCUS name."""

_MARKS = (
    ("1.4", ("InvoiceDetailId", "CommitmentProgramEligibilityDetails")),
    (
        "1.3",
        ("ServiceProviderName", "HostProviderName", "ContractApplied", "AllocatedMethodId", "AllocatedResourceId"),
    ),
    (
        "1.2",
        ("InvoiceId", "BillingAccountType", "SubAccountType", "PricingCurrency", "PricingCurrencyEffectiveCost"),
    ),
    (
        "1.1",
        (
            "CapacityReservationId",
            "CommitmentDiscountQuantity",
            "CommitmentDiscountUnit",
            "ServiceSubcategory",
            "SkuMeter",
            "SkuPriceDetails",
        ),
    ),
)


def focus_version(header: Collection[str]) -> str:
    """The lowest version from 1.0 to 1.4 that has all the columns of ``header``; a file without ProviderName is 1.4."""
    if "ProviderName" not in header and "ServiceProviderName" in header:
        return "1.4"
    for version, marks in _MARKS:
        if any(mark in header for mark in marks):
            return version
    return "1.0"


def missing_columns(header: Collection[str]) -> list[str]:
    """The required columns that ``header`` lacks, by their FOCUS names."""
    missing = [name for name in REQUIRED.values() if name not in header]
    if not any(name in header for name in PROVIDER):
        missing.append("ProviderName")
    return missing
