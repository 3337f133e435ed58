"""Every mart's contract says to which period its rows belong, and names money and entities that it has."""

import json
from typing import Any

import pytest

from orchestration.close.contracts import UnknownTable, books
from orchestration.project import Home
from orchestration.transform.manifest import ensure_manifest


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    manifest = json.loads(ensure_manifest(Home(tmp_path_factory.mktemp("parsed"))).read_text())
    return {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["fqn"][1] == "marts"
    }


def test_every_mart_states_its_period_as_dbt_reads_it(marts: dict[str, dict[str, Any]]) -> None:
    for name, node in marts.items():
        stated, period = node["config"]["meta"]["period"], books(name).period
        assert period in (None, stated, f"strftime({stated}, '%Y-%m')"), name
        assert (period is None) == (stated == "none"), name


def test_money_and_entities_are_columns_of_the_table(marts: dict[str, dict[str, Any]]) -> None:
    for name, node in marts.items():
        types = {column: body["data_type"] for column, body in node["columns"].items()}
        contract = books(name)
        assert set(contract.entity) <= set(types), name
        assert all(types[column].startswith("decimal(38") for column in contract.money), name
        assert not contract.money or {"reporting_currency"} <= set(types), name


def test_a_dated_table_with_money_leaves_no_amount_out(marts: dict[str, dict[str, Any]]) -> None:
    """What is exact, in the reporting currency and no ratio, pace or price is money; the exceptions are named here,
    compared_cost being a part of allocated_cost."""
    no_money = {"daily_cap", "headcount", "units", "compared_cost", "daily_burn", "daily_burn_usd"}
    for name, node in marts.items():
        if name in ("period_adjustments", "accrual_journal_lines") or "reporting_currency" not in node["columns"]:
            continue
        exact = {
            column
            for column, body in node["columns"].items()
            if body["data_type"].startswith("decimal") and not column.endswith("_ratio") and "_per_" not in column
        }
        foreign = {column for column in exact if column == "billed_amount"}
        if books(name).period is not None:
            assert set(books(name).money) == exact - no_money - foreign, name


def test_a_table_without_contract_is_refused() -> None:
    with pytest.raises(UnknownTable, match=r"no contract in .* says to which fiscal period rows of spend belong"):
        books("spend")
