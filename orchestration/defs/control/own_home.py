"""Is Dagster at work for one home of the product alone? Then what happens by itself is on from the start, else off.

Dagster's records in ``HOME/dagster``, which ``make ui`` makes, serve that home and nothing else. Elsewhere (a shared instance, a
test, the command line) a person turns schedules and sensors on. A choice made in the UI stays.
"""

import dagster as dg

from orchestration.project import Home
from orchestration.settings import dagster_home, load_settings

IS_OWN = dagster_home() == Home(load_settings().home).dagster
SCHEDULE_STATUS = dg.DefaultScheduleStatus.RUNNING if IS_OWN else dg.DefaultScheduleStatus.STOPPED
SENSOR_STATUS = dg.DefaultSensorStatus.RUNNING if IS_OWN else dg.DefaultSensorStatus.STOPPED
