"""Gate 2: does the work run on the tier its complexity calls for? If not, graduation waits, and the saving is stated.

Costs are list costs of the audited days in the reporting currency; the saving is a range because the cheaper model's
tokenizer and verbosity are not known before the switch (0.9 to 1.3), and cached reads are lost on it in the low case.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from orchestration.graduation.gates.result import DAYS_PER_MONTH, DEFERRED, INSUFFICIENT, PASS, GateResult
from orchestration.policy.evidence import evidence_id, figure, rounded

BEST_CASE, WORST_CASE = Decimal("0.9"), Decimal("1.3")


@dataclass(frozen=True)
class ModelAuditFacts:
    """What the audited days cost, and what the dearer part would have cost on the reference model.

    ``counterfactual_*`` cover the higher-tier cost only; None where the reference model has no price.
    ``untiered_models`` and ``unpriced_models`` name models that carry usage in these days.
    """

    first_day: date | None
    last_day: date | None
    list_cost: Decimal
    higher_tier_cost: Decimal
    counterfactual_same: Decimal | None
    counterfactual_cache_lost: Decimal | None
    untiered_models: tuple[str, ...]
    unpriced_models: tuple[str, ...]
    max_higher_tier_ratio: Decimal


@dataclass(frozen=True)
class SavingRange:
    """What the switch saves over the audited days, never below zero."""

    low: Decimal
    high: Decimal


def saving_range(facts: ModelAuditFacts) -> SavingRange | None:
    """None where the reference model's cost is not known."""
    if facts.counterfactual_same is None or facts.counterfactual_cache_lost is None:
        return None
    dearest, cheapest = facts.counterfactual_cache_lost * WORST_CASE, facts.counterfactual_same * BEST_CASE
    zero = Decimal(0)
    return SavingRange(max(zero, facts.higher_tier_cost - dearest), max(zero, facts.higher_tier_cost - cheapest))


def decide_model_audit(facts: ModelAuditFacts) -> GateResult:
    """Pass while the share of cost on dearer tiers is at most the limit, otherwise deferred with the saving range."""
    if facts.untiered_models:
        return _result(facts, INSUFFICIENT, None, f"untiered_model: {', '.join(facts.untiered_models)} has no tier")
    if facts.unpriced_models:
        return _result(facts, INSUFFICIENT, None, f"unpriced_model: {', '.join(facts.unpriced_models)} has no price")
    if facts.first_day is None or facts.last_day is None or facts.list_cost <= 0:
        return _result(facts, INSUFFICIENT, None, "no_metered_cost: no metered cost to audit in the window")
    ratio = rounded(facts.higher_tier_cost / facts.list_cost)
    share = (
        f"{figure(ratio * 100)} % of cost on tiers dearer than the work needs, {facts.first_day} to {facts.last_day}"
    )
    if facts.higher_tier_cost <= facts.max_higher_tier_ratio * facts.list_cost:
        return _result(facts, PASS, ratio, share)
    saving = saving_range(facts)
    if saving is None:
        return _result(
            facts, DEFERRED, ratio, f"higher_tier: {share}; saving unknown, the reference model has no price"
        )
    scale = DAYS_PER_MONTH / ((facts.last_day - facts.first_day).days + 1)
    reason = f"higher_tier: {share}; saving {figure(saving.low * scale)} to {figure(saving.high * scale)} a month"
    return _result(facts, DEFERRED, ratio, reason)


def _result(facts: ModelAuditFacts, status: str, ratio: Decimal | None, reason: str) -> GateResult:
    return GateResult(
        2, status, ratio, facts.max_higher_tier_ratio, "higher_tier_cost_ratio", reason, evidence_id(facts)
    )
