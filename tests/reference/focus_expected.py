"""The bill in the words of FOCUS: plain fractions from the facts, no code and no SQL of the product.

Written from the rules: costs are in the currency of the bill. Cost is effective in the period that used it; tax and
credits, which no period uses, when they are billed. Usage costs at contracted prices what it effectively costs, anything
else what is billed. List cost is what the bill states, else what is charged, whoever paid it ahead.
"""

from collections import defaultdict
from fractions import Fraction
from typing import Any

from tests.reference.billing import Billing

NAMES = {
    "openai": "OpenAI",
    "anthropic": "Anthropic",
    "aws": "Amazon Web Services",
    "azure": "Microsoft",
    "google": "Google Cloud",
}
COSTS = (
    "BilledCost",
    "EffectiveCost",
    "ContractedCost",
    "ListCost",
    "x_ReportingBilledCost",
    "x_ReportingEffectiveCost",
)
KEYS = ("charge_day", "issuer", "account", "category", "currency")
SUMS = ", ".join(f'sum("{name}") as "{name}"' for name in COSTS)
QUERY = f"""
select cast("ChargePeriodStart" as date) as charge_day, "InvoiceIssuerName" as issuer, "BillingAccountId" as account,
    "ChargeCategory" as category, "BillingCurrency" as currency, {SUMS},
    bool_and(
        "ChargePeriodEnd" = "ChargePeriodStart" + interval 1 day
        and "BillingPeriodStart" = date_trunc('month', "ChargePeriodStart")
        and "BillingPeriodEnd" = "BillingPeriodStart" + interval 1 month
    ) as has_its_periods,
    count("ConsumedQuantity") + count("SkuPriceId") as quantities
from {{table}} group by all"""


def charges(billing: Billing) -> dict[tuple, dict[str, Any]]:
    """Costs by day, issuer, account, category and currency."""
    sums: dict[tuple, list[Fraction]] = defaultdict(lambda: [Fraction(0)] * len(COSTS))
    for row in billing.rows:
        if row.category == "draw":
            continue
        currency = row.currency or billing.company.currency
        rate = billing.converted(1, currency, row.day)
        used = row.billed if row.category in ("tax", "credit") else row.effective
        contracted = used if row.category == "usage" else row.billed
        at_list = Fraction(0) if row.is_drawn else row.billed if row.at_list is None else row.at_list
        native = [one / rate for one in (row.billed, used, contracted, at_list)]
        key = (
            row.day,
            NAMES.get(row.provider, row.provider),
            row.account or row.provider,
            row.category.title(),
            currency,
        )
        sums[key] = [one + more for one, more in zip(sums[key], [*native, row.billed, row.effective], strict=True)]
    return {
        key: dict(zip(COSTS, costs, strict=True)) | {"has_its_periods": True, "quantities": 0}
        for key, costs in sums.items()
    }
