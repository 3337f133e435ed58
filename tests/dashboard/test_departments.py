"""A department's folder holds its own figures and nobody else's: a publication made of every contract, with numbers and names
that tell whose they are.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml  # type: ignore[import-untyped, unused-ignore]

from dashboard.departments import RULES, open_departments
from dashboard.site import STATIC, folder_name, write_site
from orchestration.project import DBT_PROJECT

AS_OF = date(2026, 10, 31)
DEPARTMENTS = ("alpha", "bravo")
FIRST_OF = {"alpha": 7_100_000, "bravo": 9_800_000, "zulu": 5_300_000, "everybody": 2_026}
"""Numbers of a row count up from here, so that each tells whose it is."""
SHARED = ("common_product", "common_key", "moved_initiative")
"""What two departments have together, or one after the other."""


@dataclass
class Numbers:
    """Distinctive numbers by owner; ``given`` remembers them all."""

    given: dict[str, set[Decimal]]

    def next(self, owner: str) -> Decimal:
        number = FIRST_OF[owner] + len(self.given[owner]) * 13 + 1
        self.given[owner].add(Decimal(number))
        return Decimal(number)


def contracts() -> dict[str, tuple[dict[str, str], dict[str, list[str]]]]:
    """Columns and accepted values by mart."""
    found = {}
    for file in sorted((DBT_PROJECT / "models" / "marts").glob("**/_*__models.yml")):
        for model in yaml.safe_load(file.read_text())["models"]:
            columns = {column["name"].strip('"'): column["data_type"] for column in model["columns"]}
            tests = [one["one_row_per"]["arguments"] for one in model.get("data_tests", []) if "one_row_per" in one]
            found[model["name"]] = (columns, tests[0].get("accepted_values", {}) if tests else {})
    return found


def row_of(owner: str, columns: dict[str, str], accepted: dict[str, list[str]], numbers: Numbers) -> dict[str, Any]:
    """One row of ``owner`` with its own numbers, ids and names."""
    ids: dict[str, Any] = {
        "department_id": owner,
        "initiative_id": f"{owner}_initiative",
        "product_id": f"{owner}_product",
        "customer_id": f"{owner}_customer",
        "actor_id": f"{owner}_actor",
        "api_key_id": f"{owner}_key",
        "model_id": f"{owner}_model",
        "entity": f"key:{owner}_key",
        "entity_type": "initiative",
        "entity_id": f"{owner}_initiative",
        "subject": "initiative",
        "subject_id": f"{owner}_initiative",
        "usage_key": f"{owner}_usage",
        "provider": "openai",
        "fiscal_period": "2026-10",
        "fiscal_year": 2026,
        "baseline_period": "2026-09",
        "reporting_currency": "EUR",
        "valid_from": date(2000, 1, 1),
        "valid_to": date(9999, 12, 31),
    }
    return {
        name: ids.get(name, accepted.get(name, [None])[0]) or value_of(kind, owner, numbers)
        for name, kind in columns.items()
    }


def value_of(kind: str, owner: str, numbers: Numbers) -> Any:
    if kind == "date":
        return AS_OF
    if kind.startswith("timestamp"):
        return datetime(2026, 10, 31, 12)
    if kind == "boolean":
        return True
    if kind == "varchar":
        return f"{owner} says so"
    number = numbers.next(owner)
    return number if kind in ("bigint", "integer") or kind.startswith("decimal(38") else number / 10**7


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Numbers]]:
    """The folder of a publication with one row of each department, and of none, in every mart."""
    folder = tmp_path_factory.mktemp("publication")
    numbers = Numbers({owner: set() for owner in FIRST_OF})
    with duckdb.connect(str(folder / "marts.duckdb")) as connection:
        tables = contracts()
        for table, (columns, accepted) in tables.items():
            listed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            connection.execute(f"create table {table} ({listed})")
            for owner in ("everybody",) if table == "dim_dates" else (*DEPARTMENTS, "zulu"):
                row = row_of(owner, columns, accepted, numbers)
                if owner == "zulu" and "department_id" in row:
                    row["department_id"] = None
                insert(connection, table, row)
        add_what_is_shared(connection, tables, numbers)
    (folder / "manifest.json").write_text("{}")
    manifest = {"company_id": "acme", "as_of": AS_OF.isoformat(), "run_id": "run-1", "version": "1"}
    write_site(
        folder,
        {**manifest, "published_at": "2026-11-01T06:00:00Z", "tables": {table: {} for table in tables}},
        kept_charts=folder / "charts",
    )
    yield folder, numbers
    shutil.rmtree(folder)


def insert(connection: duckdb.DuckDBPyConnection, table: str, row: dict[str, Any]) -> None:
    connection.execute(f"insert into {table} values ({', '.join('?' * len(row))})", list(row.values()))


def add_what_is_shared(connection: duckdb.DuckDBPyConnection, tables: Any, numbers: Numbers) -> None:
    """A product and a key of both departments, and an initiative that went from one to the other within October: all figures
    of it are nobody's alone.
    """

    def add(table: str, owner: str, **changes: Any) -> None:
        insert(connection, table, {**row_of(owner, *tables[table], numbers), **changes})

    for owner in DEPARTMENTS:
        add("dim_initiatives", owner, initiative_id=f"{owner}_second", product_id="common_product")
        add("fct_usage", owner, api_key_id="common_key", usage_key=f"{owner}_second")
    moved = {"initiative_id": "moved_initiative", "product_id": None}
    add("dim_initiatives", "alpha", **moved, valid_to=date(2026, 10, 16))
    add("dim_initiatives", "bravo", **moved, valid_from=date(2026, 10, 16))
    for table in ("gross_margin_by_product_month", "gross_margin_by_product_day", "fct_revenue", "dim_products"):
        add(table, "zulu", product_id="common_product")
    for table in ("unit_economics_by_initiative_month", "model_right_sizing_by_initiative_month"):
        add(table, "zulu", initiative_id="moved_initiative")
    add("run_rate_by_initiative_day", "alpha", initiative_id="moved_initiative", as_of_date=date(2026, 10, 15))
    add("run_rate_by_initiative_day", "bravo", initiative_id="moved_initiative", as_of_date=date(2026, 10, 16))
    add("cap_audit_by_entity_day", "zulu", subject="key", subject_id="common_key", entity="key:common_key")
    add("incidents", "zulu", department_id="alpha", api_key_id="common_key", entity="key:common_key")


def text_of(folder: Path) -> str:
    return "\n".join(path.read_text() for path in sorted(folder.rglob("*")) if path.is_file())


def numbers_in(text: str) -> set[Decimal]:
    """Every number in the text, as it is and with ten million times as much, so that ratios count."""
    found = {Decimal(one) for one in re.findall(r"\d+(?:\.\d+)?", re.sub(r"(?<=\d),(?=\d{3})", "", text))}
    return found | {one * 10**7 for one in found} | {one * 10**5 for one in found}


@pytest.mark.parametrize(("own", "other"), [DEPARTMENTS, DEPARTMENTS[::-1]])
def test_a_department_sees_its_own_and_nobody_elses(published: tuple[Path, Numbers], own: str, other: str) -> None:
    folder, numbers = published
    text = text_of(folder / "dashboard" / "departments" / own)
    found = numbers_in(text)

    assert other not in text
    assert "zulu" not in text
    assert sorted(found & numbers.given[other]) == []
    assert sorted(found & numbers.given["zulu"]) == []
    assert len(found & numbers.given[own]) > 30, "its own figures are there"
    assert f"{own}_initiative" in text or f"{own} says so" in text


@pytest.mark.parametrize("own", DEPARTMENTS)
def test_no_sum_over_departments_is_shown(published: tuple[Path, Numbers], own: str) -> None:
    folder, _ = published
    found = numbers_in(text_of(folder / "dashboard" / "departments" / own))
    with duckdb.connect(str(folder / "marts.duckdb"), read_only=True) as connection:
        columns = connection.execute(
            "select table_name, column_name from duckdb_columns() where data_type like 'DECIMAL(38%'"
        ).fetchall()
        for table, column in columns:
            (total,) = connection.execute(f'select sum("{column}") from {table}').fetchone() or (None,)
            assert total.normalize() not in found, (table, column)


def test_what_is_shared_is_not_one_departments(published: tuple[Path, Numbers]) -> None:
    folder, _ = published
    manifest = {"company_id": "acme", "as_of": AS_OF.isoformat(), "run_id": "run-1", "version": "1", "published_at": ""}
    seen = {}
    with open_departments(folder, {**manifest, "tables": {table: {} for table in contracts()}}) as departments:
        assert departments.ids() == [*DEPARTMENTS]
        for own in DEPARTMENTS:
            publication = departments.see(own)
            seen[own] = {
                "products": publication.rows("dim_products", "select product_id from dim_products"),
                "keys": publication.rows("dim_api_keys", "select api_key_id from dim_api_keys"),
                "rates": publication.rows(
                    "run_rate_by_initiative_day",
                    "select as_of_date from run_rate_by_initiative_day where initiative_id = 'moved_initiative'",
                ),
                "months": publication.rows(
                    "unit_economics_by_initiative_month",
                    "select * from unit_economics_by_initiative_month where initiative_id = 'moved_initiative'",
                ),
                "usage": publication.rows(
                    "fct_usage", "select count(*) as rows from fct_usage where api_key_id = 'common_key'"
                ),
            }
            assert not publication.holds("reconciliation_by_provider_month")
            assert publication.missing == set()
    for own, day in (("alpha", 15), ("bravo", 16)):
        assert seen[own]["products"] == [{"product_id": f"{own}_product"}]
        assert seen[own]["keys"] == [{"api_key_id": f"{own}_key"}]
        assert seen[own]["rates"] == [{"as_of_date": date(2026, 10, day)}]
        assert seen[own]["months"] == []
        assert seen[own]["usage"] == [{"rows": 1}]


def test_tables_of_the_whole_company_have_no_rule() -> None:
    """A new mart is absent until somebody says what proves a row to be a department's."""
    company = {"run_rate_by_company_day", "reconciliation_by_provider_month", "runway_by_month", "fct_ledger_entries"}

    assert not company & RULES.keys()
    assert contracts().keys() >= RULES.keys()


def test_the_list_for_finance_leads_to_every_folder(published: tuple[Path, Numbers]) -> None:
    site = published[0] / "dashboard"

    assert 'href="departments/index.html"' in (site / "index.html").read_text()
    text = (site / "departments" / "index.html").read_text()
    assert re.findall(r'<a href="(\w+)/index.html"', text) == [*DEPARTMENTS]
    for own in DEPARTMENTS:
        assert "departments/" not in text_of(site / "departments" / own)
        assets = {path.name for path in (site / "departments" / own / "assets").iterdir()}
        assert assets >= {path.name for path in STATIC.iterdir()}


def test_links_of_a_department_stay_in_its_folder(published: tuple[Path, Numbers]) -> None:
    for own in DEPARTMENTS:
        folder = published[0] / "dashboard" / "departments" / own
        for page in folder.glob("*.html"):
            for link in re.findall(r'(?:href|src)="([^"#:]+)(?:#[^"]*)?"', page.read_text()):
                assert (folder / link).exists(), (page.name, link)
                assert ".." not in link


@pytest.mark.parametrize(
    ("department_id", "name"),
    [
        ("sales", "sales"),
        ("..", "%2E%2E"),
        (".hidden", "%2Ehidden"),
        ("Sales", "%53ales"),
        ("a/b\\c", "a%2Fb%5Cc"),
        ("R&D Zürich", "%52%26%44%20%5A%C3%BCrich"),
    ],
)
def test_an_id_is_a_safe_folder_name(department_id: str, name: str) -> None:
    assert folder_name(department_id) == name


def test_long_ids_stay_apart() -> None:
    first, second = folder_name("x" * 300 + "a"), folder_name("x" * 300 + "b")

    assert first != second
    assert len(first) < 130
