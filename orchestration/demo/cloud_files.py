"""The cloud bill as FOCUS 1.2 files, one per day, for a model served by Amazon Bedrock. One day's file is absent on
purpose."""

import csv
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from orchestration.demo.catalog import CLOUD_ACCOUNT, last_day_of, month_of, plain
from orchestration.demo.traffic import CloudCharge, Traffic

CLOUD_MODEL = "Claude4.6Sonnet"


def write_cloud_files(folder: Path, traffic: Traffic) -> None:
    """Write one CSV per day that has charges to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    by_day: dict[date, list[CloudCharge]] = defaultdict(list)
    for charge in traffic.cloud:
        by_day[charge.day].append(charge)
    for day, charges in by_day.items():
        rows = [_focus_row(charge) for charge in charges]
        with (folder / f"bedrock_{day}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


def _midnight(day: date) -> str:
    return f"{day}T00:00:00Z"


def _focus_row(charge: CloudCharge) -> dict[str, str]:
    month_end = last_day_of(month_of(charge.day))
    cost, price = plain(charge.cost), plain(charge.unit_price_per_thousand)
    thousands = plain(Decimal(charge.tokens) / 1000)
    return {
        "BilledCost": cost,
        "EffectiveCost": cost,
        "ListCost": cost,
        "ContractedCost": cost,
        "BillingCurrency": "USD",
        "BillingAccountId": CLOUD_ACCOUNT,
        "BillingAccountName": "meadowlark-demo",
        "BillingPeriodStart": _midnight(charge.day.replace(day=1)),
        "BillingPeriodEnd": _midnight(month_end + timedelta(days=1)),
        "ChargePeriodStart": _midnight(charge.day),
        "ChargePeriodEnd": _midnight(charge.day + timedelta(days=1)),
        "ChargeCategory": "Usage",
        "ChargeClass": "",
        "ChargeDescription": f"{CLOUD_MODEL} {charge.kind} tokens",
        "ChargeFrequency": "Usage-Based",
        "ConsumedQuantity": thousands,
        "ConsumedUnit": "1K tokens",
        "PricingQuantity": thousands,
        "PricingUnit": "1K tokens",
        "PricingCategory": "Standard",
        "ListUnitPrice": price,
        "ContractedUnitPrice": price,
        "InvoiceIssuerName": "AWS",
        "ProviderName": "AWS",
        "PublisherName": "Anthropic",
        "ServiceCategory": "AI and Machine Learning",
        "ServiceSubcategory": "Generative AI",
        "ServiceName": "Amazon Bedrock",
        "SkuId": f"BEDROCK-{charge.kind.upper()}",
        "SkuPriceId": f"BEDROCK-{charge.kind.upper()}.1",
        "SubAccountId": "604287654321",
        "SubAccountName": "translation",
        "ResourceId": "",
        "RegionId": "us-east-1",
        "Tags": "{}",
        "x_UsageType": f"USE1-{CLOUD_MODEL}-{charge.kind}-tokens",
        "x_Operation": "InvokeModel",
    }
