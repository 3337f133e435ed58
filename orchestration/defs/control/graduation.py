"""The graduation sensor: gathers what is published, lets the policy decide, says what it did. It requests no runs.

Why not: the evidence is already published; a run would only repeat it.
"""

import dagster as dg

from orchestration.alerts.graduation import flag_ready
from orchestration.defs.control.own_home import SENSOR_STATUS
from orchestration.defs.presentation import opens, owners
from orchestration.project import Home
from orchestration.settings import load_settings

FLAGS = dg.AssetSpec(
    key=["control", "graduation_flags"],
    description="Initiatives flagged as ready to graduate, each once, with the evidence pack of that day.",
    group_name="control",
    owners=owners("control"),
    kinds={"python", "json"},
    metadata=opens(__file__),
    deps=[dg.AssetKey(["published", "marts"])],
)


@dg.sensor(
    minimum_interval_seconds=300,
    default_status=SENSOR_STATUS,
    description="Flags each initiative once, on the day it becomes ready to graduate.",
)
def graduation_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    flagged = flag_ready(Home(load_settings().home))
    for fault in flagged.faults:
        context.log.warning(fault)
    if not flagged.initiatives:
        return dg.SkipReason(flagged.reason)
    return dg.SensorResult(
        asset_events=[
            dg.AssetMaterialization(
                asset_key=FLAGS.key,
                description=f"{', '.join(flagged.initiatives)} ready to graduate",
                metadata={"initiatives": list(flagged.initiatives), "dagster/row_count": len(flagged.initiatives)},
            )
        ]
    )
