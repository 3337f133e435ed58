"""What a valid folder reads as: exact decimals, text as written, defaults of sources, look-ups."""

import shutil
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.registry import load_company
from orchestration.registry.faults import RegistryError
from orchestration.registry.fields import read_decimal


def test_plain_and_quoted_numbers_are_exact_decimals(folder, edit):
    edit("initiatives.yaml", "amount: 400.10", "amount: 12345678901234567890.123456789")
    reader = load_company(folder).initiatives[1]
    assert reader.allocation.amount == Decimal("12345678901234567890.123456789")
    assert str(reader.allocation.daily_cap) == "5"
    assert str(reader.replaces.labor_hours_per_unit) == "0.05"


@given(st.decimals(min_value=-(10**18), max_value=10**18, places=9))
def test_a_decimal_survives_its_text(number):
    assert read_decimal(str(number)) == number


def test_identifiers_stay_the_text_that_was_written(folder, edit):
    edit("company.yaml", "4000: revenue", "0400: revenue")
    edit("initiatives.yaml", "department_id: finance", "department_id: 007.10")
    company = load_company(folder)
    assert list(company.config.ledger_accounts) == ["51*", "0400"]
    assert company.initiatives[1].department_id == "007.10"


def test_defaults_of_sources(folder):
    sources = load_company(folder).sources
    openai, litellm = sources["openai"], sources["litellm"]
    assert (openai.mode, openai.lookback_days, openai.api_key_env) == ("api", 3, "OPENAI_ADMIN_KEY")
    assert openai.base_url == "http://127.0.0.1:1/v1"
    assert openai.start_date == date(2026, 7, 1)
    assert (openai.empty_days, openai.path, openai.timeout_seconds) == (None, None, None)
    assert (litellm.mode, litellm.empty_days, litellm.base_url) == ("files", "missing", None)


def test_settle_lag_by_kind_of_source_and_by_name(folder, edit):
    company = load_company(folder)
    assert (company.settle_lag_hours("openai"), company.settle_lag_hours("litellm")) == (24, 0)
    edit("company.yaml", "stability_max_variation: 0.10", "settle_lag_hours: {litellm: 2}")
    company = load_company(folder)
    assert (company.settle_lag_hours("openai"), company.settle_lag_hours("litellm")) == (24, 2)


def test_ledger_policy(folder):
    ledgers = load_company(folder).ledgers
    assert ledgers["general_ledger"].on_reject == "fail"
    assert ledgers["revenue"].on_reject == "quarantine"
    with (folder / "sources.yaml").open("a") as file:
        file.write("ledgers: {revenue: {on_reject: fail}}\n")
    assert load_company(folder).ledgers["revenue"].on_reject == "fail"


def test_a_ledger_may_be_read_otherwise_and_keeps_its_default_for_rejected_rows(folder):
    with (folder / "sources.yaml").open("a") as file:
        file.write("ledgers: {revenue: {columns: {amount: Netto}, day_first: true}}\n")
    revenue = load_company(folder).ledgers["revenue"]
    assert (revenue.on_reject, revenue.columns, revenue.day_first) == ("quarantine", {"amount": "Netto"}, True)


def test_a_column_that_a_ledger_does_not_have_is_a_fault(folder):
    with (folder / "sources.yaml").open("a") as file:
        file.write("ledgers: {revenue: {columns: {amont: Netto}}}\n")
    with pytest.raises(RegistryError, match=r"sources\.yaml:\d+: revenue has no column 'amont'.*amount"):
        load_company(folder)


def test_complexity_falls_back_to_department_and_policy(folder):
    company = load_company(folder)
    assert [company.complexity_of(one) for one in company.initiatives] == ["standard", "basic"]
    (folder / "departments.yaml").write_text(
        "departments: [{department_id: product, default_complexity: basic}, {department_id: finance}]\n"
    )
    company = load_company(folder)
    assert [company.complexity_of(one) for one in company.initiatives] == ["basic", "basic"]


def test_product_target_is_own_then_common_then_policy(folder, edit):
    assert load_company(folder).product_target("desk") == Decimal("0.60")
    edit("initiatives.yaml", "    target_gross_margin_ratio: 0.60\n", "")
    assert load_company(folder).product_target("desk") is None
    edit("company.yaml", "stability_max_variation: 0.10", "target_gross_margin_ratio: 0.5")
    assert load_company(folder).product_target("desk") == Decimal("0.5")
    (folder / "products.yaml").write_text("products: [{product_id: desk, target_gross_margin_ratio: 0.7}]\n")
    assert load_company(folder).product_target("desk") == Decimal("0.7")


def test_versions_are_valid_from_inclusive_to_exclusive(folder, edit):
    path = folder / "initiatives.yaml"
    edit("initiatives.yaml", "    stage: core\n", "    stage: core\n    valid_to: 2026-09-01\n")
    second = path.read_text().split("  - initiative_id: reader")[0].split("initiatives:\n")[1]
    path.write_text(path.read_text() + second.replace("valid_to", "valid_from").replace("core", "retired"))
    company = load_company(folder)
    for day, stage in ((date(2026, 8, 31), "core"), (date(2026, 9, 1), "retired")):
        assert [one.stage for one in company.initiatives if one.initiative_id == "chat" and one.is_valid_on(day)] == [
            stage
        ]


def test_rules_come_highest_priority_first_and_pools_by_order(folder):
    with (folder / "ownership.yaml").open("a") as file:
        file.write("pools: [{pool_id: late, order: 2}, {pool_id: early, order: 1}]\n")
    (folder / "ownership.yaml").write_text(
        (folder / "ownership.yaml").read_text().replace("priority: 90", "priority: 900")
    )
    company = load_company(folder)
    assert [rule.rule_id for rule in company.rules] == ["r2", "r1"]
    assert [pool.pool_id for pool in company.pools] == ["early", "late"]


def test_tier_of_a_model(folder):
    tiers = load_company(folder).tiers
    assert [tiers.tier_of(model) for model in ("big-7", "small-", "other")] == ["flagship", "economy", None]
    assert (tiers.rank("flagship"), tiers.rank("economy")) == (1, 2)


def test_the_acceptance_company_loads_cleanly(acceptance_folder, tmp_path):
    folder = shutil.copytree(acceptance_folder / "company", tmp_path / "company")
    sources = folder / "sources.yaml"
    sources.write_text(sources.read_text().replace("__BASE_URL__", "http://127.0.0.1:1"))
    company = load_company(folder)
    assert (len(company.initiatives), len(company.rules), len(company.sources)) == (17, 23, 4)
    assert company.policy.origin("audit_max_higher_tier_ratio") == "company.yaml:10"
    assert company.product_target("prod_assist") == Decimal("0.60")


@pytest.mark.parametrize(
    ("currency", "unit"),
    [("USD", "0.01"), ("EUR", "0.01"), ("JPY", "1"), ("KRW", "1"), ("KWD", "0.001"), ("BHD", "0.001")],
)
def test_the_minor_unit_is_that_of_the_reporting_currency(folder, edit, currency, unit):
    edit("company.yaml", "reporting_currency: EUR", f"reporting_currency: {currency}")
    assert str(load_company(folder).config.minor_unit) == unit
