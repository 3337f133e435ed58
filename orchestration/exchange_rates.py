"""Whether every amount that a build must convert has an exchange rate, asked before dbt starts, so that the answer is a
currency, a day and a remedy and no technical test.

A rate serves its own day and the seven after it, in either direction of its pair, as ``int_exchange_rates_filled`` has
it. A ledger line that states the rate it was booked at needs none.
"""

from datetime import date

import duckdb


class MissingRates(Exception):
    """Amounts in a currency for which no rate is known on their day; one line per currency."""


NEEDED = """
with

rates as (
    select rate_date, if(to_currency = $reporting, from_currency, to_currency) as currency
    from landing.ledgers__exchange_rates
    where $reporting in (from_currency, to_currency)
),

needed as (
    select 'focus_files' as source, billing_currency as currency, cast(charge_period_start as date) as day
    from landing.focus_files__cost_and_usage
    union
    select 'anthropic', currency, cast(starting_at as date) from landing.anthropic__costs
    union
    select 'openai', upper(currency), cast(start_time as date) from landing.openai__costs
    union
    select 'general_ledger', currency, posting_date from landing.ledgers__general_ledger where exchange_rate is null
    union
    select 'revenue', currency, revenue_date from landing.ledgers__revenue
)

select currency, min(day), count(distinct day), string_agg(distinct source, ', ' order by source)
from needed
where currency <> $reporting and day <= $as_of
    and not exists (
        select 1 from rates
        where rates.currency = needed.currency and needed.day between rates.rate_date and rates.rate_date + 7
    )
group by currency
order by currency
"""


def refuse_missing_rates(connection: duckdb.DuckDBPyConnection, reporting_currency: str, as_of: date) -> None:
    """Raise :class:`MissingRates` unless all that is registered up to ``as_of`` can be converted."""
    found = connection.execute(NEEDED, {"reporting": reporting_currency, "as_of": as_of}).fetchall()
    if found:
        raise MissingRates(
            "\n".join(
                f"no exchange rate from {currency} into {reporting_currency} on {first}, the first of {days} "
                f"{'day' if days == 1 else 'days'} of {sources} without one; a rate serves its day and the seven after "
                f"it: add a row to the ledger exchange_rates (ledgers/exchange_rates*.csv)"
                for currency, first, days, sources in found
            )
        )
