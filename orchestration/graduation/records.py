"""The rows that graduation reads of dbt's tables, typed: what is declared of an initiative, caps in force, costs, margins.

Money is exact decimal in the reporting currency, and None where it is not known.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from orchestration.run_rate.series import DailySeries


@dataclass(frozen=True)
class InitiativeTerms:
    """What the registry declares of an initiative on one day (``int_initiative_terms_by_day``).

    ``daily_cap`` is the lower of the declared ones. ``allocation_amount`` holds what was booked on it by then.
    ``*_without_rate``: the currency of an amount that is declared and has no exchange rate.
    """

    initiative_id: str
    day: date
    kind: str
    stage: str
    started_on: date
    graduation_date: date | None
    product_id: str | None
    target_gross_margin_ratio: Decimal | None
    unit_of_work: str | None
    labor_hours_per_unit: Decimal | None
    labor_rate_id: str | None
    hourly_rate: Decimal | None
    legacy_software_per_month: Decimal | None
    legacy_software_without_rate: str | None
    guardrail_entity: str | None
    daily_cap: Decimal | None
    daily_cap_without_rate: str | None
    allocation_amount: Decimal | None
    allocation_starts_on: date | None
    allocation_first_day: date
    allocation_expires_on: date | None
    is_reconfigured: bool

    @property
    def is_experiment(self) -> bool:
        """By the registry, which does not know of graduations."""
        return self.stage == "experimentation"

    def is_graduated_before(self, day: date) -> bool:
        """Core begins on the day after the graduation."""
        return self.graduation_date is not None and self.graduation_date < day


@dataclass(frozen=True)
class CapInForce:
    """What the gateway's read-back says of one guarded entity and day (``int_caps_in_force_by_day``).

    ``daily_cap`` is what the settings come to in a day, a budget of 30 days a thirtieth of it, though it may all go in one;
    None where nothing limits it or ``gap`` says why it is not known.
    """

    entity: str
    day: date
    reading_date: date
    read_at: datetime
    is_found: bool
    is_blocked: bool
    is_without_cap: bool
    daily_cap: Decimal | None
    gap: str | None


@dataclass(frozen=True)
class GuardedDay:
    """What was metered on the guarded key or team of an initiative, the requests that the gateway refused there outside of
    drills, and the ``drills`` that were recorded.
    """

    metered_cost: Decimal
    refused_requests: int
    drills: int


@dataclass(frozen=True)
class TierDay:
    """Cost of one initiative, day and model against the tier its work needs; money may be null where unpriced."""

    usage_date: date
    model_id: str | None
    is_higher_tier: bool | None
    list_cost: Decimal | None
    counterfactual_same: Decimal | None
    counterfactual_cache_lost: Decimal | None


@dataclass(frozen=True)
class ProductDay:
    """One product's revenue and cost of goods sold of one day. ``has_unpriced``: AI cost is more than ``ai_cogs``, and nobody
    knows by how much, because something that was used has no price.
    """

    margin_date: date
    revenue: Decimal | None
    ai_cogs: Decimal | None
    other_cogs: Decimal | None
    has_unpriced: bool = False


@dataclass(frozen=True)
class OtherCost:
    """A day's other cost of goods sold, as known from ``known_from`` on until the next version."""

    known_from: date
    amount: Decimal


@dataclass(frozen=True)
class LedgerKnown:
    """The company's general ledger: when its first line was posted, and when its first period was complete; None before."""

    first_posted_on: date | None = None
    first_complete_on: date | None = None


@dataclass(frozen=True)
class Graduation:
    """A booked graduation, and the upper bound of the run-rate a month that it verified, in force from the day after it."""

    effective_on: date
    upper_run_rate: Decimal | None


@dataclass(frozen=True)
class Inputs:
    """Everything one evaluation reads; mappings are keyed by initiative, product or guarded entity, then by day.

    ``revenue_dates``: the days with reported revenue of the company, ascending. ``revenue_known``: for each product with
    revenue and each day from its first on, the last day whose revenue was known then. Versions of other cost are in order
    of knowledge. ``graduated_costs``: for each product, what its graduated initiatives cost as core, by initiative and day.
    """

    time_zone: str
    series: list[DailySeries]
    terms: Mapping[str, Mapping[date, InitiativeTerms]]
    caps: Mapping[str, Mapping[date, CapInForce]]
    model_costs: Mapping[str, list[tuple[date, str, float]]]
    tier_days: Mapping[str, list[TierDay]]
    guarded_days: Mapping[str, Mapping[date, GuardedDay]]
    product_days: Mapping[str, list[ProductDay]]
    other_costs: Mapping[str, Mapping[date, list[OtherCost]]]
    revenue_known: Mapping[str, list[tuple[date, date]]]
    revenue_dates: list[date]
    units: Mapping[str, Mapping[date, Decimal]]
    ledger_known: LedgerKnown
    graduations: Mapping[str, list[Graduation]]
    graduated_costs: Mapping[str, Mapping[str, Mapping[date, Decimal]]]
