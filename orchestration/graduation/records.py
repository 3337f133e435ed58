"""The records that statistics read: daily series, registry records in force, gateway read-backs, a product's days.

Money is exact decimal, and None where it is not known; a series' costs are integers in units of 10^-12.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from orchestration.statistics.growth import Floats
from orchestration.statistics.stability import Flags


@dataclass(frozen=True)
class DailySeries:
    """One entity's daily costs, dense from ``first_day``. ``cost`` in units of 10^-12, the other two as floats."""

    entity_type: str
    entity_id: str
    first_day: date
    cost: list[int]
    stable_basis: Floats
    constant_price: Floats
    is_complete: Flags

    def position(self, day: date) -> int:
        """Where ``day`` stands in the series; may lie outside it."""
        return (day - self.first_day).days

    def day(self, position: int) -> date:
        return self.first_day + timedelta(days=position)

    @property
    def first_cost(self) -> int | None:
        """Position of the first day with a cost, None while there is none."""
        return next((position for position, amount in enumerate(self.cost) if amount), None)


class EffectiveDated(Protocol):
    """Any record with a validity; None is open-ended."""

    @property
    def valid_from(self) -> date | None: ...

    @property
    def valid_to(self) -> date | None: ...


Dated = TypeVar("Dated", bound=EffectiveDated)


def record_on(records: Sequence[Dated], day: date) -> Dated | None:
    """The record in force on ``day``, the latest one where several are."""
    for record in reversed(records):
        begun = record.valid_from is None or record.valid_from <= day
        if begun and (record.valid_to is None or day < record.valid_to):
            return record
    return None


@dataclass(frozen=True)
class InitiativeRecord:
    """One record of the registry, in force from ``valid_from`` (inclusive) to ``valid_to`` (exclusive)."""

    initiative_id: str
    kind: str
    stage: str
    product_id: str | None
    complexity: str | None
    started_on: date
    allocation_amount: Decimal | None
    allocation_daily_cap: Decimal | None
    allocation_starts_on: date | None
    target_gross_margin_ratio: Decimal | None
    unit_of_work: str | None
    labor_hours_per_unit: Decimal | None
    labor_rate_id: str | None
    legacy_software_per_month: Decimal | None
    guardrail_adapter: str | None
    guardrail_entity: str | None
    guardrail_daily_cap: Decimal | None
    valid_from: date | None
    valid_to: date | None

    @property
    def lower_cap(self) -> Decimal | None:
        """The lower of the two declared daily caps."""
        caps = [cap for cap in (self.allocation_daily_cap, self.guardrail_daily_cap) if cap is not None]
        return min(caps) if caps else None

    @property
    def configuration(self) -> tuple[Any, ...]:
        """What may not change inside an observation window: caps, allocation and the tier that complexity allows."""
        return self.allocation_daily_cap, self.guardrail_daily_cap, self.allocation_amount, self.complexity


@dataclass(frozen=True)
class GuardedDay:
    metered_cost: Decimal
    refused_requests: int


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
    margin_date: date
    revenue: Decimal | None
    ai_cogs: Decimal | None
    other_cogs: Decimal | None


@dataclass(frozen=True)
class OtherCostPosting:
    """Other cost of goods sold of the fiscal month that begins on ``month``, as posted on ``posting_date``."""

    month: date
    posting_date: date
    amount: Decimal


@dataclass(frozen=True)
class ProductTarget:
    """A product's target gross margin, in force from ``valid_from`` (inclusive) to ``valid_to`` (exclusive)."""

    target_gross_margin_ratio: Decimal | None
    valid_from: date | None
    valid_to: date | None


@dataclass(frozen=True)
class GuardrailReading:
    """A gateway's own settings of one key or team, as read for ``as_of_date``; by the gateway's own word they have been
    the same since ``in_force_from``, a local day, which is ``as_of_date`` itself where it does not say.
    """

    as_of_date: date
    read_at: datetime
    entity: str
    max_budget: Decimal | None
    budget_duration: str | None
    currency: str | None
    rpm_limit: int | None
    tpm_limit: int | None
    is_found: bool
    is_blocked: bool
    in_force_from: date

    @property
    def shows_no_cap(self) -> bool:
        limits = (self.max_budget, self.rpm_limit, self.tpm_limit)
        return not self.is_blocked and (not self.is_found or all(limit is None for limit in limits))


@dataclass(frozen=True)
class AllocationChange:
    """A booked adjustment or return: the allocation changes by ``amount`` from ``effective_on`` on."""

    effective_on: date
    amount: Decimal


@dataclass(frozen=True)
class Inputs:
    """Everything one evaluation reads; mappings are keyed by initiative, product or guarded entity.

    ``revenue_dates``: the days with reported revenue, ascending. ``worst_requests``: per entity the dearest request of
    each day, in order of days.
    """

    reporting_currency: str
    time_zone: str
    settle_days: int
    series: list[DailySeries]
    initiatives: dict[str, list[InitiativeRecord]]
    model_costs: dict[str, list[tuple[date, str, float]]]
    tier_days: dict[str, list[TierDay]]
    guarded_days: dict[str, dict[date, GuardedDay]]
    product_days: dict[str, list[ProductDay]]
    other_cost_postings: dict[str, list[OtherCostPosting]]
    revenue_dates: list[date]
    product_targets: dict[str, list[ProductTarget]]
    units: dict[str, dict[date, Decimal]]
    readings: dict[str, list[GuardrailReading]]
    labor_rates: dict[str, list[tuple[date, Decimal, str]]]
    exchange_rates: dict[tuple[str, str], list[tuple[date, Decimal]]]
    allocation_changes: dict[str, list[AllocationChange]]
    graduated_on: dict[str, date]
    worst_requests: dict[str, list[tuple[date, Decimal]]]
