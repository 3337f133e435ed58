"""Tables and views in one statement: a contract is enforced before anything is replaced."""

from tests.transform.conftest import Contract, SmallProject

GOOD = "select cast(1 as bigint) as units, cast('2.5' as decimal(38, 9)) as amount"
CONTRACT = "amount decimal(38,9);units bigint"
BROKEN = {
    "wrong type": "select cast(1 as bigint) as units, 2.5 as amount",
    "wrong scale": "select cast(1 as bigint) as units, cast('2.5' as decimal(38, 6)) as amount",
    "missing column": "select cast('2.5' as decimal(38, 9)) as amount",
    "undeclared column": GOOD + ", 'x' as note",
}


def test_a_table_has_the_columns_of_its_contract_in_its_order_and_a_query_that_breaks_it_is_refused(
    small: SmallProject, contracted: Contract
) -> None:
    contracted(GOOD, CONTRACT)
    assert small.build()["amounts"].status == "success"
    described = [row[:2] for row in small.rows("describe marts.amounts")]
    assert described == [("amount", "DECIMAL(38,9)"), ("units", "BIGINT")]

    for fault, query in BROKEN.items():
        contracted(query, CONTRACT)
        result = small.build()["amounts"]
        assert result.status == "error", fault
        assert "contract" in str(result.message), fault
        assert small.rows("select units, amount::varchar from marts.amounts") == [(1, "2.500000000")], fault


def test_a_model_may_change_its_kind(small: SmallProject) -> None:
    for kind, expected in (("view", "VIEW"), ("table", "BASE TABLE"), ("view", "VIEW")):
        small.write("one.sql", f"{{{{ config(materialized='{kind}') }}}} select '{kind}' as kind")
        assert small.build()["one"].status == "success"
        assert small.rows("select table_type from information_schema.tables where table_name = 'one'") == [(expected,)]
        assert small.rows("from marts.one") == [(kind,)]


def test_a_table_is_replaced_under_a_view_that_reads_it(small: SmallProject) -> None:
    small.write("above.sql", "{{ config(materialized='table') }} select 1 as n")
    small.write("below.sql", "{{ config(materialized='view') }} select n from {{ ref('above') }}")
    small.build()
    small.write("above.sql", "{{ config(materialized='table') }} select 2 as n")
    small.build("--select", "above")
    assert small.rows("from marts.below") == [(2,)]
    names = small.rows("select table_name from information_schema.tables where table_schema = 'marts' order by 1")
    assert names == [("above",), ("below",)]


def test_a_hook_is_refused_rather_than_left_out(small: SmallProject) -> None:
    for kind in ("table", "view"):
        small.write(f"a_{kind}.sql", f"{{{{ config(materialized='{kind}', post_hook='select 1') }}}} select 1 as n")
    results = small.build()
    assert sorted(results) == ["a_table", "a_view"]
    for name, result in results.items():
        assert result.status == "error", name
        assert "hooks" in str(result.message), name
