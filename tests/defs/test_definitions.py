"""The graph says what everything is and whose it is, in the order in which money may flow."""

from pathlib import Path

import dagster as dg

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


def test_schedule_and_sensor_exist_and_are_off(definitions: dg.Definitions) -> None:
    schedule = definitions.resolve_schedule_def("daily_run")
    sensor = definitions.resolve_sensor_def("graduation_sensor")
    assert schedule.job_name == "tokenomics_run"
    assert {schedule.default_status.value, sensor.default_status.value} == {"STOPPED"}


def test_definitions_module_stays_small() -> None:
    assert len((ROOT / "orchestration" / "definitions.py").read_text().splitlines()) <= 25
