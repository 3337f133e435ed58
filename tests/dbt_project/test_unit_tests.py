"""Every unit test of the dbt project, on a warehouse whose landed views hold no rows. A run of the product leaves them out."""

import re
from pathlib import Path

import duckdb
import pytest

from orchestration.gateway_days import find_changed_days
from orchestration.landing.store import Landing
from orchestration.project import Home
from orchestration.transform.invoke import invoke
from tests.dbt_project.compiled_models import PROJECT, build, compiled

RUN_PARAMETERS = """
create table landing.run_parameters as select
    date '2026-10-31' as as_of_date, 'UTC' as reporting_time_zone, 'USD' as reporting_currency, 2 as minor_unit_digits,
    1 as fiscal_year_start_month, 'acme' as company_id, 'v1' as policy_version,
    true as rebuilds_gateway
"""


@pytest.fixture(scope="module")
def empty_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("empty")
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        landing = Landing(home / "landing")
        landing.register(connection)
        connection.execute(RUN_PARAMETERS)
        find_changed_days(connection, landing, "UTC")
        build(connection, [node["name"] for node in compiled().values() if node["resource_type"] == "model"])
    return home


def written_unit_tests() -> list[str]:
    """The names in the project's files of unit tests, read without dbt."""
    files = sorted(PROJECT.glob("models/**/*__unit_tests.yml"))
    return [name for file in files for name in re.findall(r"^  - name: (\w+)$", file.read_text(), re.MULTILINE)]


def test_every_unit_test_runs_and_passes(empty_warehouse: Path) -> None:
    results = invoke(Home(empty_warehouse), ["test", "--select", "test_type:unit"])
    failures = {one.unique_id: one.message for one in results if one.status != "pass"}
    assert failures == {}
    ran = sorted(one.unique_id.rsplit(".", 1)[1] for one in results)
    written = written_unit_tests()
    assert len(set(written)) == len(written) >= 44
    assert ran == sorted(written)
