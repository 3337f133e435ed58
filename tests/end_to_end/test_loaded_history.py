"""A newcomer's first days: this month is run, then last month is loaded, and a back-dated run counts it or says why not."""

import json
from datetime import date
from decimal import Decimal

import pytest

from tests.end_to_end.command_line import query, tokenomics
from tests.end_to_end.tiny_company import gateway_rows, write_tiny_company

ONE_DAY = 30 * (60 * Decimal("0.15") + 40 * Decimal("0.015") + 20 * Decimal("0.60")) / 1_000_000
"""List cost of a day's thirty requests of mistral-small-latest: 60 uncached, 40 cached and 20 output tokens each."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, Decimal | None]]:
    """What each run said, and the list cost it published."""
    folder = tmp_path_factory.mktemp("history")
    company, home = write_tiny_company(folder / "company", "http://127.0.0.1:9"), folder / "home"
    sources = company / "sources.yaml"
    sources.write_text(sources.read_text().replace("enabled: true", "enabled: false", 1))
    said: dict[str, tuple[str, Decimal | None]] = {}

    def log(name: str, *days: int) -> None:
        rows = gateway_rows([date(2026, 10, day) for day in days])
        (company / "logs" / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def run(name: str, as_of: str) -> None:
        done = tokenomics("run", "--company", company, "--home", home, "--as-of", as_of)
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        ((cost,),) = query(home, "fct_usage", "select sum(list_cost) from t")
        said[name] = done.stdout, cost

    log("gateway", 19)
    run("first", "2026-10-20")
    log("history", 1, 2)
    run("before the first day", "2026-10-04")
    run("later", "2026-10-31")
    log("late", 22, 23)
    run("between", "2026-10-25")
    return said


def test_history_that_is_loaded_after_the_first_run_counts_on_the_days_before_it(
    told: dict[str, tuple[str, Decimal | None]],
) -> None:
    assert told["first"][1] == ONE_DAY
    assert told["before the first day"][1] == 2 * ONE_DAY
    assert "not known on that day" not in told["before the first day"][0]


def test_what_is_landed_and_not_known_on_a_day_is_named(told: dict[str, tuple[str, Decimal | None]]) -> None:
    said, cost = told["between"]
    assert cost == 3 * ONE_DAY
    assert "landed but not known on that day: logs/late.jsonl, 60 rows\n" in said
    assert "run without --as-of" in said


def test_a_run_says_at_once_whose_it_is(told: dict[str, tuple[str, Decimal | None]]) -> None:
    assert told["first"][0].splitlines()[0].startswith("Five days of one product, as of 2026-10-20, in ")
