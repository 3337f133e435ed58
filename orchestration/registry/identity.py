"""company.yaml: who the company is, its calendar and currency, its policy profile, accounts and cost classes."""

from decimal import Decimal
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from orchestration.registry.currencies import minor_unit
from orchestration.registry.fields import (
    CostClass,
    Currency,
    Glob,
    Globs,
    InitiativeKind,
    InitiativeStage,
    Part,
    Record,
    ShortForm,
    Text,
)

AccountRole = Literal[
    "ai_cost_of_goods_sold",
    "other_cost_of_goods_sold",
    "ai_research_and_development",
    "ai_operating_expense",
    "ai_capitalized",
    "operating_expense",
    "revenue",
    "cash",
    "prepaid",
    "accrued_liabilities",
    "financing",
    "other",
]
PostingRole = Literal[
    "cost_of_goods_sold",
    "research_and_development",
    "selling_and_administration",
    "capitalized",
    "accrued_liabilities",
    "prepaid",
]


def check_time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is not an IANA time zone; write it like Europe/Berlin or UTC") from None
    return value


class Profile(Part):
    company_size: Literal["startup", "enterprise"]
    """startup books spend down to the developer and stops at hard caps; enterprise alerts and allocates to product
    and business unit.
    """
    margin_profile: Literal["thin", "healthy"]
    """thin keeps the margin floor 0.02 below target, healthy 0.10."""


class CostClassRule(Record):
    """Initiative (or department) attributes that decide a cost class; an absent key matches everything."""

    kind: InitiativeKind | None = None
    """Holds for initiatives of this kind."""
    stage: InitiativeStage | None = None
    """Holds for initiatives in this stage."""
    department_id: Text | None = None
    """Holds for this department."""
    function: Text | None = None
    """Holds for departments or people of this function."""
    cost_class: CostClass
    """What the cost then is."""


class Subscription(Part):
    """Which of a counterparty's postings are seats or a plan and no usage: any that meets one of the patterns."""

    accounts: Globs | None = None
    """Patterns of account numbers."""
    descriptions: Globs | None = None
    """Patterns of the line's description, without regard to case."""

    @model_validator(mode="after")
    def _names_something(self) -> "Subscription":
        if self.accounts is None and self.descriptions is None:
            raise ValueError("names neither accounts nor descriptions, so that it matches nothing; give one of them")
        return self


class Counterparty(Part):
    """Who a counterparty of the ledger is; a bare name stands for its provider."""

    provider: Text
    """The provider that it is."""
    subscription: Subscription | None = None
    """Its postings that settle no usage and show as bridge line subscription."""


def read_counterparty(value: Any) -> Any:
    return {"provider": value} if isinstance(value, str) else value


class CompanyConfig(Part):
    """The whole of company.yaml; ``policy`` is read by policy.py, ``cost_classes`` record by record."""

    company_id: Text
    """Short name of the company, stored with every run."""
    name: Text
    """Name as it is shown."""
    reporting_currency: Currency
    """Currency of every published amount, ISO 4217."""
    reporting_time_zone: Annotated[Text, AfterValidator(check_time_zone)]
    """IANA time zone that decides what a day is, like Europe/Berlin."""
    fiscal_year_start_month: Annotated[int, Field(ge=1, le=12)] = 1
    """First month of the fiscal year, 1 to 12."""
    profile: Profile
    """Decides the defaults of the policy."""
    policy: dict[str, Any] = Field(default_factory=dict)
    """Overrides of single policy values; `tokenomics check --explain-policy` shows each value and its origin."""
    cost_classes: tuple[CostClassRule, ...] = ()
    """Where the default cost class does not fit; the first match wins."""
    posting_accounts: dict[PostingRole, Text] = Field(default_factory=dict)
    """Account numbers of the month-end journals, by role."""
    ledger_counterparties: dict[
        Glob, Annotated[Counterparty, BeforeValidator(read_counterparty), ShortForm("provider")]
    ] = Field(default_factory=dict)
    """Patterns of counterparty names in the ledger to providers, without regard to case; default the usual names of the
    provider, like "Amazon Web Services*" for aws, else <provider>*. In the long form also which of its postings are a
    subscription.
    """
    ledger_accounts: dict[Glob, AccountRole] = Field(default_factory=dict)
    """Patterns of account numbers to roles; the first match wins, no match is role other."""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.reporting_time_zone)

    @property
    def minor_unit(self) -> Decimal:
        """The smallest amount of the reporting currency that can be paid."""
        return minor_unit(self.reporting_currency)
