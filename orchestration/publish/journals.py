"""Month-end journals as CSV that accounting systems import: one file per month of posting and system.

``journals/<period>/quickbooks.csv`` has one row per line with debit and credit columns, as QuickBooks Online's import takes
it; ``xero.csv`` one signed amount per line, debit positive, as Xero's manual-journal import takes it, without tax;
``netsuite.csv`` the columns of a NetSuite CSV journal import, lines tied by external id. Accounts are the numbers of
``posting_accounts``, the department is the line's class, tracking option or department. Amounts are in the reporting
currency with the decimals of its minor unit. They come from the published lines, so that a closed period's journals are the
frozen ones.
"""

from pathlib import Path

from orchestration import utc_duckdb
from orchestration.quoting import literal
from orchestration.registry.currencies import minor_unit_digits

SHAPES = {
    "quickbooks": """
        select journal_id as "Journal No", strftime(posting_date, '%m/%d/%Y') as "Journal Date", reporting_currency as "Currency",
            memo as "Memo", account_number as "Account", side(debit_amount) as "Debits", side(credit_amount) as "Credits",
            memo || ' ' || journal_id as "Description", department_id as "Class"
        from lines order by journal_id, journal_line_number""",
    "xero": """
        select memo || ' ' || journal_id as "*Narration", strftime(posting_date, '%d/%m/%Y') as "*Date",
            memo || ' ' || journal_id as "Description",
            account_number as "*AccountCode", 'Tax Exempt' as "*TaxRate",
            in_minor_units(debit_amount - credit_amount) as "*Amount",
            case when department_id is not null then 'Department' end as "TrackingName1", department_id as "TrackingOption1"
        from lines order by journal_id, journal_line_number""",
    "netsuite": """
        select journal_id as "External ID", strftime(posting_date, '%m/%d/%Y') as "Date", reporting_currency as "Currency",
            memo as "Memo", account_number as "Account", side(debit_amount) as "Debit", side(credit_amount) as "Credit",
            memo || ' ' || journal_id as "Line Memo", department_id as "Department"
        from lines order by journal_id, journal_line_number""",
}


def write_journals(lines: Path, folder: Path) -> list[Path]:
    """Write the files from a Parquet file of ``accrual_journal_lines``; returns their paths, none without lines."""
    if not lines.exists():
        return []
    connection = utc_duckdb.connect()
    connection.execute(
        "create table every_line as select *, strftime(posting_date, '%Y-%m') as posting_period from read_parquet(?)",
        [str(lines)],
    )
    currency = connection.execute("select any_value(reporting_currency) from every_line").fetchall()[0][0]
    digits = minor_unit_digits(currency) if currency else 2
    connection.execute(f"create macro in_minor_units(amount) as cast(amount as decimal(38, {digits}))")
    connection.execute("create macro side(amount) as case when amount > 0 then in_minor_units(amount) end")
    periods = connection.execute("select distinct posting_period from every_line order by 1").fetchall()
    written = []
    for (period,) in periods:
        connection.execute(
            "create or replace temp table lines as select * from every_line where posting_period = ?", [period]
        )
        for system, query in SHAPES.items():
            path = folder / period / f"{system}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            connection.execute(f"copy ({query}) to {literal(path)} (format csv, header true, nullstr '')")
            written.append(path)
    connection.close()
    return written
