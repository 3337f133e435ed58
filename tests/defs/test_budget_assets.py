"""Budgets in the graph: approvals before the first build, the schedule between statistics and the second."""

import dagster as dg


def test_budget_steps_stand_where_their_facts_are_known(definitions: dg.Definitions) -> None:
    order = [node.name for node in definitions.resolve_job_def("tokenomics_run").nodes_in_topological_order]
    chain = "approved_movements dbt_models statistics scheduled_movements dbt_models_after_statistics publication"
    positions = [order.index(name) for name in chain.split()]
    assert positions == sorted(positions)


def test_budget_marts_wait_for_the_schedule(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    staged = graph.get(dg.AssetKey(["staging", "stg_budget__scheduled_movements"]))
    assert staged.assets_def.node_def.name == "dbt_models_after_statistics"
    assert dg.AssetKey(["budget", "scheduled_movements"]) in staged.parent_keys
    marts = {key.path[-1]: graph.get(key) for key in graph.get_all_asset_keys() if key.path[0] == "marts"}
    for name in ("fct_budget_movements", "budget_status_by_initiative", "budget_status_by_department_month"):
        assert marts[name].assets_def.node_def.name == "dbt_models_after_statistics"
