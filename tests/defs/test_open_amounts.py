"""Open amounts warn on the asset that shows them, each alone, and block nothing."""

from datetime import date
from decimal import Decimal

import dagster as dg
import duckdb
import pytest

from orchestration.defs.quality.open_amounts import judged
from tests.summary.small_marts import FAULTS, LINE, write_small_marts

POLICY = {"unallocated_alarm_ratio": Decimal("0.10"), "residual_alarm_ratio": Decimal("0.005")}
ASSETS = {
    "usage_is_priced": "fct_usage",
    "cost_has_an_owner": "fct_allocated_costs",
    "cloud_charges_name_a_service": "ingestion_outcomes",
    "accruals_have_accounts": "accrual_journals_left_out",
    "accruals_are_reversed": "accrual_journals_not_reversed",
    "no_untracked_traffic": "reconciliation_by_provider_month",
    "no_duplicates": "reconciliation_by_provider_month",
    "other_cogs_are_counted": "reconciliation_by_provider_month",
    "residuals_within_policy": "reconciliation_by_provider_month",
}
FOUND = {
    "usage_is_priced": "openai x: 5 since 2026-09-07",
    "cost_has_an_owner": "2026-10: 112.000000000001 of 1112.000000000001, above 0.10",
    "cloud_charges_name_a_service": "focus/azure.csv: 2 charges, 7.000000000",
    "accruals_have_accounts": (
        "openai usage 2026-08, not accrued at the end of 2026-09: 50.000000000, no account of selling_and_administration"
    ),
    "accruals_are_reversed": "TKN-ACC-mistral-2026-09: 300.000000000, not reversed, reversal due on 2026-10-01",
    "no_untracked_traffic": "openai untracked_traffic: 2026-10 3.000000000001, 2026-09 0, all months 3.000000000001",
    "no_duplicates": "openai duplicates: 2026-10 0, 2026-09 -2.000000000000, all months -2.000000000000",
    "other_cogs_are_counted": "openai other_cogs_left_out: 2026-10 7.000000000000, 2026-09 0, all months 7.000000000000",
    "residuals_within_policy": "openai residual: 2026-10 -5.000000000001, 2026-09 0, all months -5.000000000001",
}


REJECTED = (
    "create table rejected_rows as select * from (values "
    "('prices', 'output', '0.1234567', 'openai x, standard: more than 6 decimals'), "
    "('ledgers', 'amount', 'ten', 'is no number')) as _ (source, column_name, value, reason)"
)


def results(*faults: str) -> dict[str, dg.AssetCheckResult]:
    with duckdb.connect() as connection:
        write_small_marts(connection, REJECTED, *faults)
        return {str(one.check_name): one for one in judged(connection, POLICY, date(2026, 10, 20))}


def test_clean_marts_warn_of_nothing() -> None:
    found = results(LINE.format(amount=5, period="2026-10", line="metering_residual"))
    outcomes = {name: (one.passed, one.metadata["found"].value) for name, one in found.items()}
    assert outcomes == dict.fromkeys(ASSETS, (True, "none"))


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_warns_on_its_own_check_alone(fault: str) -> None:
    found = results(fault)
    assert [name for name, one in found.items() if not one.passed] == [fault]
    assert found[fault].severity == dg.AssetCheckSeverity.WARN
    assert found[fault].metadata["found"].value == FOUND[fault]
    remedy = found[fault].metadata["remedy"].value
    assert remedy and str(found[fault].description).endswith(f". What to do: {remedy}.")


def test_unpriced_usage_is_shown_with_the_list_prices_that_were_refused() -> None:
    told = results("usage_is_priced")["usage_is_priced"].metadata["refused_prices"].value
    assert told == "0.1234567 for output, openai x, standard: more than 6 decimals"
    assert "refused_prices" not in results("cost_has_an_owner")["cost_has_an_owner"].metadata


def test_the_checks_stand_on_their_assets_and_do_not_block(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    checks = {key.name: graph.get(key) for key in graph.asset_check_keys if key.name in ASSETS}
    assert {name: check.key.asset_key.path[-1] for name, check in checks.items()} == ASSETS
    assert not any(check.blocking for check in checks.values())
    order = [node.name for node in definitions.resolve_job_def("tokenomics_run").nodes_in_topological_order]
    assert order.index("dbt_models") < order.index("open_amounts")
