"""The run as a job, and when it happens by itself."""

import dagster as dg

from orchestration.defs.control.own_home import SCHEDULE_STATUS
from orchestration.defs.run import JOB

tokenomics_run = dg.define_asset_job(
    JOB,
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    description="Read, land, check, transform, evaluate, publish: what tokenomics run does.\n\nCompany and home are those "
    "of the environment (TOKENOMICS_COMPANY, TOKENOMICS_HOME). Example for the launchpad, to answer as of an earlier day and "
    'read no source:\n\n```yaml\nresources:\n  run:\n    config:\n      as_of: "2026-09-30"\n      offline: true\n```',
)


daily_run = dg.ScheduleDefinition(
    name="daily_run",
    job=tokenomics_run,
    cron_schedule="0 6 * * *",
    execution_timezone="UTC",
    default_status=SCHEDULE_STATUS,
    description="Every morning at six UTC, for the last complete day in the reporting time zone. On from the start in the UI of "
    "a home (make ui), off elsewhere.",
)
