"""A run whose events are not kept: it says and stops at the same as one with a log."""

from collections.abc import Iterator

import dagster as dg
import pytest

from orchestration.defs.control.unkept import unkept_instance

CHECK = dg.AssetCheckSpec("is_positive", asset="amount", blocking=True)


class Amount(dg.Config):
    value: int


@dg.asset(check_specs=[CHECK])
def amount(config: Amount) -> Iterator[dg.MaterializeResult]:
    value = config.value
    yield dg.MaterializeResult(
        metadata={"dagster/row_count": value}, check_results=[dg.AssetCheckResult(passed=value > 0)]
    )


@dg.asset(deps=[amount])
def below() -> None: ...


@pytest.mark.parametrize(("value", "built"), [(7, ["amount", "below"]), (-7, ["amount"])])
def test_events_reach_the_result_and_a_blocking_check_stops_what_follows(value: int, built: list[str]) -> None:
    job = dg.Definitions(
        assets=[amount, below],
        jobs=[dg.define_asset_job("both", executor_def=dg.in_process_executor)],
    ).resolve_job_def("both")
    with unkept_instance() as instance:
        found = job.execute_in_process(
            run_config={"ops": {"amount": {"config": {"value": value}}}}, instance=instance, raise_on_error=False
        )
        kept = instance.get_asset_records([dg.AssetKey(name) for name in ("amount", "of_another_run")])
    made = [event.asset_key.to_user_string() for event in found.get_asset_materialization_events() if event.asset_key]
    (checked,) = found.get_asset_check_evaluations()
    assert made == built
    assert found.asset_materializations_for_node("amount")[0].metadata["dagster/row_count"].value == value
    assert (checked.check_name, checked.passed, found.success) == ("is_positive", value > 0, value > 0)
    assert [record.asset_entry.asset_key.to_user_string() for record in kept] == ["amount"]


def test_what_was_made_says_of_which_data() -> None:
    """The UI calls an asset out of date whose inputs it does not find in what made it."""
    job = dg.Definitions(
        assets=[amount, below], jobs=[dg.define_asset_job("both", executor_def=dg.in_process_executor)]
    ).resolve_job_def("both")
    with unkept_instance() as instance:
        found = job.execute_in_process(run_config={"ops": {"amount": {"config": {"value": 1}}}}, instance=instance)
    (source,), (made,) = (found.asset_materializations_for_node(name) for name in ("amount", "below"))
    assert source.tags is not None and made.tags is not None
    assert made.tags["dagster/input_data_version/amount"] == source.tags["dagster/data_version"]
