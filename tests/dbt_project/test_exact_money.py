"""Money expressions of the macros: value and type, decimal all the way, against figures written down by hand."""

from decimal import Decimal

import duckdb
import pytest

EXPRESSIONS = {
    # macro call: (value, type)
    "{{ money('1.5') }}": ("1.500000000", "DECIMAL(38,9)"),
    "{{ fine_money('1.5') }}": ("1.500000000000", "DECIMAL(38,12)"),
    "{{ metered_cost('1', '0.01') }}": ("0.000000010000", "DECIMAL(38,12)"),
    "{{ metered_cost('3', '0.015') }}": ("0.000000045000", "DECIMAL(38,12)"),
    "{{ metered_cost('1000000', '2.5') }}": ("2.500000000000", "DECIMAL(38,12)"),
    "{{ metered_cost('999999999999', '0.000001') }}": ("0.999999999999", "DECIMAL(38,12)"),
    "{{ to_nano(\"cast('0.1' as decimal(38, 12))\") }}": ("100000000", "HUGEINT"),
    "{{ to_nano(\"cast('0.0000000019' as decimal(38, 12))\") }}": ("1", "HUGEINT"),
    "{{ from_nano('cast(33333334 as hugeint)') }}": ("0.033333334", "DECIMAL(38,9)"),
    "{{ to_pico(\"cast('-0.5' as decimal(38, 12))\") }}": ("500000000000", "HUGEINT"),
    "{{ round_half_even(\"cast('0.1234567885' as decimal(38, 18))\") }}": ("0.123456788", "DECIMAL(38,9)"),
    "{{ round_half_even(\"cast('0.1234567895' as decimal(38, 18))\") }}": ("0.123456790", "DECIMAL(38,9)"),
    "{{ round_half_even(\"cast('-0.1234567885' as decimal(38, 18))\") }}": ("-0.123456788", "DECIMAL(38,9)"),
    "{{ round_half_even(\"cast('0.12345678850001' as decimal(38, 18))\") }}": ("0.123456789", "DECIMAL(38,9)"),
    "{{ round_half_even(\"cast('12.5' as decimal(38, 18))\") }}": ("12.500000000", "DECIMAL(38,9)"),
}


@pytest.fixture(scope="module")
def results(compile_sql):
    columns = ", ".join(f"{call} as e{i}, typeof({call}) as t{i}" for i, call in enumerate(EXPRESSIONS))
    return duckdb.connect().execute(compile_sql(f"select {columns}")).fetchone()


@pytest.mark.parametrize("position", range(len(EXPRESSIONS)), ids=list(EXPRESSIONS))
def test_money_expression_keeps_value_and_type(results, position):
    value, kind = list(EXPRESSIONS.values())[position]
    seen, seen_kind = results[2 * position], results[2 * position + 1]
    assert (Decimal(str(seen)), seen_kind) == (Decimal(value), kind)
