"""A company's books as plain facts, and the ledger files and declarations that say them. Added to a folder that
:mod:`tests.reference.company` has written.
"""

import csv
import json
from dataclasses import astuple, dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

ROLES = {
    "10*": "cash",
    "14*": "prepaid",
    "21*": "accrued_liabilities",
    "30*": "financing",
    "50*": "other_cost_of_goods_sold",
    "51*": "ai_cost_of_goods_sold",
    "61*": "ai_research_and_development",
    "62*": "ai_operating_expense",
}
AI_ACCOUNTS = ("5100", "6100", "6200")
SEATS = "seats"
LEDGER = [
    "legal_entity_id",
    "journal_entry_id",
    "journal_line_number",
    "posting_date",
    "account_number",
    "account_name",
    "account_class",
    "account_type",
    "debit_amount",
    "credit_amount",
    "currency",
    "product_id",
    "counterparty_name",
    "description",
    "fiscal_period",
    "service_period",
    "is_reversal",
    "exchange_rate",
]
HEADCOUNT = ["month_end", "department_id", "headcount"]
WAGES = ["labor_rate_id", "valid_from", "hourly_rate", "currency"]
BUDGETS = ["department_id", "fiscal_period", "budget_class", "amount", "currency"]
REVENUE = ["revenue_date", "recognition_end_date", "product_id", "customer_id", "amount", "currency"]


@dataclass(frozen=True)
class Posting:
    """One journal entry: ``amount`` debited to ``account`` (credited, if negative) against the account ``against``.

    ``exchange_rate``: reporting currency per unit of ``currency``, as booked. ``period``: the fiscal period where it is
    not the month of ``day``. ``is_own``: one of the product's own journals, come back through the ledger.
    """

    entry: str
    day: date
    counterparty: str
    account: str
    amount: Decimal
    currency: str
    service_period: str | None = None
    period: str | None = None
    exchange_rate: Decimal | None = None
    description: str = "usage"
    is_tax: bool = False
    is_reversal: bool = False
    product: str | None = None
    against: str = "2000"

    @property
    def posting_period(self) -> str:
        return self.period or f"{self.day:%Y-%m}"

    @property
    def is_own(self) -> bool:
        return self.entry.startswith("TKN-")


@dataclass(frozen=True)
class Invoice:
    """Revenue recognised evenly from ``day`` to ``last_day``, both inclusive; a refund is negative."""

    day: date
    last_day: date
    product: str
    customer: str | None
    amount: Decimal
    currency: str


@dataclass(frozen=True)
class Heads:
    """People of a department at a month's end."""

    month_end: date
    department: str
    heads: Decimal


@dataclass(frozen=True)
class Wage:
    """A labour rate per hour from ``valid_from`` on, until the next one of its name."""

    name: str
    valid_from: date
    hourly: Decimal
    currency: str


@dataclass(frozen=True)
class Budget:
    """A department's budget of a month; ``budget_class``: core or experimentation."""

    department: str
    month: str
    budget_class: str
    amount: Decimal
    currency: str


@dataclass(frozen=True)
class BudgetChange:
    """What somebody asks of an initiative's allocation on a day: to adjust it by ``amount``, or to return that much."""

    day: date
    kind: str
    initiative: str
    amount: Decimal


@dataclass(frozen=True)
class Books:
    """``counterparties``: whom a counterparty's name, as posted, stands for; None is nobody that sells AI.

    ``seats``: providers whose postings described as seats are a subscription.
    """

    postings: tuple[Posting, ...]
    counterparties: dict[str, str | None]
    seats: tuple[str, ...]
    posting_accounts: dict[str, str]
    invoices: tuple[Invoice, ...] = ()
    heads: tuple[Heads, ...] = ()
    wages: tuple[Wage, ...] = ()
    budgets: tuple[Budget, ...] = ()
    changes: tuple[BudgetChange, ...] = ()


def write_books(books: Books, folder: Path) -> None:
    """Add the books to the company folder."""
    path = folder / "company.yaml"
    declared = json.loads(path.read_text())
    declared["ledger_accounts"] = ROLES
    declared["posting_accounts"] = books.posting_accounts
    declared["ledger_counterparties"] = {
        f"{name}*": {"provider": provider, "subscription": {"descriptions": [f"*{SEATS}*"]}}
        if provider in books.seats
        else provider
        for name, provider in books.counterparties.items()
        if provider
    }
    path.write_text(json.dumps(declared, indent=1, default=str))
    ledgers = {
        "general_ledger": [LEDGER, *(line for posting in books.postings for line in _lines(posting))],
        "revenue": [REVENUE, *map(astuple, books.invoices)],
        "headcount": [HEADCOUNT, *map(astuple, books.heads)],
        "labor_rates": [WAGES, *map(astuple, books.wages)],
        "budgets": [BUDGETS, *map(astuple, books.budgets)],
    }
    for name, rows in ledgers.items():
        with (folder / "ledgers" / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows(rows)


def _lines(posting: Posting) -> list[list[object]]:
    """Both sides of the entry."""
    debit, credit = max(posting.amount, Decimal(0)), max(-posting.amount, Decimal(0))
    head = ["entity", posting.entry]
    tail = [
        posting.counterparty,
        posting.description,
        posting.period,
        posting.service_period,
        posting.is_reversal,
        posting.exchange_rate,
    ]
    kind = "tax" if posting.is_tax else ""
    account = [posting.account, posting.account, "expense", kind]
    against = [posting.against, posting.against, "liability", ""]
    return [
        [*head, 1, posting.day, *account, debit, credit, posting.currency, posting.product, *tail],
        [*head, 2, posting.day, *against, credit, debit, posting.currency, "", *tail],
    ]
