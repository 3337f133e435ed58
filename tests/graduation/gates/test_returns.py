"""Gate 1 on both sides of each threshold; money per month."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from orchestration.graduation.gates.returns import (
    ProductReturnFacts,
    ReplacementFacts,
    decide_product_return,
    decide_replacement_return,
)

TODAY = date(2026, 10, 31)
PRODUCT = ProductReturnFacts(
    as_of=TODAY,
    product_id="prod_a",
    target_ratio=Decimal("0.60"),
    revenue=Decimal(1000),
    revenue_days=28,
    latest_revenue_date=TODAY,
    other_cogs=Decimal(100),
    product_ai_cogs=Decimal(200),
    own_upper_run_rate=Decimal(100),
    ready_upper_run_rates=(),
    revenue_max_age_days=45,
)
INTERNAL = ReplacementFacts(
    as_of=TODAY,
    upper_run_rate=Decimal(100),
    labor_hours_per_unit=Decimal("0.05"),
    units=Decimal(50),
    hourly_rate=Decimal(40),
    legacy_software=None,
    labor_gap=None,
)


def test_margin_exactly_at_target_passes():
    result = decide_product_return(PRODUCT)
    assert (result.status, result.metric_value, result.threshold_value) == ("pass", Decimal("0.6"), Decimal("0.60"))


def test_margin_a_hair_below_target_fails_with_both_numbers():
    result = decide_product_return(replace(PRODUCT, own_upper_run_rate=Decimal("100.01")))
    assert result.status == "fail"
    assert result.metric_value == Decimal("0.59999")
    assert result.reason.startswith("margin_below_target")


def test_other_ready_initiatives_of_the_product_use_up_the_margin():
    result = decide_product_return(replace(PRODUCT, ready_upper_run_rates=(("exp_first", Decimal(50)),)))
    assert result.status == "fail"
    assert result.metric_value == Decimal("0.55")
    assert "exp_first 50.00" in result.reason


def test_revenue_of_zero_fails_without_a_ratio():
    result = decide_product_return(replace(PRODUCT, revenue=Decimal(0)))
    assert (result.status, result.metric_value) == ("fail", None)
    assert result.reason.startswith("zero_revenue")


def test_revenue_may_be_as_old_as_the_policy_says_and_no_older():
    oldest = replace(PRODUCT, latest_revenue_date=TODAY - timedelta(days=45))
    assert decide_product_return(oldest).status == "pass"
    older = decide_product_return(replace(PRODUCT, latest_revenue_date=TODAY - timedelta(days=46)))
    assert older.status == "insufficient"
    assert older.reason.startswith("stale_revenue")


def test_seven_days_of_revenue_are_enough_and_six_are_not():
    assert decide_product_return(replace(PRODUCT, revenue_days=7)).status == "pass"
    assert decide_product_return(replace(PRODUCT, revenue_days=6)).reason.startswith("short_revenue")


@pytest.mark.parametrize(
    ("unknown", "word"),
    [
        ("product_id", "no_product"),
        ("target_ratio", "no_target"),
        ("own_upper_run_rate", "no_run_rate"),
        ("revenue", "no_revenue"),
        ("latest_revenue_date", "no_revenue"),
        ("other_cogs", "no_cost_of_goods_sold"),
        ("product_ai_cogs", "no_cost_of_goods_sold"),
    ],
)
def test_what_is_not_known_is_insufficient_and_named(unknown, word):
    result = decide_product_return(replace(PRODUCT, **{unknown: None}))
    assert result.status == "insufficient"
    assert result.reason.startswith(word)


def test_labour_worth_exactly_the_run_rate_fails_and_a_cent_more_passes():
    assert decide_replacement_return(INTERNAL).status == "fail"
    above = decide_replacement_return(replace(INTERNAL, legacy_software=Decimal("0.01")))
    assert (above.status, above.metric_value, above.threshold_value) == ("pass", Decimal("100.01"), Decimal(100))


def test_incomplete_labour_counts_as_not_claimed_beside_legacy_software():
    facts = replace(INTERNAL, hourly_rate=None, legacy_software=Decimal(120), labor_gap="no rate rate_a in force")
    result = decide_replacement_return(facts)
    assert (result.status, result.metric_value) == ("pass", Decimal(120))
    assert "no rate rate_a in force" in result.reason


def test_nothing_complete_is_insufficient():
    result = decide_replacement_return(replace(INTERNAL, units=None, labor_gap="no tickets reported"))
    assert result.status == "insufficient"
    assert "no tickets reported" in result.reason


def test_internal_without_run_rate_is_insufficient():
    assert decide_replacement_return(replace(INTERNAL, upper_run_rate=None)).status == "insufficient"


def test_evidence_follows_the_facts():
    first, again = decide_product_return(PRODUCT), decide_product_return(replace(PRODUCT))
    other = decide_product_return(replace(PRODUCT, revenue=Decimal(1001)))
    assert first.evidence_id == again.evidence_id != other.evidence_id
