"""Every published table and column stands in the dictionary, by subject, with its type and its words."""

from pathlib import Path

from dashboard.charts import Drawer
from dashboard.pages.tables import OTHER, subject_of, tables
from tests.dashboard.made_up import column, contracts, published, table


def test_every_mart_has_a_subject() -> None:
    assert [name for name in contracts() if subject_of(name) == OTHER] == []


def test_tables_and_columns_with_type_and_description(tmp_path: Path) -> None:
    with published({"incidents": [], "fct_usage": []}) as publication:
        publication.connection.execute("comment on table incidents is 'One row per incident.'")
        publication.connection.execute("comment on column incidents.entity is 'What it ran on.'")
        page = tables(publication, Drawer(tmp_path))
    assert [section.title for section in page.sections] == [
        "How to read them",
        "Spend and usage",
        "Guardrails",
        "Who and what",
    ]
    assert table(page, "incidents").says == "One row per incident."
    assert ("entity", "VARCHAR", "What it ran on.") in column(page, "incidents", "column_name", "data_type", "says")
    assert len(table(page, "fct_usage").rows) == len(contracts()["fct_usage"])
    assert page.asks.startswith("What is published: 3 tables with ")
