"""Names for ids: temporary views that the queries of the summary and the alerts join. A view is empty where its dimension is
not published, or was published without names, so that the id stands there instead.
"""

from collections.abc import Callable

import duckdb

_VIEWS = (
    ("initiative_names", "dim_initiatives", "initiative_id", "name", "null::varchar", "is_current"),
    ("department_names", "dim_departments", "department_id", "name", "null::varchar", "is_current"),
    ("product_names", "dim_products", "product_id", "name", "null::varchar", "is_current"),
    ("key_names", "dim_api_keys", "api_key_id", "name", "provider", "true"),
    ("project_names", "focus_cost_and_usage", '"SubAccountId"', '"SubAccountName"', "null::varchar", "true"),
)
_VIEW = """
create or replace temp view {view} as
select {provider} as provider, {key} as id, any_value({name}) as name from {table}
where {condition} and {key} is not null group by all
"""
_NONE = """
create or replace temp view {view} as
select null::varchar as provider, null::varchar as id, null::varchar as name where false
"""


def make_names(connection: duckdb.DuckDBPyConnection, holds: Callable[..., bool]) -> None:
    """Make the views, each with ``id`` and ``name``; keys also with ``provider``, since a key is known only with it."""
    for view, table, key, name, provider, condition in _VIEWS:
        text = _VIEW.format(view=view, table=table, key=key, name=name, provider=provider, condition=condition)
        is_named = holds(table) and {key.strip('"'), name.strip('"')} <= _columns(connection, table)
        connection.execute(text if is_named else _NONE.format(view=view))


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    return {row[0] for row in connection.execute(f"describe {table}").fetchall()}
