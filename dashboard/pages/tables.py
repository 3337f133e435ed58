"""The dictionary: every published table and column by subject, in the words of its contract."""

from dashboard.charts import Drawer
from dashboard.figures import Column, Note, Page, Section, Table
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

SUBJECTS: dict[str, tuple[str, ...]] = {
    "Spend and usage": ("fct_usage", "fct_billed", "fct_allocated", "spend_", "claude_code", "contract_"),
    "Margin": ("gross_margin", "fct_revenue"),
    "Run-rate and forecast": ("run_rate", "forecast", "month_end", "headcount_decoupling", "runway"),
    "Budgets": ("budget_", "fct_budget"),
    "Graduation": ("graduation_", "gate_replay", "milestone_", "core_demotions"),
    "Guardrails": ("guardrail_", "cap_audit", "enforcement_", "incidents", "breaker_replay", "unmetered_"),
    "Models and cache": ("model_right_sizing", "cache_", "unit_economics", "complacency"),
    "Books and close": ("reconciliation", "accrual_", "period_adjustments", "fct_ledger"),
    "Data health": ("ingestion_", "rejected_", "source_day"),
    "FOCUS": ("focus_",),
    "Other facts": ("fct_",),
    "Who and what": ("dim_",),
}
"""Subjects with what the names of their tables begin with; the first that fits."""
OTHER = "More"


def tables(publication: Publication, drawer: Drawer) -> Page:
    by_table: dict[str, list[Row]] = {}
    for row in publication.rows("", COLUMNS):
        by_table.setdefault(row["table_name"], []).append(row)
    by_subject: dict[str, list[str]] = {subject: [] for subject in (*SUBJECTS, OTHER)}
    for name in by_table:
        by_subject[subject_of(name)].append(name)
    sections = tuple(
        Section(subject, tuple(_table(name, by_table[name]) for name in names))
        for subject, names in by_subject.items()
        if names
    )
    columns = sum(len(found) for found in by_table.values())
    how = Note(
        "Open marts.duckdb with any DuckDB driver, or parquet/<table>/ with any reader: both hold the same rows."
    )
    return Page(
        "tables",
        "Tables",
        f"What is published: {len(by_table)} tables with {columns:,} columns, each in its own words.",
        (Section("How to read them", (how,)), *sections)
        if sections
        else (Section("Dictionary", (Note("No table is published yet: run tokenomics run."),)),),
    )


def subject_of(table: str) -> str:
    return next((subject for subject, starts in SUBJECTS.items() if table.startswith(starts)), OTHER)


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
