"""A newcomer's first days: this month is run, then last month is loaded, and a back-dated run counts it or says why not."""

import json
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

from tests.end_to_end.command_line import query, tokenomics_tables
from tests.end_to_end.tiny_company import gateway_rows

ONE_DAY = 30 * (60 * Decimal("0.15") + 40 * Decimal("0.015") + 20 * Decimal("0.60")) / 1_000_000
"""List cost of a day's thirty requests of mistral-small-latest: 60 uncached, 40 cached and 20 output tokens each."""


def load_and_run(site: Path, name: str, days: list[date], as_of: str) -> tuple[str, Decimal]:
    """Load a file of the log, ``days`` of it, and run as of a day: what the run said, and the list cost of the whole log."""
    company, home = site / "company", site / "home"
    sources = company / "sources.yaml"
    text = sources.read_text().replace("enabled: true", "enabled: false", 1)
    sources.write_text(text.replace("start_date: 2026-10-01", "start_date: 2026-09-01"))
    (company / "logs" / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in gateway_rows(days)))
    done = tokenomics_tables("run", "--company", company, "--home", home, "--as-of", as_of)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout, cost(home)


def cost(home: Path) -> Decimal:
    ((found,),) = query(home, "fct_usage", "select sum(list_cost) from t where source = 'litellm'")
    return found


def test_history_that_is_loaded_after_the_first_run_counts_on_the_days_before_it(tiny: Path, tmp_path: Path) -> None:
    site = shutil.copytree(tiny, tmp_path / "site", symlinks=True)
    assert cost(site / "home") == 4 * ONE_DAY
    said, counted = load_and_run(site, "history", [date(2026, 9, 28), date(2026, 9, 29)], "2026-09-30")
    assert counted == 2 * ONE_DAY
    assert "not known on that day" not in said
    assert said.splitlines()[0].startswith("Five days of one product, as of 2026-09-30, in ")


def test_what_is_landed_and_not_known_on_a_day_is_named(tiny_restated: Path, tmp_path: Path) -> None:
    """The home was run as of the fourth and then of a day after the one that is asked for, on which the fourth's rows count."""
    site = shutil.copytree(tiny_restated, tmp_path / "site", symlinks=True)
    assert cost(site / "home") > 5 * ONE_DAY
    said, counted = load_and_run(site, "late", [date(2026, 10, 22), date(2026, 10, 23)], "2026-10-25")
    assert counted == 4 * ONE_DAY
    (told,) = [line for line in said.splitlines() if line.startswith("landed but not known on that day: ")]
    assert "logs/late.jsonl, 60 rows" in told
    assert "run without --as-of" in said
