"""Equal content has equal checksums, and every kind of difference shows."""

import duckdb
import pytest

from orchestration.checksum import checksum

BASE = "select * from (values (1, 'a', 1.10::decimal(9,2)), (2, null, 2.00)) t (id, name, amount)"


def of(query: str) -> tuple[int, str]:
    with duckdb.connect() as connection:
        connection.execute(f"create table t as {query}")
        return checksum(connection, "t")


def test_order_of_rows_and_load_moments_do_not_matter() -> None:
    assert of(BASE) == of(f"{BASE} order by id desc")
    assert of(f"select *, 'x' as loaded_at from ({BASE})")[1] == of(f"select *, 'y' as loaded_at from ({BASE})")[1]


@pytest.mark.parametrize(
    "other",
    [
        BASE.replace("1.10", "1.11"),
        BASE.replace("null", "''"),
        BASE.replace("'a'", "null"),
        f"{BASE} union all {BASE}",
        f"{BASE} limit 1",
        BASE.replace("name, amount", "title, amount"),
        f"select id, name, amount::double as amount from ({BASE})",
    ],
)
def test_a_difference_in_value_null_row_name_or_type_shows(other: str) -> None:
    assert of(other) != of(BASE)


def test_text_cannot_move_between_columns_unseen() -> None:
    assert of("select 'ab' as x, 'c' as y") != of("select 'a' as x, 'bc' as y")


def test_empty_table_has_no_rows_and_a_checksum() -> None:
    rows, digest = of(f"{BASE} limit 0")
    assert rows == 0
    assert len(digest) == 64
