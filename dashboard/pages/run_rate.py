"""Run-rate and forecast: what a month costs at the present level, where it goes, and how good such forecasts have been."""

from datetime import timedelta

from dashboard.charts import Drawer, band
from dashboard.figures import Chart, Column, Figure, Page, Section, Table, shown
from dashboard.publication import Publication

RATES = """
select 'company' as kind, company_id as entity, null as department_id, daily_allocated_cost, run_rate_monthly, run_rate_low,
    run_rate_high, run_rate_annual, growth_30d_ratio, stability_status, stability_reasons
from run_rate_by_company_day where as_of_date = cast(? as date)
union all by name
select 'department' as kind, coalesce(departments.name, rates.department_id) as entity, rates.department_id,
    rates.daily_allocated_cost, rates.run_rate_monthly, rates.run_rate_low, rates.run_rate_high, rates.run_rate_annual,
    rates.growth_30d_ratio, rates.stability_status, rates.stability_reasons
from run_rate_by_department_day as rates
left join (select department_id, name from dim_departments where is_current) as departments
    on rates.department_id = departments.department_id
where rates.as_of_date = cast(? as date)
union all by name
select 'initiative' as kind, coalesce(initiatives.name, rates.initiative_id) as entity, initiatives.department_id,
    rates.daily_allocated_cost, rates.run_rate_monthly, rates.run_rate_low, rates.run_rate_high, rates.run_rate_annual,
    rates.growth_30d_ratio, rates.stability_status, rates.stability_reasons
from run_rate_by_initiative_day as rates
left join (select * from dim_initiatives where is_current) as initiatives
    on rates.initiative_id = initiatives.initiative_id
where rates.as_of_date = cast(? as date)
"""

HISTORY = """
select as_of_date as day, run_rate_monthly, run_rate_low, run_rate_high, daily_allocated_cost
from run_rate_by_company_day
where as_of_date > cast(? as date) - interval 120 day and as_of_date <= cast(? as date)
order by day
"""

FORECASTS = """
select entity_type as kind, entity_id as entity, horizon_days, forecast, forecast_low, forecast_high, method, error_ratio,
    coverage_ratio, windows, case when entity_type = 'department' then entity_id end as department_id
from forecast_by_horizon where as_of_date = cast(? as date)
order by case entity_type when 'company' then 0 when 'department' then 1 else 2 end, entity, horizon_days
"""


def run_rate(publication: Publication, drawer: Drawer) -> Page:
    run = publication.provenance
    tables = (
        "run_rate_by_company_day run_rate_by_department_day run_rate_by_initiative_day dim_departments dim_initiatives"
    )
    rates = publication.rows(tables, RATES, [run.as_of] * 3)
    history = publication.rows("run_rate_by_company_day", HISTORY, [run.as_of, run.as_of])
    forecasts = publication.rows("forecast_by_horizon", FORECASTS, [run.as_of])
    known = [row for row in history if row["run_rate_monthly"] is not None]
    drawn = (
        (
            Chart(
                "Company run-rate over the last 120 days",
                drawer.svg(band(known, "day", "run_rate_monthly", "run_rate_low", "run_rate_high", run.currency)),
                f"The company's monthly run-rate with its interval from {known[0]['day']} to {known[-1]['day']}.",
                "run_rate_history",
                "The band is where a month at that level ends in four of five cases.",
            ),
        )
        if len(known) > 1
        else ()
    )
    company = next((row for row in rates if row["kind"] == "company"), None)
    figures = (
        (
            Figure(
                "A month",
                company["run_rate_monthly"],
                "money",
                "The company's daily cost at its present level, as an average month.",
                "run_rate_by_company_day",
                says=f"{shown(company['run_rate_low'], 'money')} to {shown(company['run_rate_high'], 'money')}",
            ),
            Figure("A year", company["run_rate_annual"], "money", "Twelve such months.", "run_rate_by_company_day"),
        )
        if company
        else ()
    )
    return Page(
        "run_rate",
        "Run-rate",
        "What a month costs at the present level, and what the next ninety days may cost.",
        (
            Section("Company", (*figures, *drawn, _history(history))),
            Section("Who", (_rates(rates),)),
            Section(
                f"Forecast from {run.as_of + timedelta(days=1)}",
                (_forecasts(forecasts),),
                "Beside each forecast stands how wrong such forecasts were on the past of the same record: the error of one "
                "that only repeats the last level is 1.",
            ),
        ),
    )


def _history(rows: list[dict]) -> Table:
    return Table(
        "run_rate_history",
        "Company run-rate by day",
        "run_rate_by_company_day",
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


def _rates(rows: list[dict]) -> Table:
    return Table(
        "run_rates",
        "Run-rates",
        "run_rate_by_initiative_day",
        (
            Column("kind", "Level"),
            Column("entity", "Who"),
            Column("run_rate_monthly", "A month", "money"),
            Column("run_rate_low", "From", "money"),
            Column("run_rate_high", "To", "money"),
            Column("run_rate_annual", "A year", "money"),
            Column("growth_30d_ratio", "Growth in 30 days", "ratio"),
            Column("stability_status", "Stability"),
            Column("stability_reasons", "Why"),
        ),
        rows,
        "No run-rate is known yet.",
        filters={"department": "department_id"},
    )


def _forecasts(rows: list[dict]) -> Table:
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
            Column("method", "Method"),
            Column("error_ratio", "Error, naive is 1", "number"),
            Column("coverage_ratio", "Interval held", "ratio"),
        ),
        rows,
        "No record is long enough for a forecast.",
        filters={"department": "department_id"},
    )
