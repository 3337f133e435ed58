"""A real production trace through the whole product: requests, tokens and list cost by day and model, difference zero.

The expected figures were counted from the trace with plain SQL, independent of this project, and stand beside it.
"""

import csv
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from tests.end_to_end.command_line import ROOT, query, tokenomics_tables

DATA = ROOT.parent / "shared" / "data"
COMPANY = ROOT / "tests" / "companies" / "servegen"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the published trace is not on this machine")


def run(folder: Path, log: Path) -> Path:
    company, home = folder / "company", folder / "home"
    shutil.copytree(COMPANY, company)
    (company / "logs").mkdir()
    (company / "logs" / log.name).symlink_to(log)
    done = tokenomics_tables("run", "--company", company, "--home", home, "--as-of", "2026-10-26")
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return home


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return run(tmp_path_factory.mktemp("trace"), DATA / "spend_logs_servegen.parquet")


@pytest.fixture(scope="module")
def expected() -> dict[tuple[str, str], dict[str, str]]:
    with (DATA / "expected_servegen.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["grain"] == "day_model"]
    assert len(rows) == 42
    return {(row["usage_date"], row["model"]): row for row in rows}


def by_day_and_model(home: Path, measure: str) -> dict[tuple[str, str], Decimal]:
    rows = query(home, "fct_usage", f"select usage_date, model_id, {measure} from t group by all")
    return {(str(day), model): Decimal(str(value or 0)) for day, model, value in rows}


@pytest.mark.parametrize(
    ("column", "measure"),
    [
        ("requests", "sum(requests)"),
        ("requests_no_token_evidence", "sum(requests) filter (where pricing_status = 'unmeasured')"),
        ("prompt_tokens", "sum(quantity) filter (where unit = 'tokens' and token_class <> 'output')"),
        ("completion_tokens", "sum(quantity) filter (where token_class = 'output')"),
        ("prompt_cost_usd", "sum(list_cost) filter (where token_class <> 'output')"),
        ("completion_cost_usd", "sum(list_cost) filter (where token_class = 'output')"),
        ("cost_usd", "sum(list_cost)"),
    ],
)
def test_trace_is_reproduced_exactly(home, expected, column, measure):
    seen = by_day_and_model(home, measure)
    differing = {
        key: (seen.get(key), row[column]) for key, row in expected.items() if seen.get(key, 0) != Decimal(row[column])
    }
    assert not differing
    assert set(seen) == set(expected)


def test_every_cent_of_the_trace_is_allocated(home):
    used = query(home, "fct_usage", "select usage_date, sum(list_cost) from t group by all order by 1")
    allocated = query(
        home, "fct_allocated_costs", "select cost_date, sum(allocated_cost) from t group by all order by 1"
    )
    assert used == allocated
    assert sum(cost for _, cost in used) == Decimal("352.7006103")


def test_traffic_without_token_evidence_is_counted_and_never_free(home):
    ((requests,),) = query(home, "fct_usage", "select sum(requests) from t where pricing_status = 'unmeasured'")
    assert requests == 593_691


def test_the_bridge_of_the_trace_sums_and_leaves_nothing_unexplained(home):
    rows = query(
        home, "reconciliation_by_provider_month", "select bridge_line, amount from t where provider = 'openai'"
    )
    lines = dict(rows)
    assert len(lines) == len(rows) == 19
    assert lines["metered_list_cost"] == lines["billed_cost"] == Decimal("352.7006103"), "no bill: the meter stands in"
    assert lines["unposted_accrual"] == -lines["billed_cost"]
    assert {line for line, amount in rows if amount} == {"metered_list_cost", "billed_cost", "unposted_accrual"}
