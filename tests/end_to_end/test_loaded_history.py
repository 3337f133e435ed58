"""A newcomer's first days: this month is run, then last month is loaded, and a back-dated run counts it or says why not."""

import json
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.end_to_end.command_line import query, tokenomics
from tests.end_to_end.tiny_company import gateway_rows

ONE_DAY = 30 * (60 * Decimal("0.15") + 40 * Decimal("0.015") + 20 * Decimal("0.60")) / 1_000_000
"""List cost of a day's thirty requests of mistral-small-latest: 60 uncached, 40 cached and 20 output tokens each."""


@pytest.fixture(scope="module")
def told(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, Decimal | None]]:
    """What each run after the first said, and the list cost of the gateway's log that it published."""
    folder = shutil.copytree(tiny, tmp_path_factory.mktemp("history") / "site", symlinks=True)
    company, home = folder / "company", folder / "home"
    sources = company / "sources.yaml"
    text = sources.read_text().replace("enabled: true", "enabled: false", 1)
    sources.write_text(text.replace("start_date: 2026-10-01", "start_date: 2026-09-01"))
    said: dict[str, tuple[str, Decimal | None]] = {}

    def log(name: str, *days: date) -> None:
        (company / "logs" / f"{name}.jsonl").write_text(
            "".join(json.dumps(row) + "\n" for row in gateway_rows(list(days)))
        )

    def run(name: str, as_of: str) -> None:
        done = tokenomics("run", "--company", company, "--home", home, "--as-of", as_of)
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        look(name, done.stdout)

    def look(name: str, printed: str) -> None:
        ((cost,),) = query(home, "fct_usage", "select sum(list_cost) from t where source = 'litellm'")
        said[name] = printed, cost

    look("first", "")
    log("history", date(2026, 9, 28), date(2026, 9, 29))
    run("before the first day", "2026-09-30")
    run("later", "2026-10-31")
    log("late", date(2026, 10, 22), date(2026, 10, 23))
    run("between", "2026-10-25")
    return said


def test_history_that_is_loaded_after_the_first_run_counts_on_the_days_before_it(
    told: dict[str, tuple[str, Decimal | None]],
) -> None:
    assert told["first"][1] == 4 * ONE_DAY
    assert told["before the first day"][1] == 2 * ONE_DAY
    assert "not known on that day" not in told["before the first day"][0]


def test_what_is_landed_and_not_known_on_a_day_is_named(told: dict[str, tuple[str, Decimal | None]]) -> None:
    said, cost = told["between"]
    assert cost == 6 * ONE_DAY
    assert "landed but not known on that day: logs/late.jsonl, 60 rows\n" in said
    assert "run without --as-of" in said


def test_a_run_says_at_once_whose_it_is(told: dict[str, tuple[str, Decimal | None]]) -> None:
    said, _ = told["later"]
    assert said.splitlines()[0].startswith("Five days of one product, as of 2026-10-31, in ")
