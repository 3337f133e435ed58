"""The checks on ledger rows, as SQL over all files of a prefix at once; Python only words the faults that were found.

Input is a table named after the prefix with columns file, line and the schema's columns as text. Output is a table
``faults``, one row per rejected row and reason, of six levels: ``value`` (one cell), ``row`` (cells together),
``key`` (an earlier row has the same key, of another file where the lines of a file add up: the first one stands),
``period`` (an earlier period of the same person has not ended: the first one stands), ``journal`` (an entry that does
not balance: one fault per line of it) and ``journal_line`` (a sound line of an entry with a refused one: an entry loads
whole or not at all).
"""

from collections.abc import Iterator

import duckdb

from orchestration.connectors.ledgers.schemas import Column, Kind, Schema
from orchestration.connectors.text_tables import literal, quoted
from orchestration.connectors.written_forms import EITHER_FORM, NUMERIC_DATE
from orchestration.registry.currencies import CURRENCIES

FIRST_DAY, LAST_DAY = "1990-01-01", "2099-12-31"
DATE_PATTERN = r"\d{4}-\d{2}-\d{2}([T ]00:00:00(\.0+)?(Z|[+-]00(:?00)?)?)?"
PERIOD_PATTERN = r"\d{4}-(0[1-9]|1[0-2])"
FLAG_PATTERN = r"(?i)true|false|t|f|yes|no|y|n|1|0"


def find_faults(connection: duckdb.DuckDBPyConnection, schema: Schema, first_month: int) -> None:
    """Fill a fresh table ``faults`` for the rows of table ``schema.prefix``. ``first_month``: of the fiscal year, 1 to 12."""
    connection.execute(
        "create or replace temp table faults "
        "(file varchar, line bigint, column_name varchar, value varchar, reason varchar, level varchar)"
    )
    for select in (*_value_faults(schema), *_row_faults(schema)):
        connection.execute(f"insert into faults {select}")
    if schema.prefix == "general_ledger" and first_month != 1:
        connection.execute(f"insert into faults {_periods_numbered_by_fiscal_year(schema, first_month)}")
    repeated = _repeated_in_another_file(schema) if schema.adds_up else _repeated_keys(schema)
    connection.execute(f"insert into faults {repeated}")
    if schema.prefix == "people":
        connection.execute(f"insert into faults {_overlapping_periods(schema)}")
    if schema.prefix == "general_ledger":
        connection.execute(f"insert into faults {_unbalanced_journals()}")
        connection.execute(f"insert into faults {_lines_of_broken_journals()}")


def describe_faults(connection: duckdb.DuckDBPyConnection, schema: Schema, limit: int) -> list[str]:
    """The first faults as ``file:line: what is wrong``, one per unbalanced journal, no dragged-along lines.

    Faults of journal lines name their entry.
    """
    entry = "journal_entry_id" if schema.prefix == "general_ledger" else "null"
    rows = connection.execute(
        f"select file, min(line), column_name, any_value(faults.value), reason, level, min({entry}) "
        f"from faults left join {schema.prefix} using (file, line) where level <> 'journal_line' "
        "group by file, column_name, reason, level, case when level <> 'journal' then line end "
        f"order by 1, 2, 3, 5 limit {limit}"
    ).fetchall()
    return [_describe(*row) for row in rows]


def _describe(file: str, line: int, column: str, value: str | None, reason: str, level: str, entry: str | None) -> str:
    named = f" (journal {entry})" if entry and level in ("value", "row") else ""
    if level != "value":
        return f"{file}:{line}: {reason}{named}"
    shown = column if value is None else f"{column} '{value}'"
    return f"{file}:{line}: {shown} {reason}{named}"


def _fault(schema: Schema, column: str, condition: str, reason: str, level: str) -> str:
    return (
        f"select file, line, {literal(column)}, {quoted(column)}, {literal(reason)}, '{level}' "
        f"from {schema.prefix} where {condition}"
    )


def _value_faults(schema: Schema) -> Iterator[str]:
    for column in schema.columns:
        for condition, reason in _cell_checks(column):
            yield _fault(schema, column.name, condition, reason, "value")


def _cell_checks(column: Column) -> Iterator[tuple[str, str]]:
    """Conditions under which a cell is refused, each with what to say; a null cell fails only the first."""
    text = quoted(column.name)
    if column.is_required and column.other_side:
        other = quoted(column.other_side)
        yield f"{text} is null and {other} is null", "is empty"
        yield (
            f"{text} is null and {other} is not null",
            "is empty; if an empty side is zero, set empty_side: zero under ledgers: general_ledger in sources.yaml",
        )
    elif column.is_required:
        yield f"{text} is null", "is empty"
    if column.choices:
        choices = ", ".join(map(literal, column.choices))
        yield f"lower({text}) not in ({choices})", f"is none of {', '.join(column.choices)}"
    if column.kind is Kind.CURRENCY:
        codes = ", ".join(map(literal, sorted(CURRENCIES)))
        yield f"upper({text}) not in ({codes})", "is no ISO 4217 currency"
    elif column.kind is Kind.PERIOD:
        yield f"not regexp_full_match({text}, '{PERIOD_PATTERN}')", "is not a fiscal period YYYY-MM"
    elif column.kind is Kind.FLAG:
        yield f"not regexp_full_match({text}, '{FLAG_PATTERN}')", "is neither true nor false"
    elif column.kind is Kind.DECIMAL:
        yield from _decimal_checks(column)
    elif column.kind in (Kind.DATE, Kind.BOUND):
        yield from _date_checks(column)


def _decimal_checks(column: Column) -> Iterator[tuple[str, str]]:
    text, places = quoted(column.name), column.decimals
    pattern = rf"[+-]?(\d{{1,18}}(\.\d{{1,{places}}})?|\.\d{{1,{places}}})"
    yield (
        f"not regexp_full_match({text}, '{pattern}') and regexp_full_match({text}, '{EITHER_FORM}')",
        "may have thousands or decimals behind its mark, which the file leaves open; write an exact decimal number "
        "(digits and a point)",
    )
    yield (
        f"not regexp_full_match({text}, '{pattern}') and not regexp_full_match({text}, '{EITHER_FORM}')",
        f"is not an exact decimal number (digits and a point, at most {places} decimals)",
    )
    if column.minimum is not None:
        yield (
            f"{column.value} < {column.minimum}",
            "is negative" if column.minimum == 0 else f"is below {column.minimum}",
        )
    if column.above is not None:
        yield f"{column.value} <= {column.above}", f"is not above {column.above}"


def _date_checks(column: Column) -> Iterator[tuple[str, str]]:
    text = quoted(column.name)
    yield (
        f"regexp_full_match({text}, '{NUMERIC_DATE}')",
        "may have the day or the month first, which the file leaves open; write the date YYYY-MM-DD",
    )
    yield (
        f"not regexp_full_match({text}, '{NUMERIC_DATE}') "
        f"and (not regexp_full_match({text}, '{DATE_PATTERN}') or {column.value} is null)",
        "is not a date YYYY-MM-DD",
    )
    if column.kind is Kind.DATE:
        bounds = f"date '{FIRST_DAY}' and date '{LAST_DAY}'"
        yield f"{column.value} not between {bounds}", f"is outside any period ({FIRST_DAY} to {LAST_DAY})"
    if column.is_month_end:
        yield f"last_day({column.value}) <> {column.value}", "is not the last day of a month"


def _row_faults(schema: Schema) -> Iterator[str]:
    """Rules over several cells of one row."""
    if schema.one_of:
        filled = " + ".join(f"({quoted(name)} is not null)::int" for name in schema.one_of)
        names = ", ".join(schema.one_of)
        yield _fault(schema, schema.one_of[0], f"{filled} <> 1", f"exactly one of {names} must be filled", "row")
    for column, condition, reason in _PREFIX_RULES.get(schema.prefix, ()):
        values = {item.name: item.value for item in schema.columns}
        yield _fault(schema, column, condition.format(**values), reason, "row")


_PREFIX_RULES = {
    "general_ledger": [
        ("credit_amount", "{debit_amount} <> 0 and {credit_amount} <> 0", "debit_amount and credit_amount are both set")
    ],
    "revenue": [
        ("recognition_end_date", "{recognition_end_date} < {revenue_date}", "recognition ends before the revenue date")
    ],
    "exchange_rates": [("to_currency", "{from_currency} = {to_currency}", "from and to are the same currency")],
    "people": [("valid_to", "{valid_to} <= {valid_from}", "valid_to is not after valid_from")],
}


def _repeated_keys(schema: Schema) -> str:
    """Rows whose key an earlier sound row of any file has; files count in order of name."""
    keys = [f"coalesce(cast({schema.column(name).value} as varchar), '')" for name in schema.key]
    key = f"[{', '.join(keys)}]"
    return f"""
        with sound as (
            select file, line, {quoted(schema.key[0])} as value, {key} as key
            from {schema.prefix} anti join faults using (file, line)
        ),
        repeated as (select key from sound group by key having count(*) > 1),
        numbered as (
            select file, line, value, key,
                row_number() over (partition by key order by file, line) as position,
                first_value(file || ':' || line) over (partition by key order by file, line) as earlier
            from sound semi join repeated using (key)
        )
        select file, line, {literal(schema.key[0])}, value,
            'repeats the key ({", ".join(schema.key)}) of ' || earlier || ': ' || array_to_string(key, ', '),
            'key'
        from numbered where position > 1
    """


def _repeated_in_another_file(schema: Schema) -> str:
    """Rows whose key a sound row of an earlier file has, and rows that repeat a numbered line within a file.

    Two rows that both name a document (or a line of it), and not the same one, repeat nothing.
    """
    keys = ", ".join(f"coalesce(cast({schema.column(name).value} as varchar), '')" for name in schema.key)
    document, line_of = schema.document or "null", schema.document_line or "null"
    return f"""
        with sound as (
            select file, line, {quoted(schema.key[0])} as value, [{keys}] as key,
                cast({document} as varchar) as document, cast({line_of} as varchar) as document_line
            from {schema.prefix} anti join faults using (file, line)
        ),
        repeated as (
            select key from sound group by key having min(file) <> max(file) or count(document_line) > 1
        ),
        suspects as (select * from sound semi join repeated using (key)),
        places as (
            select key, file, document, document_line, min(line) as line
            from suspects
            group by key, file, document, document_line
        ),
        found as (
            select suspects.file, suspects.line, suspects.value, suspects.key,
                min_by(places.file || ':' || places.line, (places.file, places.line)) as earlier
            from suspects
            inner join places
                on suspects.key = places.key
                and coalesce(suspects.document = places.document, true)
                and coalesce(suspects.document_line = places.document_line, true)
                and (
                    places.file < suspects.file
                    or places.file = suspects.file and places.line < suspects.line
                    and suspects.document_line = places.document_line
                    and suspects.document is not distinct from places.document
                )
            group by suspects.file, suspects.line, suspects.value, suspects.key
        )
        select file, line, {literal(schema.key[0])}, value,
            'repeats the key ({", ".join(schema.key)}) of ' || earlier || ': ' || array_to_string(key, ', '),
            'key'
        from found
    """


def _overlapping_periods(schema: Schema) -> str:
    """Rows of a person that begin before an earlier period has ended: cost of those days would have two owners. A
    period without an end ends when the next one begins.
    """
    begin = f"coalesce({schema.column('valid_from').value}, date '0001-01-01')"
    return f"""
        with sound as (
            select file, line, actor_id, valid_from, {begin} as begins_on, {schema.column("valid_to").value} as ends_on
            from people anti join faults using (file, line)
        ),
        earlier as (
            select *, max_by({{'ends_on': ends_on, 'place': file || ':' || line}}, ends_on) over (
                partition by actor_id order by begins_on, file, line
                rows between unbounded preceding and 1 preceding
            ) as last
            from sound
        )
        select file, line, 'valid_from', valid_from,
            'the period of ' || actor_id || ' begins before that of ' || last.place || ' ends on ' || last.ends_on,
            'period'
        from earlier where begins_on < last.ends_on
    """


def _periods_numbered_by_fiscal_year(schema: Schema, first_month: int) -> str:
    """Every posting of a file that counts its periods from the beginning of the fiscal year: no period is the month of its
    posting date, and most are that month's number in the fiscal year, which is named after the year it begins or ends in.
    """
    day, shift = schema.column("posting_date").value, first_month - 1
    begins = f"cast(date_trunc('month', {day}) as date) - interval {shift} month"
    numbers = f"strftime({begins}, '%Y-%m'), strftime({begins} + interval 1 year, '%Y-%m')"
    return f"""
        with labelled as (
            select file, line, fiscal_period, strftime({day}, '%Y-%m') as month, fiscal_period in ({numbers}) as is_number
            from general_ledger anti join faults using (file, line)
            where fiscal_period is not null
        ),
        numbered as (
            select file from labelled group by file
            having not bool_or(fiscal_period = month) and 2 * count(*) filter (is_number) > count(*)
        )
        select file, line, 'fiscal_period', fiscal_period,
            'counts from the first month of the fiscal year, and the posting date is in ' || month
                || '; write the calendar month of the period, or leave fiscal_period out',
            'value'
        from labelled semi join numbered using (file) where is_number
    """


def _shown_amount(sql: str) -> str:
    return rf"regexp_replace(cast({sql} as varchar), '^(-?\d+\.\d\d\d*?)0*$', '\1')"


def _unbalanced_journals() -> str:
    """Every line of an entry whose debits and credits differ in a currency, unless a cell of it is refused."""
    return f"""
        with sound as (
            select file, line, legal_entity_id, journal_entry_id, upper(currency) as currency, debit_amount,
                cast(debit_amount as decimal(38, 9)) as debit, cast(credit_amount as decimal(38, 9)) as credit
            from general_ledger anti join faults using (file, line)
        ),
        broken as ({_BROKEN_JOURNALS}),
        totals as (
            select legal_entity_id, journal_entry_id, currency, sum(debit) as debits, sum(credit) as credits
            from sound anti join broken using (legal_entity_id, journal_entry_id)
            group by legal_entity_id, journal_entry_id, currency having sum(debit) <> sum(credit)
        ),
        unbalanced as (
            select legal_entity_id, journal_entry_id,
                'journal ' || journal_entry_id || ' does not balance: ' || string_agg(
                    'debits ' || {_shown_amount("debits")} || ', credits ' || {_shown_amount("credits")}
                        || ' ' || currency,
                    '; ' order by currency
                ) as reason
            from totals group by legal_entity_id, journal_entry_id
        )
        select file, line, 'debit_amount', debit_amount, reason, 'journal'
        from sound inner join unbalanced using (legal_entity_id, journal_entry_id)
    """


def _lines_of_broken_journals() -> str:
    return f"""
        with broken as ({_BROKEN_JOURNALS})
        select file, line, 'journal_entry_id', journal_entry_id,
            'journal ' || journal_entry_id || ' has a rejected line at ' || place, 'journal_line'
        from general_ledger inner join broken using (legal_entity_id, journal_entry_id)
        anti join faults using (file, line)
    """


_BROKEN_JOURNALS = """
    select legal_entity_id, journal_entry_id, min(file || ':' || line) as place
    from general_ledger semi join (select * from faults where level in ('value', 'row')) using (file, line)
    where legal_entity_id is not null and journal_entry_id is not null
    group by legal_entity_id, journal_entry_id
"""
