"""What the simulated finance systems hold: revenue, exchange rates, journals, budgets, headcount, labour rates,
metrics, people.

Every journal balances. Invoices for AI use are posted on the 4th of the following month and paid on the 24th; other
cost of goods sold and payroll are posted at month end; customers pay on the 15th of the following month.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from orchestration.demo.billing import all_lines
from orchestration.demo.catalog import AS_OF, DEFAULT_CLOCK, FIRST_DAY, STARTED_ON, days, last_day_of, month_of
from orchestration.demo.gateway_calls import list_cost
from orchestration.demo.series import noise
from orchestration.demo.traffic import Traffic

MONTHS = ("2026-07", "2026-08", "2026-09", "2026-10")
POSTED_MONTHS = MONTHS[:3]
"""Months whose end lies before the as-of day: only these are posted at month end."""

CENT = Decimal("0.01")
LATE_JOURNAL, LATE_AMOUNT = "PAY-2026-07-LATE", Decimal(1150)
"""A payroll correction dated into July and posted after July was closed."""
STANDING_ACCRUAL, STANDING_AMOUNT = "TKN-ACC-mistral-2026-09", Decimal("213.85")
"""Our own accrual of September, which finance posted and forgot to reverse."""

OPENING_CASH, OPENING_RECEIVABLE, OPENING_ACCRUED = Decimal(640000), Decimal(38000), Decimal(1800)
HOSTING_PER_DAY = {"prod_helpdesk": Decimal(60), "prod_clauses": Decimal(45)}
PAYROLL = {"customer_products": 24000, "engineering": 26000, "operations": 13000, "sales": 11000}
HEADCOUNT = {"customer_products": (9, 9, 10), "engineering": (11, 12, 12), "operations": (7, 7, 7), "sales": (6, 6, 6)}
BUDGETS = {
    ("customer_products", "core"): "6500.00",
    ("customer_products", "experimentation"): "900.00",
    ("engineering", "core"): "1200.00",
    ("engineering", "experimentation"): "1500.00",
    ("operations", "core"): "900.00",
    ("operations", "experimentation"): "600.00",
    ("sales", "experimentation"): "2600.00",
}
BUDGET_MONTHS = tuple(f"2026-{month:02d}" for month in range(7, 13))
VENDORS = {
    "openai": "OpenAI",
    "anthropic": "Anthropic PBC",
    "aws": "Amazon Web Services EMEA SARL",
    "mistral": "Mistral AI",
}
ACCOUNTS = {
    "1010": ("Operating account", "asset"),
    "1200": ("Trade receivables", "asset"),
    "2010": ("Trade payables", "liability"),
    "2150": ("Accrued expenses", "liability"),
    "3010": ("Share capital", "equity"),
    "4010": ("Subscription revenue", "revenue"),
    "5010": ("Hosting", "expense"),
    "5150": ("AI cost of revenue", "expense"),
    "6010": ("Payroll", "expense"),
    "6150": ("AI tools and research", "expense"),
}
AI_COGS_SHARE = Decimal("0.75")
"""Finance posts this part of each AI invoice as cost of revenue, the rest as operating expense."""

LABOR_RATES = (
    ("rate_support", date(2026, 1, 1), "36.00"),
    ("rate_support", date(2026, 9, 1), "37.00"),
    ("rate_sales", date(2026, 1, 1), "42.00"),
    ("rate_legal", date(2026, 1, 1), "48.00"),
)
PEOPLE = (
    ("dev-imani", "engineering", "engineering", "imani@meadowlark.example"),
    ("dev-tomasz", "engineering", "engineering", "tomasz@meadowlark.example"),
    ("dev-yuki", "engineering", "engineering", "yuki@meadowlark.example"),
    ("user_imani", "engineering", "engineering", "imani@meadowlark.example"),
    ("user_tomasz", "engineering", "engineering", "tomasz@meadowlark.example"),
    ("user_yuki", "engineering", "engineering", "yuki@meadowlark.example"),
)
_DAILY_UNITS = {
    "reply_assistant": ("replies_sent", 9000, 6300),
    "clause_review": ("clauses_reviewed", 5200, 2600),
    "smart_summaries": ("summaries_sent", 2600, 1560),
    "code_helper": ("code_reviews", 240, 72),
    "knowledge_search": ("questions_answered", 1100, 440),
    "ticket_triage": ("tickets_triaged", 60, 27),
    "lead_research": ("leads_researched", 30, 21),
    "outreach_drafts": ("drafts_written", 60, 60),
    "invoice_matching": ("invoices_matched", 50, 50),
    "clause_translation": ("clauses_translated", 20, 10),
    "meeting_notes": ("notes_written", 30, 15),
    "survey_tagging": ("surveys_tagged", 4, 2),
    "email_sorting": ("emails_sorted", 120, 40),
    "contract_intake": ("contracts_filed", 15, 5),
}
"""Initiative to its unit of work, and the units of a working day and of a weekend day."""


@dataclass(frozen=True, kw_only=True)
class RevenueLine:
    """Recognised revenue; spread evenly from its date to ``recognition_end_date`` (inclusive) where that is set."""

    revenue_date: date
    product_id: str
    customer_id: str
    amount: Decimal
    currency: str = "USD"
    recognition_end_date: date | None = None


@dataclass(frozen=True, kw_only=True)
class JournalLine:
    """One line of a journal; exactly one of debit and credit is not zero. Amounts in US dollars."""

    account: str
    debit: Decimal = Decimal(0)
    credit: Decimal = Decimal(0)
    department_id: str | None = None
    product_id: str | None = None
    counterparty: str | None = None
    service_period: str | None = None
    description: str = ""


@dataclass(frozen=True)
class Journal:
    """A balanced set of lines posted on one day."""

    entry_id: str
    posting_date: date
    lines: tuple[JournalLine, ...]


def euro_rate(day: date) -> Decimal:
    """US dollars per euro on a day."""
    return Decimal("1.0800") + Decimal(day.toordinal() * 5 % 13) * Decimal("0.0010")


REFUSED_REVENUE = (
    ("2026-09-31", "prod_clauses", "cust_ostara", "1250.00", "USD"),
    ("2026-10-02", "prod_helpdesk", "cust_brightline", "3l0.00", "USD"),
)
"""Rows of a reseller's file that nobody can read: a day that does not exist, and a letter in an amount."""


def revenue_lines() -> list[RevenueLine]:
    """Daily dollars for the helpdesk, daily euros for the clauses, and two contracts recognised over 92 days each."""
    lines = [
        RevenueLine(
            revenue_date=first,
            product_id="prod_clauses",
            customer_id="cust_kestrel",
            amount=Decimal(per_day) * 92,
            recognition_end_date=first + timedelta(days=91),
        )
        for first, per_day in ((date(2026, 7, 1), 120), (date(2026, 10, 1), 130))
    ]
    for day in days(FIRST_DAY, AS_OF):
        helpdesk = Decimal(980 if day.weekday() < 5 else 700)
        euros = Decimal(180 if day < date(2026, 8, 1) else 430)
        lines += [
            RevenueLine(revenue_date=day, product_id="prod_helpdesk", customer_id="cust_brightline", amount=helpdesk),
            RevenueLine(
                revenue_date=day, product_id="prod_clauses", customer_id="cust_ostara", amount=euros, currency="EUR"
            ),
        ]
    return lines


def revenue_by_product_month() -> dict[tuple[str, str], Decimal]:
    """Recognised revenue in US dollars up to the as-of day, by product and month."""
    revenue: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in revenue_lines():
        end = line.recognition_end_date or line.revenue_date
        per_day = line.amount / ((end - line.revenue_date).days + 1)
        for day in days(line.revenue_date, min(end, AS_OF)):
            rate = euro_rate(day) if line.currency == "EUR" else Decimal(1)
            revenue[line.product_id, month_of(day)] += per_day * rate
    return dict(revenue)


def invoices(traffic: Traffic) -> dict[tuple[str, str], Decimal]:
    """What each provider invoices for each month, in whole cents; the gateway's provider at list price."""
    used: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in all_lines(traffic, DEFAULT_CLOCK):
        used[line.provider, month_of(line.day)] += line.billed
    for call in traffic.gateway:
        if call.is_success:
            day = call.started_at.date()
            used["mistral", month_of(day)] += list_cost(call.model, day, call.prompt, call.cached, call.completion)
    return {key: amount.quantize(CENT, ROUND_HALF_EVEN) for key, amount in used.items()}


def journals(traffic: Traffic) -> list[Journal]:
    """Every posted journal in order of date, the opening balances first."""
    opening = (
        JournalLine(account="1010", debit=OPENING_CASH, description="Opening balance"),
        JournalLine(account="1200", debit=OPENING_RECEIVABLE, description="Opening balance"),
        JournalLine(account="2150", credit=OPENING_ACCRUED, description="Opening balance"),
        JournalLine(
            account="3010", credit=OPENING_CASH + OPENING_RECEIVABLE - OPENING_ACCRUED, description="Opening balance"
        ),
    )
    entries = [Journal("OPENING-2026", FIRST_DAY - timedelta(days=1), opening)]
    entries += [_late_journal(), _standing_accrual(), *_month_end(), *_customer_payments(), *_vendor_invoices(traffic)]
    return sorted(
        (entry for entry in entries if entry.posting_date <= AS_OF), key=lambda e: (e.posting_date, e.entry_id)
    )


def business_metrics() -> list[tuple[date, str, int, str]]:
    """(day, metric, value, initiative) from each initiative's first day in the history to the as-of day."""
    rows = []
    for initiative, (metric, working, weekend_units) in _DAILY_UNITS.items():
        first = STARTED_ON.get(initiative, FIRST_DAY)
        factors = noise(f"units:{initiative}", first, AS_OF, 0.03)
        for day in days(first, AS_OF):
            units = working if day.weekday() < 5 else weekend_units
            rows.append((day, metric, round(units * factors[day]), initiative))
    for day in days(FIRST_DAY, AS_OF):
        rows.append((day, "helpdesk_active_users", 1400 + 5 * (day - FIRST_DAY).days, "reply_assistant"))
    return rows


def _transfer(debit: str, credit: str, amount: Decimal, text: str) -> tuple[JournalLine, ...]:
    return (
        JournalLine(account=debit, debit=amount, description=text),
        JournalLine(account=credit, credit=amount, description=text),
    )


def _for_product(lines: tuple[JournalLine, ...], product: str) -> tuple[JournalLine, ...]:
    return tuple(replace(line, product_id=product) for line in lines)


def _for_vendor(lines: tuple[JournalLine, ...], vendor: str, month: str) -> tuple[JournalLine, ...]:
    return tuple(replace(line, counterparty=vendor, service_period=month) for line in lines)


def _late_journal() -> Journal:
    owed = (
        JournalLine(
            account="6010", debit=LATE_AMOUNT, department_id="operations", description="Payroll correction 2026-07"
        ),
        JournalLine(account="2010", credit=LATE_AMOUNT, description="Payroll correction 2026-07"),
    )
    return Journal(LATE_JOURNAL, last_day_of("2026-07"), owed)


def _standing_accrual() -> Journal:
    accrued = _transfer("6150", "2150", STANDING_AMOUNT, "Accrued mistral usage 2026-09")
    return Journal(STANDING_ACCRUAL, last_day_of("2026-09"), _for_vendor(accrued, VENDORS["mistral"], "2026-09"))


def _month_end() -> list[Journal]:
    entries, revenue = [], revenue_by_product_month()
    for month in POSTED_MONTHS:
        last = last_day_of(month)
        for product, per_day in HOSTING_PER_DAY.items():
            hosting = _transfer("5010", "1010", per_day * last.day, f"Hosting {month}")
            earned = revenue[product, month].quantize(CENT, ROUND_HALF_EVEN)
            sales = _transfer("1200", "4010", earned, f"Revenue {month}")
            entries += [
                Journal(f"HOST-{product}-{month}", last, _for_product(hosting, product)),
                Journal(f"REV-{product}-{month}", last, _for_product(sales, product)),
            ]
        lines = [
            JournalLine(account="6010", debit=Decimal(amount), department_id=department, description=f"Payroll {month}")
            for department, amount in PAYROLL.items()
        ]
        lines.append(JournalLine(account="1010", credit=Decimal(sum(PAYROLL.values())), description=f"Payroll {month}"))
        entries.append(Journal(f"PAY-{month}", last, tuple(lines)))
    return entries


def _customer_payments() -> list[Journal]:
    paid = [("2026-06", date(2026, 7, 15), OPENING_RECEIVABLE)]
    revenue = revenue_by_product_month()
    for month in POSTED_MONTHS:
        earned = [revenue[product, month].quantize(CENT, ROUND_HALF_EVEN) for product in HOSTING_PER_DAY]
        paid.append((month, last_day_of(month) + timedelta(days=15), sum(earned, Decimal(0))))
    return [
        Journal(f"COLLECT-{month}", day, _transfer("1010", "1200", amount, f"Payments for {month}"))
        for month, day, amount in paid
    ]


def _vendor_invoices(traffic: Traffic) -> list[Journal]:
    entries = []
    for (provider, month), amount in sorted(invoices(traffic).items()):
        if month not in POSTED_MONTHS:
            continue
        following, vendor = last_day_of(month), VENDORS[provider]
        text = f"{vendor} usage {month}"
        cogs = (amount * AI_COGS_SHARE).quantize(CENT, ROUND_HALF_EVEN)
        billed = (
            JournalLine(account="5150", debit=cogs, department_id="customer_products", description=text),
            JournalLine(account="6150", debit=amount - cogs, department_id="engineering", description=text),
            JournalLine(account="2010", credit=amount, description=text),
        )
        paid = _transfer("2010", "1010", amount, text)
        entries += [
            Journal(f"BILL-{provider}-{month}", following + timedelta(days=4), _for_vendor(billed, vendor, month)),
            Journal(f"PAID-{provider}-{month}", following + timedelta(days=24), _for_vendor(paid, vendor, month)),
        ]
    return entries
