"""Check what a home holds, without building: expectations on landed rows, then dbt's data tests. What ``tokenomics
test`` does.

The parameters of the last run stand (its as-of date above all, and what was known then); only the landed views are made
anew, since a home may have moved.
"""

import json
import subprocess
from collections.abc import Iterator

from orchestration.knowledge import known_before, published_days
from orchestration.landing.store import Landing
from orchestration.project import DBT_PROJECT, Home, dbt_environment, dbt_executable
from orchestration.settings import redact
from orchestration.warehouse import connect, last_as_of

FAILED = ("error", "fail", "runtime error", "partial success")


class NothingBuilt(Exception):
    """This home has no warehouse yet."""


def broken_expectations(home: Home) -> Iterator[tuple[str, list[str]]]:
    """For each landed stream that has a suite: its name and the rules it breaks."""
    from expectations import SUITES, validate

    if not home.warehouse.exists():
        raise NothingBuilt(f"{home.root} holds no warehouse; run: tokenomics run")
    with connect(home.warehouse) as connection:
        as_of = last_as_of(connection)
        moment = known_before(published_days(home.published), as_of) if as_of else None
        Landing(home.landing, known_before=moment).register(connection)
        for (source, stream), outcome in validate(connection, dict.fromkeys(SUITES)).items():
            yield f"{source} {stream}", outcome.failures


def failed_data_tests(home: Home) -> tuple[int, list[str]]:
    """How many data tests ran, and one line per failure."""
    results = home.dbt_target / "run_results.json"
    results.unlink(missing_ok=True)
    command = [dbt_executable(), "--quiet", "test", "--exclude-resource-type", "unit_test"]
    done = subprocess.run(
        command, cwd=DBT_PROJECT, env=dbt_environment(home), capture_output=True, text=True, check=False
    )
    if not results.exists():
        return 0, [redact((done.stdout + done.stderr).strip()) or "dbt stopped without saying why"]
    ran = json.loads(results.read_text())["results"]
    return len(ran), failure_lines(ran)


def failure_lines(results: list[dict[str, str]], shown: int = 10) -> list[str]:
    """One line per failed node of dbt's run results, at most ``shown`` of them."""
    failed = [result for result in results if result["status"] in FAILED]
    lines = [_failure(result) for result in failed[:shown]]
    return [*lines, f"and {len(failed) - shown} more"] if len(failed) > shown else lines


def _failure(result: dict[str, str]) -> str:
    kind, _, name = result["unique_id"].split(".", 2)
    return f"{kind} {name}: {' '.join((result['message'] or 'no message').split())}"
