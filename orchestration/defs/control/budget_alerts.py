"""The budget sensor: tells what happened to budgets, each thing once. It requests no runs."""

import dagster as dg

from orchestration.alerts.budgets import tell_budgets
from orchestration.defs.control.own_home import SENSOR_STATUS
from orchestration.project import Home
from orchestration.settings import load_settings


@dg.sensor(
    minimum_interval_seconds=300,
    default_status=SENSOR_STATUS,
    description="Tells once when an allocation is half spent, four fifths spent, exhausted, about to run out, or expired, when "
    "a department's budget is half spent, four fifths spent, exhausted or exceeded, when a grant takes more than its pool holds, "
    "and when the unit cost of a core initiative stays above what was verified.",
)
def budget_alert_sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    told = tell_budgets(Home(load_settings().home))
    for fault in told.faults:
        context.log.warning(fault)
    return dg.SkipReason("; ".join(told.titles) or told.reason)
