"""The eight schemas of the drop folder: which columns a file has, what each may hold, and what makes a row unique.

What belongs here: the declarations alone. How they are checked is in ``rules``; how files become loads is in
``extract``.
"""

from dataclasses import dataclass
from enum import StrEnum

from orchestration.connectors.text_tables import quoted


class Kind(StrEnum):
    """What a column holds. A date is ISO 8601, a period YYYY-MM, a decimal plain digits with a point."""

    TEXT = "text"
    DATE = "date"
    BOUND = "bound"
    PERIOD = "period"
    DECIMAL = "decimal"
    CURRENCY = "currency"
    FLAG = "flag"


@dataclass(frozen=True)
class Column:
    """``minimum`` and ``above`` bound a decimal from below (inclusive, exclusive); ``choices`` are lower case; ``other_side``
    names the column that is filled instead.
    """

    name: str
    kind: Kind = Kind.TEXT
    is_required: bool = False
    decimals: int = 9
    minimum: int | None = None
    above: int | None = None
    choices: tuple[str, ...] = ()
    is_month_end: bool = False
    other_side: str | None = None

    @property
    def value(self) -> str:
        """SQL of the typed value, null where the text does not hold one."""
        text = quoted(self.name)
        if self.kind in (Kind.DATE, Kind.BOUND):
            return f"try_cast(left({text}, 10) as date)"
        if self.kind is Kind.DECIMAL:
            return f"try_cast({text} as decimal(38, {self.decimals}))"
        if self.kind is Kind.CURRENCY:
            return f"upper({text})"
        if self.kind is Kind.FLAG:
            return f"lower({text}) in ('true', 't', 'yes', 'y', '1')"
        return f"lower({text})" if self.choices else text


@dataclass(frozen=True)
class Schema:
    """``key`` makes a row unique over all files of the prefix; exactly one of ``one_of`` is filled.

    ``adds_up``: lines of one file with the same key are parts of one amount, so that only another file can repeat them;
    ``document`` and ``document_line`` name what tells apart the documents and lines behind one key. ``amount`` says
    what a refused row is worth; ``dated_by`` names the column that holds the row's day.
    """

    prefix: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    one_of: tuple[str, ...] = ()
    dated_by: str | None = None
    on_reject: str = "quarantine"
    adds_up: bool = False
    document: str | None = None
    document_line: str | None = None
    amount: str | None = None

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


def _texts(names: str, *, is_required: bool = False) -> tuple[Column, ...]:
    return tuple(Column(name, is_required=is_required) for name in names.split())


def _date(name: str, *, is_required: bool = True, is_month_end: bool = False) -> Column:
    return Column(name, Kind.DATE, is_required, is_month_end=is_month_end)


AMOUNT = Column("amount", Kind.DECIMAL, True)
CURRENCY = Column("currency", Kind.CURRENCY, True)
VALID_TO = Column("valid_to", Kind.BOUND)

GENERAL_LEDGER = Schema(
    prefix="general_ledger",
    columns=(
        *_texts("legal_entity_id journal_entry_id journal_line_number", is_required=True),
        _date("posting_date"),
        *_texts("account_number account_name", is_required=True),
        Column("account_class", is_required=True, choices=("asset", "liability", "equity", "revenue", "expense")),
        *_texts("account_type"),
        Column("debit_amount", Kind.DECIMAL, True, minimum=0, other_side="credit_amount"),
        Column("credit_amount", Kind.DECIMAL, True, minimum=0, other_side="debit_amount"),
        CURRENCY,
        *_texts("department_id product_id customer_id counterparty_name source_document_type description"),
        Column("fiscal_period", Kind.PERIOD),
        Column("service_period", Kind.PERIOD),
        *_texts("posting_status"),
        Column("is_reversal", Kind.FLAG),
        Column("exchange_rate", Kind.DECIMAL, above=0),
    ),
    key=("legal_entity_id", "journal_entry_id", "journal_line_number"),
    dated_by="posting_date",
    on_reject="fail",
    amount="debit_amount",
)

REVENUE = Schema(
    prefix="revenue",
    columns=(
        _date("revenue_date"),
        Column("recognition_end_date", Kind.DATE),
        *_texts("product_id", is_required=True),
        *_texts("customer_id initiative_id invoice_id line_id"),
        AMOUNT,
        CURRENCY,
    ),
    key=("revenue_date", "recognition_end_date", "product_id", "customer_id", "initiative_id", "currency"),
    dated_by="revenue_date",
    adds_up=True,
    document="invoice_id",
    document_line="line_id",
    amount="amount",
)

BUDGETS = Schema(
    prefix="budgets",
    columns=(
        *_texts("department_id", is_required=True),
        Column("fiscal_period", Kind.PERIOD, True),
        Column("budget_class", is_required=True, choices=("core", "experimentation")),
        *_texts("initiative_id"),
        AMOUNT,
        CURRENCY,
    ),
    key=("department_id", "fiscal_period", "budget_class", "initiative_id"),
    adds_up=True,
    amount="amount",
)

HEADCOUNT = Schema(
    prefix="headcount",
    columns=(
        _date("month_end", is_month_end=True),
        *_texts("department_id", is_required=True),
        *_texts("function"),
        Column("headcount", Kind.DECIMAL, True, minimum=0),
    ),
    key=("month_end", "department_id", "function"),
    dated_by="month_end",
    adds_up=True,
)

LABOR_RATES = Schema(
    prefix="labor_rates",
    columns=(
        *_texts("labor_rate_id", is_required=True),
        Column("valid_from", Kind.BOUND, True),
        Column("hourly_rate", Kind.DECIMAL, True, minimum=0),
        CURRENCY,
    ),
    key=("labor_rate_id", "valid_from"),
    dated_by="valid_from",
)

BUSINESS_METRICS = Schema(
    prefix="business_metrics",
    columns=(
        _date("metric_date"),
        *_texts("metric_id", is_required=True),
        Column("value", Kind.DECIMAL, True),
        *_texts("initiative_id product_id department_id"),
    ),
    key=("metric_date", "metric_id", "initiative_id", "product_id", "department_id"),
    one_of=("initiative_id", "product_id", "department_id"),
    dated_by="metric_date",
    adds_up=True,
)

EXCHANGE_RATES = Schema(
    prefix="exchange_rates",
    columns=(
        _date("rate_date"),
        Column("from_currency", Kind.CURRENCY, True),
        Column("to_currency", Kind.CURRENCY, True),
        Column("rate", Kind.DECIMAL, True, decimals=12, above=0),
    ),
    key=("rate_date", "from_currency", "to_currency"),
    dated_by="rate_date",
)

PEOPLE = Schema(
    prefix="people",
    columns=(
        *_texts("actor_id department_id function", is_required=True),
        *_texts("email"),
        Column("valid_from", Kind.BOUND),
        VALID_TO,
    ),
    key=("actor_id", "valid_from"),
)

SCHEMAS = {
    schema.prefix: schema
    for schema in (
        GENERAL_LEDGER,
        REVENUE,
        BUDGETS,
        HEADCOUNT,
        LABOR_RATES,
        BUSINESS_METRICS,
        EXCHANGE_RATES,
        PEOPLE,
    )
}
