"""Policy values come from the profile, the common defaults or company.yaml, and say which."""

from decimal import Decimal

import pytest

from orchestration.registry import explain_policy, load_company

PROFILES = {
    ("startup", "thin"): ("hard", "automatic", "0.02", "developer", "0.10"),
    ("startup", "healthy"): ("hard", "automatic", "0.10", "developer", "0.10"),
    ("enterprise", "thin"): ("alert", "automatic", "0.02", "product_and_business_unit", "0.02"),
    ("enterprise", "healthy"): ("alert", "alert_unless_milestone_lapsed", "0.10", "product_and_business_unit", "0.05"),
}


@pytest.mark.parametrize("profile", PROFILES)
def test_profile_defaults(profile, folder, edit):
    size, margin = profile
    edit("company.yaml", "company_size: enterprise", f"company_size: {size}")
    edit("company.yaml", "margin_profile: thin", f"margin_profile: {margin}")
    policy = load_company(folder).policy
    caps, breaker, gap, level, alarm = PROFILES[profile]
    assert policy["caps_mode"] == caps
    assert policy["breaker_mode"] == breaker
    assert policy.margin_floor(Decimal("0.60")) == Decimal("0.60") - Decimal(gap)
    assert policy.margin_floor(None) is None
    assert policy["allocation_level"] == level
    assert policy["unallocated_alarm_ratio"] == Decimal(alarm)
    assert policy.origin("caps_mode") == f"profile {size}/{margin}"


def test_defaults_of_every_profile(folder):
    policy = load_company(folder).policy
    expected = {
        "required_gates": (1, 2, 3, 4),
        "stability_window_days": 30,
        "stability_window_max_days": 60,
        "stability_growth_margin": Decimal("0.20"),
        "stability_max_tail_days": 5,
        "settle_lag_hours": {"api": 24, "files": 0},
        "audit_max_higher_tier_ratio": Decimal("0.05"),
        "guardrail_max_age_hours": 24,
        "guardrail_drill_max_age_days": 90,
        "graduation_grace_days": 30,
        "demotion_unit_cost_ratio": Decimal("1.25"),
        "demotion_days": 14,
        "breaker_breaches": 2,
        "breaker_reset_margin": Decimal("0.05"),
        "breaker_dwell_minutes": 30,
        "breaker_cooldown_minutes": 60,
        "revenue_max_age_days": 45,
        "residual_alarm_ratio": Decimal("0.005"),
        "default_complexity": "standard",
        "variable_output_ratio": "fitted",
    }
    assert {key: policy[key] for key in expected} == expected
    assert {policy.origin(key) for key in expected} == {"default"}


def test_overrides_say_their_line_and_change_the_version(folder, edit):
    before = load_company(folder).policy
    assert before["stability_max_variation"] == Decimal("0.10")
    assert before.origin("stability_max_variation") == "company.yaml:9"
    edit("company.yaml", "variation: 0.10", 'variation: "0.1"')
    assert load_company(folder).policy.version == before.version
    edit("company.yaml", 'variation: "0.1"', "variation: 0.11")
    after = load_company(folder).policy
    assert after.version != before.version
    assert len(after.version) == 12


@pytest.mark.parametrize(
    ("written", "key", "value"),
    [
        ("margin_floor_ratio: 0.40", "margin_floor_ratio", "0.40"),
        ("margin_floor_ratio: target - 0.05", "margin_floor_ratio", "target - 0.05"),
        ("required_gates: [4, 1]", "required_gates", "[1, 4]"),
        ("settle_lag_hours: 48", "settle_lag_hours", '{"api": 48, "files": 48}'),
        ("settle_lag_hours: {openai: 6}", "settle_lag_hours", '{"api": 24, "files": 0, "openai": 6}'),
        ("variable_output_ratio: 0.15", "variable_output_ratio", "0.15"),
        ("target_gross_margin_ratio: 0.7", "target_gross_margin_ratio", "0.7"),
    ],
)
def test_kinds_of_override(folder, edit, written, key, value):
    edit("company.yaml", "stability_max_variation: 0.10", written)
    assert (key, value, "company.yaml:9") in load_company(folder).policy.explain()


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("margin_floor_ratio: low", "company.yaml:9: margin_floor_ratio: 'low' is neither a ratio"),
        ("margin_floor_ratio: target - 10", "company.yaml:9: margin_floor_ratio: 'target - 10' is more than 1 below"),
        ("required_gates: [1, 60]", "company.yaml:9: required_gates: '60' is not valid"),
        ("required_gates: []", "company.yaml:9: required_gates: must list gate numbers"),
        ("settle_lag_hours: {opnai: 6}", "company.yaml:9: unknown key 'opnai'"),
        ("caps_mode: soft", "company.yaml:9: caps_mode: 'soft' is not allowed; write 'hard' or 'alert'"),
        ("stability_window_days: 30.5", "company.yaml:9: stability_window_days: '30.5' is not valid"),
        ("demotion_days:", "company.yaml:9: key 'demotion_days' has no value"),
        ("variable_output_ratio: fit", "company.yaml:9: variable_output_ratio: 'fit' is not a decimal number"),
    ],
)
def test_wrong_overrides(folder, edit, faults, written, says):
    edit("company.yaml", "stability_max_variation: 0.10", written)
    assert len(faults()) == 1
    assert faults()[0].startswith(says)


def test_a_window_longer_than_its_maximum_is_a_fault(edit, faults):
    edit("company.yaml", "stability_max_variation: 0.10", "stability_window_days: 90")
    assert faults() == [
        "company.yaml:9: stability_window_days 90 is over stability_window_max_days 60; "
        "raise the one or lower the other"
    ]


def test_a_maximum_that_leaves_later_looks_nothing_more_to_see_is_a_fault(edit, faults):
    edit("company.yaml", "stability_max_variation: 0.10", "stability_window_max_days: 30")
    assert faults() == [
        "company.yaml:9: stability_window_max_days 30 is under one and a half times stability_window_days 30: later days "
        "would look at no more than the first one did, and looking again finds luck; write at least 45"
    ]


def test_a_maximum_of_one_and_a_half_windows_is_enough(folder, edit):
    edit("company.yaml", "stability_max_variation: 0.10", "stability_window_max_days: 45")
    assert load_company(folder).policy["stability_window_max_days"] == 45


def test_explanation_lists_every_key_with_value_and_origin(folder):
    policy = load_company(folder).policy
    lines = explain_policy(policy).splitlines()
    assert lines[0] == f"policy version {policy.version}"
    assert [line.split()[0] for line in lines[1:]] == sorted(policy)
    assert any(line.split() == ["stability_max_variation", "0.10", "company.yaml:9"] for line in lines)
    assert any(line.split() == ["caps_mode", "alert", "profile", "enterprise/thin"] for line in lines)
