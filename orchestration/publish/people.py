"""The rows of a publication without the people in them, as ``policy.people`` wants it; see :mod:`orchestration.people`.

Every column of text is searched for the people that sources name: usage, the people file, caps, the providers' directories. A
column of people (``actor_id``, ``email``) shows nobody. Under ``departments_only`` rows of one person each become rows of
their department (:data:`MERGED`): amounts and counts are summed, and what differs within a row is null. Digests made from a
person's id (keys of usage rows, evidence and actions about a developer) are digested again under the secret.

Columns, their order and their types stay. Failure mode: a column of text within a list or a struct stops the publication,
since nothing here looks into it.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from orchestration.checksum import columns_of
from orchestration.people import DEPARTMENTS_ONLY, NAMES, WITHHELD, People, read_people, remember_people
from orchestration.quoting import literal

OF_PEOPLE = frozenset({"actor_id", "email"})
OF_HOLDERS = frozenset({"owner", "approver"})
NOBODY = "nobody, not even a text"
"""Stands for null among the values to show."""


class HiddenText(Exception):
    """A column holds text where this module does not look."""


@dataclass(frozen=True)
class Merge:
    """``summed`` and ``least`` of the rows that are equal in ``by``; empty: in every other column. ``instead``: what a column
    shows where the rows differ, null elsewhere.
    """

    summed: tuple[str, ...] = ()
    least: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    instead: dict[str, str] = field(default_factory=dict)


_SAVINGS = ("actual_cost", "higher_tier_cost", "counterfactual_low", "counterfactual_high", "saving_low", "saving_high")
_WORK = ("sessions", "lines_added", "lines_removed", "commits", "pull_requests", "tokens", "estimated_cost")
_AUDITED = ("cap_configured", "cap_in_force", "cost", "day_cost", "gateway_cost", "overshoot", "cost_after_crossing")
MERGED = {
    "fct_usage": Merge(("quantity", "requests", "list_cost"), ("usage_key", "usage_start_at")),
    "fct_usage_by_hour": Merge(("quantity", "requests")),
    "fct_allocated_costs": Merge(("allocated_cost",)),
    "spend_by_developer_day": Merge(
        ("allocated_cost", "daily_cap", "requests"), by=("actor_id", "spend_date", "reporting_currency")
    ),
    "model_right_sizing_by_developer_month": Merge(_SAVINGS, by=("fiscal_period", "actor_id", "reporting_currency")),
    "claude_code_by_developer_day": Merge(
        _WORK, by=("usage_date", "actor_id", "actor_type", "department_id", "estimate_currency")
    ),
    "unmetered_usage_by_owner": Merge(("keys", "requests", "tokens", "amount")),
    "cap_audit_by_entity_day": Merge(
        (*_AUDITED, "requests_after_crossing", "uncapped_cost"),
        by=("adapter", "entity", "window", "cap_date", "reporting_currency"),
        instead={"status": "'unknown'"},
    ),
    "guardrail_caps": Merge(
        ("amount_usd", "headroom_usd", "amount"),
        by=("as_of_date", "cap_id", "subject", "subject_id", "adapter", "window", "holds_from", "reporting_currency"),
    ),
    "guardrail_cap_overrides": Merge(
        ("amount_usd", "amount"), by=("as_of_date", "cap_id", "subject_id", "window", "starts_at", "reporting_currency")
    ),
    "incidents": Merge(("incident_cost", "cost_per_hour"), by=("started_at", "entity", "kind", "reporting_currency")),
}
"""The grain of each is its contract's with the department, or nobody, in the place of the person."""

_LEFT_OUT = {"dim_people"}
"""A row says nothing but who somebody is."""

_DIGESTS = {
    ("fct_usage", "usage_key"): "true",
    ("fct_usage_shares", "usage_key"): "true",
    ("guardrail_decisions", "evidence_id"): "starts_with(entity, 'developer:')",
    ("enforcement_receipts", "evidence_id"): "starts_with(entity, 'developer:')",
    ("enforcement_receipts", "action_id"): "starts_with(entity, 'developer:')",
}
"""Which digests follow from a person's id, and in which rows."""


class Hiding:
    """What hides people in a publication from ``connection``, whose ``tables`` stand in ``schema``. The home remembers ``mode``,
    which its alerts follow, and the people that tables and directories name.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, home: Path, mode: str, tables: Iterable[str], schema: str
    ) -> None:
        self.connection, self.tables = connection, frozenset(tables)
        self.people = read_people(home)
        if mode == NAMES and not self.people.secret:
            return
        self.people = remember_people(
            home,
            mode,
            _values(connection, _identifiers(connection, self.tables, schema)),
            _values(connection, _things(self.tables, schema)),
            _values(connection, _columns(connection, self.tables, schema, OF_HOLDERS)),
        )
        connection.execute("set variable people_secret = ?", [self.people.secret.hex()])
        connection.execute(
            "create or replace temp table people_shown "
            "(shown_in varchar, hidden_value varchar, shown_value varchar, primary key (shown_in, hidden_value))"
        )

    @property
    def fingerprint(self) -> str:
        """A digest of all that decides how people appear, for what is kept from publication to publication."""
        people = self.people
        body = "\0".join([people.mode, people.secret.hex(), *sorted(people.identifiers), "", *sorted(people.things)])
        return hashlib.sha256(body.encode()).hexdigest()

    def shown_as(self, mode: str) -> Callable[[str, str], str]:
        """SQL for the rows of a relation that has the columns of a table, by name of the table, as ``mode`` shows them."""
        if mode == NAMES:
            return lambda _table, relation: relation
        return _Shown(self.connection, replace(self.people, mode=mode), self.tables).shown


@dataclass(frozen=True)
class _Shown:
    """One way of showing people."""

    connection: duckdb.DuckDBPyConnection
    people: People
    tables: frozenset[str]

    def shown(self, table: str, relation: str) -> str:
        columns = columns_of(self.connection, relation)
        for name, kind in columns.items():
            if "VARCHAR" in kind and kind != "VARCHAR":
                raise HiddenText(f"{table}: {name} is a {kind}, in which nobody looks for people; publish it as text")
        looked_for = [f'{self._value(table, name)} as "{name}"' for name in columns]
        read = f"(select {', '.join(looked_for)} from {relation}{self._condition(table)})"
        chosen = [f'{self._shown(table, name, kind, read)} as "{name}"' for name, kind in columns.items()]
        rows = f"(select {', '.join(chosen)} from {read})"
        if self.people.mode == DEPARTMENTS_ONLY and table in MERGED:
            return _merged(rows, columns, MERGED[table])
        return rows

    def _condition(self, table: str) -> str:
        if self.people.mode != DEPARTMENTS_ONLY:
            return ""
        if table in _LEFT_OUT:
            return " where false"
        if table == "fct_usage_shares" and "fct_usage" in self.tables:
            kept = self.shown("fct_usage", 'marts."fct_usage"')
            return f" where {_digest('usage_key')} in (select usage_key from {kept})"
        return ""

    def _shown(self, table: str, name: str, kind: str, read: str) -> str:
        """SQL for the column of ``read`` as it may be shown."""
        if kind != "VARCHAR" or (table, name) in _DIGESTS:
            return f'"{name}"'
        if name in OF_PEOPLE and self.people.mode == DEPARTMENTS_ONLY:
            return "cast(null as varchar)"
        show = self._show(table, name)
        values = self.connection.execute(f'select distinct "{name}" from {read} where "{name}" is not null').fetchall()
        changed = {value: shown for (value,) in values if (shown := show(value)) != value}
        if not changed:
            return f'"{name}"'
        role, instead = (
            f"{self.people.mode} {table}.{name}",
            [NOBODY if shown is None else shown for shown in changed.values()],
        )
        self.connection.execute(
            "insert or ignore into people_shown select ?, unnest(?::varchar[]), unnest(?::varchar[])",
            [role, list(changed), instead],
        )
        looked_up = (
            f'(select shown_value from people_shown where shown_in = {literal(role)} and hidden_value = "{name}")'
        )
        return f'nullif(coalesce({looked_up}, "{name}"), {literal(NOBODY)})'

    def _value(self, table: str, name: str) -> str:
        """SQL for the value of a column of the table in which people are looked for."""
        if (table, name) in _DIGESTS:
            return f'case when {_DIGESTS[table, name]} then {_digest(name)} else "{name}" end'
        is_alone = self.people.mode == DEPARTMENTS_ONLY
        if table == "guardrail_caps" and name in ("subject_id", "id_pattern") and is_alone:
            return f"case when subject <> 'developer' then \"{name}\" end"
        if table == "cap_audit_by_entity_day" and name in ("subject_id", "entity") and is_alone:
            nobody = f"'developer:{WITHHELD}'" if name == "entity" else "null"
            return f"case when subject = 'developer' then {nobody} else \"{name}\" end"
        if table == "rejected_rows" and name == "value":
            return "case when regexp_full_match(value, '[-+0-9.,:/ ]*') then value end"
        if table == "rejected_rows" and name == "reason":
            says = "length(value) > 1 and not regexp_full_match(value, '[-+0-9.,:/ ]*')"
            return f"case when {says} then replace(reason, value, '{WITHHELD}') else reason end"
        if table == "dim_api_keys" and name == "name" and "fct_usage" in self.tables:
            return (
                "case when (provider, api_key_id) in (select provider, api_key_id from marts.fct_usage "
                "where api_key_id is not null group by all having count(distinct actor_id) = 1 and count(actor_id) = count(*)) "
                "then 'of one person: ' || name else name end"
            )
        return f'"{name}"'

    def _show(self, table: str, name: str) -> Callable[[str], str | None]:
        people = self.people
        if name in OF_PEOPLE:
            return people.person
        if name in OF_HOLDERS:
            return people.holder
        if table == "guardrail_cap_overrides" and name == "subject_id":
            return lambda value: people.person(value) if value in people.identifiers else people.thing(value)
        if table == "dim_api_keys" and name == "name":
            return lambda value: (
                people.opaque(value)
                if value.startswith("of one person: ") or people.contains(value)
                else people.text(value)
            )
        if table != "period_adjustments" and (name.endswith(("_id", "_key", "Id")) or name == "entity"):
            return people.thing
        return people.text


def _digest(column: str) -> str:
    """Another key in the place of one, as unique; a key that is one already stays."""
    secret = "getvariable('people_secret')"
    inner = f'sha256({secret} || "{column}")'
    return f"case when starts_with(\"{column}\", 'k') then \"{column}\" else 'k' || left(sha256({secret} || {inner}), 31) end"


def _identifiers(connection: duckdb.DuckDBPyConnection, tables: frozenset[str], schema: str) -> list[str]:
    """SQL for every id, address and name of a person that a source gave."""
    of_people = _columns(connection, tables, schema, OF_PEOPLE)
    capped = [
        f"select subject_id from {schema}.{table} where subject = 'developer'"
        for table in ("guardrail_caps", "cap_audit_by_entity_day")
        if table in tables
    ]
    directories = connection.execute(
        "select table_name, column_name from duckdb_columns() where schema_name = 'landing' "
        "and (table_name in ('openai__users', 'anthropic__users') and column_name in ('user_id', 'name', 'email') "
        "or table_name = 'ledgers__people' and column_name in ('actor_id', 'email'))"
    ).fetchall()
    return [*of_people, *capped, *(f'select "{column}" from landing."{table}"' for table, column in directories)]


def _things(tables: frozenset[str], schema: str) -> list[str]:
    of = {
        "dim_departments": "department_id",
        "dim_initiatives": "initiative_id",
        "dim_products": "product_id",
        "dim_customers": "customer_id",
        "dim_models": "model_id",
        "dim_providers": "provider",
    }
    return [f"select {column} from {schema}.{table}" for table, column in of.items() if table in tables]


def _columns(
    connection: duckdb.DuckDBPyConnection, tables: frozenset[str], schema: str, wanted: frozenset[str]
) -> list[str]:
    rows = connection.execute(
        "select table_name, column_name from duckdb_columns() where database_name = current_database() "
        "and schema_name = ? and data_type = 'VARCHAR'",
        [schema],
    ).fetchall()
    return [
        f'select "{column}" from {schema}."{table}"' for table, column in rows if table in tables and column in wanted
    ]


def _values(connection: duckdb.DuckDBPyConnection, queries: list[str]) -> list[str]:
    if not queries:
        return []
    rows = connection.execute(
        f"select distinct value from ({' union all '.join(queries)}) as found (value) where value is not null"
    )
    return [value for (value,) in rows.fetchall()]


def _merged(rows: str, columns: dict[str, str], how: Merge) -> str:
    by = how.by or [one for one in columns if one not in (*how.summed, *how.least)]
    chosen = []
    for name, kind in columns.items():
        column = f'"{name}"'
        if name in how.summed:
            chosen.append(f"cast(sum({column}) as {kind}) as {column}")
        elif name in how.least:
            chosen.append(f"min({column}) as {column}")
        elif name in by:
            chosen.append(column)
        else:
            one = f"min({column}) is not distinct from max({column}) and count({column}) in (0, count(*))"
            chosen.append(f"case when {one} then min({column}) else {how.instead.get(name, 'null')} end as {column}")
    grouped = ", ".join(f'"{name}"' for name in by)
    return f"(select {', '.join(chosen)} from {rows} group by {grouped})"
