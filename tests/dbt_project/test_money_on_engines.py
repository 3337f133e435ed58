"""Money at the edges of its types, and texts and moments that engines read differently: the same value and decimal type, or
the same refusal, from DuckDB and from Spark.

What is expected is worked out by hand; a refusal is an error of the engine, never a null.
"""

from collections.abc import Callable
from contextlib import nullcontext
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.project import Home
from orchestration.transform.invoke import QUIET
from orchestration.transform.manifest import load_manifest, target_path
from orchestration.transform.runner import as_a_child, run_dbt
from orchestration.transform.spark_session import dbt_on
from tests.dbt_project.test_engine_free_sql import NoSpark
from tests.dbt_project.test_largest_remainder import oracle
from tests.spark import require_spark, session

REFUSED = "refused"
SPLIT = (
    "select cast(max(case when p = 'a' then part_amount end) as decimal(38, 12)) as value from "
    "({{ largest_remainder(\"(select 1 as k, 'a' as p, cast(%s as decimal(38, 12)) as amount, \" ~ as_whole('%s') ~ \" as weight "
    "union all select 1, 'b', cast(%s as decimal(38, 12)), \" ~ as_whole('%s') ~ \" union all select 1, 'c', "
    "cast(%s as decimal(38, 12)), \" ~ as_whole('%s') ~ \") as parts\", ['k'], 'p') }}) as split"
)


def value(expression: str) -> str:
    return f"select {expression} as value"


def picos(count: int) -> Decimal:
    """That many units of 10^-12, to the last digit."""
    return Decimal(count).scaleb(-12, Context(prec=60))


PROBES: dict[str, tuple[str, Decimal | str | None]] = {
    "metered cost of many tokens at a high price": (
        value("{{ metered_cost('99999999999', '9.999999') }}"),
        Decimal("999999.899990000001"),
    ),
    "money that its type cannot hold": (value("{{ money(\"cast('1e29' as decimal(38, 0))\") }}"), REFUSED),
    "the most that money holds": (
        value("{{ money(\"cast('99999999999999999999999999999.999999999' as decimal(38, 9))\") }}"),
        Decimal("99999999999999999999999999999.999999999"),
    ),
    "an amount that is no number": (value("{{ money(\"cast('12,50' as decimal(38, 9))\") }}"), REFUSED),
    "an amount that is empty": (value("{{ money(\"cast('' as decimal(38, 9))\") }}"), REFUSED),
    "what may not be a number, and is none": (value("try_cast('12,50' as decimal(38, 9))"), None),
    "half a unit rounds to the even one below": (
        value("{{ round_half_even(\"cast('0.0000000005' as decimal(38, 18))\") }}"),
        Decimal("0.000000000"),
    ),
    "half a unit rounds to the even one above": (
        value("{{ round_half_even(\"cast('0.0000000015' as decimal(38, 18))\") }}"),
        Decimal("0.000000002"),
    ),
    "a negative half rounds to the even one": (
        value("{{ round_half_even(\"cast('-0.0000000025' as decimal(38, 18))\") }}"),
        Decimal("-0.000000002"),
    ),
    "a cast rounds half away from zero": (
        value("cast(cast('-0.0000000005' as decimal(38, 18)) as decimal(38, 9))"),
        Decimal("-0.000000001"),
    ),
    "rounded down is never more": (
        value("{{ rounded_down(\"cast('-0.0000000001' as decimal(38, 18))\") }}"),
        Decimal("-0.000000001"),
    ),
    "units of an amount and back": (
        value("{{ from_nano(to_nano(\"cast('-12345678901234567.123456789999' as decimal(38, 12))\")) }}"),
        Decimal("-12345678901234567.123456789"),
    ),
    "a third of a cent": (
        value("{{ cost_per(\"cast('-0.01' as decimal(38, 9))\", \"cast('3' as decimal(18, 0))\") }}"),
        Decimal("-0.003333333333"),
    ),
    "cost of nothing": (
        value("{{ cost_per(\"cast('1' as decimal(38, 9))\", \"cast('0' as decimal(18, 0))\") }}"),
        None,
    ),
    "a portion of an amount": (
        value(
            "{{ portion_of(\"cast('100' as decimal(38, 9))\", \"cast('1' as decimal(38, 9))\", "
            "\"cast('3' as decimal(38, 9))\") }}"
        ),
        Decimal("33.333333333333"),
    ),
    "a portion of amounts whose product has more than 38 digits": (
        value(
            "{{ portion_of(\"cast('-5000000000.1' as decimal(38, 9))\", \"cast('4000000000' as decimal(38, 9))\", "
            "\"cast('7000000000.3' as decimal(38, 9))\") }}"
        ),
        Decimal(-50000000001 * 4000000000 * 10**12 // -70000000003) * Decimal("-1e-12"),
    ),
    "a portion of amounts of trillions": (
        value(
            "{{ portion_of(\"cast('-987654321098765.123456789' as decimal(38, 9))\", "
            "\"cast('876543210987654.987654321' as decimal(38, 9))\", "
            "\"cast('999999999999999.000000001' as decimal(38, 9))\") }}"
        ),
        -picos(987654321098765123456789 * 1000 * 876543210987654987654321 // 999999999999999000000001),
    ),
    "a portion of more than fifty digits": (
        value(
            "{{ portion_of(\"cast('50000000000000000' as decimal(38, 9))\", "
            "\"cast('80000000000000000' as decimal(38, 9))\", \"cast('90000000000000000' as decimal(38, 9))\") }}"
        ),
        REFUSED,
    ),
    "metered cost of ten trillion tokens at a hundred million": (
        value("{{ metered_cost('9999999999999', '98765432.123456') }}"),
        picos(9999999999999 * 98765432123456),
    ),
    "metered cost of as many tokens as are counted": (
        value("{{ metered_cost('9223372036854775807', '1.234567') }}"),
        picos((2**63 - 1) * 1234567),
    ),
    "metered cost of a part of ten trillion tokens": (
        value("{{ metered_share_cost(\"cast('9999999999999.333333333' as decimal(38, 9))\", '98765432.123456') }}"),
        picos((9999999999999333333333 * 98765432123456 * 2 + 10**9) // (2 * 10**9)),
    ),
    "cost of a million tokens of a trillion a month": (
        value(
            "{{ cost_per(\"cast('-9876543210987.123456789012' as decimal(38, 12)) * 1000000\", "
            "\"cast('1234567890123456' as decimal(38, 9))\") }}"
        ),
        -picos(9876543210987123456789012 * 10**6 // 1234567890123456),
    ),
    "a trillion split by weights of trillions": (
        SPLIT
        % (
            *("1234567890123.123456789012", "4987654321098123456789013"),
            *("1234567890123.123456789012", "3456789012345678901234567"),
            *("1234567890123.123456789012", "1111111111111111111111111"),
        ),
        picos(
            int(
                oracle(
                    Decimal("1234567890123.123456789012"),
                    {"a": 4987654321098123456789013, "b": 3456789012345678901234567, "c": 1111111111111111111111111},
                )["a"]
                * 10**12
            )
        ),
    ),
    "how often a number goes into a product of fifty digits": (
        value(
            "cast({{ product_quotient(as_whole(\"'"
            + "8" * 25
            + "'\"), as_whole(\"'-"
            + "7" * 25
            + "'\"), as_whole(\"'"
            + "9" * 25
            + "'\")) }} as decimal(38, 0))"
        ),
        -Decimal(int("8" * 25) * int("7" * 25) // int("9" * 25)),
    ),
    "and what is left of the product": (
        value(
            "cast({{ product_remainder(as_whole(\"'"
            + "8" * 25
            + "'\"), as_whole(\"'-"
            + "7" * 25
            + "'\"), as_whole(\"'"
            + "9" * 25
            + "'\")) }} as decimal(38, 0))"
        ),
        -Decimal(int("8" * 25) * int("7" * 25) % int("9" * 25)),
    ),
    "the longest budget duration that is read": (
        value("cast({{ duration_seconds(\"'999999999y'\") }} as decimal(38, 0))"),
        Decimal(999999999 * 31557600),
    ),
    "a budget duration of ten digits": (
        value("cast({{ duration_seconds(\"'1234567890d'\") }} as decimal(38, 0))"),
        None,
    ),
    "a quotient of more than 64 bits": (
        value("cast({{ wide_quotient(as_whole('30000000000000000001'), '2') }} as decimal(38, 0))"),
        Decimal("15000000000000000000"),
    ),
    "a quotient of 33 digits": (
        value("cast({{ wide_quotient(as_whole(\"'" + "9" * 37 + "'\"), '70007') }} as decimal(38, 0))"),
        Decimal(int("9" * 37) // 70007),
    ),
    "a quotient by a divisor of 30 digits": (
        value(
            "cast({{ wide_quotient(as_whole(\"'"
            + "9" * 37
            + "'\"), as_whole(\"'"
            + "7" * 30
            + "'\")) }} as decimal(38, 0))"
        ),
        Decimal(int("9" * 37) // int("7" * 30)),
    ),
    "a quotient by zero": (value("cast({{ wide_quotient(as_whole('5'), as_whole('0')) }} as decimal(38, 0))"), None),
    "a count of more than 64 bits": (value("cast(9223372036854775807 as bigint) + cast(1 as bigint)"), REFUSED),
    "a date that there is not": (value("cast('2026-02-30' as date)"), REFUSED),
    "any one character is also one that ends a line in Java": (
        value("cast({{ text_is(\"'a\u2028b'\", \"'^a.b$'\") }} as string)"),
        "true",
    ),
    "any text of a tag also holds such characters": (
        value('cast({{ tags_match("\'[\\"job:a\u0085b\\"]\'", "\'{\\"job\\": \\"^a.*$\\"}\'") }} as string)'),
        "true",
    ),
    "a midnight that clocks going back make twice is the first": (
        value("cast({{ utc_time(moment_of(\"'America/Havana'\", \"timestamp '2026-11-01 00:00:00'\")) }} as string)"),
        "2026-11-01 04:00:00",
    ),
    "the midnight after it comes once": (
        value("cast({{ utc_time(moment_of(\"'America/Havana'\", \"timestamp '2026-11-02 00:00:00'\")) }} as string)"),
        "2026-11-02 05:00:00",
    ),
    "a midnight that clocks jump over": (
        value("cast({{ utc_time(moment_of(\"'America/Havana'\", \"timestamp '2026-03-08 00:00:00'\")) }} as string)"),
        "2026-03-08 05:00:00",
    ),
    "the first of three equal parts": (SPLIT % ("0.10", 1, "0.10", 1, "0.10", 1), Decimal("0.033333334000")),
    "the first part of a negative amount": (SPLIT % ("-0.10", 1, "-0.10", 1, "-0.10", 1), Decimal("-0.033333334000")),
    "what is below a unit stays with the first part": (
        SPLIT % ("0.000000001001", 1, "0.000000001001", 1, "0.000000001001", 1),
        Decimal("0.000000001001"),
    ),
}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, str]]:
    """Every probe as one engine is given it."""

    def render(target: str) -> dict[str, str]:
        if target == "spark":
            require_spark()
        folder = tmp_path_factory.mktemp(target)
        home = Home(folder)
        manifest = load_manifest(home, target)
        between = "\n-- next probe\n"
        asked = between.join(probe for probe, _ in PROBES.values())
        on_target = dbt_on(NoSpark()) if target == "spark" else nullcontext()  # type: ignore[arg-type]
        command = [*QUIET, "compile", "--inline", asked, "--target", target, "--threads", "1"]
        with on_target, as_a_child(home, target_path(home, target)):
            ended = run_dbt(home, command, manifest)
        assert ended.success, ended.exception
        return dict(zip(PROBES, ended.result.results[0].node.compiled_code.split(between), strict=True))

    return render


def answer(run: Callable[[], Any]) -> Decimal | str | None:
    try:
        found = run()
    except Exception:
        return REFUSED
    return found if found is None or isinstance(found, Decimal) else str(found)


def test_duckdb_gives_what_was_worked_out(rendered: Callable[[str], dict[str, str]]) -> None:
    connection = duckdb.connect()
    answers = {
        name: answer(lambda sql=sql: (connection.execute(sql).fetchone() or (None,))[0])
        for name, sql in rendered("duckdb").items()
    }
    assert answers == {name: wanted for name, (_, wanted) in PROBES.items()}


def test_spark_gives_the_same(rendered: Callable[[str], dict[str, str]], tmp_path: Path) -> None:
    spark = session(tmp_path)
    queries = rendered("spark")
    answers = {name: answer(lambda sql=sql: spark.sql(sql).collect()[0][0]) for name, sql in queries.items()}
    assert answers == {name: wanted for name, (_, wanted) in PROBES.items()}
    connection = duckdb.connect()
    for name, sql in rendered("duckdb").items():
        if isinstance(PROBES[name][1], Decimal):
            (kind,) = [str(column[1]) for column in connection.execute(f"describe {sql}").fetchall()]
            assert spark.sql(queries[name]).dtypes[0][1] == kind.lower(), name
