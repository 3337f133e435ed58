"""The price sensor: tells which models are used without a price, each once. It requests no runs."""

import dagster as dg

from orchestration.alerts.prices import tell_unpriced
from orchestration.defs.control.own_home import SENSOR_STATUS
from orchestration.project import Home
from orchestration.settings import load_settings


@dg.sensor(
    minimum_interval_seconds=300,
    default_status=SENSOR_STATUS,
    description="Tells once which models are used without a price.",
)
def price_alert_sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    told = tell_unpriced(Home(load_settings().home))
    for fault in told.faults:
        context.log.warning(fault)
    return dg.SkipReason("; ".join(told.titles) or told.reason)
