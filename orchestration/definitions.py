"""The code location that Dagster loads. Assets, checks, jobs, sensors and schedules stand in ``defs/``."""

from pathlib import Path

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """Everything below ``defs/``, run in one process, since one warehouse file has one writer."""
    return dg.Definitions.merge(
        dg.load_from_defs_folder(path_within_project=Path(__file__).parent),
        dg.Definitions(executor=dg.in_process_executor),
    )
