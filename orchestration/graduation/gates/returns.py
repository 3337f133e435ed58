"""Gate 1: does the use case earn its cost? A product's margin after it, or the labour and software it replaces.

Money is per month and in the reporting currency throughout. What is not known is None, and makes the gate insufficient.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from orchestration.graduation.gates.result import FAIL, INSUFFICIENT, PASS, GateResult
from orchestration.policy.evidence import evidence_id, figure, rounded

MIN_REVENUE_DAYS = 7


@dataclass(frozen=True)
class ProductReturnFacts:
    """Customer-facing: the product's economics per month, and the upper run-rates of what would join its core.

    ``ready_upper_run_rates``: (initiative id, upper run-rate) of every other initiative of the product that is already
    ready, or graduated less than 28 days ago; ``product_ai_cogs`` holds nothing of these. ``revenue_days``: how many days
    the revenue figure was measured on.
    """

    as_of: date
    product_id: str | None
    target_ratio: Decimal | None
    revenue: Decimal | None
    revenue_days: int
    latest_revenue_date: date | None
    other_cogs: Decimal | None
    product_ai_cogs: Decimal | None
    own_upper_run_rate: Decimal | None
    ready_upper_run_rates: tuple[tuple[str, Decimal | None], ...]
    revenue_max_age_days: int


@dataclass(frozen=True)
class ReplacementFacts:
    """Internal: what the workflow replaces per month; ``labor_gap`` says why labour cannot be claimed."""

    as_of: date
    upper_run_rate: Decimal | None
    labor_hours_per_unit: Decimal | None
    units: Decimal | None
    hourly_rate: Decimal | None
    legacy_software: Decimal | None
    labor_gap: str | None

    @property
    def labor(self) -> Decimal | None:
        """Value of the labour replaced, None unless hours, units and rate are all known."""
        if self.labor_hours_per_unit is None or self.units is None or self.hourly_rate is None:
            return None
        return self.labor_hours_per_unit * self.units * self.hourly_rate


def decide_product_return(facts: ProductReturnFacts) -> GateResult:
    """Pass when the projected margin of the product is at or above the target."""
    gap = _product_gap(facts)
    if gap or facts.revenue is None or facts.other_cogs is None or facts.product_ai_cogs is None:
        return _result(facts, INSUFFICIENT, None, facts.target_ratio, "gross_margin_ratio", gap or "incomplete")
    if facts.own_upper_run_rate is None or facts.target_ratio is None:
        return _result(facts, INSUFFICIENT, None, facts.target_ratio, "gross_margin_ratio", "incomplete")
    if facts.revenue <= 0:
        reason = f"zero_revenue: {facts.product_id} earned nothing in its latest {facts.revenue_days} known days"
        return _result(facts, FAIL, None, facts.target_ratio, "gross_margin_ratio", reason)
    others = [(name, amount) for name, amount in facts.ready_upper_run_rates if amount is not None]
    ai_cost = facts.product_ai_cogs + facts.own_upper_run_rate + sum((amount for _, amount in others), Decimal(0))
    profit = facts.revenue - facts.other_cogs - ai_cost
    margin = rounded(profit / facts.revenue)
    status = PASS if profit >= facts.target_ratio * facts.revenue else FAIL
    verdict = "at or above" if status == PASS else "margin_below_target: below"
    beside = "".join(f", {name} {figure(amount)}" for name, amount in others)
    reason = (
        f"{verdict} target {figure(facts.target_ratio, 4)}: projected margin of {facts.product_id} {figure(margin, 4)} "
        f"(revenue {figure(facts.revenue)}, other cost {figure(facts.other_cogs)}, "
        f"AI cost {figure(facts.product_ai_cogs)}, own upper run-rate {figure(facts.own_upper_run_rate)}{beside} a month)"
    )
    return _result(facts, status, margin, facts.target_ratio, "gross_margin_ratio", reason)


def _product_gap(facts: ProductReturnFacts) -> str | None:
    """Why the projection cannot be made, None if it can."""
    if facts.product_id is None:
        return "no_product: a customer-facing initiative needs a product"
    if facts.target_ratio is None:
        return f"no_target: neither {facts.product_id} nor the initiative has a target gross margin"
    if facts.own_upper_run_rate is None:
        return "no_run_rate: fewer than eight complete days, or not all seven weekdays, were seen"
    if facts.latest_revenue_date is None or facts.revenue is None:
        return f"no_revenue: no revenue of {facts.product_id} is known"
    age = (facts.as_of - facts.latest_revenue_date).days
    if age > facts.revenue_max_age_days:
        return (
            f"stale_revenue: known to {facts.latest_revenue_date}, {age} days old, {facts.revenue_max_age_days} allowed"
        )
    if facts.revenue_days < MIN_REVENUE_DAYS:
        return f"short_revenue: {facts.revenue_days} days of revenue known, {MIN_REVENUE_DAYS} needed"
    if facts.other_cogs is None or facts.product_ai_cogs is None:
        return f"no_cost_of_goods_sold: other or AI cost of goods sold of {facts.product_id} is not known"
    unknown = [name for name, amount in facts.ready_upper_run_rates if amount is None]
    if unknown:
        return f"no_verified_run_rate: of {', '.join(unknown)}, which joins the core of {facts.product_id}"
    return None


def decide_replacement_return(facts: ReplacementFacts) -> GateResult:
    """Pass when what is replaced is above the upper run-rate; an incomplete claim counts as not claimed."""
    if facts.upper_run_rate is None:
        reason = "no_run_rate: fewer than eight complete days, or not all seven weekdays, were seen"
        return _result(facts, INSUFFICIENT, None, None, "money_per_month", reason)
    labor = facts.labor
    if labor is None and facts.legacy_software is None:
        reason = f"no_replacement: {facts.labor_gap or 'no labour claimed'}; no legacy software claimed"
        return _result(facts, INSUFFICIENT, None, facts.upper_run_rate, "money_per_month", reason)
    saved = rounded((labor or Decimal(0)) + (facts.legacy_software or Decimal(0)))
    status = PASS if saved > facts.upper_run_rate else FAIL
    claimed = (
        f"labour {figure(labor)}" if labor is not None else f"labour not claimed ({facts.labor_gap or 'none stated'})"
    )
    software = "none claimed" if facts.legacy_software is None else figure(facts.legacy_software)
    verdict = "above" if status == PASS else "costs_more_than_it_replaces: not above"
    reason = (
        f"{verdict} the upper run-rate {figure(facts.upper_run_rate)}: replaces {figure(saved)} a month "
        f"({claimed}, legacy software {software})"
    )
    return _result(facts, status, saved, facts.upper_run_rate, "money_per_month", reason)


def _result(
    facts: ProductReturnFacts | ReplacementFacts,
    status: str,
    metric: Decimal | None,
    threshold: Decimal | None,
    unit: str,
    reason: str,
) -> GateResult:
    return GateResult(1, status, metric, threshold, unit, reason, evidence_id(facts))
