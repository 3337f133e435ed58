"""No person is in any byte of a publication under the stricter two, every amount is, and primary keys hold."""

import json
import stat
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.people import DEPARTMENTS_ONLY, NAMES, PSEUDONYMS, read_people
from orchestration.publish.people import MERGED, HiddenText
from orchestration.publish.private_facts import facts_file
from orchestration.publish.snapshot import publish, publish_again

DAY = date(2026, 10, 31)
ADA, BELA, OWNER = "usr_Quillon7", "bela.zorn@acme.example", "Zephyrine.Owl@acme.example"
NAMED = ("quillon7", "zorn", "ada.quill", "stranger@")
SECRET_OF_A_FILE = "Xavier Mumblecore"

TABLES = {
    "fct_usage": (
        "usage_key varchar, usage_start_at timestamp, usage_date date, source varchar, provider varchar, api_key_id varchar, "
        "actor_id varchar, model_id varchar, quantity bigint, requests bigint, list_cost decimal(38, 12), department_id varchar, "
        "allocation_rule_id varchar",
        [
            (
                "a" * 32,
                "2026-10-01 08:00",
                DAY,
                "litellm",
                "openai",
                "k1",
                ADA,
                "gpt",
                10,
                1,
                "0.000000000001",
                "sales",
                "r",
            ),
            ("b" * 32, "2026-10-01 07:00", DAY, "litellm", "openai", "k1", BELA, "gpt", 30, 2, "2.5", "sales", "r"),
            ("c" * 32, "2026-10-01 09:00", DAY, "litellm", "openai", "k2", BELA, "gpt", 5, 1, "7", "legal", None),
        ],
    ),
    "fct_usage_shares": (
        "usage_key varchar, initiative_id varchar, department_id varchar, share_ratio double",
        [(one * 32, name, "sales", 0.5) for one in "ab" for name in ("i1", "i2")],
    ),
    "fct_allocated_costs": (
        "cost_date date, provider varchar, department_id varchar, actor_id varchar, allocated_cost decimal(38, 12)",
        [
            (DAY, "openai", "sales", ADA, "1.5"),
            (DAY, "openai", "sales", BELA, "2.25"),
            (DAY, "openai", "legal", BELA, "4"),
        ],
    ),
    "spend_by_developer_day": (
        "actor_id varchar, spend_date date, allocated_cost decimal(38, 12), daily_cap decimal(38, 9), cap_used_ratio double, "
        "requests bigint, reporting_currency varchar",
        [(ADA, DAY, "1.5", "25", 0.06, 3, "EUR"), (BELA, DAY, "6.25", None, None, 4, "EUR")],
    ),
    "claude_code_by_developer_day": (
        "usage_date date, actor_id varchar, actor_type varchar, department_id varchar, sessions bigint, lines_added bigint, "
        "lines_removed bigint, commits bigint, pull_requests bigint, tokens bigint, estimated_cost decimal(38, 9), "
        "estimate_currency varchar",
        [
            (DAY, BELA, "user_actor", "sales", 1, 10, 2, 1, 0, 100, "0.5", "USD"),
            (DAY, "ada.quill@acme.example", "user_actor", "sales", 2, 20, 2, 1, 0, 100, "0.25", "USD"),
        ],
    ),
    "dim_people": (
        "actor_id varchar, department_id varchar, email varchar",
        [(ADA, "sales", "ada.quill@acme.example"), (BELA, "legal", BELA)],
    ),
    "dim_departments": ("department_id varchar, name varchar", [("sales", "Sales"), ("legal", "Legal")]),
    "dim_initiatives": (
        "initiative_id varchar, name varchar, owner varchar, is_current boolean",
        [("i1", "Bela Zorn's assistant", BELA, True), ("i2", "Triage", OWNER, True)],
    ),
    "dim_api_keys": (
        "provider varchar, api_key_id varchar, name varchar",
        [
            ("openai", "k1", "laptop-usr_Quillon7"),
            ("openai", "k2", "only one person uses it"),
            ("openai", "k-bela-zorn", "theBELA.ZORNkey"),
            ("openai", "k4", "Support bot"),
        ],
    ),
    "guardrail_caps": (
        "as_of_date date, cap_id varchar, subject varchar, subject_id varchar, id_pattern varchar, adapter varchar, "
        '"window" varchar, amount_usd decimal(38, 9), headroom_usd decimal(38, 9), amount decimal(38, 9), '
        "reporting_currency varchar, holds_from date",
        [
            (DAY, "devs", "developer", ADA, None, "litellm", "daily", "25", None, "20", "EUR", DAY),
            (DAY, "devs", "developer", BELA, None, "litellm", "daily", "25", None, "20", "EUR", DAY),
            (DAY, "devs", "developer", None, "^(bela.zorn).*$", "litellm", "daily", "25", None, "20", "EUR", DAY),
            (DAY, "keys", "key", "k4", None, "litellm", "daily", "5", None, "4", "EUR", DAY),
        ],
    ),
    "guardrail_decisions": (
        "decided_at timestamp, policy varchar, entity varchar, reason varchar, evidence_id varchar",
        [
            (DAY, "cap", f"developer:{ADA}", f"{ADA} reached 25", "0123456789abcdef"),
            (DAY, "cap", f"developer:{BELA}", "reached 25", "fedcba9876543210"),
            (DAY, "loop", "key:k4", "each call longer", "5ccd49a4416ef7b3"),
        ],
    ),
    "rejected_rows": (
        "source varchar, file varchar, line bigint, value varchar, reason varchar, amount decimal(38, 9)",
        [
            ("ledgers", "people.csv", 3, SECRET_OF_A_FILE, f"{SECRET_OF_A_FILE} is no department", None),
            ("ledgers", "people.csv", 4, "stranger@acme.example", "'stranger@acme.example' is there twice", None),
            ("ledgers", "general_ledger.csv", 9, "12,5", "12,5 is not a decimal number", "12.5"),
        ],
    ),
    "fct_ledger_entries": (
        "description varchar, net_amount decimal(38, 9)",
        [("paid back to Bela-Zorn", "3.5"), ("Anthropic, October", "100")],
    ),
}
KEYS = {
    "fct_usage": "usage_key",
    "fct_usage_shares": "usage_key, initiative_id, department_id",
    "fct_allocated_costs": "cost_date, provider, department_id, actor_id",
    "spend_by_developer_day": "actor_id, spend_date",
    "claude_code_by_developer_day": "actor_id, usage_date, department_id",
    "dim_people": "actor_id",
    "dim_api_keys": "provider, api_key_id",
    "guardrail_caps": 'cap_id, subject_id, adapter, "window", holds_from',
    "guardrail_decisions": "decided_at, policy, entity, evidence_id",
}


@pytest.fixture
def people_warehouse(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("create schema marts")
        for table, (columns, rows) in TABLES.items():
            connection.execute(f"create table marts.{table} ({columns})")
            for row in rows:
                connection.execute(f"insert into marts.{table} values ({', '.join('?' * len(row))})", list(row))
        yield connection


def publish_as(connection: duckdb.DuckDBPyConnection, home: Path, mode: str, run_id: str = "one") -> Path:
    publish(connection, home, run_id=run_id, as_of=DAY, company_id="acme", version="1", people=mode)
    return (home / "published").resolve()


def everything(folder: Path) -> str:
    """Every byte of every file, and every value of the tables in it, in lower case."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".parquet":
            found.append(str(duckdb.read_parquet(str(path)).fetchall()))
        elif path.suffix == ".duckdb":
            with duckdb.connect(str(path), read_only=True) as connection:
                tables = connection.execute("select table_name from duckdb_tables()").fetchall()
                found += [str(connection.execute(f'from "{table}"').fetchall()) for (table,) in tables]
        if path.is_file():
            found.append(path.read_bytes().decode("latin-1"))
    return "\n".join(found).lower()


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder / "marts.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.parametrize("mode", [PSEUDONYMS, DEPARTMENTS_ONLY])
def test_nobody_is_in_any_byte_of_a_publication(
    people_warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, mode: str
) -> None:
    found = everything(publish_as(people_warehouse, tmp_path, mode))

    assert not [name for name in (*NAMED, SECRET_OF_A_FILE.lower()) if name in found]
    assert OWNER.lower() in found, "who is accountable and has no usage of their own is named"
    assert read_people(tmp_path).secret.hex() not in found


def test_by_name_everybody_is_there(people_warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    found = everything(publish_as(people_warehouse, tmp_path, NAMES))

    assert all(name in found for name in (*NAMED, OWNER.lower()))
    assert not (tmp_path / "private").exists()


@pytest.mark.parametrize("mode", [PSEUDONYMS, DEPARTMENTS_ONLY])
def test_every_amount_is_the_same_and_keys_are_unique(
    people_warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, mode: str
) -> None:
    folder = publish_as(people_warehouse, tmp_path, mode)

    for table, (columns, _) in TABLES.items():
        summed = [one.split()[0] for one in columns.split(", ") if "decimal(38" in one or one.endswith("bigint")]
        summed = [one for one in summed if one != "line"]
        totals = ", ".join(f"sum({one})" for one in summed) or "max(null)"
        published = rows(folder, f"select {totals} from {table}")
        assert published == people_warehouse.execute(f"select {totals} from marts.{table}").fetchall()
    for table, key in KEYS.items():
        assert rows(folder, f"select {key} from {table} group by all having count(*) > 1") == []


def test_pseudonyms_join_as_names_do(people_warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    joined = (
        "select count(*), count(distinct actor_id), sum(allocated_cost) from {0}fct_allocated_costs "
        "inner join {0}dim_people using (actor_id) inner join {0}fct_usage using (actor_id)"
    )
    folder = publish_as(people_warehouse, tmp_path, PSEUDONYMS)

    assert rows(folder, joined.format("")) == people_warehouse.execute(joined.format("marts.")).fetchall()
    shares = "select count(*), sum(list_cost * share_ratio) from {0}fct_usage inner join {0}fct_usage_shares using (usage_key)"
    assert rows(folder, shares.format("")) == people_warehouse.execute(shares.format("marts.")).fetchall()
    assert rows(folder, "select count(*) from fct_usage where usage_key similar to '[abc]{32}'") == [(0,)]


def test_departments_alone_have_their_people_in_one_row(
    people_warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    folder = publish_as(people_warehouse, tmp_path, DEPARTMENTS_ONLY)

    assert rows(folder, "select department_id, actor_id, allocated_cost from fct_allocated_costs order by 1") == [
        ("legal", None, Decimal("4.000000000000")),
        ("sales", None, Decimal("3.750000000000")),
    ]
    assert rows(folder, "select api_key_id, quantity, requests, list_cost from fct_usage order by 1") == [
        ("k1", 40, 3, Decimal("2.500000000001")),
        ("k2", 5, 1, Decimal("7.000000000000")),
    ]
    assert rows(folder, "select actor_id, daily_cap, cap_used_ratio, requests from spend_by_developer_day") == [
        (None, Decimal("25.000000000"), None, 7)
    ]
    assert rows(folder, "select department_id, sessions, estimated_cost from claude_code_by_developer_day") == [
        ("sales", 3, Decimal("0.750000000"))
    ]
    assert rows(folder, "from dim_people") == []
    shares = "select initiative_id, sum(list_cost * share_ratio) from fct_usage join fct_usage_shares using (usage_key)"
    assert rows(folder, f"{shares} group by 1 order by 1") == [("i1", 1.2500000000005), ("i2", 1.2500000000005)]
    assert rows(folder, "select subject, subject_id, id_pattern, amount_usd from guardrail_caps order by 1") == [
        ("developer", None, None, Decimal("75.000000000")),
        ("key", "k4", None, Decimal("5.000000000")),
    ]
    assert rows(folder, "select distinct entity from guardrail_decisions order by 1") == [
        ("developer:withheld",),
        ("key:k4",),
    ]


@pytest.mark.parametrize("mode", [PSEUDONYMS, DEPARTMENTS_ONLY])
def test_a_text_without_people_stays(people_warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, mode: str) -> None:
    folder = publish_as(people_warehouse, tmp_path, mode)

    assert rows(folder, "select name from dim_api_keys where api_key_id = 'k4'") == [("Support bot",)]
    assert rows(folder, "select value, reason from rejected_rows where line = 9") == [
        ("12,5", "12,5 is not a decimal number")
    ]
    assert rows(folder, "select description from fct_ledger_entries where net_amount = 100") == [
        ("Anthropic, October",)
    ]


def test_guardrails_are_judged_by_who_it_really_is(people_warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    publish_as(people_warehouse, tmp_path, DEPARTMENTS_ONLY)
    publish_again(tmp_path, run_id="two")

    file = facts_file(tmp_path, "two")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with duckdb.connect(str(file), read_only=True) as connection:
        assert connection.execute("select subject_id from guardrail_caps order by all").fetchall() == [
            (BELA,),
            ("k4",),
            (ADA,),
            (None,),
        ]
        assert connection.execute("select count(distinct actor_id) from fct_usage").fetchone() == (2,)


def test_what_showed_more_of_people_does_not_stay(people_warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for run_id, mode in (("one", NAMES), ("two", NAMES), ("three", PSEUDONYMS)):
        publish_as(people_warehouse, tmp_path, mode, run_id)
    assert [path.name for path in (tmp_path / "publications").iterdir()] == ["three"]

    publish_as(people_warehouse, tmp_path, NAMES, "four")
    assert sorted(path.name for path in (tmp_path / "publications").iterdir()) == ["four", "three"]
    assert json.loads((tmp_path / "published" / "manifest.json").read_text())["people"] == NAMES
    assert ADA.lower() in everything((tmp_path / "published").resolve())


def test_text_in_a_list_stops_the_publication(people_warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    people_warehouse.execute("create table marts.odd as select ['usr_Quillon7'] as who")

    with pytest.raises(HiddenText, match="odd: who is a VARCHAR"):
        publish_as(people_warehouse, tmp_path, PSEUDONYMS)
    assert not (tmp_path / "published").exists()


def test_what_is_merged_names_columns_of_its_contract() -> None:
    """A column that a contract gains is summed or stated here, or it would be null where rows differ."""
    import yaml  # type: ignore[import-untyped, unused-ignore]

    from orchestration.project import DBT_PROJECT

    models = {
        model["name"]: {column["name"]: column["data_type"] for column in model["columns"]}
        for file in (DBT_PROJECT / "models" / "marts").glob("**/_*__models.yml")
        for model in yaml.safe_load(file.read_text())["models"]
    }
    for table, how in MERGED.items():
        assert {*how.summed, *how.least, *how.by, *how.instead} <= models[table].keys(), table
        amounts = {name for name, kind in models[table].items() if kind.startswith("decimal") or kind == "bigint"}
        assert amounts - {"list_unit_price_per_million"} == set(how.summed), table
