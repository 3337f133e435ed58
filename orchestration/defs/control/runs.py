"""The run as a job, and when it happens by itself."""

import dagster as dg

from orchestration.defs.run import JOB

tokenomics_run = dg.define_asset_job(
    JOB,
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    description="Read, land, check, transform, evaluate, publish: what the command line's run does.",
)


daily_run = dg.ScheduleDefinition(
    name="daily_run",
    job=tokenomics_run,
    cron_schedule="0 6 * * *",
    execution_timezone="UTC",
    description="Every morning, for the last complete day in the reporting time zone. Off until it is turned on.",
)
