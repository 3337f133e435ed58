"""The graph says what everything is and whose it is, in the order in which money may flow."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from orchestration.connectors.sources import SOURCES
from orchestration.landing.streams import STREAMS

ROOT = Path(__file__).resolve().parents[2]


def test_every_asset_has_description_owner_group_and_kind(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    lacking = [
        key.to_user_string()
        for key in graph.get_all_asset_keys()
        for node in [graph.get(key)]
        if not node.description or not node.owners or node.group_name in (None, "default") or not node.kinds
    ]
    assert lacking == []


def test_every_landed_stream_is_an_asset_of_its_source(definitions: dg.Definitions) -> None:
    keys = {tuple(key.path) for key in definitions.resolve_asset_graph().get_all_asset_keys()}
    assert {*STREAMS} <= keys
    assert {
        ("landing", "loads"),
        ("landing", "run_parameters"),
        ("published", "marts"),
        ("published", "summary"),
    } <= keys
    assert {path[0] for path in keys} == {
        *(source for source, _ in STREAMS),
        *("landing", "staging", "intermediate", "marts", "published", "control"),
    }


def test_steps_run_from_sources_to_publication(definitions: dg.Definitions) -> None:
    job = definitions.resolve_job_def("tokenomics_run")
    order = [node.name for node in job.nodes_in_topological_order]
    chain = (
        "registry openai landed_rows price_book warehouse dbt_models statistics dbt_models_after_statistics "
        "publication published__summary"
    )
    positions = [order.index(name) for name in chain.split()]
    assert positions == sorted(positions)
    assert order.index("ledgers") < order.index("landed_rows")


def test_nothing_is_built_from_rows_that_fail_a_blocking_check(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    checks = [graph.get(key) for key in graph.asset_check_keys if key.name == "rows_meet_expectations"]
    assert checks
    assert all(check.blocking for check in checks)


def test_second_dbt_call_holds_all_that_statistics_feed(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    models = graph.get(dg.AssetKey(["marts", "graduation_readiness"]))
    assert models.assets_def.node_def.name == "dbt_models_after_statistics"
    staged = graph.get(dg.AssetKey(["staging", "stg_statistics__gates"]))
    assert staged.assets_def.node_def.name == "dbt_models_after_statistics"
    assert graph.get(dg.AssetKey(["marts", "fct_usage"])).assets_def.node_def.name == "dbt_models"


def test_every_check_says_what_must_hold_and_every_asset_opens_its_file(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    assert [key.to_user_string() for key in graph.asset_check_keys if not graph.get(key).description] == []
    for key in graph.get_all_asset_keys():
        (file,) = graph.get(key).metadata["dagster/code_references"].code_references
        assert Path(file.file_path).is_file(), key


def test_each_area_has_a_team_and_dbts_groups_name_theirs(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    teams = {graph.get(key).group_name: [*graph.get(key).owners] for key in graph.get_all_asset_keys()}
    assert teams["margin"] == teams["publish"] == ["team:finance-engineering"]
    assert teams["run_rate"] == teams["statistics"] == teams["budgets"] == ["team:financial-planning"]
    assert teams["ingest"] == teams["staging"] == ["team:data-platform"]
    assert teams["guardrails"] == ["team:ai-platform"]


def test_what_a_daily_run_makes_has_to_be_fresh(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    fresh = {key.path[0] for key in graph.get_all_asset_keys() if graph.get(key).freshness_policy}
    assert fresh == {source.name for source in SOURCES} | {"published"}


@pytest.mark.parametrize(("records", "runs_by_itself"), [("home/dagster", True), ("elsewhere", False), ("", False)])
def test_what_happens_by_itself_is_on_in_the_ui_of_a_home_alone(
    records: str, runs_by_itself: bool, tmp_path: Path
) -> None:
    """As a process of its own, since the statuses are those of its environment."""
    shown = (
        "from orchestration.defs.control import budget_alerts, enforcement, graduation, price_alerts, rejected_row_alerts, runs\n"
        "print([one.default_status.value for one in (runs.daily_run, budget_alerts.budget_alert_sensor, "
        "graduation.graduation_sensor, price_alerts.price_alert_sensor, rejected_row_alerts.rejected_row_alert_sensor, "
        "enforcement.enforcement_sensor)])"
    )
    environment = {**os.environ, "TOKENOMICS_HOME": str(tmp_path / "home")}
    if records:
        environment["DAGSTER_HOME"] = str(tmp_path / records)
    found = subprocess.run(
        [sys.executable, "-c", shown], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    by_itself = "RUNNING" if runs_by_itself else "STOPPED"
    assert found.stdout.strip() == str([by_itself] * 5 + ["STOPPED"])


def test_schedule_and_sensor_exist_and_are_off(definitions: dg.Definitions) -> None:
    schedule = definitions.resolve_schedule_def("daily_run")
    sensor = definitions.resolve_sensor_def("graduation_sensor")
    assert schedule.job_name == "tokenomics_run"
    assert {schedule.default_status.value, sensor.default_status.value} == {"STOPPED"}


def test_definitions_module_stays_small() -> None:
    assert len((ROOT / "orchestration" / "definitions.py").read_text().splitlines()) <= 25
