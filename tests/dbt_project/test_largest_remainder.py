"""The split of money over its parts, against an oracle in exact fractions: sums, fairness and independence of row order."""

import random
from decimal import Decimal
from fractions import Fraction

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

NANO = Fraction(1, 10**9)
amounts = st.one_of(
    st.decimals(min_value=-most, max_value=most, places=12, allow_nan=False, allow_infinity=False)
    for most in (10**7, 10**14)
)
weights = st.one_of(
    st.lists(st.integers(min_value=0, max_value=most), min_size=1, max_size=7).filter(any) for most in (10**18, 10**25)
)


def oracle(amount: Decimal, parts: dict[str, int]) -> dict[str, Fraction]:
    """Floor of the exact share in units of 10^-9, then one unit each to the largest remainders, ties by key."""
    sign = -1 if amount < 0 else 1
    whole = abs(Fraction(amount))
    units = whole // NANO
    total = sum(parts.values())
    exact = {key: Fraction(units * weight, total) for key, weight in parts.items()}
    floors = {key: share // 1 for key, share in exact.items()}
    ranked = sorted(parts, key=lambda key: (-(exact[key] - floors[key]), key))
    for key in ranked[: units - sum(floors.values())]:
        floors[key] += 1
    result = {key: sign * count * NANO for key, count in floors.items()}
    result[ranked[0]] += sign * (whole - units * NANO)
    return result


@pytest.fixture(scope="module")
def split(compile_sql):
    sql = compile_sql("{{ largest_remainder('parts', ['amount_key'], 'part_key') }}")
    connection = duckdb.connect()

    def run(rows: list[tuple[int, str, Decimal, int]]) -> dict[tuple[int, str], Decimal]:
        table = pa.table(
            {
                "amount_key": pa.array([row[0] for row in rows], pa.int64()),
                "part_key": pa.array([row[1] for row in rows], pa.string()),
                "amount": pa.array([row[2] for row in rows], pa.decimal128(38, 12)),
                "weight_text": pa.array([str(row[3]) for row in rows], pa.string()),
            }
        )
        connection.register("given_rows", table)
        connection.execute(
            "create or replace temp view parts as select amount_key, part_key, amount, cast(weight_text as hugeint) as weight "
            "from given_rows"
        )
        return {
            (key, part): value
            for key, part, value in connection.execute(
                f"select amount_key, part_key, part_amount from ({sql})"
            ).fetchall()
        }

    return run


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(amounts, weights), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_split_equals_the_oracle_in_any_order(split, given_amounts, order: random.Random):
    rows = [
        (number, f"part_{position}", amount, weight)
        for number, (amount, parts) in enumerate(given_amounts)
        for position, weight in enumerate(parts)
    ]
    shuffled = rows[:]
    order.shuffle(shuffled)
    seen = split(shuffled)
    for number, (amount, parts) in enumerate(given_amounts):
        expected = oracle(amount, {f"part_{position}": weight for position, weight in enumerate(parts)})
        got = {key: Fraction(seen[number, key]) for key in expected}
        assert got == expected
        assert sum(got.values()) == Fraction(amount)


def test_ten_cents_between_three(split):
    seen = split([(1, key, Decimal("0.1"), 1) for key in ("c", "a", "b")])
    assert seen == {
        (1, "a"): Decimal("0.033333334000"),
        (1, "b"): Decimal("0.033333333000"),
        (1, "c"): Decimal("0.033333333000"),
    }


def test_negative_amount_mirrors_the_positive_one(split):
    seen = split([(1, "a", Decimal("-1.000000001"), 1), (1, "b", Decimal("-1.000000001"), 1)])
    assert seen == {(1, "a"): Decimal("-0.500000001000"), (1, "b"): Decimal("-0.500000000000")}


def test_what_is_below_a_billionth_stays_with_the_first_part(split):
    seen = split([(1, "a", Decimal("0.000000001234"), 1), (1, "b", Decimal("0.000000001234"), 2)])
    assert seen == {(1, "a"): Decimal("0.000000000000"), (1, "b"): Decimal("0.000000001234")}
