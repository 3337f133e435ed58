"""Ledgers in the words of other systems, brought to the columns of their schema as ``ledgers`` of sources.yaml declares.

What belongs here: values that files lack, words that mean another, one signed amount in place of debit and credit, rows
that name both of their accounts. Nothing is done that is not declared, and no amount changes but its sign.
Input and output is the table of one file as text (``text_tables``), its numbers and dates in one form already.
Failure mode: a word that tells neither debit nor credit is a :class:`SchemaDrift` that names file and line; what stays
empty or unknown is refused by the rules of the ledger, row by row.
"""

import duckdb

from orchestration.connectors.ledgers.schemas import Schema
from orchestration.connectors.table_layout import plain_heading
from orchestration.connectors.text_tables import TextFile, literal, quoted
from orchestration.landing.errors import SchemaDrift
from orchestration.registry.globs import to_regex
from orchestration.registry.sources import LedgerConfig

AMOUNT, SIDE, CONTRA = "signed_amount", "debit_or_credit", "contra_account_number"
"""Columns beside those of the schema, while a file is read."""


def headings(reading: LedgerConfig) -> dict[str, str]:
    """What the files call each column, those beside the schema's too; of several columns with one heading the first."""
    declared = dict(reading.columns)
    declared |= {AMOUNT: reading.signed_amount} if reading.signed_amount else {}
    declared |= {SIDE: reading.side.column} if reading.side else {}
    declared |= {CONTRA: reading.contra_account} if reading.contra_account else {}
    first: dict[str, str] = {}
    for column, heading in declared.items():
        first.setdefault(plain_heading(heading), column)
    return {column: heading for column, heading in declared.items() if first[plain_heading(heading)] == column}


def extra_columns(reading: LedgerConfig) -> list[str]:
    """The columns beside those of the schema that the files are declared to have."""
    return [column for column in (AMOUNT, SIDE, CONTRA) if column in headings(reading)]


def provided(reading: LedgerConfig, file: TextFile) -> set[str]:
    """The columns that a file need not have, because something else that it has fills them."""
    filled = set(reading.values) | set(_copies(reading))
    if reading.signed_amount and AMOUNT in file.header:
        filled |= {"debit_amount", "credit_amount"}
    if reading.account_classes:
        filled.add("account_class")
    if reading.number_lines:
        filled.add("journal_line_number")
    return filled


def missing_extras(reading: LedgerConfig, file: TextFile) -> list[str]:
    """Headings that are declared beside the schema and stand in no header."""
    return [headings(reading)[column] for column in extra_columns(reading) if column not in file.header]


def bring_to_schema(
    connection: duckdb.DuckDBPyConnection, schema: Schema, reading: LedgerConfig, file: TextFile, table: str
) -> None:
    """Fill the columns of ``schema`` in ``table``, and drop those beside it."""
    for column, first in _copies(reading).items():
        connection.execute(f"update {table} set {quoted(column)} = {quoted(first)}")
    for column, words in reading.words.items():
        for native, meant in words.items():
            connection.execute(
                f"update {table} set {quoted(column)} = {literal(meant)} "
                f"where lower({quoted(column)}) = {literal(native.lower())}"
            )
    if reading.signed_amount:
        _split_sides(connection, reading, file, table)
    if reading.empty_side == "zero":
        for column, other in (("debit_amount", "credit_amount"), ("credit_amount", "debit_amount")):
            connection.execute(f"update {table} set {column} = '0' where {column} is null and {other} is not null")
    for column, value in reading.values.items():
        if column not in file.header:
            connection.execute(f"update {table} set {quoted(column)} = {literal(value)}")
    if reading.contra_account:
        _add_other_side(connection, table)
    if reading.account_classes and "account_class" not in file.header:
        cases = " ".join(
            f"when regexp_full_match(account_number, {literal(to_regex([pattern]))}) then {literal(name)}"
            for pattern, name in reading.account_classes.items()
        )
        connection.execute(f"update {table} set account_class = case {cases} end")
    if reading.number_lines and "journal_line_number" not in file.header:
        _number_lines(connection, table, is_doubled=reading.contra_account is not None)
    for column in extra_columns(reading):
        connection.execute(f"alter table {table} drop column {quoted(column)}")


def _copies(reading: LedgerConfig) -> dict[str, str]:
    """Column to an earlier one that is declared with the same heading."""
    first: dict[str, str] = {}
    copies = {}
    for column, heading in reading.columns.items():
        earlier = first.setdefault(plain_heading(heading), column)
        if earlier != column:
            copies[column] = earlier
    return copies


def _split_sides(connection: duckdb.DuckDBPyConnection, reading: LedgerConfig, file: TextFile, table: str) -> None:
    """Positive is a debit and negative a credit; a word for a credit turns the sign."""
    is_credit = "false"
    if reading.side:
        debit, credit = (_listed(words) for words in (reading.side.debit, reading.side.credit))
        unknown = connection.execute(
            f"select line, {SIDE} from {table} where coalesce(lower({SIDE}), '') not in ({debit}, {credit}) order by line"
        ).fetchone()
        if unknown:
            raise SchemaDrift(
                file.source,
                f"{file.name}:{unknown[0]}: {reading.side.column} '{unknown[1] or ''}' is neither a debit nor a credit; "
                f"add the word to side under ledgers: general_ledger in sources.yaml",
            )
        is_credit = f"lower({SIDE}) in ({credit})"
    bare = f"ltrim({AMOUNT}, '+-')"
    is_negative = f"starts_with({AMOUNT}, '-')"
    connection.execute(
        f"update {table} set debit_amount = case when ({is_credit}) <> {is_negative} then '0' else {bare} end, "
        f"credit_amount = case when ({is_credit}) <> {is_negative} then {bare} else '0' end where {AMOUNT} is not null"
    )


def _add_other_side(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """A second line for each row: the contra account, with debit and credit exchanged."""
    connection.execute(
        f"insert into {table} select * replace ({CONTRA} as account_number, {CONTRA} as account_name, "
        f"credit_amount as debit_amount, debit_amount as credit_amount, null as {CONTRA}) from {table}"
    )


def _number_lines(connection: duckdb.DuckDBPyConnection, table: str, *, is_doubled: bool) -> None:
    order = f"line, {CONTRA} is null" if is_doubled else "line"
    connection.execute(
        f"create or replace temp table numbered_lines as select * replace (cast(row_number() over "
        f"(partition by journal_entry_id order by {order}) as varchar) as journal_line_number) from {table}"
    )
    connection.execute(f"create or replace temp table {table} as from numbered_lines")
    connection.execute("drop table numbered_lines")


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(literal(word.lower()) for word in words)
