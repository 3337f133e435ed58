"""Gate 2 on both sides of its limit, and the saving range."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from orchestration.graduation.gates.audit import ModelAuditFacts, SavingRange, decide_model_audit, saving_range

FACTS = ModelAuditFacts(
    first_day=date(2026, 10, 2),
    last_day=date(2026, 10, 31),
    list_cost=Decimal(1000),
    higher_tier_cost=Decimal(50),
    counterfactual_same=Decimal(10),
    counterfactual_cache_lost=Decimal(20),
    untiered_models=(),
    unpriced_models=(),
    max_higher_tier_ratio=Decimal("0.05"),
)


def test_a_share_exactly_at_the_limit_passes():
    result = decide_model_audit(FACTS)
    assert (result.status, result.metric_value) == ("pass", Decimal("0.05"))


def test_a_share_above_the_limit_defers_with_the_saving_a_month():
    result = decide_model_audit(replace(FACTS, higher_tier_cost=Decimal("50.01")))
    assert result.status == "deferred"
    # thirty days: 50.01 - 20 x 1.3 = 24.01 and 50.01 - 10 x 0.9 = 41.01, times 30.4375 / 30
    assert "saving 24.36 to 41.61 a month" in result.reason


def test_saving_is_never_below_zero():
    dear = replace(FACTS, counterfactual_cache_lost=Decimal(100), counterfactual_same=Decimal(40))
    assert saving_range(dear) == SavingRange(Decimal(0), Decimal(14))


def test_deferred_says_so_when_the_reference_model_has_no_price():
    result = decide_model_audit(replace(FACTS, higher_tier_cost=Decimal(900), counterfactual_same=None))
    assert result.status == "deferred"
    assert "saving unknown" in result.reason


def test_untiered_and_unpriced_models_are_insufficient_and_named():
    untiered = decide_model_audit(replace(FACTS, untiered_models=("orion",)))
    unpriced = decide_model_audit(replace(FACTS, unpriced_models=("vega",)))
    assert (untiered.status, unpriced.status) == ("insufficient", "insufficient")
    assert untiered.reason.startswith("untiered_model: orion")
    assert unpriced.reason.startswith("unpriced_model: vega")


def test_no_cost_or_no_window_is_insufficient():
    assert decide_model_audit(replace(FACTS, list_cost=Decimal(0))).status == "insufficient"
    assert decide_model_audit(replace(FACTS, first_day=None, last_day=None)).status == "insufficient"
