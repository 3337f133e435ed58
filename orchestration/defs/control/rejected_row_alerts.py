"""The sensor of refused rows: tells which files had rows refused and what they are worth, each once. It requests no runs."""

import dagster as dg

from orchestration.alerts.rejected_rows import tell_rejected
from orchestration.defs.control.own_home import SENSOR_STATUS
from orchestration.project import Home
from orchestration.settings import load_settings


@dg.sensor(
    minimum_interval_seconds=300,
    default_status=SENSOR_STATUS,
    description="Tells once which files had rows refused, and what they are worth.",
)
def rejected_row_alert_sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    told = tell_rejected(Home(load_settings().home))
    for fault in told.faults:
        context.log.warning(fault)
    return dg.SkipReason("; ".join(told.titles) or told.reason)
