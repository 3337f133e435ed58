"""Small publications with rows that a test writes down: tables have the columns and types of their contracts, and what a row does
not say is null.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

from dashboard.figures import Figure, Note, Page, Table
from dashboard.publication import Provenance, Publication

MARTS = Path(__file__).parents[2] / "dbt_project" / "models" / "marts"
AS_OF = date(2026, 7, 31)
Row = dict[str, Any]


@cache
def contracts() -> dict[str, tuple[tuple[str, str], ...]]:
    """Columns and types of every mart."""
    found = {}
    for file in sorted(MARTS.rglob("*.yml")):
        for model in (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get("models", ()):
            found[model["name"]] = tuple((column["name"], column["data_type"]) for column in model.get("columns", ()))
    return found


@contextmanager
def published(tables: dict[str, list[Row]], as_of: date = AS_OF) -> Iterator[Publication]:
    """A publication of these tables and, unless they are none at all, of a calendar."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        everything = {"dim_dates": calendar(as_of), **tables} if tables else {}
        for name, rows in everything.items():
            columns = contracts()[name]
            declared = ", ".join(f'"{column}" {kind}' for column, kind in columns)
            connection.execute(f"create table {name} ({declared})")
            for row in rows:
                assert row.keys() <= dict(columns).keys(), f"{name} has no {row.keys() - dict(columns).keys()}"
                names = ", ".join(f'"{column}"' for column in row)
                marks = ", ".join("?" * len(row))
                connection.execute(f"insert into {name} ({names}) values ({marks})", list(row.values()))
        about = Provenance("c", as_of, "r", "2026-08-01T00:00:00Z", "1", "USD", False, tuple(sorted(everything)))
        yield Publication(connection, about)


def calendar(as_of: date) -> list[Row]:
    """The days of the year up to the as-of day, each in its month."""
    start = date(as_of.year, 1, 1)
    days = [start + timedelta(days=number) for number in range((as_of - start).days + 1)]
    return [{"calendar_date": day, "fiscal_period": f"{day:%Y-%m}", "fiscal_year": day.year} for day in days]


def table(page: Page, name: str) -> Table:
    (found,) = [one for one in page.tables if one.id == name]
    return found


def figure(page: Page, label: str) -> Figure:
    (found,) = [
        one for section in page.sections for one in section.blocks if isinstance(one, Figure) and one.label == label
    ]
    return found


def notes(page: Page) -> list[str]:
    return [one.text for section in page.sections for one in section.blocks if isinstance(one, Note)]


def column(page: Page, name: str, *columns: str) -> list[tuple[Any, ...]]:
    """The values of some columns of a table, row by row."""
    return [tuple(row[one] for one in columns) for row in table(page, name).rows]
