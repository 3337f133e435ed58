"""Compares what each initiative cost, used and did by month, and lands ``statistics/variance_components``.

Reads ``marts.fct_allocated_costs``, the usage and units behind it, and what core initiatives were allowed
(``intermediate.int_core_allowances_by_month``). The token part of a model's allocated cost leaves out credits, at the
model's own ratio of credits to bills, and what else was billed under the model's name, in proportion to list cost.
Where one of two months is known in part, the month before is scaled to the days of the later whose units are known; what
that moves, and the cost of the days without units, is component ``days``.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import duckdb

from orchestration.landing.store import Landing
from orchestration.lineage import tables_read
from orchestration.statistics.variance import ModelUse, PeriodCost, decompose

PARTITION = "current"
VERIFIED_DAYS = 28
WINDOW_BEFORE_CORE = 30
REFERENCE = "reference"
Month = tuple[str, date, date]
Span = tuple[str, str, date, date]
Periods = dict[tuple[str, str], PeriodCost]


def evaluate_variance(connection: duckdb.DuckDBPyConnection, landing: Landing, company: Any, as_of: date) -> None:
    """Compute and land the components of every initiative and month up to ``as_of``."""
    with landing.batch("statistics", "variance_components") as batch:
        batch.add_rows(PARTITION, variance_rows(connection, as_of, company.config.minor_unit))


def variance_rows(connection: duckdb.DuckDBPyConnection, as_of: date, unit: Decimal) -> list[dict[str, Any]]:
    """Rows initiative_id, fiscal_period, comparison (prior_month, budget), component and amount in whole ``unit``."""
    firsts = connection.execute(_FIRST_COSTS, {"as_of": as_of}).fetchall()
    core_since = {initiative: day for initiative, _, day in firsts if day is not None}
    months = {initiative: _months(first, as_of) for initiative, first, _ in firsts}
    periods = read_periods(connection, [span for one, spans in months.items() for span in _labelled(one, spans)])
    begun = {initiative: first for initiative, first, _ in firsts}
    units_until = dict(connection.execute(_UNITS_UNTIL).fetchall())
    known = {(one, span): _known_span(span, units_until.get(one)) for one, spans in months.items() for span in spans}
    shorter = read_periods(connection, [(one, *known[one, span]) for one, span in known if known[one, span] != span])
    rows = []
    for initiative, spans in months.items():
        for earlier, later in pairwise(spans):
            compared = known[initiative, later]
            whole = periods[initiative, later[0]]
            actual = shorter.get((initiative, later[0]), whole)
            before = periods[initiative, earlier[0]]
            scaled = scaled_to_days(before, _day_ratio(earlier, compared, begun[initiative]))
            days = scaled.total - before.total + whole.total - actual.total
            rows += _rows(initiative, later[0], "prior_month", decompose(scaled, actual, unit, days))
    rows += _budget_rows(connection, core_since, months, as_of, unit)
    return sorted(
        rows, key=lambda row: (row["initiative_id"], row["fiscal_period"], row["comparison"], row["component"])
    )


def _budget_rows(
    connection: duckdb.DuckDBPyConnection,
    core_since: dict[str, date],
    months: dict[str, list[tuple[str, date, date]]],
    as_of: date,
    unit: Decimal,
) -> list[dict[str, Any]]:
    """Each core month against its flexible budget: the verified window's use, scaled to the month's units."""
    allowances = connection.execute(_ALLOWANCES, {"as_of": as_of}).fetchall()
    windows = {
        initiative: (first, last)
        for initiative, first, last in connection.execute(_FIRST_COMPLETE_DAYS, {"as_of": as_of}).fetchall()
    }
    spans: list[Span] = []
    for initiative in {one for one, *_ in allowances if one in core_since}:
        begun = core_since[initiative]
        before = (begun - timedelta(days=WINDOW_BEFORE_CORE), begun - timedelta(days=1))
        spans.append((initiative, REFERENCE, *windows.get(initiative, before)))
        spans += [
            (initiative, name, max(first, begun), last) for name, first, last in months[initiative] if last >= begun
        ]
    periods = read_periods(connection, spans)
    rows = []
    for initiative, month, amount in allowances:
        if (initiative, month) in periods:
            actual = periods[initiative, month]
            budget = scaled_reference(periods[initiative, REFERENCE], actual, amount)
            rows += _rows(initiative, month, "budget", decompose(budget, actual, unit))
    return rows


def _known_span(month: Month, units_until: date | None) -> Month:
    """The part of a month of which units are known; the month itself where none are, or not yet."""
    name, first, last = month
    return (name, first, min(last, units_until)) if units_until is not None and units_until >= first else month


def _day_ratio(earlier: Month, later: Month, begun: date) -> Fraction:
    """Days of ``later`` per day of ``earlier`` where one of them is a part of its month, else 1: months differ by nature."""
    (_, first, last), (_, later_first, later_last) = earlier, later
    is_whole = begun <= first and (later_last + timedelta(days=1)).day == 1
    if is_whole or begun > last:
        return Fraction(1)
    return Fraction((later_last - later_first).days + 1, (last - max(first, begun)).days + 1)


def scaled_to_days(period: PeriodCost, ratio: Fraction) -> PeriodCost:
    """The period as it would have been over ``ratio`` times its days."""
    if ratio == 1:
        return period
    factor = float(ratio)
    models = {name: ModelUse(use.tokens * factor, use.cost * factor) for name, use in period.models.items()}
    total = period.total * ratio.numerator / ratio.denominator
    return PeriodCost(total, None if period.units is None else period.units * factor, models, period.unit)


def scaled_reference(reference: PeriodCost, actual: PeriodCost, allowance: Decimal) -> PeriodCost:
    """The verified window as it would have been with the units of ``actual``, costing ``allowance`` in all."""
    if not reference.units or not actual.units or reference.unit != actual.unit:
        return PeriodCost(allowance, None, actual.models)
    factor = actual.units / reference.units
    models = {name: ModelUse(use.tokens * factor, use.cost * factor) for name, use in reference.models.items()}
    return PeriodCost(allowance, actual.units, models, actual.unit)


def read_periods(connection: duckdb.DuckDBPyConnection, spans: list[Span]) -> Periods:
    """Cost, units and tokens by model of each span (initiative, name, first and last day)."""
    if not spans:
        return {}
    columns = {
        name: [span[at] for span in spans] for at, name in enumerate(("initiatives", "names", "firsts", "lasts"))
    }
    models: dict[tuple[str, str], dict[str, ModelUse]] = {}
    for initiative, name, model, tokens, cost in connection.execute(_SPANS + _MODELS, columns).fetchall():
        models.setdefault((initiative, name), {})[model] = ModelUse(tokens, cost)
    totals = connection.execute(_SPANS + _TOTALS, columns).fetchall()
    return {
        (initiative, name): PeriodCost(total, units, models.get((initiative, name), {}), unit)
        for initiative, name, total, units, unit in totals
    }


def _months(first: date, as_of: date) -> list[tuple[str, date, date]]:
    """Months from that of ``first`` to that of ``as_of``: name, first and last day."""
    found, start = [], first.replace(day=1)
    while start <= as_of:
        after = (start + timedelta(days=31)).replace(day=1)
        found.append((f"{start:%Y-%m}", start, min(after - timedelta(days=1), as_of)))
        start = after
    return found


def _labelled(initiative: str, months: Iterable[tuple[str, date, date]]) -> list[Span]:
    return [(initiative, *month) for month in months]


def _rows(initiative: str, month: str, comparison: str, parts: dict[str, Decimal]) -> list[dict[str, Any]]:
    return [
        {
            "initiative_id": initiative,
            "fiscal_period": month,
            "comparison": comparison,
            "component": component,
            "amount": amount,
        }
        for component, amount in parts.items()
    ]


_FIRST_COSTS = """
select initiative_id, min(cost_date), min(cost_date) filter (where budget_class = 'core')
from marts.fct_allocated_costs where initiative_id is not null and cost_date <= $as_of group by all order by all"""
_UNITS_UNTIL = "select initiative_id, max(covered_to) from intermediate.int_initiative_units_covered group by all"
_ALLOWANCES = """
select initiative_id, fiscal_period, sum(allowance_amount)
from intermediate.int_core_allowances_by_month where fiscal_period <= strftime($as_of::date, '%Y-%m')
group by all having count(allowance_amount) = count(*) order by all"""
_FIRST_COMPLETE_DAYS = f"""
with numbered as (
    select daily.entity_id, daily.cost_date,
        row_number() over (partition by daily.entity_id order by daily.cost_date) as day_number
    from intermediate.int_cost_object_daily_costs as daily
    inner join intermediate.int_core_initiatives_verified as verified
        on daily.entity_id = verified.initiative_id and verified.verified_by = 'first_28_days'
    inner join (
        select entity_id, min(cost_date) as first_date from intermediate.int_cost_object_daily_costs
        where entity_type = 'initiative' and allocated_cost <> 0 group by all
    ) as firsts on daily.entity_id = firsts.entity_id and daily.cost_date >= firsts.first_date
    where daily.entity_type = 'initiative' and daily.is_complete and not daily.is_missing and daily.cost_date <= $as_of
)
select entity_id, min(cost_date), max(cost_date) from numbered where day_number <= {VERIFIED_DAYS} group by all"""
_SPANS = """
with spans as (
    select unnest($initiatives) as initiative_id, unnest($names) as name, unnest($firsts) as first_day,
        unnest($lasts) as last_day
)
"""
_TOTALS = """
, costs as (
    select spans.initiative_id, spans.name, sum(costs.allocated_cost) as total
    from spans inner join marts.fct_allocated_costs as costs
        on spans.initiative_id = costs.initiative_id and costs.cost_date between spans.first_day and spans.last_day
    group by all
), units as (
    select spans.initiative_id, spans.name,
        case when count(distinct work.unit_of_work) < 2 then cast(sum(work.units) as double) end as units,
        max(work.unit_of_work) as unit
    from spans inner join intermediate.int_initiative_daily_units as work
        on spans.initiative_id = work.initiative_id and work.metric_date between spans.first_day and spans.last_day
    group by all
)
select spans.initiative_id, spans.name, coalesce(costs.total, 0), units.units, units.unit
from spans
left join costs on spans.initiative_id = costs.initiative_id and spans.name = costs.name
left join units on spans.initiative_id = units.initiative_id and spans.name = units.name"""
_MODELS = """
, daily_usage as (
    select initiative_id, usage_date, provider, model_id,
        coalesce(sum(quantity) filter (where unit = 'tokens'), 0) as tokens,
        coalesce(sum(list_cost) filter (where unit = 'tokens'), 0) as token_list,
        coalesce(sum(list_cost) filter (where unit not in ('tokens', 'requests')), 0) as other_list
    from intermediate.int_usage_attributed
    where initiative_id is not null and model_id is not null group by all
), used as (
    select spans.initiative_id, spans.name, usage.provider, usage.model_id, sum(usage.tokens) as tokens,
        sum(usage.token_list) as token_list, sum(usage.other_list) as other_list
    from spans inner join daily_usage as usage
        on spans.initiative_id = usage.initiative_id and usage.usage_date between spans.first_day and spans.last_day
    group by all
), daily_costs as (
    select initiative_id, cost_date, provider, model_id, sum(allocated_cost) as cost
    from marts.fct_allocated_costs
    where initiative_id is not null and model_id is not null group by all
), costs as (
    select spans.initiative_id, spans.name, costs.provider, costs.model_id, any_value(spans.first_day) as first_day,
        any_value(spans.last_day) as last_day, sum(costs.cost) as cost
    from spans inner join daily_costs as costs
        on spans.initiative_id = costs.initiative_id and costs.cost_date between spans.first_day and spans.last_day
    group by all
), credited as (
    select costs.initiative_id, costs.name, costs.provider, costs.model_id,
        cast(sum(billed.effective_cost) as double) as billed,
        cast(coalesce(sum(billed.effective_cost) filter (where billed.charge_category = 'usage'), 0) as double) as used
    from costs inner join intermediate.int_billed_costs_unioned as billed
        on costs.provider = billed.provider and costs.model_id = billed.model_id
        and billed.cost_date between costs.first_day and costs.last_day
    group by all
)
select used.initiative_id, used.name, concat(used.provider, '/', used.model_id), cast(used.tokens as double),
    coalesce(
        cast(costs.cost as double)
        * case when credited.billed > 0 and credited.used > 0 then credited.used / credited.billed else 1 end
        * case
            when used.token_list + used.other_list > 0
                then cast(used.token_list as double) / cast(used.token_list + used.other_list as double)
            else 1
        end,
        0
    )
from used
left join costs
    on used.initiative_id = costs.initiative_id and used.name = costs.name and used.provider = costs.provider
    and used.model_id = costs.model_id
left join credited
    on used.initiative_id = credited.initiative_id and used.name = credited.name
    and used.provider = credited.provider and used.model_id = credited.model_id
where used.tokens > 0 and used.provider is not null"""
TABLES = tables_read(_FIRST_COSTS, _UNITS_UNTIL, _ALLOWANCES, _FIRST_COMPLETE_DAYS, _TOTALS, _MODELS)
