"""Writes the simulated company as a company folder: YAML files, ledgers, gateway logs, cloud bill.

The same files come out every time, byte for byte; files of the same name are replaced. Money in the CSV files is
decimal text.
"""

import csv
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from string import Template
from typing import Any

from orchestration.demo.catalog import AS_OF, FIRST_DAY, GATEWAY_KEYS, days, last_day_of, month_of, token_hash
from orchestration.demo.cloud_files import write_cloud_files
from orchestration.demo.finance import (
    ACCOUNTS,
    BUDGET_MONTHS,
    BUDGETS,
    HEADCOUNT,
    LABOR_RATES,
    PEOPLE,
    POSTED_MONTHS,
    REFUSED_REVENUE,
    business_metrics,
    euro_rate,
    journals,
    revenue_lines,
)
from orchestration.demo.gateway_files import write_gateway_files
from orchestration.demo.traffic import Traffic, simulate

TEMPLATES = Path(__file__).parent / "company_files"


def write_demo_company(target: Path, base_url: str) -> None:
    """Write the company folder to ``target``; ``base_url`` is the demo server's address, without a path."""
    traffic = simulate()
    write_configuration(target, base_url)
    _write_ledgers(target / "ledgers", traffic)
    write_gateway_files(target / "gateway", traffic)
    write_cloud_files(target / "cloud", traffic)


def write_configuration(target: Path, base_url: str) -> None:
    """The YAML files alone; the address of the demo server is in them."""
    target.mkdir(parents=True, exist_ok=True)
    values = {"base_url": base_url.rstrip("/")} | {f"key_{_word(alias)}": token_hash(alias) for alias in GATEWAY_KEYS}
    for template in sorted(TEMPLATES.glob("*.yaml")):
        text = Template(template.read_text(encoding="utf-8")).substitute(values)
        (target / template.name).write_text(text, encoding="utf-8")


def _word(alias: str) -> str:
    return alias.replace("-", "_")


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A CSV file; None becomes an empty field."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(["" if value is None else value for value in row] for row in rows)


def _write_ledgers(folder: Path, traffic: Traffic) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    _write_general_ledger(folder / "general_ledger.csv", traffic)
    write_rows(
        folder / "revenue.csv",
        ("revenue_date", "recognition_end_date", "product_id", "customer_id", "amount", "currency"),
        (
            (r.revenue_date, r.recognition_end_date, r.product_id, r.customer_id, f"{r.amount:.2f}", r.currency)
            for r in revenue_lines()
        ),
    )
    write_rows(
        folder / "revenue_reseller.csv",
        ("revenue_date", "product_id", "customer_id", "amount", "currency"),
        REFUSED_REVENUE,
    )
    write_rows(
        folder / "exchange_rates.csv",
        ("rate_date", "from_currency", "to_currency", "rate"),
        ((day, "EUR", "USD", f"{euro_rate(day):.4f}") for day in days(FIRST_DAY - timedelta(days=1), AS_OF)),
    )
    write_rows(
        folder / "budgets.csv",
        ("department_id", "fiscal_period", "budget_class", "amount", "currency"),
        ((dept, month, kind, amount, "USD") for month in BUDGET_MONTHS for (dept, kind), amount in BUDGETS.items()),
    )
    write_rows(
        folder / "headcount.csv",
        ("month_end", "department_id", "headcount"),
        (
            (last_day_of(month), department, counts[position])
            for position, month in enumerate(POSTED_MONTHS)
            for department, counts in HEADCOUNT.items()
        ),
    )
    write_rows(
        folder / "labor_rates.csv",
        ("labor_rate_id", "valid_from", "hourly_rate", "currency"),
        ((*rate, "USD") for rate in LABOR_RATES),
    )
    write_rows(
        folder / "business_metrics.csv", ("metric_date", "metric_id", "value", "initiative_id"), business_metrics()
    )
    write_rows(folder / "people.csv", ("actor_id", "department_id", "function", "email"), PEOPLE)


def _write_general_ledger(path: Path, traffic: Traffic) -> None:
    rows = []
    for entry in journals(traffic):
        for number, line in enumerate(entry.lines, 1):
            name, account_class = ACCOUNTS[line.account]
            rows.append(
                (
                    "MEADOWLARK-US",
                    entry.entry_id,
                    number,
                    entry.posting_date,
                    line.account,
                    name,
                    account_class,
                    f"{line.debit:.2f}",
                    f"{line.credit:.2f}",
                    "USD",
                    line.department_id,
                    line.product_id,
                    line.counterparty,
                    line.description,
                    month_of(entry.posting_date),
                    line.service_period,
                    "posted",
                )
            )
    header = (
        "legal_entity_id journal_entry_id journal_line_number posting_date account_number account_name account_class "
        "debit_amount credit_amount currency department_id product_id counterparty_name description fiscal_period "
        "service_period posting_status"
    )
    write_rows(path, header.split(), rows)
