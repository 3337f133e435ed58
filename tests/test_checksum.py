"""Equal content has equal checksums, and every kind of difference shows."""

import duckdb
import pytest

from orchestration.checksum import METHOD, added, checksum, columns_of, contents

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


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("decimal(38, 12)", "0", "-0.000000000001"),
        ("decimal(38, 9)", "0", "-0.000000001"),
        ("decimal(20, 2)", "-0.01", "0"),
        ("decimal(38, 0)", "5", f"{5 * 2**64}"),
        ("hugeint", "0", "-1"),
        ("hugeint", f"{2**64 + 2}", f"{2**65 + 1}"),
        ("decimal(18, 2)", "0", "-0.01"),
    ],
)
def test_numbers_that_the_engine_may_hash_alike_show(kind: str, one: str, other: str) -> None:
    assert of(f"select cast('{one}' as {kind}) as amount") != of(f"select cast('{other}' as {kind}) as amount")


def test_text_cannot_move_between_columns_unseen() -> None:
    assert of("select 'ab' as x, 'c' as y") != of("select 'a' as x, 'bc' as y")


def test_values_that_change_places_between_rows_show() -> None:
    assert of("select * from (values (1, 'a'), (2, 'b')) t (x, y)") != of(
        "select * from (values (1, 'b'), (2, 'a')) t (x, y)"
    )


def test_empty_table_has_no_rows_and_a_checksum() -> None:
    assert of(f"{BASE} limit 0") == (0, "0" * 16)


def test_checksums_of_parts_add_up_to_that_of_the_whole() -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "create table t as select range as n, range % 7 as k, 'r' || range as name from range(20000)"
        )
        parts = contents(connection, "t", columns_of(connection, "t"), "k")
        assert list(parts) == list(range(7))
        assert added(part.checksum for part in parts.values()) == checksum(connection, "t")[1]
        assert parts[3].rows == 2857
        assert {part.checksum for part in parts.values()} == {part.identity for part in parts.values()}


def test_identity_counts_moments_of_loading_too() -> None:
    with duckdb.connect() as connection:
        for name, moment in (("t", "a"), ("u", "b")):
            connection.execute(f"create table {name} as select 1 as n, '{moment}' as loaded_at")
        columns = columns_of(connection, "t")
        one, other = (contents(connection, name, columns)[""] for name in ("t", "u"))
    assert one.checksum == other.checksum
    assert one.identity != other.identity


def test_the_method_is_what_the_manifest_says_it_is() -> None:
    """A figure worked out with DuckDB's ``hash`` by hand: another value means that published checksums changed."""
    row = "hash(hash('id INTEGER, name VARCHAR', {}, '{}'))"
    with duckdb.connect() as connection:
        hashes = [
            connection.execute(f"select {row.format(number, name)}").fetchall()[0][0]
            for number, name in ((1, "a"), (2, "b"))
        ]
    assert of("select * from (values (1, 'a'), (2, 'b')) t (id, name)") == (2, f"{sum(hashes) % 2**64:016x}")
    assert duckdb.__version__ in METHOD
