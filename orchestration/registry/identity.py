"""company.yaml: who the company is, its calendar and currency, its policy profile, accounts and cost classes."""

from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field

from orchestration.registry.fields import CostClass, Currency, Glob, InitiativeKind, InitiativeStage, Part, Record, Text

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
    margin_profile: Literal["thin", "healthy"]


class CostClassRule(Record):
    """Initiative (or department) attributes that decide a cost class; an absent key matches everything."""

    kind: InitiativeKind | None = None
    stage: InitiativeStage | None = None
    department_id: Text | None = None
    function: Text | None = None
    cost_class: CostClass


class CompanyConfig(Part):
    """The whole of company.yaml; ``policy`` is read by policy.py, ``cost_classes`` record by record."""

    company_id: Text
    name: Text
    reporting_currency: Currency
    reporting_time_zone: Annotated[Text, AfterValidator(check_time_zone)]
    fiscal_year_start_month: Annotated[int, Field(ge=1, le=12)] = 1
    profile: Profile
    policy: dict[str, Any] = Field(default_factory=dict)
    cost_classes: tuple[CostClassRule, ...] = ()
    posting_accounts: dict[PostingRole, Text] = Field(default_factory=dict)
    ledger_counterparties: dict[Glob, Text] = Field(default_factory=dict)
    ledger_accounts: dict[Glob, AccountRole] = Field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.reporting_time_zone)
