"""Time a whole ``tokenomics run`` on generated logs against the yardstick: ``python -m benchmarks.whole_run --rows
N``.

Prints wall time and peak memory of both and the ratio of the two times, then compares what they say: quantity and
list cost per day, key, model and token class must be equal to the last decimal. Exit code 1 when a run fails or the
figures differ.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

import duckdb

from benchmarks.company import LOG_FOLDER, write_company
from benchmarks.measure import Measured, measure
from benchmarks.traffic import LAST_DAY, write_logs

PROJECT = Path(__file__).parents[1]
SEED = 20261031

_DIFFERENCES = """
with published as (
    select usage_date, api_key_id, model_id, token_class, sum(quantity) as quantity, sum(list_cost) as list_cost
    from read_parquet('{published}') group by all
),
yardstick as (select * from read_parquet('{yardstick}'))
select count(*) from published full join yardstick using (usage_date, api_key_id, model_id, token_class)
where published.quantity is distinct from yardstick.quantity
    or coalesce(published.list_cost, 0) is distinct from coalesce(yardstick.list_cost, 0)"""

_TOTALS = """
select
    count(*), sum(quantity) filter (where token_class = 'request'),
    sum(quantity) filter (where token_class <> 'request'), sum(list_cost)
from read_parquet('{yardstick}')"""


def main() -> int:
    parser = argparse.ArgumentParser(description="Time a whole run against a hand-written program on the same logs.")
    parser.add_argument("--rows", type=int, default=1_000_000, help="calls to generate (default 1000000)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--folder", type=Path, help="keep the generated company and the results here")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="tokenomics-bench-"))
    try:
        return bench(folder.resolve(), arguments.rows, arguments.seed)
    finally:
        if arguments.folder is None:
            shutil.rmtree(folder)


def bench(folder: Path, rows: int, seed: int) -> int:
    """Generate unless ``folder`` holds the logs already, measure both programs, compare. Returns the exit code."""
    company, home, yardstick = folder / f"company_{rows}_{seed}", folder / "home", folder / "yardstick.parquet"
    if not company.exists():
        unfinished = company.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        write_company(unfinished)
        logged = write_logs(unfinished / LOG_FOLDER, rows, seed)
        unfinished.rename(company)
        print(f"generated {logged:,} logged rows, {_size(company):,.0f} MB", flush=True)
    shutil.rmtree(home, ignore_errors=True)
    best = measure([sys.executable, "-m", "benchmarks.yardstick", str(company), str(yardstick)], cwd=PROJECT)
    _show("yardstick", best)
    command = [sys.executable, "-m", "orchestration", "run", "--company", str(company), "--home", str(home)]
    whole = measure([*command, "--as-of", LAST_DAY.isoformat()], _environment(), PROJECT)
    _show("whole run", whole)
    again = measure([*command, "--as-of", LAST_DAY.isoformat()], _environment(), PROJECT)
    _show("run again, nothing new", again)
    if best.exit_code or whole.exit_code or again.exit_code:
        print(best.output if best.exit_code else whole.output if whole.exit_code else again.output)
        return 1
    print(f"ratio whole run / yardstick: {whole.seconds / best.seconds:.1f}")
    return _compare(home / "published" / "parquet" / "fct_usage" / "data.parquet", yardstick)


def _compare(published: Path, yardstick: Path) -> int:
    with duckdb.connect() as connection:
        groups, requests, tokens, cost = connection.execute(_TOTALS.format(yardstick=yardstick)).fetchone() or (
            0,
            0,
            0,
            0,
        )
        query = _DIFFERENCES.format(published=published, yardstick=yardstick)
        (differing,) = connection.execute(query).fetchone() or (0,)
    print(f"yardstick: {requests:,.0f} requests, {tokens:,.0f} tokens, USD {cost:,.6f} in {groups:,} groups")
    print("both say the same" if not differing else f"{differing:,} groups of day, key, model and class DIFFER")
    return 1 if differing or not groups else 0


def _environment() -> dict[str, str]:
    """This environment without what would point the run elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TOKENOMICS_")}


def _show(name: str, measured: Measured) -> None:
    print(f"{name}: {measured.seconds:,.1f} s, peak memory {measured.peak_bytes / 1e6:,.0f} MB", flush=True)


def _size(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


if __name__ == "__main__":
    sys.exit(main())
