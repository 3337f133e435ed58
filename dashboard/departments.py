"""The publication as one department may see it: its own rows and nobody else's.

Every table has the same name and columns, and of its rows those that prove to be the department's: by ``department_id``, by an
initiative that was the department's on the day of the row, by a product, a key or a person that is the department's alone
(:data:`RULES`). A row of a month is the department's if the initiative was for all of it. A table without a rule is absent, and
so are company-wide totals, the reconciliation and whatever follows from them: nothing is shown because nothing forbids it.

A shared cost appears with the department's share, since that is its row of ``fct_allocated_costs``. Columns of a row that speak
of others (the company's runway, the name of a rule, a person of another department) are null.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from dashboard.publication import Publication, open_publication
from orchestration import utc_duckdb
from orchestration.quoting import literal

_DEPARTMENT = "{0}department_id in (select department_id from own.departments)"


def _initiative(day: str) -> str:
    """The row's initiative was the department's on this day (SQL)."""
    return (
        "exists (select 1 from own.initiatives as held where held.initiative_id = shown.initiative_id "
        f"and {day} >= held.valid_from and {day} < held.valid_to)"
    )


_FIRST = "cast(shown.fiscal_period || '-01' as date)"
_MONTH = (
    "shown.initiative_id in (select initiative_id from own.initiatives) and not exists (select 1 from own.elsewhere "
    "where elsewhere.initiative_id = shown.initiative_id "
    f"and elsewhere.valid_from < {_FIRST} + interval 1 month and elsewhere.valid_to > {_FIRST})"
)
_PRODUCT = "shown.product_id in (select product_id from own.products)"
_KEY = "shown.api_key_id in (select api_key_id from own.keys)"
_ENTITY = """(
    shown.entity_type = 'department' and shown.entity_id in (select department_id from own.departments)
    or shown.entity_type = 'initiative' and exists (
        select 1 from own.initiatives as held where held.initiative_id = shown.entity_id
        and shown.as_of_date >= held.valid_from and shown.as_of_date < held.valid_to))"""


def _subject(day: str) -> str:
    """What is capped is a key, a person or an initiative of the department."""
    return f"""(
    shown.subject = 'key' and shown.subject_id in (select api_key_id from own.keys)
    or shown.subject = 'developer' and shown.subject_id in (select actor_id from own.people)
    or shown.subject = 'initiative' and exists (
        select 1 from own.initiatives as held where held.initiative_id = shown.subject_id
        and {day} >= held.valid_from and {day} < held.valid_to))"""


@dataclass(frozen=True)
class Rule:
    """``where`` proves a row of the table, called ``shown``, to be the department's; ``needs``: other tables that it reads.
    ``instead``: SQL for columns that would speak of others.
    """

    where: str
    needs: tuple[str, ...] = ()
    instead: tuple[tuple[str, str], ...] = ()


_ACTOR = (
    "actor_id",
    "case when shown.actor_id in (select actor_id from own.others) then null else shown.actor_id end",
)
_NO_RULE = ("allocation_rule_id", "cast(null as varchar)")
_OWN = Rule(_DEPARTMENT.format("shown."))
_OWN_PRODUCT = Rule(_PRODUCT, ("fct_allocated_costs",))
_OWN_MONTH = Rule(_MONTH)
_OWN_DAY = Rule(_initiative("shown.as_of_date"))
_ALL_OF_IT = (
    "shown.actor_id not in (select actor_id from own.others) "
    "and not exists (select 1 from published.fct_allocated_costs as other "
    "where other.actor_id = shown.actor_id and {same} "
    "and (other.department_id is null or other.department_id not in (select department_id from own.departments))) "
    "and exists (select 1 from published.fct_allocated_costs as other where other.actor_id = shown.actor_id and {same})"
)

RULES: dict[str, Rule] = {
    "dim_dates": Rule("true"),
    "dim_departments": _OWN,
    "dim_initiatives": _OWN,
    "dim_people": _OWN,
    "dim_products": _OWN_PRODUCT,
    "dim_customers": Rule(
        "shown.customer_id in (select customer_id from published.fct_allocated_costs as other where "
        + _DEPARTMENT.format("other.")
        + ")",
        ("fct_allocated_costs",),
    ),
    "dim_models": Rule(
        "(shown.provider, shown.model_id) in (select provider, model_id from published.fct_allocated_costs as other where "
        + _DEPARTMENT.format("other.")
        + ")",
        ("fct_allocated_costs",),
    ),
    "dim_api_keys": Rule(_KEY, ("fct_usage",)),
    "fct_usage": Rule(_OWN.where, (), (_ACTOR, _NO_RULE)),
    "fct_usage_shares": Rule(_OWN.where, (), (_NO_RULE,)),
    "fct_allocated_costs": Rule(_OWN.where, (), (_ACTOR, _NO_RULE)),
    "fct_labor": _OWN,
    "fct_budget_movements": _OWN,
    "fct_revenue": _OWN_PRODUCT,
    "fct_business_metrics": Rule(
        f"({_OWN.where} or {_initiative('shown.metric_date')} or {_PRODUCT})", ("fct_allocated_costs",)
    ),
    "gross_margin_by_product_day": _OWN_PRODUCT,
    "gross_margin_by_product_month": _OWN_PRODUCT,
    "gross_margin_sensitivity_by_product_month": _OWN_PRODUCT,
    "gross_margin_by_initiative_month": _OWN_MONTH,
    "run_rate_by_department_day": _OWN,
    "run_rate_by_initiative_day": _OWN_DAY,
    "forecast_by_initiative_day": _OWN_DAY,
    "forecast_by_horizon": Rule(_ENTITY),
    "month_end_projection": Rule(_ENTITY),
    "budget_status_by_department_month": _OWN,
    "budget_status_by_initiative": _OWN_DAY,
    "budget_variance_by_initiative_month": _OWN_MONTH,
    "core_demotions_by_initiative": _OWN_DAY,
    "graduation_gates": _OWN_DAY,
    "graduation_readiness": _OWN_DAY,
    "gate_replay": Rule(_initiative("shown.replay_date")),
    "milestone_tolerance": _OWN_DAY,
    "complacency_by_initiative_month": _OWN_MONTH,
    "unit_economics_by_initiative_month": _OWN_MONTH,
    "cache_losses": _OWN,
    "cache_savings_by_model_month": _OWN,
    "model_right_sizing_by_department_month": _OWN,
    "model_right_sizing_by_initiative_month": _OWN_MONTH,
    "model_right_sizing_realised_by_initiative_month": _OWN_MONTH,
    "model_right_sizing_by_developer_month": Rule(
        _ALL_OF_IT.format(same="strftime(other.cost_date, '%Y-%m') = shown.fiscal_period"), ("fct_allocated_costs",)
    ),
    "spend_by_developer_day": Rule(
        _ALL_OF_IT.format(same="other.cost_date = shown.spend_date"), ("fct_allocated_costs",)
    ),
    "claude_code_by_developer_day": _OWN,
    "unmetered_usage_by_owner": Rule(_OWN.where, (), (_ACTOR,)),
    "incidents": Rule(
        f"{_OWN.where} and {_KEY}",
        ("fct_usage",),
        (
            _ACTOR,
            ("runway_days_lost", "cast(null as double)"),
            ("runway_days_lost_null_reason", "cast(null as varchar)"),
        ),
    ),
    "guardrail_caps": Rule(_subject("shown.as_of_date"), ("fct_usage",)),
    "cap_audit_by_entity_day": Rule(_subject("shown.cap_date"), ("fct_usage",)),
    "guardrail_decisions": Rule("shown.entity in (select 'key:' || api_key_id from own.keys)", ("fct_usage",)),
    "enforcement_receipts": Rule("shown.entity in (select 'key:' || api_key_id from own.keys)", ("fct_usage",)),
}
"""The tables a department may see."""

LARGE = frozenset({"fct_usage", "fct_usage_shares", "fct_allocated_costs"})
"""Tables that may have many million rows: the department's are looked up where they are; of the others they are copied, since a
page asks many times.
"""
_OWN_TABLES = {
    "departments": "department_id varchar",
    "initiatives": "initiative_id varchar, valid_from date, valid_to date",
    "elsewhere": "initiative_id varchar, valid_from date, valid_to date",
    "people": "actor_id varchar",
    "others": "actor_id varchar",
    "products": "product_id varchar",
    "keys": "api_key_id varchar",
}
_HELD = "select initiative_id, valid_from, valid_to from published.dim_initiatives where department_id"
_ONLY_HERE = "bool_and(coalesce(department_id = $department, false))"
_OWNED = {
    "initiatives": (("dim_initiatives",), f"{_HELD} = $department"),
    "elsewhere": (("dim_initiatives",), f"{_HELD} is distinct from $department"),
    "people": (("dim_people",), f"select actor_id from published.dim_people group by actor_id having {_ONLY_HERE}"),
    "others": (
        ("dim_people",),
        "select actor_id from published.dim_people where actor_id is not null group by actor_id "
        "having not bool_or(coalesce(department_id = $department, false))",
    ),
    "products": (
        ("dim_initiatives", "fct_allocated_costs"),
        "select product_id from (select product_id, department_id from published.dim_initiatives union all "
        "select product_id, department_id from published.fct_allocated_costs) where product_id is not null "
        f"group by product_id having {_ONLY_HERE}",
    ),
    "keys": (
        ("fct_usage",),
        f"select api_key_id from published.fct_usage where api_key_id is not null group by api_key_id having {_ONLY_HERE}",
    ),
}
"""What is the department's alone, from the tables it is read from; nothing where one of them is not published."""


@dataclass
class Restricted(Publication):
    """What a department does not see is not missing. ``filled``: the tables that have a row of the department; of the others
    nothing is proven, not even that there is nothing.
    """

    filled: frozenset[str] = frozenset()

    def holds(self, *tables: str) -> bool:
        return set(tables) <= set(self.provenance.tables)


@dataclass(frozen=True)
class Departments:
    """The departments of a publication, of which one is seen at a time. ``rows_of``: the query for the department's rows by each
    table that a department may see.
    """

    connection: duckdb.DuckDBPyConnection
    whole: Publication
    rows_of: dict[str, str]

    @property
    def tables(self) -> tuple[str, ...]:
        return tuple(sorted(self.rows_of))

    def ids(self) -> list[str]:
        """Departments that were declared or have a cost."""
        named = [one for one in ("dim_departments", "fct_allocated_costs") if one in self.whole.provenance.tables]
        found = " union ".join(
            f"select department_id from published.{one} where department_id is not null" for one in named
        )
        return [name for (name,) in self.connection.execute(f"{found} order by 1").fetchall()] if named else []

    def see(self, department_id: str) -> Restricted:
        """The publication of this department; the one that was seen before must not be read any more."""
        self.connection.execute("delete from own.departments")
        self.connection.execute("insert into own.departments values (?)", [department_id])
        for name, (reads, query) in _OWNED.items():
            self.connection.execute(f"delete from own.{name}")
            if set(reads) <= set(self.whole.provenance.tables):
                self.connection.execute(f"insert into own.{name} {query}", {"department": department_id})
        for table in set(self.tables) - LARGE:
            self.connection.execute(f"delete from {table}")
            self.connection.execute(f"insert into {table} {self.rows_of[table]}")
        asked = ", ".join(f"exists (select 1 from {table}) as {table}" for table in self.tables)
        seen = Restricted(self.connection, replace(self.whole.provenance, tables=self.tables, department=department_id))
        if self.tables:
            (found,) = seen.rows("", f"select {asked}")
            seen.filled = frozenset(table for table, is_filled in found.items() if is_filled)
        named = seen.one("dim_departments", "select max(name) as name from dim_departments where is_current")
        if named and named["name"]:
            seen.provenance = replace(seen.provenance, department=named["name"])
        return seen


@contextmanager
def open_departments(folder: Path, manifest: dict[str, Any]) -> Iterator[Departments]:
    """The departments of the publication in ``folder``, over one connection."""
    with open_publication(folder, manifest) as whole, utc_duckdb.connect() as connection:
        connection.execute(f"attach {literal(folder / 'marts.duckdb')} as published (read_only)")
        connection.execute("attach ':memory:' as own")
        for name, columns in _OWN_TABLES.items():
            connection.execute(f"create table own.{name} ({columns})")
        # many small queries: threads would cost more than they save
        connection.execute("set threads = 1")
        published = set(whole.provenance.tables)
        tables = [name for name, rule in RULES.items() if {name, *rule.needs} <= published]
        yield Departments(connection, whole, {name: _show(connection, name, RULES[name]) for name in tables})


def _show(connection: duckdb.DuckDBPyConnection, table: str, rule: Rule) -> str:
    """Make what shows the department's rows, with what the table and its columns say; the query for them."""
    columns = connection.execute(
        "select column_name, comment from duckdb_columns() where database_name = 'published' and table_name = ? "
        "order by column_index",
        [table],
    ).fetchall()
    instead = dict(rule.instead)
    chosen = ", ".join(f'{instead.get(name, _column(name))} as "{name}"' for name, _ in columns)
    query = f"select {chosen} from published.{table} as shown where {rule.where}"
    kind = "view" if table in LARGE else "table"
    connection.execute(f"create {kind} {table} as {query}{'' if table in LARGE else ' limit 0'}")
    (says,) = connection.execute(
        "select comment from duckdb_tables() where database_name = 'published' and table_name = ?", [table]
    ).fetchone() or (None,)
    comments = [f"comment on {kind} {table} is {literal(says)}"] if says else []
    comments += [f'comment on column {table}."{name}" is {literal(text)}' for name, text in columns if text]
    connection.execute(";".join(["begin", *comments, "commit"]))
    return query


def _column(name: str) -> str:
    return f'shown."{name}"'
