"""Run-rate and forecast: what a month costs at the present level, where it goes, and how good such forecasts have been."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate, groupby

from dashboard.charts import Drawer, band, fan
from dashboard.figures import Block, Chart, Column, Figure, Page, Section, Table, Verdict, shown
from dashboard.pages.front import stability
from dashboard.publication import Publication, Row
from orchestration.glossary import in_words

COMPANY = """
select 'company' as kind, company_id as entity, null as department_id, null as product_id, rates.*
from run_rate_by_company_day as rates where as_of_date = cast(? as date)
"""
DEPARTMENTS = """
select 'department' as kind, coalesce(departments.name, rates.department_id) as entity, null as product_id, rates.*
from run_rate_by_department_day as rates
left join (select department_id, name from dim_departments where is_current) as departments
    on rates.department_id = departments.department_id
where rates.as_of_date = cast(? as date)
order by rates.run_rate_monthly desc nulls last, entity
"""
INITIATIVES = """
select 'initiative' as kind, coalesce(initiatives.name, rates.initiative_id) as entity, initiatives.department_id,
    initiatives.product_id, rates.*
from run_rate_by_initiative_day as rates
left join (select * from dim_initiatives where is_current) as initiatives
    on rates.initiative_id = initiatives.initiative_id
where rates.as_of_date = cast(? as date)
order by rates.run_rate_monthly desc nulls last, entity
"""

HISTORY = """
select null as department_id, company_id as entity, as_of_date as day, run_rate_monthly, run_rate_low, run_rate_high,
    daily_allocated_cost
from run_rate_by_company_day
where as_of_date > cast(? as date) - interval 120 day and as_of_date <= cast(? as date)
order by day
"""

DEPARTMENT_HISTORY = """
select rates.department_id, coalesce(departments.name, rates.department_id) as entity, rates.as_of_date as day,
    rates.run_rate_monthly, rates.run_rate_low, rates.run_rate_high, rates.daily_allocated_cost
from run_rate_by_department_day as rates
left join (select department_id, name from dim_departments where is_current) as departments
    on rates.department_id = departments.department_id
where rates.as_of_date > cast(? as date) - interval 120 day and rates.as_of_date <= cast(? as date)
order by rates.department_id, day
"""

FORECASTS = """
select
    forecasts.entity_type as kind,
    case forecasts.entity_type
        when 'department' then coalesce(departments.name, forecasts.entity_id)
        when 'initiative' then coalesce(initiatives.name, forecasts.entity_id)
        else forecasts.entity_id
    end as entity,
    forecasts.horizon_days, forecasts.forecast, forecasts.forecast_low, forecasts.forecast_high, forecasts.method,
    forecasts.error_ratio, forecasts.coverage_ratio, forecasts.windows,
    case forecasts.entity_type when 'department' then forecasts.entity_id else initiatives.department_id end as department_id,
    initiatives.product_id
from forecast_by_horizon as forecasts
left join (select * from dim_departments where is_current) as departments
    on forecasts.entity_type = 'department' and forecasts.entity_id = departments.department_id
left join (select * from dim_initiatives where is_current) as initiatives
    on forecasts.entity_type = 'initiative' and forecasts.entity_id = initiatives.initiative_id
where forecasts.as_of_date = cast(? as date)
order by case forecasts.entity_type when 'company' then 0 when 'department' then 1 else 2 end, entity, forecasts.horizon_days
"""

PROJECTIONS = """
select
    projections.entity_type as kind,
    case projections.entity_type
        when 'department' then coalesce(departments.name, projections.entity_id)
        when 'initiative' then coalesce(initiatives.name, projections.entity_id)
        else projections.entity_id
    end as entity,
    projections.fiscal_period, projections.days_left, projections.spent_amount, projections.forecast,
    projections.projected_amount, projections.projected_low, projections.projected_high, projections.days_missing,
    case projections.entity_type
        when 'department' then projections.entity_id
        else initiatives.department_id
    end as department_id,
    initiatives.product_id
from month_end_projection as projections
left join (select * from dim_departments where is_current) as departments
    on projections.entity_type = 'department' and projections.entity_id = departments.department_id
left join (select * from dim_initiatives where is_current) as initiatives
    on projections.entity_type = 'initiative' and projections.entity_id = initiatives.initiative_id
where projections.as_of_date = cast(? as date)
order by
    case projections.entity_type when 'company' then 0 when 'department' then 1 else 2 end, projections.spent_amount desc,
    entity
"""

FILTERS = {"department": "department_id", "product": "product_id"}
MOST_DEPARTMENTS = 12
"""As many departments have drawings of their own, those with the highest run-rate first."""
MEANT = 0.8
"""What share of outcomes the intervals are meant to hold."""


def run_rate(publication: Publication, drawer: Drawer) -> Page:
    run = publication.provenance
    days = [run.as_of, run.as_of]
    rates = _rates(publication)
    level = "department" if run.department else "company"
    history = [] if run.department else publication.rows("run_rate_by_company_day", HISTORY, days)
    of_departments = publication.rows("run_rate_by_department_day dim_departments", DEPARTMENT_HISTORY, days)
    forecasts = publication.rows("forecast_by_horizon dim_departments dim_initiatives", FORECASTS, [run.as_of])
    largest = [row["department_id"] for row in rates if row["kind"] == "department"][:MOST_DEPARTMENTS]
    histories: dict[str | None, list[Row]] = {None: of_departments if run.department else history}
    if not run.department:
        for department, rows in groupby(of_departments, key=lambda row: row["department_id"]):
            if department in largest:
                histories[department] = list(rows)
    return Page(
        "run_rate",
        "Run-rate",
        "What a month costs at the present level, where the open month ends, and what the next ninety days may cost.",
        (
            Section(
                "Run-rate",
                (
                    *_figures(rates, forecasts, level),
                    *_bands(drawer, run.currency, histories),
                    _history(histories[None], level),
                ),
            ),
            Section("Who, and is it stable", (_rate_table(rates),)),
            Section(
                f"Forecast from {run.as_of + timedelta(days=1)}",
                (*_fans(drawer, run.currency, run.as_of, histories, forecasts, level), _forecasts(forecasts)),
                "Beside each forecast stands how good such forecasts were on the past of the same record.",
            ),
            Section("Where the open month ends", (_projections(publication),)),
        ),
    )


def _rates(publication: Publication) -> list[Row]:
    as_of = [publication.provenance.as_of]
    rows = [
        *publication.rows("run_rate_by_company_day", COMPANY, as_of),
        *publication.rows("run_rate_by_department_day dim_departments", DEPARTMENTS, as_of),
        *publication.rows("run_rate_by_initiative_day dim_initiatives", INITIATIVES, as_of),
    ]
    for row in rows:
        row["stability"] = stability(row)
        row["verdict"] = {"stable": "good", "fail": "watch"}.get(row["stability_status"], "none")
    return rows


def _figures(rates: list[Row], forecasts: list[Row], level: str) -> tuple[Block, ...]:
    """Of the whole that the pages are of: the company, or the one department."""
    company = next((row for row in rates if row["kind"] == level and row["run_rate_monthly"] is not None), None)
    figures, source = [], f"run_rate_by_{level}_day"
    if company:
        verdict: Verdict = "good" if company["stability_status"] == "stable" else "watch"
        interval = f"{shown(company['run_rate_low'], 'money')} to {shown(company['run_rate_high'], 'money')}"
        figures += [
            Figure(
                "A month",
                company["run_rate_monthly"],
                "money",
                "Mean daily cost of up to 28 complete days, as an average month. A month at this level ends inside the "
                "interval in four of five cases.",
                source,
                says=interval,
            ),
            Figure(
                "A year",
                company["run_rate_annual"],
                "money",
                "The same mean times 365.25 days.",
                source,
            ),
            Figure(
                "Stable",
                {"stable": "yes", "fail": "no"}.get(company["stability_status"], "not known"),
                "text",
                "Yes only if growth and variation were shown to lie within their limits over at least 30 complete days.",
                source,
                verdict=verdict,
                says=company["stability"],
            ),
        ]
    for row in forecasts:
        if row["kind"] == level:
            figures.append(
                Figure(
                    f"Next {row['horizon_days']} days",
                    row["forecast"],
                    "money",
                    "The sum of the forecasts of its parts; the interval comes from how far such sums were off in the past.",
                    "forecast_by_horizon",
                    says=f"{shown(row['forecast_low'], 'money')} to {shown(row['forecast_high'], 'money')}",
                )
            )
    return tuple(figures)


def _bands(drawer: Drawer, currency: str, histories: dict[str | None, list[Row]]) -> tuple[Chart, ...]:
    """The run-rate over the last days, of the company and of each department."""
    drawn = []
    for department, rows in histories.items():
        known = [row for row in rows if row["run_rate_monthly"] is not None]
        if len(known) < 2:
            continue
        who = _who(department, rows)
        drawn.append(
            Chart(
                f"Run-rate a month, {who}",
                drawer.svg(band(known, "day", "run_rate_monthly", "run_rate_low", "run_rate_high", currency)),
                f"The run-rate of {who} with its interval from {known[0]['day']} to {known[-1]['day']}: "
                f"{shown(known[-1]['run_rate_monthly'], 'money')} a month at last.",
                "run_rates",
                "The band is where a month at that level ends in four of five cases.",
                shows=_shows(department),
            )
        )
    return tuple(drawn)


def _fans(
    drawer: Drawer,
    currency: str,
    as_of: date,
    histories: dict[str | None, list[Row]],
    forecasts: list[Row],
    level: str,
) -> tuple[Chart, ...]:
    """Cost as it adds up: over the last 90 days as it was, over the next as forecast for 30 and 90 days."""
    drawn = []
    for department, rows in histories.items():
        kind = level if department is None else "department"
        ends = [row for row in forecasts if row["kind"] == kind and department in (None, row["department_id"])]
        past = [
            row for row in rows if row["day"] > as_of - timedelta(days=90) and row["daily_allocated_cost"] is not None
        ]
        if not ends or len(past) < 2:
            continue
        who, added = _who(department, rows), accumulate(row["daily_allocated_cost"] for row in past)
        line = [{"day": row["day"], "value": value} for row, value in zip(past, added, strict=True)]
        so_far = line[-1]["value"]
        ahead = [{"day": as_of, "value": so_far, "low": so_far, "high": so_far}]
        ahead += [_point(as_of, so_far, row) for row in ends]
        last = ends[-1]
        drawn.append(
            Chart(
                f"Cost added up since {past[0]['day']}, {who}",
                drawer.svg(fan(line, ahead, currency)),
                f"{who} cost {shown(so_far, 'money')} in {len(past)} days; the next {last['horizon_days']} days are "
                f"forecast to cost {shown(last['forecast'], 'money')}, {shown(last['forecast_low'], 'money')} to "
                f"{shown(last['forecast_high'], 'money')}.",
                "forecasts",
                "Dashed: the forecasts for the next 30 and 90 days on top, inside their intervals, joined by straight lines.",
                shows=_shows(department),
            )
        )
    return tuple(drawn)


def _point(as_of: date, so_far: Decimal, row: Row) -> Row:
    names = (("value", "forecast"), ("low", "forecast_low"), ("high", "forecast_high"))
    return {"day": as_of + timedelta(days=row["horizon_days"]), **{to: so_far + row[name] for to, name in names}}


def _who(department: str | None, rows: Sequence[Row]) -> str:
    return str(rows[0]["entity"]) if department is not None or rows[0]["department_id"] else "the company"


def _shows(department: str | None) -> dict[str, str]:
    return {} if department is None else {"department": department}


def _history(rows: list[Row], level: str) -> Table:
    return Table(
        "run_rate_history",
        "Run-rate by day",
        f"run_rate_by_{level}_day",
        (
            Column("day", "Day", "date"),
            Column("daily_allocated_cost", "Cost of the day", "money", True),
            Column("run_rate_monthly", "A month", "money"),
            Column("run_rate_low", "From", "money"),
            Column("run_rate_high", "To", "money"),
        ),
        rows,
        "No day has a run-rate yet.",
        is_folded=True,
    )


def _rate_table(rows: list[Row]) -> Table:
    return Table(
        "run_rates",
        "Run-rate of the company, its departments and its initiatives",
        "run_rate_by_initiative_day",
        (
            Column("kind", "Level"),
            Column("entity", "Who"),
            Column("run_rate_monthly", "A month", "money"),
            Column("run_rate_low", "From", "money"),
            Column("run_rate_high", "To", "money"),
            Column("run_rate_annual", "A year", "money"),
            Column("growth_30d_ratio", "Growth in 30 days", "ratio"),
            Column("growth_30d_low_ratio", "From", "ratio"),
            Column("growth_30d_high_ratio", "To", "ratio"),
            Column("days_observed", "Of", "days"),
            Column("stability", "Stable?"),
        ),
        rows,
        "No run-rate is known yet: it takes a week of complete days.",
        filters=FILTERS,
        verdict="verdict",
        first=30,
    )


def _forecasts(rows: list[Row]) -> Table:
    for row in rows:
        row["how"] = in_words(row["method"], "method")
        row["good"], row["verdict"] = _accuracy(row)
    return Table(
        "forecasts",
        "Forecast and past accuracy",
        "forecast_by_horizon",
        (
            Column("kind", "Level"),
            Column("entity", "Who"),
            Column("horizon_days", "Ahead", "days"),
            Column("forecast", "Likely", "money"),
            Column("forecast_low", "From", "money"),
            Column("forecast_high", "To", "money"),
            Column("how", "Method"),
            Column("error_ratio", "Error (last week again: 1)", "number"),
            Column("coverage_ratio", "Interval held", "ratio"),
            Column("good", "So far"),
        ),
        rows,
        "No record is long enough for a forecast: it takes a week of cost.",
        says="The intervals are meant to hold 80 % of outcomes.",
        filters=FILTERS,
        verdict="verdict",
        first=14,
    )


def _accuracy(row: Row) -> tuple[str, str]:
    """How good such forecasts were, in words, and a verdict; unknown is no good sign."""
    error, held = row["error_ratio"], row["coverage_ratio"]
    if held is None:
        return "none has come to its end yet", "none"
    if error is None:
        better = "not to be compared with repeating last week, which was never off"
    else:
        better = f"{'better' if error < 1 else 'no better'} than repeating last week"
    words = f"{better}; held {shown(held, 'ratio')} of {row['windows']} past days"
    if held < MEANT - 0.1:
        return f"{words}: too narrow", "watch"
    return words, "good" if error is not None and error < 1 else "none"


def _projections(publication: Publication) -> Table:
    tables = "month_end_projection dim_departments dim_initiatives"
    rows = publication.rows(tables, PROJECTIONS, [publication.provenance.as_of])
    return Table(
        "projections",
        "Spent so far and the days left",
        "month_end_projection",
        (
            Column("kind", "Level"),
            Column("entity", "Who"),
            Column("fiscal_period", "Month"),
            Column("spent_amount", "Spent", "money"),
            Column("days_left", "Left", "days"),
            Column("forecast", "Days left", "money"),
            Column("projected_amount", "Month end", "money"),
            Column("projected_low", "From", "money"),
            Column("projected_high", "To", "money"),
            Column("days_missing", "Days missing", "days"),
        ),
        rows,
        "No month-end projection is published yet.",
        filters=FILTERS,
        first=30,
    )
