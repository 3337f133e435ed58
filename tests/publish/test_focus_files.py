"""The FOCUS files against rows written down here: exact decimals, times with their zone, nulls as empty fields."""

import csv
from decimal import Decimal
from pathlib import Path

import duckdb

from orchestration.publish.focus import write_focus


def part(folder: Path, query: str) -> Path:
    """Publish ``query`` as table focus_cost_and_usage below ``folder``."""
    target = folder / "parquet" / "focus_cost_and_usage" / "data.parquet"
    target.parent.mkdir(parents=True)
    duckdb.sql(query).write_parquet(str(target))
    return folder / "parquet"


def test_files_keep_decimals_times_and_nulls(tmp_path: Path) -> None:
    parquet = part(
        tmp_path,
        'select 0.0000001::decimal(38,9) as "BilledCost", '
        """timestamp '2026-08-01' as "ChargePeriodStart", null::varchar as "InvoiceId", """
        """'a, "b"' as "ChargeDescription" """,
    )
    with duckdb.connect() as connection:
        paths = write_focus(connection, parquet, tmp_path / "focus")
    assert [path.name for path in paths] == ["focus_cost_and_usage.parquet", "focus_cost_and_usage.csv"]
    text = paths[1].read_text()
    assert text == (
        'BilledCost,ChargePeriodStart,InvoiceId,ChargeDescription\n0.000000100,2026-08-01T00:00:00Z,,"a, ""b"""\n'
    )
    assert next(csv.DictReader(text.splitlines()))["ChargeDescription"] == 'a, "b"'
    row = duckdb.sql(f"from '{paths[0]}'").fetchone()
    assert row is not None
    assert row[0] == Decimal("0.000000100")


def test_the_parquet_file_is_the_published_part_and_the_csv_in_its_order(tmp_path: Path) -> None:
    parquet = part(tmp_path, 'select unnest([1, 3, 2]) as "BilledCost"')
    with duckdb.connect() as connection:
        paths = write_focus(connection, parquet, tmp_path / "focus")
    assert paths[0].samefile(parquet / "focus_cost_and_usage" / "data.parquet")
    assert paths[1].read_text() == "BilledCost\n1\n3\n2\n"


def test_a_publication_without_focus_tables_has_no_files(tmp_path: Path) -> None:
    (tmp_path / "parquet").mkdir()
    with duckdb.connect() as connection:
        assert write_focus(connection, tmp_path / "parquet", tmp_path / "focus") == []
    assert not (tmp_path / "focus").exists()
