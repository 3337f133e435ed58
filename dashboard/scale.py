"""What keeps a page readable with a large company behind it: the last thirteen periods, the largest rows, and one row for
all others together, so that totals stay those of the table. A row of the others keeps the values that filters look at.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from dashboard.figures import Column
from dashboard.publication import Row

MONTH = Column("period", "Month", "date")
RECENT = """(
    select fiscal_period from dim_dates where calendar_date <= cast(? as date)
    group by fiscal_period order by fiscal_period desc limit 13
)"""
"""The fiscal periods that are shown, as SQL with the as-of day for its one value."""


def with_others(rows: Sequence[Row], most: int, label: str, sums: Sequence[str], keep: Sequence[str] = ()) -> list[Row]:
    """The first ``most`` rows of each period, and for all others with equal values of ``keep`` (and period) one row whose
    ``label`` says how many they are. ``sums`` are added up over them, None where no value is known; other columns are None.
    """
    shown: list[Row] = []
    others: dict[tuple[object, ...], list[Row]] = {}
    counts: dict[object, int] = {}
    for row in rows:
        period = row.get("period")
        counts[period] = counts.get(period, 0) + 1
        if counts[period] <= most:
            shown.append(row)
        else:
            others.setdefault((period, *(row[name] for name in keep)), []).append(row)
    for key, group in others.items():
        if len(group) == 1:
            shown.append(group[0])
            continue
        together: Row = dict.fromkeys(group[0])
        together |= dict(zip(keep, key[1:], strict=True))
        together |= {"period": key[0]} if "period" in group[0] else {}
        together |= {name: _sum(row[name] for row in group) for name in sums}
        together[label] = f"the other {len(group):,} together"
        shown.append(together)
    return sorted(shown, key=lambda row: str(row.get("period") or ""), reverse=True)


def largest(groups: str, most: int, order: str, sums: Sequence[str], keep: Sequence[str] = ()) -> str:
    """The SQL of ``groups``, rows with a ``period``, cut like :func:`with_others` before they leave the database: for groups as
    many as there are keys. The rows of the others have ``others``, how many they are; :func:`named_others` says so.
    """
    kept = "".join(f", {name}" for name in keep)
    summed = ", ".join(f"sum({name}) as {name}" for name in sums)
    return f"""
with groups as ({groups}),
ranked as (select *, row_number() over (partition by period order by {order}) as place from groups)
select *, cast(null as bigint) as others from ranked where place <= {most}
union all by name
select period{kept}, {summed}, count(*) as others, {most} + 1 as place from ranked where place > {most}
group by period{kept}
order by period desc, place, others desc nulls first{kept}
"""


def named_others(rows: Sequence[Row], label: str) -> None:
    """Says in ``label`` of the rows of the others how many they are."""
    for row in rows:
        if row["others"]:
            row[label] = "one other" if row["others"] == 1 else f"the other {row['others']:,} together"


def _sum(values: Iterable[Any]) -> Any:
    known = [value for value in values if value is not None]
    return sum(known[1:], known[0]) if known else None
