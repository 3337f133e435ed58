"""Check what a home holds, without building: expectations on landed rows, then dbt's data tests. What ``tokenomics
test`` does.

The parameters of the last run stand (its as-of date above all, and what was known then); only the landed views are made
anew, since a home may have moved.
"""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from orchestration.landing.store import Landing
from orchestration.project import Home
from orchestration.session import landing_as_known
from orchestration.settings import redact
from orchestration.transform.invoke import DbtStopped, failure_lines, invoke
from orchestration.warehouse import connect, last_asked


class NothingBuilt(Exception):
    """This home has no warehouse yet."""


def broken_expectations(home: Home) -> Iterator[tuple[str, list[str]]]:
    """For each landed stream that has a suite: its name and the rules it breaks."""
    from expectations import SUITES, validate

    if not home.warehouse.exists():
        raise NothingBuilt(f"{home.root} holds no warehouse; run: tokenomics run")
    with connect(home.warehouse) as connection:
        asked = last_asked(connection)
        landing = landing_as_known(home, asked[0], ZoneInfo(asked[1])) if asked else Landing(home.landing)
        landing.register(connection)
        for (source, stream), outcome in validate(connection, dict.fromkeys(SUITES)).items():
            yield f"{source} {stream}", outcome.failures


def failed_data_tests(home: Home) -> tuple[int, list[str]]:
    """How many data tests ran, and one line per failure."""
    try:
        results = invoke(home, ["test", "--exclude-resource-type", "unit_test"])
    except DbtStopped as error:
        return 0, [redact(str(error))]
    return len(results), [redact(line) for line in failure_lines(results)]
