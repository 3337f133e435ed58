"""The dictionary: every published table and column, in the words of its contract."""

from dashboard.charts import Drawer
from dashboard.figures import Block, Column, Page, Section, Table
from dashboard.publication import Publication, Row

COLUMNS = """
select columns.table_name, tables.comment as table_says, columns.column_name, columns.data_type, columns.comment as says
from duckdb_columns() as columns
inner join (
    select table_oid, comment from duckdb_tables() union all select view_oid, comment from duckdb_views()
) as tables using (table_oid)
where not columns.internal and columns.database_name = current_database()
order by columns.table_name, columns.column_index
"""


def tables(publication: Publication, drawer: Drawer) -> Page:
    rows = publication.rows("", COLUMNS)
    by_table: dict[str, list[Row]] = {}
    for row in rows:
        by_table.setdefault(row["table_name"], []).append(row)
    blocks: tuple[Block, ...] = tuple(_table(name, columns) for name, columns in by_table.items())
    return Page(
        "tables",
        "Tables",
        f"What is published: {len(by_table)} tables in marts.duckdb and as Parquet, each column in its own words.",
        (
            Section(
                "Dictionary", blocks, "Open marts.duckdb with any DuckDB driver, or parquet/<table>/ with any reader."
            ),
        ),
    )


def _table(name: str, columns: list[Row]) -> Table:
    return Table(
        name,
        name,
        name,
        (Column("column_name", "Column"), Column("data_type", "Type"), Column("says", "Meaning")),
        columns,
        "No column.",
        columns[0]["table_says"] or "",
        is_folded=True,
    )
